//! `winback train --compare`
use crate::cli::Place;
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::stages::{boosted, forest, portfolio};
use crate::workbench::Workbench;
use std::path::Path;
use std::process::ExitCode;
use winback_connectors::folds_csv::read_folds;
use winback_core::model::Balance;
use winback_core::pipeline::train::Portfolio;
use winback_core::run::Stage;
use winback_learn::compare::{Candidate, Comparison, Difference, FamilyScores, compare, partings};
use winback_learn::split::NO_FOLD;
use winback_learn::{Balanced, Blend, Logistic};

/// How many times the customers are parted into folds.
const PARTINGS: u64 = 3;

/// Validates every family on the same folds of the newest import and says which is best.
pub async fn run(at: &Place, folds: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Import).await?;
    let training = &bench.settings.training;
    let portfolio = portfolio(&bench, &run).await?;
    if portfolio.features.labels.iter().all(Option::is_none) {
        let hint = "compare on a file with the label column";
        return Err(stop(Exit::BadInput, "no row says whether its customer left, so nothing can be compared", hint));
    }
    let partings = match folds {
        Some(file) => parted(&portfolio, file)?,
        None => {
            let count = u16::try_from(training.folds).unwrap_or(NO_FOLD - 1);
            partings(&portfolio.features, count, (0..PARTINGS).map(|turn| training.seed.wrapping_add(turn)))
        }
    };
    let (logistic, boosted, forest) = (Logistic { l2: training.l2 }, boosted(training.seed), forest(training.seed));
    let blend = Blend { logistic, trees: boosted };
    let balance = training.balance;
    let balanced = |learner| Balanced { learner, balance };
    let candidates = [
        Candidate { name: "logistic", learner: &balanced(&logistic) },
        Candidate { name: "boosted", learner: &balanced(&boosted) },
        Candidate { name: "forest", learner: &balanced(&forest) },
        Candidate { name: "blend", learner: &balanced(&blend) },
    ];
    let found = compare(&portfolio.features, &candidates, &partings, &bench.bar).or_exit(Exit::BadInput)?;
    report::print(at.json, &found, || text(&found, balance))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the folds of a file for the customers of a run.
fn parted(portfolio: &Portfolio, file: &Path) -> anyhow::Result<Vec<Vec<u16>>> {
    let folds = read_folds(file).or_exit(Exit::BadInput)?;
    let absent =
        portfolio.who.iter().zip(&portfolio.features.labels).filter(|((_, id), label)| label.is_some() && !folds.of.contains_key(id));
    let absent: Vec<&str> = absent.map(|((_, id), _)| id.as_str()).take(5).collect();
    if !absent.is_empty() {
        let what = format!("{} has no fold for customers of the newest import, such as {}", file.display(), absent.join(", "));
        return Err(stop(Exit::BadInput, what, "give the folds of this very table, or leave --folds-of out"));
    }
    let fold = |parting: usize| move |folds: Option<&Vec<u16>>| folds.and_then(|of| of.get(parting)).copied().unwrap_or(NO_FOLD);
    let one = |parting| portfolio.who.iter().map(|(_, id)| fold(parting)(folds.of.get(id))).collect();
    Ok((0..folds.partings).map(one).collect())
}

fn text(found: &Comparison, balance: Balance) -> String {
    let row = |family: &FamilyScores| {
        let (mean, deviation) = (family.mean, family.deviation);
        vec![
            family.name.clone(),
            format!("{:.4} ± {:.4}", mean.roc_auc, deviation.roc_auc),
            format!("{:.4}", mean.pr_auc),
            format!("{:.4} ± {:.4}", mean.log_loss, deviation.log_loss),
            format!("{:.4}", mean.brier),
            format!("{:.4}", family.pooled_ece10),
            family.log_loss.map_or("—".into(), |difference| signed(&difference)),
        ]
    };
    let head = ["family", "ROC-AUC", "average precision", "log loss", "Brier", "ECE (10), pooled", "log loss against the first (95 %)"];
    let table = report::table(&head, found.families.iter().map(row));
    let first = found.families.first().map_or("", |family| family.name.as_str());
    let verdict = if found.best == first {
        format!("No family is clearly better than {first}: no interval below 0 of the difference in log loss. Keep {first}.")
    } else {
        format!("{0} is better than {first}, and its interval excludes 0: set [training] model = \"{0}\" in winback.toml.", found.best)
    };
    let (customers, folds) = (report::count(found.customers), found.folds);
    let learned = match balance {
        Balance::None => "Every family learned from customers as they come (balance = \"none\").",
        Balance::Oversample => {
            "Every family learned from customers of the rarer kind repeatedly (balance = \"oversample\"), and its scores are not calibrated here."
        }
    };
    format!(
        "{customers} customers, {folds} folds in {} partings, the same for every family.\n{learned}\n{table}\n{verdict}",
        found.partings
    )
}

fn signed(difference: &Difference) -> String {
    format!("{:+.4} ({:+.4} to {:+.4})", difference.mean, difference.low, difference.high)
}
