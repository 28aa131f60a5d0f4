//! Permutation importance: how much worse held-out customers are scored when what one reason is told by is shuffled
//! among them (Breiman 2001, section 10).
//!
//! The columns of a reason are shuffled together, so that what they share is not counted as missing when only one of
//! them is. Scores are calibrated as those of the model in use. Each fold's model is asked about the customers it has not seen; the repeats of a fold are averaged first, for
//! they share the model and the customers, and the interval is over the folds (Nadeau and Bengio 2003).
use crate::calibrate::Calibration;
use crate::compare::{Difference, interval};
use crate::metrics::{Scored, areas, log_loss};
use crate::sample::{draw, take, take_column, tile};
use crate::split::SplitMix64;
use crate::validate::{HeldOut, held_out_share, outcomes, scored};
use winback_core::feature::{FeatureGroup, FeatureTable};
use winback_core::model::{Importance, TrainError, Validation};

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
    (map, seed): (&Calibration, u64),
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
        for (harms, harm) in harms.iter_mut().zip(harm_of_groups(table, (fold, map), &rows, &mut random)?) {
            harms.push(harm);
        }
    }
    let share = held_out_share(held_out.len());
    let mut all: Vec<Importance> = groups.iter().zip(&harms).map(|(group, harms)| importance(table, group, harms, share)).collect();
    all.sort_by(|a, b| b.log_loss_rise.total_cmp(&a.log_loss_rise));
    validation.importance = all;
    validation.importance_rows = customers;
    validation.importance_repeats = REPEATS as u32;
    Ok(())
}

fn importance(table: &FeatureTable, group: &FeatureGroup, harms: &[Harm], share: f64) -> Importance {
    let over_folds = |pick: fn(&Harm) -> f64| interval(&harms.iter().map(pick).collect::<Vec<f64>>(), share);
    let Difference { mean: log_loss_rise, low, high } = over_folds(|harm| harm.log_loss_rise);
    let Difference { mean: auc_drop, low: auc_drop_low, high: auc_drop_high } = over_folds(|harm| harm.auc_drop);
    let features = || group.features.iter().map(|&feature| &table.schema.features[feature]);
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

/// Returns what shuffling each reason did, given the rows that take part.
fn harm_of_groups(
    table: &FeatureTable,
    (fold, map): (&HeldOut, &Calibration),
    rows: &[u32],
    random: &mut SplitMix64,
) -> Result<Vec<Harm>, TrainError> {
    let ask = |table: &FeatureTable, rows: &[u32]| {
        let calibrated: Vec<f64> = fold.fitted.scores(table, rows).into_iter().map(|score| map.of(score)).collect();
        scored(&outcomes(table, rows, &calibrated))
    };
    let (base_loss, base_auc) = loss_and_auc(&ask(table, rows)?);
    // All repeats stand in one table, one below the other.
    let asked = tile(rows, REPEATS);
    let mut stacked = take(table, &asked);
    let places: Vec<u32> = (0..asked.len() as u32).collect();
    let mut harms = Vec::with_capacity(table.schema.groups.len());
    for group in &table.schema.groups {
        let shuffled: Vec<u32> = (0..REPEATS).flat_map(|_| shuffle(rows, random)).collect();
        for &feature in &group.features {
            stacked.columns[feature] = take_column(&table.columns[feature], &shuffled);
        }
        let all = ask(&stacked, &places)?;
        for &feature in &group.features {
            stacked.columns[feature] = take_column(&table.columns[feature], &asked);
        }
        let each: Vec<(f64, f64)> = all.chunks(rows.len()).map(loss_and_auc).collect();
        let mean = |pick: fn(&(f64, f64)) -> f64| each.iter().map(pick).sum::<f64>() / REPEATS as f64;
        harms.push(Harm { log_loss_rise: mean(|one| one.0) - base_loss, auc_drop: base_auc - mean(|one| one.1) });
    }
    Ok(harms)
}

fn shuffle(rows: &[u32], random: &mut SplitMix64) -> Vec<u32> {
    let mut shuffled = rows.to_vec();
    random.shuffle(&mut shuffled);
    shuffled
}

/// A sample in which only one kind of customer stands has no area; half of everything stands in for it.
fn loss_and_auc(scored: &[Scored]) -> (f64, f64) {
    let (auc, _) = areas(scored);
    (log_loss(scored), if auc.is_finite() { auc } else { 0.5 })
}
