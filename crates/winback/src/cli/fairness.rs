//! `winback fairness`
use crate::cli::Place;
use crate::report;
use crate::stages;
use crate::workbench::Workbench;
use std::process::ExitCode;
use winback_core::fairness::{FlipReport, MOST_WORDS};
use winback_core::pipeline::assess::AssessStage;
use winback_core::run::Stage;
use winback_core::schema::{Role, TableSchema};

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
    report::print(at.json, &found, || text(&found, &not_flipped(&bench.rules.table, &found)))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the columns that say who a customer is and were not flipped: numbers.
fn not_flipped(table: &TableSchema, found: &FlipReport) -> Vec<String> {
    let traits = table.columns.iter().filter(|column| column.role == Role::Trait).map(|column| &column.name);
    traits.filter(|name| found.flips.iter().all(|flip| flip.column != **name)).cloned().collect()
}

fn text(flips: &FlipReport, numbers: &[String]) -> String {
    let found = &flips.flips;
    let numbers = (!numbers.is_empty()).then(|| format!("Not flipped, because it is a number: {}.", numbers.join(", ")));
    if found.is_empty() {
        let no_trait = "No column of schema.toml has role = \"trait\", so nothing can be flipped; give it to gender, age and the like.";
        return numbers.unwrap_or_else(|| no_trait.into());
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
    told.extend(numbers);
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

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::fairness::TraitFlip;

    #[test]
    fn a_number_is_told_apart_from_no_trait_at_all() {
        let none = FlipReport { customers: 10, scored: 10, ..FlipReport::default() };
        assert!(text(&none, &[]).contains("No column of schema.toml has role = \"trait\""));
        let number = text(&none, &["Year_Birth".into()]);
        assert_eq!(number, "Not flipped, because it is a number: Year_Birth.");
        let flip = TraitFlip {
            column: "gender".into(),
            customers: 10,
            words: Vec::new(),
            rare_words: 0,
            mean_change: 0.0,
            most_change: 0.0,
            other_level: 0,
        };
        let both = text(&FlipReport { flips: vec![flip], ..none }, &["Year_Birth".into()]);
        assert!(both.contains("gender: a flip moves") && both.contains("because it is a number: Year_Birth."), "{both}");
    }
}
