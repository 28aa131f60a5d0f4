//! A budget across the batch: whose offers are made when there is not enough for all.
use crate::campaign::CampaignPlan;
use crate::id::Position;
use std::cmp::Ordering;

/// An offer that costs something, and what it is expected to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The customer's place in the run.
    pub position: Position,
    /// What the offer is expected to bring net, in minor units.
    pub net_minor: i64,
    /// What it costs, above 0, in minor units.
    pub cost_minor: i64,
}

impl Bid {
    /// Returns the bid of a plan; `None` where the plan costs nothing.
    pub fn of(plan: &CampaignPlan) -> Option<Self> {
        let choice = plan.decision.choice().filter(|choice| choice.cost_minor > 0)?;
        Some(Self { position: plan.position, net_minor: choice.effect.net_minor, cost_minor: choice.cost_minor })
    }

    /// Compares what two offers bring for each unit they cost, exactly; the better one comes first, ties by position.
    fn rank(&self, other: &Self) -> Ordering {
        let (mine, theirs) =
            (i128::from(self.net_minor) * i128::from(other.cost_minor), i128::from(other.net_minor) * i128::from(self.cost_minor));
        theirs.cmp(&mine).then(self.position.cmp(&other.position))
    }
}

/// Returns the customers whose offers the budget does not reach, in order of position. Offers are paid for in the
/// order of their net value per cost; one that no longer fits is left out, and the next ones are still tried.
pub fn over_budget(mut bids: Vec<Bid>, budget_minor: i64) -> Vec<Position> {
    bids.sort_unstable_by(Bid::rank);
    let mut left = i128::from(budget_minor);
    bids.retain(|bid| {
        let fits = i128::from(bid.cost_minor) <= left;
        left -= if fits { i128::from(bid.cost_minor) } else { 0 };
        !fits
    });
    let mut moved: Vec<Position> = bids.into_iter().map(|bid| bid.position).collect();
    moved.sort_unstable();
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bid(position: u32, net_minor: i64, cost_minor: i64) -> Bid {
        Bid { position: Position(position), net_minor, cost_minor }
    }

    #[test]
    fn the_best_value_per_cost_is_paid_for_first() {
        let check = |bids: &[Bid], budget: i64, moved: &[u32]| {
            let found: Vec<u32> = over_budget(bids.to_vec(), budget).iter().map(|position| position.0).collect();
            assert_eq!(found, moved, "{budget}");
        };
        let bids = [bid(0, 100, 100), bid(1, 300, 100), bid(2, 300, 200), bid(3, -40, 40)];
        check(&bids, 440, &[]);
        check(&bids, 439, &[3]);
        check(&bids, 300, &[0, 3]);
        // What does not fit is left out; cheaper ones after it still get their turn.
        check(&bids, 140, &[0, 2]);
        check(&bids, 99, &[0, 1, 2]);
        check(&bids, 0, &[0, 1, 2, 3]);
        check(&[bid(7, 5, 10), bid(3, 10, 20), bid(5, 5, 10)], 20, &[5, 7]);
    }

    proptest! {
        #[test]
        fn the_budget_is_kept_and_nobody_is_left_out_who_still_fits(
            parts in prop::collection::vec((-500..5_000_i64, 1..2_000_i64), 0..60), budget in 0..20_000_i64,
        ) {
            let bids: Vec<Bid> = parts.iter().zip(0..).map(|(&(net, cost), place)| bid(place, net, cost)).collect();
            let moved = over_budget(bids.clone(), budget);
            let paid: i64 = bids.iter().filter(|bid| !moved.contains(&bid.position)).map(|bid| bid.cost_minor).sum();
            prop_assert!(paid <= budget);
            prop_assert!(bids.iter().filter(|bid| moved.contains(&bid.position)).all(|bid| paid + bid.cost_minor > budget));
            let turned: Vec<Bid> = bids.into_iter().rev().collect();
            prop_assert_eq!(over_budget(turned, budget), moved);
        }
    }
}
