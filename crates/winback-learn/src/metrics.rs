//! The usual measures of a probability, as scikit-learn defines them.
use winback_core::interval::wilson;
use winback_core::model::{Calls, Cut, Metrics, ReliabilityBin};

/// A held-out score and what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The probability.
    pub p: f64,
    /// Whether the customer left.
    pub left: bool,
}

/// The cuts of the table: calling everyone from this probability upward.
const CUTS: std::ops::Range<u32> = 1..20;
/// How many cuts one would be.
const CUTS_OF_ONE: f64 = 20.0;
/// Numbers of calls are these and ten, a hundred, … times as many.
const CALLS: [u64; 3] = [100, 250, 500];
const BINS: usize = 10;
/// The nearest a probability comes to 0 and 1 in the log loss.
const EDGE: f64 = 1e-15;

/// Returns all measures; NaN where there are no rows, and areas of NaN where only one kind of customer is among them.
pub fn measure(scored: &[Scored]) -> Metrics {
    let mean = |loss: &dyn Fn(&Scored) -> f64| scored.iter().map(loss).sum::<f64>() / scored.len() as f64;
    let (roc_auc, pr_auc) = areas(scored);
    Metrics {
        roc_auc,
        pr_auc,
        log_loss: log_loss(scored),
        brier: mean(&|s| (s.p - f64::from(u8::from(s.left))).powi(2)),
        ece10: expected_calibration_error(scored),
    }
}

/// Returns the mean negative log-likelihood, natural logarithm.
pub fn log_loss(scored: &[Scored]) -> f64 {
    let loss = |s: &Scored| -(if s.left { s.p } else { 1.0 - s.p }).clamp(EDGE, 1.0).ln();
    scored.iter().map(loss).sum::<f64>() / scored.len() as f64
}

/// Returns the area under the ROC curve (equal scores count half) and the average precision.
pub fn areas(scored: &[Scored]) -> (f64, f64) {
    let mut falling = scored.to_vec();
    falling.sort_unstable_by(|a, b| b.p.total_cmp(&a.p));
    let left_total = scored.iter().filter(|s| s.left).count() as f64;
    let stayed_total = scored.len() as f64 - left_total;
    let (mut left, mut stayed, mut roc, mut precision) = (0.0, 0.0, 0.0, 0.0);
    for tie in falling.chunk_by(|a, b| a.p == b.p) {
        let left_here = tie.iter().filter(|s| s.left).count() as f64;
        let stayed_here = tie.len() as f64 - left_here;
        roc += stayed_here * (left + left_here / 2.0);
        left += left_here;
        stayed += stayed_here;
        precision += left_here * left / (left + stayed);
    }
    (roc / (left_total * stayed_total), if left_total > 0.0 { precision / left_total } else { f64::NAN })
}

/// Returns the mean distance of score and share over ten bins of equal width, weighted by rows.
pub fn expected_calibration_error(scored: &[Scored]) -> f64 {
    let distance = |bin: &ReliabilityBin| bin.customers as f64 * (bin.mean_score - bin.left).abs();
    reliability(scored).iter().filter(|bin| bin.customers > 0).map(distance).sum::<f64>() / scored.len() as f64
}

/// Returns ten bins of equal width; score and share of an empty bin are 0, within [0, 1].
pub fn reliability(scored: &[Scored]) -> Vec<ReliabilityBin> {
    let mut sums = [(0_u64, 0.0, 0_u64); BINS];
    for s in scored {
        let bin = &mut sums[((s.p * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + 1, bin.1 + s.p, bin.2 + u64::from(s.left));
    }
    let share = |sum: f64, of: u64| if of == 0 { 0.0 } else { sum / of as f64 };
    let bin = |(place, &(customers, sum, left)): (usize, &(u64, f64, u64))| {
        let (low, high) = if customers == 0 { (0.0, 1.0) } else { wilson(left, customers) };
        let (mean_score, left) = (share(sum, customers), share(left as f64, customers));
        ReliabilityBin { from: place as f64 / BINS as f64, customers, mean_score, left, low, high }
    };
    sums.iter().enumerate().map(bin).collect()
}

/// Returns what each cut would bring; a cut that no customer reaches has precision 0 within [0, 1].
pub fn cuts(scored: &[Scored]) -> Vec<Cut> {
    let all_left = scored.iter().filter(|s| s.left).count();
    let cut = |step: u32| {
        let threshold = f64::from(step) / CUTS_OF_ONE;
        let reached = || scored.iter().filter(|s| s.p >= threshold);
        let (customers, left) = (reached().count() as u64, reached().filter(|s| s.left).count() as u64);
        let (low, high) = if customers == 0 { (0.0, 1.0) } else { wilson(left, customers) };
        let precision = if customers == 0 { 0.0 } else { left as f64 / customers as f64 };
        let recall = if all_left == 0 { 0.0 } else { left as f64 / all_left as f64 };
        Cut { threshold, customers, left, precision, precision_low: low, precision_high: high, recall }
    };
    CUTS.map(cut).collect()
}

/// Returns what calling the 100, 250, 500, 1000, … customers with the highest score would bring, for as many as there
/// are; none where nobody left.
pub fn calls(scored: &[Scored]) -> Vec<Calls> {
    let mut falling = scored.to_vec();
    falling.sort_unstable_by(|a, b| b.p.total_cmp(&a.p));
    let (rows, all_left) = (scored.len() as u64, scored.iter().filter(|s| s.left).count() as u64);
    let wanted = (0..12).flat_map(|power| CALLS.map(|calls| calls * 10_u64.pow(power))).take_while(|&calls| calls <= rows);
    let mut wanted = wanted.filter(|_| all_left > 0).peekable();
    let (mut seen, mut left, mut told) = (0_u64, 0_u64, Vec::new());
    for tie in falling.chunk_by(|a, b| a.p == b.p) {
        let (here, left_here) = (tie.len() as u64, tie.iter().filter(|s| s.left).count() as u64);
        while let Some(calls) = wanted.next_if(|&calls| calls <= seen + here) {
            let of_tie = ((calls - seen) as f64 * left_here as f64 / here as f64).round() as u64;
            told.push(brought(calls, tie[0].p, left + of_tie, (rows, all_left)));
        }
        (seen, left) = (seen + here, left + left_here);
    }
    told
}

fn brought(calls: u64, threshold: f64, left: u64, (rows, all_left): (u64, u64)) -> Calls {
    let ((precision_low, precision_high), precision) = (wilson(left, calls), left as f64 / calls as f64);
    let (recall, lift) = (left as f64 / all_left as f64, precision / (all_left as f64 / rows as f64));
    Calls { calls, threshold, left, precision, precision_low, precision_high, recall, lift }
}

/// Returns the mean and the standard deviation (n − 1) of each measure.
pub fn mean_and_deviation(each: &[Metrics]) -> (Metrics, Metrics) {
    let spread = |pick: fn(&Metrics) -> f64| {
        let n = each.len() as f64;
        let mean = each.iter().map(pick).sum::<f64>() / n;
        let variance = each.iter().map(|m| (pick(m) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        (mean, variance.sqrt())
    };
    let pairs = [spread(|m| m.roc_auc), spread(|m| m.pr_auc), spread(|m| m.log_loss), spread(|m| m.brier), spread(|m| m.ece10)];
    let build = |v: [f64; 5]| Metrics { roc_auc: v[0], pr_auc: v[1], log_loss: v[2], brier: v[3], ece10: v[4] };
    (build(pairs.map(|pair| pair.0)), build(pairs.map(|pair| pair.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scored(list: &[(f64, u8)]) -> Vec<Scored> {
        list.iter().map(|&(p, left)| Scored { p, left: left == 1 }).collect()
    }

    #[test]
    fn areas_are_those_of_scikit_learn() {
        let check = |list: &[(f64, u8)], roc: f64, pr: f64| {
            let found = areas(&scored(list));
            assert!((found.0 - roc).abs() < 1e-12 && (found.1 - pr).abs() < 1e-12, "{list:?} {found:?}");
        };
        check(&[(0.1, 0), (0.4, 0), (0.35, 1), (0.8, 1)], 0.75, 0.833_333_333_333_333_3);
        check(&[(0.5, 0), (0.5, 1), (0.5, 0), (0.5, 1)], 0.5, 0.5);
        check(&[(0.2, 0), (0.2, 1), (0.9, 1), (0.1, 0)], 0.875, 0.833_333_333_333_333_3);
        check(&[(0.9, 0), (0.1, 1)], 0.0, 0.5);
    }

    #[test]
    fn a_sure_and_wrong_score_costs_much_but_not_everything() {
        let m = measure(&scored(&[(0.0, 1), (1.0, 0)]));
        assert!(m.log_loss > 34.0 && m.log_loss.is_finite());
        assert_eq!((m.brier, m.ece10, m.roc_auc), (1.0, 1.0, 0.0));
    }

    #[test]
    fn a_cut_includes_its_threshold() {
        let table = cuts(&scored(&[(0.7, 1), (0.699_999, 1), (0.7, 0), (0.1, 0)]));
        let at = |threshold: f64| table.iter().find(|cut| cut.threshold == threshold).copied().unwrap();
        assert_eq!((at(0.7).customers, at(0.7).left, at(0.7).precision, at(0.7).recall), (2, 1, 0.5, 0.5));
        assert_eq!((at(0.4).customers, at(0.9).customers, at(0.9).precision_low, at(0.9).precision_high), (3, 0, 0.0, 1.0));
    }

    #[test]
    fn so_many_calls_reach_the_highest_scores() {
        let list: Vec<(f64, u8)> =
            (0..1_000).map(|place| (f64::from(place / 200) / 10.0, u8::from(place % 4 == 0 || place >= 950))).collect();
        let told = calls(&scored(&list));
        assert_eq!(told.iter().map(|calls| calls.calls).collect::<Vec<_>>(), [100, 250, 500, 1_000]);
        let all = 250 + 38;
        assert_eq!((told[3].left, told[3].recall, told[3].lift), (all, 1.0, 1.0));
        assert_eq!((told[0].threshold, told[0].left), (0.4, 44), "half of the 88 leavers among the 200 of one score");
        assert_eq!((told[1].threshold, told[1].left, told[1].precision), (0.3, 88 + 13, 0.404));
        assert!(told.iter().all(|calls| calls.precision_low < calls.precision && calls.precision < calls.precision_high));
        assert!(calls(&scored(&[(0.5, 1); 99])).is_empty() && calls(&scored(&[(0.5, 0); 200])).is_empty());
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(list in prop::collection::vec((0_u8..12, 0_u8..2), 2..60)) {
            let scored: Vec<Scored> = list.iter().map(|&(p, left)| Scored { p: f64::from(p) / 12.0, left: left == 1 }).collect();
            let (left, stayed): (Vec<Scored>, Vec<Scored>) = scored.iter().partition(|s| s.left);
            prop_assume!(!left.is_empty() && !stayed.is_empty());
            let wins = |a: &Scored, b: &Scored| if a.p > b.p { 1.0 } else if a.p == b.p { 0.5 } else { 0.0 };
            let pairs: f64 = left.iter().flat_map(|a| stayed.iter().map(move |b| wins(a, b))).sum();
            let expected = pairs / (left.len() * stayed.len()) as f64;
            prop_assert!((areas(&scored).0 - expected).abs() < 1e-12);
        }

        #[test]
        fn bins_hold_every_row_once(ps in prop::collection::vec(0.0_f64..=1.0, 1..80)) {
            let scored: Vec<Scored> = ps.iter().map(|&p| Scored { p, left: p > 0.5 }).collect();
            let bins = reliability(&scored);
            prop_assert_eq!(bins.iter().map(|bin| bin.customers).sum::<u64>(), scored.len() as u64);
            prop_assert!(bins.iter().all(|bin| bin.low < bin.high && (bin.low - 1e-12..=bin.high + 1e-12).contains(&bin.left)));
        }
    }
}
