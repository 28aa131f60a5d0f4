//! `winback fairness`
use crate::cli::Place;
use crate::desk::context;
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::stages::{model_of, portfolio};
use crate::workbench::{OrStorage, Workbench};
use std::process::ExitCode;
use winback_core::fairness::{TraitFlip, flips};
use winback_core::run::Stage;

/// Show what the scores would be if nothing but a trait (gender, age) were different
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Flips every trait of the newest run's customers and scores them again.
pub async fn run(at: &Place, Args {}: &Args) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Assess).await?;
    let context = context(&run).or_storage()?;
    let (model, _) = model_of(&bench, &run)?;
    let portfolio = portfolio(&bench, &run).await?;
    let found = flips(&context.table, (&portfolio.features, &portfolio.who), &*model, context.thresholds).or_exit(Exit::BadInput)?;
    report::print(at.json, &found, || text(&found))?;
    Ok(ExitCode::SUCCESS)
}

fn text(found: &[TraitFlip]) -> String {
    if found.is_empty() {
        return "No column of schema.toml has role = \"trait\", so nothing can be flipped; give it to gender, age and the like.".into();
    }
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let rows = found.iter().flat_map(|flip| {
        flip.words.iter().map(move |word| {
            vec![
                format!("{} = {}", flip.column, word.word),
                report::count(word.customers),
                percent(word.mean_score),
                percent(word.mean_if_all),
            ]
        })
    });
    let table = report::table(&["trait", "customers", "mean score", "if everyone had it"], rows);
    let told = found.iter().map(|flip| {
        let (mean, most) = (percent(flip.mean_change), percent(flip.most_change));
        let (moved, all) = (report::count(flip.other_level), report::count(flip.customers));
        format!(
            "{}: a flip moves a score by {mean} on average, {most} at most, and {moved} of {all} customers to another risk level.",
            flip.column
        )
    });
    let told: Vec<String> = told.collect();
    let caution = "A small change says that the model does not look at the trait itself. What goes together with it is not found this way.";
    format!("{table}\n{}\n{caution}", told.join("\n"))
}
