//! Examples to learn from, as JSON lines: `{"input": …, "output": …, "segment": …}`, or a conversation
//! `{"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}], "segment": …}`.
use crate::file::{open, unread};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use winback_core::digest::Digest;
use winback_core::example::Example;
use winback_core::id::CustomerId;
use winback_core::pipeline::import::SourceError;
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;

/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 4 << 20;
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
    /// Not text.
    #[error("byte {at} is no UTF-8; expected a line of UTF-8 text")]
    NotText {
        /// The first such byte, counted from 1.
        at: usize,
    },
    /// Longer than any line of its kind.
    #[error("the line has {bytes} bytes; at most {MAX_LINE_BYTES} are read")]
    TooLong {
        /// How long it is.
        bytes: u64,
    },
    /// The last line has no end.
    #[error("the last line is cut short ({why}); was the file copied whole?")]
    CutShort {
        /// What JSON misses.
        why: String,
    },
    /// Not JSON.
    #[error("column {column} is no JSON ({why}); expected one object on each line")]
    NotJson {
        /// The column, counted from 1.
        column: usize,
        /// What is wrong.
        why: String,
    },
    /// JSON of another kind.
    #[error("this is {found}; expected an object with input, output and segment")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A key is absent.
    #[error("{key:?} is missing; expected input, output and segment")]
    Missing {
        /// The key.
        key: String,
    },
    /// A key is there twice.
    #[error("{why}; expected each key once")]
    Twice {
        /// Which.
        why: String,
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
}

/// Reads a file of examples. `segments` are the names that may stand in it; where there are none, any may.
///
/// # Errors
/// When the file cannot be read, or is one JSON array. Lines at fault are named and left out.
pub fn read_examples(path: &Path, segments: &[SegmentId]) -> Result<Examples, SourceError> {
    let mut found = Examples::default();
    let mut seen: HashMap<Digest, u64> = HashMap::new();
    let mut reader = BufReader::new(open(path)?);
    let (mut bytes, mut line) = (Vec::new(), 0);
    loop {
        let Some(Taken { ended, length }) = next_line(&mut reader, &mut bytes).map_err(|error| unread(path, error))? else { break };
        line += 1;
        if length > MAX_LINE_BYTES as u64 {
            found.refused.push(RefusedLine { line, why: Refusal::TooLong { bytes: length } });
            continue;
        }
        let text = bytes.trim_ascii_end();
        let text = if line == 1 { text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text) } else { text };
        if text.trim_ascii().is_empty() {
            continue;
        }
        if found.examples.is_empty() && found.refused.is_empty() && text.trim_ascii_start().starts_with(b"[") {
            return Err(SourceError::Header {
                file: path.display().to_string(),
                problem: "the file is one JSON array, not lines".to_owned(),
                advice: "write one object on each line, for example with jq -c '.[]'".to_owned(),
            });
        }
        match read_line(text, ended, segments, &mut found.ignored) {
            Ok((example, own)) => {
                let example = Example { line, ..example };
                match seen.get(&digest(&example)) {
                    Some(first) => found.repeated.push((line, *first)),
                    None => {
                        seen.insert(digest(&example), line);
                        found.examples.push(example);
                        found.own.push(own.map(|own| own.to_string().into()));
                    }
                }
            }
            Err(why) => found.refused.push(RefusedLine { line, why }),
        }
    }
    let digests: Vec<Digest> = found.examples.iter().map(digest).collect();
    found.digest = Some(Digest::of_parts(digests.iter().map(|digest| digest.0.as_bytes())));
    Ok(found)
}

/// A line that was read.
struct Taken {
    /// Whether its end was there.
    ended: bool,
    /// How many bytes it has, its end included.
    length: u64,
}

/// Reads the next line over what was in `into`; of a line that is too long no more than its beginning is kept. Returns
/// `None` behind the last one.
fn next_line(reader: &mut impl BufRead, into: &mut Vec<u8>) -> std::io::Result<Option<Taken>> {
    into.clear();
    let mut length = reader.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', into)? as u64;
    let mut ended = into.last() == Some(&b'\n');
    while length > MAX_LINE_BYTES as u64 && !ended {
        let rest = reader.fill_buf()?;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(rest.len(), |end| end + 1);
        if count == 0 {
            break;
        }
        ended = end.is_some();
        length += count as u64;
        reader.consume(count);
    }
    Ok((length > 0).then_some(Taken { ended, length }))
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

/// The keys that mean something, each at most once.
#[derive(Deserialize)]
struct Once {
    #[serde(rename = "input")]
    _input: Option<IgnoredAny>,
    #[serde(rename = "output")]
    _output: Option<IgnoredAny>,
    #[serde(rename = "segment")]
    _segment: Option<IgnoredAny>,
    #[serde(rename = "messages")]
    _messages: Option<IgnoredAny>,
    #[serde(rename = "winback")]
    _own: Option<IgnoredAny>,
}

fn digest(example: &Example) -> Digest {
    let role = example.role.as_deref().unwrap_or_default();
    Digest::of_parts([role, &example.input, &example.output, example.segment.as_str()].map(str::as_bytes))
}

fn read_line(
    bytes: &[u8],
    ended: bool,
    segments: &[SegmentId],
    ignored: &mut BTreeMap<String, u64>,
) -> Result<(Example, Option<Value>), Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| match error.error_len() {
        None if !ended => Refusal::CutShort { why: "half a letter".to_owned() },
        _ => Refusal::NotText { at: error.valid_up_to() + 1 },
    })?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default().to_owned();
        match error.is_eof() && !ended {
            true => Refusal::CutShort { why },
            false => Refusal::NotJson { column: error.column(), why },
        }
    })?;
    let Value::Object(mut line) = value else { return Err(Refusal::NotAnObject { found: kind(&value) }) };
    if let Err(error) = serde_json::from_str::<Once>(text) {
        return Err(Refusal::Twice { why: error.to_string().split(" at line ").next().unwrap_or_default().to_owned() });
    }
    let (role, input, output) = match line.remove("messages") {
        Some(messages) => conversation(&messages)?,
        None => (None, text_of(&mut line, "input")?, text_of(&mut line, "output")?),
    };
    let segment = segment(&text_of(&mut line, "segment")?, segments)?;
    let own = line.remove(OWN_KEY);
    let own_role = own_role(own.as_ref())?;
    let customer = own.as_ref().and_then(|own| CustomerId::parse(own.get("customer")?.as_str()?).ok());
    line.into_iter().for_each(|(key, _)| *ignored.entry(key).or_default() += 1);
    Ok((Example { line: 0, segment, role: role.or(own_role), input, output, customer }, own))
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

/// Returns the role line, what was asked for and what was written.
fn conversation(messages: &Value) -> Result<(Option<String>, String, String), Refusal> {
    let Value::Array(turns) = messages else { return Err(Refusal::NoText { key: "messages".to_owned(), found: kind(messages) }) };
    let roles: Vec<&str> = turns.iter().map(|turn| turn.get("role").and_then(Value::as_str).unwrap_or("?")).collect();
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
    let unknown = || Refusal::Segment { found: name.clone(), suggestion: nearest(&name, names()).map(str::to_owned) };
    match SegmentId::parse(&name) {
        Ok(segment) if segments.is_empty() || segments.contains(&segment) => Ok(segment),
        _ => Err(unknown()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
