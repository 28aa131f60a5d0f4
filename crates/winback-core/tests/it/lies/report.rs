//! Planting every kind of lie into many drafts and counting what passes.
use super::case::Case;
use super::kinds::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use winback_core::agents::communication::write;
use winback_core::locale::Locale;
use winback_core::message::{Channel, Content, Draft};
use winback_core::review::review;
use winback_core::template::Templates;

/// Checks of a message's form. A lie that fails them alone was not seen to be one.
const FORM: [&str; 4] = ["length", "single-line", "subject-length", "spoken-time"];

/// How many examples of a lie that passed are kept for one kind.
const EXAMPLES: usize = 4;

/// A kind, a language and a channel.
pub type Cell = (&'static str, Locale, Channel);

/// An honest draft and the brief it was written from.
pub struct Honest {
    /// Its place among all drafts.
    pub at: usize,
    pub case: Case,
    pub draft: Draft,
}

/// What became of the lies of one cell.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Drafts with a lie in them.
    pub planted: usize,
    /// Those that became a message.
    pub passed: usize,
    /// Drafts with a lie that were kept back for their form alone, not counted above.
    pub form_only: usize,
    /// The drafts that a lie was planted in, by place.
    pub drafts: BTreeSet<usize>,
    /// What some that passed say, beside the honest words.
    pub examples: Vec<String>,
}

/// Returns the first drafts of these cases, with what they were written from.
pub fn honest(templates: &Templates, cases: &[Case], count: usize) -> Vec<Honest> {
    let written = cases.iter().flat_map(|case| write(templates, &case.brief).drafts.into_iter().map(move |draft| (case, draft)));
    written.take(count).enumerate().map(|(at, (case, draft))| Honest { at, case: case.clone(), draft }).collect()
}

/// Returns the drafts of a language and a channel.
pub fn of_cell(drafts: &[Honest], locale: Locale, channel: Channel) -> Vec<&Honest> {
    drafts.iter().filter(|honest| honest.case.locale() == locale && honest.draft.content.channel() == channel).collect()
}

impl Tally {
    /// Plants a lie in a draft, reviews it and counts. What its form alone keeps back counts as not planted.
    pub fn plant(&mut self, templates: &Templates, kind: Kind, honest: &Honest, seed: u64) {
        let Some(lie) = kind.plant(&honest.case, &honest.draft, seed) else { return };
        assert_ne!(lie, honest.draft, "{} changed nothing", kind.name);
        self.drafts.insert(honest.at);
        match review(&honest.case.brief, templates.phrases(), lie.clone()) {
            Ok(_) => {
                self.planted += 1;
                self.passed += 1;
                if self.examples.len() < EXAMPLES {
                    self.examples.push(difference(&honest.draft, &lie));
                }
            }
            Err(findings) if findings.iter().all(|finding| FORM.contains(&finding.check.as_str())) => self.form_only += 1,
            Err(_) => self.planted += 1,
        }
    }
}

/// Returns the parts of a draft that differ from the honest ones, each from the first difference's sentence on.
fn difference(honest: &Draft, lie: &Draft) -> String {
    let (before, after) = (honest.content.parts(), lie.content.parts());
    let changed = before.iter().zip(&after).filter(|(before, after)| before.1 != after.1);
    let texts: Vec<String> = changed.map(|(before, after)| format!("{}: {}", after.0, around(before.1, after.1))).collect();
    match (&honest.content, &lie.content) {
        (Content::Email(before), Content::Email(after)) if texts.is_empty() => format!("html: {}", around(&before.html, &after.html)),
        _ => texts.join(" | "),
    }
}

/// Returns the changed stretch of a text with a little of what stands around it.
fn around(before: &str, after: &str) -> String {
    let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let longest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count().min(longest);
    let (from, to) = (start.saturating_sub(24), (new.len() - end + 16).min(new.len()));
    let stretch: String = new[from..to].iter().collect();
    stretch.replace('\n', "⏎")
}

/// Returns the table of what was planted and what passed, by kind, and where.
pub fn table(tallies: &BTreeMap<Cell, Tally>) -> String {
    let names: BTreeSet<&str> = tallies.keys().map(|cell| cell.0).collect();
    let mut page = format!("{:<26} {:>8} {:>8} {:>10}  passed by language and channel\n", "kind", "planted", "passed", "form only");
    for name in names {
        let cells = || tallies.iter().filter(|(cell, _)| cell.0 == name);
        let sum = |of: fn(&Tally) -> usize| cells().map(|(_, tally)| of(tally)).sum::<usize>();
        let passed = cells().filter(|(_, tally)| tally.passed > 0);
        let places: Vec<String> = passed.map(|(cell, tally)| format!("{} {} {}", cell.1, cell.2.tag(), tally.passed)).collect();
        let (planted, passed, form) = (sum(|tally| tally.planted), sum(|tally| tally.passed), sum(|tally| tally.form_only));
        let _ = writeln!(page, "{name:<26} {planted:>8} {passed:>8} {form:>10}  {}", places.join(", "));
    }
    page
}

/// Returns two examples of each kind that passed, in each language.
pub fn examples(tallies: &BTreeMap<Cell, Tally>) -> String {
    let mut page = String::new();
    for ((name, locale, channel), tally) in tallies.iter().filter(|(_, tally)| tally.passed > 0) {
        let _ = writeln!(page, "{name} · {locale} · {}: {} of {} passed", channel.tag(), tally.passed, tally.planted);
        for example in tally.examples.iter().take(2) {
            let _ = writeln!(page, "    {example}");
        }
    }
    page
}
