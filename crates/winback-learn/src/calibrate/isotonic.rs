//! Isotonic regression whose steps are joined by lines, rising everywhere.
use super::{Calibration, LEAST_SLOPE, Outcome};

/// The most that isotonic regression rises: customers who are nearly alike are told apart by chance.
const MOST_SLOPE: f64 = 10.0;
/// A step of isotonic regression holds at least one customer in so many; smaller ones, the outermost above all, are
/// mostly chance.
const STEPS: usize = 40;

/// A step of isotonic regression: customers with neighbouring scores who share one value.
#[derive(Clone, Copy)]
struct Step {
    first: f64,
    last: f64,
    /// The sum of their scores.
    scores: f64,
    left: f64,
    rows: f64,
}

impl Step {
    fn with(self, next: Step) -> Self {
        let (scores, left, rows) = (self.scores + next.scores, self.left + next.left, self.rows + next.rows);
        Self { first: self.first, last: next.last, scores, left, rows }
    }

    /// Returns their mean score and the log-odds of the share who left, which comes no nearer to 0 and 1 than `edge`.
    fn middle(self, edge: f64) -> (f64, f64) {
        let p = (self.left / self.rows).clamp(edge, 1.0 - edge);
        (self.scores / self.rows, (p / (1.0 - p)).ln())
    }
}

/// Returns isotonic regression by pooling neighbours that violate the order (Ayer et al. 1955); `None` where not even
/// two steps are left.
pub(super) fn isotonic(outcomes: &[Outcome]) -> Option<Calibration> {
    let mut sorted: Vec<Outcome> = outcomes.iter().copied().filter(|(log_odds, _)| log_odds.is_finite()).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps: Vec<Step> = Vec::new();
    for tie in sorted.chunk_by(|a, b| a.0 == b.0) {
        let left = tie.iter().filter(|(_, left)| *left).count() as f64;
        let (score, rows) = (tie[0].0, tie.len() as f64);
        let step = Step { first: score, last: score, scores: score * rows, left, rows };
        push_pooled(&mut steps, step, |before, step| before.left * step.rows >= step.left * before.rows);
    }
    // Nobody is certain: the first and the last step are as far from 0 and 1 as one more customer would put them.
    let edge = 1.0 / (sorted.len() as f64 + 2.0);
    let steps = large_enough(&steps, (sorted.len() / STEPS) as f64, edge);
    let mut corners: Vec<(f64, f64)> = steps.windows(2).flat_map(|pair| ramp(pair[0], pair[1], edge)).collect();
    corners.dedup_by_key(|corner| corner.0);
    let (from, to) = corners.into_iter().unzip();
    let map = Calibration::Isotonic { from, to };
    (steps.len() > 1 && map.fault().is_none()).then_some(map)
}

/// Adds a step, together with those before it that it may not stand apart from.
fn push_pooled(steps: &mut Vec<Step>, step: Step, belongs: impl Fn(&Step, &Step) -> bool) {
    let mut step = step;
    while let Some(before) = steps.pop_if(|before| belongs(before, &step)) {
        step = before.with(step);
    }
    steps.push(step);
}

/// Pools steps until each has enough customers, for a few tell nothing, and rises neither too steeply nor too little
/// from the one before.
fn large_enough(steps: &[Step], least: f64, edge: f64) -> Vec<Step> {
    let belongs = |before: &Step, step: &Step| {
        let ((x0, y0), (x1, y1)) = (before.middle(edge), step.middle(edge));
        before.rows < least || !(LEAST_SLOPE..=MOST_SLOPE).contains(&((y1 - y0) / (x1 - x0)))
    };
    let mut pooled = Vec::new();
    steps.iter().for_each(|step| push_pooled(&mut pooled, *step, belongs));
    if let Some(last) = pooled.pop() {
        push_pooled(&mut pooled, last, |before, step| step.rows < least || belongs(before, step));
    }
    pooled
}

/// Returns the two ends of the line from one step to the next. It is no steeper than [`MOST_SLOPE`], and both steps rise
/// by [`LEAST_SLOPE`] around their middle, which the line does not cross.
fn ramp(step: Step, next: Step, edge: f64) -> [(f64, f64); 2] {
    let ((middle, low), (next_middle, high)) = (step.middle(edge), next.middle(edge));
    let width = (next.first - step.last).max((high - low) / MOST_SLOPE);
    let start = (f64::midpoint(step.last, next.first) - width / 2.0).max(middle).min(next_middle - width);
    let end = start + width;
    [(start, low + LEAST_SLOPE * (start - middle)), (end, high + LEAST_SLOPE * (end - next_middle))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sigmoid(log_odds: f64) -> f64 {
        1.0 / (1.0 + (-log_odds).exp())
    }

    #[test]
    fn isotonic_steps_are_those_of_the_pooled_neighbours() {
        let Some(Calibration::Isotonic { from, to }) = isotonic(&[(0.0, false), (1.0, true), (2.0, false), (3.0, true), (4.0, true)])
        else {
            panic!("no map")
        };
        assert_eq!(from, [0.0, 1.0, 2.0, 3.0]);
        let expected = [6.0_f64.recip().ln(), -0.005, 0.005, 6.0_f64.ln() - 0.005];
        assert!(to.iter().zip(expected).all(|(to, expected)| (to - expected).abs() < 1e-12), "{to:?}");
    }

    #[test]
    fn customers_nearly_alike_are_not_told_apart_by_chance() {
        let near = |n: u32| (f64::from(n) * 1e-9, n >= 60 && n.is_multiple_of(2));
        let apart = |n: u32| (1.0 + f64::from(n % 2), !n.is_multiple_of(3) || !n.is_multiple_of(2));
        let outcomes: Vec<Outcome> = (0..120).map(near).chain((0..240).map(apart)).collect();
        let map = isotonic(&outcomes).unwrap();
        let Calibration::Isotonic { from, .. } = &map else { panic!("{map:?}") };
        assert!(from.len() == 3 && (sigmoid(map.of(0.0)) - 0.25).abs() < 1e-9, "{map:?}");
        let jump = sigmoid(map.of(60e-9)) - sigmoid(map.of(59e-9));
        assert!(jump > 0.0 && jump < 1e-6, "{jump}");
    }
}
