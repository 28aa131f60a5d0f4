//! Some customers of a run as features: everybody of a small one, and of a large one as many as are asked for.
//! Who is drawn hangs on the seed and on the place in the run alone, so that the same run gives the same sample.
use crate::chance::number_at;
use crate::customer::Customer;
use crate::feature::{FeatureBuilder, FeatureSchema, FeatureTable, TooManyLevels};
use crate::id::{CustomerId, Position, RunId};
use crate::pipeline::import::PAGE_ROWS;
use crate::pipeline::train::TrainingError;
use crate::schema::TableSchema;
use crate::store::Store;
use std::sync::Arc;

/// The most customers of a run that figures about the run as a whole are taken from; more would not change what is read
/// off them.
pub const MOST_CUSTOMERS: usize = 20_000;

/// Some customers of a run, in order of position.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// One row for each.
    pub features: FeatureTable,
    /// Who stands in each row.
    pub who: Vec<(Position, CustomerId)>,
    /// How many customers the run has.
    pub customers: u64,
}

/// Returns the customers of a run as features: all of them, or `most` drawn by the seed.
///
/// # Errors
/// When the store fails or a category has too many words.
pub async fn sample(
    run: RunId,
    (table, schema): (&TableSchema, &Arc<FeatureSchema>),
    (most, seed): (usize, u64),
    store: &dyn Store,
) -> Result<Sample, TrainingError> {
    let mut draw = Draw::new((table, schema), (most, seed), store.progress(run).await?.customers);
    let mut from = 0_u64;
    loop {
        let page = store.customers(run, table, Position(u32::try_from(from).unwrap_or(u32::MAX)), PAGE_ROWS as u64).await?;
        if page.is_empty() {
            break;
        }
        from += page.len() as u64;
        draw.look(&page)?;
    }
    Ok(draw.finish())
}

/// Draws a sample out of pages that are read for something else, too, so that no customer is read twice.
pub struct Draw<'a> {
    builder: FeatureBuilder<'a>,
    who: Vec<(Position, CustomerId)>,
    customers: u64,
    seed: u64,
    /// Customers with a lot up to this one are taken.
    bound: u64,
}

impl<'a> Draw<'a> {
    /// Begins a sample of at most `most` of so many customers.
    pub fn new((table, schema): (&'a TableSchema, &Arc<FeatureSchema>), (most, seed): (usize, u64), customers: u64) -> Self {
        let builder = FeatureBuilder::new(table, schema.clone());
        Self { builder, who: Vec::new(), customers, seed, bound: bound(customers, most, seed) }
    }

    /// Takes those of a page who are drawn; pages come in order of position.
    ///
    /// # Errors
    /// When a category has too many words.
    pub fn look(&mut self, page: &[Customer]) -> Result<(), TooManyLevels> {
        for customer in page.iter().filter(|customer| lot(customer.position.0, self.seed) <= self.bound) {
            self.builder.push(customer)?;
            self.who.push((customer.position, customer.id.clone()));
        }
        Ok(())
    }

    /// Returns who was drawn.
    pub fn finish(self) -> Sample {
        Sample { features: self.builder.finish(), who: self.who, customers: self.customers }
    }
}

/// Returns the lot up to which customers are taken, so that `most` are.
fn bound(customers: u64, most: usize, seed: u64) -> u64 {
    let count = usize::try_from(customers).unwrap_or(usize::MAX);
    if count <= most || most == 0 {
        return if count <= most { u64::MAX } else { 0 };
    }
    let mut lots: Vec<u64> = (0..u32::try_from(customers).unwrap_or(u32::MAX)).map(|place| lot(place, seed)).collect();
    *lots.select_nth_unstable(most - 1).1
}

/// Returns the lot that a place draws, another for each place.
fn lot(place: u32, seed: u64) -> u64 {
    number_at(u64::from(place), seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_asked_for_and_every_place_alike() {
        let drawn = |customers: u32, most: usize, seed: u64| -> Vec<u32> {
            let bound = bound(u64::from(customers), most, seed);
            (0..customers).filter(|&place| lot(place, seed) <= bound).collect()
        };
        assert_eq!(drawn(100, 100, 1).len(), 100);
        assert_eq!(drawn(100, 1_000, 1).len(), 100);
        let some = drawn(100_000, 20_000, 7);
        assert_eq!(some.len(), 20_000);
        let first = some.iter().filter(|place| **place < 50_000).count();
        assert!((9_700..10_300).contains(&first), "as many of the first half as of the second: {first}");
        assert_eq!(some, drawn(100_000, 20_000, 7));
        assert_ne!(some, drawn(100_000, 20_000, 8));
    }
}
