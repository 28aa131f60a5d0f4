//! Texts that must be JSON of a schema: whatever is written to its end parses and fits, and what cannot be kept to is
//! refused before anything is written.
use crate::fixtures::{Fixture, fixtures};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::sample::Sampling;
use winback_lm::{Adapter, Ended, Engine, Event, Grammar, Grammars, Limits, Model, RefusedRequest, Request, RequestId, Tokens};

/// A model that writes nonsense, and what it needs to write JSON.
struct Writer {
    model: Arc<Model>,
    adapter: Arc<Adapter>,
    tokens: Arc<Tokens>,
    grammars: Grammars,
}

static WRITER: LazyLock<Option<Writer>> = LazyLock::new(|| {
    let tokens = Arc::new(Tokens::load(&fixtures()?.join("tokenizer/tokenizer.json"), 512, &[]).unwrap());
    let numerics = Numerics { level: Level::best(), precision: Precision::Bf16 };
    let Fixture { model, mut adapters, .. } = Fixture::computed("tied", numerics)?;
    let grammars = Grammars::new(&tokens, model.config()).unwrap();
    Some(Writer { model: Arc::new(model), adapter: Arc::new(adapters.remove(0)), tokens, grammars })
});

/// What became of a text: itself, why it ended, and how many tokens it has.
type Written = (String, Ended, usize);

impl Writer {
    fn engine(&self, limits: Limits) -> Engine {
        Engine::new(self.model.clone(), self.tokens.clone(), limits)
    }

    fn request(&self, grammar: Option<&Arc<Grammar>>, (temperature, seed): (f32, u64), most_tokens: usize) -> Request {
        let adapter = seed.is_multiple_of(2).then(|| self.adapter.clone());
        let sampling = Sampling { temperature, seed, ..Sampling::greedy() };
        Request { prompt: vec![40, 41, 42], prefix: None, adapter, sampling, most_tokens, stops: vec![], grammar: grammar.cloned() }
    }

    fn write(&self, limits: Limits, requests: Vec<Request>) -> Vec<Written> {
        let mut engine = self.engine(limits);
        let count = requests.len();
        requests.into_iter().for_each(|request| assert!(engine.submit(request).is_ok()));
        let (mut texts, mut done) = (vec![String::new(); count], BTreeMap::<RequestId, Written>::new());
        while engine.running() + engine.waiting() > 0 {
            for event in engine.step().unwrap() {
                match event {
                    Event::Text { request, text } => texts[request as usize].push_str(&text),
                    Event::Done { request, why, tokens, .. } => drop(done.insert(request, (texts[request as usize].clone(), why, tokens))),
                    Event::Failed { why, .. } => panic!("{why}"),
                }
            }
        }
        done.into_values().collect()
    }

    fn grammar(&self, schema: &Value) -> Arc<Grammar> {
        self.grammars.json_schema(&schema.to_string()).unwrap_or_else(|error| panic!("{error}: {schema}"))
    }

    /// Returns the text that is written for a schema.
    fn one(&self, schema: &Value, draw: (f32, u64), most_tokens: usize) -> Written {
        self.write(Limits::default(), vec![self.request(Some(&self.grammar(schema)), draw, most_tokens)]).remove(0)
    }
}

/// Panics where a text is no JSON of a schema.
fn fits(text: &str, schema: &Value) -> Value {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?} for {schema}"));
    let checked = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    if let Err(error) = checked.validate(&value) {
        panic!("{error}: {text} for {schema}");
    }
    value
}

/// Schemas of values that have an end: nothing in them can go on for ever.
fn bounded() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(&["", "a", "王小明", "é", "\"\\", "two words", "\n", "👋"][..]);
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-99..99_i64).prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let pattern =
        prop::sample::select(&["^[A-Z]{2}-[0-9]{3}$", "^(yes|no|maybe)$", "^[^\"x]{1,5}$", "[一-龥]{2}", "^\\d{4}$", "^$|^a+$"][..]);
    let leaf = prop_oneof![
        Just(json!({ "type": "null" })),
        Just(json!({ "type": "boolean" })),
        (-2000..2000_i64, 0..3000_i64).prop_map(|(low, more)| json!({ "type": "integer", "minimum": low, "maximum": low + more })),
        (-50..50_i64, 1..9_i64)
            .prop_map(|(low, by)| json!({ "type": "integer", "exclusiveMinimum": low, "maximum": low + 40, "multipleOf": by })),
        (0..4_u8, 0..9_u8).prop_map(|(least, more)| json!({ "type": "string", "minLength": least, "maxLength": least + more })),
        pattern.prop_map(|pattern| json!({ "type": "string", "pattern": pattern, "maxLength": 12 })),
        prop::sample::select(&["ipv4", "uuid"][..]).prop_map(|format| json!({ "type": "string", "format": format })),
        prop::collection::vec(value.clone(), 1..5).prop_map(|values| json!({ "enum": values })),
        value.prop_map(|value| json!({ "const": value })),
    ];
    let nested = leaf.prop_recursive(3, 24, 5, |inner| {
        let name = prop::sample::select(&["id", "name", "姓名", "a b", "quote\"", "e\u{301}", "ok"][..]);
        let properties = prop::collection::vec((name, inner.clone(), any::<bool>()), 0..5);
        prop_oneof![
            (inner.clone(), 0..3_u8, 0..3_u8)
                .prop_map(|(items, least, more)| json!({ "type": "array", "items": items, "minItems": least, "maxItems": least + more })),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|items| json!({ "type": "array", "prefixItems": items, "items": false })),
            (inner.clone(), inner).prop_map(|(one, other)| json!({ "anyOf": [one, other, { "type": "null" }] })),
            properties.prop_map(object),
        ]
    });
    // References start at the root.
    let pair = |one: Value| json!({ "type": "array", "prefixItems": [{ "$ref": "#/$defs/one" }, { "$ref": "#/$defs/one" }], "maxItems": 2, "$defs": { "one": one } });
    (nested, any::<bool>()).prop_map(move |(one, twice)| if twice { pair(one) } else { one })
}

fn object(properties: Vec<(&'static str, Value, bool)>) -> Value {
    let (mut of, mut required) = (serde_json::Map::new(), Vec::new());
    for (name, schema, is_required) in properties {
        of.insert(name.to_owned(), schema);
        if is_required && !required.contains(&name) {
            required.push(name);
        }
    }
    json!({ "type": "object", "properties": of, "required": required, "additionalProperties": false })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_text_of_a_bounded_schema_ends_and_fits(
        schemas in prop::collection::vec(bounded(), 1..5), seed in 0..1000_u64, rows in 1..5_usize
    ) {
        let Some(writer) = &*WRITER else { return Ok(()) };
        let draw = |at: usize| ([0.0, 0.8, 1.5][at % 3], seed + at as u64);
        let requests = schemas.iter().enumerate().map(|(at, schema)| writer.request(Some(&writer.grammar(schema)), draw(at), 4000));
        // Beside them another text is written that must be nothing.
        let free = writer.request(None, (1.0, seed), 20);
        let requests: Vec<Request> = std::iter::once(free.clone()).chain(requests).collect();
        let alone = writer.write(Limits::default(), vec![free]);
        let written = writer.write(Limits { rows, prompt_tokens: 7, ..Limits::default() }, requests);
        prop_assert_eq!(&written[0], &alone[0]);
        for (schema, (text, why, tokens)) in schemas.iter().zip(&written[1..]) {
            prop_assert_eq!(*why, Ended::Model, "{} tokens of {}: {}", tokens, schema, text);
            fits(text, schema);
        }
    }
}

#[test]
fn properties_come_in_the_order_of_the_schema_and_space_is_not_the_model_s_choice() {
    let Some(writer) = &*WRITER else { return };
    let flag = json!({ "type": "boolean" });
    let two = json!({ "type": "array", "items": flag, "minItems": 2, "maxItems": 2 });
    let schema = json!({
        "type": "object", "properties": { "zebra": flag, "apple": two, "王": flag },
        "required": ["apple", "zebra", "王"], "additionalProperties": false,
    });
    for seed in 0..20 {
        let (text, why, _) = writer.one(&schema, (1.5, seed), 200);
        let value = fits(&text, &schema);
        let [zebra, one, two, last] = [&value["zebra"], &value["apple"][0], &value["apple"][1], &value["王"]];
        assert_eq!(text, format!("{{\"zebra\": {zebra}, \"apple\": [{one}, {two}], \"王\": {last}}}"));
        assert_eq!(why, Ended::Model);
    }
}

#[test]
fn what_is_forced_is_written_in_the_tokens_the_model_would_read() {
    let Some(writer) = &*WRITER else { return };
    let check = |value: Value| {
        let (text, why, tokens) = writer.one(&json!({ "const": value }), (1.0, 1), 400);
        assert_eq!((serde_json::from_str::<Value>(&text).unwrap(), why), (value, Ended::Model));
        (tokens, writer.tokens.encode_text(&text).unwrap().len())
    };
    for value in [json!("the customer"), json!({ "name": "王小明", "months": 12, "ok": [true, null] }), json!(-7)] {
        let (tokens, read) = check(value);
        assert_eq!(tokens, read);
    }
    // The tokenizer composes these letters, and would give others back: they are written in parts.
    check(json!({ "e\u{301}": "o\u{308}" }));
}

#[test]
fn any_object_may_be_asked_for_and_the_beginning_of_a_text_is_told_from_a_whole_one() {
    let Some(writer) = &*WRITER else { return };
    let any = writer.grammars.json_object().unwrap();
    let (mut whole, mut cut) = (0, 0);
    for seed in 0..30 {
        let (text, why, tokens) = writer.write(Limits::default(), vec![writer.request(Some(&any), (1.2, seed), 40)]).remove(0);
        assert!(text.starts_with('{'), "{text}");
        match why {
            Ended::Model => {
                assert!(serde_json::from_str::<Value>(&text).unwrap().is_object());
                whole += 1;
            }
            _ => {
                assert_eq!((why, tokens), (Ended::Length, 40));
                cut += 1;
            }
        }
    }
    assert!(whole > 0 && cut > 0, "{whole} whole, {cut} cut");
    // Cut within what is forced, and at its very end.
    let fixed = json!({ "const": { "name": "the customer" } });
    let (text, _, tokens) = writer.one(&fixed, (0.0, 0), 400);
    let (part, why, count) = writer.one(&fixed, (0.0, 0), tokens - 1);
    assert_eq!((text.starts_with(&part), text == part, why, count), (true, false, Ended::Length, tokens - 1));
    assert_eq!(writer.one(&fixed, (0.0, 0), tokens), (text, Ended::Model, tokens));
}

#[test]
fn no_control_token_is_drawn_in_a_text() {
    let Some(writer) = &*WRITER else { return };
    let schema = json!({ "type": "string", "maxLength": 60 });
    for seed in 0..20 {
        let (text, why, _) = writer.one(&schema, (3.0, seed), 300);
        assert_eq!(why, Ended::Model);
        fits(&text, &schema);
        assert!(!writer.tokens.added().iter().any(|token| text.contains(&token.text)), "{text}");
    }
}

#[test]
fn a_schema_that_cannot_be_kept_to_is_refused_by_what_is_wrong() {
    let Some(writer) = &*WRITER else { return };
    let check = |schema: &str, expected: &str| {
        let error = writer.grammars.json_schema(schema).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    check("{", "the schema is not JSON: EOF while parsing an object at line 1 column 1");
    check(&"[".repeat(100_000), "the schema is not JSON: recursion limit exceeded at line 1 column 128");
    check("true", "the schema is true or false; it must be a JSON object, such as {\"type\": \"object\", \"properties\": {}}");
    check(&format!("{{\"enum\": [{}1]}}", "1, ".repeat(40_000)), "the schema has 80012 bytes; at most 32768 are taken");
    check(&" ".repeat(2 << 20), "the schema has 2097152 bytes; at most 32768 are taken");
    let deep = |levels: usize| format!("{}{{\"type\": \"null\"}}{}", "{\"items\": ".repeat(levels - 1), "}".repeat(levels - 1));
    check(&deep(49), "the schema is nested more than 48 levels deep");
    let many =
        |count: usize| json!({ "anyOf": vec![json!({ "$ref": "#/$defs/a" }); count], "$defs": { "a": { "type": "null" } } }).to_string();
    check(&many(129), "the schema has 129 $ref; at most 128 are taken");
    check("{\"x-guidance\": {\"lenient\": true}}", "the schema has \"x-guidance\", which is not taken");
    let number = "those from -9007199254740991 to 9007199254740991 are taken";
    check("{\"const\": 9007199254740993}", &format!("the schema has the number 9007199254740993; {number}"));
    check("{\"minimum\": -1e300}", &format!("the schema has the number -1e+300; {number}"));
    let work = |schema: Value, expected: &str| check(&schema.to_string(), &format!("the schema is too much work: {expected}"));
    let multiple = |by: f64| json!({ "type": "number", "multipleOf": by });
    let added = |found: u64| format!("its multipleOf add up to {found} without decimal points; at most 10000 are taken");
    work(multiple(100_003.0), &added(100_003));
    work(multiple(4_000_000_007.0), &added(4_000_000_007));
    work(json!({ "type": "array", "prefixItems": [multiple(99.99), multiple(2.0)] }), &added(10_001));
    work(multiple(1e-10), "multipleOf 0.0000000001 has too many digits");
    let joins = "it joins schemas (by allOf, or by $ref, anyOf, oneOf or patternProperties beside other keys) and";
    let all_of = |by: &[f64]| json!({ "allOf": by.iter().map(|by| multiple(*by)).collect::<Vec<_>>() });
    work(all_of(&[2.0, 3.0, 5.0, 7.0, 11.0, 13.0]), &format!("{joins} its multipleOf have no common multiple up to 10000"));
    let names = |count: usize| {
        let named = |at: usize| (format!("^x{at}[a-z]{{1,50}}.*$"), json!({ "type": "integer" }));
        json!({ "type": "object", "patternProperties": Value::Object((0..count).map(named).collect()), "additionalProperties": false })
    };
    work(names(17), "it has 17 patternProperties; at most 16 are taken");
    let long = json!({ "type": "object", "patternProperties": { "a".repeat(513): {} } });
    work(long, "a pattern of patternProperties has 513 bytes; at most 512 are taken");
    let pattern = |at: usize| json!({ "type": "string", "pattern": format!("(a|b)*a(a|b){{{at}}}") });
    let all_of_patterns = json!({ "allOf": (1..=20).map(pattern).collect::<Vec<_>>() });
    work(all_of_patterns, &format!("{joins} has 20 patterns and formats of 311 bytes; then at most 4 of 256 are taken"));
    let check = |schema: Value, expected: &str| check(&schema.to_string(), &format!("the schema cannot be written to: {expected}"));
    check(json!({ "not": {}, "uniqueItems": true }), "these keys are not taken: [\"not\", \"uniqueItems\"]");
    check(
        json!({ "oneOf": [{ "type": "integer" }, { "type": "integer" }] }),
        "a oneOf of which several could fit at once is not taken; use anyOf",
    );
    check(json!({ "type": "string", "format": "iban" }), "Unknown format: iban");
    check(json!({ "type": "string", "pattern": "(a)\\1" }), "a pattern of it is not taken: backreferences are not supported");
    check(
        json!({ "type": "string", "pattern": format!("{}a{}", "(".repeat(9_000), ")".repeat(9_000)) }),
        "a pattern of it is not taken: exceed the maximum number of nested parentheses/brackets (250)",
    );
    check(json!({ "type": "string", "pattern": "a?".repeat(10_000) }), "lexer error: too many expressions constructed");
    check(json!({ "minimum": 3, "maximum": 2, "type": "integer" }), "Unsatisfiable schema: minimum (3) is greater than maximum (2)");
    let property = |at: usize| json!({ "properties": { format!("p{at}"): { "type": "integer" } }, "required": [format!("p{at}")] });
    let any_of = json!({ "anyOf": (0..200).map(property).collect::<Vec<_>>() });
    check(json!({ "allOf": [any_of, any_of] }), "schema too large");
    // References that never come to an end, that cannot be followed, or that lead away from here.
    check(json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }), "no text can fit it");
    let circle = "circular references with sibling keys are not supported: json-schema:///#/$defs/a";
    check(json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object", "$ref": "#/$defs/a" } } }), circle);
    let endless =
        json!({ "type": "object", "properties": { "next": { "$ref": "#" } }, "required": ["next"], "additionalProperties": false });
    check(endless, "parser error: Too many items (limit 50000; ff_tokens); try avoiding single-byte/short lexemes");
    let away =
        "Resource 'file:///etc/passwd' is not present in a registry and retrieving it failed: Default retriever does not fetch resources";
    check(json!({ "$ref": "file:///etc/passwd" }), away);
}

#[test]
fn a_schema_that_is_much_work_is_written_to_or_given_up_and_its_neighbours_are_written() {
    let Some(writer) = &*WRITER else { return };
    let nest = |levels: usize, inside: String| format!("{}{inside}{}", "{\"items\": ".repeat(levels), "}".repeat(levels));
    let link = |at: usize| format!("\"a{at}\": {}", nest(20, format!("{{\"$ref\": \"#/$defs/a{}\"}}", at + 1)));
    let links: Vec<String> = (0..100).map(link).collect();
    let schemas = [
        format!("{{\"$ref\": \"#/$defs/a0\", \"$defs\": {{{}, \"a100\": {{\"type\": \"null\"}}}}}}", links.join(", ")),
        json!({ "type": "string", "pattern": "^(((a|b|c){1000}){1000}){1000}$" }).to_string(),
        json!({ "type": "string", "pattern": "^(a|b)*a(a|b){24}$" }).to_string(),
        json!({ "type": "string", "minLength": 1_000_000_000 }).to_string(),
        json!({ "type": "array", "minItems": 1_000_000_000 }).to_string(),
        json!({ "enum": (0..4000).collect::<Vec<_>>() }).to_string(),
    ];
    let mut engine = writer.engine(Limits::default());
    for schema in &schemas {
        let grammar = writer.grammars.json_schema(schema).unwrap();
        engine.submit(writer.request(Some(&grammar), (1.5, 3), 60)).unwrap();
    }
    let free = engine.submit(writer.request(None, (1.0, 0), 60)).unwrap();
    let mut over = Vec::new();
    while engine.running() + engine.waiting() > 0 {
        over.extend(engine.step().unwrap().into_iter().filter(|event| !matches!(event, Event::Text { .. })));
    }
    assert_eq!(over.len(), schemas.len() + 1, "{over:?}");
    assert!(over.iter().any(|event| matches!(event, Event::Done { request, .. } if *request == free)));
}

#[test]
fn schemas_of_every_day_are_not_too_much_work() {
    let Some(writer) = &*WRITER else { return };
    let by = |by: f64| json!({ "type": "number", "minimum": 0, "maximum": 9999, "multipleOf": by });
    let named = |at: usize| (format!("^x{at}[a-z]*$"), json!({ "type": "boolean" }));
    let names: serde_json::Map<String, Value> = (0..12).map(named).collect();
    let text = |at: usize| json!({ "type": "string", "pattern": format!("^[A-Z]{{2}}-[0-9]{{{}}}$", at + 1) });
    let texts: Vec<Value> = (0..20).map(text).collect();
    for schema in [
        json!({ "type": "array", "prefixItems": [by(5.0), by(0.01), by(0.05), by(1000.0), by(60.0)], "items": false }),
        json!({ "type": "object", "properties": { "a": by(0.5) }, "patternProperties": names, "additionalProperties": false }),
        json!({ "type": "array", "prefixItems": texts, "items": false }),
        json!({ "allOf": [by(0.25), by(5.0)] }),
        json!({ "$ref": "#/$defs/id", "description": "who", "$defs": { "id": { "type": "string", "pattern": "^[0-9]{4}$", "maxLength": 9 } } }),
    ] {
        let grammar = writer.grammar(&schema);
        assert!(Arc::ptr_eq(&grammar, &writer.grammar(&schema)), "it is compiled once");
        writer.one(&schema, (1.0, 1), 300);
    }
}

#[test]
fn what_was_asked_for_last_is_not_compiled_again() {
    let Some(writer) = &*WRITER else { return };
    let grammars = Grammars::new(&writer.tokens, writer.model.config()).unwrap();
    let schema = |at: usize| json!({ "const": at }).to_string();
    let first = grammars.json_schema(&schema(0)).unwrap();
    for at in 1..16 {
        grammars.json_schema(&schema(at)).unwrap();
        assert!(Arc::ptr_eq(&first, &grammars.known(&schema(0)).unwrap()), "{at}");
    }
    // The one that was asked for least lately gives way.
    grammars.json_schema(&schema(16)).unwrap();
    assert!(grammars.known(&schema(1)).is_none() && grammars.known(&schema(0)).is_some() && grammars.known(&schema(16)).is_some());
    assert!(grammars.json_schema("{\"not\": {}}").is_err() && grammars.known("{\"not\": {}}").is_none());
}

#[test]
fn control_letters_are_written_as_json_has_them() {
    let Some(writer) = &*WRITER else { return };
    let schema = json!({ "type": "object", "properties": { "a\u{1}\n": { "const": "\t\"" } }, "required": ["a\u{1}\n"], "additionalProperties": false });
    let (text, why, _) = writer.one(&schema, (1.0, 1), 200);
    assert_eq!((text.as_str(), why), (r#"{"a\u0001\n": "\t\""}"#, Ended::Model));
    fits(&text, &schema);
}

#[test]
fn a_grammar_serves_the_model_it_was_made_for() {
    let (Some(writer), Some(dir)) = (&*WRITER, fixtures()) else { return };
    let other = Arc::new(Tokens::load(&dir.join("tokenizer/tokenizer.json"), 512, &[]).unwrap());
    let grammar = Grammars::new(&other, writer.model.config()).unwrap().json_object().unwrap();
    let refused = writer.engine(Limits::default()).submit(writer.request(Some(&grammar), (0.0, 0), 9)).unwrap_err();
    assert_eq!(refused, RefusedRequest::AnotherVocabulary);
    let words = r#"{"version":"1.0","added_tokens":[],"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}}"#;
    let words = Arc::new(Tokens::parse(words, std::path::Path::new("tokenizer.json")).unwrap());
    let error = Grammars::new(&words, writer.model.config()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tokens of this model are not bytes of text (its decoder is not ByteLevel), so no schema can be kept to"
    );
}
