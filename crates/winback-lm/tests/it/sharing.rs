//! Laws of shared beginnings: the same texts as without, read once, within their memory.
use crate::fixtures::{Fixture, fixtures};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use winback_lm::kernels::{Level, Numerics, Precision, SPAN};
use winback_lm::sample::Sampling;
use winback_lm::{Adapter, Cache, Engine, Event, Limits, Model, Request, RequestId, Sharing, Tokens};

struct House {
    model: Arc<Model>,
    tokens: Arc<Tokens>,
    adapters: Vec<Arc<Adapter>>,
}

static HOUSES: LazyLock<Vec<House>> = LazyLock::new(|| {
    let Some(dir) = fixtures() else { return Vec::new() };
    let ways = [Precision::F32, Precision::Bf16, Precision::Int8];
    let house = |precision| {
        let Fixture { model, adapters, .. } = Fixture::computed("tied", Numerics { level: Level::best(), precision }).unwrap();
        let tokens = Arc::new(Tokens::load(&dir.join("tokenizer/tokenizer.json"), 512, &[]).unwrap());
        House { model: Arc::new(model), tokens, adapters: adapters.into_iter().map(Arc::new).collect() }
    };
    ways.map(house).into()
});

/// A request in numbers: which stem its prompt begins with, how long that is, what follows, its writer.
type Wish = (usize, usize, Vec<u32>, usize);

/// What was written, and how many tokens of the prompt were not read for it.
type Written = BTreeMap<RequestId, (String, usize, usize)>;

/// Returns the beginning of one of three long texts, the first two of which agree for a span and a half.
fn stem(which: usize, length: usize) -> Vec<u32> {
    let differs = |at: usize| which == 2 || which == 1 && at >= SPAN * 3 / 2;
    (0..length).map(|at| ((at * 37 + if differs(at) { 11 * which } else { 0 }) % 500 + 5) as u32).collect()
}

impl House {
    fn engine(&self, limits: Limits) -> Engine {
        Engine::new(self.model.clone(), self.tokens.clone(), limits)
    }

    fn request(&self, (which, length, rest, writer): &Wish) -> Request {
        let sampling = Sampling { temperature: 0.9, top_k: 40, repetition_penalty: 1.1, seed: rest.len() as u64, ..Sampling::greedy() };
        let adapter = writer.checked_sub(1).map(|at| self.adapters[at].clone());
        let prompt = [stem(*which, *length), rest.clone()].concat();
        Request { prompt, prefix: None, adapter, sampling, most_tokens: 3, stops: vec![], grammar: None }
    }

    /// Returns what is written for each wish, those from `later` on submitted one a step.
    fn write(&self, engine: &mut Engine, wishes: &[Wish], later: usize) -> Written {
        let (mut texts, mut done) = (BTreeMap::<RequestId, String>::new(), Written::new());
        let mut wishes = wishes.iter();
        wishes.by_ref().take(later).for_each(|wish| assert!(engine.submit(self.request(wish)).is_ok()));
        loop {
            wishes.next().map(|wish| engine.submit(self.request(wish)).unwrap());
            for event in engine.step().unwrap() {
                match event {
                    Event::Text { request, text } => texts.entry(request).or_default().push_str(&text),
                    Event::Done { request, tokens, cached, .. } => {
                        drop(done.insert(request, (texts.remove(&request).unwrap_or_default(), tokens, cached)));
                    }
                    Event::Failed { why, .. } => panic!("{why}"),
                }
            }
            if engine.running() + engine.waiting() + wishes.len() == 0 {
                return done;
            }
        }
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    (
        0..3_usize,
        prop::sample::select(vec![0, 100, SPAN, SPAN + 1, 2 * SPAN, 2 * SPAN + 30]),
        prop::collection::vec(5..500_u32, 1..20),
        0..2_usize,
    )
}

fn texts(written: &Written) -> Vec<(&str, usize)> {
    written.values().map(|(text, tokens, _)| (text.as_str(), *tokens)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn the_texts_are_the_same_as_without(
        wishes in prop::collection::vec(wish(), 1..10), (rows, prompt_tokens, later, way) in (1..6_usize, 20..300_usize, 0..10_usize, 0..3_usize),
        room in 1..5_usize
    ) {
        let Some(house) = HOUSES.get(way) else { return Ok(()) };
        let limits = Limits { rows, prompt_tokens, shared_bytes: 0, ..Limits::default() };
        let mut without = house.engine(limits);
        let expected = house.write(&mut without, &wishes, later);
        prop_assert_eq!(without.sharing(), Sharing::default());
        let shared_bytes = room * Cache::bytes(&house.model, SPAN);
        let mut engine = house.engine(Limits { shared_bytes, ..limits });
        let found = house.write(&mut engine, &wishes, later);
        prop_assert_eq!(texts(&found), texts(&expected));
        let sharing = engine.sharing();
        prop_assert!(sharing.bytes <= shared_bytes);
        let cached: Vec<usize> = found.values().map(|(_, _, cached)| *cached).filter(|cached| *cached > 0).collect();
        prop_assert_eq!((sharing.hits, sharing.tokens), (cached.len() as u64, cached.iter().sum::<usize>() as u64));
    }
}

#[test]
fn a_beginning_is_read_once_and_kept_for_later_requests() {
    let Some(house) = HOUSES.first() else { return };
    let mut engine = house.engine(Limits::default());
    let wish = |which: usize, rest: u32, writer: usize| (which, 2 * SPAN + 9, vec![rest], writer);
    let wishes: Vec<Wish> = (5..10).map(|rest| wish(0, rest, 1)).chain([wish(0, 5, 0), wish(2, 5, 1)]).collect();
    let cached: Vec<usize> = house.write(&mut engine, &wishes, 7).values().map(|(_, _, cached)| *cached).collect();
    // The first of five reads it; one for the base and one that begins otherwise read for themselves.
    assert_eq!(cached, [0, 2 * SPAN, 2 * SPAN, 2 * SPAN, 2 * SPAN, 0, 0]);
    let kept = Sharing { hits: 4, tokens: 8 * SPAN as u64, beginnings: 1, bytes: Cache::bytes(&house.model, 2 * SPAN) };
    assert_eq!(engine.sharing(), kept);
    let later = house.write(&mut engine, &[wish(0, 77, 1), wish(0, 78, 0)], 2);
    // The second request to the base sees what the first one had.
    assert_eq!(later.values().map(|(_, _, cached)| *cached).collect::<Vec<_>>(), [2 * SPAN, 0]);
    assert_eq!(engine.sharing().beginnings, 2);
}

#[test]
fn who_waits_for_a_beginning_goes_on_when_its_maker_is_cancelled() {
    let Some(house) = HOUSES.first() else { return };
    let mut engine = house.engine(Limits { prompt_tokens: 50, ..Limits::default() });
    let ids: Vec<RequestId> = (5..8).map(|rest| engine.submit(house.request(&(0, 2 * SPAN, vec![rest], 0))).unwrap()).collect();
    engine.step().unwrap();
    assert_eq!((engine.running(), engine.waiting()), (1, 2));
    engine.cancel(ids[0]);
    assert_eq!(engine.sharing(), Sharing::default());
    let written = house.write(&mut engine, &[], 0);
    assert_eq!(written.values().map(|(_, tokens, cached)| (*tokens, *cached)).collect::<Vec<_>>(), [(3, 0), (3, 2 * SPAN)]);
}

#[test]
fn beginnings_give_way_to_texts() {
    let Some(house) = HOUSES.first() else { return };
    let large = Cache::bytes(&house.model, 3 * SPAN + 40);
    let mut engine = house.engine(Limits { cache_bytes: large, shared_bytes: large, ..Limits::default() });
    let pair = |which: usize| [(which, SPAN, vec![7], 0), (which, SPAN, vec![8], 0)];
    house.write(&mut engine, &pair(0), 2);
    house.write(&mut engine, &pair(2), 2);
    assert_eq!(engine.sharing().beginnings, 2);
    // A text that needs nearly everything.
    let long: Wish = (0, 0, vec![9; 3 * SPAN + 30], 0);
    assert_eq!(house.write(&mut engine, &[long], 1).len(), 1);
    assert_eq!(engine.sharing().beginnings, 0);
}

#[test]
fn beginnings_do_not_give_way_to_a_text_that_has_no_room_all_the_same() {
    let Some(house) = HOUSES.first() else { return };
    let large = Cache::bytes(&house.model, 3 * SPAN + 40);
    let mut engine = house.engine(Limits { cache_bytes: large, shared_bytes: large, ..Limits::default() });
    house.write(&mut engine, &[(0, SPAN, vec![7], 0), (0, SPAN, vec![8], 0)], 2);
    let wish = |length: usize| house.request(&(0, 0, vec![9; length], 0));
    engine.submit(Request { most_tokens: 30, ..wish(SPAN / 2) }).unwrap();
    engine.step().unwrap();
    // It waits for the text under way, whether a beginning is kept or not.
    engine.submit(wish(3 * SPAN)).unwrap();
    engine.step().unwrap();
    assert_eq!((engine.running(), engine.waiting(), engine.sharing().beginnings), (1, 1, 1));
    assert_eq!(house.write(&mut engine, &[], 0).len(), 2);
    assert_eq!(engine.sharing().beginnings, 0);
}

#[test]
fn however_many_wait_for_a_beginning_few_are_planned_in_a_step() {
    let Some(house) = HOUSES.first() else { return };
    let mut engine = house.engine(Limits { rows: 4, prompt_tokens: 32, ..Limits::default() });
    for rest in 0..1000 {
        engine.submit(house.request(&(0, 2 * SPAN, vec![5 + rest % 500], 0))).unwrap();
    }
    // One that begins otherwise is held up only until it is reached.
    let other = engine.submit(house.request(&(2, 2 * SPAN, vec![7], 1))).unwrap();
    let mut before = 0;
    for step in 0..2 * SPAN / 32 {
        engine.step().unwrap();
        let planned = engine.planned() - before;
        assert!(planned <= 64 + 4, "{planned} in step {step}");
        assert!(planned > 0 && engine.running() == 1);
        before = engine.planned();
    }
    let done = house.write(&mut engine, &[], 0);
    assert_eq!((done.len(), done[&other].2), (1001, 0));
    assert_eq!(done.values().filter(|(_, _, cached)| *cached == 2 * SPAN).count(), 999);
    assert!(engine.planned() < 2 * 1001 + 64, "{}", engine.planned());
}
