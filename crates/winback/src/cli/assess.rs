//! `winback assess`
use crate::cli::Place;
use crate::report;
use crate::stages;
use crate::workbench::Workbench;
use std::process::ExitCode;
use winback_core::drift::{Basis, Reading, RunDrift};
use winback_core::fairness::FlipReport;
use winback_core::pipeline::assess::AssessStage;
use winback_core::risk::RiskLevel;
use winback_core::run::Stage;

/// Score every customer, with reasons
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Assess again, although the newest import is assessed already (plans and messages are made anew, too)
    #[arg(long)]
    pub again: bool,
}

/// Scores the customers of the newest import.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, _lock, mut run) = Workbench::at_work(at, Stage::Import).await?;
    if args.again {
        bench.reopen(&mut run, Stage::Assess).await?;
    }
    stages::assess(&bench, &mut run).await?;
    let done = AssessStage { profile: None, ..stages::report(&run, Stage::Assess)? };
    report::print(at.json, &done, || text(&bench, &done))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the report as text. `bench` says what the value tier is measured by.
pub fn text(bench: &Workbench, stage: &AssessStage) -> String {
    let done = &stage.customers;
    let count = |level: RiskLevel| report::count(done.levels.get(&level).copied().unwrap_or_default());
    let mut text = format!(
        "{} customers assessed: {} at high risk, {} at medium, {} at low.",
        report::count(done.assessed),
        count(RiskLevel::High),
        count(RiskLevel::Medium),
        count(RiskLevel::Low)
    );
    if done.imputed > 0 {
        text.push_str(&format!(
            "\n{} have empty inputs, filled by what the model learned; their scores are less certain.",
            report::count(done.imputed)
        ));
    }
    for (column, cells) in &done.unseen_words {
        text.push_str(&format!("\n{} hold a word in {column} that the model never learned; it counts as “other”.", report::count(*cells)));
    }
    if done.without_tier > 0 {
        let by = bench.rules.bounds.by();
        let lacks = match by.column(&bench.rules.table).filter(|_| !by.is_monthly()) {
            Some(column) => format!("nothing in {}", column.name),
            None => "no monthly charge".to_owned(),
        };
        text.push_str(&format!("\n{} have {lacks}, so no value tier.", report::count(done.without_tier)));
    }
    text + &by_products(stage)
}

/// Returns what was found out beside the scores, each on a line that begins with its line break.
fn by_products(AssessStage { fairness, fairness_failed, drift, drift_failed, .. }: &AssessStage) -> String {
    let mut text = String::new();
    for flip in fairness.iter().flat_map(FlipReport::moving) {
        text.push_str(&format!(
            "\nA flip of {} alone moves a score by {:.1} points on average; winback fairness shows more.",
            flip.column,
            100.0 * flip.mean_change
        ));
    }
    if let Some(drift) = drift {
        text.push_str(&format!("\n{}", moved(drift)));
    }
    if let Some(why) = fairness_failed {
        text.push_str(&format!("\nWhat the scores would be if nothing but a trait were different could not be measured: {why}."));
    }
    if let Some(why) = drift_failed {
        text.push_str(&format!("\nThe customers could not be compared with those of an earlier run: {why}."));
    }
    text
}

/// Returns in a line how far the customers moved from those of an earlier run.
fn moved(RunDrift { from, from_source, basis, drift, .. }: &RunDrift) -> String {
    let why = if *basis == Basis::Training { ", on which the model was trained" } else { "" };
    let than = format!("those of run {from} ({from_source}{why})");
    if drift.columns.is_empty() {
        return format!("Not compared with {than}: no column in common.");
    }
    if drift.too_few() {
        return format!("Too few customers to say whether they look like {than}.");
    }
    let [changed, watch] = [Reading::Changed, Reading::Watch].map(|reading| drift.read(reading).count());
    let names: Vec<&str> = drift.read(Reading::Changed).take(5).map(|column| column.column.as_str()).collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let all = drift.columns.len();
    format!("Compared with {than}, {changed} of {all} columns changed{names} and {watch} are to be watched; winback drift shows more.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::fairness::TraitFlip;

    fn flip(column: &str, mean_change: f64) -> TraitFlip {
        TraitFlip {
            column: column.into(),
            customers: 10,
            words: Vec::new(),
            rare_words: 0,
            mean_change,
            most_change: mean_change,
            other_level: 0,
        }
    }

    #[test]
    fn a_trait_that_alone_moves_scores_is_told() {
        let fairness = FlipReport {
            customers: 10,
            scored: 10,
            seed: 1,
            flips: vec![flip("gender", 0.02), flip("SeniorCitizen", 0.01)],
            ..FlipReport::default()
        };
        let text = by_products(&AssessStage { fairness: Some(fairness), ..AssessStage::default() });
        assert!(text.contains("A flip of gender alone moves a score by 2.0 points on average; winback fairness shows more."), "{text}");
        assert!(!text.contains("SeniorCitizen"), "{text}");
    }

    #[test]
    fn what_could_not_be_measured_is_told_with_why() {
        let failed = AssessStage { fairness_failed: Some("a".into()), drift_failed: Some("b".into()), ..AssessStage::default() };
        let text = by_products(&failed);
        assert!(text.contains("different could not be measured: a.") && text.contains("those of an earlier run: b."), "{text}");
    }
}
