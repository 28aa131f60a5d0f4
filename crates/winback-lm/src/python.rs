//! Values as Python would print them: chat templates were written for it.
use crate::json::Json;
use crate::template_bounds::TooLarge;
use minijinja::value::{Enumerator, Kwargs, Object, ValueKind};
use minijinja::{Error, ErrorKind, Output, Value};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// How deep lists and maps may lie in one another where they are printed.
const DEEPEST: usize = 128;

/// A map whose keys keep their order.
#[derive(Debug)]
struct Dictionary {
    entries: Vec<(Value, Value)>,
    /// Where each key stands.
    places: HashMap<String, usize>,
}

impl Object for Dictionary {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.entries.get(*self.places.get(key.as_str()?)?).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries.iter().map(|(name, _)| name.clone()).collect())
    }
}

/// Returns JSON as a value for templates. Of two equal keys the later value stands at the earlier's place.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Int(number) => Value::from(*number),
        Json::UInt(number) => Value::from(*number),
        Json::Float(number) => Value::from(*number),
        Json::Text(text) => Value::from(text.as_str()),
        Json::List(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Json::Map(entries) => {
            let mut dictionary = Dictionary { entries: Vec::with_capacity(entries.len()), places: HashMap::new() };
            for (name, inside) in entries {
                match dictionary.places.get(name) {
                    Some(place) => dictionary.entries[*place].1 = value(inside),
                    None => {
                        dictionary.places.insert(name.clone(), dictionary.entries.len());
                        dictionary.entries.push((Value::from(name.as_str()), value(inside)));
                    }
                }
            }
            Value::from_object(dictionary)
        }
    }
}

/// Writes a value as `str()` of Python does for what is no list or map.
pub(crate) fn write(out: &mut Output, value: &Value) -> Result<(), Error> {
    let text = match value.kind() {
        ValueKind::None => "None".to_owned(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.to_owned(),
        ValueKind::Number if !value.is_integer() => float(number(value)?),
        _ => value.to_string(),
    };
    out.write_str(&text).map_err(Error::from)
}

/// The filter `tojson` as transformers defines it: `json.dumps` with `ensure_ascii=False` unless asked otherwise. A text
/// of more than `most` bytes is refused before it is whole.
pub(crate) fn tojson(value: &Value, options: &Kwargs, most: u64) -> Result<Value, Error> {
    let dumper = Dumper {
        most,
        ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        indent: options.get::<Option<usize>>("indent")?.map(|indent| indent.min(16)),
        sorted: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
    };
    options.assert_all_used()?;
    let mut text = String::new();
    dumper.dump(value, 0, &mut text)?;
    Ok(Value::from_safe_string(text))
}

/// `json.dumps`.
struct Dumper {
    most: u64,
    ascii: bool,
    indent: Option<usize>,
    sorted: bool,
}

impl Dumper {
    fn dump(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        let refused = |what: &str| Error::new(ErrorKind::InvalidOperation, format!("tojson cannot write {what}"));
        if out.len() as u64 > self.most {
            return Err(Error::new(ErrorKind::InvalidOperation, "tojson").with_source(TooLarge));
        }
        if depth > DEEPEST {
            return Err(refused("lists that lie so deep in one another"));
        }
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number if value.is_integer() => out.push_str(&value.to_string()),
            ValueKind::Number => out.push_str(&float_in_json(number(value)?)),
            ValueKind::String => self.text(value.as_str().unwrap_or_default(), out),
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth, out)?,
            ValueKind::Map => self.map(value, depth, out)?,
            other => return Err(refused(&other.to_string())),
        }
        Ok(())
    }

    fn list(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        out.push('[');
        let mut any = false;
        for item in value.try_iter()? {
            self.between(any, depth + 1, out);
            self.dump(&item, depth + 1, out)?;
            any = true;
        }
        self.end(any, depth, out);
        out.push(']');
        Ok(())
    }

    fn map(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        let mut keys: Vec<Value> = value.try_iter()?.collect();
        if self.sorted {
            keys.sort();
        }
        out.push('{');
        for (at, key) in keys.iter().enumerate() {
            self.between(at > 0, depth + 1, out);
            let name = key.as_str().map(str::to_owned).unwrap_or_else(|| key.to_string());
            self.text(&name, out);
            out.push_str(": ");
            self.dump(&value.get_item(key)?, depth + 1, out)?;
        }
        self.end(!keys.is_empty(), depth, out);
        out.push('}');
        Ok(())
    }

    fn between(&self, comma: bool, depth: usize, out: &mut String) {
        match (comma, self.indent) {
            (true, None) => out.push_str(", "),
            (false, None) => {}
            (true, Some(indent)) => out.extend([",\n", &" ".repeat(indent * depth)]),
            (false, Some(indent)) => out.extend(["\n", &" ".repeat(indent * depth)]),
        }
    }

    fn end(&self, any: bool, depth: usize, out: &mut String) {
        if let (true, Some(indent)) = (any, self.indent) {
            out.extend(["\n", &" ".repeat(indent * depth)]);
        }
    }

    fn text(&self, text: &str, out: &mut String) {
        out.push('"');
        for letter in text.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '\0'..='\u{1f}' => escape(letter, out),
                '\u{7f}'.. if self.ascii && !letter.is_ascii() => escape(letter, out),
                other => out.push(other),
            }
        }
        out.push('"');
    }
}

/// Writes a letter as `\uXXXX`, or as two of them.
fn escape(letter: char, out: &mut String) {
    for unit in letter.encode_utf16(&mut [0; 2]) {
        // Writing into a string does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

fn number(value: &Value) -> Result<f64, Error> {
    f64::try_from(value.clone())
}

fn float_in_json(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ => float(number),
    }
}

/// Returns `repr(float)`: the shortest digits that give the number back, with an exponent below 1e-4 and from 1e16.
fn float(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "nan"
        } else if number > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        exponent if (-4..16).contains(&exponent) || number == 0.0 => format!("{number:?}"),
        exponent => format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
}
