//! Permutation importance: how much worse held-out customers are scored when what one reason is told by is shuffled
//! among them (Breiman 2001, section 10).
//!
//! The columns of a reason are shuffled together, so that what they share is not counted as missing when only one of
//! them is, and with them those that repeat one of its answers ("No internet service"). Such a column by itself is
//! shuffled only among customers of whom its question makes sense. Each fold's model is asked about the customers it has
//! not seen, and its scores are calibrated by the map of that fold; the repeats of a fold are averaged first, for they
//! share the model and the customers, and the interval is over the folds (Nadeau and Bengio 2003).
use crate::compare::{Difference, interval};
use crate::metrics::{Scored, areas, log_loss};
use crate::sample::{draw, take, take_column, tile};
use crate::split::SplitMix64;
use crate::validate::{HeldOut, held_out_share, outcomes, scored};
use winback_core::feature::{FeatureColumn, FeatureIndex, FeatureTable};
use winback_core::model::{Importance, TrainError, Validation};
use winback_core::progress::Progress;

/// How many times a reason is shuffled in each fold.
pub(crate) const REPEATS: usize = 5;
/// The most held-out customers of a fold that take part.
const MOST_ROWS: usize = 20_000;
/// The most scores that all shuffles of a fold take together; a table of many reasons takes fewer customers.
const MOST_SCORES: usize = 500_000;
/// The fewest customers of a fold where it has as many.
const LEAST_ROWS: usize = 200;

/// What shuffling one reason did in one fold.
#[derive(Clone, Copy)]
struct Harm {
    log_loss_rise: f64,
    auc_drop: f64,
}

/// Adds the importance of every reason to what cross-validation tells, the most important first.
pub(crate) fn tell(
    table: &FeatureTable,
    held_out: &[HeldOut],
    (seed, progress): (u64, &dyn Progress),
    validation: &mut Validation,
) -> Result<(), TrainError> {
    let groups = &table.schema.groups;
    let most = (MOST_SCORES / (REPEATS * groups.len().max(1))).clamp(LEAST_ROWS, MOST_ROWS);
    let mut random = SplitMix64::new(seed);
    let mut harms: Vec<Vec<Harm>> = vec![Vec::with_capacity(held_out.len()); groups.len()];
    let mut customers = 0;
    for fold in held_out {
        let rows = draw(&fold.rows, most, &mut random);
        customers += rows.len() as u64;
        for (harms, harm) in harms.iter_mut().zip(harm_of_groups(table, fold, &rows, &mut random)?) {
            harms.push(harm);
        }
        progress.advance(1);
    }
    let share = held_out_share(held_out.len());
    let told = |(group, harms): (usize, &Vec<Harm>)| importance(table, group, harms, share);
    let mut all: Vec<Importance> = harms.iter().enumerate().map(told).collect();
    all.sort_by(|a, b| b.log_loss_rise.total_cmp(&a.log_loss_rise));
    validation.importance = all;
    validation.importance_rows = customers;
    validation.importance_repeats = REPEATS as u32;
    Ok(())
}

fn importance(table: &FeatureTable, group: usize, harms: &[Harm], share: f64) -> Importance {
    let over_folds = |pick: fn(&Harm) -> f64| interval(&harms.iter().map(pick).collect::<Vec<f64>>(), share);
    let Difference { mean: log_loss_rise, low, high } = over_folds(|harm| harm.log_loss_rise);
    let Difference { mean: auc_drop, low: auc_drop_low, high: auc_drop_high } = over_folds(|harm| harm.auc_drop);
    let features = || moved_with(table, group).into_iter().map(|feature| &table.schema.features[feature]);
    let group = &table.schema.groups[group];
    Importance {
        group: group.name.clone(),
        label: group.label.clone(),
        columns: features().map(|feature| feature.name.clone()).collect(),
        synthetic: features().any(|feature| feature.synthetic),
        log_loss_rise,
        low,
        high,
        auc_drop,
        auc_drop_low,
        auc_drop_high,
    }
}

/// Returns the columns of a reason, the leading one first, and those that repeat an answer of it.
fn moved_with(table: &FeatureTable, group: usize) -> Vec<FeatureIndex> {
    let own = &table.schema.groups[group].features;
    let repeats = |feature: &FeatureIndex| {
        let repeats = table.schema.features[*feature].repeats.as_ref();
        repeats.is_some_and(|repeats| usize::from(repeats.group) == group) && !own.contains(feature)
    };
    own.iter().copied().chain((0..table.columns.len()).filter(repeats)).collect()
}

/// Returns of each row whether a column of a reason only repeats there what another reason answers.
fn closed(table: &FeatureTable, group: usize, rows: &[u32]) -> Vec<bool> {
    let of_others = |&feature: &FeatureIndex| {
        let repeats = table.schema.features[feature].repeats.as_ref().filter(|repeats| usize::from(repeats.group) != group)?;
        let FeatureColumn::Category { codes, levels } = &table.columns[feature] else { return None };
        Some((codes, levels.iter().position(|level| **level == *repeats.level)? as u16))
    };
    let columns: Vec<(&Vec<u16>, u16)> = table.schema.groups[group].features.iter().filter_map(of_others).collect();
    rows.iter().map(|&row| columns.iter().any(|(codes, repeated)| codes[row as usize] == *repeated)).collect()
}

/// Returns what shuffling each reason did, given the rows that take part.
fn harm_of_groups(table: &FeatureTable, fold: &HeldOut, rows: &[u32], random: &mut SplitMix64) -> Result<Vec<Harm>, TrainError> {
    let ask = |table: &FeatureTable, rows: &[u32]| {
        let calibrated: Vec<f64> = fold.fitted.scores(table, rows).into_iter().map(|score| fold.map.of(score)).collect();
        scored(&outcomes(table, rows, &calibrated))
    };
    let (base_loss, base_auc) = loss_and_auc(&ask(table, rows)?);
    // All repeats stand in one table, one below the other.
    let asked = tile(rows, REPEATS);
    let mut stacked = take(table, &asked);
    let places: Vec<u32> = (0..asked.len() as u32).collect();
    let mut harms = Vec::with_capacity(table.schema.groups.len());
    for group in 0..table.schema.groups.len() {
        let (moved, closed) = (moved_with(table, group), closed(table, group, rows));
        let shuffled: Vec<u32> = (0..REPEATS).flat_map(|_| shuffle(rows, &closed, random)).collect();
        for &feature in &moved {
            stacked.columns[feature] = take_column(&table.columns[feature], &shuffled);
        }
        let all = ask(&stacked, &places)?;
        for &feature in &moved {
            stacked.columns[feature] = take_column(&table.columns[feature], &asked);
        }
        let each: Vec<(f64, f64)> = all.chunks(rows.len()).map(loss_and_auc).collect();
        let mean = |pick: fn(&(f64, f64)) -> f64| each.iter().map(pick).sum::<f64>() / REPEATS as f64;
        harms.push(Harm { log_loss_rise: mean(|one| one.0) - base_loss, auc_drop: base_auc - mean(|one| one.1) });
    }
    Ok(harms)
}

/// Returns the rows in random order, the open ones among themselves and the closed ones among themselves.
fn shuffle(rows: &[u32], closed: &[bool], random: &mut SplitMix64) -> Vec<u32> {
    let mut shuffled = rows.to_vec();
    for kind in [false, true] {
        let places: Vec<usize> = (0..rows.len()).filter(|&place| closed[place] == kind).collect();
        let mut of_kind: Vec<u32> = places.iter().map(|&place| rows[place]).collect();
        random.shuffle(&mut of_kind);
        places.iter().zip(of_kind).for_each(|(&place, row)| shuffled[place] = row);
    }
    shuffled
}

/// A sample in which only one kind of customer stands has no area; half of everything stands in for it.
fn loss_and_auc(scored: &[Scored]) -> (f64, f64) {
    let (auc, _) = areas(scored);
    (log_loss(scored), if auc.is_finite() { auc } else { 0.5 })
}
