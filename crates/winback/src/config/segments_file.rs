//! Reads `segments.toml`: who belongs to which segment, in words a marketer can write.
use super::fault::ConfigError;
use super::reader::{Document, Entry, Section};
use toml::de::DeValue;
use winback_core::locale::Localized;
use winback_core::risk::ValueTier;
use winback_core::segment::SegmentId;
use winback_core::segment::rules::{Absent, Condition, SegmentRule, SegmentRules, Subject, Test};

/// The built-in segments, as `winback init` writes them.
pub const DEFAULT: &str = include_str!("../../defaults/segments.toml");

const SUBJECTS: [&str; 4] = ["column", "role", "days_since", "value_tier"];
const CONDITION: [&str; 9] = ["column", "role", "days_since", "value_tier", "is", "at_least", "below", "missing", "without_column"];

/// Reads the rules. `file` is the name shown in errors. Whether they fit a table is for the linter.
pub fn parse(file: &str, text: &str) -> Result<SegmentRules, ConfigError> {
    let document = Document::new(file, text);
    let root = document.parse()?;
    let root = Section::new(document, "the file", (root.get_ref(), 0..0), &["segment"])?;
    let entries = root.get("segment").map_or(Ok(Vec::new()), |entry| entry.list("sections [[segment]]"))?;
    Ok(SegmentRules { segments: entries.iter().map(read_segment).collect::<Result<_, _>>()? })
}

fn read_segment(entry: &Entry<'_>) -> Result<SegmentRule, ConfigError> {
    const KEYS: [&str; 3] = ["name", "label", "when"];
    let section = entry.section("[[segment]]", &KEYS)?;
    let name = section.need("name", "the segment's name, such as \"Parent_Active\"")?;
    let id = SegmentId::parse(name.filled_text("the segment's name, such as \"Parent_Active\"")?);
    let id = id.map_err(|error| name.other(error.to_string()))?;
    let section = entry.section(&format!("[[segment]] {:?}", id.as_str()), &KEYS)?;
    let when =
        section.need("when", "a list of conditions, such as [{ role = \"tenure\", at_least = 12 }], or [] for everybody who is left")?;
    Ok(SegmentRule {
        label: section.get("label").map_or_else(|| Ok(Localized::same(id.as_str())), |entry| entry.localized())?,
        when: when.list("a list of conditions")?.iter().map(read_condition).collect::<Result<_, _>>()?,
        line: line(entry),
        id,
    })
}

fn line(entry: &Entry<'_>) -> u64 {
    u64::try_from(entry.place().line).unwrap_or(u64::MAX)
}

fn read_condition(entry: &Entry<'_>) -> Result<Condition, ConfigError> {
    let section = entry.section("the condition", &CONDITION)?;
    let named: Vec<&str> = SUBJECTS.into_iter().filter(|key| section.get(key).is_some()).collect();
    let [subject] = named.as_slice() else {
        return Err(entry.other(format!("a condition looks at exactly one of {}; this one names {}", SUBJECTS.join(", "), named.len())));
    };
    let (subject, tiers) = read_subject(&section, subject)?;
    let absent = match section.get("without_column") {
        None => Absent::Wrong,
        Some(entry) => Absent::from_word(entry.word(&["holds", "fails"])?).unwrap_or(Absent::Wrong),
    };
    let test = match tiers {
        Some(tiers) => one_test(entry, &section, Some(Test::Tier(tiers)))?,
        None => one_test(entry, &section, None)?,
    };
    Ok(Condition { subject, test, absent, line: line(entry) })
}

/// Returns what is looked at, and the tiers where it is the value tier.
fn read_subject(section: &Section<'_>, key: &'static str) -> Result<(Subject, Option<Vec<ValueTier>>), ConfigError> {
    let entry = section.need(key, "what the condition looks at")?;
    let name = || entry.filled_text("the name of a column").map(|name| name.trim().to_owned());
    Ok(match key {
        "column" => (Subject::Column(name()?), None),
        "days_since" => (Subject::DaysSince(name()?), None),
        "role" => {
            let word = entry.word(&Subject::ROLES.map(|(word, _)| word))?;
            let role = Subject::ROLES.into_iter().find(|(known, _)| *known == word).map(|(_, role)| role);
            (Subject::Role(role.ok_or_else(|| entry.expected("a role"))?), None)
        }
        _ => (Subject::ValueTier, Some(read_tiers(&entry)?)),
    })
}

fn read_tiers(entry: &Entry<'_>) -> Result<Vec<ValueTier>, ConfigError> {
    const EXPECTED: &str = "high, mid or low, or a list of them";
    let words = if entry.value().as_array().is_some() { entry.list(EXPECTED)? } else { vec![entry.clone()] };
    let known = ValueTier::ALL.map(ValueTier::tag);
    let tier = |entry: &Entry<'_>| {
        let word = entry.word(&known)?;
        ValueTier::from_tag(word).ok_or_else(|| entry.expected(EXPECTED))
    };
    if words.is_empty() { Err(entry.expected(EXPECTED)) } else { words.iter().map(tier).collect() }
}

/// Returns the one thing a condition asks.
fn one_test(entry: &Entry<'_>, section: &Section<'_>, tier: Option<Test>) -> Result<Test, ConfigError> {
    let mut found: Vec<Test> = tier.into_iter().collect();
    if let Some(words) = section.get("is") {
        found.push(Test::OneOf(read_words(&words)?));
    }
    if let Some(missing) = section.get("missing") {
        found.push(Test::Missing(missing.switch()?));
    }
    let limit = |key| section.get(key).map(|entry: Entry<'_>| read_number(&entry)).transpose();
    let (at_least, below) = (limit("at_least")?, limit("below")?);
    if at_least.is_some() || below.is_some() {
        found.push(Test::Between { at_least, below });
    }
    match <[Test; 1]>::try_from(found) {
        Ok([test]) => Ok(test),
        Err(found) if found.is_empty() => Err(entry.other("the condition asks nothing; give is, at_least, below or missing".into())),
        Err(_) => Err(entry.other("the condition asks two things; make two conditions of it".into())),
    }
}

/// Returns a finite number of either kind; money may be written as a text, as elsewhere.
fn read_number(entry: &Entry<'_>) -> Result<f64, ConfigError> {
    const EXPECTED: &str = "a number such as 60 or 79.99";
    let number = match entry.value().as_str() {
        Some(text) => text.trim().parse().map_err(|_| entry.expected(EXPECTED))?,
        None => entry.number(EXPECTED)?,
    };
    if number.is_finite() { Ok(number) } else { Err(entry.expected(EXPECTED)) }
}

fn read_words(entry: &Entry<'_>) -> Result<Vec<String>, ConfigError> {
    const EXPECTED: &str = "a word, or a list of words";
    let one = |entry: &Entry<'_>| match entry.value() {
        DeValue::Boolean(true) => Ok("yes".to_owned()),
        DeValue::Boolean(false) => Ok("no".to_owned()),
        DeValue::Integer(_) | DeValue::Float(_) => entry.number(EXPECTED).map(|number| number.to_string()),
        _ => entry.filled_text(EXPECTED).map(str::to_owned),
    };
    let entries = if entry.value().as_array().is_some() { entry.list(EXPECTED)? } else { vec![entry.clone()] };
    if entries.is_empty() { Err(entry.expected(EXPECTED)) } else { entries.iter().map(one).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::init::SCHEMAS;
    use crate::config::schema_file;
    use winback_core::segment::BUILT_IN;
    use winback_core::segment::lint::lint;

    #[test]
    fn the_built_in_five_fit_every_built_in_table() {
        let rules = parse("segments.toml", DEFAULT).unwrap();
        let mut names: Vec<&str> = rules.segments.iter().map(|rule| rule.id.as_str()).collect();
        names.sort_unstable();
        let mut five = BUILT_IN;
        five.sort_unstable();
        assert_eq!(names, five);
        for (name, text) in SCHEMAS {
            let schema = schema_file::parse("schema.toml", text).unwrap();
            let wrong: Vec<_> =
                lint(&rules, &schema, winback_core::risk::ValueBy::Monthly).into_iter().filter(|finding| finding.is_error).collect();
            assert!(wrong.is_empty(), "{name}: {wrong:?}");
        }
    }

    #[test]
    fn every_fault_is_shown_where_it_stands() {
        let check = |text: &str, expected: &str| {
            let told = parse("segments.toml", text).unwrap_err().to_string();
            assert_eq!(told, format!("segments.toml:{expected}"), "{text}");
        };
        let when = |condition: &str| format!("[[segment]]\nname = \"A\"\nwhen = [{condition}]\n");
        check("[[segmnt]]\n", "1:3: unknown key \"segmnt\" in the file; did you mean \"segment\"?");
        check(
            "[[segment]]\nname = \"a b\"\nwhen = []\n",
            "2:8: \"a b\" is no name for a segment; expected letters, digits, _ and - (at most 64 bytes), such as Parent_Active",
        );
        check(
            "[[segment]]\nname = \"A\"\n",
            "1:1: [[segment]] \"A\" lacks \"when\"; expected a list of conditions, such as [{ role = \"tenure\", at_least = 12 }], or [] for everybody who is left",
        );
        check(&when("{ at_least = 3 }"), "3:9: a condition looks at exactly one of column, role, days_since, value_tier; this one names 0");
        check(
            &when("{ column = \"a\", role = \"tenure\", is = 1 }"),
            "3:9: a condition looks at exactly one of column, role, days_since, value_tier; this one names 2",
        );
        check(&when("{ column = \"a\" }"), "3:9: the condition asks nothing; give is, at_least, below or missing");
        check(&when("{ column = \"a\", is = 1, below = 2 }"), "3:9: the condition asks two things; make two conditions of it");
        check(&when("{ role = \"tenur\", below = 2 }"), "3:18: \"role\" holds \"tenur\"; did you mean \"tenure\"?");
        check(&when("{ value_tier = \"hihg\" }"), "3:24: \"value_tier\" holds \"hihg\"; did you mean \"high\"?");
        check(
            &when("{ column = \"a\", at_least = nan }"),
            "3:36: \"at_least\" holds the number nan; expected a number such as 60 or 79.99",
        );
        check(&when("{ column = \"a\", is = [] }"), "3:30: \"is\" holds a list; expected a word, or a list of words");
        check(
            &when("{ column = \"a\", is = 1, without_column = \"fail\" }"),
            "3:50: \"without_column\" holds \"fail\"; did you mean \"fails\"?",
        );
    }
}
