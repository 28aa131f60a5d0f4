//! Families side by side: each is validated on the same folds, and the difference of each to the first is told with
//! an interval. Folds of one table overlap in what they learn from, so their scores are not independent; the interval
//! is that of the corrected resampled t-test (Nadeau and Bengio 2003), which allows for it.
use crate::metrics;
use crate::split::{NO_FOLD, stratified_folds};
use crate::validate::{Learner, validate_with_folds};
use serde::Serialize;
use winback_core::feature::FeatureTable;
use winback_core::model::{Metrics, TrainError};
use winback_core::progress::{Progress, Silent, Work};

/// The chance of the interval to hold the true difference.
const CONFIDENCE: f64 = 0.95;

/// A family to compare.
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it is fitted.
    pub learner: &'a dyn Learner,
}

/// How families did on the same folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How many customers with a label took part.
    pub customers: u64,
    /// How many times the customers were parted into folds.
    pub partings: usize,
    /// How many folds there were in all.
    pub folds: usize,
    /// The families, in the order they were given; the first is the one in use.
    pub families: Vec<FamilyScores>,
    /// The family that is best: the first, unless another's log loss is lower and its interval excludes 0.
    pub best: String,
}

/// How one family did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FamilyScores {
    /// The family.
    pub name: String,
    /// The mean of the folds.
    pub mean: Metrics,
    /// Their standard deviation (n − 1).
    pub deviation: Metrics,
    /// The calibration error over all folds of a parting together, averaged over the partings.
    pub pooled_ece10: f64,
    /// Its log loss less that of the first family; `None` for the first.
    pub log_loss: Option<Difference>,
    /// Its ROC-AUC less that of the first family; `None` for the first.
    pub roc_auc: Option<Difference>,
}

/// A mean difference over folds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The mean.
    pub mean: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Difference {
    /// Returns whether the interval leaves out 0.
    pub fn is_clear(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Returns so many partings of the labelled customers into stratified folds, one a seed.
pub fn partings(table: &FeatureTable, folds: u16, seeds: impl IntoIterator<Item = u64>) -> Vec<Vec<u16>> {
    seeds.into_iter().map(|seed| stratified_folds(table, folds, seed)).collect()
}

/// Validates every family on every parting and compares each with the first.
pub fn compare(
    table: &FeatureTable,
    candidates: &[Candidate<'_>],
    partings: &[Vec<u16>],
    progress: &dyn Progress,
) -> Result<Comparison, TrainError> {
    let folds: usize = partings.iter().map(|folds| count(folds)).sum();
    progress.begin(Work::Train, Some((folds * candidates.len()) as u64));
    let mut each = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let (mut scores, mut pooled) = (Vec::with_capacity(folds), 0.0);
        for folds in partings {
            let validation = validate_with_folds(table, candidate.learner, folds, &Silent)?;
            progress.advance(validation.folds as u64);
            pooled += validation.pooled.ece10 / partings.len() as f64;
            scores.extend(validation.per_fold);
        }
        each.push((candidate.name, scores, pooled));
    }
    progress.done();
    let held_out = 1.0 / (folds as f64 / partings.len().max(1) as f64 - 1.0);
    let of = |measure: fn(&Metrics) -> f64, scores: &[Metrics]| -> Option<Difference> {
        let first = &each.first()?.1;
        let differences: Vec<f64> = scores.iter().zip(first).map(|(own, first)| measure(own) - measure(first)).collect();
        Some(interval(&differences, held_out))
    };
    let families = each.iter().enumerate().map(|(at, (name, scores, pooled))| {
        let (mean, deviation) = metrics::mean_and_deviation(scores);
        let beside = |measure| if at == 0 { None } else { of(measure, scores) };
        let (log_loss, roc_auc) = (beside(|m: &Metrics| m.log_loss), beside(|m: &Metrics| m.roc_auc));
        FamilyScores { name: (*name).to_owned(), mean, deviation, pooled_ece10: *pooled, log_loss, roc_auc }
    });
    let families: Vec<FamilyScores> = families.collect();
    let customers = partings.first().map_or(0, |folds| folds.iter().filter(|fold| **fold != NO_FOLD).count() as u64);
    let best = best(&families);
    Ok(Comparison { customers, partings: partings.len(), folds, best, families })
}

/// Returns the family whose log loss is lowest among the first and those that are clearly better than it.
fn best(families: &[FamilyScores]) -> String {
    let better = |family: &&FamilyScores| family.log_loss.is_none_or(|difference| difference.high < 0.0);
    let lowest = families.iter().filter(better).min_by(|a, b| a.mean.log_loss.total_cmp(&b.mean.log_loss));
    lowest.map(|family| family.name.clone()).unwrap_or_default()
}

fn count(folds: &[u16]) -> usize {
    folds.iter().filter(|fold| **fold != NO_FOLD).max().map_or(0, |most| usize::from(*most) + 1)
}

/// Returns the mean of paired differences with its interval; `held_out` is how many rows are held out for one learned
/// from. A single difference has no interval.
pub(crate) fn interval(differences: &[f64], held_out: f64) -> Difference {
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let reach = quantile(differences.len().saturating_sub(1)) * ((1.0 / n + held_out) * variance).sqrt();
    let reach = if reach.is_finite() { reach } else { f64::INFINITY };
    Difference { mean, low: mean - reach, high: mean + reach }
}

/// Returns how many standard errors on each side of the mean hold [`CONFIDENCE`] of Student's t with some degrees of
/// freedom; infinite without any.
fn quantile(freedom: usize) -> f64 {
    if freedom == 0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 1e4);
    while high - low > 1e-9 * (1.0 + low) {
        let middle = f64::midpoint(low, high);
        if share_within(middle, freedom) < CONFIDENCE { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Returns the chance of Student's t to lie within so many standard errors (Abramowitz and Stegun 26.7.3 and 26.7.4).
fn share_within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = !freedom.is_multiple_of(2);
    let (mut term, mut sum, mut k) = if odd { (cosine, 0.0, 1) } else { (1.0, 0.0, 0) };
    while k + 1 < freedom {
        sum += term;
        k += 2;
        term *= (k - 1) as f64 / k as f64 * cosine * cosine;
    }
    if odd { 2.0 / std::f64::consts::PI * (angle + sine * sum) } else { sine * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in
            [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (14, 2.1448), (30, 2.0423), (999, 1.9623)]
        {
            assert!((quantile(freedom) - expected).abs() < 1e-4, "{freedom}: {}", quantile(freedom));
        }
        assert_eq!(quantile(0), f64::INFINITY);
    }

    #[test]
    fn the_interval_allows_for_shared_rows() {
        let found = interval(&[0.01, 0.02, 0.03, 0.02, 0.02], 0.25);
        assert!((found.mean - 0.02).abs() < 1e-12);
        let plain = 2.7764 * (0.00005_f64 / 5.0).sqrt();
        let corrected = 2.7764 * (0.00005_f64 * (0.2 + 0.25)).sqrt();
        assert!((found.high - 0.02 - corrected).abs() < 1e-6 && corrected > 1.4 * plain && found.is_clear());
        assert!(!interval(&[0.01], 0.25).is_clear());
        assert!(!interval(&[0.01, -0.01, 0.02, -0.02], 0.25).is_clear());
    }
}
