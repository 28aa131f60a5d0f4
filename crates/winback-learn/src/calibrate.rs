//! Calibration: from a model's score to the share of such customers who leave.
//!
//! Three maps are tried on scores of customers that the model had not seen, and none at all: Platt's line (Platt 1999),
//! the beta map (Kull, Silva Filho and Flach 2017) and isotonic regression (Zadrozny and Elkan 2002), whose steps are
//! joined by lines. Each is judged on folds that it was not fitted to, by log loss; a map that does not beat the plain
//! scores there is not used.
//!
//! Every map rises strictly with the score, so that no order changes, no two customers become equal, and no reason
//! vanishes: where isotonic regression or a limit would be level, it rises by [`LEAST_SLOPE`].
mod isotonic;

use crate::cholesky::{Factor, Square, dot};
use isotonic::isotonic;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use winback_core::model::{Balance, CalibrationMethod, Trial};

type Fit = fn(&[Outcome]) -> Option<Calibration>;

/// A score in log-odds and whether the customer left.
pub type Outcome = (f64, bool);

/// The log-odds beyond which a calibrated score rises by [`LEAST_SLOPE`] only.
const FURTHEST: f64 = 30.0;
/// The least that a map rises, in log-odds for each of the model's.
const LEAST_SLOPE: f64 = 0.01;
const MOST_STEPS: usize = 100;
/// The most customers that maps are fitted to and judged on, evenly drawn from all.
const MOST_OUTCOMES: usize = 50_000;
/// Into how many parts folds are put together at most: what choosing costs grows with their square.
const MOST_PARTS: usize = 10;
/// How much lower the log loss of a map must be than that of the best simpler one before it, in nats a customer, to be
/// worth it.
const WORTH_IT: f64 = 1e-5;

/// A rising map from a model's log-odds to calibrated log-odds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// Scores stay as they are.
    #[default]
    None,
    /// A line.
    Platt {
        /// Its slope; at least [`LEAST_SLOPE`].
        slope: f64,
        /// Where it begins.
        intercept: f64,
    },
    /// A line in ln p and −ln(1 − p).
    Beta {
        /// The weight of ln p; at least [`LEAST_SLOPE`].
        left: f64,
        /// The weight of −ln(1 − p); at least [`LEAST_SLOPE`].
        stayed: f64,
        /// Where it begins.
        intercept: f64,
    },
    /// A broken line; nearly level beyond its ends.
    Isotonic {
        /// Log-odds of the model, rising.
        from: Vec<f64>,
        /// Calibrated log-odds, rising.
        to: Vec<f64>,
    },
}

impl Calibration {
    /// Returns calibrated log-odds.
    pub fn of(&self, log_odds: f64) -> f64 {
        match self {
            Self::None => log_odds,
            Self::Platt { slope, intercept } => within_reach(slope * log_odds + intercept),
            Self::Beta { left, stayed, intercept } => {
                let [of_left, of_stayed] = logs(log_odds);
                within_reach(left * of_left + stayed * of_stayed + intercept)
            }
            Self::Isotonic { from, to } => on_line(from, to, log_odds),
        }
    }

    /// Returns the method.
    pub fn method(&self) -> CalibrationMethod {
        match self {
            Self::None => CalibrationMethod::None,
            Self::Platt { .. } => CalibrationMethod::Platt,
            Self::Beta { .. } => CalibrationMethod::Beta,
            Self::Isotonic { .. } => CalibrationMethod::Isotonic,
        }
    }

    /// Returns by how much a model's contributions grow so that they add up to the calibrated score: the rise of the
    /// map between the average customer and this one, above 0.
    pub fn rise(&self, base: f64, log_odds: f64) -> f64 {
        // Nearer than this a secant is mostly rounding, and what the tangent misses is below it.
        const NEAR: f64 = 1e-11;
        const STEP: f64 = 1e-6;
        let (mut low, mut high) = (base.min(log_odds), base.max(log_odds));
        if high - low < NEAR {
            (low, high) = (low - STEP, high + STEP);
        }
        (self.of(high) - self.of(low)) / (high - low)
    }

    /// Returns why the map cannot be used, if it cannot: it holds a number that is none, or it does not rise.
    pub fn fault(&self) -> Option<&'static str> {
        let finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        let rising = |numbers: &[f64]| numbers.windows(2).all(|pair| pair[0] < pair[1]);
        let sound = match self {
            Self::None => true,
            Self::Platt { slope, intercept } => finite(&[*slope, *intercept]) && *slope >= LEAST_SLOPE,
            Self::Beta { left, stayed, intercept } => finite(&[*left, *stayed, *intercept]) && left.min(*stayed) >= LEAST_SLOPE,
            Self::Isotonic { from, to } => {
                finite(from) && finite(to) && rising(from) && rising(to) && from.len() == to.len() && !from.is_empty()
            }
        };
        (!sound).then_some("the calibration is no rising map of finite numbers")
    }
}

/// What became of calibration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    /// The map in use, fitted to all folds.
    pub map: Calibration,
    /// How each did.
    pub trials: Vec<Trial>,
}

/// Returns the map that does best on held-out folds, fitted to all of them, and how each did. `folds` holds, for each
/// fold, the scores of customers that the model of that fold had not seen; many folds are judged as ten parts. The plain
/// scores of a model of repeated customers (`balance`) are no probabilities: they are judged and never used. With fewer
/// than two folds nothing can be judged, and scores stay as they are.
pub fn choose(folds: &[Vec<Outcome>], balance: Balance) -> Chosen {
    if folds.len() < 2 {
        return Chosen::default();
    }
    let parts = thinned(&parts_of(folds));
    let all: Vec<Outcome> = parts.concat();
    let (mut chosen, mut least) = (Chosen::default(), f64::INFINITY);
    for (method, fit) in METHODS {
        let (Some(map), Some(log_loss)) = (fit(&all), held_out_loss(&parts, fit)) else { continue };
        chosen.trials.push(Trial { method, log_loss });
        let may_be_used = balance.is_none() || map != Calibration::None;
        if may_be_used && log_loss < least - WORTH_IT {
            (chosen.map, least) = (map, log_loss);
        }
    }
    chosen
}

/// Returns for each fold the map chosen and fitted without it (of more than ten folds, without the tenth it is part of),
/// so that a measure of its scores is that of customers whom neither their model nor its calibration learned from. The
/// scores the map was fitted to are those of models that did learn from the fold, so the measure is still a little too
/// good. Of two folds each gets the kind of map that both together chose, fitted to the other one: on one fold nothing
/// can be judged.
pub fn nested(folds: &[Vec<Outcome>], chosen: &Calibration, balance: Balance) -> Vec<Calibration> {
    let parts = parts_of(folds);
    let map = |held_out: usize| {
        let others = without(&parts, held_out);
        match others.len() {
            0 | 1 => refitted(chosen, &thinned(&others).concat()),
            _ => choose(&others, balance).map,
        }
    };
    let maps: Vec<Calibration> = (0..parts.len()).into_par_iter().map(map).collect();
    (0..folds.len()).map(|fold| maps[part_of(fold, folds.len())].clone()).collect()
}

/// Returns the part that a fold belongs to: its own, or of more than ten folds a tenth.
fn part_of(fold: usize, folds: usize) -> usize {
    if folds <= MOST_PARTS { fold } else { fold * MOST_PARTS / folds }
}

fn parts_of(folds: &[Vec<Outcome>]) -> Vec<Vec<Outcome>> {
    let mut parts = vec![Vec::new(); folds.len().min(MOST_PARTS)];
    folds.iter().enumerate().for_each(|(fold, outcomes)| parts[part_of(fold, folds.len())].extend_from_slice(outcomes));
    parts
}

/// Every map that is tried, the plain scores first.
const METHODS: [(CalibrationMethod, Fit); 4] = [
    (CalibrationMethod::None, |_| Some(Calibration::None)),
    (CalibrationMethod::Platt, platt),
    (CalibrationMethod::Beta, beta),
    (CalibrationMethod::Isotonic, isotonic),
];

/// Returns a map of the same kind, fitted to other customers; Platt's line where they allow none of that kind.
fn refitted(map: &Calibration, outcomes: &[Outcome]) -> Calibration {
    let fit = METHODS.into_iter().find(|(method, _)| *method == map.method());
    fit.and_then(|(_, fit)| fit(outcomes)).or_else(|| platt(outcomes)).unwrap_or_default()
}

fn without(folds: &[Vec<Outcome>], left_out: usize) -> Vec<Vec<Outcome>> {
    folds.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, fold)| fold.clone()).collect()
}

/// Returns every so manieth customer of each fold, so that a million of them take no longer than a few.
fn thinned(folds: &[Vec<Outcome>]) -> Vec<Vec<Outcome>> {
    let every = folds.iter().map(Vec::len).sum::<usize>().div_ceil(MOST_OUTCOMES).max(1);
    folds.iter().map(|fold| fold.iter().step_by(every).copied().collect()).collect()
}

/// Returns the mean log loss of a map fitted to all folds but the one it is judged on.
fn held_out_loss(folds: &[Vec<Outcome>], fit: Fit) -> Option<f64> {
    let (mut loss, mut rows) = (0.0, 0_usize);
    for (held_out, fold) in folds.iter().enumerate() {
        let map = fit(&without(folds, held_out).concat())?;
        loss += fold.iter().map(|&(log_odds, left)| log_loss(map.of(log_odds), left)).sum::<f64>();
        rows += fold.len();
    }
    (rows > 0).then_some(loss / rows as f64)
}

/// Returns log-odds that no longer rise much beyond [`FURTHEST`], where nobody can tell them apart.
fn within_reach(log_odds: f64) -> f64 {
    let near = log_odds.clamp(-FURTHEST, FURTHEST);
    near + LEAST_SLOPE * (log_odds - near)
}

/// Returns −ln of the probability of what happened.
fn log_loss(log_odds: f64, left: bool) -> f64 {
    let wrong_way = if left { -log_odds } else { log_odds };
    wrong_way.max(0.0) + (-wrong_way.abs()).exp().ln_1p()
}

/// Returns ln p and −ln(1 − p).
fn logs(log_odds: f64) -> [f64; 2] {
    [-log_loss(log_odds, true), log_loss(log_odds, false)]
}

/// Returns Platt's line; `None` where both kinds of customer are not there. Where it would hardly rise, as that of scores
/// that tell nothing, it rises by the least and lies where the shares agree.
fn platt(outcomes: &[Outcome]) -> Option<Calibration> {
    let [intercept, slope] = regress(outcomes, |log_odds| ([1.0, log_odds], 0.0))?;
    if slope >= LEAST_SLOPE {
        return Some(Calibration::Platt { slope, intercept });
    }
    let [intercept] = regress(outcomes, |log_odds| ([1.0], LEAST_SLOPE * log_odds))?;
    Some(Calibration::Platt { slope: LEAST_SLOPE, intercept })
}

/// Returns the beta map; a weight that would be negative is left at the least, as its authors leave it out.
fn beta(outcomes: &[Outcome]) -> Option<Calibration> {
    let [intercept, left, stayed] = regress(outcomes, |log_odds| {
        let [of_left, of_stayed] = logs(log_odds);
        ([1.0, of_left, of_stayed], 0.0)
    })?;
    if left.min(stayed) >= LEAST_SLOPE {
        return Some(Calibration::Beta { left, stayed, intercept });
    }
    let kept = usize::from(left < stayed);
    let [intercept, weight] = regress(outcomes, |log_odds| {
        let logs = logs(log_odds);
        ([1.0, logs[kept]], LEAST_SLOPE * logs[1 - kept])
    })?;
    let (left, stayed) = if kept == 0 { (weight, LEAST_SLOPE) } else { (LEAST_SLOPE, weight) };
    (weight >= LEAST_SLOPE).then_some(Calibration::Beta { left, stayed, intercept })
}

/// Returns the coefficients of a logistic regression, by Newton's method on Platt's smoothed targets, so that scores
/// that part the two kinds perfectly give finite ones. `inputs` gives what is weighed of a score, and what is added.
fn regress<const N: usize>(outcomes: &[Outcome], inputs: impl Fn(f64) -> ([f64; N], f64)) -> Option<[f64; N]> {
    let left = outcomes.iter().filter(|(_, left)| *left).count() as f64;
    let stayed = outcomes.len() as f64 - left;
    if left == 0.0 || stayed == 0.0 {
        return None;
    }
    let (of_left, of_stayed) = ((left + 1.0) / (left + 2.0), 1.0 / (stayed + 2.0));
    let rows: Vec<([f64; N], f64, f64)> = outcomes
        .iter()
        .map(|&(log_odds, left)| {
            let (x, added) = inputs(log_odds);
            (x, added, if left { of_left } else { of_stayed })
        })
        .collect();
    let mut at = [0.0; N];
    for _ in 0..MOST_STEPS {
        let (mut gradient, mut hessian) = ([0.0; N], Square::zeros(N));
        for (x, added, target) in &rows {
            let p = 1.0 / (1.0 + (-dot(&at, x) - added).exp());
            let residual = p - target;
            for row in 0..N {
                gradient[row] += residual * x[row];
                for column in 0..=row {
                    hessian.entries[row * N + column] += p * (1.0 - p) * x[row] * x[column];
                }
            }
        }
        (0..N).for_each(|row| hessian.entries[row * N + row] += 1e-9);
        let step = Factor::of(hessian).ok()?.solve(&gradient);
        // A step longer than this comes from a flat stretch and would leap over the minimum.
        let length = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        let share = if length > 4.0 { 4.0 / length } else { 1.0 };
        at.iter_mut().zip(&step).for_each(|(value, part)| *value -= share * part);
        if length < 1e-10 {
            break;
        }
    }
    at.iter().all(|value| value.is_finite()).then_some(at)
}

fn on_line(from: &[f64], to: &[f64], at: f64) -> f64 {
    let right = from.partition_point(|place| *place < at);
    match (right.checked_sub(1), from.get(right)) {
        (Some(left), Some(next)) => {
            let share = (at - from[left]) / (next - from[left]);
            to[left] + share * (to[right] - to[left])
        }
        (None, Some(first)) => to[0] + LEAST_SLOPE * (at - first),
        (Some(last), None) => to[last] + LEAST_SLOPE * (at - from[last]),
        (None, None) => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::SplitMix64;
    use proptest::prelude::*;

    fn sigmoid(log_odds: f64) -> f64 {
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// Returns five folds of customers whose true log-odds are `truth` of their score.
    fn customers(truth: impl Fn(f64) -> f64, count: u32, seed: u64) -> Vec<Vec<Outcome>> {
        let mut random = SplitMix64::new(seed);
        let mut share = || f64::from(random.below(1 << 30)) / f64::from(1 << 30);
        let mut one = |_| {
            let score = -3.0 + 6.0 * share();
            (score, share() < sigmoid(truth(score)))
        };
        (0..5).map(|_| (0..count / 5).map(&mut one).collect()).collect()
    }

    #[test]
    fn a_bent_score_is_straightened() {
        let check = |truth: fn(f64) -> f64| {
            let folds = customers(truth, 20_000, 1);
            let Chosen { map, trials } = choose(&folds, Balance::None);
            assert_eq!(trials.len(), 4, "{trials:?}");
            assert_ne!(map, Calibration::None, "{trials:?}");
            for score in [-2.5, -1.0, -0.2, 0.2, 1.0, 2.5] {
                let (found, expected) = (sigmoid(map.of(score)), sigmoid(truth(score)));
                assert!((found - expected).abs() < 0.03, "{map:?} {score}: {found} {expected}");
            }
        };
        check(|score| 2.0 * score - 1.0);
        check(|score| 0.3 * score + 0.5);
        check(|score| if score < 0.0 { -1.5 } else { 1.0 });
    }

    #[test]
    fn what_is_right_already_is_left_alone() {
        let drawn = |seed| customers(|score| score, 4_000, seed);
        let maps: Vec<Calibration> = (0..8).map(|seed| choose(&drawn(seed), Balance::None).map).collect();
        assert!(maps.iter().filter(|map| **map == Calibration::None).count() >= 5, "{maps:?}");
        let moved = |map: &Calibration| [-2.0, 0.0, 2.0].iter().any(|score| (map.of(*score) - score).abs() > 0.25);
        assert!(!maps.iter().any(moved), "what chance makes of it is little: {maps:?}");
        assert_eq!(choose(&drawn(0)[..1], Balance::None), Chosen::default());
        assert_eq!(choose(&[], Balance::Oversample), Chosen::default());
    }

    #[test]
    fn one_kind_of_customer_or_perfect_scores_give_no_infinite_map() {
        let one_kind = vec![vec![(0.1, true), (0.3, true)], vec![(0.2, true)]];
        assert!(choose(&one_kind, Balance::None).map.fault().is_none());
        let perfect: Vec<Vec<Outcome>> = (0..2).map(|_| (-50..50).map(|n| (f64::from(n), n >= 0)).collect()).collect();
        let map = choose(&perfect, Balance::None).map;
        assert!(map.fault().is_none() && map.of(1e9).is_finite() && map.of(-1e9).is_finite(), "{map:?}");
    }

    #[test]
    fn each_fold_is_calibrated_without_itself() {
        let mut folds = customers(|score| 2.0 * score - 1.0, 10_000, 1);
        let map = choose(&folds, Balance::None).map;
        let maps = nested(&folds, &map, Balance::None);
        assert_eq!(maps[0], choose(&folds[1..], Balance::None).map);
        folds[0].iter_mut().for_each(|outcome| outcome.1 = !outcome.1);
        let turned = nested(&folds, &map, Balance::None);
        assert_eq!(turned[0], maps[0], "its own labels do not count");
        assert_ne!(turned[1], maps[1], "those of the others do");
        let two = nested(&folds[3..], &map, Balance::None);
        assert_eq!(two[1], refitted(&map, &folds[3]), "of two folds, each by the other one");
    }

    #[test]
    fn many_folds_are_judged_as_ten_parts() {
        let folds: Vec<Vec<Outcome>> =
            customers(|score| 2.0 * score - 1.0, 10_000, 2).iter().flat_map(|fold| fold.chunks(200)).map(<[_]>::to_vec).collect();
        assert_eq!((folds.len(), parts_of(&folds).len()), (50, 10));
        assert_eq!(parts_of(&folds).concat(), folds.concat(), "nobody is lost");
        let map = choose(&folds, Balance::None).map;
        let maps = nested(&folds, &map, Balance::None);
        assert_eq!(maps.len(), 50);
        let others = without(&parts_of(&folds), 1);
        assert_eq!(maps[7], choose(&others, Balance::None).map);
        assert!(maps[5..10].iter().all(|one| *one == maps[5]) && maps[4] != maps[5], "the folds of a tenth share its map");
    }

    /// Scores that tell nothing, as those of an oversampled model of noise: nobody knows who leaves, but a tenth does.
    #[test]
    fn scores_that_tell_nothing_become_the_share_that_leaves() {
        for seed in 0..10 {
            let folds = customers(|score| -2.2 - 0.05 * score, 400, seed);
            let left = folds.concat().iter().filter(|one| one.1).count() as f64 / 400.0;
            let Chosen { map, trials } = choose(&folds, Balance::Oversample);
            assert!(map != Calibration::None && map.fault().is_none(), "{seed} {trials:?}");
            let mean = folds.concat().iter().map(|one| sigmoid(map.of(one.0))).sum::<f64>() / 400.0;
            assert!((mean - left).abs() < 0.02, "{seed} {map:?}: {mean} {left}");
            let line = platt(&folds.concat()).unwrap();
            assert!(line.fault().is_none() && matches!(line, Calibration::Platt { slope, .. } if slope >= LEAST_SLOPE));
        }
        let right = customers(|score| score, 4_000, 1);
        assert_ne!(choose(&right, Balance::Oversample).map, Calibration::None, "plain scores of repeated customers are never used");
    }

    #[test]
    fn a_map_that_falls_is_refused() {
        let check = |map: Calibration| assert!(map.fault().is_some(), "{map:?}");
        check(Calibration::Platt { slope: -0.1, intercept: 0.0 });
        check(Calibration::Platt { slope: 0.0, intercept: 0.0 });
        check(Calibration::Platt { slope: f64::NAN, intercept: 0.0 });
        check(Calibration::Isotonic { from: vec![0.0, 1.0], to: vec![1.0, 0.0] });
        check(Calibration::Isotonic { from: vec![0.0, 1.0], to: vec![1.0, 1.0] });
        check(Calibration::Isotonic { from: vec![0.0, 0.0], to: vec![0.0, 1.0] });
        check(Calibration::Isotonic { from: vec![], to: vec![] });
        check(Calibration::Beta { left: 1.0, stayed: -1.0, intercept: 0.0 });
        check(Calibration::Beta { left: 1.0, stayed: 0.0, intercept: 0.0 });
    }

    proptest! {
        #[test]
        fn every_map_rises_and_contributions_add_up(
            outcomes in prop::collection::vec((-6.0_f64..6.0, any::<bool>()), 2..80),
            base in -9.0_f64..9.0,
            far in -9.0_f64..9.0,
            // From very near to far away.
            scale in 0_i32..14,
        ) {
            let score = base + far * 10_f64.powi(-scale);
            for map in [platt(&outcomes), beta(&outcomes), isotonic(&outcomes)].into_iter().flatten() {
                prop_assert_eq!(map.fault(), None);
                prop_assert!(map.of(base.max(score)) >= map.of(base.min(score)), "{map:?}");
                let rise = map.rise(base, score);
                prop_assert!(rise > 0.0 && rise.is_finite(), "{map:?} {rise}");
                let added = map.of(base) + rise * (score - base);
                prop_assert!((added - map.of(score)).abs() < 1e-9, "{map:?} {added}");
            }
        }
    }
}
