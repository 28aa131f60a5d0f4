//! The strategy: value × reason × risk → rule → offers, without a hole.
use super::claims::offer_anchor;
use super::{Amount, Named};
use crate::strings::{Strings, fill};
use crate::words;
use serde::{Deserialize, Serialize};
use winback_core::money::{Money, group_thousands};
use winback_core::offer::matrix::{MatrixCell, matrix};
use winback_core::offer::{Offer, OfferCost};
use winback_core::portfolio::Context;
use winback_core::risk::{Measure, RiskLevel, ValueBy, ValueTier};
use winback_core::run::Stage;
use winback_core::schema::Theme;
use winback_core::store::StoreError;

/// The whole strategy.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StrategyView {
    /// The hash of the catalogue.
    pub catalogue: String,
    /// What the value is measured by.
    pub value_by: Named,
    /// The lower bound of the mid tier.
    pub mid_bound: BoundView,
    /// The lower bound of the high tier.
    pub high_bound: BoundView,
    /// The bounds in words: `Value (Monthly charge): High ≥ $80 · Mid ≥ $40 · Low < $40`.
    pub tiers: String,
    /// One part for each risk level at which customers are contacted.
    pub levels: Vec<LevelView>,
    /// The offers.
    pub offers: Vec<CatalogueOffer>,
    /// What became of the budget; absent where the catalogue had none when the run was planned.
    pub budget: Option<BudgetView>,
}

/// Where a value tier begins: an amount of money, or a number in the unit of the column that the value is measured by.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BoundView {
    /// The amount in minor units (cents); absent where it is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<i64>,
    /// The ISO 4217 code; absent where it is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The number; absent where it is an amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// As people read it: `$1,889.50`, `12 visits`.
    pub text: String,
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
    /// What it costs the company at the mid bound's monthly charge; absent where the value is measured by something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_at_mid: Option<Amount>,
    /// What it costs the company, in words: that amount, or how it follows from the monthly charge.
    pub cost_text: String,
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
        value_by: Named::new(context.bounds.by().tag(), context.bounds.by().label(&context.table).get(s.locale)),
        tiers: tiers_text(context, s),
        mid_bound: bound_view(context, context.bounds.mid(), s),
        high_bound: bound_view(context, context.bounds.high(), s),
        levels: contacted.into_iter().map(|level| level_view(context, level, &cells, s)).collect(),
        offers: context.catalogue.offers.iter().map(|offer| offer_view(context, offer, s)).collect(),
        budget: budget_view(context, s)?,
    })
}

fn bound_view(context: &Context, bound: Measure, s: &Strings) -> BoundView {
    let text = bound.display(context.bounds.by(), &context.table, s.locale);
    let currency = || context.table.currency.code().to_owned();
    match bound {
        Measure::Minor(minor) => BoundView { minor: Some(minor), currency: Some(currency()), number: None, text },
        Measure::Number(number) => BoundView { minor: None, currency: None, number: Some(number), text },
    }
}

fn tiers_text(context: &Context, s: &Strings) -> String {
    let (by, table) = (context.bounds.by(), &context.table);
    let [mid, high] = [context.bounds.mid(), context.bounds.high()].map(|bound| bound.display(by, table, s.locale));
    let label = by.label(table);
    let values = [("measure", label.get(s.locale).as_str()), ("mid", mid.as_str()), ("high", high.as_str())];
    fill(s.strategy_tiers, &values)
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

/// Returns how a cost follows from the monthly charge: `$9 + 6 × 15% of the monthly charge`.
fn cost_text(context: &Context, cost: &OfferCost, s: &Strings) -> String {
    let (percent, months) = (cost.percent_of_charge.to_string(), cost.months.to_string());
    let share = fill(s.cost_share, &[("months", &months), ("percent", &percent)]);
    let fixed = Amount::spent(context, cost.fixed.minor).text;
    match (cost.fixed.minor, cost.percent_of_charge > 0 && cost.months > 0) {
        (_, false) => fixed,
        (0, true) => share,
        (_, true) => format!("{fixed} + {share}"),
    }
}

fn offer_view(context: &Context, offer: &Offer, s: &Strings) -> CatalogueOffer {
    let at_mid = match (context.bounds.by(), context.bounds.mid()) {
        (ValueBy::Monthly, Measure::Minor(minor)) => Some(Money::new(minor, context.table.currency)),
        _ => None,
    };
    let cost_at_mid = at_mid.map(|charge| Amount::spent(context, offer.cost.for_charge(Some(charge)).minor));
    CatalogueOffer {
        offer: Named::new(&offer.id.0, offer.name.get(s.locale)),
        kind: s.offer_kind(offer.kind),
        cost_text: cost_at_mid.as_ref().map_or_else(|| cost_text(context, &offer.cost, s), |cost| cost.text.clone()),
        cost_at_mid,
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
