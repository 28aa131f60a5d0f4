//! What was found out lately about lines that come again and again: most lines of a batch
//! differ in nothing but a name. Each answer depends on its key alone, so remembering it
//! changes no result.
use super::html::Tag;
use crate::claim::{Claim, Reading, read};
use crate::locale::Locale;
use crate::message::{Channel, Fact};
use crate::script::spoken_seconds;
use crate::template::Case;
use foldhash::HashMap;
use std::cell::{Cell, RefCell};
use std::hash::Hash;
use std::rc::Rc;

/// How many lines of one kind a thread remembers before it forgets them all, and how long they are at most, in bytes:
/// some ten megabytes, however many customers there are.
const MOST: usize = 16_384;
const LONGEST: usize = 2_000;

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The templates.
    pub phrases: u64,
    pub reading: Reading,
    pub channel: Channel,
    /// The first letters of the part's name, which tell the kinds of parts apart.
    pub part: [u8; 4],
    pub case: Case,
}

/// The facts with which a line is a wording, by id and text.
pub(super) type Holes = Rc<[(String, String)]>;

/// Answers by setting and line, and how many there are.
struct Lines<K, V> {
    known: RefCell<HashMap<K, HashMap<String, V>>>,
    count: Cell<usize>,
}

impl<K, V> Default for Lines<K, V> {
    fn default() -> Self {
        Self { known: RefCell::default(), count: Cell::default() }
    }
}

thread_local! {
    static CLAIMS: Lines<Reading, Rc<[Claim]>> = Lines::default();
    static WORDINGS: Lines<Place, Holes> = Lines::default();
    static RUDE: Lines<(), bool> = Lines::default();
    static SECONDS: Lines<Locale, f64> = Lines::default();
    static TAGS: Lines<u64, Tag> = Lines::default();
}

/// Returns what a line claims.
pub(super) fn claims(line: &str, reading: &Reading) -> Rc<[Claim]> {
    CLAIMS.with(|lines| recall(lines, reading, line).unwrap_or_else(|| keep(lines, *reading, line, read(line, reading).into())))
}

/// Returns whether a text holds a phrase that no message says.
pub(super) fn is_rude(text: &str) -> bool {
    RUDE.with(|lines| recall(lines, &(), text).unwrap_or_else(|| keep(lines, (), text, !crate::manners::find(text).is_empty())))
}

/// Returns the seconds a text takes to say.
pub(super) fn seconds(text: &str, locale: Locale) -> f64 {
    SECONDS.with(|texts| recall(texts, &locale, text).unwrap_or_else(|| keep(texts, locale, text, spoken_seconds(text, locale))))
}

/// Returns what is known of a tag of HTML beside a layout.
pub(super) fn tag(tag: &str, layout: u64, look: impl FnOnce() -> Tag) -> Tag {
    TAGS.with(|tags| recall(tags, &layout, tag).unwrap_or_else(|| keep(tags, layout, tag, look())))
}

/// Returns the facts with which a line was found to be a wording.
pub(super) fn wording(line: &str, place: &Place) -> Option<Holes> {
    WORDINGS.with(|lines| recall(lines, place, line))
}

/// Remembers the facts with which a line is a wording.
pub(super) fn keep_wording(line: &str, place: Place, facts: &[&Fact]) {
    let holes = facts.iter().map(|fact| (fact.id.clone(), fact.text.clone())).collect();
    WORDINGS.with(|lines| keep(lines, place, line, holes));
}

fn recall<K: Hash + Eq, V: Clone>(lines: &Lines<K, V>, key: &K, line: &str) -> Option<V> {
    lines.known.borrow().get(key)?.get(line).cloned()
}

fn keep<K: Hash + Eq, V: Clone>(lines: &Lines<K, V>, key: K, line: &str, value: V) -> V {
    if line.len() > LONGEST {
        return value;
    }
    let mut known = lines.known.borrow_mut();
    if lines.count.replace(lines.count.get() + 1) >= MOST {
        known.clear();
        lines.count.set(1);
    }
    known.entry(key).or_default().insert(line.to_owned(), value.clone());
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_forgets_before_it_remembers_too_much() {
        let lines = Lines::<usize, usize>::default();
        for at in 0..MOST * 2 + 5 {
            keep(&lines, at % 700, &at.to_string(), at);
            assert_eq!(recall(&lines, &(at % 700), &at.to_string()), Some(at));
        }
        assert_eq!(lines.known.borrow().values().map(HashMap::len).sum::<usize>(), 5);
    }
}
