//! The mails that a company sent before, as JSON lines: `{"id": …, "subject": …, "preview": …, "body": …}`, the preview
//! where there was one.
use crate::json_lines::{JsonLine, JsonLines, LineKind};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use winback_core::digest::Digest;
use winback_core::example::PastMail;
use winback_core::id::CustomerId;
use winback_core::pipeline::import::SourceError;

/// What the lines are like.
const KIND: LineKind = LineKind { most_bytes: 1 << 20, expected: "id, subject and body" };

/// What a file of past mails holds.
#[derive(Clone, Debug, Default)]
pub struct PastMails {
    /// The mails by customer.
    pub mails: HashMap<CustomerId, PastMail>,
    /// The lines that are no mails, with why.
    pub refused: Vec<(u64, String)>,
    /// Keys that mean nothing here, with how many lines have them.
    pub ignored: BTreeMap<String, u64>,
    /// The hash of the file.
    pub digest: Option<Digest>,
}

/// Reads a file of past mails.
///
/// # Errors
/// When the file cannot be read. Lines at fault are named and left out.
pub fn read_past_mails(path: &Path) -> Result<PastMails, SourceError> {
    let mut found = PastMails::default();
    let (mut lines, mut digests) = (JsonLines::open(path, KIND)?, Vec::new());
    while let Some(line) = lines.next_line()? {
        if let Ok(text) = line.text {
            digests.push(Digest::of(text.trim_ascii()));
        }
        match read_line(&line, &mut found.ignored) {
            Ok((id, mail)) => match found.mails.get(&id).map(|first| first.line) {
                Some(first) => {
                    found.refused.push((line.line, format!("the id stood on line {first} already; keep one mail for each customer")));
                }
                None => drop(found.mails.insert(id, mail)),
            },
            Err(why) => found.refused.push((line.line, why)),
        }
    }
    found.digest = Some(Digest::of_parts(digests.iter().map(|digest| digest.0.as_bytes())));
    Ok(found)
}

fn read_line(line: &JsonLine<'_>, ignored: &mut BTreeMap<String, u64>) -> Result<(CustomerId, PastMail), String> {
    let mut object = line.object().map_err(|fault| fault.to_string())?;
    let id = CustomerId::parse(&text_of(&mut object, "id")?).map_err(|error| format!("\"id\": {error}"))?;
    let (subject, body) = (text_of(&mut object, "subject")?, text_of(&mut object, "body")?);
    let preview = match object.remove("preview") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(_) => return Err("\"preview\" is no text; expected one, or leave it out".to_owned()),
    };
    object.into_iter().for_each(|(key, _)| *ignored.entry(key).or_default() += 1);
    Ok((id, PastMail { line: line.line, subject, preview, body }))
}

fn text_of(object: &mut Map<String, Value>, key: &str) -> Result<String, String> {
    match object.remove(key) {
        Some(Value::String(text)) if text.trim().is_empty() => Err(format!("{key:?} is empty; expected a text")),
        Some(Value::String(text)) => Ok(text),
        Some(Value::Number(number)) if key == "id" => {
            Err(format!("\"id\" is the number {number}; put it in quotes, so that zeros in front of it stay"))
        }
        Some(_) => Err(format!("{key:?} is no text; expected one")),
        None => Err(format!("{key:?} is missing; expected id, subject and body")),
    }
}
