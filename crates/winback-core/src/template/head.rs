//! The first line of a section: what it is a wording of, and for whom.
use super::TemplateProblem;
use super::part::Part;
use super::section::Section;
use crate::goal::Goal;
use crate::locale::Locale;
use crate::offer::OfferKind;
use crate::schema::Theme;
use crate::script::{CallStep, Next};
use crate::spelling::nearest;

const TIERS: [&str; 4] = ["low", "mid", "high", "unknown"];

/// Returns the part of a section's name in a file, and its language.
pub(super) fn part_of(
    file: &str,
    name: &str,
    voice: bool,
    mut words: impl Iterator<Item = impl AsRef<str>>,
) -> Result<(Part, Option<Locale>), TemplateProblem> {
    let (folder, base) = file.rsplit_once('/').unwrap_or(("", file));
    let known: Vec<(String, Part)> = if voice {
        let channel = |part: Part| part.file().trim_end_matches(".jinja").to_owned();
        Part::ALL.into_iter().filter(|part| !part.is_layout()).map(|part| (format!("{}.{}", channel(part), part.tag()), part)).collect()
    } else {
        Part::ALL.into_iter().filter(|part| part.file() == base).map(|part| (part.tag().to_owned(), part)).collect()
    };
    let names = || known.iter().map(|(name, _)| name.as_str());
    let Some((_, part)) = known.iter().find(|(known, _)| known == name) else {
        let rules = ["avoid", "limits"].into_iter().filter(|_| voice);
        let nearest = nearest(name, names().chain(rules.clone())).map(str::to_owned);
        let known = names().chain(rules).collect::<Vec<_>>().join(", ");
        return Err(TemplateProblem::UnknownSection { name: name.to_owned(), known, nearest });
    };
    if !voice {
        return Ok((*part, Locale::from_tag(folder)));
    }
    let language = words.find_map(|word| word.as_ref().strip_prefix("lang=").map(str::to_owned)).ok_or(TemplateProblem::NoLanguage)?;
    Ok((*part, Some(language_of(&language)?)))
}

/// Returns the language of a word after `lang=`.
pub(super) fn language_of(word: &str) -> Result<Locale, TemplateProblem> {
    Locale::from_tag(word).ok_or_else(|| unknown_value("lang", word, &Locale::ALL.map(Locale::tag)))
}

/// Puts one condition of a head into a section.
pub(super) fn condition(section: &mut Section, word: &str) -> Result<(), TemplateProblem> {
    let keys = keys(section);
    let Some((key, values)) = word.split_once('=').filter(|(key, _)| keys.contains(key)) else {
        let key = word.split('=').next().unwrap_or(word);
        let hint = match nearest(key, keys.iter().copied()) {
            Some(near) => format!("did you mean {near}=?"),
            None => format!("the conditions here are {}", keys.iter().map(|key| format!("{key}=")).collect::<Vec<_>>().join(", ")),
        };
        return Err(TemplateProblem::UnknownCondition { word: word.to_owned(), hint });
    };
    match key {
        "id" => section.id = Some(id_of(values)?),
        "after" => section.after = values.split(',').map(step_of).collect::<Result<_, _>>()?,
        "then" => section.then = Some(Next::of(values)),
        "goal" => section.goals = mask(key, values, &Goal::ALL.map(Goal::tag))?,
        "kind" => section.kinds = mask(key, values, &kinds())?,
        "theme" => section.themes = mask(key, values, &themes())?,
        "tier" => section.tiers = mask(key, values, &TIERS)?,
        _ => {}
    }
    section.conditions += u32::from(["goal", "kind", "theme", "tier"].contains(&key));
    Ok(())
}

fn keys(section: &Section) -> Vec<&'static str> {
    let own = [("id", section.part.has_ids()), ("after", section.part == Part::Objection), ("then", section.part == Part::Objection)];
    let own = own.into_iter().chain([("lang", section.segment.is_some())]).filter(|(_, here)| *here).map(|(key, _)| key);
    ["goal", "theme", "kind", "tier"].into_iter().chain(own).collect()
}

fn id_of(word: &str) -> Result<String, TemplateProblem> {
    let fits = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let hint = || "an id has letters, digits, - and _, such as id=no-time".to_owned();
    if fits { Ok(word.to_owned()) } else { Err(TemplateProblem::UnknownCondition { word: format!("id={word}"), hint: hint() }) }
}

fn step_of(word: &str) -> Result<CallStep, TemplateProblem> {
    let spoken = CallStep::SPOKEN;
    let step = spoken.into_iter().find(|step| step.tag() == word);
    step.ok_or_else(|| unknown_value("after", word, &spoken.map(CallStep::tag)))
}

/// Returns one bit for each word of a condition; a word's place in the list is its bit.
fn mask(key: &str, values: &str, known: &[&str]) -> Result<u32, TemplateProblem> {
    values.split(',').try_fold(0, |mask, word| {
        let at = known.iter().position(|known| *known == word).ok_or_else(|| unknown_value(key, word, known))?;
        Ok(mask | 1 << at)
    })
}

fn unknown_value(key: &str, word: &str, known: &[&str]) -> TemplateProblem {
    let hint = match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean {key}={near}?"),
        None => format!("the words of {key}= are {}", known.join(", ")),
    };
    TemplateProblem::UnknownCondition { word: format!("{key}={word}"), hint }
}

/// Returns the words of `kind=`; the place of each is the kind's own, and the last stands for no offer.
fn kinds() -> Vec<&'static str> {
    OfferKind::ALL.into_iter().map(OfferKind::tag).chain(["none"]).collect()
}

/// Returns the words of `theme=`; the place of each is the theme's own, and the last stands for none.
fn themes() -> Vec<&'static str> {
    Theme::ALL.into_iter().map(Theme::tag).chain(["none"]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::section::tier_at;
    use super::*;
    use crate::risk::ValueTier;

    #[test]
    fn the_place_of_each_word_is_the_bit_of_its_value() {
        let kind = |kind: OfferKind| kinds().get(kind as usize).copied();
        assert!(OfferKind::ALL.into_iter().all(|own| kind(own) == Some(own.tag())) && kinds().len() == 6);
        let theme = |theme: Theme| themes().get(theme as usize).copied();
        assert!(Theme::ALL.into_iter().all(|own| theme(own) == Some(own.tag())) && themes().len() == 9);
        for (tier, word) in [(ValueTier::Low, "low"), (ValueTier::Mid, "mid"), (ValueTier::High, "high")] {
            assert_eq!(TIERS.get(tier_at(tier) as usize), Some(&word));
        }
        assert!(Goal::ALL.into_iter().enumerate().all(|(at, goal)| goal as usize == at));
    }
}
