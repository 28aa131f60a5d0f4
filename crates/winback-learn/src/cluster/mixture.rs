//! A mixture of normal distributions, each with its own deviation along every coordinate, fitted by expectation and
//! maximisation (Dempster, Laird and Rubin 1977).
use crate::cluster::points::Points;
use std::f64::consts::TAU;

/// The most rounds.
const MOST_ROUNDS: usize = 100;
/// The least variance along a coordinate, whose variance over everybody is at most 1: without it a coordinate of 0 and 1
/// would draw a cluster ever tighter.
const LEAST_VARIANCE: f64 = 0.1;
/// When the mean log-likelihood gains less than this, the fit is done.
const ENOUGH: f64 = 1e-6;

/// Normal distributions with their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    log_weight: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
    /// The logarithm of the density at the mean.
    peak: f64,
}

/// Returns the mixture of `k` parts for some rows, beginning with the clusters that `first` gives to every customer.
pub fn fit(points: &Points, rows: &[u32], first: &[u16], k: usize) -> Mixture {
    let mut shares = vec![0.0; rows.len() * k];
    rows.iter().enumerate().for_each(|(at, &row)| shares[at * k + usize::from(first[row as usize])] = 1.0);
    let mut mixture = Mixture::of(points, rows, &shares, k);
    let mut before = f64::NEG_INFINITY;
    for _ in 0..MOST_ROUNDS {
        let mut sum = 0.0;
        for (share, &row) in shares.chunks_exact_mut(k).zip(rows) {
            sum += mixture.shares(points.row(row as usize), share);
        }
        let mean = sum / rows.len() as f64;
        if mean - before < ENOUGH {
            break;
        }
        before = mean;
        mixture = Mixture::of(points, rows, &shares, k);
    }
    mixture
}

impl Mixture {
    /// Returns the likeliest part of every customer.
    pub fn assign(&self, points: &Points) -> Vec<u16> {
        let likeliest = |row| {
            let all = self.parts.iter().map(|part| part.log_density(points.row(row))).enumerate();
            all.fold((0, f64::NEG_INFINITY), |best, one| if one.1 > best.1 { one } else { best }).0 as u16
        };
        (0..points.rows()).map(likeliest).collect()
    }

    /// Returns the Bayesian information criterion (Schwarz 1978); smaller is better.
    pub fn bic(&self, points: &Points) -> f64 {
        let mut share = vec![0.0; self.parts.len()];
        let likelihood: f64 = (0..points.rows()).map(|row| self.shares(points.row(row), &mut share)).sum();
        let free = self.parts.len() - 1 + 2 * self.parts.len() * points.width();
        free as f64 * (points.rows() as f64).ln() - 2.0 * likelihood
    }

    fn of(points: &Points, rows: &[u32], shares: &[f64], k: usize) -> Self {
        Self { parts: (0..k).map(|part| Part::of(points, rows, shares.iter().skip(part).step_by(k))).collect() }
    }

    /// Fills in which share of a point each part has, and returns the logarithm of its density.
    fn shares(&self, point: &[f64], share: &mut [f64]) -> f64 {
        share.iter_mut().zip(&self.parts).for_each(|(share, part)| *share = part.log_density(point));
        let most = share.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = share.iter().map(|log| (log - most).exp()).sum();
        let log = most + sum.ln();
        share.iter_mut().for_each(|share| *share = (*share - log).exp());
        log
    }
}

impl Part {
    fn of<'a>(points: &Points, rows: &[u32], shares: impl Iterator<Item = &'a f64> + Clone) -> Self {
        let width = points.width();
        let weight = shares.clone().sum::<f64>().max(1e-9);
        let (mut mean, mut variance) = (vec![0.0; width], vec![0.0; width]);
        for (share, &row) in shares.clone().zip(rows) {
            mean.iter_mut().zip(points.row(row as usize)).for_each(|(mean, value)| *mean += share * value);
        }
        mean.iter_mut().for_each(|mean| *mean /= weight);
        for (share, &row) in shares.zip(rows) {
            let apart = points.row(row as usize).iter().zip(&mean);
            variance.iter_mut().zip(apart).for_each(|(sum, (value, mean))| *sum += share * (value - mean).powi(2));
        }
        variance.iter_mut().for_each(|variance| *variance = (*variance / weight).max(LEAST_VARIANCE));
        let peak = -0.5 * variance.iter().map(|variance| (TAU * variance).ln()).sum::<f64>();
        Self { log_weight: (weight / rows.len() as f64).ln(), mean, variance, peak }
    }

    /// Returns the logarithm of weight times density.
    fn log_density(&self, point: &[f64]) -> f64 {
        let parts = point.iter().zip(&self.mean).zip(&self.variance);
        self.log_weight + self.peak - 0.5 * parts.map(|((value, mean), variance)| (value - mean).powi(2) / variance).sum::<f64>()
    }
}
