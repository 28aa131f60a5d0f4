//! A column for the segment in the short rows that lists are filtered by.
use sea_orm_migration::prelude::{Alias, ColumnDef, DbErr, MigrationName, MigrationTrait, SchemaManager, Table};

/// Adds the column. Rows that are there keep it empty: their runs were assessed before segments were kept.
pub(super) struct Segment;

impl MigrationName for Segment {
    fn name(&self) -> &str {
        "m0002_segment"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Segment {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new(Alias::new("segment")).text().null().to_owned();
        manager.alter_table(Table::alter().table(Alias::new("listing")).add_column(column).to_owned()).await
    }
}
