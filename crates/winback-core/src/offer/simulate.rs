//! What a changed rule file would change, before it is published.
use crate::agents::campaign_designer::{DesignInput, Spending, plan, plan_spending};
use crate::campaign::Decision;
use crate::id::{CustomerId, Position};
use crate::offer::budget::{Bid, over_budget};
use crate::offer::{Catalogue, OfferId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many customers of a move are named as examples.
pub const EXAMPLES: usize = 5;

/// What is done for a customer, without the figures.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "action", content = "offer", rename_all = "snake_case")]
pub enum Action {
    /// This offer is made.
    Offer(OfferId),
    /// A contact without an offer.
    ServiceContact,
    /// No contact.
    NoContact,
}

/// The difference between two rule files over the same customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Simulation {
    /// How many customers were planned under both.
    pub customers: u64,
    /// How many get something else under the new file.
    pub changed: u64,
    /// Who moves from what to what, the largest move first.
    pub moves: Vec<Move>,
    /// What all offers cost under the old file if every one is taken, in its currency's minor units.
    pub cost_before_minor: i64,
    /// What all offers cost under the new file if every one is taken, in its currency's minor units.
    pub cost_after_minor: i64,
}

/// Customers who move from one action to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Move {
    /// What the old file does.
    pub from: Action,
    /// What the new file does.
    pub to: Action,
    /// How many customers.
    pub customers: u64,
    /// The first few of them.
    pub examples: Vec<CustomerId>,
}

impl Action {
    /// Returns the action of a decision.
    pub fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Offer(choice) => Action::Offer(choice.offer.clone()),
            Decision::ServiceContact { .. } => Action::ServiceContact,
            Decision::NoContact { .. } => Action::NoContact,
        }
    }
}

/// Plans every customer under both files and tells who changes. The inputs must carry the columns that
/// both files name (see [`crate::agents::campaign_designer::Designer::new`]). A file's budget is kept.
pub fn simulate<'a>(
    old: &Catalogue,
    new: &Catalogue,
    inputs: impl IntoIterator<Item = &'a DesignInput> + Clone,
    today: Date,
) -> Simulation {
    let moved = |catalogue: &Catalogue| {
        let bids = || inputs.clone().into_iter().filter_map(|input| Bid::of(&plan(input, catalogue, today))).collect();
        catalogue.budget.map(|budget| over_budget(bids(), budget.minor)).unwrap_or_default()
    };
    let (old_moved, new_moved) = (moved(old), moved(new));
    let decide = |input: &DesignInput, catalogue: &Catalogue, moved: &[Position]| {
        let spending = if moved.binary_search(&input.position).is_ok() { Spending::Nothing } else { Spending::Allowed };
        plan_spending(input, catalogue, today, spending).decision
    };
    let mut result = Simulation::default();
    let mut moves: BTreeMap<(Action, Action), (u64, Vec<CustomerId>)> = BTreeMap::new();
    for input in inputs {
        let (before, after) = (decide(input, old, &old_moved), decide(input, new, &new_moved));
        result.customers += 1;
        result.cost_before_minor = result.cost_before_minor.saturating_add(before.choice().map_or(0, |choice| choice.cost_minor));
        result.cost_after_minor = result.cost_after_minor.saturating_add(after.choice().map_or(0, |choice| choice.cost_minor));
        let (from, to) = (Action::of(&before), Action::of(&after));
        if from != to {
            result.changed += 1;
            let (count, examples) = moves.entry((from, to)).or_default();
            *count += 1;
            if examples.len() < EXAMPLES {
                examples.push(input.customer.clone());
            }
        }
    }
    result.moves = moves.into_iter().map(|((from, to), (customers, examples))| Move { from, to, customers, examples }).collect();
    result.moves.sort_by_key(|movement| std::cmp::Reverse(movement.customers));
    result
}
