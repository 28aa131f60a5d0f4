//! The layouts a store has had, the oldest first. A migration that was released is never changed.
mod m0001_first;
mod m0002_segment;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Brings a store to the newest layout.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_first::First), Box::new(m0002_segment::Segment)]
    }
}

/// Returns the names of the layouts known here, the oldest first.
pub(crate) fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}
