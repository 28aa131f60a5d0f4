//! `winback doctor`
use crate::cli::{Place, offers};
use crate::config::settings::writer::WriterKind;
use crate::exit::Exit;
use crate::local_writer::examined;
use crate::newest::unfinished;
use crate::workbench::{Overrides, Workbench, load_settings, today};
use crate::{report, stages};
use std::process::ExitCode;
use winback_connectors::file::write_atomically;
use winback_core::offer::lint::{Severity, lint};
use winback_core::store::RunStore;

/// One thing that was looked at.
#[derive(Debug, serde::Serialize)]
struct Look {
    what: &'static str,
    fine: bool,
    /// Whether it is fine so far, with something left to do.
    unfinished: bool,
    found: String,
}

/// What a look found.
enum Found {
    Fine(String),
    Unfinished(String),
    Wrong(String),
}

fn look(what: &'static str, result: anyhow::Result<String>) -> Look {
    seen(what, result.map(Found::Fine))
}

fn seen(what: &'static str, result: anyhow::Result<Found>) -> Look {
    let found = result.unwrap_or_else(|error| Found::Wrong(crate::exit::explain(&error).1.trim_start_matches("error: ").to_owned()));
    let (fine, unfinished) = (!matches!(found, Found::Wrong(_)), matches!(found, Found::Unfinished(_)));
    let (Found::Fine(found) | Found::Unfinished(found) | Found::Wrong(found)) = found;
    Look { what, fine, unfinished, found }
}

impl Look {
    fn word(&self) -> &'static str {
        match (self.fine, self.unfinished) {
            (false, _) => "WRONG",
            (true, true) => "note",
            (true, false) => "ok",
        }
    }
}

/// Looks at everything Winback needs and says what is amiss.
pub async fn run(at: &Place) -> anyhow::Result<ExitCode> {
    let mut looks = vec![
        look("program", Ok(format!("winback {}", env!("CARGO_PKG_VERSION")))),
        look("processors", Ok(std::thread::available_parallelism().map_or("unknown".to_owned(), |n| n.to_string()))),
        look("folder can be written", writable(at)),
        look("winback.toml", settings(at)),
        look("offers.toml", offers_in_order(at)),
        look("writer of mails", writer(at)),
    ];
    match Workbench::open(&at.home, at.quiet, &Overrides::default()).await {
        Ok(bench) => {
            looks.push(look("schema.toml", Ok(format!("{}, {} columns", bench.rules.table.name, bench.rules.table.columns.len()))));
            looks.push(look("message templates", Ok(format!("{} ({})", bench.templates.name(), bench.templates.digest().short()))));
            looks.push(seen("store", store(&bench).await));
            looks.push(look("model", model(&bench)));
        }
        Err(error) => looks.push(look("configuration and store", Err(error))),
    }
    let fine = looks.iter().all(|look| look.fine);
    report::print(at.json, &looks, || {
        let rows = looks.iter().map(|look| vec![look.word().to_owned(), look.what.to_owned(), look.found.clone()]);
        report::table(&[], rows)
    })?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(Exit::Findings as u8) })
}

fn writable(at: &Place) -> anyhow::Result<String> {
    let probe = at.home.join(".winback-doctor");
    write_atomically(&probe, |out| out.write_all(b"probe"))?;
    std::fs::remove_file(&probe)?;
    Ok(at.home.canonicalize().unwrap_or_else(|_| at.home.clone()).display().to_string())
}

fn settings(at: &Place) -> anyhow::Result<String> {
    let settings = load_settings(&at.home)?;
    let own = at.home.join("winback.toml").exists();
    let example = if settings.company_is_example() { "; the company is still the example" } else { "" };
    Ok(format!("{}{example}", if own { "read" } else { "not there, built-in values are used" }))
}

fn offers_in_order(at: &Place) -> anyhow::Result<String> {
    let file = offers::read(&at.home, None)?;
    let findings = lint(&file.catalogue, &file.lines, today(), &load_settings(&at.home)?.company.approved);
    match findings.iter().any(|finding| finding.severity == Severity::Error) {
        true => anyhow::bail!("{}", offers::lint_text(&findings, "offers.toml")),
        false => Ok(format!("{} offers, {} rules, {} warnings", file.catalogue.offers.len(), file.catalogue.rules.len(), findings.len())),
    }
}

/// Looks at who writes mails: a model that is named is there, and its adapters were made for it.
fn writer(at: &Place) -> anyhow::Result<String> {
    let settings = load_settings(&at.home)?.writer;
    Ok(match (settings.kind, &settings.model) {
        (WriterKind::BuiltIn, None) => "the built-in writer".to_owned(),
        (WriterKind::BuiltIn, Some(_)) => format!("the built-in writer; where asked for, {}", examined(&at.home, &settings)?),
        (WriterKind::Local, _) => examined(&at.home, &settings)?,
    })
}

/// Looks at the newest run: one without customers is of no use, one that is not done says what to type next.
async fn store(bench: &Workbench) -> anyhow::Result<Found> {
    let runs = bench.store.runs(1).await?;
    let Some(run) = runs.first() else {
        return Ok(Found::Fine("empty".to_owned()));
    };
    let customers = bench.store.progress(run.id).await?.customers;
    let told = format!("newest run {}: {} customers of {}", run.id, report::count(customers), run.origin.source);
    Ok(match unfinished(run) {
        None => Found::Fine(told),
        Some((state, command)) if customers == 0 => Found::Wrong(format!("{told}; {state}: {command}, or winback run --data FILE")),
        Some((state, command)) => Found::Unfinished(format!("{told}; {state}: {command}")),
    })
}

fn model(bench: &Workbench) -> anyhow::Result<String> {
    let found = stages::current_card(bench)?;
    Ok(found.map_or("none yet".to_owned(), |card| format!("{} from {} customers", card.version, report::count(card.rows))))
}
