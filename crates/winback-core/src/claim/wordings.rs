//! Which words of a draft somebody answers for. A clause is accounted for when it is, word for
//! word, a clause of a template's wording for this case with facts where the template puts facts;
//! or when nothing is left of it but bound claims, words of the brief's facts, and words that
//! promise nothing by themselves. Whatever else it says, nobody has checked, so it blocks.
use super::reader::{Claim, Reading, read};
use super::value::Value;
use crate::locale::Locale;
use crate::template::TemplateSection as Section;
use foldhash::{HashMap, HashSet};
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
            for line in form.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains(HOLE)) {
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

    /// Returns whether a clause, with [`HOLE`] where a fact or a slot stands, is that of a wording that `fits`.
    pub(crate) fn knows(&self, clause: &str, fits: impl Fn(&Known) -> bool) -> bool {
        let clause = clause.trim();
        clause.chars().all(|c| c == HOLE || !c.is_alphanumeric())
            || self.clauses.get(clause).is_some_and(|places| places.iter().any(|place| fits(&place.known)))
    }

    /// Returns the file and the line of a wording that `fits` and has a clause.
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

/// What a clause that is no wording may rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    /// The words of the facts of the offer and the customer.
    pub facts: String,
    /// Whether a fact takes something off.
    pub lowers: bool,
    /// Whether the clause itself states a fact or a bound number.
    pub stated: bool,
}

/// Returns whether what is left of a clause outside its holes is made of words that promise nothing. Words of
/// offers stand only in a clause that states a fact or shares a word of its own with one; any other clause must
/// thank, greet, ask, invite or leave the choice.
pub(crate) fn is_plain(text: &str, clause: &Range<usize>, holes: &[Range<usize>], ground: &Ground) -> bool {
    let left = with_holes(text, clause, holes);
    let whole = plain_form(left.trim());
    if [&ENGLISH, &CHINESE].iter().any(|language| language.clauses.contains(whole.as_str())) {
        return true;
    }
    let rests = ground.stated || shares(&left, &ground.facts);
    let usable = Usable { ground, rests };
    if (!rests && !is_courtesy(&left)) || CHINESE.never.iter().any(|word| left.contains(word)) {
        return false;
    }
    let mut rest = left.as_str();
    while let Some(c) = rest.chars().next() {
        let run = |of: fn(char) -> bool| rest.find(|c: char| !of(c)).unwrap_or(rest.len());
        let (length, plain) = if is_han(c) {
            let length = run(is_han);
            (length, usable.segments(&rest[..length]))
        } else if c.is_alphanumeric() {
            let length = run(in_word);
            (length, usable.english(&rest[..length]))
        } else {
            (c.len_utf8(), true)
        };
        if !plain {
            return false;
        }
        rest = &rest[length..];
    }
    true
}

fn in_word(c: char) -> bool {
    (c.is_alphanumeric() && !is_han(c)) || matches!(c, '\'' | '\u{2019}' | '-')
}

/// Returns whether a clause thanks, greets, asks, invites or leaves the choice.
fn is_courtesy(clause: &str) -> bool {
    let english = clause.split(|c| !in_word(c)).any(|word| ENGLISH.heads.contains(plain_form(word).as_str()));
    english || CHINESE.heads.iter().any(|head| clause.contains(head))
}

/// Returns whether a clause holds a word of the facts that is no word of courtesy.
fn shares(clause: &str, facts: &str) -> bool {
    let said = |word: &str| word.len() > 3 && words(facts).any(|fact| fact.eq_ignore_ascii_case(word));
    let english = words(clause).any(|word| !ENGLISH.courtesy.contains(word.to_ascii_lowercase().as_str()) && said(word));
    let letters: Vec<(usize, char)> = clause.char_indices().collect();
    let pair = |pair: &[(usize, char)]| {
        let [(start, first), (end, second)] = pair else { return false };
        let word = &clause[*start..end + second.len_utf8()];
        is_han(*first) && is_han(*second) && !CHINESE.courtesy.contains(word) && facts.contains(word)
    };
    english || letters.windows(2).any(pair)
}

/// Returns an English word as the vocabulary writes it.
fn plain_form(word: &str) -> String {
    word.replace('\u{2019}', "'").to_ascii_lowercase()
}

/// The words a clause may use.
struct Usable<'a> {
    ground: &'a Ground,
    rests: bool,
}

impl Usable<'_> {
    fn knows(&self, vocabulary: &Vocabulary, word: &str) -> bool {
        if self.rests && vocabulary.denying.contains(word) {
            return false;
        }
        vocabulary.courtesy.contains(word)
            || (self.rests && vocabulary.terms.contains(word))
            || (self.rests && self.ground.lowers && vocabulary.lowering.contains(word))
    }

    fn english(&self, word: &str) -> bool {
        let word = plain_form(word);
        let base = word.strip_suffix("'s").unwrap_or(&word).trim_end_matches(['\'', '-']);
        let stated = |word: &str| self.rests && word.len() > 2 && words(&self.ground.facts).any(|fact| fact.eq_ignore_ascii_case(word));
        let known = |word: &str| self.knows(&ENGLISH, word) || stated(word);
        known(&word) || known(base) || (base.contains('-') && base.split('-').all(known))
    }

    /// Returns whether a run of Chinese characters is a row of known words.
    fn segments(&self, run: &str) -> bool {
        let bounds: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
        let mut reached = vec![false; bounds.len()];
        reached[0] = true;
        for from in 0..bounds.len() - 1 {
            if !reached[from] {
                continue;
            }
            for to in from + 1..bounds.len().min(from + LONGEST + 1) {
                let word = &run[bounds[from]..bounds[to]];
                let stated = to - from > 1 && self.rests && self.ground.facts.contains(word);
                if stated || self.knows(&CHINESE, word) {
                    reached[to] = true;
                }
            }
        }
        reached.last().copied().unwrap_or(true)
    }
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// The words of a language that a clause may use without being a wording, by what they need.
struct Vocabulary {
    /// Words that promise nothing.
    courtesy: HashSet<&'static str>,
    /// Words one of which a clause of courtesy alone must hold.
    heads: HashSet<&'static str>,
    /// Words of offers.
    terms: HashSet<&'static str>,
    /// Words of paying less.
    lowering: HashSet<&'static str>,
    /// Words that deny: beside a fact they could turn it round.
    denying: HashSet<&'static str>,
    /// Whole clauses that promise nothing.
    clauses: HashSet<&'static str>,
    /// Words that make a promise of harmless ones: `只有`.
    never: HashSet<&'static str>,
}

static ENGLISH: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(include_str!("vocabulary/en.txt")));
static CHINESE: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(include_str!("vocabulary/zh.txt")));

impl Vocabulary {
    fn of(text: &'static str) -> Self {
        const LISTS: [&str; 7] = ["courtesy", "heads", "terms", "lowering", "denying", "clauses", "never"];
        let mut lists: [HashSet<&'static str>; 7] = Default::default();
        let mut list = 0;
        for line in text.lines() {
            match line.strip_prefix("# ") {
                Some(name) => list = LISTS.iter().position(|known| *known == name).unwrap_or(list),
                None if LISTS[list] == "clauses" => lists[list].extend([line].into_iter().filter(|line| !line.is_empty())),
                None => lists[list].extend(line.split_whitespace()),
            }
        }
        let [courtesy, heads, terms, lowering, denying, clauses, never] = lists;
        Self { courtesy, heads, terms, lowering, denying, clauses, never }
    }
}

/// Returns a template's text in each form that its conditions can give it, with [`HOLE`] for what is put in.
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
        check("Acme, Inc. calls, today", &[0..10, 18..23], &["Acme, Inc. calls", "today"]);
    }

    #[test]
    fn only_words_that_promise_nothing_are_plain() {
        let check = |text: &str, facts: &str, expected: bool| {
            let ground = Ground { facts: facts.to_owned(), lowers: false, stated: false };
            assert_eq!(is_plain(text, &(0..text.len()), &[], &ground), expected, "{text}");
        };
        check("Thank you for your time", "", true);
        check("You wanted this", "", false);
        check("we have an eye on your parcel, please", "", false);
        check("take the annual plan", "", false);
        check("take the annual plan", "Annual plan", true);
        check("no annual plan", "Annual plan", false);
        check("your annual plan falls", "Annual plan", false);
        check("謝謝您的時間", "", true);
        check("您要的來了", "", false);
        check("設備由我們提供", "", false);
        check("改為年約", "改為年約，12 個月", true);
        check("不改為年約", "改為年約，12 個月", false);
    }
}
