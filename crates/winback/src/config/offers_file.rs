//! Reads `offers.toml` into a [`Catalogue`] and remembers the line of everything in it.
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use winback_core::digest::Digest;
use winback_core::locale::Localized;
use winback_core::money::{Currency, Money};
use winback_core::number::{DecimalMark, NumberError, read};
use winback_core::offer::lint::{Lines, Section};
use winback_core::offer::{Catalogue, EffectAssumption, Eligibility, Offer, OfferCost, OfferId, OfferKind, Rule, RuleCase, Terms};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::schema::Theme;
use winback_core::spelling::nearest;

/// The default offer file, as `winback init` writes it.
pub const DEFAULT: &str = include_str!("../../defaults/offers.toml");

/// An offer file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct OffersFile {
    /// The catalogue with its rules.
    pub catalogue: Catalogue,
    /// On which line everything stands, for the linter.
    pub lines: Lines,
}

/// Why an offer file cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, column {column}: {what}")]
pub struct OffersFileError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The column in characters, counted from 1.
    pub column: u64,
    /// What was found, what was expected, and a suggestion where a name looks misspelled.
    pub what: String,
}

/// Reads an offer file; `file` is its name for error messages. Whether its contents make sense is for
/// [`winback_core::offer::lint::lint`] to say.
pub fn parse(text: &str, file: &str) -> Result<OffersFile, OffersFileError> {
    let source = Source { text, file };
    let document = DeTable::parse(text).map_err(|error| source.toml_error(&error))?;
    let lines = lines(&source, document.get_ref());
    let raw: RawFile = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
    let catalogue = raw.into_catalogue(&source, &lines)?;
    Ok(OffersFile { catalogue, lines })
}

struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl Source<'_> {
    /// Returns line and column of a byte, both counted from 1.
    fn place(&self, byte: usize) -> (u64, u64) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() as u64 + 1, before[line_start..].chars().count() as u64 + 1)
    }

    fn error(&self, span: Range<usize>, what: String) -> OffersFileError {
        let (line, column) = self.place(span.start);
        OffersFileError { file: self.file.to_owned(), line, column, what }
    }

    fn toml_error(&self, error: &toml::de::Error) -> OffersFileError {
        self.error(error.span().unwrap_or(0..0), in_plain_words(error.message()))
    }
}

/// Says a message of the TOML reader without its type names and adds a suggestion for a misspelled name.
fn in_plain_words(message: &str) -> String {
    let plain = message
        .trim()
        .replace("expected u8", "expected a whole number from 0 to 255")
        .replace("expected u16", "expected a whole number from 0 to 65535")
        .replace("expected u32", "expected a whole number, 0 or more")
        .replace("expected f64", "expected a number")
        .replace("unknown variant", "unknown word")
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("duplicate key", "the key stands here for the second time; keep one")
        .replace("string values must be quoted, expected literal string", "a value is missing, or a text lacks its quotes")
        .replace('\n', "; ");
    let mut quoted = message.split('`').skip(1).step_by(2);
    let suggestion = match quoted.next() {
        Some(found) if message.starts_with("unknown") => nearest(found, quoted),
        _ => None,
    };
    match suggestion {
        Some(known) => format!("{plain}; did you mean `{known}`?"),
        None => plain,
    }
}

fn lines(source: &Source<'_>, document: &DeTable<'_>) -> Lines {
    let mut lines = Lines::default();
    note_table(source, document, (Section::File, 0), "", &mut lines);
    for (key, section) in [("offer", Section::Offer), ("rule", Section::Rule), ("case", Section::Case)] {
        let entries = document.iter().find(|(name, _)| name.get_ref() == key).and_then(|(_, value)| value.get_ref().as_array());
        for (index, entry) in entries.into_iter().flatten().enumerate() {
            lines.note((section, index), "", source.place(entry.span().start).0);
            if let DeValue::Table(table) = entry.get_ref() {
                note_table(source, table, (section, index), "", &mut lines);
            }
        }
    }
    lines
}

fn note_table(source: &Source<'_>, table: &DeTable<'_>, place: (Section, usize), path: &str, lines: &mut Lines) {
    for (key, value) in table {
        let field = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        lines.note(place, &field, source.place(key.span().start).0);
        if let DeValue::Table(inner) = value.get_ref() {
            note_table(source, inner, place, &field, lines);
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    currency: Spanned<String>,
    margin: f64,
    horizon_months: u16,
    due_days: RawDueDays,
    budget: Option<Spanned<Amount>>,
    #[serde(default)]
    offer: Vec<RawOffer>,
    #[serde(default)]
    rule: Vec<RawRule>,
    #[serde(default)]
    case: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDueDays {
    high: u16,
    medium: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffer {
    id: String,
    kind: OfferKind,
    #[serde(default)]
    name: RawTexts,
    #[serde(default)]
    promise: RawTexts,
    #[serde(default)]
    terms: RawTerms,
    #[serde(default)]
    cost: RawCost,
    #[serde(default)]
    eligible: RawEligible,
    valid_from: Option<Day>,
    valid_until: Option<Day>,
    stock: Option<u32>,
    effect: RawEffect,
    #[serde(default)]
    changes: BTreeMap<String, String>,
}

/// A text in every language; one that is missing is left to the linter, which names them all at once.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTexts {
    #[serde(rename = "zh-TW")]
    zh_tw: String,
    #[serde(rename = "zh-CN")]
    zh_cn: String,
    en: String,
}

/// One text for every language, or a text for each.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or a text for each language: { zh-TW = \"…\", zh-CN = \"…\", en = \"…\" }")]
enum RawWords {
    Same(String),
    Each(RawTexts),
}

impl Default for RawWords {
    fn default() -> Self {
        Self::Each(RawTexts::default())
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerms {
    percent: Option<u8>,
    months: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCost {
    fixed: Option<Spanned<Amount>>,
    percent_of_charge: u8,
    months: u16,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawEligible {
    risk: Vec<RiskLevel>,
    value: Vec<ValueTier>,
    tenure_min: Option<f64>,
    tenure_max: Option<f64>,
    charge_min: Option<Spanned<Amount>>,
    having: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEffect {
    saves: f64,
    #[serde(default)]
    source: RawWords,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    #[serde(default)]
    owner: RawWords,
    date: Day,
    #[serde(default)]
    value: Vec<ValueTier>,
    #[serde(default)]
    risk: Vec<RiskLevel>,
    #[serde(default)]
    reason: Vec<Theme>,
    offers: Vec<OfferId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    value: ValueTier,
    risk: RiskLevel,
    reason: Option<Theme>,
    expect: OfferId,
}

/// A day, written 2030-12-31, with or without quotes.
struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a day such as 2030-12-31")]
        enum Written {
            Plain(toml::value::Datetime),
            Quoted(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Plain(day) => day.to_string(),
            Written::Quoted(text) => text,
        };
        let day = text.trim().parse().map_err(|_| D::Error::custom(format!("{text:?} is no day; expected one such as 2030-12-31")))?;
        Ok(Self(day))
    }
}

/// An amount as it is written; a number without quotes keeps every digit up to the fifteen that a float holds.
struct Amount(String);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount such as 18.50 or \"18.50\"")
            }
            fn visit_str<E>(self, text: &str) -> Result<Amount, E> {
                Ok(Amount(text.to_owned()))
            }
            fn visit_i64<E>(self, whole: i64) -> Result<Amount, E> {
                Ok(Amount(whole.to_string()))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Amount, E> {
                let text = number.to_string();
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                if digits > 15 {
                    Err(E::custom("an amount of so many digits must stand in quotes, such as \"18.50\""))
                } else {
                    Ok(Amount(text))
                }
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl RawFile {
    fn into_catalogue(self, source: &Source<'_>, lines: &Lines) -> Result<Catalogue, OffersFileError> {
        let span = self.currency.span();
        let currency = Currency::parse(self.currency.get_ref()).map_err(|error| source.error(span, error.to_string()))?;
        let money = |amount: &Spanned<Amount>| amount_of(amount, currency, source);
        let offers = self.offer.into_iter().map(|offer| offer.into_offer(currency, &money)).collect::<Result<_, _>>()?;
        let rules = self.rule.into_iter().enumerate().map(|(index, rule)| rule.into_rule(lines.of((Section::Rule, index), ""))).collect();
        let cases = self.case.into_iter().enumerate().map(|(index, case)| case.into_case(lines.of((Section::Case, index), ""))).collect();
        let budget = self.budget.as_ref().map(|amount| budget_of(amount, currency, source)).transpose()?;
        Ok(Catalogue {
            currency,
            budget,
            margin: self.margin,
            horizon_months: self.horizon_months,
            due_days: [self.due_days.high, self.due_days.medium],
            offers,
            rules,
            cases,
            digest: Digest::of(source.text.as_bytes()),
        })
    }
}

fn amount_of(amount: &Spanned<Amount>, currency: Currency, source: &Source<'_>) -> Result<Money, OffersFileError> {
    let text = &amount.get_ref().0;
    let minor = read(text, DecimalMark::Point).and_then(|number| number.value.to_minor(currency.exponent()));
    minor.map(|minor| Money::new(minor, currency)).map_err(|why| {
        let places = currency.exponent();
        let expected = match why {
            NumberError::TooPrecise => format!("{} has {places} decimal places", currency.code()),
            _ => "expected an amount such as 18.50".to_owned(),
        };
        source.error(amount.span(), format!("{text:?} is no amount of money: {why}; {expected}"))
    })
}

/// Reads the budget: an amount of the file's currency, 0 or more.
fn budget_of(amount: &Spanned<Amount>, currency: Currency, source: &Source<'_>) -> Result<Money, OffersFileError> {
    let text = &amount.get_ref().0;
    let code = currency.code();
    if text.chars().any(|c| c.is_alphabetic() || "$€£¥￥".contains(c)) {
        let what = format!("the budget {text:?} names a currency; write the amount alone, in {code}, the currency of this file");
        return Err(source.error(amount.span(), what));
    }
    let money = amount_of(amount, currency, source)?;
    if money.minor < 0 {
        let what = format!("the budget {text:?} is below 0; write 0 or more in {code}, or leave budget out for no limit");
        return Err(source.error(amount.span(), what));
    }
    Ok(money)
}

type ReadMoney<'a> = dyn Fn(&Spanned<Amount>) -> Result<Money, OffersFileError> + 'a;

impl RawOffer {
    fn into_offer(self, currency: Currency, money: &ReadMoney<'_>) -> Result<Offer, OffersFileError> {
        let fixed = self.cost.fixed.as_ref().map(money).transpose()?.unwrap_or(Money::new(0, currency));
        Ok(Offer {
            id: OfferId(self.id),
            kind: self.kind,
            name: self.name.into_localized(),
            promise: self.promise.into_localized(),
            terms: Terms { percent: self.terms.percent, months: self.terms.months },
            cost: OfferCost { fixed, percent_of_charge: self.cost.percent_of_charge, months: self.cost.months },
            eligibility: self.eligible.into_eligibility(money)?,
            valid_from: self.valid_from.map(|day| day.0),
            valid_until: self.valid_until.map(|day| day.0),
            stock: self.stock,
            effect: EffectAssumption { saves: self.effect.saves, source: self.effect.source.into_localized() },
            changes: self.changes.into_iter().collect(),
        })
    }
}

impl RawTexts {
    fn into_localized(self) -> Localized {
        Localized { zh_tw: self.zh_tw, zh_cn: self.zh_cn, en: self.en }
    }
}

impl RawWords {
    fn into_localized(self) -> Localized {
        match self {
            Self::Same(text) => Localized::same(&text),
            Self::Each(texts) => texts.into_localized(),
        }
    }
}

impl RawEligible {
    fn into_eligibility(self, money: &ReadMoney<'_>) -> Result<Eligibility, OffersFileError> {
        Ok(Eligibility {
            risk: self.risk,
            value: self.value,
            tenure_min: self.tenure_min,
            tenure_max: self.tenure_max,
            charge_min: self.charge_min.as_ref().map(money).transpose()?,
            having: self.having.into_iter().collect(),
        })
    }
}

impl RawRule {
    fn into_rule(self, line: u64) -> Rule {
        let Self { id, owner, date: Day(date), value, risk, reason, offers } = self;
        Rule { id, owner: owner.into_localized(), date, value, risk, reason, offers, line }
    }
}

impl RawCase {
    fn into_case(self, line: u64) -> RuleCase {
        let Self { value, risk, reason, expect } = self;
        RuleCase { value, risk, reason, expect, line }
    }
}

#[cfg(test)]
mod tests;
