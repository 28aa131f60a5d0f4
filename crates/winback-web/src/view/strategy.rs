//! The strategy: value × reason × risk → rule → offers, without a hole.
use super::claims::offer_anchor;
use super::{Amount, Named};
use crate::strings::{Strings, fill};
use crate::words;
use serde::{Deserialize, Serialize};
use winback_core::money::group_thousands;
use winback_core::offer::Offer;
use winback_core::offer::matrix::{MatrixCell, matrix};
use winback_core::portfolio::Context;
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::run::Stage;
use winback_core::schema::Theme;
use winback_core::store::StoreError;

/// The whole strategy.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StrategyView {
    /// The hash of the catalogue.
    pub catalogue: String,
    /// The lower bound of the mid tier.
    pub mid_bound: Amount,
    /// The lower bound of the high tier.
    pub high_bound: Amount,
    /// One part for each risk level at which customers are contacted.
    pub levels: Vec<LevelView>,
    /// The offers.
    pub offers: Vec<CatalogueOffer>,
    /// What became of the budget; absent where the catalogue had none when the run was planned.
    pub budget: Option<BudgetView>,
}

/// What the offers of the run may cost together, and what is planned of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BudgetView {
    /// The budget.
    pub limit: Amount,
    /// What the planned offers cost if everyone takes them.
    pub spent: Amount,
    /// What is left then.
    pub left: Amount,
    /// Customers who get an offer that costs nothing, or none, because the budget is spent.
    pub moved: u64,
    /// The same in words.
    pub text: String,
}

/// The strategy at one risk level.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LevelView {
    /// The risk level.
    pub level: Named,
    /// One row for each theme, the last for customers without a dominant reason.
    pub rows: Vec<ThemeRow>,
}

/// What is offered for one reason.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ThemeRow {
    /// The theme of the main reason.
    pub theme: Named,
    /// One cell for each value tier, the last for customers of unknown value.
    pub cells: Vec<StrategyCell>,
}

/// What is offered for one reason at one value.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StrategyCell {
    /// The value tier.
    pub tier: Named,
    /// The rule; absent where the default, a service contact, is taken.
    pub rule: Option<String>,
    /// The offers open to this kind of customer, in the rule's order; the first a customer can have is chosen.
    pub offers: Vec<Named>,
}

/// An offer of the catalogue.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CatalogueOffer {
    /// The offer.
    pub offer: Named,
    /// The kind.
    pub kind: Named,
    /// What it costs the company at the mid bound's monthly charge.
    pub cost_at_mid: Amount,
    /// Who may have it, in words; empty for everyone.
    pub eligibility: Vec<String>,
    /// The first day, where there is one.
    pub valid_from: Option<String>,
    /// The last day, where there is one.
    pub valid_until: Option<String>,
    /// How many there are; absent without a limit.
    pub stock: Option<u32>,
    /// The share of would-be leavers assumed to stay because of it.
    pub saves: f64,
    /// Where that number comes from.
    pub source: String,
}

impl CatalogueOffer {
    /// Returns what the offer is named in the page, for links to it.
    pub(crate) fn anchor(&self) -> String {
        offer_anchor(&self.offer.tag)
    }

    /// Returns the assumed share as people read it.
    pub(crate) fn saves_text(&self) -> String {
        words::percent(self.saves)
    }
}

pub(crate) fn view(context: &Context, s: &Strings) -> Result<StrategyView, StoreError> {
    let contacted = [RiskLevel::High, RiskLevel::Medium];
    let cells = matrix(&context.catalogue);
    Ok(StrategyView {
        catalogue: context.catalogue.digest.short().to_owned(),
        mid_bound: Amount::paid(context, context.bounds.mid().minor),
        high_bound: Amount::paid(context, context.bounds.high().minor),
        levels: contacted.into_iter().map(|level| level_view(context, level, &cells, s)).collect(),
        offers: context.catalogue.offers.iter().map(|offer| offer_view(context, offer, s)).collect(),
        budget: budget_view(context, s)?,
    })
}

/// What the report of the plans says of the budget.
#[derive(Deserialize)]
struct Planned {
    #[serde(default)]
    budget_minor: Option<i64>,
    #[serde(default)]
    cost_minor: i64,
    #[serde(default)]
    moved: u64,
}

fn budget_view(context: &Context, s: &Strings) -> Result<Option<BudgetView>, StoreError> {
    let Some(kept) = context.run.report(Stage::Plan) else { return Ok(None) };
    let damaged =
        |error: serde_json::Error| StoreError::Damaged { what: "report of the plans", run: context.run.id, why: error.to_string() };
    let planned = Planned::deserialize(&kept.report).map_err(damaged)?;
    Ok(planned.budget_minor.map(|budget| {
        let amount = |minor: i64| Amount::spent(context, minor);
        let (limit, spent, left) = (amount(budget), amount(planned.cost_minor), amount(budget.saturating_sub(planned.cost_minor)));
        let moved = group_thousands(&planned.moved.to_string());
        let values = [("budget", &limit.text), ("spent", &spent.text), ("left", &left.text), ("moved", &moved)];
        let text = fill(s.strategy_budget, &values.map(|(name, value)| (name, value.as_str())));
        BudgetView { limit, spent, left, moved: planned.moved, text }
    }))
}

fn level_view(context: &Context, level: RiskLevel, cells: &[MatrixCell], s: &Strings) -> LevelView {
    let themes = Theme::ALL.into_iter().map(Some).chain([None]);
    let row = |theme: Option<Theme>| ThemeRow {
        theme: Named::new(theme.map_or("none", Theme::tag), &words::theme(theme, s)),
        cells: cells
            .iter()
            .filter(|cell| (cell.cell.level, cell.cell.theme) == (level, theme))
            .map(|cell| cell_view(context, cell, s))
            .collect(),
    };
    LevelView { level: Named::new(level.tag(), s.level(level)), rows: themes.map(row).collect() }
}

fn cell_view(context: &Context, cell: &MatrixCell, s: &Strings) -> StrategyCell {
    let tier = cell.cell.tier;
    StrategyCell {
        tier: Named::new(tier.map_or("unknown", ValueTier::tag), tier.map_or(s.tier_unknown, |tier| s.tier(tier))),
        rule: cell.rule.clone(),
        offers: cell.offers.iter().map(|id| Named::new(&id.0, &words::offer_name(context, id, s.locale))).collect(),
    }
}

fn offer_view(context: &Context, offer: &Offer, s: &Strings) -> CatalogueOffer {
    CatalogueOffer {
        offer: Named::new(&offer.id.0, offer.name.get(s.locale)),
        kind: s.offer_kind(offer.kind),
        cost_at_mid: Amount::spent(context, offer.cost.for_charge(Some(context.bounds.mid())).minor),
        eligibility: eligibility(context, offer, s),
        valid_from: offer.valid_from.map(|day| day.to_string()),
        valid_until: offer.valid_until.map(|day| day.to_string()),
        stock: offer.stock,
        saves: offer.effect.saves,
        source: offer.effect.source.get(s.locale).clone(),
    }
}

fn eligibility(context: &Context, offer: &Offer, s: &Strings) -> Vec<String> {
    let who = &offer.eligibility;
    let list = |words: Vec<&str>| words.join(s.list_comma);
    let mut conditions = Vec::new();
    if !who.risk.is_empty() {
        conditions.push(format!("{}{}{}", s.col_risk, s.colon, list(who.risk.iter().map(|level| s.level(*level)).collect())));
    }
    if !who.value.is_empty() {
        conditions.push(format!("{}{}{}", s.col_value, s.colon, list(who.value.iter().map(|tier| s.tier(*tier)).collect())));
    }
    let bound = winback_core::customer::display_number;
    match (who.tenure_min.map(bound), who.tenure_max.map(bound)) {
        (None, None) => {}
        (Some(least), None) => conditions.push(format!("{} ≥ {least}", s.input_tenure)),
        (None, Some(most)) => conditions.push(format!("{} ≤ {most}", s.input_tenure)),
        (Some(least), Some(most)) => conditions.push(format!("{}{}{least}–{most}", s.input_tenure, s.colon)),
    }
    if let Some(least) = who.charge_min {
        conditions.push(format!("{} ≥ {least}", s.col_monthly));
    }
    for (column, values) in &who.having {
        let known = context.table.index_of(column).map(|index| &context.table.columns[index]);
        let label = known.map_or(column.as_str(), |column| column.label.get(s.locale));
        let word = |value: &String| {
            known.and_then(|column| column.value_labels.get(value)).map_or_else(|| value.clone(), |label| label.get(s.locale).clone())
        };
        conditions.push(format!("{label}{}{}", s.colon, values.iter().map(word).collect::<Vec<_>>().join(s.list_comma)));
    }
    conditions
}
