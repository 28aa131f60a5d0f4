//! Learning from customers of whom the rarer kind is repeated, so that both kinds weigh the same.
//!
//! Scores of such a model are too high where leavers are rare: they are no probabilities before they are calibrated on
//! customers as they come. Only what is learned from is repeated, never what is held out.
use crate::validate::{Fitted, Learner};
use winback_core::feature::FeatureTable;
use winback_core::model::{Balance, TrainError};

/// A family that learns from repeated customers.
pub struct Balanced<'a> {
    /// The family.
    pub learner: &'a dyn Learner,
    /// What is done about the rarer kind.
    pub balance: Balance,
}

impl Learner for Balanced<'_> {
    fn learn(&self, table: &FeatureTable, rows: &[u32], without_synthetic: bool) -> Result<Box<dyn Fitted>, TrainError> {
        self.learner.learn(table, &balanced(table, rows, self.balance), without_synthetic)
    }

    fn balance(&self) -> Balance {
        self.balance
    }
}

/// Returns the rows to learn from: with oversampling each row of the rarer kind as often as the other kind is more
/// frequent, and where that is no whole number some of them, evenly spread, once more. Both kinds are then equally many,
/// and the order of the rows stays.
pub(crate) fn balanced(table: &FeatureTable, rows: &[u32], balance: Balance) -> Vec<u32> {
    let left = |row: u32| table.labels[row as usize] == Some(true);
    let leavers = rows.iter().filter(|&&row| left(row)).count();
    let (rare, frequent) = (leavers.min(rows.len() - leavers), leavers.max(rows.len() - leavers));
    if balance == Balance::None || rare == 0 {
        return rows.to_vec();
    }
    let rare_kind = leavers == rare;
    let (mut taken, mut seen) = (Vec::with_capacity(2 * frequent), 0);
    for &row in rows {
        let times = if left(row) == rare_kind {
            seen += 1;
            seen * frequent / rare - (seen - 1) * frequent / rare
        } else {
            1
        };
        taken.extend(std::iter::repeat_n(row, times));
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;
    use winback_core::feature::FeatureSchema;

    proptest! {
        #[test]
        fn both_kinds_become_equally_many_and_nobody_is_lost(labels in prop::collection::vec(any::<bool>(), 1..200)) {
            let schema = FeatureSchema { features: Vec::new(), groups: Vec::new() };
            let table = FeatureTable { schema: Arc::new(schema), columns: Vec::new(), labels: labels.iter().map(|left| Some(*left)).collect() };
            let rows: Vec<u32> = (0..labels.len() as u32).collect();
            prop_assert_eq!(&balanced(&table, &rows, Balance::None), &rows);
            let taken = balanced(&table, &rows, Balance::Oversample);
            let count = |left: bool| taken.iter().filter(|&&row| labels[row as usize] == left).count();
            prop_assert!(count(true) == count(false) || labels.iter().all(|left| *left == labels[0]));
            let mut each = taken.clone();
            each.dedup();
            prop_assert_eq!(each, rows, "in order, everybody at least once");
            let times = |row: u32| taken.iter().filter(|&&taken| taken == row).count();
            let rare: Vec<usize> = (0..labels.len() as u32).map(times).filter(|times| *times > 1).collect();
            prop_assert!(rare.iter().max().unwrap_or(&1) - rare.iter().min().unwrap_or(&1) <= 1, "{rare:?}");
        }
    }
}
