//! The parts of the card that look at the model as a whole.
use super::in_cell;
use std::fmt::Write as _;
use winback_core::locale::Locale;
use winback_core::model::{Effect, EffectAt, EffectPoint, ModelCard, Validation};

/// Adds what calling so many customers would bring.
pub(super) fn push_calls(text: &mut String, validation: &Validation) {
    if validation.calls.is_empty() {
        return;
    }
    text.push_str("\n### Calling the customers with the highest scores\n\n");
    text.push_str("| calls | score of the last | of them left | precision (95 % interval) | share of all who left | lift |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for calls in &validation.calls {
        let [precision, low, high, recall] =
            [calls.precision, calls.precision_low, calls.precision_high, calls.recall].map(|share| 100.0 * share);
        let (number, threshold, left, lift) = (calls.calls, calls.threshold, calls.left, calls.lift);
        let _ =
            writeln!(text, "| {number} | {threshold:.3} | {left} | {precision:.1} % ({low:.1}–{high:.1}) | {recall:.1} % | {lift:.2} |");
    }
}

/// Adds what the model leans on.
pub(super) fn push_importance(text: &mut String, validation: &Validation) {
    if validation.importance.is_empty() {
        return;
    }
    let (rows, repeats) = (validation.importance_rows, validation.importance_repeats);
    let _ = writeln!(
        text,
        "\n### What it leans on\n\nHow much worse held-out customers are scored when the columns of one reason are shuffled among them, \
         all together: {rows} customers, {repeats} times in each fold. The intervals are over the folds; where one holds 0, the reason \
         may be of no use.\n"
    );
    text.push_str(
        "| reason | columns | log loss rises by (95 % interval) | ROC-AUC falls by (95 % interval) |\n| --- | --- | --- | --- |\n",
    );
    for one in &validation.importance {
        let invented = if one.synthetic { " (invented)" } else { "" };
        let _ = writeln!(
            text,
            "| {}{invented} | {} | {} | {} |",
            in_cell(&one.group),
            in_cell(&one.columns.join(", ")),
            with_interval([one.log_loss_rise, one.low, one.high]),
            with_interval([one.auc_drop, one.auc_drop_low, one.auc_drop_high])
        );
    }
}

/// Says 0 without a sign, which rounding may leave.
fn with_interval(figures: [f64; 3]) -> String {
    let [mean, low, high] = figures.map(|figure| format!("{:.4}", (figure * 1e4).round() / 1e4 + 0.0));
    format!("{mean} ({low} to {high})")
}

/// Adds how each kind of customer is scored.
pub(super) fn push_groups(text: &mut String, validation: &Validation) {
    if validation.groups.is_empty() {
        return;
    }
    text.push_str("\n### Each kind of customer\n\n");
    text.push_str(
        "| column | word | customers | mean score | share who left (95 % interval) | ROC-AUC | log loss | calibration error, 10 bins |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for group in &validation.groups {
        let [score, left, low, high] = [group.mean_score, group.left_share, group.left_low, group.left_high].map(|share| 100.0 * share);
        let auc = group.roc_auc.map_or("–".to_owned(), |auc| format!("{auc:.4}"));
        let (column, word) = (in_cell(&group.column), in_cell(group.word.as_deref().unwrap_or("(empty)")));
        let (customers, loss) = (group.customers, group.log_loss);
        let error = group.ece10.map_or("–".to_owned(), |error| format!("{error:.4}"));
        let _ = writeln!(
            text,
            "| {column} | {word} | {customers} | {score:.1} % | {left:.1} % ({low:.1}–{high:.1}) | {auc} | {loss:.4} | {error} |"
        );
    }
    for (column, customers) in &validation.outside_groups {
        let _ = writeln!(text, "\n{customers} customers with rarer words of {} are left out.", in_cell(column));
    }
}

/// Adds what the model would say if everybody had one value of a column.
pub(super) fn push_effects(text: &mut String, card: &ModelCard) {
    if card.effects.is_empty() {
        return;
    }
    text.push_str(
        "\n## What it would say of other values\n\nThe mean probability if every customer had one value of a column, and what a step of \
         a number changes. Other columns are kept, but those that repeat its answer follow it, and such a column is asked of those \
         customers alone of whom it makes sense. It tells how the model uses a column, not what would happen.\n\n\
         | column | customers | a step | changes | mean probability |\n| --- | --- | --- | --- | --- |\n",
    );
    for effect in &card.effects {
        let invented = if effect.synthetic { " (invented)" } else { "" };
        let (step, points) = match effect.unit_effect {
            Some(step) => {
                let unit = effect.unit.as_ref().map_or(String::new(), |unit| format!(" {}", in_cell(unit.get(Locale::En))));
                (format!("{:+}{unit}", step.step), format!("{:+.2} points", step.points))
            }
            None => ("–".to_owned(), "–".to_owned()),
        };
        // Cards of before it was kept do not tell it.
        let customers = if effect.customers == 0 { "–".to_owned() } else { effect.customers.to_string() };
        let told = in_cell(&format!("{}{}", curve(effect), family(effect)));
        let _ = writeln!(text, "| {}{invented} | {customers} | {step} | {points} | {told} |", in_cell(&effect.column));
    }
}

/// Returns which columns followed, and how many customers contradict that they repeat one another.
fn family(effect: &Effect) -> String {
    let followed = match effect.followed_by.is_empty() {
        true => String::new(),
        false => format!("; followed by {}", effect.followed_by.join(", ")),
    };
    match effect.disagreeing {
        0 => followed,
        1 => format!("{followed} (1 customer has one without the other)"),
        n => format!("{followed} ({n} customers have one without the other)"),
    }
}

/// Returns every word with its probability, or the ends and the middle of a number's curve.
fn curve(effect: &Effect) -> String {
    let point = |point: &EffectPoint| match &point.at {
        EffectAt::Number(value) => format!("{:.1} % at {value}", 100.0 * point.probability),
        EffectAt::Word(word) => format!("{:.1} % {word}", 100.0 * point.probability),
    };
    let all = &effect.points;
    let words = all.iter().any(|point| matches!(point.at, EffectAt::Word(_)));
    let told: Vec<String> = match (words || all.len() <= 3, all.first(), all.last()) {
        (false, Some(first), Some(last)) => [first, &all[all.len() / 2], last].map(point).to_vec(),
        _ => all.iter().map(point).collect(),
    };
    told.join(", ")
}

/// Adds what a person should know before believing an effect.
pub(super) fn push_warnings(text: &mut String, card: &ModelCard) {
    if card.warnings.is_empty() {
        return;
    }
    text.push_str("\n## Warnings\n\n");
    for warning in &card.warnings {
        let _ = writeln!(text, "- {}", warning.told(Locale::En, &str::to_owned));
    }
}
