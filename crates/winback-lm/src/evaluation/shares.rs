//! Intervals of shares of mails that pass, by scores over customers.
//!
//! The mails of one customer count as one together: how many customers there are decides the width, so that ten mails of one
//! customer tell no more than one.
use super::sums::Sums;
use winback_core::gallery::Measure;
use winback_core::interval::{Paired, of_share};

/// Returns the interval of a writer's share of passes; `None` where the measure is no share or nothing was measured.
pub fn own_share(customers: &[Sums], measure: Measure) -> Option<(f64, f64)> {
    let counted = counts(customers, measure)?;
    let of: u64 = counted.iter().map(|[of, _]| of).sum();
    let passed: u64 = counted.iter().map(|[_, passed]| passed).sum();
    let known = counted.iter().filter(|[of, _]| *of > 0).count();
    (of > 0).then(|| of_share(passed as f64 / of as f64, known as f64))
}

/// Returns the interval of one writer's share of passes less another's, to the same customers in the same order. Within a
/// customer who got several mails, the two are taken to agree no more often than by chance.
pub fn shares_apart([one, other]: [&[Sums]; 2], measure: Measure) -> Option<(f64, f64)> {
    let (one, other) = (counts(one, measure)?, counts(other, measure)?);
    let share = |[of, passed]: [u64; 2]| passed as f64 / of as f64;
    let (mut pairs, mut mails, mut known) = (Paired::default(), 0.0, 0.0);
    for (one, other) in one.into_iter().zip(other).filter(|(one, other)| one[0] > 0 && other[0] > 0) {
        let (weight, p, q) = (one[0] as f64, share(one), share(other));
        pairs.both += weight * p * q;
        pairs.first += weight * p * (1.0 - q);
        pairs.second += weight * (1.0 - p) * q;
        pairs.neither += weight * (1.0 - p) * (1.0 - q);
        mails += weight;
        known += 1.0;
    }
    if mails <= 0.0 {
        return None;
    }
    // As many as there are customers, whatever each weighs by their mails.
    let scaled = |mails_so: f64| mails_so * known / mails;
    let Paired { both, first, second, neither } = pairs;
    let pairs = Paired { both: scaled(both), first: scaled(first), second: scaled(second), neither: scaled(neither) };
    pairs.difference().map(|(low, _, high)| (low, high))
}

/// Returns of each customer how many mails were looked at and how many passed.
fn counts(customers: &[Sums], measure: Measure) -> Option<Vec<[u64; 2]>> {
    match measure {
        Measure::SlotPass => Some(customers.iter().map(|sums| sums.slots).collect()),
        Measure::ReviewPass => Some(customers.iter().map(|sums| sums.reviews).collect()),
        Measure::Perplexity | Measure::Chrf | Measure::Bleu | Measure::Words => None,
    }
}
