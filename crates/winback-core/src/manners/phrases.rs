//! The phrases no message says. A phrase stands in the form in which a person
//! would write it; 您 stands for 你 too. Left out on purpose: words that decent
//! texts need (請點擊, 優惠, hurry on its own).
mod english;
mod every;
mod mainland;
mod taiwan;

use super::{Phrasebook, Reason};

/// Phrases with one reason and one gentler way.
struct Group {
    reason: Reason,
    instead: &'static str,
    phrases: &'static [&'static str],
}

/// Words that may be said although they hold a phrase of the list.
const DECENT: [&str; 32] = [
    "no need to hurry up",
    "if you have not",
    "if you haven't",
    "if you have never",
    "if you did not",
    "if you didn't",
    "if you forgot",
    "in case you forgot",
    "unless you have not",
    "what you have not",
    "anything you have not",
    "if you failed",
    "and you have not",
    "有什麼您沒有",
    "有什么您没有",
    "如果您沒有",
    "如果您没有",
    "若您沒有",
    "若您没有",
    "假如您沒有",
    "如果您忘了",
    "如果您忘記",
    "如果您忘记",
    "若您忘了",
    "若您忘記",
    "若您忘记",
    "您忘了密碼",
    "您忘了密码",
    "您沒有使用的",
    "您没有使用的",
    "如果您還是沒有",
    "如果您还是没有",
];

/// Returns every group of every language.
fn groups() -> impl Iterator<Item = &'static Group> {
    english::GROUPS.iter().chain(&taiwan::GROUPS).chain(&mainland::GROUPS).chain(&every::GROUPS)
}

/// Returns the book of every phrase above.
pub(super) fn book() -> Phrasebook {
    let mut book = Phrasebook::default();
    for group in groups() {
        group.phrases.iter().for_each(|phrase| book.never(phrase, group.reason, group.instead));
    }
    DECENT.iter().for_each(|words| book.decent(words));
    book
}

/// Returns every phrase, for tests.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, Reason)> {
    groups().flat_map(|group| group.phrases.iter().map(|phrase| (*phrase, group.reason)))
}
