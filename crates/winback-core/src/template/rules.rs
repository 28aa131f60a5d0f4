//! A company's own rules in `brand.jinja` and in the files of the segments:
//! `[avoid]`, one phrase a line, and `[limits]`, one length a line.
use super::file::Block;
use super::head::language_of;
use super::{TemplateError, TemplateProblem};
use crate::locale::Locale;
use crate::manners::{Limits, Rules};
use crate::spelling::nearest;

/// The file of the rules for everyone.
pub(super) const BRAND: &str = "brand.jinja";
/// The names of the sections.
const SECTIONS: [&str; 2] = ["avoid", "limits"];
const LIMITS: [&str; 4] = ["email_words", "email_characters", "sentence_words", "sentence_characters"];
/// The largest number a limit can have; one beyond it is a slip of the pen.
const MOST: u32 = 5_000;

/// Returns whether a block holds rules and no wording.
pub(super) fn is_rule(block: &Block<'_>) -> bool {
    SECTIONS.contains(&block.words().0)
}

/// Puts the rules of a block among those of its file.
pub(super) fn read(file: &str, block: &Block<'_>, rules: &mut Rules, errors: &mut Vec<TemplateError>) {
    let error = |line, problem| TemplateError { file: file.to_owned(), line, problem };
    let (name, words) = block.words();
    let mut locales = Locale::ALL.to_vec();
    for word in words {
        match word.strip_prefix("lang=").filter(|_| name == "avoid").map(language_of) {
            Some(Ok(locale)) => locales = vec![locale],
            Some(Err(problem)) => errors.push(error(block.line, problem)),
            None => {
                let hint = if name == "avoid" { "[avoid] takes lang= alone" } else { "[limits] takes no condition" };
                errors.push(error(block.line, TemplateProblem::UnknownCondition { word: word.to_owned(), hint: hint.into() }));
            }
        }
    }
    let lines = block.text.lines().enumerate().map(|(at, line)| (block.line + 1 + at, line.trim()));
    let lines: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.is_empty() && *line != super::file::NOTE).collect();
    if lines.is_empty() {
        errors.push(error(block.line, TemplateProblem::Empty));
    }
    for (line, text) in lines {
        let read = if name == "avoid" { avoid(rules, &locales, text, line) } else { limit(&mut rules.limits, text) };
        errors.extend(read.err().map(|problem| error(line, problem)));
    }
}

/// Returns the error for a section of `brand.jinja` that holds no rules.
pub(super) fn unknown(name: &str) -> TemplateProblem {
    let near = nearest(name, SECTIONS).map(str::to_owned);
    TemplateProblem::UnknownSection { name: name.to_owned(), known: SECTIONS.join(", "), nearest: near }
}

fn avoid(rules: &mut Rules, locales: &[Locale], phrase: &str, line: usize) -> Result<(), TemplateProblem> {
    if phrase.contains(['{', '}']) || !phrase.chars().any(char::is_alphanumeric) {
        return Err(TemplateProblem::NoPhrase(phrase.to_owned()));
    }
    rules.avoid(locales, phrase, line);
    Ok(())
}

fn limit(limits: &mut Limits, line: &str) -> Result<(), TemplateProblem> {
    let wrong = |hint: String| TemplateProblem::NoLimit { line: line.to_owned(), hint };
    let (key, value) = line.split_once('=').map_or((line, ""), |(key, value)| (key.trim(), value.trim()));
    let kept = match key {
        "email_words" => &mut limits.email_words,
        "email_characters" => &mut limits.email_characters,
        "sentence_words" => &mut limits.sentence_words,
        "sentence_characters" => &mut limits.sentence_characters,
        _ => {
            let near = nearest(key, LIMITS).map(|near| format!("did you mean {near}?"));
            return Err(wrong(near.unwrap_or_else(|| format!("the limits are {}", LIMITS.join(", ")))));
        }
    };
    let number = value.parse().ok().filter(|number| (1..=MOST).contains(number));
    let number = number.ok_or_else(|| wrong(format!("expected a whole number from 1 to {MOST}, such as {key} = 120")))?;
    if kept.replace(number).is_some() {
        return Err(wrong(format!("{key} is given twice in this file; keep one")));
    }
    Ok(())
}
