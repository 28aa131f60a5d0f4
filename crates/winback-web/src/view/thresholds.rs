//! What other thresholds would change.
use super::Named;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use serde::{Deserialize, Serialize};
use winback_core::portfolio::Context;
use winback_core::risk::{RiskLevel, RiskThresholds};
use winback_core::run::Run;

/// What other thresholds would change.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ThresholdsView {
    /// The medium threshold in force.
    pub current_medium: f64,
    /// The high threshold in force.
    pub current_high: f64,
    /// The medium threshold tried.
    pub medium: f64,
    /// The high threshold tried.
    pub high: f64,
    /// Customers who would change their level.
    pub moving: u64,
    /// Customers by their level now and then.
    pub moves: Vec<MoveView>,
    /// Who decided on the thresholds in force; empty where nobody wrote it down.
    pub decided_by: String,
    /// The day of that decision (YYYY-MM-DD); empty where nobody wrote it down.
    pub decided_on: String,
    /// Each change of the thresholds over the runs, the newest first.
    pub history: Vec<ChangeView>,
}

/// Thresholds as they were from a run on.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct ChangeView {
    /// The first run with these thresholds.
    pub run: i64,
    /// When that run began (RFC 3339).
    pub began_at: String,
    /// The medium threshold.
    pub medium: f64,
    /// The high threshold.
    pub high: f64,
    /// Who decided on them; empty where nobody wrote it down.
    pub decided_by: String,
    /// The day of the decision (YYYY-MM-DD); empty where nobody wrote it down.
    pub decided_on: String,
}

/// Customers who go from one level to another, or stay.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MoveView {
    /// The level now.
    pub from: Named,
    /// The level under the thresholds tried.
    pub to: Named,
    /// How many customers.
    pub customers: u64,
}

/// Reads two numbers; those not given are the ones in force.
pub(crate) fn parse(context: &Context, medium: &str, high: &str) -> Result<RiskThresholds, Problem> {
    let number = |name: &str, text: &str, current: f64| match text.trim() {
        "" => Ok(current),
        text => text.parse::<f64>().map_err(|_| bad(name, text)),
    };
    let medium_value = number("medium", medium, context.thresholds.medium())?;
    let high_value = number("high", high, context.thresholds.high())?;
    RiskThresholds::new(medium_value, high_value).map_err(|_| bad("medium, high", &format!("{medium_value}, {high_value}")))
}

fn bad(name: &str, value: &str) -> Problem {
    Problem::BadQuery { name: name.to_owned(), value: value.to_owned(), expected: "0 < medium < high < 1".to_owned() }
}

/// How many runs the history looks back on.
const RUNS: u64 = 200;

/// The part of a run's settings that the history tells.
#[derive(Deserialize)]
struct Kept {
    thresholds: RiskThresholds,
    decided: Option<(String, String)>,
}

/// Returns each change of the thresholds, the newest first; runs whose settings hold none are left out.
fn history(runs: &[Run]) -> Vec<ChangeView> {
    let kept = |run: &Run| Some((serde_json::from_str::<Kept>(&run.origin.settings).ok()?, run.id.0, run.started_at.to_string()));
    let mut changes: Vec<ChangeView> = Vec::new();
    for (kept, run, began_at) in runs.iter().rev().filter_map(kept) {
        let (decided_by, decided_on) = kept.decided.unwrap_or_default();
        let (medium, high) = (kept.thresholds.medium(), kept.thresholds.high());
        let change = ChangeView { run, began_at, medium, high, decided_by, decided_on };
        if changes.last().is_none_or(|last| !last.says_the_same(&change)) {
            changes.push(change);
        }
    }
    changes.reverse();
    changes
}

impl ChangeView {
    fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { run: self.run, began_at: self.began_at.clone(), ..other.clone() }
    }
}

pub(crate) async fn read(state: &WebState, context: &Context, tried: &RiskThresholds, s: &Strings) -> Result<ThresholdsView, Problem> {
    let moves = state.store.threshold_moves(context.run.id, tried).await?;
    let history = history(&state.store.runs(RUNS).await?);
    let (decided_by, decided_on) = context.decided.clone().unwrap_or_default();
    let named = |level: RiskLevel| Named::new(level.tag(), s.level(level));
    let overview = state.store.overview(context.run.id).await?;
    let moved = |from: RiskLevel, to: RiskLevel| moves.iter().filter(|(f, t, _)| (*f, *t) == (from, to)).map(|(_, _, n)| n).sum::<u64>();
    let now = |level: RiskLevel| overview.matrix.iter().filter(|cell| cell.level == level).map(|cell| cell.customers).sum::<u64>();
    let left = |level: RiskLevel| moves.iter().filter(|(from, _, _)| *from == level).map(|(_, _, n)| n).sum::<u64>();
    let count = |from: RiskLevel, to: RiskLevel| if from == to { now(from).saturating_sub(left(from)) } else { moved(from, to) };
    let pairs = RiskLevel::ALL.into_iter().flat_map(|from| RiskLevel::ALL.into_iter().map(move |to| (from, to)));
    Ok(ThresholdsView {
        current_medium: context.thresholds.medium(),
        current_high: context.thresholds.high(),
        medium: tried.medium(),
        high: tried.high(),
        moving: moves.iter().filter(|(from, to, _)| from != to).map(|(_, _, customers)| customers).sum(),
        moves: pairs.map(|(from, to)| MoveView { from: named(from), to: named(to), customers: count(from, to) }).collect(),
        decided_by,
        decided_on,
        history,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::digest::Digest;
    use winback_core::id::RunId;
    use winback_core::run::RunOrigin;

    #[test]
    fn the_history_tells_each_change_once() {
        let run = |id: i64, settings: &str| Run {
            id: RunId(id),
            origin: RunOrigin {
                source: "a.csv".into(),
                source_digest: Digest::of(b"a"),
                settings_digest: Digest::of(settings.as_bytes()),
                settings: settings.into(),
            },
            started_at: jiff::Timestamp::from_second(id).unwrap(),
            stages: Vec::new(),
        };
        let usual = r#"{"thresholds":{"medium":0.4,"high":0.7}}"#;
        let decided = r#"{"thresholds":{"medium":0.4,"high":0.7},"decided":["Ana","2026-10-01"]}"#;
        let strict = r#"{"thresholds":{"medium":0.3,"high":0.7},"decided":["Ana","2026-11-01"]}"#;
        let runs = [run(5, usual), run(4, strict), run(3, decided), run(2, "{}"), run(1, usual)];
        let told: Vec<_> = history(&runs).into_iter().map(|change| (change.run, change.medium, change.decided_on)).collect();
        assert_eq!(told, [(5, 0.4, String::new()), (4, 0.3, "2026-11-01".into()), (3, 0.4, "2026-10-01".into()), (1, 0.4, String::new())]);
        assert_eq!(history(&[run(2, usual), run(1, usual)]).len(), 1, "a run that changes nothing is no line");
    }
}
