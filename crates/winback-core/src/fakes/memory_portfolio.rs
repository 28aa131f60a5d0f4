//! What people read of the store in memory.
use super::memory::{MemoryStore, Shelf};
use crate::campaign::ApprovalState;
use crate::id::{CustomerId, Position, RunId};
use crate::portfolio::{
    CustomerFile, CustomerRow, Filter, ListPage, ListQuery, MatrixCell, OfferCount, Overview, PortfolioReader, SegmentTally, SortKey,
};
use crate::risk::{RiskLevel, RiskThresholds, ValueTier};
use crate::schema::TableSchema;
use crate::search::{draw, fold, nearest};
use crate::store::{Standing, StoreError};
use async_trait::async_trait;
use std::cmp::Ordering;
use std::collections::BTreeMap;

#[async_trait]
impl PortfolioReader for MemoryStore {
    async fn overview(&self, run: RunId) -> Result<Overview, StoreError> {
        Ok(self.read(run, |shelf| Some(overview(shelf))).unwrap_or_else(|| Overview { histogram: vec![0; 20], ..Overview::default() }))
    }

    async fn list(&self, run: RunId, query: &ListQuery) -> Result<ListPage, StoreError> {
        let rows = self.read(run, |shelf| listed(shelf, query));
        let total = rows.len() as u64;
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(query.limit.clamp(1, 500)).unwrap_or(500);
        Ok(ListPage { total, rows: rows.into_iter().skip(offset).take(limit).collect() })
    }

    async fn positions(&self, run: RunId, query: &ListQuery) -> Result<Vec<Position>, StoreError> {
        let rows = self.read(run, |shelf| listed(shelf, query));
        let bound = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(rows.into_iter().map(|row| row.position).skip(bound(query.offset)).take(bound(query.limit)).collect())
    }

    async fn file(&self, run: RunId, id: &CustomerId, _schema: &TableSchema) -> Result<Option<CustomerFile>, StoreError> {
        Ok(self.read(run, |shelf| {
            let customer = shelf.customers.values().find(|customer| customer.id == *id)?.clone();
            let at = customer.position;
            Some(CustomerFile {
                assessment: shelf.standings.get(&at).map(|row| row.assessment.clone()),
                plan: shelf.plans.get(&at).cloned(),
                writings: shelf.writings.iter().filter(|((position, _), _)| *position == at).map(|(_, row)| row.clone()).collect(),
                approval: shelf.approvals.get(&at).map(|approval| approval.state),
                customer,
            })
        }))
    }

    async fn random(&self, run: RunId, filter: &Filter, seed: u64) -> Result<Option<CustomerId>, StoreError> {
        let rows = self.read(run, |shelf| selected(shelf, filter));
        let drawn = draw(seed, rows.len() as u64).and_then(|at| usize::try_from(at).ok());
        Ok(drawn.and_then(|at| rows.into_iter().nth(at)).map(|row| row.id))
    }

    async fn nearest_ids(&self, run: RunId, text: &str, limit: usize) -> Result<Vec<CustomerId>, StoreError> {
        let text = fold(text);
        if text.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.read(run, |shelf| nearest(&text, shelf.customers.values().map(|customer| customer.id.clone()), limit)))
    }

    async fn threshold_moves(&self, run: RunId, thresholds: &RiskThresholds) -> Result<Vec<(RiskLevel, RiskLevel, u64)>, StoreError> {
        Ok(self.read(run, |shelf| {
            let mut moves = Vec::new();
            for from in RiskLevel::ALL {
                for to in RiskLevel::ALL.into_iter().filter(|&to| to != from) {
                    let departed = |at| shelf.plans.get(&at).is_some_and(|plan| plan.decision.is_departed());
                    let moved = |row: &&Standing| {
                        row.level == from && thresholds.level(row.assessment.probability) == to && !departed(row.assessment.position)
                    };
                    let count = shelf.standings.values().filter(moved).count() as u64;
                    moves.extend((count > 0).then_some((from, to, count)));
                }
            }
            moves
        }))
    }
}

fn listed(shelf: &Shelf, query: &ListQuery) -> Vec<CustomerRow> {
    let mut rows = selected(shelf, &query.filter);
    rows.sort_by(|a, b| {
        let exact = |row: &CustomerRow| query.filter.search.as_deref().map(|text| exactness(text, row.id.as_str()));
        exact(a).cmp(&exact(b)).then_with(|| compare(query, a, b)).then_with(|| a.position.cmp(&b.position))
    });
    rows
}

fn overview(shelf: &Shelf) -> Overview {
    let mut histogram = vec![0; 20];
    let mut at_risk = 0.0;
    for row in current(shelf) {
        let p = row.assessment.probability.value();
        histogram[((p * 20.0) as usize).min(19)] += 1;
        at_risk += p * row.monthly_minor.unwrap_or(0) as f64;
    }
    Overview {
        customers: shelf.customers.len() as u64,
        departed: shelf.plans.values().filter(|plan| plan.decision.is_departed()).count() as u64,
        matrix: matrix(shelf),
        histogram,
        monthly_minor: current(shelf).filter_map(|row| row.monthly_minor).sum(),
        at_risk_minor: f64::round(at_risk) as i64,
        offers: offers(shelf),
        segments: segments(shelf),
        written: shelf.customers.keys().filter(|&&position| shelf.is_written(position)).count() as u64,
        approved: shelf.approvals.values().filter(|approval| approval.state == ApprovalState::Approved).count() as u64,
    }
}

/// Returns the assessed customers who have not left.
fn current(shelf: &Shelf) -> impl Iterator<Item = &Standing> {
    let departed = |row: &&Standing| shelf.plans.get(&row.assessment.position).is_some_and(|plan| plan.decision.is_departed());
    shelf.standings.values().filter(move |row| !departed(row))
}

fn matrix(shelf: &Shelf) -> Vec<MatrixCell> {
    let tiers = ValueTier::ALL.map(Some).into_iter().chain([None]);
    let cells = RiskLevel::ALL.into_iter().flat_map(|level| tiers.clone().map(move |tier| (level, tier)));
    let cell = |(level, tier)| {
        let rows: Vec<&Standing> = current(shelf).filter(|row| row.level == level && row.tier == tier).collect();
        let monthly_minor = rows.iter().filter_map(|row| row.monthly_minor).sum();
        MatrixCell { level, tier, customers: rows.len() as u64, monthly_minor }
    };
    cells.map(cell).filter(|cell| cell.customers > 0).collect()
}

fn segments(shelf: &Shelf) -> Vec<SegmentTally> {
    let mut counts = BTreeMap::new();
    for standing in shelf.standings.values() {
        let departed = shelf.plans.get(&standing.assessment.position).is_some_and(|plan| plan.decision.is_departed());
        *counts.entry((standing.segment.is_none(), standing.segment.clone())).or_insert(0) += u64::from(!departed);
    }
    let mut tallies: Vec<SegmentTally> = counts.into_iter().map(|((_, segment), customers)| SegmentTally { segment, customers }).collect();
    tallies.sort_by_key(|tally| (tally.segment.is_none(), std::cmp::Reverse(tally.customers)));
    tallies
}

fn offers(shelf: &Shelf) -> Vec<OfferCount> {
    let mut counts = BTreeMap::new();
    for plan in shelf.plans.values().filter(|plan| plan.decision.is_contact()) {
        let choice = plan.decision.choice();
        let offer = choice.map(|choice| choice.offer.clone());
        let empty = OfferCount { offer: offer.clone(), customers: 0, cost_minor: 0, net_minor: 0 };
        let count = counts.entry((offer.is_none(), offer)).or_insert(empty);
        count.customers += 1;
        count.cost_minor += choice.map_or(0, |choice| choice.cost_minor);
        count.net_minor += choice.map_or(0, |choice| choice.effect.net_minor);
    }
    let mut offers: Vec<OfferCount> = counts.into_values().collect();
    offers.sort_by_key(|count| std::cmp::Reverse(count.customers));
    offers
}

fn selected(shelf: &Shelf, filter: &Filter) -> Vec<CustomerRow> {
    shelf.standings.values().map(|row| card(shelf, row)).filter(|row| fits(row, filter)).collect()
}

fn card(shelf: &Shelf, row: &Standing) -> CustomerRow {
    let position = row.assessment.position;
    let plan = shelf.plans.get(&position);
    let choice = plan.and_then(|plan| plan.decision.choice());
    CustomerRow {
        position,
        id: row.assessment.customer.clone(),
        probability: row.assessment.probability.value(),
        level: row.level,
        tier: row.tier,
        monthly_minor: row.monthly_minor,
        main_group: row.main_group,
        contact: plan.map(|plan| plan.decision.is_contact()),
        offer: choice.map(|choice| choice.offer.clone()),
        net_minor: choice.map(|choice| choice.effect.net_minor),
        departed: plan.is_some_and(|plan| plan.decision.is_departed()),
        written: shelf.is_written(position),
        approval: shelf.approvals.get(&position).map(|approval| approval.state),
        segment: row.segment.clone(),
    }
}

fn fits(row: &CustomerRow, filter: &Filter) -> bool {
    let search = filter.search.as_deref().is_none_or(|text| fold(row.id.as_str()).contains(&fold(text)));
    search
        && filter.level.is_none_or(|level| row.level == level)
        && filter.tier.is_none_or(|tier| row.tier == tier)
        && filter.contact.is_none_or(|contact| row.contact == Some(contact))
        && filter.offer.as_ref().is_none_or(|offer| row.offer.as_ref() == Some(offer))
        && filter.written.is_none_or(|written| row.written == written)
        && filter.approval.is_none_or(|state| row.approval == Some(state))
        && filter.departed.is_none_or(|departed| row.departed == departed)
        && filter.segment.as_ref().is_none_or(|segment| row.segment == *segment)
}

fn exactness(text: &str, id: &str) -> u8 {
    match id {
        _ if id == text.trim() => 0,
        _ if fold(id) == fold(text) => 1,
        _ => 2,
    }
}

fn compare(query: &ListQuery, a: &CustomerRow, b: &CustomerRow) -> Ordering {
    let turned = |order: Ordering| if query.descending { order.reverse() } else { order };
    let unknown_last = |a: Option<i64>, b: Option<i64>| a.is_none().cmp(&b.is_none()).then_with(|| turned(a.cmp(&b)));
    match query.sort {
        SortKey::Probability => turned(a.probability.total_cmp(&b.probability)),
        SortKey::MonthlyCharge => unknown_last(a.monthly_minor, b.monthly_minor),
        SortKey::NetValue => unknown_last(a.net_minor, b.net_minor),
        SortKey::Id => turned(a.id.cmp(&b.id)),
        SortKey::Position => turned(a.position.cmp(&b.position)),
    }
}
