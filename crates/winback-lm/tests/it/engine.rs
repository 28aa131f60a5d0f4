//! Laws of the engine: what is written for a request is its own, whatever is written with it.
use crate::fixtures::{Fixture, fixtures};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use winback_lm::forward::ForwardError;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::sample::Sampling;
use winback_lm::{Adapter, Cache, Ended, Engine, Event, Limits, Model, Piece, Prefix, RefusedRequest, Request, RequestId, Tokens, Want};

/// A model with its adapters and a shared beginning for each writer.
struct House {
    model: Arc<Model>,
    tokens: Arc<Tokens>,
    adapters: Vec<Arc<Adapter>>,
    prefixes: Vec<Arc<Prefix>>,
}

static HOUSES: LazyLock<Vec<House>> = LazyLock::new(|| {
    let Some(dir) = fixtures() else { return Vec::new() };
    let ways = [(Level::Plain, Precision::F32), (Level::best(), Precision::Bf16), (Level::best(), Precision::Int8)];
    let house = |(level, precision)| {
        let Fixture { model, adapters, .. } = Fixture::computed("tied", Numerics { level, precision }).unwrap();
        let tokens = Tokens::load(&dir.join("tokenizer/tokenizer.json"), 512, &[]).unwrap();
        let adapters: Vec<Arc<Adapter>> = adapters.into_iter().map(Arc::new).collect();
        let begin = |adapter: Option<&Adapter>| {
            let mut cache = Cache::new(&model);
            let piece = Piece { cache: &mut cache, tokens: &[40, 41, 42, 43, 44, 45], adapter, want: Want::Nothing };
            model.forward(&mut [piece]).unwrap();
            cache.into_prefix().unwrap()
        };
        let writers = std::iter::once(None).chain(adapters.iter().map(|adapter| Some(&**adapter)));
        let prefixes = writers.map(begin).collect();
        House { model: Arc::new(model), tokens: Arc::new(tokens), adapters, prefixes }
    };
    ways.map(house).into()
});

/// A request in numbers: prompt, writer, whether it has the shared beginning, seed, and the most tokens.
type Wish = (Vec<u32>, usize, bool, u64, usize);

impl House {
    fn engine(&self, limits: Limits) -> Engine {
        Engine::new(self.model.clone(), self.tokens.clone(), limits)
    }

    fn request(&self, (prompt, writer, begins, seed, most_tokens): &Wish) -> Request {
        let sampling = Sampling { temperature: (*seed % 3) as f32 * 0.7, top_k: 40, top_p: 0.95, seed: *seed, ..Sampling::greedy() };
        let adapter = writer.checked_sub(1).map(|at| self.adapters[at].clone());
        let prefix = begins.then(|| self.prefixes[*writer].clone());
        Request { prompt: prompt.clone(), prefix, adapter, sampling, most_tokens: *most_tokens, stops: vec!["e".into()] }
    }

    /// Returns what is written for each wish, those of `later` submitted one a step.
    fn write(&self, limits: Limits, wishes: &[Wish], later: usize) -> BTreeMap<RequestId, (String, Ended, usize)> {
        let mut engine = self.engine(limits);
        let (mut texts, mut done) = (BTreeMap::<RequestId, String>::new(), BTreeMap::new());
        let mut wishes = wishes.iter();
        wishes.by_ref().take(later).for_each(|wish| assert!(engine.submit(self.request(wish)).is_ok()));
        loop {
            wishes.next().map(|wish| engine.submit(self.request(wish)).unwrap());
            for event in engine.step().unwrap() {
                match event {
                    Event::Text { request, text } => texts.entry(request).or_default().push_str(&text),
                    Event::Done { request, why, tokens, .. } => {
                        done.insert(request, (texts.remove(&request).unwrap_or_default(), why, tokens));
                    }
                }
            }
            assert!(engine.running() <= limits.rows);
            if engine.running() + engine.waiting() + wishes.len() == 0 {
                return done;
            }
        }
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    (prop::collection::vec(5..512_u32, 1..30), 0..4_usize, any::<bool>(), 0..1000_u64, 1..12_usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_request_gets_the_same_text_whatever_is_written_with_it(
        wishes in prop::collection::vec(wish(), 1..9), (rows, prompt_tokens, later, way) in (1..6_usize, 1..40_usize, 0..9_usize, 0..3_usize)
    ) {
        let Some(house) = HOUSES.get(way) else { return Ok(()) };
        let together = house.write(Limits { rows, prompt_tokens, ..Limits::default() }, &wishes, later);
        prop_assert_eq!(together.len(), wishes.len());
        for (wish, (_, found)) in wishes.iter().zip(&together) {
            let alone = house.write(Limits::default(), std::slice::from_ref(wish), 1);
            prop_assert_eq!(found, &alone[&0], "{:?}", wish);
        }
    }
}

#[test]
fn what_never_could_be_written_is_refused_at_once() {
    let Some(house) = HOUSES.first() else { return };
    let mut engine = house.engine(Limits { cache_bytes: 1 << 20, ..Limits::default() });
    let wish = |prompt: Vec<u32>, most: usize| house.request(&(prompt, 0, false, 0, most));
    let mut check = |request: Request, expected: &RefusedRequest, text: &str| {
        let error = engine.submit(request).unwrap_err();
        assert_eq!((&error, error.to_string().as_str()), (expected, text));
        assert_eq!(engine.waiting(), 0);
    };
    check(wish(vec![], 3), &RefusedRequest::NoPrompt, "the prompt has no tokens; it needs at least one");
    check(wish(vec![7], 0), &RefusedRequest::NothingToWrite, "the request asks for 0 new tokens; it needs at least one");
    let unknown = ForwardError::UnknownToken { piece: 0, token: 512, last: 511 };
    check(wish(vec![512], 1), &unknown.clone().into(), &unknown.to_string());
    let context = house.model.config().context;
    let text = format!("2 prompt tokens and {context} new ones are {} tokens; the model reads {context}", context + 2);
    check(wish(vec![7, 8], context), &RefusedRequest::TooLong { prompt: 2, new: context, context }, &text);
    let mut large = house.engine(Limits { cache_bytes: 1 << 10, ..Limits::default() });
    let error = large.submit(wish(vec![7], 100)).unwrap_err();
    assert!(matches!(error, RefusedRequest::TooLarge { needed: 1, allowed: 0 }), "{error}");
}

#[test]
fn memory_is_planned_and_a_cancelled_request_is_forgotten() {
    let Some(house) = HOUSES.first() else { return };
    let one = Cache::bytes(&house.model, 40);
    let mut engine = house.engine(Limits { cache_bytes: 2 * one, ..Limits::default() });
    let wish = (vec![9; 30], 0, false, 1, 10);
    let ids: Vec<RequestId> = (0..5).map(|_| engine.submit(house.request(&wish)).unwrap()).collect();
    engine.step().unwrap();
    assert_eq!((engine.running(), engine.waiting()), (2, 3));
    engine.cancel(ids[0]);
    engine.cancel(ids[4]);
    engine.step().unwrap();
    assert_eq!((engine.running(), engine.waiting()), (2, 1));
    while engine.running() + engine.waiting() > 0 {
        let events = engine.step().unwrap();
        assert!(
            !events.iter().any(|event| matches!(event, Event::Text { request, .. } | Event::Done { request, .. } if *request == ids[0]))
        );
    }
    assert!(engine.step().unwrap().is_empty());
}
