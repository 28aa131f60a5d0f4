//! What other thresholds would change.
use super::Named;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use serde::Serialize;
use winback_core::portfolio::Context;
use winback_core::risk::{RiskLevel, RiskThresholds};

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

pub(crate) async fn read(state: &WebState, context: &Context, tried: &RiskThresholds, s: &Strings) -> Result<ThresholdsView, Problem> {
    let moves = state.store.threshold_moves(context.run.id, tried).await?;
    let named = |level: RiskLevel| Named::new(level.tag(), s.level(level));
    let count = |from: RiskLevel, to: RiskLevel| moves.iter().filter(|(f, t, _)| (*f, *t) == (from, to)).map(|(_, _, n)| n).sum();
    let pairs = RiskLevel::ALL.into_iter().flat_map(|from| RiskLevel::ALL.into_iter().map(move |to| (from, to)));
    Ok(ThresholdsView {
        current_medium: context.thresholds.medium(),
        current_high: context.thresholds.high(),
        medium: tried.medium(),
        high: tried.high(),
        moving: moves.iter().filter(|(from, to, _)| from != to).map(|(_, _, customers)| customers).sum(),
        moves: pairs.map(|(from, to)| MoveView { from: named(from), to: named(to), customers: count(from, to) }).collect(),
    })
}
