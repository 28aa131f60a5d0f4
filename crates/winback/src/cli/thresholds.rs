//! `winback thresholds`
use crate::cli::Place;
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::workbench::{OrStorage, Workbench};
use std::process::ExitCode;
use winback_core::portfolio::PortfolioReader;
use winback_core::risk::RiskThresholds;
use winback_core::run::Stage;

/// Show how many customers a change of the risk thresholds would move
#[derive(Debug, clap::Args)]
pub struct Args {
    /// From this probability on the risk is medium [default: the one in force]
    #[arg(long, value_name = "P")]
    pub medium: Option<f64>,
    /// From this probability on the risk is high [default: the one in force]
    #[arg(long, value_name = "P")]
    pub high: Option<f64>,
}

/// Prints who would move from which level to which.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Assess).await?;
    let now = bench.run_settings.thresholds;
    let new = RiskThresholds::new(args.medium.unwrap_or(now.medium()), args.high.unwrap_or(now.high()));
    let new = new.or_hint(Exit::Usage, "for example winback thresholds --medium 0.35 --high 0.65")?;
    let moves = bench.store.threshold_moves(run.id, &new).await.or_storage()?;
    let rows = moves.iter().map(|(from, to, customers)| serde_json::json!({ "from": from, "to": to, "customers": customers }));
    let shown = serde_json::json!({ "medium": new.medium(), "high": new.high(), "moves": rows.collect::<Vec<_>>() });
    report::print(at.json, &shown, || {
        let moved: u64 = moves.iter().filter(|(from, to, _)| from != to).map(|(_, _, customers)| customers).sum();
        let rows = moves.iter().map(|(from, to, customers)| vec![from.tag().to_owned(), to.tag().to_owned(), report::count(*customers)]);
        let table = report::table(&["from", "to", "customers"], rows);
        format!(
            "With medium from {} and high from {}, {} customers would change their level:\n{table}\nTo keep it, set [risk] in winback.toml and do winback run again.",
            new.medium(),
            new.high(),
            report::count(moved)
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
