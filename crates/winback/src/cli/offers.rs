//! `winback offers`
use crate::cli::Place;
use crate::config::offers_file::{self, OffersFile};
use crate::desk::context;
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::workbench::{OrStorage, Workbench, load_settings, read_text, today};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_core::agents::campaign_designer::{DesignInput, Designer};
use winback_core::id::Position;
use winback_core::money::Money;
use winback_core::offer::lint::{LintFinding, Severity, lint, lint_columns};
use winback_core::offer::matrix::matrix;
use winback_core::offer::simulate::{Action as Planned, Simulation, simulate};
use winback_core::pipeline::import::PAGE_ROWS;
use winback_core::run::Stage;
use winback_core::store::{AssessmentStore, CustomerStore};

/// Check, show or try out the offers and their rules
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Find holes, shadowed and contradicting rules, expired offers, wrong numbers, failing cases
    Lint {
        /// The file [default: offers.toml of the folder, else the built-in one]
        file: Option<PathBuf>,
    },
    /// Show which rule and offers every kind of customer gets
    Matrix,
    /// Tell who of the newest run would get something else under another offers.toml
    Simulate {
        /// The other file
        #[arg(long, value_name = "FILE")]
        offers: PathBuf,
    },
}

/// Checks, shows or tries out.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Lint { file } => lint_file(at, file.as_deref()),
        Action::Matrix => show_matrix(at).await,
        Action::Simulate { offers } => try_out(at, offers).await,
    }
}

/// Returns the offers of a file, of the folder, or the built-in ones.
pub fn read(home: &Path, file: Option<&Path>) -> anyhow::Result<OffersFile> {
    let own = home.join("offers.toml");
    let path = file.map(Path::to_owned).or_else(|| own.exists().then_some(own));
    let (name, text) = match &path {
        Some(path) => (path.display().to_string(), read_text(path)?),
        None => ("the built-in offers.toml".to_owned(), offers_file::DEFAULT.to_owned()),
    };
    offers_file::parse(&text, &name).or_hint(Exit::BadConfig, "docs/adding.md shows an offer")
}

fn lint_file(at: &Place, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let offers = read(&at.home, file)?;
    let schema_path = at.home.join("schema.toml");
    let schema = if schema_path.exists() { read_text(&schema_path)? } else { crate::config::SCHEMA_TELCO.to_owned() };
    let table = crate::config::schema_file::parse("schema.toml", &schema).or_exit(Exit::BadConfig)?;
    let approved = load_settings(&at.home)?.company.approved;
    let mut findings = lint(&offers.catalogue, &offers.lines, today(), &approved);
    findings.extend(lint_columns(&offers.catalogue, &offers.lines, &table));
    let name = file.map_or("offers.toml".to_owned(), |file| file.display().to_string());
    report::print(at.json, &findings, || lint_text(&findings, &name))?;
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if wrong { ExitCode::from(Exit::Findings as u8) } else { ExitCode::SUCCESS })
}

/// Returns the findings in a file as text, a line each.
pub fn lint_text(findings: &[LintFinding], file: &str) -> String {
    if findings.is_empty() {
        return "The offers and their rules are in order: no hole, no shadow, no contradiction; every case passes.".into();
    }
    let line = |finding: &LintFinding| {
        let word = if finding.severity == Severity::Error { "error" } else { "warning" };
        format!("{file}:{}: {word}: {}", finding.line, finding.text)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn show_matrix(at: &Place) -> anyhow::Result<ExitCode> {
    let offers = read(&at.home, None)?;
    let cells = matrix(&offers.catalogue);
    report::print(at.json, &cells, || {
        let rows = cells.iter().map(|entry| {
            let offers = entry.offers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" > ");
            vec![entry.cell.words(), entry.rule.clone().unwrap_or_else(|| "(no rule)".into()), offers]
        });
        report::table(&["customers with", "rule", "offers, in order"], rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn try_out(at: &Place, file: &Path) -> anyhow::Result<ExitCode> {
    let new = read(&at.home, Some(file))?.catalogue;
    let (bench, run) = Workbench::at_newest(at, Stage::Assess).await?;
    let context = context(&run).or_storage()?;
    let designer = Designer::new(&context.table, &context.peers, &[&context.catalogue, &new]).or_exit(Exit::BadConfig)?;
    let mut inputs: Vec<DesignInput> = Vec::new();
    loop {
        let from = Position(u32::try_from(inputs.len()).unwrap_or(u32::MAX));
        let customers = bench.store.customers(run.id, &context.table, from, PAGE_ROWS as u64).await.or_storage()?;
        let standings = bench.store.assessments(run.id, from, PAGE_ROWS as u64).await.or_storage()?;
        if customers.is_empty() || standings.is_empty() {
            break;
        }
        inputs.extend(customers.iter().zip(&standings).map(|(customer, standing)| {
            let theme = standing.main_group.and_then(|group| context.features.group(group).ok()).map(|group| group.theme);
            let mut input = designer.input(customer, standing, theme);
            input.already_left = !bench.run_settings.contact_departed && customer.label(&context.table) == Some(true);
            input
        }));
    }
    let result = simulate(&context.catalogue, &new, &inputs, today());
    report::print(at.json, &result, || simulation_text(&result, |minor| Money::new(minor, new.currency).to_string()))?;
    Ok(ExitCode::SUCCESS)
}

fn simulation_text(result: &Simulation, money: impl Fn(i64) -> String) -> String {
    let word = |action: &Planned| match action {
        Planned::Offer(id) => id.to_string(),
        Planned::ServiceContact => "a contact without an offer".into(),
        Planned::NoContact => "no contact".into(),
    };
    let rows = result.moves.iter().map(|step| {
        let examples = step.examples.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        vec![report::count(step.customers), word(&step.from), word(&step.to), examples]
    });
    format!(
        "{} of {} customers would get something else; if everyone takes the offer it costs {} instead of {}.\n{}",
        report::count(result.changed),
        report::count(result.customers),
        money(result.cost_after_minor),
        money(result.cost_before_minor),
        report::table(&["customers", "from", "to", "for example"], rows)
    )
}
