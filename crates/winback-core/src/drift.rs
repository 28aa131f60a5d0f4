//! Drift: whether the customers of one run look like those of another, column by column, and whether they score alike.
//!
//! The figure is the population stability index, Σ (q − p) · ln (q / p) over bins, where p is the bin's share of the
//! customers before and q of those now. A number has ten bins of about as many customers before, and one on either side
//! of them; a word has a bin each, those not seen before one together; empty cells have their own. Half a customer is
//! added to every bin, so that an empty one gives no infinity. By chance alone the index of two samples of the same
//! customers is (bins − 1) · (1/n + 1/m) on average (Yurdakul and Naranjo 2020), and that stands beside it.
pub mod profile;
pub mod told;

use crate::feature::{FeatureColumn, FeatureTable};
use crate::id::RunId;
use crate::risk::RiskLevel;
use profile::{ColumnProfile, Counts, Histogram, Profile, ScoreProfile, Scores, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From which index on a column is to be watched.
pub const WATCH: f64 = 0.1;
/// Above which index a column has changed.
pub const CHANGED: f64 = 0.25;
/// Up to how many times what chance gives on average an index may still be chance, where that average alone is worth
/// watching. Of ten bins and more, one in a thousand is higher by chance.
pub const CHANCE_REACHES: f64 = 3.0;
/// The fewest customers of a run of which anything is said.
pub const LEAST_CUSTOMERS: u64 = 200;

/// How an index is usually read (Siddiqi, "Credit Risk Scorecards", 2006).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Too few customers to tell: below [`LEAST_CUSTOMERS`], or chance alone would give [`WATCH`] on average and the index
    /// is no more than [`CHANCE_REACHES`] times that.
    TooFew,
    /// Below [`WATCH`].
    Stable,
    /// From [`WATCH`] up to [`CHANGED`].
    Watch,
    /// Above [`CHANGED`].
    Changed,
}

/// How far something moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Stability {
    /// The population stability index.
    pub psi: f64,
    /// How many bins hold anybody, before or now.
    pub bins: u64,
    /// What the index would be on average by chance alone.
    pub chance: f64,
    /// How that is read.
    pub reading: Reading,
}

/// One part of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "bin", rename_all = "snake_case")]
pub enum Bin {
    /// Numbers below all of before.
    Below {
        /// The least number of before.
        least: f64,
    },
    /// The least numbers of before, up to a bound; both are in it.
    Lowest {
        /// The least number of before.
        from: f64,
        /// The bound above.
        to: f64,
    },
    /// Numbers between two bounds; one that equals a bound belongs to the bin below it.
    Range {
        /// The bound below.
        from: f64,
        /// The bound above.
        to: f64,
    },
    /// Numbers above all of before.
    Above {
        /// The greatest number of before.
        most: f64,
    },
    /// Any number, where all cells were empty before.
    AnyNumber,
    /// A word.
    Word {
        /// The word.
        word: String,
    },
    /// Words that were rare before, or not seen.
    OtherWords,
    /// Empty cells.
    Missing,
}

/// The part of a column that moved most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Shift {
    /// The part.
    #[serde(flatten)]
    pub bin: Bin,
    /// Its share before, from 0 to 1.
    pub before: f64,
    /// Its share now.
    pub now: f64,
}

/// How a column moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ColumnDrift {
    /// The column.
    pub column: String,
    /// How far.
    #[serde(flatten)]
    pub stability: Stability,
    /// The part that moved most; `None` where the column is empty in both runs.
    pub most: Option<Shift>,
}

/// How the scores moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScoreDrift {
    /// How far.
    #[serde(flatten)]
    pub stability: Stability,
    /// Whether one model scored both; else the scores may have moved because of the model.
    pub same_model: bool,
    /// The mean probability before.
    pub mean_before: f64,
    /// The mean probability now.
    pub mean_now: f64,
    /// Whether both runs told levels by the same thresholds; `false` where those of before are not known.
    #[serde(default)]
    pub same_thresholds: bool,
    /// The share of each risk level, the most serious first; empty where the thresholds are not the same.
    pub levels: Vec<LevelShare>,
}

/// The share of a risk level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LevelShare {
    /// The level.
    pub level: RiskLevel,
    /// Its share before, from 0 to 1.
    pub before: f64,
    /// Its share now.
    pub now: f64,
}

/// How customers moved from one run to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Drift {
    /// How many customers before, and how many of them were counted.
    pub before: [u64; 2],
    /// How many now, and how many of them were counted.
    pub now: [u64; 2],
    /// The columns that both runs have, in the order of the present ones.
    pub columns: Vec<ColumnDrift>,
    /// Columns that are no longer there, or of another kind now.
    pub gone: Vec<String>,
    /// Columns that were not there before, or of another kind.
    pub new: Vec<String>,
    /// The scores, where both runs were assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoreDrift>,
}

/// Why an earlier run was taken to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The model in use was trained on it.
    Training,
    /// It is the run before, of another file.
    Before,
    /// Somebody named it.
    Named,
}

/// How the customers of a run moved from those of an earlier one, as it is kept with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunDrift {
    /// The earlier run.
    pub from: RunId,
    /// Its file.
    pub from_source: String,
    /// The run.
    pub to: RunId,
    /// Its file.
    pub to_source: String,
    /// Why that earlier run.
    pub basis: Basis,
    /// How they moved.
    #[serde(flatten)]
    pub drift: Drift,
}

impl Drift {
    /// Returns the columns with a reading.
    pub fn read(&self, reading: Reading) -> impl Iterator<Item = &ColumnDrift> {
        self.columns.iter().filter(move |column| column.stability.reading == reading)
    }

    /// Returns whether a run has too few customers for anything to be said.
    pub fn too_few(&self) -> bool {
        self.before[1].min(self.now[1]) < LEAST_CUSTOMERS
    }
}

/// Compares present customers, of a run that has `customers` in all, with those of an earlier run.
pub fn drift(before: &Profile, table: &FeatureTable, customers: u64, scores: Option<&Scores>) -> Drift {
    let mut found = Drift { before: [before.customers, before.counted], now: [customers, table.rows() as u64], ..Drift::default() };
    for (feature, column) in table.schema.features.iter().zip(&table.columns) {
        let known = before.columns.iter().find(|known| known.column == feature.name);
        match known.and_then(|known| parts(known, column)) {
            Some(parts) => found.columns.push(moved(&feature.name, &parts)),
            None => found.new.push(feature.name.clone()),
        }
    }
    let kept = |column: &&ColumnProfile| !found.columns.iter().any(|kept| kept.column == column.column);
    found.gone = before.columns.iter().filter(kept).map(|column| column.column.clone()).collect();
    found.scores = before.scores.as_ref().zip(scores).map(|(before, now)| scored(before, now));
    found
}

/// How many customers a part of a column has, before and now.
struct Part {
    bin: Bin,
    counts: [u64; 2],
}

/// Returns the parts of a column; `None` where it is of another kind now.
fn parts(before: &ColumnProfile, now: &FeatureColumn) -> Option<Vec<Part>> {
    let (mut parts, missing) = match (&before.counts, now) {
        (Counts::Number(histogram), FeatureColumn::Number(values)) => {
            let parts = ranges(histogram, values);
            let known: u64 = parts.iter().map(|part| part.counts[1]).sum();
            (parts, values.len() as u64 - known)
        }
        (Counts::Words { words: known, others }, FeatureColumn::Category { .. }) => {
            let (mut counts, missing) = words(now);
            let part = |(word, &before): (&String, &u64)| {
                let now = counts.remove(word.as_str()).unwrap_or_default();
                Part { bin: Bin::Word { word: word.clone() }, counts: [before, now] }
            };
            let mut parts: Vec<Part> = known.iter().map(part).collect();
            parts.push(Part { bin: Bin::OtherWords, counts: [*others, counts.values().sum()] });
            (parts, missing)
        }
        _ => return None,
    };
    parts.push(Part { bin: Bin::Missing, counts: [before.missing, missing] });
    Some(parts)
}

fn ranges(histogram: &Histogram, values: &[f64]) -> Vec<Part> {
    let now = Histogram::count(&histogram.borders, values);
    let counts = histogram.counts.iter().zip(now).enumerate();
    let border = |at: Option<usize>| at.and_then(|at| histogram.borders.get(at)).copied();
    let bin = |at: usize| match (border(at.checked_sub(1)), border(Some(at))) {
        // The first border lies just below the least number.
        (Some(low), Some(to)) if at == 1 => Bin::Lowest { from: low.next_up(), to },
        (Some(from), Some(to)) => Bin::Range { from, to },
        (None, Some(border)) => Bin::Below { least: border.next_up() },
        (Some(most), None) => Bin::Above { most },
        (None, None) => Bin::AnyNumber,
    };
    counts.map(|(at, (&before, now))| Part { bin: bin(at), counts: [before, now] }).collect()
}

fn moved(column: &str, parts: &[Part]) -> ColumnDrift {
    let (stability, terms) = measure(parts);
    let most = (0..terms.len()).reduce(|best, at| if terms[at] > terms[best] { at } else { best });
    let all = totals(parts);
    let share = |part: &Part, side: usize| part.counts[side] as f64 / all[side].max(1) as f64;
    let held = parts.iter().filter(|part| part.counts != [0, 0]);
    let most = most.and_then(|at| held.clone().nth(at));
    let most = most.map(|part| Shift { bin: part.bin.clone(), before: share(part, 0), now: share(part, 1) });
    ColumnDrift { column: column.to_owned(), stability, most }
}

fn totals(parts: &[Part]) -> [u64; 2] {
    [0, 1].map(|side| parts.iter().map(|part| part.counts[side]).sum())
}

/// Returns the index of some parts, and what each part that holds anybody adds to it.
fn measure(parts: &[Part]) -> (Stability, Vec<f64>) {
    let held: Vec<[u64; 2]> = parts.iter().map(|part| part.counts).filter(|counts| *counts != [0, 0]).collect();
    let all = totals(parts);
    let share = |count: u64, all: u64| (count as f64 + 0.5) / (all as f64 + 0.5 * held.len() as f64);
    let term = |counts: &[u64; 2]| {
        let [before, now] = [share(counts[0], all[0]), share(counts[1], all[1])];
        (now - before) * (now / before).ln()
    };
    let terms: Vec<f64> = held.iter().map(term).collect();
    let psi = terms.iter().sum::<f64>();
    let chance = match all.contains(&0) {
        true => 0.0,
        false => held.len().saturating_sub(1) as f64 * (1.0 / all[0] as f64 + 1.0 / all[1] as f64),
    };
    let few = all[0].min(all[1]) < LEAST_CUSTOMERS || (chance >= WATCH && psi <= CHANCE_REACHES * chance);
    let reading = match psi {
        _ if few => Reading::TooFew,
        psi if psi < WATCH => Reading::Stable,
        psi if psi <= CHANGED => Reading::Watch,
        _ => Reading::Changed,
    };
    (Stability { psi, bins: held.len() as u64, chance, reading }, terms)
}

fn scored(before: &ScoreProfile, now: &Scores) -> ScoreDrift {
    let values: Vec<f64> = now.probabilities.iter().map(|one| one.value()).collect();
    let mut levels: BTreeMap<RiskLevel, u64> = BTreeMap::new();
    now.probabilities.iter().for_each(|one| *levels.entry(now.thresholds.level(*one)).or_default() += 1);
    let share = |levels: &BTreeMap<RiskLevel, u64>, level: RiskLevel| {
        levels.get(&level).copied().unwrap_or_default() as f64 / levels.values().sum::<u64>().max(1) as f64
    };
    let level = |level| LevelShare { level, before: share(&before.levels, level), now: share(&levels, level) };
    let same_thresholds = before.thresholds == Some(now.thresholds);
    ScoreDrift {
        stability: measure(&ranges(&before.histogram, &values)).0,
        same_model: before.model == *now.model,
        mean_before: before.mean,
        mean_now: values.iter().sum::<f64>() / values.len().max(1) as f64,
        same_thresholds,
        levels: if same_thresholds { RiskLevel::ALL.map(level).to_vec() } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests;
