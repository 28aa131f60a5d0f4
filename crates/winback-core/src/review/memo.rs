//! What was found out lately about lines that come again and again: most lines of a batch
//! differ in nothing but a name. Each answer depends on its key alone, so remembering it
//! changes no result.
use super::html::Tag;
use crate::claim::{Claim, Reading, read};
use crate::message::Channel;
use crate::template::Case;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

/// How many lines are remembered for one setting before all are forgotten.
const MOST: usize = 4_096;
/// How many settings are remembered before all are forgotten.
const MOST_SETTINGS: usize = 1_024;

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

type Lines<K, V> = RefCell<HashMap<K, HashMap<String, V>>>;

thread_local! {
    static CLAIMS: Lines<Reading, Rc<[Claim]>> = RefCell::default();
    static WORDINGS: Lines<Place, Holes> = RefCell::default();
    static RUDE: Lines<(), bool> = RefCell::default();
    static TAGS: Lines<(), Tag> = RefCell::default();
}

/// Returns what a line claims.
pub(super) fn claims(line: &str, reading: &Reading) -> Rc<[Claim]> {
    CLAIMS.with(|lines| recall(lines, reading, line).unwrap_or_else(|| keep(lines, *reading, line, read(line, reading).into())))
}

/// Returns whether a text holds a phrase that no message says.
pub(super) fn is_rude(text: &str) -> bool {
    RUDE.with(|lines| recall(lines, &(), text).unwrap_or_else(|| keep(lines, (), text, !crate::manners::find(text).is_empty())))
}

/// Returns what is known of a tag of HTML.
pub(super) fn tag(tag: &str, look: impl Fn(&str) -> Tag) -> Tag {
    TAGS.with(|tags| recall(tags, &(), tag).unwrap_or_else(|| keep(tags, (), tag, look(tag))))
}

/// Returns the facts with which a line was found to be a wording.
pub(super) fn wording(line: &str, place: &Place) -> Option<Holes> {
    WORDINGS.with(|lines| recall(lines, place, line))
}

/// Remembers the facts with which a line is a wording.
pub(super) fn keep_wording(line: &str, place: Place, holes: Holes) -> Holes {
    WORDINGS.with(|lines| keep(lines, place, line, holes))
}

fn recall<K: Hash + Eq, V: Clone>(lines: &Lines<K, V>, key: &K, line: &str) -> Option<V> {
    lines.borrow().get(key)?.get(line).cloned()
}

fn keep<K: Hash + Eq, V: Clone>(lines: &Lines<K, V>, key: K, line: &str, value: V) -> V {
    let mut lines = lines.borrow_mut();
    if lines.len() >= MOST_SETTINGS {
        lines.clear();
    }
    let of_key = lines.entry(key).or_default();
    if of_key.len() >= MOST {
        of_key.clear();
    }
    of_key.insert(line.to_owned(), value.clone());
    value
}
