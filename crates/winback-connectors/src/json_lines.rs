//! Files of JSON lines, read one line at a time: of a line that is too long no more than its beginning is ever in memory.
use crate::file::{open, unread};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use winback_core::pipeline::import::SourceError;

/// Why a line holds no JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Not text.
    #[error("byte {at} is no UTF-8; expected a line of UTF-8 text")]
    NotText {
        /// The first such byte, counted from 1.
        at: usize,
    },
    /// Longer than any line of its kind.
    #[error("the line has {bytes} bytes; at most {most} are read")]
    TooLong {
        /// How long it is.
        bytes: u64,
        /// How long it may be.
        most: usize,
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
    #[error("this is {found}; expected an object with {expected}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
        /// The keys of an object of the file.
        expected: &'static str,
    },
    /// A key is there twice.
    #[error("{why}; expected each key once")]
    Twice {
        /// Which.
        why: String,
    },
}

/// What the lines of a file are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineKind {
    /// The longest line, in bytes, its end included.
    pub most_bytes: usize,
    /// The keys that an object has, for those who have none.
    pub expected: &'static str,
}

/// A file, line by line.
pub(crate) struct JsonLines {
    path: PathBuf,
    reader: BufReader<File>,
    kind: LineKind,
    bytes: Vec<u8>,
    line: u64,
}

/// A line that is not blank.
pub(crate) struct JsonLine<'a> {
    /// The line, counted from 1.
    pub line: u64,
    /// What stands on it: without its end, without a byte order mark.
    pub text: Result<&'a [u8], LineFault>,
    /// Whether its end was there.
    ended: bool,
    kind: LineKind,
}

impl JsonLines {
    pub fn open(path: &Path, kind: LineKind) -> Result<Self, SourceError> {
        Ok(Self { path: path.to_owned(), reader: BufReader::new(open(path)?), kind, bytes: Vec::new(), line: 0 })
    }

    /// Returns the next line that is not blank; `None` behind the last one.
    pub fn next_line(&mut self) -> Result<Option<JsonLine<'_>>, SourceError> {
        loop {
            let taken = take_line(&mut self.reader, &mut self.bytes, self.kind.most_bytes).map_err(|error| unread(&self.path, error))?;
            let Some(Taken { ended, length }) = taken else { return Ok(None) };
            self.line += 1;
            let (line, kind) = (self.line, self.kind);
            if length > kind.most_bytes as u64 {
                let text = Err(LineFault::TooLong { bytes: length, most: kind.most_bytes });
                return Ok(Some(JsonLine { line, text, ended, kind }));
            }
            let from = if line == 1 && self.bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
            if !self.bytes[from..].trim_ascii().is_empty() {
                return Ok(Some(JsonLine { line, text: Ok(self.bytes[from..].trim_ascii_end()), ended, kind }));
            }
        }
    }
}

impl JsonLine<'_> {
    /// Returns the object that stands on the line. No key stands in it twice, nor in anything inside it.
    pub fn object(&self) -> Result<Map<String, Value>, LineFault> {
        let bytes = self.text.clone()?;
        let text = std::str::from_utf8(bytes).map_err(|error| match error.error_len() {
            None if !self.ended => LineFault::CutShort { why: "half a letter".to_owned() },
            _ => LineFault::NotText { at: error.valid_up_to() + 1 },
        })?;
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let why = reason(&error);
            match error.is_eof() && !self.ended {
                true => LineFault::CutShort { why },
                false => LineFault::NotJson { column: error.column(), why },
            }
        })?;
        let Value::Object(object) = value else {
            return Err(LineFault::NotAnObject { found: kind_of(&value), expected: self.kind.expected });
        };
        match serde_json::from_str::<Once>(text) {
            Ok(Once) => Ok(object),
            Err(error) => Err(LineFault::Twice { why: reason(&error) }),
        }
    }
}

/// Returns what a value is, for people.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Returns what JSON says is wrong, without the place.
fn reason(error: &serde_json::Error) -> String {
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    match why {
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "half of a surrogate pair; write both halves, or the character itself".to_owned()
        }
        why => why.to_owned(),
    }
}

/// A line that was taken.
struct Taken {
    ended: bool,
    /// How many bytes it has, its end included.
    length: u64,
}

/// Takes the next line over what was in `into`; of a line that is too long no more than its beginning is kept. Returns `None`
/// behind the last one.
fn take_line(reader: &mut impl BufRead, into: &mut Vec<u8>, most: usize) -> io::Result<Option<Taken>> {
    into.clear();
    let mut length = reader.by_ref().take(most as u64 + 1).read_until(b'\n', into)? as u64;
    let mut ended = into.last() == Some(&b'\n');
    while length > most as u64 && !ended {
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

/// JSON in which no object has a key twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Once;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some((key, Once)) = map.next_entry::<String, Once>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{}`", key.chars().take(80).collect::<String>())));
            }
            seen.insert(key);
        }
        Ok(Once)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Once, A::Error> {
        while list.next_element::<Once>()?.is_some() {}
        Ok(Once)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once)
    }
}
