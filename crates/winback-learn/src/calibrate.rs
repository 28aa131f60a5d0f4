//! Calibration: from a model's score to the share of such customers who leave.
//!
//! Three maps are tried on scores of customers that the model had not seen, and none at all: Platt's line (Platt 1999),
//! the beta map (Kull, Silva Filho and Flach 2017) and isotonic regression (Zadrozny and Elkan 2002), whose steps are
//! joined by lines. Each is judged on folds that it was not fitted to, by log loss; a map that
//! does not beat the plain scores there is not used. Every map rises with the score, so that no order changes.
use crate::cholesky::{Factor, Square, dot};
use serde::{Deserialize, Serialize};

type Fit = fn(&[Outcome]) -> Option<Calibration>;

/// A score in log-odds and whether the customer left.
pub type Outcome = (f64, bool);

/// The furthest log-odds a calibrated score reaches.
const FURTHEST: f64 = 30.0;
const MOST_STEPS: usize = 100;
/// The fewest customers of the first and the last step, where there are enough.
const LEAST_AT_END: usize = 50;
/// How much lower a map's log loss must be than none at all, in nats a customer, to be worth it.
const WORTH_IT: f64 = 1e-5;

/// A rising map from a model's log-odds to calibrated log-odds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Calibration {
    /// Scores stay as they are.
    #[default]
    None,
    /// A line.
    Platt {
        /// Its slope; at least 0.
        slope: f64,
        /// Where it begins.
        intercept: f64,
    },
    /// A line in ln p and −ln(1 − p).
    Beta {
        /// The weight of ln p; at least 0.
        left: f64,
        /// The weight of −ln(1 − p); at least 0.
        stayed: f64,
        /// Where it begins.
        intercept: f64,
    },
    /// A broken line; level beyond its ends.
    Isotonic {
        /// Log-odds of the model, rising.
        from: Vec<f64>,
        /// Calibrated log-odds, never falling.
        to: Vec<f64>,
    },
}

/// How well one map did on folds it was not fitted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The map: `none`, `platt`, `beta`, `isotonic`.
    pub method: String,
    /// The mean log loss, in nats.
    pub log_loss: f64,
}

impl Calibration {
    /// Returns calibrated log-odds.
    pub fn of(&self, log_odds: f64) -> f64 {
        match self {
            Self::None => log_odds,
            Self::Platt { slope, intercept } => (slope * log_odds + intercept).clamp(-FURTHEST, FURTHEST),
            Self::Beta { left, stayed, intercept } => {
                let [of_left, of_stayed] = logs(log_odds);
                (left * of_left + stayed * of_stayed + intercept).clamp(-FURTHEST, FURTHEST)
            }
            Self::Isotonic { from, to } => on_line(from, to, log_odds),
        }
    }

    /// Returns the method's name.
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Platt { .. } => "platt",
            Self::Beta { .. } => "beta",
            Self::Isotonic { .. } => "isotonic",
        }
    }

    /// Returns by how much a model's contributions grow so that they add up to the calibrated score: the rise of the
    /// map between the average customer and this one.
    pub fn rise(&self, base: f64, log_odds: f64) -> f64 {
        const NEAR: f64 = 1e-6;
        let (mut low, mut high) = (base.min(log_odds), base.max(log_odds));
        if high - low < NEAR {
            (low, high) = (low - NEAR, high + NEAR);
        }
        (self.of(high) - self.of(low)) / (high - low)
    }

    /// Returns why the map cannot be used, if it cannot: it holds a number that is none, or it falls somewhere.
    pub fn fault(&self) -> Option<&'static str> {
        let finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        let sound = match self {
            Self::None => true,
            Self::Platt { slope, intercept } => finite(&[*slope, *intercept]) && *slope >= 0.0,
            Self::Beta { left, stayed, intercept } => finite(&[*left, *stayed, *intercept]) && *left >= 0.0 && *stayed >= 0.0,
            Self::Isotonic { from, to } => {
                let rising = from.windows(2).all(|pair| pair[0] < pair[1]) && to.windows(2).all(|pair| pair[0] <= pair[1]);
                finite(from) && finite(to) && rising && from.len() == to.len() && !from.is_empty()
            }
        };
        (!sound).then_some("the calibration is no rising map of finite numbers")
    }
}

/// Returns the map that does best on held-out folds, fitted to all of them, and how each did. `folds` holds, for each
/// fold, the scores of customers that the model of that fold had not seen. With fewer than two folds nothing can be
/// judged, and scores stay as they are.
pub fn choose(folds: &[Vec<Outcome>]) -> (Calibration, Vec<Trial>) {
    const METHODS: [Fit; 4] = [|_| Some(Calibration::None), platt, beta, isotonic];
    if folds.len() < 2 {
        return (Calibration::None, Vec::new());
    }
    let all: Vec<Outcome> = folds.concat();
    let (mut best, mut least, mut trials) = (Calibration::None, f64::INFINITY, Vec::new());
    for fit in METHODS {
        let (Some(map), Some(log_loss)) = (fit(&all), held_out_loss(folds, fit)) else { continue };
        trials.push(Trial { method: map.method().to_owned(), log_loss });
        let bar = if map == Calibration::None { least } else { least - WORTH_IT };
        if log_loss < bar {
            (best, least) = (map, log_loss);
        }
    }
    (best, trials)
}

/// Returns the mean log loss of a map fitted to all folds but the one it is judged on.
fn held_out_loss(folds: &[Vec<Outcome>], fit: impl Fn(&[Outcome]) -> Option<Calibration>) -> Option<f64> {
    let (mut loss, mut rows) = (0.0, 0_usize);
    for (held_out, fold) in folds.iter().enumerate() {
        let others: Vec<Outcome> = folds.iter().enumerate().filter(|(at, _)| *at != held_out).flat_map(|(_, fold)| fold.clone()).collect();
        let map = fit(&others)?;
        loss += fold.iter().map(|&(log_odds, left)| log_loss(map.of(log_odds), left)).sum::<f64>();
        rows += fold.len();
    }
    (rows > 0).then_some(loss / rows as f64)
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

/// Returns Platt's line; `None` where both kinds of customer are not there or the line would fall.
fn platt(outcomes: &[Outcome]) -> Option<Calibration> {
    let [intercept, slope] = regress(outcomes, |log_odds| [1.0, log_odds])?;
    (slope >= 0.0).then_some(Calibration::Platt { slope, intercept })
}

/// Returns the beta map; a weight that would be negative is left out, as its authors do.
fn beta(outcomes: &[Outcome]) -> Option<Calibration> {
    let [intercept, left, stayed] = regress(outcomes, |log_odds| {
        let [of_left, of_stayed] = logs(log_odds);
        [1.0, of_left, of_stayed]
    })?;
    if left >= 0.0 && stayed >= 0.0 {
        return Some(Calibration::Beta { left, stayed, intercept });
    }
    let kept = usize::from(left < 0.0);
    let [intercept, weight] = regress(outcomes, |log_odds| [1.0, logs(log_odds)[kept]])?;
    let (left, stayed) = if kept == 0 { (weight, 0.0) } else { (0.0, weight) };
    (weight >= 0.0).then_some(Calibration::Beta { left, stayed, intercept })
}

/// Returns the coefficients of a logistic regression, by Newton's method on Platt's smoothed targets, so that scores
/// that part the two kinds perfectly give finite ones.
fn regress<const N: usize>(outcomes: &[Outcome], inputs: impl Fn(f64) -> [f64; N]) -> Option<[f64; N]> {
    let left = outcomes.iter().filter(|(_, left)| *left).count() as f64;
    let stayed = outcomes.len() as f64 - left;
    if left == 0.0 || stayed == 0.0 {
        return None;
    }
    let (of_left, of_stayed) = ((left + 1.0) / (left + 2.0), 1.0 / (stayed + 2.0));
    let mut at = [0.0; N];
    for _ in 0..MOST_STEPS {
        let (mut gradient, mut hessian) = ([0.0; N], Square::zeros(N));
        for &(log_odds, left) in outcomes {
            let x = inputs(log_odds);
            let p = 1.0 / (1.0 + (-dot(&at, &x)).exp());
            let residual = p - if left { of_left } else { of_stayed };
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

/// A step of isotonic regression: customers with neighbouring scores who share one value.
#[derive(Clone, Copy)]
struct Step {
    first: f64,
    last: f64,
    left: f64,
    rows: f64,
}

impl Step {
    fn with(self, next: Step) -> Self {
        Self { first: self.first, last: next.last, left: self.left + next.left, rows: self.rows + next.rows }
    }
}

/// Returns isotonic regression by pooling neighbours that violate the order (Ayer et al. 1955).
fn isotonic(outcomes: &[Outcome]) -> Option<Calibration> {
    let mut sorted: Vec<Outcome> = outcomes.iter().copied().filter(|(log_odds, _)| log_odds.is_finite()).collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps: Vec<Step> = Vec::new();
    for tie in sorted.chunk_by(|a, b| a.0 == b.0) {
        let left = tie.iter().filter(|(_, left)| *left).count() as f64;
        let mut step = Step { first: tie[0].0, last: tie[0].0, left, rows: tie.len() as f64 };
        while let Some(before) = steps.pop_if(|before| before.left * step.rows >= step.left * before.rows) {
            step = before.with(step);
        }
        steps.push(step);
    }
    pool_ends(&mut steps, (sorted.len() / 20).min(LEAST_AT_END) as f64);
    // Nobody is certain: the first and the last step are as far from 0 and 1 as one more customer would put them.
    let edge = 1.0 / (sorted.len() as f64 + 2.0);
    let value = |step: &Step| {
        let p = (step.left / step.rows).clamp(edge, 1.0 - edge);
        (p / (1.0 - p)).ln()
    };
    let mut corners: Vec<(f64, f64)> = steps.iter().flat_map(|step| [(step.first, value(step)), (step.last, value(step))]).collect();
    corners.dedup();
    let (from, to) = corners.into_iter().unzip();
    let map = Calibration::Isotonic { from, to };
    map.fault().is_none().then_some(map)
}

/// Pools the first and the last steps until each has enough customers: a single one at the edge tells nothing.
fn pool_ends(steps: &mut Vec<Step>, least: f64) {
    while steps.len() > 2 && steps[0].rows < least {
        let first = steps.remove(0);
        steps[0] = first.with(steps[0]);
    }
    while steps.len() > 2 && steps[steps.len() - 1].rows < least {
        let last = steps.remove(steps.len() - 1);
        let before = steps.len() - 1;
        steps[before] = steps[before].with(last);
    }
}

fn on_line(from: &[f64], to: &[f64], at: f64) -> f64 {
    let right = from.partition_point(|place| *place < at);
    match (right.checked_sub(1), from.get(right)) {
        (Some(left), Some(next)) => {
            let share = (at - from[left]) / (next - from[left]);
            to[left] + share * (to[right] - to[left])
        }
        (None, _) => to.first().copied().unwrap_or(at),
        (Some(last), None) => to[last],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sigmoid(log_odds: f64) -> f64 {
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// Returns customers whose true log-odds are `truth` of their score, label by label as close to it as can be.
    fn customers(truth: impl Fn(f64) -> f64, count: usize) -> Vec<Vec<Outcome>> {
        let mut owed = 0.0;
        let one = |n: usize| {
            let score = -3.0 + 6.0 * ((n * 7_919) % count) as f64 / count as f64;
            owed += sigmoid(truth(score));
            let left = owed >= 1.0;
            owed -= if left { 1.0 } else { 0.0 };
            (score, left)
        };
        let all: Vec<Outcome> = (0..count).map(one).collect();
        all.chunks(count / 5).map(<[Outcome]>::to_vec).collect()
    }

    #[test]
    fn a_bent_score_is_straightened() {
        let check = |truth: fn(f64) -> f64| {
            let folds = customers(truth, 20_000);
            let (map, trials) = choose(&folds);
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
        assert_eq!(choose(&customers(|score| score, 4_000)).0, Calibration::None);
        assert_eq!(choose(&customers(|score| score, 4_000)[..1]).0, Calibration::None);
        assert_eq!(choose(&[]).0, Calibration::None);
    }

    #[test]
    fn one_kind_of_customer_or_perfect_scores_give_no_infinite_map() {
        let one_kind = vec![vec![(0.1, true), (0.3, true)], vec![(0.2, true)]];
        assert!(choose(&one_kind).0.fault().is_none());
        let perfect: Vec<Vec<Outcome>> = (0..2).map(|_| (-50..50).map(|n| (f64::from(n), n >= 0)).collect()).collect();
        let (map, _) = choose(&perfect);
        assert!(map.fault().is_none() && map.of(1e9).is_finite() && map.of(-1e9).is_finite(), "{map:?}");
    }

    #[test]
    fn isotonic_steps_are_those_of_the_pooled_neighbours() {
        let Some(Calibration::Isotonic { from, to }) = isotonic(&[(0.0, false), (1.0, true), (2.0, false), (3.0, true), (4.0, true)])
        else {
            panic!("no map")
        };
        assert_eq!(from, [0.0, 1.0, 2.0, 3.0, 4.0]);
        let shares = [1.0 / 7.0, 0.5, 0.5, 6.0 / 7.0, 6.0 / 7.0];
        assert!(to.iter().zip(shares).all(|(to, share)| (sigmoid(*to) - share).abs() < 1e-12), "{to:?}");
    }

    #[test]
    fn a_map_that_falls_is_refused() {
        let check = |map: Calibration| assert!(map.fault().is_some(), "{map:?}");
        check(Calibration::Platt { slope: -0.1, intercept: 0.0 });
        check(Calibration::Platt { slope: f64::NAN, intercept: 0.0 });
        check(Calibration::Isotonic { from: vec![0.0, 1.0], to: vec![1.0, 0.0] });
        check(Calibration::Isotonic { from: vec![0.0, 0.0], to: vec![0.0, 1.0] });
        check(Calibration::Isotonic { from: vec![], to: vec![] });
        check(Calibration::Beta { left: 1.0, stayed: -1.0, intercept: 0.0 });
    }

    proptest! {
        #[test]
        fn every_map_rises_and_contributions_add_up(
            outcomes in prop::collection::vec((-6.0_f64..6.0, any::<bool>()), 2..80),
            base in -6.0_f64..6.0,
            score in -6.0_f64..6.0,
        ) {
            for map in [platt(&outcomes), beta(&outcomes), isotonic(&outcomes)].into_iter().flatten() {
                prop_assert_eq!(map.fault(), None);
                prop_assert!(map.of(base.max(score)) >= map.of(base.min(score)) - 1e-12);
                if (score - base).abs() > 1e-5 {
                    let added = map.of(base) + map.rise(base, score) * (score - base);
                    prop_assert!((added - map.of(score)).abs() < 1e-9, "{map:?} {added}");
                }
            }
        }
    }
}
