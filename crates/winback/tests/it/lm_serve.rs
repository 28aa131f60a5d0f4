//! `winback lm serve` through real HTTP, with the tiny random model.
use crate::home::{Home, Served};
use crate::lm::with_model;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

const TWO: [&str; 5] = ["--adapter", "parents=model/adapter_a", "--precision", "f32", "--quiet"];

/// Starts a server of the model and one adapter.
pub fn serve(home: &Home, more: &[&str]) -> Served {
    home.serves(&[&["lm", "serve", "model", "--port", "0"], &TWO[..], more].concat())
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the data of each event.
    fn events(&self) -> Vec<&str> {
        self.body.lines().filter_map(|line| line.strip_prefix("data: ")).collect()
    }
}

/// Sends a request and returns the connection.
fn send(served: &Served, method: &str, path: &str, (headers, body): (&str, &str)) -> TcpStream {
    let mut stream = TcpStream::connect(&served.address).unwrap();
    let address = &served.address;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .unwrap();
    stream
}

fn answer(stream: TcpStream) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let mut body = Vec::new();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let mut chunk = vec![0; usize::from_str_radix(line.trim(), 16).unwrap() + 2];
            reader.read_exact(&mut chunk).unwrap();
            if chunk.len() == 2 {
                break;
            }
            body.extend(&chunk[..chunk.len() - 2]);
        }
    } else {
        reader.read_to_end(&mut body).unwrap();
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: String::from_utf8(body).unwrap() }
}

const JSON: &str = "Content-Type: application/json\r\n";

pub fn post(served: &Served, path: &str, body: &Value) -> Answer {
    answer(send(served, "POST", path, (JSON, &body.to_string())))
}

pub fn get(served: &Served, path: &str) -> Answer {
    answer(send(served, "GET", path, ("", "")))
}

fn chat(more: &Value) -> Value {
    let mut body =
        json!({ "model": "model", "messages": [{ "role": "user", "content": "Hello" }], "max_tokens": 12, "temperature": 1, "seed": 3 });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Returns the text, the finish reason and the usage of a streamed answer.
fn put_together(answer: &Answer, path: [&str; 2]) -> (String, Value, Value) {
    let (mut text, mut reason, mut usage) = (String::new(), Value::Null, Value::Null);
    let events = answer.events();
    assert_eq!(events.last(), Some(&"[DONE]"));
    for event in &events[..events.len() - 1] {
        let event: Value = serde_json::from_str(event).unwrap();
        let Some(choice) = event["choices"].get(0) else {
            usage = event["usage"].clone();
            continue;
        };
        let piece = if path[0].is_empty() { &choice[path[1]] } else { &choice[path[0]][path[1]] };
        text.push_str(piece.as_str().unwrap_or_default());
        reason = choice["finish_reason"].clone();
    }
    (text, reason, usage)
}

#[test]
fn streamed_and_whole_answers_are_equal_for_the_base_and_the_adapter() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &[]);
    let models = get(&served, "/v1/models").json();
    let names: Vec<&str> = models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["model", "parents"]);
    assert_eq!(get(&served, "/v1/models/parents").json()["id"], "parents");
    let mut texts = Vec::new();
    for model in names {
        let whole = post(&served, "/v1/chat/completions", &chat(&json!({ "model": model })));
        assert_eq!(whole.status, 200, "{}", whole.body);
        let body = whole.json();
        let stream = chat(&json!({ "model": model, "stream": true, "stream_options": { "include_usage": true } }));
        let streamed = post(&served, "/v1/chat/completions", &stream);
        assert!(streamed.head.contains("text/event-stream"), "{}", streamed.head);
        let (text, reason, usage) = put_together(&streamed, ["delta", "content"]);
        assert_eq!((&json!(text), &reason), (&body["choices"][0]["message"]["content"], &body["choices"][0]["finish_reason"]));
        assert_eq!((&usage, &usage["completion_tokens"]), (&body["usage"], &json!(12)));
        let completion = json!({ "model": model, "prompt": "Hello", "seed": 3, "temperature": 1 });
        let whole = post(&served, "/v1/completions", &completion).json();
        assert_eq!(whole["usage"]["completion_tokens"], 16, "as many as OpenAI writes unasked");
        let mut streaming = completion;
        streaming["stream"] = json!(true);
        let (went_on, reason, usage) = put_together(&post(&served, "/v1/completions", &streaming), ["", "text"]);
        assert_eq!((json!(went_on), reason, usage), (whole["choices"][0]["text"].clone(), json!("length"), Value::Null));
        texts.push(text);
    }
    assert_ne!(texts[0], texts[1], "the adapter writes another text");
    let screen = home.does(&[
        "lm",
        "chat",
        "model",
        "Hello",
        "--precision",
        "f32",
        "--max-tokens",
        "12",
        "--temperature",
        "1",
        "--seed",
        "3",
        "--quiet",
    ]);
    assert_eq!(screen, format!("{}\n", texts[0]), "the command line writes the same");
}

#[test]
fn a_text_ends_where_a_stop_text_comes_and_users_write_no_control_tokens() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &[]);
    let ask = |more: Value| post(&served, "/v1/chat/completions", &chat(&more)).json();
    let text = ask(json!({}))["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    let stop: String = text.chars().skip(4).take(2).collect();
    let stopped = ask(json!({ "stop": [stop], "max_tokens": null, "max_completion_tokens": 12 }));
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
    assert_eq!(stopped["choices"][0]["message"]["content"], text.split(&stop).next().unwrap());
    let tokens =
        |content: Value| ask(json!({ "messages": [{ "role": "user", "content": content }] }))["usage"]["prompt_tokens"].as_u64().unwrap();
    let plain = tokens(json!("Hello"));
    assert_eq!(tokens(json!([{ "type": "text", "text": "Hello" }])), plain);
    assert!(tokens(json!("Hello<|im_end|><|im_start|>")) > plain + 8, "two control tokens would be two more");
    let turns = |more: Value| {
        let mut said = json!({ "role": "assistant", "content": "Yes", "refusal": null, "tool_calls": [] });
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let messages = json!([{ "role": "user", "content": "Hello" }, said]);
        ask(json!({ "messages": messages, "tool_choice": "auto" }))["usage"]["prompt_tokens"].as_u64().unwrap()
    };
    assert!(turns(json!({ "reasoning_content": "I think so, indeed." })) > turns(json!({})), "the template writes what was thought");
    let no_thought = ask(json!({ "chat_template_kwargs": { "enable_thinking": false } }));
    assert!(no_thought["usage"]["prompt_tokens"].as_u64().unwrap() > plain);
}

#[test]
fn an_answer_is_json_of_the_schema_that_is_asked_for() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &[]);
    let schema = json!({
        "type": "object", "required": ["tone", "months", "note"], "additionalProperties": false,
        "properties": {
            "tone": { "enum": ["warm", "brief"] }, "months": { "type": "integer", "minimum": 1, "maximum": 24 },
            "note": { "type": ["string", "null"], "maxLength": 10 },
        },
    });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "offer", "strict": true, "schema": schema } });
    for model in ["model", "parents"] {
        let asked = json!({ "model": model, "response_format": format, "max_tokens": 400, "temperature": 1.5 });
        let whole = post(&served, "/v1/chat/completions", &chat(&asked)).json();
        let choice = &whole["choices"][0];
        assert_eq!(choice["finish_reason"], "stop", "{whole}");
        let content = choice["message"]["content"].as_str().unwrap();
        let answer: Value = serde_json::from_str(content).unwrap();
        let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["tone", "months", "note"], "{content}");
        assert!((1..=24).contains(&answer["months"].as_i64().unwrap()), "{content}");
        let mut streaming = chat(&asked);
        streaming["stream"] = json!(true);
        let (streamed, reason, _) = put_together(&post(&served, "/v1/chat/completions", &streaming), ["delta", "content"]);
        assert_eq!((streamed.as_str(), reason), (content, json!("stop")));
        let completion = json!({ "model": model, "prompt": "{", "response_format": format, "max_tokens": 400, "seed": 1 });
        let went_on = post(&served, "/v1/completions", &completion).json();
        assert!(serde_json::from_str::<Value>(went_on["choices"][0]["text"].as_str().unwrap()).unwrap()["tone"].is_string());
    }
    let any = post(&served, "/v1/chat/completions", &chat(&json!({ "response_format": { "type": "json_object" } }))).json();
    assert!(any["choices"][0]["message"]["content"].as_str().unwrap().starts_with('{'), "{any}");
    let long = json!({ "type": "json_schema", "json_schema": { "name": "long", "schema": { "type": "string", "minLength": 400 } } });
    let cut = post(&served, "/v1/chat/completions", &chat(&json!({ "response_format": long }))).json();
    assert_eq!((&cut["choices"][0]["finish_reason"], &cut["usage"]["completion_tokens"]), (&json!("length"), &json!(12)), "{cut}");
    let free = post(&served, "/v1/chat/completions", &chat(&json!({ "response_format": { "type": "text" } }))).json();
    assert_eq!(free["choices"], post(&served, "/v1/chat/completions", &chat(&json!({}))).json()["choices"]);
}

#[test]
fn what_cannot_be_answered_is_told_in_the_shape_clients_know() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &[]);
    let mut picture = String::new();
    let mut note = |name: &str, answer: &Answer| picture.push_str(&format!("{name}: {} {}\n", answer.status, answer.body));
    let mut ask = |name: &str, more: Value| note(name, &post(&served, "/v1/chat/completions", &chat(&more)));
    ask("unknown model", json!({ "model": "gpt-4o" }));
    ask("no messages", json!({ "messages": [] }));
    ask("a picture", json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }] }));
    ask("a tool's message", json!({ "messages": [{ "role": "tool", "content": "x" }] }));
    ask("two texts", json!({ "n": 2 }));
    ask("too hot", json!({ "temperature": 3 }));
    ask("no share", json!({ "top_p": 0 }));
    ask("no tokens", json!({ "max_tokens": 0 }));
    ask("too long", json!({ "max_tokens": 5000 }));
    ask("a field that is not taken", json!({ "logprobs": true }));
    let mut ask_json = |name: &str, named: Value| ask(name, json!({ "response_format": { "type": "json_schema", "json_schema": named } }));
    ask_json("a schema without a name", json!({ "schema": {} }));
    ask_json("a name with spaces", json!({ "name": "a b", "schema": {} }));
    ask_json("no schema", json!({ "name": "a" }));
    ask_json("a schema that is a list", json!({ "name": "a", "schema": [] }));
    ask_json("half strict", json!({ "name": "a", "schema": {}, "strict": "half" }));
    ask_json("another key", json!({ "name": "a", "schema": {}, "stirct": true }));
    ask_json("a schema that cannot be kept to", json!({ "name": "a", "schema": { "not": { "type": "null" } } }));
    ask("another format", json!({ "response_format": { "type": "xml" } }));
    let thought = json!({ "response_format": { "type": "json_object" }, "chat_template_kwargs": { "enable_thinking": true } });
    ask("a thought before JSON", thought);
    ask("a field nobody knows", json!({ "temprature": 1 }));
    ask("a tool that must be called", json!({ "tool_choice": "required" }));
    ask("options that are none", json!({ "stream_options": "x" }));
    ask("an option nobody knows", json!({ "stream_options": { "include_use": true } }));
    ask("a long stop text", json!({ "stop": "x".repeat(1025) }));
    let mut say = |name: &str, message: Value| ask(name, json!({ "messages": [message] }));
    say("a message that is none", json!("Hello"));
    say("a name", json!({ "role": "user", "content": "Hello", "name": "Ada" }));
    say("a refusal", json!({ "role": "assistant", "content": "Hello", "refusal": 7 }));
    say("a user's thought", json!({ "role": "user", "content": "Hello", "reasoning_content": "Hm" }));
    say("a part with more", json!({ "role": "user", "content": [{ "type": "text", "text": "Hello", "detail": "high" }] }));
    let raw = |headers: &str, body: &str| answer(send(&served, "POST", "/v1/completions", (headers, body)));
    note("half of JSON", &raw(JSON, "{\"model\": "));
    note("a list", &raw(JSON, "[]"));
    note("a form", &raw("Content-Type: application/x-www-form-urlencoded\r\n", "model=x"));
    note("no address", &get(&served, "/v1/images"));
    note("another method", &get(&served, "/v1/completions"));
    let mut elsewhere = TcpStream::connect(&served.address).unwrap();
    write!(elsewhere, "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").unwrap();
    note("another host", &answer(elsewhere));
    insta::assert_snapshot!(picture);
    assert_eq!(post(&served, "/v1/chat/completions", &chat(&json!({ "n": 1, "user": "x", "presence_penalty": 0 }))).status, 200);
    let large = format!("{{\"model\": \"model\", \"prompt\": \"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(raw(JSON, &large).status, 413);
}

#[test]
fn whoever_has_no_key_is_not_answered_and_the_key_is_told_nowhere() {
    let Some(home) = with_model() else { return };
    home.keep("key.txt", "a-key-that-both-know\n");
    let served = serve(&home, &["--key-file", "key.txt"]);
    let ask = |header: &str| answer(send(&served, "GET", "/v1/models", (header, ""))).status;
    assert_eq!(ask(""), 401);
    assert_eq!(ask("Authorization: Bearer a-key-that-both-knew\r\n"), 401);
    assert_eq!(ask("Authorization: a-key-that-both-know\r\n"), 401);
    assert_eq!(ask("Authorization: Bearer a-key-that-both-know\r\n"), 200);
    assert_eq!(get(&served, "/health").json()["status"], "ok");
    assert_eq!(get(&served, "/metrics").status, 401);
    let refused = post(&served, "/v1/completions", &json!({ "model": "model", "prompt": "Hello" }));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    assert!(!served.stop().contains("a-key"));
    let open = home.say(&["lm", "serve", "model", "--address", "0.0.0.0", "--port", "0"]);
    assert_eq!(open.code, Some(5), "{open}");
    home.keep("empty.txt", "\n");
    assert_eq!(home.say(&["lm", "serve", "model", "--key-file", "empty.txt"]).code, Some(5));
    assert_eq!(home.say(&["lm", "serve", "model", "--adapter", "model=model/adapter_a"]).code, Some(2));
}

#[test]
fn a_full_server_says_when_to_come_again_and_a_client_that_goes_away_makes_room() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &["--batch", "1", "--queue", "0"]);
    // Greedy, this model never ends a text by itself: the client goes away long before the last token.
    let long = chat(&json!({ "max_tokens": 4000, "temperature": 0, "stream": true, "logit_bias": {} })).to_string();
    let mut first = BufReader::new(send(&served, "POST", "/v1/chat/completions", (JSON, &long)));
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert!(first.read_line(&mut line).unwrap() > 0);
    }
    let second = post(&served, "/v1/chat/completions", &chat(&json!({})));
    assert_eq!((second.status, &second.json()["error"]["code"]), (429, &json!("rate_limit_exceeded")));
    assert!(second.head.contains("retry-after: "), "{}", second.head);
    let figure = |name: &str| {
        let text = get(&served, "/metrics").body;
        let line =
            text.lines().find(|line| line.starts_with(&format!("winback_lm_{name} "))).unwrap_or_else(|| panic!("{text}")).to_owned();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!((figure("most"), figure("cancelled_total")), (1.0, 0.0));
    drop(first);
    let answered = (0..500).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        Some(post(&served, "/v1/chat/completions", &chat(&json!({})))).filter(|answer| answer.status == 200)
    });
    assert_eq!(answered.unwrap().json()["usage"]["completion_tokens"], 12);
    assert_eq!((figure("cancelled_total"), figure("text_seconds_count"), figure("written_tokens_total")), (1.0, 1.0, 12.0));
    assert!(figure("requests_total{endpoint=\"chat\",status=\"429\"}") >= 1.0);
}

#[cfg(unix)]
#[test]
fn a_server_that_is_stopped_waits_for_nobody_who_is_silent() {
    let Some(home) = with_model() else { return };
    let half = |served: &Served| {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        let head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100";
        write!(stream, "{head}\r\n\r\n{{\"model\"").unwrap();
        // The server has read it when it has answered the next one.
        assert_eq!(get(served, "/health").status, 200);
        stream
    };
    let mut served = serve(&home, &[]);
    let _silent = half(&served);
    served.interrupt();
    assert_eq!(served.ended_within(30), Some(Some(0)), "after some seconds");
    let mut served = serve(&home, &[]);
    let _silent = half(&served);
    served.interrupt();
    assert_eq!(served.ended_within(1), None);
    served.interrupt();
    assert_eq!(served.ended_within(3), Some(Some(130)), "at once");
}

#[test]
fn requests_that_begin_alike_share_their_beginning_and_it_is_told() {
    let Some(home) = with_model() else { return };
    let served = serve(&home, &[]);
    let long = "You write to customers of a company that sells coffee by post. ".repeat(8);
    let ask = |user: &str| {
        let messages = json!([{ "role": "system", "content": long }, { "role": "user", "content": user }]);
        post(&served, "/v1/chat/completions", &chat(&json!({ "messages": messages }))).json()
    };
    let answers: Vec<Value> = ["One", "Two", "Three", "Three"].into_iter().map(ask).collect();
    let cached: Vec<u64> =
        answers.iter().map(|answer| answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap()).collect();
    // The first is alone, the second shows that both begin alike and makes the beginning, the others go on from it.
    assert!(cached[..2] == [0, 0] && cached[2] >= 128 && cached[3] == cached[2], "{cached:?}");
    assert_eq!(answers[2]["choices"], answers[3]["choices"]);
    let metrics = get(&served, "/metrics").body;
    assert!(metrics.contains("winback_lm_shared_total 2\n"), "{metrics}");
    assert!(metrics.contains(&format!("winback_lm_shared_tokens_total {}\n", 2 * cached[2])), "{metrics}");
}
