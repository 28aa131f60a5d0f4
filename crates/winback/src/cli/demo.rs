//! `winback demo`
mod voices;

use crate::cli::show::{content_text, find, write_to};
use crate::cli::{Place, run, sample, serve};
use crate::config::settings::writer::{WriterKind, WriterSettings};
use crate::desk::context;
use crate::exit::{Exit, OrExit};
use crate::local_writer::{hired, model_dir};
use crate::report;
use crate::sample::{Contacts, Order};
use crate::speed;
use crate::stages;
use crate::workbench::{OrStorage, Overrides, Workbench, today};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use winback_core::locale::Locale;
use winback_core::message::Message;
use winback_core::money::Money;
use winback_core::pipeline::write::{Selection, WriteReport};
use winback_core::portfolio::{CustomerRow, ListQuery, PortfolioReader, SortKey};
use winback_core::risk::RiskLevel;
use winback_core::run::{Run, Stage};

/// How many customers a manager is told to call first; the small model writes their mails.
const FIRST: u64 = 5;

/// Make a sample portfolio, do the whole job on it and open the dashboard
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many invented customers
    #[arg(long, default_value_t = 2_000)]
    pub rows: u64,
    /// The same seed gives the same portfolio
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Teach the five segments' adapters anew, in place of those that come with Winback
    #[arg(long)]
    pub teach: bool,
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
    let mut done = run::whole_job(&bench, &file, (selection, bench.settings.training.folds as usize), false).await?.run;
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let spoken = speak(at, (&bench, &mut done), args.teach).await?;
    drop(lock);
    let speed = speed::one_customer(&bench, &done).await?;
    let text = closing(&bench, &done, (duration_ms, &spoken), &home).await?;
    let mut json = run::run_json(&done, &speed);
    json["voices"] = serde_json::to_value(&spoken.voices)?;
    report::print(at.json, &json, || format!("{text}\n{}\n", speed.text()))?;
    if !args.no_serve {
        serve::serve(Arc::new(bench), &args.serve).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the small model did.
struct Spoken {
    /// What each adapter changed.
    voices: Vec<voices::Voice>,
    /// How many mails it wrote to the customers who are called first, and in how long, loading included.
    mails: u64,
    seconds: f64,
    /// The first of them in English.
    sample: Option<String>,
}

/// Lets the small model write to the customers who are called first, each in its segment's voice.
async fn speak(at: &Place, (bench, run): (&Workbench, &mut Run), teach: bool) -> anyhow::Result<Spoken> {
    // Whatever winback.toml names: this is what comes with Winback.
    let writer = WriterSettings { model: None, adapters: voices::ADAPTERS.into(), ..bench.settings.writer.clone() };
    if teach {
        voices::teach(at, &bench.home, &model_dir(&bench.home, &writer)?.0).await?;
    } else {
        voices::put(&bench.home)?;
    }
    let start = Instant::now();
    let Some(local) = hired(&bench.home, &writer, Some(WriterKind::Local), true)? else {
        return Err(anyhow::anyhow!("no language model was loaded"));
    };
    let context = context(run).or_storage()?;
    let (mut mails, mut sample) = (0, None);
    for row in first(bench, run).await? {
        let file = find(bench, &context, row.id.as_str()).await?;
        let writings = write_to((bench, run), (&context, file.customer.position), Some(&local.author)).await?;
        let records = writings.iter().flat_map(|writing| &writing.messages).map(Message::record);
        for record in records.filter(|record| local.staff.wrote(&record.writer.name)) {
            mails += 1;
            if sample.is_none() && record.locale == Locale::En {
                sample = Some(format!("{} · {}\n\n{}", record.customer, record.writer.name, content_text(&record.content, record.locale)));
            }
        }
    }
    Ok(Spoken { voices: voices::learned(&bench.home)?, mails, seconds: start.elapsed().as_secs_f64(), sample })
}

/// Returns the customers to call first.
async fn first(bench: &Workbench, run: &Run) -> anyhow::Result<Vec<CustomerRow>> {
    let query = ListQuery { sort: SortKey::NetValue, limit: FIRST, ..ListQuery::default() };
    Ok(bench.store.list(run.id, &query).await.or_storage()?.rows)
}

/// Returns what a manager can use: who is at stake, who to call first, where to look.
async fn closing(bench: &Workbench, run: &Run, (duration_ms, spoken): (u64, &Spoken), home: &Path) -> anyhow::Result<String> {
    let overview = bench.store.overview(run.id).await.or_storage()?;
    let written: WriteReport = stages::report(run, Stage::Write)?;
    let money = |minor| Money::new(minor, bench.rules.table.currency);
    let high: u64 = overview.matrix.iter().filter(|cell| cell.level == RiskLevel::High).map(|cell| cell.customers).sum();
    let text = format!(
        "{customers} invented customers, done in {time}: trained, assessed, planned; {ready} customers have their messages in three languages.\n\n\
         They pay {monthly} a month; {risk} of it is expected to go, {high} customers are at high risk.\n\n\
         Call these first:\n{first}\n\n\
         {mails} of their mails were written in {spoken_for} by the small language model that comes with Winback, to each in the voice of \
         the segment. What its adapters changed, on customers that nobody learned from:\n{voices}\n\n{sample}\n\n\
         Everything is in {home}. Your own customers: winback run --data FILE\n",
        customers = report::count(overview.customers),
        time = report::seconds(duration_ms),
        ready = report::count(written.ready),
        monthly = money(overview.monthly_minor),
        risk = money(overview.at_risk_minor),
        high = report::count(high),
        first = first_calls(bench, run).await?,
        mails = report::count(spoken.mails),
        spoken_for = report::seconds((spoken.seconds * 1e3) as u64),
        voices = voices::table(&spoken.voices),
        sample = spoken
            .sample
            .as_deref()
            .unwrap_or("None of them is in English.")
            .lines()
            .map(|line| format!("  {line}").trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n"),
        home = home.display(),
    );
    Ok(text)
}

async fn first_calls(bench: &Workbench, run: &Run) -> anyhow::Result<String> {
    let money = |minor: Option<i64>| minor.map_or("-".to_owned(), |minor| Money::new(minor, bench.rules.table.currency).to_string());
    let rows = first(bench, run).await?.into_iter().map(|row| {
        let probability = winback_core::risk::Probability::new(row.probability).map(|p| p.to_string()).unwrap_or_default();
        let offer = row.offer.and_then(|id| bench.rules.catalogue.offer(&id).map(|offer| offer.name.en.clone())).unwrap_or_default();
        vec![row.id.to_string(), probability, money(row.monthly_minor), offer, money(row.net_minor)]
    });
    Ok(report::table(&["customer", "risk", "a month", "offer", "worth (assumed)"], rows))
}
