//! How much work a schema may be, as far as it can be told before it is compiled. llguidance counts the states of a text
//! while it goes, and not what it takes to see whether patterns exclude each other, whether one text can fit several at
//! once, or whether there is a multiple of a number at all.
use crate::grammar::GrammarError;
use serde_json::{Map, Value};

/// What the `multipleOf` of a schema may come to, added up without their decimal points; where schemas are joined, also
/// their least common multiple. llguidance goes through as many remainders.
pub const MOST_MULTIPLES: u64 = 10_000;
/// The most names that `patternProperties` give patterns for, in a whole schema. Each two are compared.
pub const MOST_NAME_PATTERNS: usize = 16;
/// The most bytes of such a pattern.
pub const MOST_NAME_PATTERN_BYTES: usize = 512;
/// The most patterns and formats of a schema that joins schemas: a text must then fit several at once, and what is tried
/// for that is as the product of what there is to try for each.
pub const MOST_JOINED: usize = 4;
/// The most bytes of those patterns together.
pub const MOST_JOINED_BYTES: usize = 256;

/// The most digits behind the point of a `multipleOf`.
const MOST_DIGITS: u32 = 9;
/// Keys that say nothing about what is valid.
const NOTES: [&str; 14] = [
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "example",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// What there is in a schema that makes work. A property or a value that is named like a key is taken for the key where
/// it looks like one, since a `$ref` may lead to it.
#[derive(Debug, Default)]
struct Work {
    multiples: u64,
    /// The least common multiple, as a whole number and how many of its digits are behind the point; `None` where there is
    /// none that fits.
    common: Option<(u64, u32)>,
    names: usize,
    patterns: usize,
    pattern_bytes: usize,
    joins: bool,
}

/// Refuses a schema that is more work than is done for one.
pub(super) fn check(schema: &Value) -> Result<(), GrammarError> {
    let mut work = Work { common: Some((1, 0)), ..Work::default() };
    let mut parts = vec![schema];
    while let Some(part) = parts.pop() {
        match part {
            Value::Array(items) => parts.extend(items),
            Value::Object(entries) => {
                work.add(entries)?;
                parts.extend(entries.values());
            }
            _ => {}
        }
    }
    work.check()
}

impl Work {
    fn add(&mut self, entries: &Map<String, Value>) -> Result<(), GrammarError> {
        if let Some(number) = entries.get("multipleOf").and_then(Value::as_f64) {
            let (whole, digits) = decimal(number).ok_or_else(|| refuse(format!("multipleOf {number} has too many digits")))?;
            self.multiples = self.multiples.saturating_add(whole);
            self.common = self.common.and_then(|common| common_multiple(common, (whole, digits)));
        }
        if let Some(Value::Object(named)) = entries.get("patternProperties") {
            self.names += named.len();
            self.patterns += named.len();
            self.pattern_bytes += named.keys().map(String::len).sum::<usize>();
            if let Some(long) = named.keys().map(String::len).find(|bytes| *bytes > MOST_NAME_PATTERN_BYTES) {
                let text = format!("a pattern of patternProperties has {long} bytes; at most {MOST_NAME_PATTERN_BYTES} are taken");
                return Err(refuse(text));
            }
        }
        let texts = ["pattern", "format"].into_iter().filter_map(|key| entries.get(key)?.as_str());
        for text in texts {
            self.patterns += 1;
            self.pattern_bytes += text.len();
        }
        self.joins |= joins(entries);
        Ok(())
    }

    fn check(&self) -> Result<(), GrammarError> {
        if self.multiples > MOST_MULTIPLES {
            let found = self.multiples;
            return Err(refuse(format!("its multipleOf add up to {found} without decimal points; at most {MOST_MULTIPLES} are taken")));
        }
        if self.names > MOST_NAME_PATTERNS {
            return Err(refuse(format!("it has {} patternProperties; at most {MOST_NAME_PATTERNS} are taken", self.names)));
        }
        if !self.joins {
            return Ok(());
        }
        let joined = "it joins schemas (by allOf, or by $ref, anyOf, oneOf or patternProperties beside other keys) and";
        if self.common.is_none_or(|(whole, _)| whole > MOST_MULTIPLES) {
            return Err(refuse(format!("{joined} its multipleOf have no common multiple up to {MOST_MULTIPLES}")));
        }
        if self.patterns > MOST_JOINED || self.pattern_bytes > MOST_JOINED_BYTES {
            let (count, bytes) = (self.patterns, self.pattern_bytes);
            return Err(refuse(format!(
                "{joined} has {count} patterns and formats of {bytes} bytes; then at most {MOST_JOINED} of {MOST_JOINED_BYTES} are taken"
            )));
        }
        Ok(())
    }
}

fn refuse(what: String) -> GrammarError {
    GrammarError::TooMuchWork(what)
}

/// Returns whether a part may ask one value to fit several schemas.
fn joins(entries: &Map<String, Value>) -> bool {
    let says = entries.keys().filter(|key| !NOTES.contains(&key.as_str())).count();
    let several = |key: &str| entries.get(key).is_some_and(Value::is_array) && says > 1;
    let all_of = entries.get("allOf").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    let refers = entries.get("$ref").is_some_and(Value::is_string) && says > 1;
    let named = entries.contains_key("properties") && entries.get("patternProperties").is_some_and(makes_work);
    all_of || refers || named || ["allOf", "anyOf", "oneOf"].into_iter().any(several)
}

/// Returns whether there is something in the schemas of a map that makes work when it is joined.
fn makes_work(schemas: &Value) -> bool {
    let mut parts: Vec<&Value> = schemas.as_object().into_iter().flat_map(Map::values).collect();
    while let Some(part) = parts.pop() {
        match part {
            Value::Array(items) => parts.extend(items),
            Value::Object(entries) => {
                if ["$ref", "pattern", "format", "patternProperties", "multipleOf"].into_iter().any(|key| entries.contains_key(key)) {
                    return true;
                }
                parts.extend(entries.values());
            }
            _ => {}
        }
    }
    false
}

/// Returns a number as llguidance reckons with it: a whole one and how many of its digits are behind the point.
fn decimal(mut number: f64) -> Option<(u64, u32)> {
    let mut digits = 0;
    while number.fract() != 0.0 {
        if digits == MOST_DIGITS {
            return None;
        }
        number *= 10.0;
        digits += 1;
    }
    (0.0..=f64::from(u32::MAX)).contains(&number).then(|| reduced(number as u64, digits))
}

fn reduced(mut whole: u64, mut digits: u32) -> (u64, u32) {
    while digits > 0 && whole.is_multiple_of(10) {
        (whole, digits) = (whole / 10, digits - 1);
    }
    (whole, digits)
}

fn common_multiple(a: (u64, u32), b: (u64, u32)) -> Option<(u64, u32)> {
    let digits = a.1.max(b.1);
    let shifted = |(whole, own): (u64, u32)| whole.checked_mul(10_u64.pow(digits - own));
    let (a, b) = (shifted(a)?, shifted(b)?);
    let common = if a == 0 || b == 0 { 0 } else { (a / divisor(a, b)).checked_mul(b)? };
    // llguidance multiplies the two in 32 bits.
    a.checked_mul(b).filter(|product| *product <= u64::from(u32::MAX)).map(|_| reduced(common, digits))
}

fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_taken_apart_as_llguidance_does() {
        let check = |number: f64, expected: Option<(u64, u32)>| assert_eq!(decimal(number), expected, "{number}");
        check(5.0, Some((5, 0)));
        check(0.01, Some((1, 2)));
        check(2.5, Some((25, 1)));
        check(100.0, Some((100, 0)));
        check(-1.0, None);
        check(1e-300, None);
        check(4_294_967_296.0, None);
        let check = |a, b, expected| assert_eq!(common_multiple(a, b), expected, "{a:?} {b:?}");
        check((4, 0), (6, 0), Some((12, 0)));
        check((15, 2), (20, 0), Some((60, 0)));
        check((0, 0), (6, 0), Some((0, 0)));
        check((100_003, 0), (99_991, 0), None);
    }

    #[test]
    fn schemas_are_joined_where_one_value_must_fit_several() {
        let check = |schema: Value, expected: bool| assert_eq!(joins(schema.as_object().unwrap()), expected, "{schema}");
        check(json!({ "allOf": [{}] }), false);
        check(json!({ "title": "a", "allOf": [{ "$ref": "#/$defs/a" }], "default": 1 }), false);
        check(json!({ "allOf": [{}, {}] }), true);
        check(json!({ "type": "object", "allOf": [{}] }), true);
        check(json!({ "$ref": "#/$defs/a", "description": "x", "$defs": {} }), false);
        check(json!({ "$ref": "#/$defs/a", "pattern": "x" }), true);
        check(json!({ "anyOf": [{}, {}] }), false);
        check(json!({ "oneOf": [{}, {}], "type": "string" }), true);
        // Names of properties.
        check(json!({ "$ref": { "type": "string" }, "allOf": {}, "pattern": {} }), false);
        check(json!({ "properties": {}, "patternProperties": { "^x": { "type": "string" } } }), false);
        check(json!({ "properties": {}, "patternProperties": { "^x": { "items": { "pattern": "a" } } } }), true);
    }
}
