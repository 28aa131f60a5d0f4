//! The first layout. Columns are written out one by one, so that this file means the same for ever.
use sea_orm_migration::prelude::{
    Alias, ColumnDef, DbErr, ForeignKey, ForeignKeyAction, Index, MigrationName, MigrationTrait, SchemaManager, Table, TableCreateStatement,
};
use sea_orm_migration::sea_orm::DbBackend;

/// Makes every table.
pub(super) struct First;

impl MigrationName for First {
    fn name(&self) -> &str {
        "m0001_first"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(clustered(table, manager.get_database_backend())).await?;
        }
        for (name, table, columns, unique) in INDEXES {
            let mut index = Index::create();
            index.name(*name).table(Alias::new(*table));
            for column in *columns {
                index.col(Alias::new(*column));
            }
            if *unique {
                index.unique();
            }
            manager.create_index(index.to_owned()).await?;
        }
        Ok(())
    }
}

type IndexRow = (&'static str, &'static str, &'static [&'static str], bool);

/// The index of writings holds all that lists and counts read, so that they need not read the long rows.
const INDEXES: &[IndexRow] = &[
    ("run_origin", "run", &["source_digest", "settings_digest"], false),
    ("writing_card", "writing", &["run_id", "position", "locale", "messages"], false),
    ("approval_state", "approval", &["run_id", "state", "position"], false),
];

fn tables() -> Vec<TableCreateStatement> {
    vec![
        run(),
        stage_report(),
        overview(),
        customer(),
        customer_id(),
        defect(),
        assessment(),
        listing(),
        plan_pattern(),
        plan(),
        approval(),
        writing(),
    ]
}

/// Keeps the rows of a table in its primary key, where the database can; the run table counts by rowid.
fn clustered(mut table: TableCreateStatement, backend: DbBackend) -> TableCreateStatement {
    let is_run = table.get_indexes().is_empty();
    if backend == DbBackend::Sqlite && !is_run {
        table.extra("WITHOUT ROWID");
    }
    table
}

fn run() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("run"))
        .col(ColumnDef::new(Alias::new("id")).big_integer().not_null().auto_increment().primary_key())
        .col(ColumnDef::new(Alias::new("source")).text().not_null())
        .col(ColumnDef::new(Alias::new("source_digest")).text().not_null())
        .col(ColumnDef::new(Alias::new("settings_digest")).text().not_null())
        .col(ColumnDef::new(Alias::new("settings")).text().not_null())
        .col(ColumnDef::new(Alias::new("started_at")).text().not_null())
        .col(ColumnDef::new(Alias::new("source_rows")).big_integer().not_null())
        .to_owned()
}

/// Begins a table of a run, keyed by the run and some more columns.
fn of_run(name: &str, key: &[ColumnDef]) -> TableCreateStatement {
    let mut table = Table::create();
    let mut primary = Index::create();
    primary.col(Alias::new("run_id"));
    table.table(Alias::new(name)).col(ColumnDef::new(Alias::new("run_id")).big_integer().not_null());
    for column in key {
        primary.col(Alias::new(column.get_column_name()));
        table.col(column.clone());
    }
    table.primary_key(&mut primary);
    let mut foreign = ForeignKey::create();
    foreign.from(Alias::new(name), Alias::new("run_id")).to(Alias::new("run"), Alias::new("id")).on_delete(ForeignKeyAction::Cascade);
    table.foreign_key(&mut foreign);
    table
}

fn integer(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).big_integer().not_null().to_owned()
}

fn small(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).small_integer().not_null().to_owned()
}

fn text(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).text().not_null().to_owned()
}

fn bytes(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).blob().not_null().to_owned()
}

fn optional(name: &str, kind: impl FnOnce(&mut ColumnDef) -> &mut ColumnDef) -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new(name));
    kind(&mut column).null().to_owned()
}

fn stage_report() -> TableCreateStatement {
    of_run("stage_report", &[small("stage")]).col(text("finished_at")).col(integer("duration_ms")).col(text("report")).to_owned()
}

/// What `overview` answers, as it was when a stage was done; deleted when something it counts changes.
fn overview() -> TableCreateStatement {
    of_run("overview", &[]).col(text("body")).to_owned()
}

fn customer() -> TableCreateStatement {
    of_run("customer", &[integer("position")]).col(text("id")).col(integer("line")).col(text("cells")).to_owned()
}

/// Where to find an id. Filled in order of id when the import is done: ids come scattered, and an index kept up row
/// by row would be rewritten with every page.
fn customer_id() -> TableCreateStatement {
    of_run("customer_id", &[text("id")]).col(integer("position")).to_owned()
}

/// Defects of one line are numbered in the order in which they were found.
fn defect() -> TableCreateStatement {
    of_run("defect", &[integer("line"), integer("number")]).col(text("body")).to_owned()
}

fn assessment() -> TableCreateStatement {
    of_run("assessment", &[integer("position")]).col(text("customer")).col(bytes("detail")).to_owned()
}

/// The short rows that lists and counts read: what an assessment says of a customer, and what a plan does. Either
/// may come first, so that every column may be empty.
fn listing() -> TableCreateStatement {
    of_run("listing", &[integer("position")])
        .col(optional("customer", ColumnDef::text))
        .col(optional("search", ColumnDef::text))
        .col(optional("probability", ColumnDef::double))
        .col(optional("level", ColumnDef::small_integer))
        .col(optional("tier", ColumnDef::small_integer))
        .col(optional("monthly_minor", ColumnDef::big_integer))
        .col(optional("main_group", ColumnDef::integer))
        .col(optional("contact", ColumnDef::small_integer))
        .col(optional("offer", ColumnDef::text))
        .col(optional("cost_minor", ColumnDef::big_integer))
        .col(optional("net_minor", ColumnDef::big_integer))
        .to_owned()
}

fn plan_pattern() -> TableCreateStatement {
    of_run("plan_pattern", &[integer("pattern")]).col(text("body")).to_owned()
}

fn plan() -> TableCreateStatement {
    of_run("plan", &[integer("position")])
        .col(text("customer"))
        .col(integer("pattern"))
        .col(integer("cost_minor"))
        .col(integer("net_minor"))
        .col(bytes("figures"))
        .to_owned()
}

fn approval() -> TableCreateStatement {
    of_run("approval", &[integer("position")]).col(small("state")).col(text("decided_by")).col(text("decided_at")).to_owned()
}

fn writing() -> TableCreateStatement {
    of_run("writing", &[integer("position"), small("locale")]).col(text("customer")).col(integer("messages")).col(text("body")).to_owned()
}
