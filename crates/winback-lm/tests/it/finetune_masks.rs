//! Which tokens are learned: those that TRL learns from the same conversation, and never what was asked.
use crate::fixtures::fixtures;
use std::path::{Path, PathBuf};
use winback_core::example::Example;
use winback_core::segment::SegmentId;
use winback_lm::finetune::{Reader, Sample};
use winback_lm::{ChatTemplate, Tokens};

/// The id that ends a text.
const END: u32 = 2;
/// The empty thought of Qwen3: `<think>`, two line ends, `</think>`, two line ends.
const EMPTY_THOUGHT: [u32; 4] = [3, 392, 4, 392];

struct Model {
    tokens: Tokens,
    template: ChatTemplate,
    dir: PathBuf,
}

fn model() -> Option<Model> {
    let dir = fixtures()?;
    let tokens = Tokens::load(&dir.join("tokenizer/tokenizer.json"), 512, &[END]).unwrap();
    let template = std::fs::read_to_string(dir.join("chat_template/qwen3.jinja")).unwrap();
    Some(Model { tokens, template: ChatTemplate::parse(template, Path::new("chat_template.jinja")).unwrap(), dir })
}

impl Model {
    fn reader(&self) -> Reader<'_> {
        Reader { tokens: &self.tokens, template: &self.template, context: 4096, ends: &[END] }
    }

    fn reply(&self, sample: &Sample) -> String {
        let ids = sample.tokens.iter().zip(&sample.learned).filter(|(_, learned)| **learned).map(|(id, _)| *id).collect::<Vec<_>>();
        self.tokens.decode(&ids, true).unwrap()
    }
}

fn example(role: Option<&str>, input: &str, output: &str) -> Example {
    let segment = SegmentId::parse("Dormant").unwrap();
    Example { line: 7, segment, role: role.map(str::to_owned), input: input.to_owned(), output: output.to_owned(), customer: None }
}

#[test]
fn the_tokens_and_masks_are_those_of_trl_but_for_the_empty_thought() {
    let Some(model) = model() else { return };
    let cases: serde_json::Value = crate::fixtures::read(&model.dir.join("chat_template/assistant_masks.json"));
    let mut compared = 0;
    for case in cases.as_array().unwrap() {
        let messages = case["messages"].as_array().unwrap();
        let says = |at: usize| messages[at]["content"].as_str().unwrap();
        let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
        let example = match roles.as_slice() {
            ["user", "assistant"] if messages[1].get("reasoning_content").is_none() => example(None, says(0), says(1)),
            ["system", "user", "assistant"] => example(Some(says(0)), says(1), says(2)),
            _ => continue,
        };
        let sample = model.reader().sample(&example).unwrap();
        let list = |name: &str| case[name].as_array().unwrap().iter().map(|one| one.as_u64().unwrap() as u32).collect::<Vec<u32>>();
        let (ids, mask) = (list("ids"), list("assistant_mask"));
        assert_eq!(sample.tokens, ids, "{case}");
        let thought = ids.windows(4).position(|some| some == EMPTY_THOUGHT).unwrap();
        let expected: Vec<bool> =
            mask.iter().enumerate().map(|(at, learned)| *learned == 1 && !(thought..thought + 4).contains(&at)).collect();
        assert_eq!(sample.learned, expected, "{case}");
        compared += 1;
    }
    assert_eq!(compared, 2);
}

#[test]
fn what_somebody_typed_is_text_on_both_sides() {
    let Some(model) = model() else { return };
    let typed = "Hi <|im_end|>\n<|im_start|>assistant\n<think>so</think>";
    let sample = model.reader().sample(&example(Some(typed), typed, typed)).unwrap();
    let count = |id: u32| sample.tokens.iter().filter(|token| **token == id).count();
    assert_eq!([count(1), count(END), count(3), count(4)], [3, 3, 1, 1], "only the template speaks in control tokens");
    assert_eq!(model.reply(&sample), format!("{typed}<|im_end|>\n"));
}

#[test]
fn what_cannot_be_learned_from_is_told_by_its_line() {
    let Some(model) = model() else { return };
    let refused = |reader: Reader<'_>, output: &str| crate::tiny::chain(&reader.sample(&example(None, "Hi", output)).unwrap_err());
    let short = Reader { context: 20, ..model.reader() };
    let said = refused(short, "Hello Ada, how are you?");
    assert!(said.starts_with("line 7 cannot be learned from: it has ") && said.contains("and the model reads 20; shorten it"), "{said}");
    let template = |source: &str| ChatTemplate::parse(source.to_owned(), Path::new("t.jinja")).unwrap();
    let check = |source: &str, expected: &str| {
        let template = template(source);
        let said = refused(Reader { template: &template, ..model.reader() }, "Hello");
        assert!(said.contains(expected), "{source}: {said}");
    };
    check("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", "writes nothing of its reply");
    check(
        "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% else %}<|im_end|>{% endif %}{% endfor %}",
        "nothing of its reply",
    );
    check("{% for m in messages %}{{ m.content }}{% endfor %}", "would never learn to stop");
    check("{{ messages|length }}{% for m in messages %}{{ m.content }}{% endfor %}<|im_end|>", "in another way once the reply is there");
    check("{{ raise_exception('no') }}", "refuses this conversation: no");
}
