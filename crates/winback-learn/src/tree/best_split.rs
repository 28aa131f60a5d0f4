//! The best question to ask the rows of a node, by the gain in the second-order approximation of the loss
//! (Chen and Guestrin, "XGBoost", 2016, equation 7).
use super::bins::Bins;
use super::code_set::CodeSet;
use super::histogram::{Histogram, Sum, UNITS};
use super::matrix::Matrix;

/// What makes a split worth its while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SplitOptions {
    /// The L2 penalty on values of leaves.
    pub lambda: f64,
    /// The least gain.
    pub gamma: f64,
    /// The least sum of second derivatives on either side.
    pub min_weight: f64,
    /// Added to the second derivatives of a word when words are put in order, so that rare ones stay in the middle.
    pub word_smoothing: f64,
}

/// A question, and the sums on both its sides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub column: usize,
    pub left: CodeSet,
    pub sums: [Sum; 2],
    pub gain: f64,
}

/// Gains below this come from rounding alone.
const LEAST_GAIN: f64 = 1e-9;

impl SplitOptions {
    /// Returns the best question about some columns, or `None` where none gains enough.
    pub fn best(&self, matrix: &Matrix, bins: &Bins, sums: &Histogram, columns: &[usize]) -> Option<Question> {
        let mut best: Option<Question> = None;
        for &column in columns {
            let Some((bundle, member)) = matrix.places[column] else { continue };
            let mut by_code = [[0; 2]; 256];
            let code_of = &matrix.bundles[bundle].members[member].code_of;
            for (sum, &code) in sums.bundle(bundle).iter().zip(code_of) {
                plus(&mut by_code[usize::from(code)], *sum);
            }
            let by_code = &by_code[..bins.columns[column].codes()];
            let least = best.as_ref().map_or(self.gamma.max(LEAST_GAIN), |best| best.gain);
            let found = if bins.columns[column].ordered() { self.number(by_code, least) } else { self.words(by_code, least) };
            best = found.map(|found| Question { column, ..found }).or(best);
        }
        best
    }

    fn score(&self, sum: Sum) -> f64 {
        let (gradient, weight) = real(sum);
        gradient * gradient / (weight + self.lambda)
    }

    fn gain(&self, left: Sum, right: Sum, whole: f64) -> f64 {
        let enough = real(left).1 >= self.min_weight && real(right).1 >= self.min_weight;
        if enough && left[1] > 0 && right[1] > 0 { 0.5 * (self.score(left) + self.score(right) - whole) } else { 0.0 }
    }

    /// Tries every border, and missing cells on either side. Without missing cells here, later ones go where most went.
    fn number(&self, by_code: &[Sum], mut least: f64) -> Option<Question> {
        let (missing, values) = by_code.split_last()?;
        let total = by_code.iter().fold([0; 2], |sum, part| added(sum, *part));
        let whole = self.score(total);
        let mut best = None;
        let mut left = [0; 2];
        for (code, sum) in values.iter().enumerate().take(values.len().saturating_sub(1)) {
            plus(&mut left, *sum);
            if sum[1] == 0 {
                continue;
            }
            let with_missing = added(left, *missing);
            for (sums, missing_left) in [(left, false), (with_missing, true)] {
                let right = less(total, sums);
                let gain = self.gain(sums, right, whole);
                if gain > least {
                    let missing_left = if missing[1] == 0 { sums[1] > right[1] } else { missing_left };
                    (least, best) = (gain, Some((code, missing_left, [sums, right])));
                }
                if missing[1] == 0 {
                    break;
                }
            }
        }
        // Missing against all others is a question, too.
        let known = less(total, *missing);
        let gain = self.gain(known, *missing, whole);
        if gain > least {
            (least, best) = (gain, Some((values.len() - 1, false, [known, *missing])));
        }
        let (border, missing_left, sums) = best?;
        let missing_code = values.len();
        let goes_left = |code: u8| if usize::from(code) == missing_code { missing_left } else { usize::from(code) <= border };
        Some(Question { column: 0, left: CodeSet::of(|code| usize::from(code) <= missing_code && goes_left(code)), sums, gain: least })
    }

    /// Puts words in the order of their mean gradient and tries every cut (Fisher 1958: the best set is among those).
    /// Words that no row here holds go where most rows went.
    fn words(&self, by_code: &[Sum], mut least: f64) -> Option<Question> {
        let mut present: Vec<usize> = (0..by_code.len()).filter(|&code| by_code[code][1] > 0).collect();
        let slope = |code: usize| {
            let (gradient, weight) = real(by_code[code]);
            gradient / (weight + self.word_smoothing)
        };
        present.sort_by(|&a, &b| slope(a).total_cmp(&slope(b)).then(a.cmp(&b)));
        let total = by_code.iter().fold([0; 2], |sum, part| added(sum, *part));
        let whole = self.score(total);
        let mut best = None;
        let mut left = [0; 2];
        for (place, &code) in present.iter().enumerate() {
            plus(&mut left, by_code[code]);
            let right = less(total, left);
            let gain = self.gain(left, right, whole);
            if gain > least {
                (least, best) = (gain, Some((place, [left, right])));
            }
        }
        let (last, sums) = best?;
        let absent_left = sums[0][1] > sums[1][1];
        let goes_left = |code: u8| match present.iter().position(|&known| known == usize::from(code)) {
            Some(place) => place <= last,
            None => absent_left,
        };
        Some(Question { column: 0, left: CodeSet::of(|code| usize::from(code) < by_code.len() && goes_left(code)), sums, gain: least })
    }
}

/// Returns the gradient and the second derivative of a sum.
pub(crate) fn real(sum: Sum) -> (f64, f64) {
    (sum[0] as f64 / UNITS, sum[1] as f64 / UNITS)
}

fn plus(sum: &mut Sum, part: Sum) {
    *sum = added(*sum, part);
}

fn added(a: Sum, b: Sum) -> Sum {
    [a[0] + b[0], a[1] + b[1]]
}

fn less(a: Sum, b: Sum) -> Sum {
    [a[0] - b[0], a[1] - b[1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPTIONS: SplitOptions = SplitOptions { lambda: 1.0, gamma: 0.0, min_weight: 0.0, word_smoothing: 1.0 };

    fn sums(list: &[(i32, u32)]) -> Vec<Sum> {
        let one = |&(gradient, weight): &(i32, u32)| {
            let weight = i64::from(weight) << 26;
            [if weight == 0 { 0 } else { i64::from(gradient) << 26 }, weight]
        };
        list.iter().map(one).collect()
    }

    /// The gain of sending some codes left, by the formula.
    fn gain_of(sums: &[Sum], left: impl Fn(usize) -> bool) -> f64 {
        let score = |holds: &dyn Fn(usize) -> bool| {
            let part = (0..sums.len()).filter(|&code| holds(code)).fold([0; 2], |sum, code| added(sum, sums[code]));
            let (gradient, weight) = real(part);
            (gradient * gradient / (weight + OPTIONS.lambda), part[1] > 0)
        };
        let (l, r, whole) = (score(&left), score(&|code| !left(code)), score(&|_| true).0);
        if l.1 && r.1 { 0.5 * (l.0 + r.0 - whole) } else { 0.0 }
    }

    proptest! {
        #[test]
        fn the_best_border_is_found_and_missing_cells_go_where_they_gain_most(
            list in prop::collection::vec((-40_i32..40, 0_u32..30), 2..9)
        ) {
            let sums = sums(&list);
            let missing = sums.len() - 1;
            let borders = (0..missing).flat_map(|border| [(border, true), (border, false)]);
            let goes_left = |border: usize, with_missing: bool| move |code: usize| if code == missing { with_missing } else { code <= border };
            let best = borders.map(|(border, with_missing)| gain_of(&sums, goes_left(border, with_missing))).fold(0.0, f64::max);
            match OPTIONS.number(&sums, LEAST_GAIN) {
                None => prop_assert!(best <= LEAST_GAIN),
                Some(found) => {
                    prop_assert!((found.gain - best).abs() < 1e-9, "{} {}", found.gain, best);
                    prop_assert!((gain_of(&sums, |code| found.left.contains(code as u8)) - best).abs() < 1e-9);
                }
            }
        }

        /// With the penalty in the order of the words, too, no other set of words is better (Fisher 1958) but for the
        /// penalty's part in it; without a penalty none is.
        #[test]
        fn the_best_set_of_words_is_found(list in prop::collection::vec((-40_i32..40, 0_u32..30), 2..9)) {
            let options = SplitOptions { lambda: 0.0, word_smoothing: 0.0, ..OPTIONS };
            let sums = sums(&list);
            let score = |codes: &[usize]| {
                let part = codes.iter().fold([0; 2], |sum, &code| added(sum, sums[code]));
                let (gradient, weight) = real(part);
                if weight > 0.0 { gradient * gradient / weight } else { 0.0 }
            };
            let halves = |set: u32| -> (Vec<usize>, Vec<usize>) { (0..sums.len()).partition(|code| set >> code & 1 == 1) };
            let all: Vec<usize> = (0..sums.len()).collect();
            let sets = (0..1_u32 << sums.len()).map(halves);
            let best = sets.map(|(left, right)| 0.5 * (score(&left) + score(&right) - score(&all))).fold(0.0, f64::max);
            match options.words(&sums, LEAST_GAIN) {
                None => prop_assert!(best <= 1e-6),
                Some(found) => prop_assert!((found.gain - best).abs() < 1e-6, "{} {}", found.gain, best),
            }
        }
    }

    #[test]
    fn codes_no_row_holds_go_where_most_went() {
        let question = OPTIONS.words(&sums(&[(30, 10), (0, 0), (-30, 20), (0, 0)]), LEAST_GAIN).unwrap();
        assert_eq!(question.left, [1, 2, 3].into_iter().collect(), "the heavier side");
        let question = OPTIONS.number(&sums(&[(30, 10), (-30, 20), (0, 0)]), LEAST_GAIN).unwrap();
        assert_eq!(question.left, [0].into_iter().collect(), "missing to the heavier side");
    }
}
