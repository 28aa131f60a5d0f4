//! Examples to learn from, as JSON lines: `{"input": …, "output": …, "segment": …}`, or a conversation
//! `{"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}], "segment": …}`.
use crate::json_lines::{JsonLine, JsonLines, LineFault, LineKind, kind_of as kind};
use serde_json::{Map, Value};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use winback_core::digest::Digest;
use winback_core::example::Example;
use winback_core::id::CustomerId;
use winback_core::pipeline::import::SourceError;
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;

/// What the lines are like.
const KIND: LineKind = LineKind { most_bytes: 4 << 20, expected: "input, output and segment" };
/// Keys of conversations in which a model calls tools, which no mail needs.
const TOOLS: [&str; 5] = ["tools", "tool_choice", "functions", "function_call", "tool_calls"];
/// What a chat template takes for the ends of a thought, and neither teaches nor writes as text.
const THOUGHT: [&str; 2] = ["<think>", "</think>"];
/// The key under which Winback keeps what it knows beyond the three others.
pub const OWN_KEY: &str = "winback";

/// What a file of examples holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examples {
    /// The examples, in the order of the file.
    pub examples: Vec<Example>,
    /// What stands under Winback's own key of each example, as JSON; `None` where that is absent.
    pub own: Vec<Option<Box<str>>>,
    /// The lines that are no examples, with why.
    pub refused: Vec<RefusedLine>,
    /// The lines that repeat an earlier one to the letter, with that one's number; they are left out.
    pub repeated: Vec<(u64, u64)>,
    /// Keys that mean nothing here, with how many lines have them.
    pub ignored: BTreeMap<String, u64>,
    /// The hash of the examples.
    pub digest: Option<Digest>,
}

/// A line that is no example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: Refusal,
}

/// Why a line is no example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The line is no JSON object.
    #[error(transparent)]
    Line(#[from] LineFault),
    /// A key is absent.
    #[error("{key:?} is missing; expected input, output and segment")]
    Missing {
        /// The key.
        key: String,
    },
    /// Two forms of an example on one line.
    #[error("\"messages\" stands beside {beside:?}; expected one of the two forms of an example")]
    BothForms {
        /// The key of the other form.
        beside: &'static str,
    },
    /// A conversation with tools.
    #[error("{key:?} is there, and a mail calls no tools; take the line out")]
    Tools {
        /// The key.
        key: String,
    },
    /// A mail that holds what a chat template takes for a thought.
    #[error("the mail holds {mark:?}, which the model's chat template takes for an end of a thought; take it out")]
    Thought {
        /// The mark.
        mark: &'static str,
    },
    /// A value is no text.
    #[error("{key:?} is {found}; expected a text")]
    NoText {
        /// The key.
        key: String,
        /// What it is.
        found: &'static str,
    },
    /// A text says nothing.
    #[error("{key:?} is empty; there is nothing to learn from it")]
    Empty {
        /// The key.
        key: String,
    },
    /// A conversation of another form.
    #[error("the roles are {found}; expected user and assistant, perhaps after system")]
    Roles {
        /// The roles as they stand.
        found: String,
    },
    /// No segment is called so.
    #[error("there is no segment {found:?}{}", suggestion.as_ref().map_or(String::new(), |name| format!("; was {name:?} meant?")))]
    Segment {
        /// What it says.
        found: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// No segment can be called so.
    #[error("{found:?} is no name of a segment: {why}")]
    SegmentName {
        /// What it says.
        found: String,
        /// What a name may be.
        why: String,
    },
}

/// Reads a file of examples. `segments` are the names that may stand in it; where there are none, any may.
///
/// # Errors
/// When the file cannot be read, or is one JSON array. Lines at fault are named and left out.
pub fn read_examples(path: &Path, segments: &[SegmentId]) -> Result<Examples, SourceError> {
    let mut found = Examples::default();
    let mut seen: HashMap<Digest, u64> = HashMap::new();
    let mut lines = JsonLines::open(path, KIND)?;
    while let Some(line) = lines.next_line()? {
        let is_array = line.text.as_ref().is_ok_and(|text| text.trim_ascii_start().starts_with(b"["));
        if found.examples.is_empty() && found.refused.is_empty() && is_array {
            return Err(SourceError::Header {
                file: path.display().to_string(),
                problem: "the file is one JSON array, not lines".to_owned(),
                advice: "write one object on each line, for example with jq -c '.[]'".to_owned(),
            });
        }
        match read_line(&line, segments, &mut found.ignored) {
            Ok((example, own)) => match seen.entry(digest(&example)) {
                Entry::Occupied(first) => found.repeated.push((example.line, *first.get())),
                Entry::Vacant(place) => {
                    place.insert(example.line);
                    found.examples.push(example);
                    found.own.push(own.map(|own| own.to_string().into()));
                }
            },
            Err(why) => found.refused.push(RefusedLine { line: line.line, why }),
        }
    }
    let digests: Vec<Digest> = found.examples.iter().map(digest).collect();
    found.digest = Some(Digest::of_parts(digests.iter().map(|digest| digest.0.as_bytes())));
    Ok(found)
}

/// Returns the line of an example, without its end.
pub fn write_example(example: &Example, own: Option<&Value>) -> String {
    let mut line = Map::new();
    line.insert("input".to_owned(), example.input.as_str().into());
    line.insert("output".to_owned(), example.output.as_str().into());
    line.insert("segment".to_owned(), example.segment.as_str().into());
    let role = example.role.as_ref().map(|role| serde_json::json!({ "role": role }));
    let own = match (own, role) {
        (Some(Value::Object(own)), Some(Value::Object(role))) => {
            Some(Value::Object(own.iter().map(|(k, v)| (k.clone(), v.clone())).chain(role).collect()))
        }
        (Some(own), _) => Some(own.clone()),
        (None, role) => role,
    };
    own.and_then(|own| line.insert(OWN_KEY.to_owned(), own));
    Value::Object(line).to_string()
}

fn digest(example: &Example) -> Digest {
    let role = example.role.as_deref().unwrap_or_default();
    Digest::of_parts([role, &example.input, &example.output, example.segment.as_str()].map(str::as_bytes))
}

fn read_line(
    line: &JsonLine<'_>,
    segments: &[SegmentId],
    ignored: &mut BTreeMap<String, u64>,
) -> Result<(Example, Option<Value>), Refusal> {
    let mut object = line.object()?;
    without_tools("", &object)?;
    let (role, input, output) = match object.remove("messages") {
        Some(messages) => match ["input", "output"].into_iter().find(|key| object.contains_key(*key)) {
            Some(beside) => return Err(Refusal::BothForms { beside }),
            None => conversation(&messages, ignored)?,
        },
        None => (None, text_of(&mut object, "input")?, text_of(&mut object, "output")?),
    };
    if let Some(mark) = THOUGHT.into_iter().find(|mark| output.contains(mark)) {
        return Err(Refusal::Thought { mark });
    }
    let segment = segment(&text_of(&mut object, "segment")?, segments)?;
    let own = object.remove(OWN_KEY);
    let own_role = own_role(own.as_ref())?;
    let customer = own.as_ref().and_then(|own| CustomerId::parse(own.get("customer")?.as_str()?).ok());
    object.into_iter().for_each(|(key, _)| *ignored.entry(key).or_default() += 1);
    Ok((Example { line: line.line, segment, role: role.or(own_role), input, output, customer }, own))
}

/// Refuses an object that asks for tools; `within` is where it stands.
fn without_tools(within: &str, object: &Map<String, Value>) -> Result<(), Refusal> {
    match TOOLS.into_iter().find(|key| object.contains_key(*key)) {
        Some(key) => Err(Refusal::Tools { key: format!("{within}{key}") }),
        None => Ok(()),
    }
}

/// Returns the role line that stands under Winback's own key, if any.
fn own_role(own: Option<&Value>) -> Result<Option<String>, Refusal> {
    let key = || format!("{OWN_KEY}.role");
    match own.and_then(|own| own.get("role")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Err(Refusal::Empty { key: key() }),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Refusal::NoText { key: key(), found: kind(other) }),
    }
}

fn text_of(line: &mut Map<String, Value>, key: &str) -> Result<String, Refusal> {
    match line.remove(key) {
        Some(Value::String(text)) if text.trim().is_empty() => Err(Refusal::Empty { key: key.to_owned() }),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(Refusal::NoText { key: key.to_owned(), found: kind(&other) }),
        None => Err(Refusal::Missing { key: key.to_owned() }),
    }
}

/// Returns the role line, what was asked for and what was written. Keys of a turn that mean nothing are counted as
/// `messages[].key`.
fn conversation(messages: &Value, ignored: &mut BTreeMap<String, u64>) -> Result<(Option<String>, String, String), Refusal> {
    let Value::Array(turns) = messages else { return Err(Refusal::NoText { key: "messages".to_owned(), found: kind(messages) }) };
    let roles: Vec<&str> = turns.iter().map(|turn| turn.get("role").and_then(Value::as_str).unwrap_or("?")).collect();
    for (at, turn) in turns.iter().enumerate() {
        let Value::Object(turn) = turn else { continue };
        without_tools(&format!("messages[{at}]."), turn)?;
        let foreign = turn.keys().filter(|key| !matches!(key.as_str(), "role" | "content"));
        foreign.for_each(|key| *ignored.entry(format!("messages[].{key}")).or_default() += 1);
    }
    let says = |at: usize| {
        let key = format!("messages[{at}].content");
        match turns[at].get("content") {
            Some(Value::String(text)) if text.trim().is_empty() => Err(Refusal::Empty { key }),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(Refusal::NoText { key, found: kind(other) }),
            None => Err(Refusal::Missing { key }),
        }
    };
    match roles.as_slice() {
        ["user", "assistant"] => Ok((None, says(0)?, says(1)?)),
        ["system", "user", "assistant"] => Ok((Some(says(0)?), says(1)?, says(2)?)),
        _ => Err(Refusal::Roles { found: if roles.is_empty() { "none".to_owned() } else { roles.join(", ") } }),
    }
}

fn segment(name: &str, segments: &[SegmentId]) -> Result<SegmentId, Refusal> {
    let names = || segments.iter().map(SegmentId::as_str);
    // No segment has a name longer than this.
    let name: String = name.chars().take(80).collect();
    match SegmentId::parse(&name) {
        Ok(segment) if segments.is_empty() || segments.contains(&segment) => Ok(segment),
        Err(why) if segments.is_empty() => Err(Refusal::SegmentName { found: name, why: why.to_string() }),
        _ => Err(Refusal::Segment { suggestion: nearest(&name, names()).map(str::to_owned), found: name }),
    }
}
