//! `winback plan`
use crate::cli::Place;
use crate::report;
use crate::stages;
use crate::workbench::Workbench;
use std::process::ExitCode;
use winback_core::money::Money;
use winback_core::pipeline::plan::PlanReport;
use winback_core::run::Stage;

/// Choose what to offer to whom
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Plan again, although the newest import has its plans already (messages are written anew, too)
    #[arg(long)]
    pub again: bool,
}

/// Plans for the customers of the newest import.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, _lock, mut run) = Workbench::at_work(at, Stage::Import).await?;
    if args.again {
        bench.reopen(&mut run, Stage::Plan).await?;
    }
    stages::plan(&bench, &mut run).await?;
    let done: PlanReport = stages::report(&run, Stage::Plan)?;
    report::print(at.json, &done, || text(&bench, &done))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the report as text.
pub fn text(bench: &Workbench, done: &PlanReport) -> String {
    let money = |minor| Money::new(minor, bench.rules.catalogue.currency);
    let name = |id: &winback_core::offer::OfferId| bench.rules.catalogue.offer(id).map_or(id.to_string(), |offer| offer.name.en.clone());
    let mut rows: Vec<(u64, String)> = done.offers.iter().map(|(id, &customers)| (customers, name(id))).collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    rows.push((done.service_contacts, "a service contact without an offer".into()));
    rows.push((done.low_risk, "left in peace: low risk".into()));
    rows.push((done.already_left, "left in peace: they have left already".into()));
    let rows = rows.into_iter().map(|(customers, what)| vec![report::count(customers), what]);
    format!(
        "{} customers planned for:\n{}\nIf everyone takes the offer it costs {}; {}{}",
        report::count(done.planned),
        report::table(&[], rows),
        money(done.cost_minor),
        worth(done, &money(done.net_minor).to_string()),
        done.budget_minor.map(|budget| budget_text(done, money(budget), money(budget.saturating_sub(done.cost_minor)))).unwrap_or_default()
    )
}

/// Returns what became of the budget, as a line of its own.
fn budget_text(done: &PlanReport, budget: Money, left: Money) -> String {
    let moved = match done.moved {
        0 => "it reaches everyone.".to_owned(),
        1 => "1 customer gets an offer that costs nothing, or a service contact, because it is spent.".to_owned(),
        many => {
            format!("{} customers get an offer that costs nothing, or a service contact, because it is spent.", report::count(many))
        }
    };
    let spent = Money::new(done.cost_minor, budget.currency);
    format!("\nThe budget is {budget}: {spent} is planned, {left} is left; {moved}")
}

/// Returns what the offers are assumed to bring, as the end of a sentence.
fn worth(done: &PlanReport, net: &str) -> String {
    match done.net_minor {
        0.. => format!("it is assumed to keep {net} more than that (assumptions of offers.toml)."),
        // An offer that is not worth its cost is planned only where no charge is known, which help without a price passes.
        _ => "what it keeps cannot be told where no monthly charge is known.".to_owned(),
    }
}
