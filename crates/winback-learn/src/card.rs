//! The model card: what the model was made of and how well it scores, for a person to read.
mod overview;

use crate::encode::{Encoder, Knots, Words};
use crate::explain::ColumnModel;
use crate::tree::bins::{Bins, ColumnBins};
use overview::{push_calls, push_effects, push_groups, push_importance, push_warnings};
use std::fmt::Write as _;
use winback_core::feature::{Feature, FeatureTable};
use winback_core::model::{Balance, CalibrationMethod, CalibrationNote, ColumnNote, Metrics, ModelCard, Validation};

/// Returns how each column was used.
pub fn column_notes(columns: &[ColumnModel]) -> Vec<ColumnNote> {
    let note = |column: &ColumnModel| {
        let (used_as, missing) = match &column.encoder {
            Encoder::Unused { why } => (format!("not used: {why}"), "nothing to fill".to_owned()),
            Encoder::Words(words) => (words_used(words), words_missing(words)),
            Encoder::Number(knots) => (format!("a broken line through {} knots", knots.at.len()), knots_missing(knots)),
        };
        ColumnNote { name: column.name.clone(), used_as, missing }
    };
    columns.iter().map(note).collect()
}

/// Returns how trees use each column.
pub fn tree_column_notes(table: &FeatureTable, bins: &Bins) -> Vec<ColumnNote> {
    let own = |rows: u64| match rows {
        0 => "no cell was empty; an empty one goes with most of the others".to_owned(),
        n => format!("{n} cells were empty; they are a kind of their own"),
    };
    let note = |(feature, bins): (&Feature, &ColumnBins)| {
        let (used_as, missing) = match bins {
            ColumnBins::Unused { why } => (format!("not used: {why}"), "nothing to fill".to_owned()),
            ColumnBins::Number { borders, missing_rows } => (format!("a number in {} bins", borders.len() + 1), own(*missing_rows)),
            ColumnBins::Words { words, rare_words, missing_rows, .. } => {
                (format!("{} words{}", words.len(), rare_together(*rare_words)), own(*missing_rows))
            }
        };
        ColumnNote { name: feature.name.clone(), used_as, missing }
    };
    table.schema.features.iter().zip(&bins.columns).map(note).collect()
}

fn words_used(words: &Words) -> String {
    format!("one-hot, {} levels{}", words.words.len(), rare_together(words.rare_words))
}

fn rare_together(words: u64) -> String {
    match words {
        0 => String::new(),
        1 => ", and 1 rare word together as \"other\"".to_owned(),
        n => format!(", and {n} rare words together as \"other\""),
    }
}

fn words_missing(words: &Words) -> String {
    let mode = words.words.get(usize::from(words.missing)).map_or("\"other\"".to_owned(), |word| format!("{word:?}"));
    match words.missing_rows {
        0 => format!("no cell was empty; an empty one counts as {mode}"),
        n => format!("{n} cells were empty; they are a level of their own"),
    }
}

fn knots_missing(knots: &Knots) -> String {
    match knots.missing_rows {
        0 => format!("no cell was empty; an empty one counts as the median {}", knots.median),
        n => format!("{n} cells were empty; they count as the median {}", knots.median),
    }
}

/// What a model of repeated customers cannot tell.
const BALANCED_AVERAGE: &str = "It learned from customers of whom the rarer kind was repeated, so the average customer that reasons are \
measured against is that of a table in which as many left as stayed.";

/// Returns what a model cannot tell, `own` being what its family alone cannot.
pub fn limits(table: &FeatureTable, own: &[&str], balance: Balance) -> Vec<String> {
    let mut limits = vec![
        "A score tells how likely a customer like this one was to have left when the table was made; it gives no date.",
        "A reason tells what goes together with leaving; it does not prove that changing it would keep the customer.",
    ];
    limits.extend(own);
    limits.extend((!balance.is_none()).then_some(BALANCED_AVERAGE));
    limits.push("A number outside the range of the training table counts as the nearest number inside it.");
    let mut limits: Vec<String> = limits.into_iter().map(str::to_owned).collect();
    let invented: Vec<&str> = table.schema.features.iter().filter(|f| f.synthetic).map(|f| f.name.as_str()).collect();
    if !invented.is_empty() {
        limits.push(format!("Invented for demonstration, without looking at who left: {}.", invented.join(", ")));
    }
    limits
}

/// Returns the card as Markdown.
pub fn card_markdown(card: &ModelCard) -> String {
    let share = 100.0 * card.left as f64 / card.rows.max(1) as f64;
    let mut text = format!("# Model {}\n\n", card.version);
    let what = match card.family.as_str() {
        "boosted" => "Boosted trees".to_owned(),
        "forest" => "A random forest".to_owned(),
        "blend" => "A logistic regression and boosted trees together".to_owned(),
        family => format!("A {family} regression"),
    };
    let _ = writeln!(text, "{what}, trained on {} customers, of whom {} ({share:.2} %) left.\n", card.rows, card.left);
    let _ = writeln!(text, "| made from | |\n| --- | --- |\n| data (SHA-256) | `{}` |", card.data);
    let _ = writeln!(
        text,
        "| features (SHA-256) | `{}` |\n| penalty (L2) | {} |\n| seed of the folds | {} |",
        card.features, card.l2, card.seed
    );
    if card.balance == Balance::Oversample {
        text.push_str("| rarer kind of customer | learned from repeatedly, until both kinds weigh the same |\n");
    }
    text.push_str("\n## How well it scores customers it has not seen\n\n");
    match &card.validation {
        Some(validation) => push_validation(&mut text, validation),
        None => text.push_str("Not validated. Run `winback train --cv` to find out.\n"),
    }
    match &card.calibration {
        Some(calibration) if card.balance.is_none() || calibration.method != CalibrationMethod::None => {
            push_calibration(&mut text, calibration);
        }
        _ if card.balance.is_none() => {}
        _ => text.push_str(
            "\n## Calibration\n\nNone, and customers of the rarer kind were learned from repeatedly: the scores are no probabilities, and \
             no risk level may be told from them. What the model would say of other values is left out. Run `winback train --cv --again`.\n",
        ),
    }
    push_warnings(&mut text, card);
    push_effects(&mut text, card);
    text.push_str("\n## Columns\n\n| column | used as | empty cells |\n| --- | --- | --- |\n");
    for note in &card.columns {
        let _ = writeln!(text, "| {} | {} | {} |", in_cell(&note.name), in_cell(&note.used_as), in_cell(&note.missing));
    }
    text.push_str("\n## What it cannot tell\n\n");
    card.limits.iter().for_each(|limit| {
        let _ = writeln!(text, "- {limit}");
    });
    text
}

/// Returns what a map is called.
fn map_name(method: CalibrationMethod) -> &'static str {
    match method {
        CalibrationMethod::None => "none: scores as they are",
        CalibrationMethod::Platt => "Platt scaling: a line in log-odds",
        CalibrationMethod::Beta => "beta: a line in ln p and −ln(1 − p)",
        CalibrationMethod::Isotonic => "isotonic: a broken line through steps",
    }
}

fn push_calibration(text: &mut String, calibration: &CalibrationNote) {
    text.push_str("\n## Calibration\n\n");
    text.push_str("Each map from score to probability was fitted to the held-out scores of all folds but one and judged on that one; ");
    text.push_str("the measures above are of scores calibrated in this way.\n\n| map | held-out log loss | |\n| --- | --- | --- |\n");
    for trial in &calibration.trials {
        let used = if trial.method == calibration.method { "in use" } else { "" };
        let _ = writeln!(text, "| {} | {:.5} | {used} |", map_name(trial.method), trial.log_loss);
    }
}

const MEASURES: [&str; 5] = ["ROC-AUC", "average precision", "log loss", "Brier score", "calibration error, 10 bins"];

fn measures(metrics: Metrics) -> [f64; 5] {
    [metrics.roc_auc, metrics.pr_auc, metrics.log_loss, metrics.brier, metrics.ece10]
}

fn push_validation(text: &mut String, validation: &Validation) {
    let _ = writeln!(text, "{} folds, stratified; customers equal in every column share a fold.\n", validation.folds);
    text.push_str("| measure | mean of folds | 95 % interval | deviation | all folds together |\n| --- | --- | --- | --- | --- |\n");
    let [mean, deviation, pooled] = [validation.mean, validation.deviation, validation.pooled].map(measures);
    let intervals = validation.intervals.map(|intervals| [intervals.low, intervals.high].map(measures));
    for (place, name) in MEASURES.iter().enumerate() {
        let interval = intervals.map_or("–".to_owned(), |[low, high]| format!("{:.4} to {:.4}", low[place], high[place]));
        let _ = writeln!(text, "| {name} | {:.4} | {interval} | {:.4} | {:.4} |", mean[place], deviation[place], pooled[place]);
    }
    if let Some(auc) = validation.auc_without_synthetic {
        let _ = writeln!(text, "\nWithout the invented columns, ROC-AUC over all folds is {auc:.4}.");
    }
    push_cuts(text, validation);
    push_calls(text, validation);
    push_reliability(text, validation);
    push_importance(text, validation);
    push_groups(text, validation);
}

fn push_cuts(text: &mut String, validation: &Validation) {
    text.push_str("\n### Calling everyone from a probability upward\n\n");
    text.push_str(
        "| from | customers | of them left | precision (95 % interval) | share of all who left |\n| --- | --- | --- | --- | --- |\n",
    );
    for cut in &validation.cuts {
        let percent = |share: f64| 100.0 * share;
        let precision = match cut.customers {
            0 => "–".to_owned(),
            _ => format!("{:.1} % ({:.1}–{:.1})", percent(cut.precision), percent(cut.precision_low), percent(cut.precision_high)),
        };
        let _ = writeln!(text, "| {} | {} | {} | {precision} | {:.1} % |", cut.threshold, cut.customers, cut.left, percent(cut.recall));
    }
}

fn push_reliability(text: &mut String, validation: &Validation) {
    text.push_str(
        "\n### Scores and what happened\n\n| scores from | customers | mean score | share who left (95 % interval) |\n| --- | --- | --- | --- |\n",
    );
    for bin in validation.reliability.iter().filter(|bin| bin.customers > 0) {
        let [score, left, low, high] = [bin.mean_score, bin.left, bin.low, bin.high].map(|share| 100.0 * share);
        // Cards of before there were intervals have none.
        let interval = if bin.high > 0.0 { format!(" ({low:.1}–{high:.1})") } else { String::new() };
        let _ = writeln!(text, "| {} | {} | {score:.1} % | {left:.1} %{interval} |", bin.from, bin.customers);
    }
}

/// A column's name or a word of the data can hold a bar or a line break, which would break the table.
fn in_cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}
