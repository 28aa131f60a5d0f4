//! Runs of neighbours and how often each occurs.
use std::collections::HashMap;
use std::hash::Hash;

/// How often each run of some length occurs.
pub(super) type Counts<'a, T> = HashMap<&'a [T], u64>;

/// Returns how often each run of `n` neighbours occurs.
pub(super) fn counts<T: Hash + Eq>(all: &[T], n: usize) -> Counts<'_, T> {
    let mut counts = HashMap::with_capacity(all.len());
    for run in all.windows(n) {
        *counts.entry(run).or_default() += 1;
    }
    counts
}
