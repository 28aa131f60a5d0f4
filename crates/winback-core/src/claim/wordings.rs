//! Which words of a draft somebody answers for. A clause is accounted for when it is, word for
//! word, a clause of a template's wording for this case with facts where the template puts facts;
//! or when nothing is left of it but bound claims, words of the brief's facts, and words that
//! promise nothing by themselves. Whatever else it says, nobody has checked, so it blocks.
use super::context::ends_clause;
use crate::locale::Locale;
use crate::template::TemplateSection as Section;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Stands for whatever a template puts in.
pub(crate) const HOLE: char = '\u{FFFC}';
/// The most forms that a wording with conditions is written out in.
const MOST_FORMS: usize = 32;
/// The longest Chinese word of the vocabulary, in characters.
const LONGEST: usize = 6;

/// Every clause of every wording.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wordings {
    clauses: HashMap<String, Vec<Arc<Known>>>,
}

/// A wording in a language.
#[derive(Debug)]
pub(crate) struct Known {
    pub section: Section,
    pub locale: Locale,
}

impl Wordings {
    /// Learns the clauses of a wording, in each form that its conditions can give it; `text` is what a person reads
    /// of the section.
    pub(crate) fn learn(&mut self, section: &Section, locale: Locale, text: &str) {
        let known = Arc::new(Known { section: section.clone(), locale });
        for form in forms(text) {
            for clause in clauses(&form, &[]) {
                let places = self.clauses.entry(form[clause].trim().to_owned()).or_default();
                if !places.iter().any(|place| Arc::ptr_eq(place, &known)) {
                    places.push(Arc::clone(&known));
                }
            }
        }
    }

    /// Returns whether a clause, with [`HOLE`] where a fact or a slot stands, is that of a wording that `fits`.
    pub(crate) fn knows(&self, clause: &str, fits: impl Fn(&Known) -> bool) -> bool {
        let clause = clause.trim();
        clause.chars().all(|c| c == HOLE || !c.is_alphanumeric())
            || self.clauses.get(clause).is_some_and(|places| places.iter().any(|known| fits(known)))
    }
}

/// Returns the clauses of a text: what lies between two marks of punctuation, none of which stands in a hole.
pub(crate) fn clauses(text: &str, holes: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut found, mut start, mut hole) = (Vec::new(), 0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        while holes.get(hole).is_some_and(|range| range.end <= at) {
            hole += 1;
        }
        let inside = holes.get(hole).is_some_and(|range| range.start <= at);
        if !inside && ends_clause(c, chars.peek().map(|(_, next)| *next)) {
            if !text[start..at].trim().is_empty() {
                found.push(start..at);
            }
            start = at + c.len_utf8();
        }
    }
    if !text[start..].trim().is_empty() {
        found.push(start..text.len());
    }
    found
}

/// Returns a clause with a mark in place of each hole.
pub(crate) fn with_holes(text: &str, clause: &Range<usize>, holes: &[Range<usize>]) -> String {
    let (mut out, mut at) = (String::with_capacity(clause.len()), clause.start);
    for hole in holes.iter().filter(|hole| clause.start <= hole.start && hole.end <= clause.end && !hole.is_empty()) {
        if hole.start >= at {
            out.push_str(&text[at..hole.start]);
            out.push(HOLE);
            at = hole.end;
        }
    }
    out.push_str(&text[at..clause.end]);
    out
}

/// Returns whether what is left of a clause outside its holes is made of words that promise nothing. A clause that
/// rests on a fact may use the words of offers and those of the facts besides.
pub(crate) fn is_plain(text: &str, clause: &Range<usize>, holes: &[Range<usize>], grounds: Option<&str>) -> bool {
    let left = with_holes(text, clause, holes);
    let mut rest = left.as_str();
    while let Some(c) = rest.chars().next() {
        let run = |of: fn(char) -> bool| rest.find(|c: char| !of(c)).unwrap_or(rest.len());
        let length = if is_han(c) {
            let length = run(is_han);
            if !segments(&rest[..length], grounds) {
                return false;
            }
            length
        } else if c.is_alphanumeric() {
            let length = run(|c| c.is_alphanumeric() && !is_han(c) || matches!(c, '\'' | '\u{2019}' | '-'));
            if !english(&rest[..length], grounds) {
                return false;
            }
            length
        } else {
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    true
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn english(word: &str, grounds: Option<&str>) -> bool {
    let word = word.replace('\u{2019}', "'").to_ascii_lowercase();
    let base = word.strip_suffix("'s").unwrap_or(&word).trim_end_matches(['\'', '-']);
    let plain = |word: &str| ENGLISH.courtesy.contains(word) || (grounds.is_some() && ENGLISH.terms.contains(word));
    let stated = |word: &str| grounds.is_some_and(|facts| word.len() > 2 && words(facts).any(|fact| fact.eq_ignore_ascii_case(word)));
    plain(&word) || plain(base) || stated(base) || (base.contains('-') && base.split('-').all(|part| plain(part) || stated(part)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Returns whether a run of Chinese characters is a row of known words.
fn segments(run: &str, grounds: Option<&str>) -> bool {
    let bounds: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    let mut reached = vec![false; bounds.len()];
    reached[0] = true;
    for from in 0..bounds.len() - 1 {
        if !reached[from] {
            continue;
        }
        for to in from + 1..bounds.len().min(from + LONGEST + 1) {
            let word = &run[bounds[from]..bounds[to]];
            let plain = CHINESE.courtesy.contains(word) || (grounds.is_some() && CHINESE.terms.contains(word));
            if plain || (to - from > 1 && grounds.is_some_and(|facts| facts.contains(word))) {
                reached[to] = true;
            }
        }
    }
    reached.last().copied().unwrap_or(true)
}

/// Words that promise nothing.
struct Vocabulary {
    /// Anywhere.
    courtesy: HashSet<&'static str>,
    /// Beside a fact.
    terms: HashSet<&'static str>,
}

static ENGLISH: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(include_str!("vocabulary/en.txt")));
static CHINESE: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(include_str!("vocabulary/zh.txt")));

impl Vocabulary {
    fn of(text: &'static str) -> Self {
        let (courtesy, terms) = text.split_once("# terms").unwrap_or((text, ""));
        let words = |text: &'static str| text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect();
        Self { courtesy: words(courtesy), terms: words(terms) }
    }
}

/// Returns a template's text in each form that its conditions can give it, with [`HOLE`] for what is put in.
fn forms(text: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![(String::new(), text)];
    while let Some((mut so_far, rest)) = open.pop() {
        let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() else {
            so_far.push_str(rest);
            done.push(so_far);
            continue;
        };
        so_far.push_str(&rest[..at]);
        let tag = &rest[at..];
        let close = if tag.starts_with("{{") {
            "}}"
        } else if tag.starts_with("{%") {
            "%}"
        } else {
            "#}"
        };
        let after = tag.find(close).map_or("", |end| &tag[end + close.len()..]);
        if tag.starts_with("{{") {
            so_far.push(HOLE);
        }
        let inner = tag.trim_start_matches(['{', '%', '-', '+', ' ']);
        if tag.starts_with("{%") && inner.starts_with("if ") && open.len() + done.len() < MOST_FORMS {
            let (branches, behind) = branches(after);
            let whole = |branch: &str| format!("{branch}{behind}");
            for branch in &branches {
                for form in forms(&whole(branch)) {
                    done.push(format!("{so_far}{form}"));
                }
            }
            done.truncate(MOST_FORMS);
            continue;
        }
        open.push((so_far, after));
    }
    done
}

/// Returns the texts between `if`, `elif`, `else` and their `endif`, nothing where no `else` stands, and what follows.
fn branches(text: &str) -> (Vec<String>, &str) {
    let (mut found, mut start, mut at, mut depth, mut otherwise) = (Vec::new(), 0, 0, 0, false);
    while let Some(open) = text[at..].find("{%") {
        let tag = at + open;
        let end = text[tag..].find("%}").map_or(text.len(), |close| tag + close + 2);
        let word = text[tag..end].trim_start_matches(['{', '%', '-', '+', ' ']);
        if word.starts_with("if ") {
            depth += 1;
        } else if word.starts_with("endif") && depth > 0 {
            depth -= 1;
        } else if depth == 0 && (word.starts_with("el") || word.starts_with("endif")) {
            found.push(text[start..tag].to_owned());
            start = end;
            otherwise |= word.starts_with("else");
            if word.starts_with("endif") {
                if !otherwise {
                    found.push(String::new());
                }
                return (found, &text[end..]);
            }
        }
        at = end;
    }
    found.push(text[start..].to_owned());
    (found, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_with_conditions_is_learned_in_every_form() {
        let check = |text: &str, expected: &[&str]| {
            let mut found = forms(text);
            found.sort();
            assert_eq!(found, expected, "{text}");
        };
        check("Hi {{ a }}.", &["Hi \u{FFFC}."]);
        check("a{% if x %}b{% else %}c{% endif %}d", &["abd", "acd"]);
        check("a{% if x %}b{% endif %}d", &["abd", "ad"]);
        check("{% if x %}1{% if y %}2{% endif %}{% elif z %}3{% endif %}.", &[".", "1.", "12.", "3."]);
        check("{% set a = 1 %}b{# note #}", &["b"]);
    }

    #[test]
    fn clauses_end_at_punctuation_outside_of_holes() {
        let check = |text: &str, holes: &[Range<usize>], expected: &[&str]| {
            let found: Vec<&str> = clauses(text, holes).into_iter().map(|clause| text[clause].trim()).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("One, two. Three: 1.5", &[], &["One", "two", "Three", "1.5"]);
        check("您好，謝謝。", &[], &["您好", "謝謝"]);
        check("Acme, Inc. calls", &[0..10], &["Acme, Inc. calls"]);
    }

    #[test]
    fn only_words_that_promise_nothing_are_plain() {
        let check = |text: &str, grounds: Option<&str>, expected: bool| {
            assert_eq!(is_plain(text, &(0..text.len()), &[], grounds), expected, "{text}");
        };
        check("Thank you for your time", None, true);
        check("we have an eye on your parcel", None, false);
        check("take the annual plan", None, false);
        check("take the annual plan", Some("Annual plan"), true);
        check("謝謝您抽空", None, false);
        check("謝謝您的時間", None, true);
        check("設備由我們提供", None, false);
        check("改為年約", Some("改為年約，12 個月"), true);
    }
}
