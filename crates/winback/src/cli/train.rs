//! `winback train`
use crate::cli::Place;
use crate::config::settings::ModelFamily;
use crate::report;
use crate::stages::{self, CALIBRATE, TrainStage};
use crate::workbench::Workbench;
use std::path::PathBuf;
use std::process::ExitCode;
use winback_core::locale::Locale;
use winback_core::model::{Balance, CalibrationMethod, Metrics, ModelCard, Validation};
use winback_core::run::Stage;

mod compare;

/// Train the churn model on the newest import
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Cross-validate, with training.folds of winback.toml
    #[arg(long)]
    pub cv: bool,
    /// Train again, although the newest import has its model already (scores, plans and messages are made anew, too)
    #[arg(long)]
    pub again: bool,
    /// The family [default: training.model of winback.toml]
    #[arg(long, value_enum, conflicts_with = "compare")]
    pub model: Option<ModelFamily>,
    /// Train nothing, but compare the families on the same folds, three times over
    #[arg(long, conflicts_with_all = ["cv", "again"])]
    pub compare: bool,
    /// Compare on the folds of this file: the columns customerID and one or more that begin with fold
    #[arg(long, value_name = "FILE", requires = "compare")]
    pub folds_of: Option<PathBuf>,
}

/// Trains on the newest import.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    if args.compare {
        return compare::run(at, args.folds_of.as_deref()).await;
    }
    let (mut bench, _lock, mut run) = Workbench::at_work(at, Stage::Import).await?;
    bench.settings.training.model = args.model.unwrap_or(bench.settings.training.model);
    if (args.again && run.has(Stage::Train)) || (args.cv && stages::is_unvalidated(&run)?) {
        bench.reopen(&mut run, Stage::Train).await?;
    }
    let folds = if args.cv { bench.settings.training.folds as usize } else { 0 };
    stages::train(&bench, &mut run, folds).await?;
    let done: TrainStage = stages::report(&run, Stage::Train)?;
    report::print(at.json, &done.card, || text(&done))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the report as text.
pub fn text(done: &TrainStage) -> String {
    let card = &done.card;
    let mut text = match done.trained {
        true => format!("Model {} from {} customers, {} of whom left.", card.version, report::count(card.rows), report::count(card.left)),
        false => format!("No label in this file; model {} of an earlier training is used.", card.version),
    };
    if let Some(validation) = &card.validation {
        text.push_str(&validation_text(validation));
        text.push_str(&importance_text(validation));
    }
    for warning in &card.warnings {
        text.push_str(&format!("\nNote: {}", warning.told(Locale::En, &str::to_owned)));
    }
    text.push_str(&calibration_text(card));
    text
}

/// Returns how scores became probabilities; nothing of a model that was not asked to hold customers out.
fn calibration_text(card: &ModelCard) -> String {
    let mut text = String::new();
    if card.balance == Balance::Oversample {
        text.push_str("\nCustomers of the rarer kind were learned from repeatedly.");
    }
    let Some(note) = &card.calibration else {
        if !card.balance.is_none() {
            text.push_str(&format!(" The scores are no probabilities yet, and no level is told from them: {CALIBRATE}."));
        }
        return text;
    };
    let trial = |method: CalibrationMethod| note.trials.iter().find(|trial| trial.method == method).map(|trial| trial.log_loss);
    match (note.method, trial(note.method), trial(CalibrationMethod::None)) {
        (CalibrationMethod::None, ..) => text.push_str("\nCalibration: none; no map made the held-out scores truer."),
        (method, Some(with), Some(without)) => {
            text.push_str(&format!("\nCalibration: {}; held-out log loss {with:.4}, {without:.4} without it.", name(method)));
        }
        (method, ..) => text.push_str(&format!("\nCalibration: {}.", name(method))),
    }
    text
}

fn name(method: CalibrationMethod) -> &'static str {
    match method {
        CalibrationMethod::None => "none",
        CalibrationMethod::Platt => "Platt scaling",
        CalibrationMethod::Beta => "beta calibration",
        CalibrationMethod::Isotonic => "isotonic regression",
    }
}

const NAMES: [&str; 5] = ["ROC-AUC", "average precision", "log loss", "Brier score", "ECE (10 bins)"];

fn measures(metrics: Metrics) -> [f64; 5] {
    [metrics.roc_auc, metrics.pr_auc, metrics.log_loss, metrics.brier, metrics.ece10]
}

fn validation_text(validation: &Validation) -> String {
    let columns = [validation.mean, validation.deviation, validation.pooled].map(measures);
    let intervals = validation.intervals.map(|intervals| [intervals.low, intervals.high].map(measures));
    let rows = NAMES.iter().enumerate().map(|(place, name)| {
        let [mean, deviation, pooled] = columns.map(|column| format!("{:.4}", column[place]));
        let interval = intervals.map_or("—".to_owned(), |[low, high]| format!("{:.4} to {:.4}", low[place], high[place]));
        vec![(*name).to_owned(), mean, interval, deviation, pooled]
    });
    let table = report::table(&["held-out measure", "mean", "95 % interval", "deviation", "pooled"], rows);
    // The card has cuts in between, too.
    let tenths = validation.cuts.iter().filter(|cut| ((cut.threshold * 20.0).round() as u64).is_multiple_of(2));
    let cuts = tenths.map(|cut| {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        // Of nobody no share has left.
        let (left, interval) = match cut.customers {
            0 => ("—".to_owned(), "—".to_owned()),
            _ => (percent(cut.precision), format!("{} to {}", percent(cut.precision_low), percent(cut.precision_high))),
        };
        vec![format!("{:.1}", cut.threshold), report::count(cut.customers), left, interval, percent(cut.recall)]
    });
    let cuts = report::table(&["call from", "customers", "left", "95 % interval", "of all leavers"], cuts);
    let mut text = format!("\n{} folds, customers the model had not seen:\n{table}\n\nWhat a cut brings:\n{cuts}", validation.folds);
    if let Some(auc) = validation.auc_without_synthetic {
        text.push_str(&format!("\nWithout the synthetic columns the pooled ROC-AUC is {auc:.4}."));
    }
    text
}

/// How many reasons are told; the card tells all.
const TOP: usize = 8;

/// Returns what the model leans on most.
fn importance_text(validation: &Validation) -> String {
    if validation.importance.is_empty() {
        return String::new();
    }
    let rows = validation.importance.iter().take(TOP).map(|one| {
        let name = if one.synthetic { format!("{} (synthetic)", one.group) } else { one.group.clone() };
        let interval = format!("{:.4} to {:.4}", one.low, one.high);
        vec![name, format!("{:.4}", one.log_loss_rise), interval, format!("{:.4}", one.auc_drop)]
    });
    let table = report::table(&["what it leans on", "log loss rises by", "95 % interval", "ROC-AUC falls by"], rows);
    let more = match validation.importance.len().saturating_sub(TOP) {
        0 => String::new(),
        more => format!("\nThe model's card has {more} more."),
    };
    format!("\n\nEach reason shuffled among customers the model had not seen:\n{table}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::locale::Localized;
    use winback_core::model::{Cut, Importance};

    #[test]
    fn nothing_is_said_of_a_cut_that_nobody_reaches() {
        let empty = Cut { threshold: 0.9, customers: 0, left: 0, precision: 0.0, precision_low: 0.0, precision_high: 1.0, recall: 0.0 };
        let full = Cut { threshold: 0.4, customers: 10, left: 5, precision: 0.5, precision_low: 0.25, precision_high: 0.75, recall: 1.0 };
        let validation = Validation { folds: 5, cuts: vec![full, empty], ..Validation::default() };
        let text = validation_text(&validation);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let rows: Vec<String> = text.lines().map(words).collect();
        assert!(rows.contains(&"0.4 10 50.0 % 25.0 % to 75.0 % 100.0 %".to_owned()), "{text}");
        assert!(rows.contains(&"0.9 0 — — 0.0 %".to_owned()), "{text}");
    }

    #[test]
    fn what_the_model_leans_on_is_told_with_its_interval() {
        let one = |group: &str, rise: f64, synthetic: bool| Importance {
            group: group.to_owned(),
            label: Localized::same(group),
            columns: vec![group.to_owned()],
            synthetic,
            log_loss_rise: rise,
            low: rise - 0.002,
            high: rise + 0.002,
            auc_drop: rise / 2.0,
            auc_drop_low: 0.0,
            auc_drop_high: 0.0,
        };
        let most = [one("Contract", 0.0476, false), one("visits", 0.02, true)];
        let rest = (0..8).map(|place| one(&format!("c{place}"), 0.001, false));
        let validation = Validation { importance: most.into_iter().chain(rest).collect(), ..Validation::default() };
        let text = importance_text(&validation);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let rows: Vec<String> = text.lines().map(words).collect();
        assert!(rows.contains(&"Contract 0.0476 0.0456 to 0.0496 0.0238".to_owned()), "{text}");
        assert!(rows.contains(&"visits (synthetic) 0.0200 0.0180 to 0.0220 0.0100".to_owned()), "{text}");
        assert!(text.ends_with("The model's card has 2 more.") && !text.contains("c7"), "{text}");
        assert_eq!(importance_text(&Validation::default()), "");
    }
}
