//! Every kind of lie in every one of 2,000 drafts where it can be told, and how many pass the review; then how fast
//! honest drafts are reviewed. Run with `cargo bench -p winback-core --bench claims`; a word after `--` chooses the kinds
//! whose name contains it, and prints what passed.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its arguments")]
#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a benchmark reports to the terminal and may stop")]
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/lies/mod.rs"]
mod lies;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/sample.rs"]
mod sample;

use lies::houses::{cases, places};
use lies::kinds::{Kind, all};
use lies::report::{Cell, Honest, Tally, examples, honest, of_cell, table};
use std::collections::BTreeMap;
use std::time::Instant;
use winback_core::locale::Locale;
use winback_core::message::Channel;
use winback_core::review::review;
use winback_core::template::Templates;

const DRAFTS: usize = 2_000;
const THREADS: usize = 2;

fn main() {
    let chosen = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let templates = Templates::built_in().unwrap();
    let drafts = honest(&templates, &cases(&places(), DRAFTS.div_ceil(3)), DRAFTS);
    speed(&templates, &drafts);
    let kinds: Vec<Kind> = all().into_iter().filter(|kind| kind.name.contains(&chosen)).collect();
    let start = Instant::now();
    let tallies = plant_everywhere(&templates, &drafts, &kinds);
    println!("{}", table(&tallies));
    if !chosen.is_empty() {
        println!("{}", examples(&tallies));
    }
    let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    let (planted, passed) = (sum(|tally| tally.planted), sum(|tally| tally.passed));
    println!("{} kinds, {planted} lies, {passed} passed, {:.1} s", kinds.len(), start.elapsed().as_secs_f64());
}

/// Plants every kind once in every draft.
fn plant_everywhere(templates: &Templates, drafts: &[Honest], kinds: &[Kind]) -> BTreeMap<Cell, Tally> {
    let mut tallies = BTreeMap::<Cell, Tally>::new();
    std::thread::scope(|scope| {
        let part = |thread: usize| kinds.iter().skip(thread).step_by(THREADS);
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || plant_all(templates, drafts, part(thread)))).collect();
        threads.into_iter().for_each(|thread| tallies.extend(thread.join().unwrap()));
    });
    tallies
}

fn plant_all<'a>(templates: &Templates, drafts: &[Honest], kinds: impl Iterator<Item = &'a Kind>) -> BTreeMap<Cell, Tally> {
    let mut tallies = BTreeMap::<Cell, Tally>::new();
    for kind in kinds {
        for locale in Locale::ALL {
            for channel in Channel::ALL {
                let tally = tallies.entry((kind.name, locale, channel)).or_default();
                for (seed, honest) in of_cell(drafts, locale, channel).into_iter().enumerate() {
                    tally.plant(templates, *kind, honest, seed as u64);
                }
            }
        }
    }
    tallies.retain(|_, tally| tally.planted > 0);
    tallies
}

/// Reviews the honest drafts and says how many there are in a second, and how much text.
fn speed(templates: &Templates, drafts: &[Honest]) {
    let copies: Vec<_> = drafts.iter().map(|honest| honest.draft.clone()).collect();
    let bytes: usize = copies.iter().flat_map(|draft| draft.content.parts()).map(|(_, text)| text.len()).sum();
    let start = Instant::now();
    let passed = drafts.iter().zip(copies).filter(|(honest, draft)| review(&honest.case.brief, templates.phrases(), draft.clone()).is_ok());
    let passed = passed.count();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{passed} of {} honest drafts pass: {:.0} drafts/s, {:.1} MB/s of text on one thread\n",
        drafts.len(),
        drafts.len() as f64 / seconds,
        bytes as f64 / seconds / 1e6
    );
}
