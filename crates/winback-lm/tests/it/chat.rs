//! The chat template: byte for byte what transformers renders, and what a template may not do.
use crate::fixtures::fixtures;
use crate::tiny::chain;
use jiff::civil::date;
use serde_json::json;
use std::path::Path;
use winback_lm::chat_template::TemplateError;
use winback_lm::json::Json;
use winback_lm::{ChatTemplate, Conversation, Message, Role};

fn json(value: &serde_json::Value) -> Json {
    serde_json::from_value(value.clone()).unwrap()
}

/// Returns a conversation of the fixtures. Keys of maps come in order here, which is theirs in the fixtures but one.
pub fn conversation(messages: &Json, tools: Option<&Json>) -> Conversation {
    let text = |json: &Json| if let Json::Text(text) = json { text.clone() } else { panic!("{json} is no text") };
    let list = |json: Option<&Json>| if let Some(Json::List(items)) = json { items.clone() } else { Vec::new() };
    let message = |message: &Json| Message {
        role: Role::named(&text(message.get("role").unwrap())).unwrap(),
        content: text(message.get("content").unwrap()),
        reasoning: message.get("reasoning_content").map(text),
        tool_calls: list(message.get("tool_calls")),
    };
    Conversation {
        messages: list(Some(messages)).iter().map(message).collect(),
        tools: list(tools),
        add_generation_prompt: false,
        thinking: None,
    }
}

fn template(source: &str) -> ChatTemplate {
    ChatTemplate::parse(source.to_owned(), Path::new("m/chat_template.jinja")).unwrap()
}

fn render(source: &str, text: &str) -> Result<String, String> {
    let said = Conversation { messages: vec![Message::new(Role::User, text)], ..Conversation::default() };
    template(source).render(&said, Some(date(2026, 3, 9).at(7, 5, 0, 0))).map_err(|error| chain(&error))
}

#[test]
fn every_case_is_rendered_as_transformers_does() {
    let Some(dir) = fixtures() else { return };
    let dir = dir.join("chat_template");
    let template = template(&std::fs::read_to_string(dir.join("qwen3.jinja")).unwrap());
    // Read with keys in their order, which `tojson` writes.
    let cases: Json = serde_json::from_str(&std::fs::read_to_string(dir.join("cases.json")).unwrap()).unwrap();
    let Json::List(cases) = cases else { panic!("the cases are no list") };
    assert_eq!(cases.len(), 84);
    for case in &cases {
        let mut said = conversation(case.get("messages").unwrap(), case.get("tools"));
        said.add_generation_prompt = case.get("add_generation_prompt") == Some(&Json::Bool(true));
        said.thinking = match case.get("enable_thinking") {
            Some(Json::Bool(thinking)) => Some(*thinking),
            _ => None,
        };
        let rendered = template.render(&said, None).unwrap();
        assert_eq!(Some(&Json::Text(rendered)), case.get("rendered"), "{:?} {said:?}", case.get("name"));
    }
}

#[test]
fn a_template_is_found_where_the_model_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let rendered = || ChatTemplate::load(dir.path()).unwrap().render(&Conversation::default(), None).unwrap();
    let none = chain(&ChatTemplate::load(dir.path()).unwrap_err());
    assert!(none.contains("holds no chat template: neither chat_template.jinja nor chat_template in"), "{none}");
    let config = |value: serde_json::Value| crate::tiny::write_json(dir.path(), "tokenizer_config.json", &value);
    config(json!({ "chat_template": "one {{ eos_token }}{{ bos_token }}", "eos_token": "<e>", "bos_token": { "content": "<b>" } }));
    assert_eq!(rendered(), "one <e><b>");
    config(json!({ "chat_template": [{ "name": "tool_use", "template": "t" }, { "name": "default", "template": "two" }] }));
    assert_eq!(rendered(), "two");
    std::fs::write(dir.path().join("chat_template.jinja"), "three").unwrap();
    assert_eq!(rendered(), "three");
    std::fs::write(dir.path().join("chat_template.jinja"), "a\n{% if %}").unwrap();
    let wrong = chain(&ChatTemplate::load(dir.path()).unwrap_err());
    assert!(wrong.contains("chat_template.jinja is wrong in line 2"), "{wrong}");
}

#[test]
fn what_people_wrote_is_in_no_error() {
    let said = Conversation { messages: vec![Message::new(Role::User, "Ada Lovelace")], ..Conversation::default() };
    let error = template("{{ messages[0].content + 1 }}").render(&said, None).unwrap_err();
    assert!(!format!("{error:?} {error} {error:#} {}", chain(&error)).contains("Ada"), "{error:?}");
}

#[test]
#[rustfmt::skip]
fn values_and_methods_are_those_of_python() {
    let check = |source: &str, expected: &str| assert_eq!(render(source, " Ab\ncd é ").as_deref(), Ok(expected), "{source}");
    check("{{ none }} {{ true }} {{ 1.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.0001 }} {{ 123456789012345.0 }}", "None True 1.0 1e+16 1e-05 0.0001 123456789012345.0");
    check("{{ messages[0].content.strip().split('\\n')[-1].upper() }}", "CD É");
    check("{{ messages[0].get('name', 'nobody') }} {{ messages[0].items() | length }}", "nobody 2");
    check("{% for key in messages[0] %}{{ key }} {% endfor %}", "role content ");
    check("  {% if true %}\n  x\n  {% endif %}\ny", "  x\ny");
    check("{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "012");
    check("{{ strftime_now('%d %b %Y') }}", "09 Mar 2026");
    check("{{ {'a': [1, 2.5, none, true], 'b': 'é\"\\\\\\n\u{1}<'} | tojson }}", "{\"a\": [1, 2.5, null, true], \"b\": \"é\\\"\\\\\\n\\u0001<\"}");
    check("{{ {'b': 1, 'a': []} | tojson(indent=2, sort_keys=true) }}", "{\n  \"a\": [],\n  \"b\": 1\n}");
    check("{{ 'é🙂' | tojson(ensure_ascii=true) }}", "\"\\u00e9\\ud83d\\ude42\"");
    check("{{ enable_thinking is defined }} {{ tools is none }} {{ messages[0].reasoning_content is defined }}", "False True False");
}

#[test]
fn keys_keep_their_order() {
    let call: Json =
        serde_json::from_str(r#"{"function": {"name": "x", "arguments": {"z": 1, "a": {"y": 2, "b": 18446744073709551615}}}}"#).unwrap();
    let message = Message { tool_calls: vec![call], ..Message::new(Role::Assistant, "") };
    let said = Conversation { messages: vec![message], ..Conversation::default() };
    let rendered = template("{{ messages[0].tool_calls[0].function | tojson }}").render(&said, None).unwrap();
    assert_eq!(rendered, r#"{"name": "x", "arguments": {"z": 1, "a": {"y": 2, "b": 18446744073709551615}}}"#);
    assert_eq!(json(&json!({ "a": -1 })), Json::Map(vec![("a".to_owned(), Json::Int(-1))]));
}

#[test]
fn a_template_that_fails_says_why() {
    let check = |source: &str, expected: &str| {
        let error = render(source, "x").unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    check("{{ raise_exception('roles must alternate') }}", "the chat template refuses this conversation: roles must alternate");
    check("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "the chat template takes too many steps");
    check("{{ messages[0].nothing.more }}", "the chat template fails on this conversation: undefined value");
    check(
        "{% set ns = namespace(x=[]) %}{% for i in range(500) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}",
        "the chat template fails",
    );
    check(
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}",
        "the chat template takes too many steps",
    );
    let timeless = template("{{ strftime_now('%Y') }}").render(&Conversation::default(), None);
    assert!(matches!(timeless, Err(TemplateError::NoTime)));
}
