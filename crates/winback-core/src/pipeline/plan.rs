//! `plan`: assessments become campaign plans. One customer or a million, the
//! same function chooses.
use crate::agents::campaign_designer::{self, DesignInput, Designer, OtherCurrency, Spending};
use crate::campaign::{CampaignPlan, Decision, WhyNoContact};
use crate::customer::Customer;
use crate::feature::FeatureSchema;
use crate::id::{Position, RunId};
use crate::offer::budget::{Bid, over_budget};
use crate::offer::{Catalogue, OfferId};
use crate::peer::PeerTable;
use crate::pipeline::import::PAGE_ROWS;
use crate::progress::{Progress, Work};
use crate::run::Stage;
use crate::schema::TableSchema;
use crate::store::{Standing, Store, StoreError};
use futures_util::future::join;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What plans are made with.
pub struct Planner<'a> {
    table: &'a TableSchema,
    features: &'a FeatureSchema,
    designer: Designer<'a>,
    full: &'a Catalogue,
    /// What is left to hand out, customer after customer.
    catalogue: Catalogue,
    /// What is left for those whom the budget does not reach, once everybody was planned for without it.
    spare: Catalogue,
    /// Whom the budget does not reach, in order of position.
    moved: Vec<Position>,
    contact_departed: bool,
    today: Date,
}

/// What a planner is made of.
pub struct PlannerSetup<'a> {
    /// The table.
    pub table: &'a TableSchema,
    /// The features and reasons.
    pub features: &'a FeatureSchema,
    /// What is usual among peers.
    pub peers: &'a PeerTable,
    /// The offers and rules.
    pub catalogue: &'a Catalogue,
    /// Whether customers whose row says that they left are planned for like the others.
    pub contact_departed: bool,
    /// The day of the plan.
    pub today: Date,
}

/// What planning a portfolio did. The three kinds of outcome add up to `planned`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanReport {
    /// Customers planned for.
    pub planned: u64,
    /// Of them, customers with an offer, by offer.
    pub offers: BTreeMap<OfferId, u64>,
    /// Of them, contacts without an offer.
    pub service_contacts: u64,
    /// Of them, customers left alone because the risk is low.
    pub low_risk: u64,
    /// Of them, customers left alone because they have left already.
    pub already_left: u64,
    /// Of them, customers whose value tier is unknown, planned by the rules for everyone.
    pub without_tier: u64,
    /// What the offers cost if everyone takes them, in minor units.
    pub cost_minor: i64,
    /// What the offers are assumed to bring net, in minor units.
    pub net_minor: i64,
    /// What the offers may cost together, in minor units; `None` for no limit.
    #[serde(default)]
    pub budget_minor: Option<i64>,
    /// Of those planned for, customers who get an offer that costs nothing, or none, because the budget is spent.
    #[serde(default)]
    pub moved: u64,
}

/// Why customers could not be planned for.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table and the catalogue are in different currencies.
    #[error(transparent)]
    Currency(#[from] OtherCurrency),
}

impl<'a> Planner<'a> {
    /// Prepares for the customers of one table.
    pub fn new(setup: &PlannerSetup<'a>) -> Result<Self, PlanError> {
        Ok(Self {
            table: setup.table,
            features: setup.features,
            designer: Designer::new(setup.table, setup.peers, &[setup.catalogue])?,
            full: setup.catalogue,
            catalogue: setup.catalogue.clone(),
            spare: setup.catalogue.clone(),
            moved: Vec::new(),
            contact_departed: setup.contact_departed,
            today: setup.today,
        })
    }

    /// Returns the plan for a customer and takes the chosen offer from its stock. A customer whom the budget does not
    /// reach gets the first offer of the rule that costs nothing, or a service contact.
    pub fn plan(&mut self, customer: &Customer, standing: &Standing) -> CampaignPlan {
        let input = self.input(customer, standing);
        let plan = campaign_designer::plan(&input, &self.catalogue, self.today);
        if let Some(choice) = plan.decision.choice() {
            self.catalogue.take(&choice.offer);
        }
        if self.moved.binary_search(&customer.position).is_err() {
            return plan;
        }
        if let Some(choice) = plan.decision.choice() {
            self.spare.put_back(&choice.offer);
        }
        let free = campaign_designer::plan_spending(&input, &self.spare, self.today, Spending::Nothing);
        if let Some(choice) = free.decision.choice() {
            self.spare.take(&choice.offer);
        }
        free
    }

    fn input(&self, customer: &Customer, standing: &Standing) -> DesignInput {
        let theme = standing.main_group.and_then(|group| self.features.groups.get(usize::from(group))).map(|group| group.theme);
        let mut input = self.designer.input(customer, standing, theme);
        input.already_left = !self.contact_departed && customer.label(self.table) == Some(true);
        input
    }

    /// Settles whom the budget does not reach, and begins anew with the full stock.
    fn settle(&mut self, bids: Vec<Bid>, budget_minor: i64) {
        self.spare = std::mem::replace(&mut self.catalogue, self.full.clone());
        self.moved = over_budget(bids, budget_minor);
    }

    /// Returns whether one customer's plan depends on the others'.
    fn shares(&self) -> bool {
        self.full.budget.is_some() || self.full.offers.iter().any(|offer| offer.stock.is_some())
    }
}

/// Plans for every assessed customer of a run that has no plan yet, a page a transaction. A catalogue with limited
/// stock or a budget is planned from the first customer on, so that a broken-off run hands out the same offers. With
/// a budget everybody is planned for twice: once to see what the offers bring and cost, once to keep what is decided.
pub async fn plan(run: RunId, planner: &mut Planner<'_>, store: &dyn Store, progress: &dyn Progress) -> Result<PlanReport, PlanError> {
    if planner.shares() {
        store.reopen(run, Stage::Plan).await?;
    }
    if let Some(budget) = planner.full.budget {
        let bids = bids(run, planner, store).await?;
        planner.settle(bids, budget.minor);
    }
    let done = store.progress(run).await?;
    let mut report = recount(run, done.planned, store).await?;
    report.budget_minor = planner.full.budget.map(|budget| budget.minor);
    progress.begin(Work::Plan, Some(done.assessed - done.planned));
    let mut from = done.planned;
    let mut next = page(run, planner.table, store, from).await?;
    while !next.is_empty() {
        from += next.len() as u64;
        let plans: Vec<CampaignPlan> = next.iter().map(|(customer, standing)| planner.plan(customer, standing)).collect();
        plans.iter().for_each(|plan| report.count(plan));
        let (saved, loaded) = join(store.save_plans(run, &plans), page(run, planner.table, store, from)).await;
        saved?;
        progress.advance(plans.len() as u64);
        next = loaded?;
    }
    progress.done();
    Ok(report)
}

/// Returns what everybody's offers would bring and cost without a budget; nothing is stored.
async fn bids(run: RunId, planner: &mut Planner<'_>, store: &dyn Store) -> Result<Vec<Bid>, PlanError> {
    let mut bids = Vec::new();
    let mut from = 0;
    loop {
        let next = page(run, planner.table, store, from).await?;
        if next.is_empty() {
            return Ok(bids);
        }
        from += next.len() as u64;
        bids.extend(next.iter().filter_map(|(customer, standing)| Bid::of(&planner.plan(customer, standing))));
    }
}

/// Returns the report of the plans that a broken-off run has stored.
async fn recount(run: RunId, planned: u64, store: &dyn Store) -> Result<PlanReport, StoreError> {
    let mut report = PlanReport::default();
    while report.planned < planned {
        let from = Position(u32::try_from(report.planned).unwrap_or(u32::MAX));
        let page = store.plans(run, from, PAGE_ROWS as u64).await?;
        if page.is_empty() {
            break;
        }
        page.iter().for_each(|plan| report.count(plan));
    }
    Ok(report)
}

async fn page(run: RunId, table: &TableSchema, store: &dyn Store, from: u64) -> Result<Vec<(Customer, Standing)>, StoreError> {
    let (from, limit) = (Position(u32::try_from(from).unwrap_or(u32::MAX)), PAGE_ROWS as u64);
    let (customers, standings) = join(store.customers(run, table, from, limit), store.assessments(run, from, limit)).await;
    let pair = |(customer, standing): (Customer, Standing)| match customer.position == standing.assessment.position {
        true => Ok((customer, standing)),
        false => {
            let why = format!("the one at position {} is missing; assess the customers again", customer.position.0);
            Err(StoreError::Damaged { what: "assessment", run, why })
        }
    };
    customers?.into_iter().zip(standings?).map(pair).collect()
}

impl PlanReport {
    fn count(&mut self, plan: &CampaignPlan) {
        self.planned += 1;
        self.moved += u64::from(plan.is_over_budget());
        self.without_tier += u64::from(plan.inputs.tier.is_none());
        match &plan.decision {
            Decision::Offer(choice) => {
                *self.offers.entry(choice.offer.clone()).or_default() += 1;
                self.cost_minor = self.cost_minor.saturating_add(choice.cost_minor);
                self.net_minor = self.net_minor.saturating_add(choice.effect.net_minor);
            }
            Decision::ServiceContact { .. } => self.service_contacts += 1,
            Decision::NoContact { why: WhyNoContact::LowRisk } => self.low_risk += 1,
            Decision::NoContact { why: WhyNoContact::AlreadyLeft } => self.already_left += 1,
        }
    }
}
