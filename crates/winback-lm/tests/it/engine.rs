//! Laws of the engine: what is written for a request is its own, whatever is written with it.
use crate::fixtures::{Fixture, fixtures};
use proptest::prelude::*;
use safetensors::Dtype;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use winback_lm::engine::WriteError;
use winback_lm::forward::ForwardError;
use winback_lm::grammar::TEXT_BYTES;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::sample::Sampling;
use winback_lm::{
    Adapter, Cache, Config, Ended, Engine, Event, Grammar, Grammars, Limits, Model, Piece, Prefix, RefusedRequest, Request, RequestId,
    Tokens, Want,
};

/// A model with its adapters and a shared beginning for each writer.
struct House {
    model: Arc<Model>,
    tokens: Arc<Tokens>,
    adapters: Vec<Arc<Adapter>>,
    prefixes: Vec<Arc<Prefix>>,
    grammars: Vec<Arc<Grammar>>,
}

/// What constrained texts must be: one of much choice, one of much that is forced, one without end.
const SCHEMAS: [&str; 3] = [
    r#"{"type": "string", "maxLength": 6}"#,
    r#"{"type": "object", "properties": {"a long name that is forced": {"enum": [1, 12, null]}, "b": {"type": "boolean"}},
        "required": ["a long name that is forced", "b"], "additionalProperties": false}"#,
    r#"{"type": "array"}"#,
];

/// A house for each way to compute that this machine has, the exact one first.
static HOUSES: LazyLock<Vec<House>> = LazyLock::new(|| {
    let Some(dir) = fixtures() else { return Vec::new() };
    let precisions = [Precision::F32, Precision::Bf16, Precision::Int8];
    let ways = precisions.into_iter().flat_map(|precision| Level::here().map(move |level| Numerics { level, precision }));
    let house = |numerics: Numerics| {
        let Fixture { model, adapters, .. } = Fixture::computed("tied", numerics).unwrap();
        let tokens = Tokens::load(&dir.join("tokenizer/tokenizer.json"), 512, &[]).unwrap();
        let adapters: Vec<Arc<Adapter>> = adapters.into_iter().map(Arc::new).collect();
        let writers = std::iter::once(None).chain(adapters.iter().map(|adapter| Some(&**adapter)));
        let prefixes = writers.map(|adapter| beginning(&model, adapter)).collect();
        let tokens = Arc::new(tokens);
        let compiler = Grammars::new(&tokens, model.config()).unwrap();
        let grammars = SCHEMAS.iter().map(|schema| compiler.json_schema(schema).unwrap()).collect();
        House { model: Arc::new(model), tokens, adapters, prefixes, grammars }
    };
    ways.map(house).collect()
});

/// Threads to compute with, one and two.
static THREADS: LazyLock<[rayon::ThreadPool; 2]> =
    LazyLock::new(|| [1, 2].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()));

const BEGINNING: [u32; 6] = [40, 41, 42, 43, 44, 45];

/// Returns a shared beginning, read with an adapter.
fn beginning(model: &Model, adapter: Option<&Adapter>) -> Arc<Prefix> {
    let mut cache = Cache::new(model);
    model.forward(&mut [Piece { cache: &mut cache, tokens: &BEGINNING, adapter, want: Want::Nothing }]).unwrap();
    cache.into_prefix().unwrap()
}

/// A request in numbers: prompt, writer, whether it has the shared beginning, seed, the most tokens, and its schema; 0 for
/// none.
type Wish = (Vec<u32>, usize, bool, u64, usize, usize);

/// What else happens: how many requests are there at first (the others come one a step), and which is cancelled in
/// which step.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    at_first: usize,
    cancelled: Option<(RequestId, usize)>,
}

impl House {
    fn engine(&self, limits: Limits) -> Engine {
        Engine::new(self.model.clone(), self.tokens.clone(), limits)
    }

    /// Returns a request whose settings its seed decides.
    fn request(&self, (prompt, writer, begins, seed, most_tokens, schema): &Wish) -> Request {
        let sampling = Sampling {
            temperature: (*seed % 3) as f32 * 0.7,
            top_k: 40,
            top_p: 0.95,
            min_p: (*seed % 2) as f32 * 0.02,
            repetition_penalty: [1.0, 1.3, 0.8][(*seed / 6 % 3) as usize],
            seed: *seed,
        };
        let adapter = writer.checked_sub(1).map(|at| self.adapters[at].clone());
        let prefix = begins.then(|| self.prefixes[*writer].clone());
        let grammar = schema.checked_sub(1).map(|at| self.grammars[at].clone());
        let words = if grammar.is_none() { ["e", "th", "ing", "an"] } else { ["5", "12", "null", "e\""] };
        let stops = words[..(*seed % 5) as usize].iter().map(|stop| (*stop).to_owned()).collect();
        Request { prompt: prompt.clone(), prefix, adapter, sampling, most_tokens: *most_tokens, stops, grammar }
    }

    /// Returns what is written for each wish that is not cancelled.
    fn write(&self, limits: Limits, wishes: &[Wish], course: Course) -> BTreeMap<RequestId, (String, Ended, usize)> {
        let mut engine = self.engine(limits);
        let (mut texts, mut done) = (BTreeMap::<RequestId, String>::new(), BTreeMap::new());
        let mut wishes = wishes.iter();
        wishes.by_ref().take(course.at_first).for_each(|wish| assert!(engine.submit(self.request(wish)).is_ok()));
        for step in 0.. {
            wishes.next().map(|wish| engine.submit(self.request(wish)).unwrap());
            course.cancelled.filter(|(_, at)| *at == step).iter().for_each(|(id, _)| engine.cancel(*id));
            for event in engine.step().unwrap() {
                match event {
                    Event::Text { request, text } => texts.entry(request).or_default().push_str(&text),
                    Event::Done { request, why, tokens, .. } => {
                        done.insert(request, (texts.remove(&request).unwrap_or_default(), why, tokens));
                    }
                    Event::Failed { .. } => panic!("{event:?}"),
                }
            }
            assert!(engine.running() <= limits.rows);
            if engine.running() + engine.waiting() + wishes.len() == 0 {
                break;
            }
        }
        done
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    (prop::collection::vec(5..512_u32, 1..30), 0..4_usize, any::<bool>(), 0..1000_u64, 1..40_usize, 0..4_usize)
}

fn course() -> impl Strategy<Value = Course> {
    (0..9_usize, prop::option::of((0..9_u64, 0..12_usize))).prop_map(|(at_first, cancelled)| Course { at_first, cancelled })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_request_gets_the_same_text_whatever_is_written_with_it(
        wishes in prop::collection::vec(wish(), 1..9), (rows, prompt_tokens) in (1..6_usize, 1..40_usize),
        course in course(), (way, threads) in (0..99_usize, 0..2_usize)
    ) {
        if HOUSES.is_empty() {
            return Ok(());
        }
        let (house, limits) = (&HOUSES[way % HOUSES.len()], Limits { rows, prompt_tokens, ..Limits::default() });
        let together = THREADS[threads].install(|| house.write(limits, &wishes, course));
        prop_assert!(together.len() + usize::from(course.cancelled.is_some()) >= wishes.len());
        for (id, found) in &together {
            let wish = &wishes[*id as usize];
            let alone = THREADS[1 - threads].install(|| house.write(Limits::default(), std::slice::from_ref(wish), Course::default()));
            prop_assert_eq!(found, &alone[&0], "{:?} {:?}", house.model.numerics(), wish);
        }
    }
}

#[test]
fn greedy_texts_of_the_engine_are_those_of_transformers() {
    for name in ["tied", "untied"] {
        let Some(fixture) = Fixture::named(name) else { return };
        let greedy = crate::fixtures::read(&fixture.dir.join("greedy.json"));
        let ids = |value: &serde_json::Value| -> Vec<u32> { serde_json::from_value(value.clone()).unwrap() };
        let tokens = Tokens::load(&fixture.dir.join("../tokenizer/tokenizer.json"), 512, &[]).unwrap();
        let Fixture { model, adapters, .. } = fixture;
        let house =
            House { model: Arc::new(model), tokens: Arc::new(tokens), adapters: Vec::new(), prefixes: Vec::new(), grammars: Vec::new() };
        let adapters: Vec<Option<Arc<Adapter>>> = std::iter::once(None).chain(adapters.into_iter().map(Arc::new).map(Some)).collect();
        let names = ["base", "adapter_a", "adapter_b", "adapter_c"];
        let mut engine = house.engine(Limits::default());
        let mut expected = Vec::new();
        for (prompt, (writer, adapter)) in
            ["prompt", "prompt2"].iter().flat_map(|prompt| names.iter().zip(&adapters).map(move |one| (prompt, one)))
        {
            let request = house.request(&(ids(&greedy[prompt]), 0, false, 0, 32, 0));
            engine.submit(Request { adapter: adapter.clone(), sampling: Sampling::greedy(), ..request }).unwrap();
            expected.push(house.tokens.decode(&ids(&greedy[format!("{prompt}.{writer}")]["tokens"]), false).unwrap());
        }
        let mut found = vec![String::new(); expected.len()];
        while engine.running() + engine.waiting() > 0 {
            for event in engine.step().unwrap() {
                match event {
                    Event::Text { request, text } => found[request as usize].push_str(&text),
                    Event::Done { why, tokens, .. } => assert_eq!((why, tokens), (Ended::Length, 32)),
                    Event::Failed { .. } => panic!("{event:?}"),
                }
            }
        }
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_shared_beginning_changes_nothing_about_the_text() {
    let Some(house) = HOUSES.first() else { return };
    for (at, penalty) in (0..24).zip([1.0, 1.5, 0.6, 0.9].into_iter().cycle()) {
        let (writer, own) = (at % 4, vec![BEGINNING[at % 6], 300 + at as u32]);
        let sampling = Sampling { repetition_penalty: penalty, ..Sampling::greedy() };
        let text = |begins: bool| {
            let prompt = if begins { own.clone() } else { [&BEGINNING[..], &own].concat() };
            let mut engine = house.engine(Limits::default());
            let request = house.request(&(prompt, writer, begins, 0, 24, 0));
            engine.submit(Request { sampling: sampling.clone(), ..request }).unwrap();
            let mut text = String::new();
            while engine.running() + engine.waiting() > 0 {
                let events = engine.step().unwrap();
                events.iter().for_each(|event| {
                    if let Event::Text { text: piece, .. } = event {
                        text.push_str(piece);
                    }
                });
            }
            text
        };
        assert_eq!(text(true), text(false), "penalty {penalty}, writer {writer}, {own:?}");
    }
}

#[test]
fn a_beginning_that_another_has_read_is_refused() {
    let (Some(house), Some(other)) = (HOUSES.first(), HOUSES.last()) else { return };
    let Some(Fixture { model: untied, .. }) = Fixture::named("untied") else { return };
    let Some(fixtures) = fixtures() else { return };
    let mut engine = house.engine(Limits::default());
    let mut check = |prefix: &Arc<Prefix>, writer: usize, expected: &str| {
        let request = house.request(&(vec![7], writer, false, 0, 3, 0));
        let error = engine.submit(Request { prefix: Some(prefix.clone()), ..request }).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(&house.prefixes[1], 0, "the shared beginning was read with another adapter");
    check(&house.prefixes[0], 2, "the shared beginning was read with another adapter");
    check(&house.prefixes[1], 2, "the shared beginning was read with another adapter");
    check(&other.prefixes[0], 0, "the shared beginning was read by another model, or in another precision");
    check(&beginning(&untied, None), 0, "the shared beginning was read by another model, or in another precision");
    let turned = Config { rope_theta: house.model.config().rope_theta * 2.0, ..house.model.config().clone() };
    let turned = Model::with_config(&fixtures.join("tied"), turned, house.model.numerics()).unwrap();
    check(&beginning(&turned, None), 0, "the shared beginning was read by another model, or in another precision");
    let mut cache = Cache::after(&house.prefixes[1], &house.model, 4);
    let piece = Piece { cache: &mut cache, tokens: &[7], adapter: Some(&house.adapters[1]), want: Want::Last };
    assert_eq!(house.model.forward(&mut [piece]).unwrap_err(), ForwardError::AnotherAdapter { piece: 0 });
}

#[test]
fn a_text_that_cannot_be_written_on_fails_and_the_engine_goes_on() {
    let Some(house) = HOUSES.first() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut config = crate::tiny::config();
    config["vocab_size"] = 512.into();
    crate::tiny::write_json(dir.path(), "config.json", &config);
    let table = crate::tiny::stored(&crate::tiny::numbers(512 * 20, 3, 0.3), &[512, 20], Dtype::F32);
    let drawn = Sampling { temperature: 1.0, ..Sampling::greedy() };
    let both = crate::tiny::NORMS.iter().flat_map(|norm| HOUSES.iter().map(move |house_of| (norm, house_of)));
    for (norm, house_of) in both {
        let mut weights = crate::tiny::too_large(crate::tiny::weights(Dtype::F32), *norm);
        weights.insert("model.embed_tokens.weight".into(), table.clone());
        crate::tiny::write_tensors(&dir.path().join("model.safetensors"), &weights);
        let model = Model::load(dir.path(), house_of.model.numerics()).unwrap();
        let tokens = &house.tokens;
        let grammar = Grammars::new(tokens, model.config()).unwrap().json_object().unwrap();
        let mut engine = Engine::new(Arc::new(model), tokens.clone(), Limits::default());
        // Nor is the schema told to be at fault.
        let ways = [(Sampling::greedy(), None), (drawn.clone(), None), (drawn.clone(), Some(grammar))];
        for (sampling, grammar) in ways {
            let request = Request { sampling, grammar, ..house.request(&(vec![7, 8], 0, false, 0, 3, 0)) };
            let id = engine.submit(request).unwrap();
            let events = engine.step().unwrap();
            assert_eq!(
                events,
                [Event::Failed { request: id, why: WriteError::Forward(ForwardError::NoNumbers) }],
                "{:?}",
                house_of.model.numerics()
            );
            assert_eq!(engine.running() + engine.waiting(), 0);
        }
    }
}

#[test]
fn a_stop_text_in_the_last_letters_is_a_stop() {
    let Some(house) = HOUSES.first() else { return };
    let written = |seed: u64, stops: &[&str]| {
        let sampling = Sampling { temperature: 100.0, seed, ..Sampling::greedy() };
        let stops = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut engine = house.engine(Limits::default());
        engine.submit(Request { sampling, stops, ..house.request(&(vec![7], 0, false, 0, 1, 0)) }).unwrap();
        engine.step().unwrap()
    };
    // A text of one token that is the beginning of a letter.
    let broken = |seed: &u64| matches!(&written(*seed, &[])[..], [Event::Text { text, .. }, _] if text == "\u{fffd}");
    let seed = (0..200).find(broken).unwrap();
    assert_eq!(written(seed, &["\u{fffd}"]), [Event::Done { request: 0, why: Ended::Stop, tokens: 1, cached: 0 }]);
}

#[test]
fn what_never_could_be_written_is_refused_at_once() {
    let Some(house) = HOUSES.first() else { return };
    let mut engine = house.engine(Limits { cache_bytes: 1 << 20, ..Limits::default() });
    let wish = |prompt: Vec<u32>, most: usize| house.request(&(prompt, 0, false, 0, most, 0));
    let mut check = |request: Request, expected: &RefusedRequest, text: &str| {
        let error = engine.submit(request).unwrap_err();
        assert_eq!((&error, error.to_string().as_str()), (expected, text));
        assert_eq!(engine.waiting(), 0);
    };
    check(wish(vec![], 3), &RefusedRequest::NoPrompt, "the prompt has no tokens; it needs at least one");
    check(wish(vec![7], 0), &RefusedRequest::NothingToWrite, "the request asks for 0 new tokens; it needs at least one");
    let unknown = RefusedRequest::UnknownToken { token: 512, last: 511 };
    check(wish(vec![512], 1), &unknown, "the prompt has the token 512; the model has the tokens 0 to 511");
    let context = house.model.config().context;
    let text = format!("2 prompt tokens and {context} new ones are {} tokens; the model reads {context}", context + 2);
    check(wish(vec![7, 8], context), &RefusedRequest::TooLong { prompt: 2, new: context, context }, &text);
    let endless = format!("2 prompt tokens and {0} new ones are {0} tokens; the model reads {context}", usize::MAX);
    check(wish(vec![7, 8], usize::MAX), &RefusedRequest::TooLong { prompt: 2, new: usize::MAX, context }, &endless);
    let mut large = house.engine(Limits { cache_bytes: 1 << 10, ..Limits::default() });
    let error = large.submit(wish(vec![7], 100)).unwrap_err();
    assert!(matches!(error, RefusedRequest::TooLarge { needed: 1, allowed: 0 }), "{error}");
}

#[test]
fn a_model_that_only_embeds_is_not_asked_to_write() {
    let Some(house) = HOUSES.first() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut config = crate::tiny::config();
    config["tie_word_embeddings"] = false.into();
    crate::tiny::write_json(dir.path(), "config.json", &config);
    let bare = crate::tiny::weights(Dtype::F32).into_iter().map(|(name, tensor)| (name.replacen("model.", "", 1), tensor));
    crate::tiny::write_tensors(&dir.path().join("model.safetensors"), &bare.collect());
    let model = Model::load(dir.path(), Numerics::PLAIN).unwrap();
    let mut engine = Engine::new(Arc::new(model), house.tokens.clone(), Limits::default());
    let error = engine.submit(house.request(&(vec![7], 0, false, 0, 1, 0))).unwrap_err();
    assert_eq!(error.to_string(), "this model has no output head; it embeds and cannot write");
}

#[test]
fn memory_is_planned_and_a_cancelled_request_is_forgotten() {
    let Some(house) = HOUSES.first() else { return };
    let one = Cache::bytes(&house.model, 40);
    let mut engine = house.engine(Limits { cache_bytes: 2 * one, ..Limits::default() });
    let wish = (vec![9; 30], 0, false, 1, 10, 0);
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
    // What keeps a text to a schema takes memory, too.
    let grammar = house.grammars[0].clone();
    let kept = || Request { grammar: Some(grammar.clone()), ..house.request(&wish) };
    let mut engine = house.engine(Limits { cache_bytes: 2 * one + 2 * TEXT_BYTES - 1, ..Limits::default() });
    (0..3).for_each(|_| assert!(engine.submit(kept()).is_ok()));
    engine.step().unwrap();
    assert_eq!((engine.running(), engine.waiting()), (1, 2));
    let refused = house.engine(Limits { cache_bytes: one, ..Limits::default() }).submit(kept()).unwrap_err();
    assert!(matches!(refused, RefusedRequest::TooLarge { needed: 33, .. }), "{refused}");
}
