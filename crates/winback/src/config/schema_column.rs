//! Reads one `[[column]]` of `schema.toml`.
use super::fault::ConfigError;
use super::reader::{Entry, Section};
use super::schema_file::theme;
use std::collections::BTreeMap;
use winback_core::locale::Localized;
use winback_core::schema::{AtLeast, CellRules, Column, ColumnKind, Expectation, MissingRule, Role, Several, Theme};

/// The keys a `[[column]]` can hold.
const KEYS: [&str; 22] = [
    "name", "aliases", "type", "role", "unused", "missing", "optional", "yes", "no", "levels", "min", "max", "label", "values", "theme",
    "unit", "tell", "period", "expect", "unknown", "several", "at_least",
];

/// The types a column can have, as the file writes them.
pub const KINDS: [&str; 6] = ["text", "number", "money", "flag", "category", "date"];

/// The limits of a number column that gives none: whole numbers up to there are exact.
const WIDEST: f64 = 1e15;

/// Returns the column a `[[column]]` describes.
pub fn read_column(entry: &Entry<'_>) -> Result<Column, ConfigError> {
    let unnamed = entry.section("[[column]]", &KEYS)?;
    let name = unnamed.need("name", "the column's name in the header")?.filled_text("the column's name in the header")?.trim().to_owned();
    let section = entry.section(&format!("[[column]] {name:?}"), &KEYS)?;
    let kind = read_kind(&section)?;
    let role = read_role(&section, &kind)?;
    Ok(Column {
        aliases: section.get("aliases").map_or(Ok(Vec::new()), |entry| entry.texts("a list of other header names"))?,
        missing: section.get("missing").map_or_else(|| Ok(usual_missing(&role)), |entry| read_missing(&entry))?,
        label: section.get("label").map_or_else(|| Ok(Localized::same(&name)), |entry| entry.localized())?,
        theme: section.get("theme").map_or_else(|| Ok(usual_theme(&role)), |entry| theme(&entry))?,
        value_labels: section.get("values").map_or_else(|| Ok(BTreeMap::new()), |entry| read_values(&entry, &kind))?,
        unit: section.get("unit").map(|entry| entry.localized()).transpose()?,
        optional: section.get("optional").map_or(Ok(false), |entry| entry.switch())?,
        tell: section.get("tell").map_or(Ok(false), |entry| entry.switch())?,
        period: section.get("period").map(|entry| entry.localized()).transpose()?,
        expect: section.get("expect").map(|entry| read_expect(&entry)).transpose()?,
        cells: CellRules {
            unknown: section
                .get("unknown")
                .map_or(Ok(Vec::new()), |entry| entry.texts("a list of words that mean that nothing is known"))?,
            several: section.get("several").map(|entry| read_several(&entry)).transpose()?,
            at_least: section.get("at_least").map_or(Ok(Vec::new()), |entry| read_at_least(&entry))?,
        },
        name,
        kind,
        role,
    })
}

fn read_expect(entry: &Entry<'_>) -> Result<Expectation, ConfigError> {
    let word = entry.word(&Expectation::WORDS.map(|(word, _)| word))?;
    let known = Expectation::WORDS.into_iter().find(|(known, _)| *known == word);
    known.map(|(_, expectation)| expectation).ok_or_else(|| entry.expected("rises or falls"))
}

fn read_several(entry: &Entry<'_>) -> Result<Several, ConfigError> {
    let word = entry.word(&Several::WORDS.map(|(word, _)| word))?;
    let known = Several::WORDS.into_iter().find(|(known, _)| *known == word);
    known.map(|(_, several)| several).ok_or_else(|| entry.expected("min, max or median"))
}

fn read_at_least(entry: &Entry<'_>) -> Result<Vec<AtLeast>, ConfigError> {
    const EXPECTED: &str = "another column, and how much more, as in [{ column = \"Work_Experience\", plus = 14 }]";
    let read = |entry: &Entry<'_>| {
        let section = entry.section("\"at_least\"", &["column", "plus"])?;
        let column = section.need("column", EXPECTED)?.filled_text(EXPECTED)?.trim().to_owned();
        let plus = section.get("plus").map_or(Ok(0.0), |entry| entry.number("a number"))?;
        if plus.is_finite() { Ok(AtLeast { column, plus }) } else { Err(entry.expected(EXPECTED)) }
    };
    entry.list(EXPECTED)?.iter().map(read).collect()
}

fn read_kind(section: &Section<'_>) -> Result<ColumnKind, ConfigError> {
    let entry = section.need("type", &format!("one of {}", KINDS.join(", ")))?;
    let word = entry.word(&KINDS)?;
    for (key, owner) in [("yes", "flag"), ("no", "flag"), ("levels", "category"), ("min", "number"), ("max", "number")] {
        if let Some(stray) = section.get(key).filter(|_| word != owner) {
            return Err(stray.other(format!("{key:?} belongs to a column of type {owner}; this column is of type {word}")));
        }
    }
    Ok(match word {
        "number" => ColumnKind::Number { min: limit(section, "min", -WIDEST)?, max: limit(section, "max", WIDEST)? },
        "money" => ColumnKind::Money,
        "date" => ColumnKind::Date,
        "flag" => read_flag(section)?,
        "category" => {
            ColumnKind::Category { levels: section.get("levels").map_or(Ok(Vec::new()), |entry| entry.texts("a list of words"))? }
        }
        _ => ColumnKind::Text,
    })
}

fn limit(section: &Section<'_>, key: &'static str, otherwise: f64) -> Result<f64, ConfigError> {
    section.get(key).map_or(Ok(otherwise), |entry| entry.number("a number"))
}

fn read_flag(section: &Section<'_>) -> Result<ColumnKind, ConfigError> {
    let words = |key, example| {
        let expected = format!("the words that mean {key}, such as [\"{example}\"]");
        let entry = section.need(key, &expected)?;
        let words = entry.texts(&expected)?;
        if words.iter().any(|word| !word.trim().is_empty()) { Ok(words) } else { Err(entry.expected(&expected)) }
    };
    let (yes, no) = (words("yes", "Yes")?, words("no", "No")?);
    match yes.iter().find(|word| no.iter().any(|other| other.trim().eq_ignore_ascii_case(word.trim()))) {
        Some(word) => Err(section.other(format!("{} uses the word {word:?} for yes and for no", section.name()))),
        None => Ok(ColumnKind::Flag { yes, no }),
    }
}

/// The words for roles, as the file writes them.
const ROLES: [(&str, Role); 20] = [
    ("id", Role::Id),
    ("label", Role::Label),
    ("feature", Role::Feature),
    ("trait", Role::Trait),
    ("monthly_charge", Role::MonthlyCharge),
    ("total_charge", Role::TotalCharge),
    ("usage", Role::Usage),
    ("tenure", Role::Tenure),
    ("contract", Role::Contract),
    ("contract_end", Role::ContractEnd),
    ("first_name", Role::FirstName),
    ("email", Role::Email),
    ("phone", Role::Phone),
    ("language", Role::Language),
    ("segment", Role::Segment),
    ("days_inactive", Role::DaysInactive),
    ("favourites", Role::Favourites),
    ("email_consent", Role::EmailConsent),
    ("sms_consent", Role::SmsConsent),
    ("call_consent", Role::CallConsent),
];

fn read_role(section: &Section<'_>, kind: &ColumnKind) -> Result<Role, ConfigError> {
    match (section.get("role"), section.get("unused")) {
        (Some(role), Some(_)) => Err(role.other(format!("{} has a role and is unused; keep one of the two", section.name()))),
        (None, Some(why)) => Ok(Role::Unused { why: why.filled_text("why the model does not use the column")?.to_owned() }),
        (Some(entry), None) => {
            let word = entry.word(&ROLES.each_ref().map(|(word, _)| *word))?;
            let role = ROLES.into_iter().find(|(known, _)| *known == word).map(|(_, role)| role);
            role.ok_or_else(|| entry.expected("a role"))
        }
        (None, None) if matches!(kind, ColumnKind::Text | ColumnKind::Date) => Err(section.other(format!(
            "{} is text or a date, which the model cannot use; give it a role such as id or email, or unused = \"why\"",
            section.name()
        ))),
        (None, None) => Ok(Role::Feature),
    }
}

/// What an empty cell means where the file does not say: what the model needs must be there, the rest may be missing.
fn usual_missing(role: &Role) -> MissingRule {
    if role.is_feature() || matches!(role, Role::Id | Role::Label) { MissingRule::Reject } else { MissingRule::Learn }
}

fn usual_theme(role: &Role) -> Theme {
    match role {
        Role::MonthlyCharge | Role::TotalCharge => Theme::Price,
        Role::Tenure => Theme::Loyalty,
        Role::Contract | Role::ContractEnd => Theme::Contract,
        Role::DaysInactive | Role::Usage => Theme::Usage,
        _ => Theme::Profile,
    }
}

fn read_missing(entry: &Entry<'_>) -> Result<MissingRule, ConfigError> {
    const EXPECTED: &str = "\"reject\", \"learn\", { fill = \"a value\" } or { zero_when_zero = \"a column\" }";
    if let Some(word) = entry.value().as_str() {
        return match word {
            "reject" => Ok(MissingRule::Reject),
            "learn" => Ok(MissingRule::Learn),
            _ => Err(entry.unknown_word(word, &["reject", "learn", "{ fill = … }", "{ zero_when_zero = … }"])),
        };
    }
    if entry.value().as_table().is_none() {
        return Err(entry.expected(EXPECTED));
    }
    let section = entry.section("\"missing\"", &["fill", "zero_when_zero"])?;
    match (section.get("fill"), section.get("zero_when_zero")) {
        (Some(value), None) => {
            Ok(MissingRule::Fill { value: value.filled_text("the value as the file would write it, in quotes")?.to_owned() })
        }
        (None, Some(column)) => Ok(MissingRule::ZeroWhenZero { column: column.filled_text("the name of a column")?.to_owned() }),
        _ => Err(entry.expected(EXPECTED)),
    }
}

/// Returns the words for values, each of which must be a value the column can hold.
fn read_values(entry: &Entry<'_>, kind: &ColumnKind) -> Result<BTreeMap<String, Localized>, ConfigError> {
    let known: Vec<&str> = match kind {
        ColumnKind::Flag { .. } => vec!["yes", "no"],
        ColumnKind::Category { levels } => levels.iter().map(String::as_str).collect(),
        _ => return Err(entry.other("\"values\" belongs to a column of type flag or category".into())),
    };
    let mut labels = BTreeMap::new();
    for (value, words) in entry.entries("words for each value, such as { \"Yes\" = { zh-TW = …, zh-CN = …, en = … } }")? {
        if !known.is_empty() && !known.contains(&value) {
            return Err(words.named("values").unknown_word(value, &known));
        }
        labels.insert(value.to_owned(), words.localized()?);
    }
    Ok(labels)
}
