//! Which words of a draft somebody answers for. A clause is accounted for when it is, word for
//! word, a clause of a template's wording for this case with the very facts that the template puts
//! there; or when it states nothing at all and thanks, greets, asks, invites or leaves the choice.
//! Whatever else it says, nobody has checked, so it blocks.
use super::reader::{Claim, Reading, read};
use super::value::Value;
use crate::locale::Locale;
use crate::template::{TemplateSection as Section, place_of_name};
use foldhash::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Stands for something a template puts in that is no fact and no slot: a part of a layout.
const OTHER: char = '\u{FFFC}';
/// The first of the marks for facts and slots, in the order of the names that wordings use.
const FIRST_MARK: u32 = 0xE000;
/// The mark of a phrase that the company approved.
const APPROVED: char = '\u{E0FF}';
/// The most punctuation around something put in, in characters.
const MOST_PUNCTUATION: usize = 24;
/// The longest Chinese word of the vocabulary, in characters.
const LONGEST: usize = 6;

/// Returns the mark that stands for a fact or a slot in the clauses of wordings: `offer.name`, `slot.first_name`.
pub(crate) fn mark(name: &str) -> Option<char> {
    if name.starts_with("approved.") {
        return Some(APPROVED);
    }
    place_of_name(name).and_then(|at| char::from_u32(FIRST_MARK + u32::try_from(at).ok()?))
}

/// Returns whether a character is the mark of something put in.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, OTHER | '\u{E000}'..=APPROVED)
}

/// Every clause of every wording.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wordings {
    clauses: HashMap<String, Vec<Clause>>,
    /// Whole lines into which nothing is put, with what they claim whatever the day.
    lines: HashMap<String, Vec<Line>>,
}

/// A clause of a wording.
#[derive(Clone, Debug)]
struct Clause {
    known: Arc<Known>,
    /// The line of the template file.
    line: u32,
}

/// A line of a wording.
#[derive(Clone, Debug)]
struct Line {
    known: Arc<Known>,
    claims: Vec<Claim>,
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
            for line in form.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains(is_mark)) {
                let claims = read(line, &Reading { locale, day: jiff::civil::date(2000, 1, 1), currency: None });
                if !claims.iter().any(|claim| matches!(claim.value, Value::Day { .. } | Value::Money { .. })) {
                    self.lines.entry(line.to_owned()).or_default().push(Line { known: Arc::clone(&known), claims });
                }
            }
            for clause in clauses(&form, &[]) {
                let line = section.line + form[..clause.start].matches('\n').count();
                let places = self.clauses.entry(form[clause].trim().to_owned()).or_default();
                if !places.iter().any(|place| Arc::ptr_eq(&place.known, &known)) {
                    places.push(Clause { known: Arc::clone(&known), line: u32::try_from(line).unwrap_or(u32::MAX) });
                }
            }
        }
    }

    /// Returns what a line claims that stands word for word in a wording that `fits`.
    pub(crate) fn line(&self, line: &str, fits: impl Fn(&Known) -> bool) -> Option<&[Claim]> {
        self.lines.get(line)?.iter().find(|line| fits(&line.known)).map(|line| line.claims.as_slice())
    }

    /// Returns the file and the line of a wording that `fits` and has a clause, with marks where facts and slots stand.
    pub(crate) fn place(&self, clause: &str, fits: impl Fn(&Known) -> bool) -> Option<(&str, u32)> {
        let found = self.clauses.get(clause.trim())?.iter().find(|place| fits(&place.known))?;
        Some((&found.known.section.file, found.line))
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

/// Returns whether a clause ends at a mark. Quotes and brackets end none: a name in quotes belongs to its clause.
fn ends_clause(c: char, next: Option<char>) -> bool {
    match c {
        '.' | ',' | ':' => next.is_none_or(|next| next.is_whitespace() || matches!(next, '"' | '\u{201D}' | '」')),
        ';' | '!' | '?' | '\n' | '|' | '，' | '。' | '；' | '：' | '！' | '？' | '—' | '–' | '…' => true,
        _ => false,
    }
}

/// Returns whether a clause with marks holds nothing but punctuation and one thing put in: a name, an address, a
/// promise or an approved phrase as it is.
pub(crate) fn is_put_in(clause: &str) -> bool {
    let put_in = || clause.chars().filter(|c| is_mark(*c));
    let short = clause.trim().chars().count() <= MOST_PUNCTUATION;
    short && clause.chars().all(|c| is_mark(c) || is_punctuation(c)) && put_in().count() < 2 && put_in().all(stands_alone)
}

/// Returns whether a clause with marks is made of words that promise nothing, of which one thanks, greets, asks,
/// invites or leaves the choice.
pub(crate) fn is_courtesy(clause: &str) -> bool {
    let english = clause.split(|c| !in_word(c)).any(|word| ENGLISH.heads.contains(plain_form(word).as_str()));
    let invites = english || CHINESE.heads.iter().any(|head| clause.contains(head));
    let bare = clause.chars().filter(|c| is_mark(*c)).all(is_impersonal);
    invites && bare && !CHINESE.never.iter().any(|word| clause.contains(word)) && is_harmless(clause)
}

/// Names of a company, slots and approved phrases may stand among words of courtesy.
fn is_impersonal(mark_of: char) -> bool {
    ["company.name", "company.short_name", "company.address", "company.phone", "company.team", "approved."]
        .into_iter()
        .chain(["slot.first_name", "slot.unsubscribe_url", "slot.agent_name"])
        .any(|name| mark(name) == Some(mark_of))
}

fn stands_alone(mark_of: char) -> bool {
    is_impersonal(mark_of) || ["offer.name", "offer.promise"].into_iter().any(|name| mark(name) == Some(mark_of))
}

/// Returns whether a character only parts or quotes words. Signs such as `>`, `+` and `%` say something.
fn is_punctuation(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '"' | '(' | ')' | '[' | ']' | '-' | '/' | '|' | '_' | '·')
        || matches!(c, '\u{2010}'..='\u{2026}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301F}')
        || matches!(c, '！' | '（' | '）' | '，' | '．' | '：' | '；' | '？' | '＿')
}

/// Returns whether every word of a clause is one that promises nothing.
fn is_harmless(clause: &str) -> bool {
    let mut rest = clause;
    while let Some(c) = rest.chars().next() {
        let run = |of: fn(char) -> bool| rest.find(|c: char| !of(c)).unwrap_or(rest.len());
        let (length, plain) = if is_han(c) {
            let length = run(is_han);
            (length, is_row_of_words(&rest[..length]))
        } else if c.is_alphanumeric() {
            let length = run(in_word);
            (length, is_known_word(&rest[..length]))
        } else {
            (c.len_utf8(), is_punctuation(c) || is_mark(c))
        };
        if !plain {
            return false;
        }
        rest = &rest[length..];
    }
    true
}

fn is_known_word(word: &str) -> bool {
    let word = plain_form(word);
    let base = word.strip_suffix("'s").unwrap_or(&word).trim_end_matches(['\'', '-']);
    let known = |word: &str| ENGLISH.courtesy.contains(word);
    known(&word) || known(base) || (base.contains('-') && base.split('-').all(known))
}

/// Returns whether a run of Chinese characters is a row of known words.
fn is_row_of_words(run: &str) -> bool {
    let bounds: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    let mut reached = vec![false; bounds.len()];
    reached[0] = true;
    for from in 0..bounds.len() - 1 {
        for to in from + 1..bounds.len().min(from + LONGEST + 1) {
            reached[to] |= reached[from] && CHINESE.courtesy.contains(&run[bounds[from]..bounds[to]]);
        }
    }
    reached.last().copied().unwrap_or(true)
}

/// Returns an English word as the vocabulary writes it.
fn plain_form(word: &str) -> String {
    word.replace('\u{2019}', "'").to_ascii_lowercase()
}

fn in_word(c: char) -> bool {
    (c.is_alphanumeric() && !is_han(c)) || matches!(c, '\'' | '\u{2019}' | '-')
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The words of a language that a clause of courtesy may use.
struct Vocabulary {
    /// Words that promise nothing.
    courtesy: HashSet<&'static str>,
    /// Words one of which a clause must hold.
    heads: HashSet<&'static str>,
    /// Words that make a promise of harmless ones: `只有`.
    never: HashSet<&'static str>,
}

static ENGLISH: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(include_str!("vocabulary/en.txt")));
static CHINESE: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(include_str!("vocabulary/zh.txt")));

impl Vocabulary {
    fn of(text: &'static str) -> Self {
        const LISTS: [&str; 3] = ["courtesy", "heads", "never"];
        let mut lists: [HashSet<&'static str>; 3] = Default::default();
        let mut list = 0;
        for line in text.lines() {
            match line.strip_prefix("# ") {
                Some(name) => list = LISTS.iter().position(|known| *known == name).unwrap_or(list),
                None => lists[list].extend(line.split_whitespace()),
            }
        }
        let [courtesy, heads, never] = lists;
        Self { courtesy, heads, never }
    }
}

/// Returns a template's text in each form that its conditions can give it, with marks for what is put in.
pub(super) fn forms(text: &str) -> Vec<String> {
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
        if let Some(inside) = tag.strip_prefix("{{") {
            let name = inside.split(['}', '|']).next().unwrap_or_default();
            so_far.push(mark(name.trim()).unwrap_or(OTHER));
        }
        let inner = tag.trim_start_matches(['{', '%', '-', '+', ' ']);
        if tag.starts_with("{%") && inner.starts_with("if ") {
            let (branches, behind) = branches(after);
            let whole = |branch: &str| format!("{branch}{behind}");
            for branch in &branches {
                for form in forms(&whole(branch)) {
                    done.push(format!("{so_far}{form}"));
                }
            }
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
        check("{{ company.name }}, {{offer.name|lines}} {{ 'offer.name' }}", &["\u{E000}, \u{E005} \u{FFFC}"]);
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
        check("Acme, Inc. calls, today", &[0..10, 18..23], &["Acme, Inc. calls", "today"]);
    }

    #[test]
    fn only_clauses_that_state_nothing_need_no_wording() {
        let check = |text: &str, expected: bool| {
            let marked = ["company.phone", "offer.name", "offer.percent", "offer.promise", "customer.favourites", "approved."];
            let text = marked.iter().fold(text.to_owned(), |text, name| text.replace(name, &mark(name).unwrap().to_string()));
            assert_eq!(is_put_in(&text) || is_courtesy(&text), expected, "{text}");
        };
        check("Thank you for your time", true);
        check("You wanted this", false);
        check("please take the annual plan", false);
        check("please call company.phone", true);
        check("please take offer.name", false);
        check("“offer.name”", true);
        check("offer.promise", true);
        check("offer.percent", false);
        check("offer.name offer.name", false);
        check("customer.favourites", false);
        check("approved.", true);
        check("please, > approved.", false);
        check("謝謝您的時間", true);
        check("您要的來了", false);
        check("設備由我們提供", false);
    }
}
