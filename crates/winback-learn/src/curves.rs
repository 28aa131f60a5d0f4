//! The ROC and the precision–recall curve of scores, with few enough points to be drawn.
use crate::metrics::Scored;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use winback_core::model::CurvePoint;

/// The most points of a curve.
pub(crate) const MOST_POINTS: usize = 200;
/// Points nearer to the last one kept than this, to the right and upward together, are passed over at first.
const NEAR: f64 = 1.0 / 4_000.0;

/// Returns the ROC curve, whose area is the ROC-AUC, and the stepped precision–recall curve, whose area is the average
/// precision. Empty where only one kind of customer is among the scores.
pub(crate) fn of(scored: &[Scored]) -> (Vec<CurvePoint>, Vec<CurvePoint>) {
    let left_total = scored.iter().filter(|s| s.left).count() as f64;
    let stayed_total = scored.len() as f64 - left_total;
    if left_total == 0.0 || stayed_total == 0.0 {
        return (Vec::new(), Vec::new());
    }
    let mut falling = scored.to_vec();
    falling.sort_unstable_by(|a, b| b.p.total_cmp(&a.p));
    let (mut left, mut stayed, mut recall) = (0.0, 0.0, 0.0);
    let (mut roc, mut steps) = (vec![CurvePoint::default()], Vec::new());
    for tie in falling.chunk_by(|a, b| a.p == b.p) {
        let left_here = tie.iter().filter(|s| s.left).count() as f64;
        left += left_here;
        stayed += tie.len() as f64 - left_here;
        roc.push(CurvePoint { x: stayed / stayed_total, y: left / left_total });
        if left_here > 0.0 {
            let precision = left / (left + stayed);
            steps.push(CurvePoint { x: recall, y: precision });
            recall = left / left_total;
            steps.push(CurvePoint { x: recall, y: precision });
        }
    }
    (thin(&roc), thin(&steps))
}

/// Returns a curve's ends and those points between that count most: again and again the point goes that stands out
/// least, which is the one whose triangle with its neighbours is smallest (Visvalingam and Whyatt 1993).
fn thin(points: &[CurvePoint]) -> Vec<CurvePoint> {
    let points = if points.len() > 10 * MOST_POINTS { spaced(points) } else { points.to_vec() };
    let mut neighbours: Vec<(usize, usize)> = (0..points.len()).map(|at| (at.saturating_sub(1), at + 1)).collect();
    let size = |at: usize, (before, after): (usize, usize)| triangle(points[before], points[at], points[after]).to_bits();
    let inner = 1..points.len().saturating_sub(1);
    let mut sizes: Vec<u64> = (0..points.len()).map(|at| if inner.contains(&at) { size(at, neighbours[at]) } else { u64::MAX }).collect();
    let mut smallest: BTreeSet<(u64, Reverse<usize>)> = inner.clone().map(|at| (sizes[at], Reverse(at))).collect();
    while smallest.len() + 2 > MOST_POINTS {
        let Some((_, Reverse(gone))) = smallest.pop_first() else { break };
        let (before, after) = neighbours[gone];
        (neighbours[before].1, neighbours[after].0) = (after, before);
        for at in [before, after] {
            if smallest.remove(&(sizes[at], Reverse(at))) {
                sizes[at] = size(at, neighbours[at]);
                smallest.insert((sizes[at], Reverse(at)));
            }
        }
    }
    let kept = |at: &usize| !inner.contains(at) || smallest.contains(&(sizes[*at], Reverse(*at)));
    (0..points.len()).filter(kept).map(|at| points[at]).collect()
}

/// Twice the area; never below 0, so that its bits are in its order.
fn triangle(a: CurvePoint, b: CurvePoint, c: CurvePoint) -> f64 {
    ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)).abs()
}

fn spaced(points: &[CurvePoint]) -> Vec<CurvePoint> {
    let mut kept: Vec<CurvePoint> = Vec::new();
    for (at, &point) in points.iter().enumerate() {
        let far = |last: &CurvePoint| (point.x - last.x).abs() + (point.y - last.y).abs() >= NEAR;
        if at + 1 == points.len() || kept.last().is_none_or(far) {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::areas;
    use crate::split::SplitMix64;
    use proptest::prelude::*;

    fn area(curve: &[CurvePoint]) -> f64 {
        curve.windows(2).map(|pair| (pair[1].x - pair[0].x) * f64::midpoint(pair[0].y, pair[1].y)).sum()
    }

    fn drawn(rows: usize, seed: u64, ties: u32) -> Vec<Scored> {
        let mut random = SplitMix64::new(seed);
        let one = |_| {
            let p = f64::from(random.below(ties)) / f64::from(ties);
            Scored { p, left: f64::from(random.below(1_000)) / 1_000.0 < p * p }
        };
        (0..rows).map(one).collect()
    }

    fn check(scored: &[Scored]) {
        let (roc, precision_recall) = of(scored);
        let (roc_auc, pr_auc) = areas(scored);
        assert!((area(&roc) - roc_auc).abs() < 1e-3, "{} {roc_auc}", area(&roc));
        assert!((area(&precision_recall) - pr_auc).abs() < 1e-3, "{} {pr_auc}", area(&precision_recall));
        for curve in [&roc, &precision_recall] {
            assert!(curve.len() <= MOST_POINTS && curve.windows(2).all(|pair| pair[0].x <= pair[1].x));
            assert!(curve.iter().all(|point| (0.0..=1.0).contains(&point.x) && (0.0..=1.0).contains(&point.y)));
            assert_eq!((curve[0].x, curve[curve.len() - 1].x), (0.0, 1.0));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_thinned_curve_keeps_its_area(rows in 20_usize..4_000, seed in any::<u64>(), ties in 2_u32..5_000) {
            let scored = drawn(rows, seed, ties);
            prop_assume!(scored.iter().any(|s| s.left) && scored.iter().any(|s| !s.left));
            check(&scored);
        }
    }

    #[test]
    fn a_curve_of_very_many_scores_keeps_its_area() {
        check(&drawn(60_000, 5, 1_000_000));
    }

    #[test]
    fn one_kind_of_customer_has_no_curve() {
        assert_eq!(of(&[Scored { p: 0.4, left: true }]), (Vec::new(), Vec::new()));
    }
}
