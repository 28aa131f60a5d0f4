//! Values with 95 % intervals, of each writer and of differences between two.
use super::shares::{own_share, shares_apart};
use super::sums::Sums;
use rayon::prelude::*;
use std::collections::BTreeMap;
use winback_core::gallery::{Figure, Measure};

/// Where a 95 % interval begins and ends among sorted values.
const ENDS: [f64; 2] = [0.025, 0.975];

/// Values with their intervals; what was not measured is absent.
pub type Figures = BTreeMap<Measure, Figure>;

/// What each writer measures in one resample.
type Measured = Vec<[Option<f64>; Measure::ALL.len()]>;

/// Returns the figures of each writer, and of each pair `(one, other)` those of one less those of the other. `writers` holds
/// the sums of each writer for each customer: `[writers, customers]`, the same customers in the same order. Equal arguments
/// give equal figures.
pub fn figures(writers: &[Vec<Sums>], pairs: &[(usize, usize)], (resamples, seed): (u32, u64)) -> (Vec<Figures>, Vec<Figures>) {
    let customers = writers.first().map_or(0, Vec::len);
    let all = measured(writers, &(0..customers).collect::<Vec<_>>());
    let drawn: Vec<Measured> = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let places: Vec<usize> = (0..customers).map(|at| drawn_place(seed, (resample, at), customers)).collect();
            measured(writers, &places)
        })
        .collect();
    let of_writer = |writer: usize| {
        let found = told(&all, &drawn, |measured, at| measured[writer][at]);
        with_shares(found, |measure| own_share(&writers[writer], measure))
    };
    let of_pair = |(one, other): &(usize, usize)| {
        let found = told(&all, &drawn, |measured, at| Some(measured[*one][at]? - measured[*other][at]?));
        with_shares(found, |measure| shares_apart([&writers[*one], &writers[*other]], measure))
    };
    ((0..writers.len()).map(of_writer).collect(), pairs.iter().map(of_pair).collect())
}

/// Puts the intervals of shares in the place of those that were drawn: no resample draws a failure that nobody has seen.
fn with_shares(mut figures: Figures, interval: impl Fn(Measure) -> Option<(f64, f64)>) -> Figures {
    for (measure, figure) in &mut figures {
        if let Some((low, high)) = interval(*measure) {
            (figure.low, figure.high) = (low, high);
        }
    }
    figures
}

fn measured(writers: &[Vec<Sums>], customers: &[usize]) -> Measured {
    let of = |sums: &Vec<Sums>| {
        let mut all = Sums::default();
        customers.iter().for_each(|customer| all += &sums[*customer]);
        Measure::ALL.map(|measure| all.measure(measure))
    };
    writers.iter().map(of).collect()
}

fn told(all: &Measured, drawn: &[Measured], value: impl Fn(&Measured, usize) -> Option<f64>) -> Figures {
    let figure = |at: usize| {
        let own = value(all, at)?;
        let mut values: Vec<f64> = drawn.iter().filter_map(|measured| value(measured, at)).collect();
        values.sort_by(f64::total_cmp);
        let [low, high] = ENDS.map(|share| percentile(&values, share).unwrap_or(own));
        Some((Measure::ALL[at], Figure { value: own, low, high }))
    };
    (0..Measure::ALL.len()).filter_map(figure).collect()
}

/// Returns the value below which a share of sorted values lies, between two of them where it falls there.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}

/// Returns which of so many customers stands at a place of a resample: SplitMix64 (Steele, Lea and Flood 2014).
fn drawn_place(seed: u64, (resample, at): (u32, usize), customers: usize) -> usize {
    let place = u64::from(resample) << 32 | at as u64;
    let mut z = mixed(seed).wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = mixed(z);
    ((u128::from(z) * customers as u128) >> 64) as usize
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
