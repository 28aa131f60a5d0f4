//! What is asked of a schema before it is compiled, and how it is compiled.
use crate::grammar::{GrammarError, work};
use llguidance::JsonCompileOptions;
use serde_json::Value;

/// The most bytes of a schema, without spaces between its parts.
pub const MOST_SCHEMA_BYTES: usize = 32 << 10;
/// How deep a schema may be nested.
pub const MOST_LEVELS: usize = 48;
/// The most `$ref` of a schema.
pub const MOST_REFERENCES: usize = 128;
/// The largest number in a schema, positive or negative: beyond it not every whole number is a double, and llguidance
/// reckons in doubles.
pub const LARGEST_NUMBER: u64 = (1 << 53) - 1;

/// The key by which a schema tells llguidance how to compile it.
const OPTIONS: &str = "x-guidance";

/// The longest reason of a refusal that is told, in letters.
const MOST_LETTERS: usize = 300;

/// Reads a schema, refuses what is not compiled, and says how the rest is.
pub(super) fn checked(text: &str) -> Result<Value, GrammarError> {
    // Indented as deep as it may be, a schema has some times its bytes; what is far longer is not even read.
    if text.len() > 16 * MOST_SCHEMA_BYTES {
        return Err(GrammarError::TooLarge { found: text.len() });
    }
    let mut schema: Value = serde_json::from_str(text).map_err(|error| GrammarError::NotJson(error.to_string()))?;
    let found = match &schema {
        Value::Object(_) => None,
        Value::Null => Some("null"),
        Value::Bool(_) => Some("true or false"),
        Value::Number(_) => Some("a number"),
        Value::String(_) => Some("a text"),
        Value::Array(_) => Some("a list"),
    };
    if let Some(found) = found {
        return Err(GrammarError::NotAnObject { found });
    }
    let found = schema.to_string().len();
    if found > MOST_SCHEMA_BYTES {
        return Err(GrammarError::TooLarge { found });
    }
    check_parts(&schema)?;
    work::check(&schema)?;
    style().apply_to(&mut schema);
    Ok(schema)
}

/// Refuses what is nested too deep, refers too often, cannot be reckoned with or says how it wants to be compiled.
fn check_parts(schema: &Value) -> Result<(), GrammarError> {
    let (mut parts, mut references) = (vec![(schema, 1)], 0);
    while let Some((part, level)) = parts.pop() {
        if level > MOST_LEVELS {
            return Err(GrammarError::TooDeep);
        }
        match part {
            Value::Array(items) => parts.extend(items.iter().map(|item| (item, level + 1))),
            Value::Object(entries) => {
                if entries.contains_key(OPTIONS) {
                    return Err(GrammarError::Key { key: OPTIONS });
                }
                references += usize::from(entries.contains_key("$ref"));
                parts.extend(entries.values().map(|value| (value, level + 1)));
            }
            Value::Number(number) if number.as_f64().is_none_or(|number| number.abs() > LARGEST_NUMBER as f64) => {
                return Err(GrammarError::Number { found: number.to_string() });
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if references > MOST_REFERENCES { Err(GrammarError::TooManyReferences { found: references }) } else { Ok(()) }
}

/// How JSON is written: as Python's `json.dumps` does, which is what a model has read most often in one line. Space is
/// never the model's choice, so a text of a bounded schema is bounded, and the tokens between values are forced.
/// Letters are written as they are and not as `\u…`, so that a name is spelt in one way only.
fn style() -> JsonCompileOptions {
    JsonCompileOptions {
        item_separator: ", ".to_owned(),
        key_separator: ": ".to_owned(),
        whitespace_flexible: false,
        json_allowed_escapes: Some("nrbtf\\\"".to_owned()),
        ..JsonCompileOptions::default()
    }
}

/// Returns a reason in one line of bounded length, in the words of a schema where llguidance's are about itself. A panic
/// of it is caught and becomes a reason.
pub(super) fn reason<'a>(causes: impl IntoIterator<Item = &'a str>) -> String {
    let mut whole = String::new();
    for cause in causes.into_iter().map(told).filter(|cause| !cause.is_empty()) {
        if whole.contains(&cause) {
            continue;
        }
        let between = if whole.is_empty() { "" } else { ": " };
        whole = format!("{whole}{between}{cause}");
    }
    match whole.char_indices().nth(MOST_LETTERS) {
        Some((cut, _)) => format!("{}…", &whole[..cut]),
        None => whole,
    }
}

/// Returns one cause in a line.
fn told(cause: &str) -> String {
    let mut lines = cause.lines();
    let first = lines.next().unwrap_or_default();
    match first {
        // Behind it stands the pattern, and then what is wrong with it.
        _ if first.starts_with("regex parse error") => {
            let what = lines.find_map(|line| line.strip_prefix("error: ")).unwrap_or("it is no regular expression");
            format!("a pattern of it is not taken: {what}")
        }
        _ if first.starts_with("panic:") => "its compiler failed on it".to_owned(),
        _ if first.starts_with("oneOf constraints are not supported") => {
            "a oneOf of which several could fit at once is not taken; use anyOf".to_owned()
        }
        "NoExtensionBias" => "no text can fit it".to_owned(),
        _ => {
            first.strip_prefix("Unimplemented keys: ").map_or_else(|| first.to_owned(), |keys| format!("these keys are not taken: {keys}"))
        }
    }
}
