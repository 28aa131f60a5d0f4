//! Tells that messages still name the example company, before somebody sends them.
use crate::config::settings::is_example;
use crate::sample::is_sample_id;
use crate::telemetry::say;
use crate::workbench::{OrStorage, Workbench};
use winback_core::message::Company;
use winback_core::portfolio::{ListQuery, PortfolioReader};
use winback_core::run::Run;

/// How many customers are looked at to tell a generated table.
const LOOKED_AT: u64 = 50;

/// Notes that the messages of a run name the example company.
pub fn note(bench: &Workbench, run: &Run, company: &Company) {
    if is_example(company) {
        let todo = match bench.settings.company_is_example() {
            true => "change [company] in winback.toml before you send".to_owned(),
            false => format!("run {} was begun before winback.toml said another; winback run makes new messages", run.id),
        };
        say(&format!("note: the company is still the example ({}); {todo}", company.name.en));
    }
}

/// Notes the same where the customers are not invented ones, to whom nobody writes.
pub async fn note_for_real_customers(bench: &Workbench, run: &Run, company: &Company) -> anyhow::Result<()> {
    if is_example(company) && !is_generated(bench, run).await? {
        note(bench, run, company);
    }
    Ok(())
}

/// Returns whether a run's table is one of `winback sample`, whose ids no other table has.
async fn is_generated(bench: &Workbench, run: &Run) -> anyhow::Result<bool> {
    let first = bench.store.list(run.id, &ListQuery { limit: LOOKED_AT, ..ListQuery::default() }).await.or_storage()?;
    Ok(first.rows.iter().all(|customer| is_sample_id(customer.id.as_str())))
}
