//! `winback demo`
use crate::cli::{Place, run, sample, serve};
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::sample::{Contacts, Order};
use crate::speed;
use crate::stages;
use crate::workbench::{OrStorage, Overrides, Workbench, today};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use winback_core::money::Money;
use winback_core::pipeline::write::{Selection, WriteReport};
use winback_core::portfolio::{ListQuery, PortfolioReader, SortKey};
use winback_core::risk::RiskLevel;
use winback_core::run::{Run, Stage};

/// Make a sample portfolio, do the whole job on it and open the dashboard
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many invented customers
    #[arg(long, default_value_t = 2_000)]
    pub rows: u64,
    /// The same seed gives the same portfolio
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Do the job and leave, without serving the dashboard
    #[arg(long)]
    pub no_serve: bool,
    /// Where to serve
    #[command(flatten)]
    pub serve: serve::Args,
}

/// Does the whole job on invented customers and serves the dashboard.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let home = at.home.join("winback-demo");
    std::fs::create_dir_all(&home).or_hint(Exit::Storage, "start the demo in a folder that can be written, or name one with --home")?;
    let bench = Workbench::open(&home, at.quiet, &Overrides::default()).await?.sample();
    let lock = bench.lock()?;
    let file = home.join("data").join("sample-customers.csv");
    let contacts = Some(Contacts { as_of: today() });
    sample::write(&Order { rows: args.rows, seed: args.seed, contacts }, &file)?;
    let selection = Selection::Best(bench.settings.customers);
    let done = run::whole_job(&bench, &file, (selection, bench.settings.training.folds as usize), false).await?.run;
    drop(lock);
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let speed = speed::one_customer(&bench, &done).await?;
    let text = format!("{}\n{}\n", closing(&bench, &done, duration_ms, &home).await?, speed.text());
    report::print(at.json, &run::run_json(&done, &speed), || text)?;
    if !args.no_serve {
        serve::serve(Arc::new(bench), &args.serve).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what a manager can use: who is at stake, who to call first, where to look.
async fn closing(bench: &Workbench, run: &Run, duration_ms: u64, home: &Path) -> anyhow::Result<String> {
    let overview = bench.store.overview(run.id).await.or_storage()?;
    let written: WriteReport = stages::report(run, Stage::Write)?;
    let money = |minor| Money::new(minor, bench.rules.table.currency);
    let high: u64 = overview.matrix.iter().filter(|cell| cell.level == RiskLevel::High).map(|cell| cell.customers).sum();
    let text = format!(
        "{customers} invented customers, done in {time}: trained, assessed, planned; {ready} customers have their messages in three languages.\n\n\
         They pay {monthly} a month; {risk} of it is expected to go, {high} customers are at high risk.\n\n\
         Call these first:\n{first}\n\n\
         Everything is in {home}. Your own customers: winback run --data FILE\n",
        customers = report::count(overview.customers),
        time = report::seconds(duration_ms),
        ready = report::count(written.ready),
        monthly = money(overview.monthly_minor),
        risk = money(overview.at_risk_minor),
        high = report::count(high),
        first = first_calls(bench, run).await?,
        home = home.display(),
    );
    Ok(text)
}

async fn first_calls(bench: &Workbench, run: &Run) -> anyhow::Result<String> {
    let query = ListQuery { sort: SortKey::NetValue, limit: 5, ..ListQuery::default() };
    let page = bench.store.list(run.id, &query).await.or_storage()?;
    let money = |minor: Option<i64>| minor.map_or("-".to_owned(), |minor| Money::new(minor, bench.rules.table.currency).to_string());
    let rows = page.rows.into_iter().map(|row| {
        let probability = winback_core::risk::Probability::new(row.probability).map(|p| p.to_string()).unwrap_or_default();
        let offer = row.offer.and_then(|id| bench.rules.catalogue.offer(&id).map(|offer| offer.name.en.clone())).unwrap_or_default();
        vec![row.id.to_string(), probability, money(row.monthly_minor), offer, money(row.net_minor)]
    });
    Ok(report::table(&["customer", "risk", "a month", "offer", "worth (assumed)"], rows))
}
