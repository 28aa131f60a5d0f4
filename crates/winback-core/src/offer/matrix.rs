//! The strategy matrix: value × main reason × risk → rule and offers, complete, for people to read.
use crate::offer::{Catalogue, Offer, OfferId};
use crate::risk::{RiskLevel, ValueTier};
use crate::schema::Theme;
use serde::{Deserialize, Serialize};

/// One kind of customer: a value tier, a risk level and the theme of the main reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cell {
    /// The value tier; `None` where the value is unknown.
    pub tier: Option<ValueTier>,
    /// The risk level; never low, for nobody at low risk is contacted.
    pub level: RiskLevel,
    /// The theme of the main reason; `None` without a dominant reason.
    pub theme: Option<Theme>,
}

/// A cell of the matrix with what is done in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MatrixCell {
    /// The kind of customer.
    pub cell: Cell,
    /// The rule that fits, by its id; `None` for a hole.
    pub rule: Option<String>,
    /// The offers of the rule that this kind of customer can have by tier and level, in the order in which they are tried.
    pub offers: Vec<OfferId>,
}

impl Cell {
    /// Returns every cell: the levels from the most serious, in each the tiers from the most valuable with the
    /// unknown one last, in each the themes with "no dominant reason" last.
    pub fn all() -> impl Iterator<Item = Cell> {
        let tiers = || ValueTier::ALL.into_iter().map(Some).chain([None]);
        let themes = || Theme::ALL.into_iter().map(Some).chain([None]);
        [RiskLevel::High, RiskLevel::Medium]
            .into_iter()
            .flat_map(move |level| tiers().flat_map(move |tier| themes().map(move |theme| Cell { tier, level, theme })))
    }

    /// Returns the cell as a person types it: `value high, risk medium, reason price`.
    pub fn words(&self) -> String {
        let tier = self.tier.map_or("unknown", ValueTier::tag);
        let theme = self.theme.map_or("none", Theme::tag);
        format!("value {tier}, risk {}, reason {theme}", self.level.tag())
    }
}

/// Returns the complete matrix, one entry for each cell of [`Cell::all`].
pub fn matrix(catalogue: &Catalogue) -> Vec<MatrixCell> {
    Cell::all().map(|cell| entry(catalogue, cell)).collect()
}

fn entry(catalogue: &Catalogue, cell: Cell) -> MatrixCell {
    let rule = catalogue.rule(cell.tier, cell.level, cell.theme);
    let offers = rule.map_or(&[][..], |rule| &rule.offers).iter().filter_map(|id| catalogue.offer(id));
    let offers = offers.filter(|offer| open_to(offer, cell)).map(|offer| offer.id.clone()).collect();
    MatrixCell { cell, rule: rule.map(|rule| rule.id.clone()), offers }
}

/// Returns whether an offer is open to a kind of customer by tier and level; an unknown tier meets no condition on the tier.
pub fn open_to(offer: &Offer, cell: Cell) -> bool {
    let who = &offer.eligibility;
    let of_value = who.value.is_empty() || cell.tier.is_some_and(|tier| who.value.contains(&tier));
    of_value && (who.risk.is_empty() || who.risk.contains(&cell.level))
}
