//! Clusters: groups of customers that the data show, without anybody having named them.
//!
//! Every column counts alike ([`points`]). K-means with careful seeding ([`kmeans`]) and a mixture of normal
//! distributions ([`mixture`]) are tried for several numbers of clusters; k-means takes the number with the greatest
//! silhouette, the mixture that with the least BIC ([`quality`]). How far the clusters would be the same on other
//! customers of the same kind is told by refits on bootstraps, and what they are by cards ([`card`]).
pub mod card;
pub mod kmeans;
pub mod mixture;
pub mod points;
pub mod quality;

use crate::split::SplitMix64;
use card::{Card, cards};
use points::{Note, Points};
use quality::{Distances, adjusted_rand};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use winback_core::feature::FeatureTable;

/// The numbers of clusters that are tried.
pub const TRIED: RangeInclusive<usize> = 2..=10;
/// The fewest customers that are divided into clusters.
pub const MIN_ROWS: usize = 10;
/// How often k-means starts anew; the best result counts.
const RESTARTS: usize = 5;

/// How customers are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// K-means: every customer belongs to the nearest centre.
    KMeans,
    /// A mixture of normal distributions: every customer belongs to the likeliest.
    Mixture,
}

/// How clusters are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterOptions {
    /// How customers are divided.
    pub method: Method,
    /// How many clusters; `None` chooses.
    pub k: Option<usize>,
    /// Decides on all that is drawn.
    pub seed: u64,
    /// How many bootstraps tell the stability.
    pub bootstraps: usize,
}

/// One number of clusters that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// How many clusters.
    pub k: usize,
    /// The mean silhouette of the method's clusters, from -1 to 1; larger is better.
    pub silhouette: f64,
    /// The Bayesian information criterion of the mixture; smaller is better.
    pub bic: f64,
}

/// How alike the clusters of bootstraps are to those of the table: the adjusted Rand index, 1 for equal, 0 for chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub least: f64,
    /// How many bootstraps.
    pub bootstraps: usize,
}

/// Customers divided into clusters. The clusters are numbered by size, the largest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clustering {
    /// How they were divided.
    pub method: Method,
    /// How many clusters there are.
    pub k: usize,
    /// Every number of clusters that was tried.
    pub tried: Vec<Tried>,
    /// How stable the clusters are.
    pub stability: Stability,
    /// How alike the clusters are to those of the other method with the same number: the adjusted Rand index.
    pub agreement: f64,
    /// What each cluster is.
    pub cards: Vec<Card>,
    /// What was done to the columns.
    pub notes: Vec<Note>,
    /// The cluster of each customer, in the order of the table.
    #[serde(skip)]
    pub cluster_of: Vec<u16>,
}

/// Why customers are not divided.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClusterError {
    /// There are too few customers.
    #[error("{rows} customers are too few to divide into clusters; expected at least {MIN_ROWS}")]
    TooFewRows {
        /// How many there are.
        rows: usize,
    },
    /// More clusters are wanted than customers differ.
    #[error("{k} clusters are wanted, but only {different} customers differ from one another; ask for at most {different}")]
    TooManyClusters {
        /// How many are wanted.
        k: usize,
        /// How many different customers there are.
        different: usize,
    },
    /// One cluster, or none, is wanted.
    #[error("{k} is no number of clusters; expected at least 2")]
    TooFewClusters {
        /// How many are wanted.
        k: usize,
    },
    /// No column differs from customer to customer.
    #[error("no column tells one customer from another, so there are no clusters: {}", list(.0))]
    NoColumn(Vec<Note>),
}

fn list(notes: &[Note]) -> String {
    notes.iter().map(Note::text).collect::<Vec<_>>().join("; ")
}

/// Divides the customers of a table. The same table and options give the same clusters on every machine.
///
/// # Errors
/// When there are too few customers, too many clusters are wanted, or no column differs.
pub fn cluster(table: &FeatureTable, options: &ClusterOptions) -> Result<Clustering, ClusterError> {
    if table.rows() < MIN_ROWS {
        return Err(ClusterError::TooFewRows { rows: table.rows() });
    }
    let points = Points::of(table);
    if points.width() == 0 {
        return Err(ClusterError::NoColumn(points.notes));
    }
    let different = points.different();
    let wanted: Vec<usize> = match options.k {
        Some(k) if k < 2 => return Err(ClusterError::TooFewClusters { k }),
        Some(k) if k > different => return Err(ClusterError::TooManyClusters { k, different }),
        Some(k) => vec![k],
        None => TRIED.filter(|k| *k <= different).collect(),
    };
    if wanted.is_empty() {
        return Err(ClusterError::TooManyClusters { k: *TRIED.start(), different });
    }
    let distances = Distances::of(&points, options.seed);
    let all: Vec<(Tried, [Vec<u16>; 2])> = wanted.par_iter().map(|&k| try_k(&points, &distances, k, options)).collect();
    let better = |one: &Tried, other: &Tried| match options.method {
        Method::KMeans => one.silhouette > other.silhouette,
        Method::Mixture => one.bic < other.bic,
    };
    let tried: Vec<Tried> = all.iter().map(|(tried, _)| *tried).collect();
    let best = (1..tried.len()).fold(0, |best, at| if better(&tried[at], &tried[best]) { at } else { best });
    let Some((_, [near, likely])) = all.into_iter().nth(best) else { return Err(ClusterError::TooFewClusters { k: 0 }) };
    let agreement = adjusted_rand(&near, &likely);
    let mut cluster_of = if options.method == Method::KMeans { near } else { likely };
    let k = by_size(&mut cluster_of);
    let stability = stability(&points, &cluster_of, tried[best].k, options);
    Ok(Clustering {
        method: options.method,
        k,
        tried,
        stability,
        agreement,
        cards: cards(table, &points, &cluster_of, k),
        notes: points.notes,
        cluster_of,
    })
}

/// Returns how good a number of clusters is, and the clusters by k-means and by the mixture.
fn try_k(points: &Points, distances: &Distances, k: usize, options: &ClusterOptions) -> (Tried, [Vec<u16>; 2]) {
    let mut random = SplitMix64::new(options.seed ^ (k as u64) << 32);
    let means = kmeans::fit(points, &points.rows_all(), k, RESTARTS, &mut random);
    let near = means.assign(points);
    let mixed = mixture::fit(points, &points.rows_all(), &near, k);
    let likely = mixed.assign(points);
    let own = if options.method == Method::KMeans { &near } else { &likely };
    (Tried { k, silhouette: distances.silhouette(own), bic: mixed.bic(points) }, [near, likely])
}

/// Numbers the clusters by size, the largest first, and returns how many there are.
fn by_size(cluster_of: &mut [u16]) -> usize {
    let most = cluster_of.iter().copied().max().map_or(0, usize::from);
    let mut sizes: Vec<(usize, usize)> = (0..=most).map(|cluster| (0, cluster)).collect();
    cluster_of.iter().for_each(|&cluster| sizes[usize::from(cluster)].0 += 1);
    sizes.sort_by_key(|&(size, cluster)| (std::cmp::Reverse(size), cluster));
    let mut place = vec![0_u16; most + 1];
    sizes.iter().zip(0_u16..).for_each(|(&(_, cluster), at)| place[cluster] = at);
    cluster_of.iter_mut().for_each(|cluster| *cluster = place[usize::from(*cluster)]);
    sizes.iter().filter(|(size, _)| *size > 0).count()
}

fn stability(points: &Points, reference: &[u16], k: usize, options: &ClusterOptions) -> Stability {
    let rows = points.rows() as u32;
    let refit = |at: u64| {
        let mut random = SplitMix64::new(options.seed.wrapping_add(1 + at).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let sample: Vec<u32> = (0..rows).map(|_| random.below(rows)).collect();
        let means = kmeans::fit(points, &sample, k, 2, &mut random);
        let near = means.assign(points);
        let again = if options.method == Method::KMeans { near } else { mixture::fit(points, &sample, &near, k).assign(points) };
        adjusted_rand(reference, &again)
    };
    let all: Vec<f64> = (0..options.bootstraps as u64).into_par_iter().map(refit).collect();
    let mean = all.iter().sum::<f64>() / all.len().max(1) as f64;
    Stability { mean, least: all.iter().copied().fold(1.0, f64::min), bootstraps: all.len() }
}

#[cfg(test)]
mod tests;
