//! How good clusters are, and how alike two ways of dividing the same customers.
use crate::cluster::kmeans::squared;
use crate::cluster::points::Points;
use crate::split::SplitMix64;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The most customers whose silhouettes are measured; more are drawn from.
pub const SILHOUETTE_ROWS: usize = 1_000;

/// The distances between customers, or between some that were drawn.
#[derive(Clone, Debug)]
pub struct Distances {
    rows: Vec<u32>,
    apart: Vec<f32>,
}

impl Distances {
    /// Returns the distances between customers, of at most [`SILHOUETTE_ROWS`] drawn by the seed.
    pub fn of(points: &Points, seed: u64) -> Self {
        let mut rows = points.rows_all();
        if rows.len() > SILHOUETTE_ROWS {
            SplitMix64::new(seed).shuffle(&mut rows);
            rows.truncate(SILHOUETTE_ROWS);
            rows.sort_unstable();
        }
        let line =
            |&one: &u32| rows.iter().map(|&other| squared(points.row(one as usize), points.row(other as usize)).sqrt() as f32).collect();
        let lines: Vec<Vec<f32>> = rows.par_iter().map(line).collect();
        Self { apart: lines.into_iter().flatten().collect(), rows }
    }

    /// Returns the mean silhouette (Rousseeuw 1987): how much nearer customers are to their own cluster than to the next.
    pub fn silhouette(&self, cluster_of: &[u16]) -> f64 {
        let own: Vec<usize> = self.rows.iter().map(|&row| usize::from(cluster_of[row as usize])).collect();
        let most = own.iter().copied().max().unwrap_or_default() + 1;
        let mut sizes = vec![0_usize; most];
        own.iter().for_each(|&cluster| sizes[cluster] += 1);
        let one = |(at, line): (usize, &[f32])| {
            let mut sums = vec![0.0_f64; most];
            line.iter().zip(&own).for_each(|(distance, &cluster)| sums[cluster] += f64::from(*distance));
            let mine = own[at];
            if sizes[mine] < 2 {
                return 0.0;
            }
            let inside = sums[mine] / (sizes[mine] - 1) as f64;
            let others = (0..most).filter(|&cluster| cluster != mine && sizes[cluster] > 0);
            let outside = others.map(|cluster| sums[cluster] / sizes[cluster] as f64).fold(f64::INFINITY, f64::min);
            let wider = inside.max(outside);
            if outside.is_finite() && wider > 0.0 { (outside - inside) / wider } else { 0.0 }
        };
        self.apart.chunks_exact(self.rows.len().max(1)).enumerate().map(one).sum::<f64>() / self.rows.len().max(1) as f64
    }
}

/// Returns the adjusted Rand index of two ways of dividing (Hubert and Arabie 1985): 1 where they are the same up to the
/// clusters' numbers, 0 on average by chance.
pub fn adjusted_rand(one: &[u16], other: &[u16]) -> f64 {
    let (mut both, mut ones, mut others) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (&a, &b) in one.iter().zip(other) {
        *both.entry((a, b)).or_insert(0_u64) += 1;
        *ones.entry(a).or_insert(0_u64) += 1;
        *others.entry(b).or_insert(0_u64) += 1;
    }
    let pairs = |count: &u64| (count * count.saturating_sub(1) / 2) as f64;
    let sum = |counts: &BTreeMap<u16, u64>| counts.values().map(pairs).sum::<f64>();
    let together = both.values().map(pairs).sum::<f64>();
    let (a, b, all) = (sum(&ones), sum(&others), pairs(&(one.len() as u64)));
    let chance = if all > 0.0 { a * b / all } else { 0.0 };
    let most = (a + b) / 2.0;
    if most == chance { 1.0 } else { (together - chance) / (most - chance) }
}
