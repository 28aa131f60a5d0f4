//! What it costs to keep texts to a schema, with a drawn vocabulary of the size of Qwen3's:
//! `cargo bench -p winback-lm --bench grammar -- [--threads N] [--rows N]`. The model is tiny, so that what is left
//! between the two times a token is the work of the grammar.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark run by hand")]
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::sample::Sampling;
use winback_lm::{Config, Engine, Event, Grammar, Grammars, Limits, Model, Request, Tokens};

const VOCABULARY: usize = 151_936;
/// The token that ends a text.
const END: u32 = VOCABULARY as u32 - 1;

/// A mail as a model would be asked for it.
const MAIL: &str = r#"{"type": "object", "additionalProperties": false, "required": ["subject", "tone", "paragraphs", "months"], "properties": {
    "subject": {"type": "string", "minLength": 10, "maxLength": 60}, "tone": {"enum": ["warm", "brief", "formal"]},
    "paragraphs": {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "string", "minLength": 40, "maxLength": 300}},
    "months": {"type": "integer", "minimum": 1, "maximum": 24}}}"#;
/// Short values and long names: most of it is forced.
const CARD: &str = r#"{"type": "object", "additionalProperties": false, "required": ["customer_segment", "recommended_channel", "is_price_sensitive"],
    "properties": {"customer_segment": {"enum": ["families", "students", "pensioners"]}, "recommended_channel": {"enum": ["email", "sms", "call"]},
    "is_price_sensitive": {"type": "boolean"}}}"#;
/// One pattern that no letter can be skipped in.
const PATTERN: &str = r#"{"type": "string", "pattern": "^([A-Z][a-z]{2,9} ){20,30}[A-Z][a-z]{2,9}\\.$"}"#;

fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).map_or(default, |number| number.parse().unwrap())
}

/// Returns a byte-level vocabulary: every byte, and pairs of earlier tokens up to 12 letters long, half of them words
/// behind a space.
fn tokenizer() -> String {
    let bytes = (0..=255_u32).map(|byte| match byte {
        33..=126 | 161..=172 | 174..=255 => char::from_u32(byte).unwrap(),
        0..=32 => char::from_u32(256 + byte).unwrap(),
        127..=160 => char::from_u32(256 + byte - 94).unwrap(),
        _ => '\u{143}',
    });
    let mut tokens: Vec<String> = bytes.map(String::from).collect();
    let mut ids: HashMap<String, usize> = tokens.iter().cloned().zip(0..).collect();
    let (mut merges, mut state) = (Vec::new(), 1_u64);
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    while tokens.len() < VOCABULARY - 1 {
        let letter = |at: usize| if at < 26 { usize::from(b'a') + at } else { usize::from(b'A') + at - 26 };
        let first = match draw(4) {
            0 => 32,
            1 => letter(draw(52)),
            _ => draw(tokens.len()),
        };
        let second = if draw(2) == 0 { letter(draw(26)) } else { draw(tokens.len()) };
        let joined = format!("{}{}", tokens[first], tokens[second]);
        if joined.chars().count() <= 12 && !ids.contains_key(&joined) {
            merges.push(serde_json::json!([tokens[first], tokens[second]]));
            ids.insert(joined.clone(), tokens.len());
            tokens.push(joined);
        }
    }
    let level = serde_json::json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true });
    let end = serde_json::json!({ "id": END, "content": "<|im_end|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true });
    serde_json::json!({ "version": "1.0", "added_tokens": [end], "pre_tokenizer": level, "decoder": level, "model": { "type": "BPE", "vocab": ids, "merges": merges } }).to_string()
}

fn config() -> Config {
    Config {
        vocab_size: VOCABULARY,
        hidden_size: 32,
        intermediate_size: 32,
        layers: 1,
        heads: 2,
        kv_heads: 1,
        head_dim: 16,
        rms_norm_eps: 1e-6,
        rope_theta: 1e6,
        tied: true,
        context: 4096,
        eos: vec![END],
    }
}

/// Writes texts and returns the tokens and the steps they took, and the seconds.
fn write(mut engine: Engine, grammar: Option<&Arc<Grammar>>, rows: usize) -> (usize, usize, f64) {
    for seed in 0..rows as u64 {
        let sampling = Sampling { temperature: 1.0, top_k: 20, top_p: 0.95, seed, ..Sampling::greedy() };
        let prompt = vec![40, 41, 42];
        let request = Request { prompt, prefix: None, adapter: None, sampling, most_tokens: 200, stops: vec![], grammar: grammar.cloned() };
        engine.submit(request).unwrap();
    }
    let (mut tokens, mut turns, start) = (0, 0, Instant::now());
    while engine.running() + engine.waiting() > 0 {
        for event in engine.step().unwrap() {
            match event {
                Event::Done { tokens: written, .. } => tokens += written,
                Event::Text { .. } => {}
                Event::Failed { why, .. } => println!("given up: {why}"),
            }
        }
        turns += engine.running();
    }
    (tokens, turns, start.elapsed().as_secs_f64())
}

fn main() {
    let (threads, rows) = (argument("--threads", 1), argument("--rows", 16));
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().unwrap();
    let tokens = Arc::new(Tokens::parse(&tokenizer(), Path::new("tokenizer.json")).unwrap());
    let model = Arc::new(Model::drawn(config(), 1, Numerics { level: Level::best(), precision: Precision::Bf16 }));
    let start = Instant::now();
    let grammars = Grammars::new(&tokens, model.config()).unwrap();
    println!("{threads} threads, {rows} texts at once; vocabulary put in order in {:.2} s", start.elapsed().as_secs_f64());
    let engine = || Engine::new(model.clone(), tokens.clone(), Limits::default());
    write(engine(), None, rows);
    let (written, _, seconds) = write(engine(), None, rows);
    println!("free: {written} tokens, {:.3} ms each", 1e3 * seconds / written as f64);
    for (name, schema) in [("mail", MAIL), ("card", CARD), ("pattern", PATTERN), ("any object", r#"{"type": "object"}"#)] {
        let start = Instant::now();
        let grammar = grammars.json_schema(schema).unwrap();
        let compiled = 1e3 * start.elapsed().as_secs_f64();
        let (written, turns, seconds) = write(engine(), Some(&grammar), rows);
        let (each, turn) = (1e3 * seconds / written as f64, 1e3 * seconds / turns.max(1) as f64);
        println!("{name}: compiled in {compiled:.1} ms; {written} tokens in {turns} turns, {each:.3} ms a token, {turn:.3} ms a turn");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
