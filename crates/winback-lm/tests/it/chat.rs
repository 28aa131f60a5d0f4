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
    check("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "the chat template fails on this conversation: ");
    check("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "the chat template fails on this conversation: ");
    let text = "the chat template fails on this conversation: invalid operation: sum adds numbers, and was to start with a string";
    check("{{ messages[0].content|list|sum(start='') }}", text);
    check("{{ messages[0].content|list|sum(none, '') }}", text);
    check("{{ [[1]]|sum(start=[]) }}", "the chat template fails on this conversation: invalid operation: sum adds numbers");
    assert_eq!(
        render("{{ [1, 2]|sum }} {{ [1, 2]|sum(start=3) }} {{ [{'a': 4}]|sum('a', 5) }} {{ []|sum }}", "x").as_deref(),
        Ok("3 6 9 0")
    );
    check("{{ messages[0].nothing.more }}", "the chat template fails on this conversation: undefined value");
    check(
        "{% set ns = namespace(x=0) %}{% for i in range(99999) %}{% set ns.x = ns.x + i %}{% endfor %}",
        "the chat template takes too many steps",
    );
    let timeless = template("{{ strftime_now('%Y') }}").render(&Conversation::default(), None);
    assert!(matches!(timeless, Err(TemplateError::NoTime)));
}

/// Returns a template that puts what it has together with itself sixty times.
fn doubled(start: &str, step: &str) -> String {
    format!("{{% set ns = namespace(x={start}) %}}{{% for i in range(60) %}}{{% set ns.x = {step} %}}{{% endfor %}}{{{{ ns.x }}}}")
}

#[test]
fn a_template_that_makes_too_much_is_stopped() {
    let check = |source: &str| {
        let error = render(source, "x\ny").unwrap_err();
        assert!(error.starts_with("the chat template makes more text than a conversation of this length can need"), "{source}: {error}");
    };
    check("{{ 'a' | indent(999999999999) }}");
    check("{{ 'a\nb' | indent(width=999999999999) }}");
    check("{{ '{:999999999999}'.format(1) }}");
    check("{{ '{:{}}'.format(1, 999999999999) }}");
    check("{{ '%099999999999d' | format(1) }}");
    check("{{ '%*d' | format(999999999999, 1) }}");
    check("{% set n = messages | length * 90000 %}{{ 'a'.replace('', 'xxxx' | indent(n, true)).replace(' ', '+' | indent(n, true)) }}");
    check("{% set x = range(90000) | join('x' | indent(90000, true)) %}");
    check("{% set x = ('x' | indent(90000, true)).join(range(90000) | list) %}");
    check("{% set n = 1000000000 %}{% set x = 'x' %}{{ x * n }}");
    check("{% set n = 1000000000 %}{% set x = [1] %}{{ x * n }}");
    check("{% set f = '%c' | indent(9000, true) %}{{ strftime_now(f) }}");
    check(&doubled("'x'", "ns.x ~ ns.x"));
    check(&doubled("'x'", "ns.x + ns.x"));
    check(&doubled("['x']", "ns.x + ns.x"));
    check(&doubled("['x']", "[ns.x, ns.x]"));
    check(&doubled("['x']", "(ns.x, ns.x)"));
    check(&doubled("['x']", "{'a': ns.x, 'b': ns.x}"));
    check(&doubled("['x']", "dict(a=ns.x, b=ns.x)"));
    check(
        "{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}",
    );
    check(
        "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set ns.x = m(ns.x) %}{% endfor %}",
    );
    check(&format!("{{% for i in range(9000) %}}{}{{% endfor %}}", "raw ".repeat(2000)));
    check("{% set ns = namespace(x=[]) %}{% for i in range(500) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}");
    check("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}");
    check("{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}");
    check("{% set x = range(99999) | list %}{% for i in range(99) %}{{ x | tojson(indent=16) }}{% endfor %}");
}

#[test]
fn many_messages_do_not_make_a_template_deeper() {
    let source =
        "{% set ns = namespace(x=[]) %}{% for j in range(3) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{% endfor %}";
    let messages = vec![Message::new(Role::User, "x"); 1000];
    let error = template(source).render(&Conversation { messages, ..Conversation::default() }, None).unwrap_err();
    assert!(matches!(error, TemplateError::TooLarge), "{error}");
    // A view of a view of a list is a list, however often.
    let slices = "{% set ns = namespace(x=[1, 2]) %}{% for i in range(3000) %}{% set ns.x = ns.x[0:] | reverse %}{% endfor %}{{ ns.x }}";
    assert_eq!(render(slices, "x").as_deref(), Ok("[1, 2]"));
}

#[test]
fn a_long_conversation_is_no_reason_to_stop() {
    let Some(dir) = fixtures() else { return };
    let template = template(&std::fs::read_to_string(dir.join("chat_template/qwen3.jinja")).unwrap());
    let said = |at: usize| match at % 2 {
        0 => Message::new(Role::User, format!("{at} ").repeat(20)),
        _ => Message::new(Role::Assistant, format!("<think>\n{at}\n</think>\n\n{at}")),
    };
    let render = |messages: Vec<Message>| template.render(&Conversation { messages, ..Conversation::default() }, None).unwrap();
    assert_eq!(render((0..2000).map(said).collect()).matches("<|im_start|>").count(), 2000);
    assert!(render(vec![Message::new(Role::User, "long ".repeat(1 << 20)); 2]).len() > 10 << 20);
}

#[test]
fn what_no_chat_template_needs_is_refused_by_name() {
    let check = |source: &str, expected: &str| {
        let error = ChatTemplate::parse(source.to_owned(), Path::new("m/chat_template.jinja")).unwrap_err();
        let expected = format!("the chat template of m/chat_template.jinja {expected}, which Winback does not run");
        assert_eq!(error.to_string(), expected, "{source}");
    };
    check("a\n{{ [1] | batch(3) }}", "uses the filter batch, in line 2");
    check("{{ 'a' * 100000000 }}", "multiplies a text or a list (*), in line 1");
    check("{{ f(*messages) }}", "spreads a list (*), in line 1");
    check("{% include 'chat' %}", "asks for another template, in line 1");
    check("{% block a %}{% endblock %}", "has blocks, in line 1");
    check(&format!("{{{{ 1{} }}}}", " ~ 1".repeat(10_000)), "has more than 400 words between two braces, in line 1");
    check(&format!("{{{{ x{} }}}}", "|trim".repeat(10_000)), "has more than 400 words between two braces, in line 1");
    let elifs = format!("{{% if a %}}{}{{% endif %}}", "{%elif a%}".repeat(5000));
    check(&elifs, "has more than 64 times elif, in line 1");
    check(&" ".repeat(70_000), "has 70000 bytes, and at most 65536 are read, in line 1");
}
