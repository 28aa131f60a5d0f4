//! K-means: centres such that every customer is near one of them.
use crate::cluster::points::Points;
use crate::split::SplitMix64;

/// The most rounds of one start.
const MOST_ROUNDS: usize = 100;

/// Centres, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Means {
    centres: Vec<f64>,
    width: usize,
}

/// Returns the best of several starts over some rows, which may repeat. The first centres are drawn with chances in
/// proportion to the squared distance from those drawn before (Arthur and Vassilvitskii 2007); then every row goes to
/// the nearest centre and every centre to the mean of its rows, until nothing moves (Lloyd 1982).
pub fn fit(points: &Points, rows: &[u32], k: usize, starts: usize, random: &mut SplitMix64) -> Means {
    let mut best = (f64::INFINITY, Means { centres: Vec::new(), width: points.width() });
    for _ in 0..starts.max(1) {
        let found = settle(points, rows, seed(points, rows, k, random));
        if found.0 < best.0 {
            best = found;
        }
    }
    best.1
}

/// Returns the squared distance of two points.
pub fn squared(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl Means {
    /// Returns the nearest centre of every customer.
    pub fn assign(&self, points: &Points) -> Vec<u16> {
        (0..points.rows()).map(|row| self.nearest(points.row(row)).0 as u16).collect()
    }

    fn nearest(&self, point: &[f64]) -> (usize, f64) {
        let far = |(at, centre): (usize, &[f64])| (at, squared(point, centre));
        let all = self.centres.chunks_exact(self.width).enumerate().map(far);
        all.fold((0, f64::INFINITY), |best, one| if one.1 < best.1 { one } else { best })
    }
}

fn seed(points: &Points, rows: &[u32], k: usize, random: &mut SplitMix64) -> Means {
    let width = points.width();
    let first = rows[random.below(rows.len() as u32) as usize] as usize;
    let mut centres = points.row(first).to_vec();
    let mut far: Vec<f64> = rows.iter().map(|&row| squared(points.row(row as usize), points.row(first))).collect();
    for _ in 1..k {
        let all: f64 = far.iter().sum();
        let at = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * all;
        let mut sum = 0.0;
        let drawn = far.iter().position(|distance| {
            sum += distance;
            sum > at && *distance > 0.0
        });
        // In a sample with fewer different points than centres the rest coincide.
        let row = rows[drawn.unwrap_or_default()] as usize;
        centres.extend_from_slice(points.row(row));
        for (distance, &other) in far.iter_mut().zip(rows) {
            *distance = distance.min(squared(points.row(other as usize), points.row(row)));
        }
    }
    Means { centres, width }
}

/// Moves the centres until nothing changes, and returns the sum of squared distances.
fn settle(points: &Points, rows: &[u32], mut means: Means) -> (f64, Means) {
    let k = means.centres.len() / means.width;
    let mut belongs = vec![usize::MAX; rows.len()];
    let mut total = f64::INFINITY;
    for _ in 0..MOST_ROUNDS {
        let mut moved = false;
        let (mut sums, mut counts) = (vec![0.0; means.centres.len()], vec![0.0_f64; k]);
        let mut furthest = (0.0, 0);
        total = 0.0;
        for (own, &row) in belongs.iter_mut().zip(rows) {
            let point = points.row(row as usize);
            let (near, distance) = means.nearest(point);
            moved |= *own != near;
            *own = near;
            total += distance;
            if distance > furthest.0 {
                furthest = (distance, row as usize);
            }
            counts[near] += 1.0;
            sums[near * means.width..(near + 1) * means.width].iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
        }
        if !moved {
            break;
        }
        for (at, &count) in counts.iter().enumerate() {
            let place = at * means.width..(at + 1) * means.width;
            if count > 0.0 {
                means.centres[place.clone()].iter_mut().zip(&sums[place]).for_each(|(centre, sum)| *centre = sum / count);
            } else {
                // An empty cluster begins again at the customer who is worst off.
                means.centres[place].copy_from_slice(points.row(furthest.1));
            }
        }
    }
    (total, means)
}
