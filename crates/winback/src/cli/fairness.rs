//! `winback fairness`
use crate::cli::Place;
use crate::report;
use crate::stages;
use crate::workbench::Workbench;
use std::process::ExitCode;
use winback_core::fairness::{FlipReport, MOST_WORDS};
use winback_core::pipeline::assess::AssessStage;
use winback_core::run::Stage;

/// Show what the scores would be if nothing but a trait (gender, age) were different
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Tells what came of flipping every trait of the newest run's customers and scoring them again.
pub async fn run(at: &Place, Args {}: &Args) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Assess).await?;
    let kept: AssessStage = stages::report(&run, Stage::Assess)?;
    let found = match kept.fairness {
        Some(found) => found,
        // A run of before flips were kept.
        None => stages::flips(&bench, &stages::sample_of(&bench, &run, &bench.rules.table).await?, &*stages::model_of(&bench, &run)?.0)?,
    };
    report::print(at.json, &found, || text(&found))?;
    Ok(ExitCode::SUCCESS)
}

fn text(flips: &FlipReport) -> String {
    let found = &flips.flips;
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
    let mut told: Vec<String> = told.collect();
    let rare = found.iter().filter(|flip| flip.rare_words > 0);
    told.extend(
        rare.map(|flip| {
            format!("{}: only the {MOST_WORDS} most frequent words are told; {} others are not.", flip.column, flip.rare_words)
        }),
    );
    if flips.is_sample() {
        told.push(format!(
            "Measured on {} of {} customers, drawn by the seed {}.",
            report::count(flips.scored),
            report::count(flips.customers),
            flips.seed
        ));
    }
    let caution = "A small change says that the model does not look at the trait itself. What goes together with it is not found this way.";
    format!("{table}\n{}\n{caution}", told.join("\n"))
}
