use super::*;
use std::path::Path;
use winback_core::text_service::{EmbeddingInput, TextEnded};
use winback_lm::kernels::{Numerics, Precision};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/qwen3-tiny");

/// Returns the tiny random model at work for one client at a time; `None` where the fixtures are absent.
fn at_work(patience: Duration) -> Option<Scriptorium> {
    computed(patience, Numerics::PLAIN)
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn computed(patience: Duration, numerics: Numerics) -> Option<Scriptorium> {
    let fixtures = Path::new(FIXTURES);
    if !fixtures.is_dir() {
        eprintln!("SKIPPED: ../shared/fixtures/qwen3-tiny is not here");
        return None;
    }
    let model = Arc::new(Model::load(&fixtures.join("tied"), numerics).unwrap());
    let tokens = Arc::new(Tokens::load(&fixtures.join("tokenizer/tokenizer.json"), 512, &[]).unwrap());
    let adapter = Arc::new(Adapter::load(&fixtures.join("tied/adapter_a"), &model).unwrap());
    let generation = GenerationConfig::default();
    let house = House { model, tokens, template: None, generation, name: "tiny".into(), adapters: vec![("a".into(), adapter)] };
    let limits = Limits { rows: 1, ..Limits::default() };
    Some(Scriptorium::start(house, Bounds { limits, queue: 0, most_tokens: 64, patience }).unwrap())
}

fn wish(model: &str, most_tokens: usize) -> TextRequest {
    let settings = TextSettings { temperature: Some(1.0), most_tokens: Some(most_tokens), seed: 7, ..TextSettings::default() };
    TextRequest { model: model.to_owned(), input: TextInput::Text("Hello".into()), settings, form: TextForm::Free }
}

async fn free(service: &Scriptorium) {
    while service.places.available_permits() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_text_comes_in_events_and_the_adapter_writes_another_one() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    let mut texts = Vec::new();
    for model in ["tiny", "tiny", "a"] {
        free(&service).await;
        let events: Vec<TextEvent> = service.submit(wish(model, 20)).await.unwrap().events.collect().await;
        let (last, pieces) = events.split_last().unwrap();
        assert!(matches!(last, TextEvent::Done { why: TextEnded::Length, tokens: 20, cached: 0 }), "{last:?}");
        let piece = |event: &TextEvent| if let TextEvent::Text(text) = event { text.clone() } else { panic!("{event:?}") };
        texts.push(pieces.iter().map(piece).collect::<String>());
    }
    assert_eq!(texts[0], texts[1]);
    assert_ne!(texts[0], texts[2]);
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_text_and_nobody_waits_for_it() {
    let Some(service) = at_work(Duration::from_millis(50)) else { return };
    let unread = service.submit(wish("tiny", 400)).await.unwrap();
    assert!(matches!(service.submit(wish("tiny", 1)).await, Err(RefusedText::Busy { retry_after_s: 1 })));
    free(&service).await;
    let left: Vec<TextEvent> = unread.events.collect().await;
    assert_eq!(left.len(), UNREAD);
    assert!(left.iter().all(|event| matches!(event, TextEvent::Text(_))));
    assert!(service.submit(wish("tiny", 1)).await.is_ok());
}

#[tokio::test]
async fn a_text_that_nobody_waits_for_is_not_written_on() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    drop(service.submit(wish("tiny", 4000)).await.unwrap());
    free(&service).await;
    let next: Vec<TextEvent> = service.submit(wish("tiny", 2)).await.unwrap().events.collect().await;
    assert!(matches!(next.last(), Some(TextEvent::Done { tokens: 2, .. })));
    assert_eq!(service.gauges.texts.load(Ordering::Relaxed), 1, "the first one was not written to its end");
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_and_leaves_its_place() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    let check = async |request: TextRequest, expected: &str| {
        let Err(refused) = service.submit(request).await else { panic!("{expected}") };
        assert_eq!(refused.to_string(), expected);
        assert_eq!(service.places.available_permits(), 1);
    };
    check(wish("b", 1), "no model is named \"b\"; this server has tiny, a").await;
    check(wish("tiny", 5000), "4 prompt tokens and 5000 new ones are 5004 tokens; the model reads 4096").await;
    check(TextRequest { input: TextInput::Text(String::new()), ..wish("tiny", 1) }, "the prompt has no tokens; it needs at least one")
        .await;
    let form = TextForm::Json("{\"not\": {}}".into());
    let expected = "the schema cannot be written to: these keys are not taken: [\"not\"]";
    check(TextRequest { form, ..wish("tiny", 1) }, expected).await;
    let long = "x".repeat(4096 * BYTES_A_TOKEN + 1);
    let expected = "the prompt has 65537 bytes; a model that reads 4096 tokens takes at most 65536";
    check(TextRequest { input: TextInput::Text(long), ..wish("tiny", 1) }, expected).await;
    let chat = TextInput::Chat { turns: Vec::new(), thinking: None };
    check(TextRequest { input: chat, ..wish("tiny", 1) }, "this model has no chat template; use /v1/completions").await;
}

#[tokio::test]
async fn a_prompt_keeps_its_place_until_it_is_read_also_when_its_client_is_gone() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    // Without a space, a text is read as one word, and slowly.
    let long = TextInput::Text("!@#$".repeat(4096 * BYTES_A_TOKEN / 4));
    let reading = service.submit(TextRequest { input: long, ..wish("tiny", 1) });
    assert!(tokio::time::timeout(Duration::from_millis(1), reading).await.is_err(), "the client is gone before it is read");
    assert!(matches!(service.submit(wish("tiny", 1)).await, Err(RefusedText::Busy { .. })));
    free(&service).await;
    assert_eq!(service.readers.available_permits(), winback_learn::threads());
    assert!(service.submit(wish("tiny", 1)).await.is_ok());
}

fn meaning(inputs: Vec<EmbeddingInput>) -> EmbeddingRequest {
    EmbeddingRequest { model: "tiny".into(), inputs, dimensions: None }
}

/// Waits until a service has done what it was asked for.
async fn done(service: &Scriptorium) {
    let free = tokio::time::timeout(Duration::from_secs(120), free(service)).await;
    assert!(free.is_ok(), "it goes on for nobody");
}

#[tokio::test]
async fn texts_to_embed_keep_their_place_until_they_are_read_also_when_their_client_is_gone() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    let long = EmbeddingInput::Text("!@#$".repeat(4096 * BYTES_A_TOKEN / 4));
    let reading = service.embed(meaning(vec![long.clone(), long]));
    assert!(tokio::time::timeout(Duration::from_millis(1), reading).await.is_err(), "the client is gone before they are read");
    assert!(matches!(service.embed(meaning(vec![EmbeddingInput::Tokens(vec![1])])).await, Err(RefusedText::Busy { .. })));
    // What waits to be written or is written is not all there is to do.
    assert_eq!((service.load().taken, service.load().running + service.load().waiting), (1, 0));
    done(&service).await;
    assert_eq!((service.load().taken, service.readers.available_permits()), (0, winback_learn::threads()));
    assert!(service.embed(meaning(vec![EmbeddingInput::Tokens(vec![1])])).await.is_ok());
}

#[tokio::test]
async fn texts_are_embedded_for_one_request_at_a_time_and_not_on_when_nobody_waits() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    // Many minutes of work.
    let much = meaning(vec![EmbeddingInput::Tokens(vec![7; 4096]); 70]);
    let mut reading = service.embed(much);
    while service.reading.available_permits() == 1 {
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut reading).await.is_err());
    }
    drop(reading);
    assert_eq!((service.load().taken, service.reading.available_permits()), (1, 0), "the step that was begun is still taken");
    done(&service).await;
    assert_eq!(service.reading.available_permits(), 1);
    // One that waits for its turn is given up at once.
    let turn = service.reading.clone().acquire_owned().await.unwrap();
    let waits = service.embed(meaning(vec![EmbeddingInput::Tokens(vec![1])]));
    assert!(tokio::time::timeout(Duration::from_millis(100), waits).await.is_err());
    assert_eq!(service.load().taken, 0);
    drop(turn);
}

#[tokio::test]
async fn what_cannot_be_embedded_is_refused_before_it_is_read() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    let check = async |inputs: Vec<EmbeddingInput>, expected: RefusedText| {
        // Nothing is read for it: all readers are taken.
        let all = service.readers.clone().acquire_many_owned(u32::try_from(winback_learn::threads()).unwrap()).await.unwrap();
        let refused = tokio::time::timeout(Duration::from_secs(60), service.embed(meaning(inputs))).await;
        assert_eq!(refused.expect("it waits for a reader"), Err(expected));
        assert_eq!(service.places.available_permits(), 1);
        drop(all);
    };
    let long = |bytes: usize| EmbeddingInput::Text("x".repeat(bytes));
    let expected = "text 1 has 65537 bytes; a model that reads 4096 tokens takes at most 65536";
    check(vec![long(1), long(65_537)], RefusedText::TooLong(expected.into())).await;
    let expected = "the inputs have 4849664 bytes together; a request may have 4800000";
    check(vec![long(65_536); 74], RefusedText::TooLong(expected.into())).await;
    let expected = "the inputs have more than 300000 tokens together; a request may have no more";
    let many = service.embed(meaning(vec![EmbeddingInput::Tokens(vec![1; 4096]); 74])).await;
    assert_eq!(many, Err(RefusedText::TooLong(expected.into())));
}

#[tokio::test]
async fn a_schema_keeps_its_place_until_it_is_compiled_and_one_is_compiled_at_a_time() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    let form = |by: usize| TextForm::Json(format!("{{\"type\": \"integer\", \"multipleOf\": {by}}}"));
    let compiling = service.submit(TextRequest { form: form(9973), ..wish("tiny", 1) });
    assert!(tokio::time::timeout(Duration::from_millis(1), compiling).await.is_err(), "the client is gone before it is compiled");
    assert_eq!((service.load().taken, service.compiler.available_permits()), (1, 0));
    assert!(matches!(service.submit(wish("tiny", 1)).await, Err(RefusedText::Busy { .. })));
    done(&service).await;
    let turn = service.compiler.clone().acquire_owned().await.unwrap();
    // One that is known needs no compiler; another one is told to come again.
    assert!(service.submit(TextRequest { form: form(9973), ..wish("tiny", 1) }).await.is_ok());
    done(&service).await;
    let other = service.submit(TextRequest { form: form(7), ..wish("tiny", 1) }).await;
    assert!(matches!(other, Err(RefusedText::Busy { .. })));
    assert_eq!(service.load().taken, 0);
    drop(turn);
    assert!(service.submit(TextRequest { form: form(7), ..wish("tiny", 1) }).await.is_ok());
}

#[tokio::test]
async fn no_more_prompts_are_read_at_a_time_than_there_are_threads() {
    let Some(service) = at_work(Duration::from_secs(30)) else { return };
    let all = service.readers.clone().acquire_many_owned(u32::try_from(winback_learn::threads()).unwrap()).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(50), service.submit(wish("tiny", 1))).await;
    assert!(waits.is_err());
    assert_eq!(service.places.available_permits(), 1, "nothing was begun for it");
    drop(all);
    assert!(service.submit(wish("tiny", 1)).await.is_ok());
}

#[tokio::test]
async fn a_service_whose_engine_has_ended_says_so() {
    let Some(mut service) = at_work(Duration::from_secs(30)) else { return };
    assert!(service.works());
    service.orders = mpsc::channel().0;
    while service.works() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(service.submit(wish("tiny", 1)).await, Err(RefusedText::Stopped)));
}

#[test]
fn a_version_tells_how_texts_come_about() {
    let version = |precision| {
        let service = computed(Duration::from_secs(1), Numerics { precision, ..Numerics::PLAIN })?;
        Some(service.models().iter().map(|model| model.version.clone()).collect::<Vec<_>>())
    };
    let Some(exact) = version(Precision::F32) else { return };
    assert_eq!(version(Precision::F32), Some(exact.clone()));
    let short = version(Precision::Int8).unwrap();
    assert_ne!(short[0], exact[0], "the same weights write another text in another precision");
    assert!(exact[1].starts_with(&format!("{}+", exact[0])) && short[1] != exact[1]);
}
