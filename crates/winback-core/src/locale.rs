//! The languages Winback writes, and values that exist in all of them.
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A language and its region; every text Winback writes exists in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Locale {
    /// Traditional Chinese as written in Taiwan.
    #[serde(rename = "zh-TW")]
    ZhTw,
    /// Simplified Chinese as written in mainland China.
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Locale {
    /// Every locale, in the order the language switch shows them.
    pub const ALL: [Locale; 3] = [Locale::ZhTw, Locale::ZhCn, Locale::En];

    /// Returns the BCP 47 tag: `zh-TW`, `zh-CN` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Locale::ZhTw => "zh-TW",
            Locale::ZhCn => "zh-CN",
            Locale::En => "en",
        }
    }

    /// Returns the locale that best fits a BCP 47 tag such as `zh-Hant`, `zh_CN` or `en-GB`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim().to_ascii_lowercase().replace('_', "-");
        match tag.as_str() {
            "zh-tw" | "zh-hk" | "zh-mo" | "zh-hant" => Some(Locale::ZhTw),
            "zh" | "zh-cn" | "zh-sg" | "zh-hans" => Some(Locale::ZhCn),
            _ if tag.starts_with("zh-hant") => Some(Locale::ZhTw),
            _ if tag.starts_with("zh-hans") => Some(Locale::ZhCn),
            _ if tag == "en" || tag.starts_with("en-") => Some(Locale::En),
            _ => None,
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// One value per language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Localized<T = String> {
    /// The value for Taiwan.
    #[serde(rename = "zh-TW")]
    pub zh_tw: T,
    /// The value for mainland China.
    #[serde(rename = "zh-CN")]
    pub zh_cn: T,
    /// The value for English.
    pub en: T,
}

impl<T> Localized<T> {
    /// Returns the value for a locale.
    pub fn get(&self, locale: Locale) -> &T {
        match locale {
            Locale::ZhTw => &self.zh_tw,
            Locale::ZhCn => &self.zh_cn,
            Locale::En => &self.en,
        }
    }

    /// Builds a value from a function of the locale.
    pub fn from_fn(mut make: impl FnMut(Locale) -> T) -> Self {
        Self { zh_tw: make(Locale::ZhTw), zh_cn: make(Locale::ZhCn), en: make(Locale::En) }
    }
}

impl Localized {
    /// Returns the same text for every language, for words that are never translated (a column's own name, say).
    pub fn same(text: &str) -> Self {
        Self::from_fn(|_| text.to_owned())
    }

    /// Returns a text from its three versions.
    pub fn new(zh_tw: &str, zh_cn: &str, en: &str) -> Self {
        Self { zh_tw: zh_tw.to_owned(), zh_cn: zh_cn.to_owned(), en: en.to_owned() }
    }
}

/// Reads one text for every language, or a text for each.
pub(crate) fn one_text_or_each<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Localized, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text, or a text for each language")]
    enum Words {
        Same(String),
        Each(Localized),
    }
    Ok(match Words::deserialize(deserializer)? {
        Words::Same(text) => Localized::same(&text),
        Words::Each(texts) => texts,
    })
}

/// Returns an English label as it stands inside a sentence: `Total charged` becomes `total charged`, `DSL line` stays.
pub fn mid_sentence(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => label.to_owned(),
    }
}

/// Returns an English unit for one of it: `months` becomes `month`. Words too short for a plural stay as they are (`ms`).
pub fn singular(unit: &str) -> &str {
    if unit.len() <= 3 || unit.ends_with("ss") || unit.ends_with("ies") {
        return unit;
    }
    let ending = ["ches", "shes", "xes", "sses"].iter().any(|ending| unit.ends_with(ending));
    unit.strip_suffix(if ending { "es" } else { "s" }).unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_unit_is_written_without_its_plural() {
        let check = |unit: &str, one: &str| assert_eq!(singular(unit), one);
        check("months", "month");
        check("times", "time");
        check("inches", "inch");
        check("ms", "ms");
        check("GB", "GB");
        check("series", "series");
        check("", "");
    }

    #[test]
    fn a_label_inside_a_sentence_keeps_its_abbreviations() {
        let check = |label: &str, within: &str| assert_eq!(mid_sentence(label), within);
        check("Total charged", "total charged");
        check("Streaming TV", "streaming TV");
        check("DSL line", "DSL line");
        check("A", "A");
        check("月費", "月費");
    }
}
