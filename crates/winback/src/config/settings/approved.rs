//! `[[approved]]`: phrases that a person allows in messages and answers for.
use crate::config::fault::{ConfigError, Place};
use crate::config::reader::Entry;
use toml::de::DeValue;
use winback_core::message::Approved;

/// Returns the phrases of the sections `[[approved]]` and where each stands.
pub fn read_approved(entry: &Entry<'_>) -> Result<Vec<(Approved, Place)>, ConfigError> {
    let mut phrases: Vec<(Approved, Place)> = Vec::new();
    for item in entry.list("sections [[approved]]")? {
        let read = read_one(&item)?;
        if phrases.iter().any(|(known, _)| known.phrase == read.phrase) {
            return Err(item.other("this phrase is approved twice; keep one".into()));
        }
        phrases.push((read, item.place()));
    }
    Ok(phrases)
}

fn read_one(item: &Entry<'_>) -> Result<Approved, ConfigError> {
    const DAY: &str = "the day of the approval, such as \"2026-11-01\"";
    let section = item.section("[[approved]]", &["phrase", "by", "on"])?;
    let phrase = section.need("phrase", "the phrase, in each language in which it may be said")?;
    let words = phrase.localized()?;
    if [&words.zh_tw, &words.zh_cn, &words.en].into_iter().any(|words| words.trim().is_empty() || words.contains(['{', '}'])) {
        return Err(phrase.other("a phrase is plain words, without { and }".into()));
    }
    let on = section.need("on", DAY)?;
    let day = match on.value() {
        DeValue::Datetime(day) => day.to_string(),
        _ => on.text(DAY)?.to_owned(),
    };
    Ok(Approved {
        phrase: words,
        by: section.need("by", "who answers for the phrase")?.filled_text("who answers for the phrase")?.trim().to_owned(),
        on: day.trim().parse().map_err(|_| on.expected(DAY))?,
    })
}
