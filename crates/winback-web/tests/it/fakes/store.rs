//! The ports over the thirty customers in memory.
use super::model::Differences;
use super::{FakeDesk, FakeStore, write};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::date;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use winback_core::campaign::{Approval, ApprovalState, CampaignPlan};
use winback_core::customer::Customer;
use winback_core::defect::Defect;
use winback_core::feature::features;
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::locale::Locale;
use winback_core::model::ModelCard;
use winback_core::offer::OfferId;
use winback_core::pipeline::whatif::{Asked, WhatIf, WhatIfError, what_if};
use winback_core::portfolio::*;
use winback_core::risk::{ModelVersion, RiskLevel, RiskThresholds};
use winback_core::run::{Run, RunOrigin, RunProgress, Stage, StageReport};
use winback_core::schema::TableSchema;
use winback_core::store::*;

impl FakeStore {
    fn row(&self, place: usize) -> CustomerRow {
        let (customer, standing) = (&self.customers[place], &self.standings[place]);
        let choice = self.plans[place].decision.choice();
        CustomerRow {
            position: customer.position,
            id: customer.id.clone(),
            probability: standing.assessment.probability.value(),
            level: standing.level,
            tier: standing.tier,
            monthly_minor: standing.monthly_minor,
            main_group: standing.main_group,
            contact: Some(self.plans[place].decision.is_contact()),
            departed: self.plans[place].decision.is_departed(),
            offer: choice.map(|choice| choice.offer.clone()),
            net_minor: choice.map(|choice| choice.effect.net_minor),
            written: self.writings.lock().unwrap().contains_key(&customer.position),
            approval: self.decisions.lock().unwrap().get(&customer.position).map(|approval| approval.state),
            segment: standing.segment.clone(),
        }
    }

    fn filtered(&self, filter: &Filter) -> Vec<CustomerRow> {
        let search = filter.search.as_deref().unwrap_or_default().to_lowercase();
        let fits = |row: &CustomerRow| {
            row.id.as_str().to_lowercase().contains(&search)
                && filter.level.is_none_or(|level| row.level == level)
                && filter.tier.is_none_or(|tier| row.tier == tier)
                && filter.contact.is_none_or(|contact| row.contact == Some(contact))
                && filter.departed.is_none_or(|departed| row.departed == departed)
                && filter.offer.as_ref().is_none_or(|offer| row.offer.as_ref() == Some(offer))
                && filter.written.is_none_or(|written| row.written == written)
                && filter.approval.is_none_or(|approval| row.approval == Some(approval))
                && filter.segment.as_ref().is_none_or(|segment| row.segment == *segment)
        };
        (0..self.customers.len()).map(|place| self.row(place)).filter(fits).collect()
    }
}

#[async_trait]
impl PortfolioReader for FakeStore {
    async fn overview(&self, _run: RunId) -> Result<Overview, StoreError> {
        let rows = self.filtered(&Filter::default());
        let mut overview = Overview { customers: rows.len() as u64, histogram: vec![0; 20], ..Overview::default() };
        for row in &rows {
            overview.histogram[((row.probability * 20.0) as usize).min(19)] += 1;
            let minor = row.monthly_minor.unwrap_or(0);
            overview.monthly_minor += minor;
            overview.at_risk_minor += (row.probability * minor as f64).round() as i64;
            overview.written += u64::from(row.written);
            overview.approved += u64::from(row.approval == Some(ApprovalState::Approved));
            if self.segments_kept.load(Ordering::Relaxed) {
                match overview.segments.iter_mut().find(|tally| tally.segment == row.segment) {
                    Some(tally) => tally.customers += 1,
                    None => overview.segments.push(SegmentTally { segment: row.segment.clone(), customers: 1 }),
                }
            }
            match overview.matrix.iter_mut().find(|cell| (cell.level, cell.tier) == (row.level, row.tier)) {
                Some(cell) => (cell.customers, cell.monthly_minor) = (cell.customers + 1, cell.monthly_minor + minor),
                None => overview.matrix.push(MatrixCell { level: row.level, tier: row.tier, customers: 1, monthly_minor: minor }),
            }
        }
        for plan in self.plans.iter().filter(|plan| plan.decision.is_contact()) {
            let choice = plan.decision.choice();
            let (offer, cost, net) =
                (choice.map(|c| c.offer.clone()), choice.map_or(0, |c| c.cost_minor), choice.map_or(0, |c| c.effect.net_minor));
            match overview.offers.iter_mut().find(|count| count.offer == offer) {
                Some(count) => {
                    (count.customers, count.cost_minor, count.net_minor) =
                        (count.customers + 1, count.cost_minor + cost, count.net_minor + net);
                }
                None => overview.offers.push(OfferCount { offer, customers: 1, cost_minor: cost, net_minor: net }),
            }
        }
        overview.segments.sort_by_key(|tally| (tally.segment.is_none(), std::cmp::Reverse(tally.customers)));
        overview.offers.sort_by_key(|count| std::cmp::Reverse(count.customers));
        Ok(overview)
    }

    async fn list(&self, _run: RunId, query: &ListQuery) -> Result<ListPage, StoreError> {
        let mut rows = self.filtered(&query.filter);
        rows.sort_by(|a, b| match query.sort {
            SortKey::Probability => a.probability.total_cmp(&b.probability),
            SortKey::MonthlyCharge => a.monthly_minor.cmp(&b.monthly_minor),
            SortKey::NetValue => a.net_minor.cmp(&b.net_minor),
            SortKey::Id => a.id.cmp(&b.id),
            SortKey::Position => a.position.cmp(&b.position),
        });
        if query.descending {
            rows.reverse();
        }
        rows.sort_by_key(|row| query.filter.search.as_deref() != Some(row.id.as_str()));
        let total = rows.len() as u64;
        Ok(ListPage { total, rows: rows.into_iter().skip(query.offset as usize).take(query.limit as usize).collect() })
    }

    async fn positions(&self, run: RunId, query: &ListQuery) -> Result<Vec<Position>, StoreError> {
        Ok(self.list(run, query).await?.rows.into_iter().map(|row| row.position).collect())
    }

    async fn file(&self, _run: RunId, id: &CustomerId, _schema: &TableSchema) -> Result<Option<CustomerFile>, StoreError> {
        let Some(place) = self.customers.iter().position(|customer| customer.id == *id) else { return Ok(None) };
        let position = Position(place as u32);
        Ok(Some(CustomerFile {
            customer: self.customers[place].clone(),
            assessment: Some(self.standings[place].assessment.clone()),
            plan: Some(self.plans[place].clone()),
            writings: self.writings.lock().unwrap().get(&position).cloned().unwrap_or_default(),
            approval: self.decisions.lock().unwrap().get(&position).map(|approval| approval.state),
        }))
    }

    async fn random(&self, _run: RunId, filter: &Filter, seed: u64) -> Result<Option<CustomerId>, StoreError> {
        let rows = self.filtered(filter);
        Ok(rows.get((seed % rows.len().max(1) as u64) as usize).map(|row| row.id.clone()))
    }

    async fn nearest_ids(&self, _run: RunId, text: &str, limit: usize) -> Result<Vec<CustomerId>, StoreError> {
        let shared = |id: &CustomerId| id.as_str().chars().zip(text.chars()).take_while(|(a, b)| a == b).count();
        let mut ids: Vec<CustomerId> = self.customers.iter().map(|customer| customer.id.clone()).collect();
        ids.sort_by_key(|id| std::cmp::Reverse(shared(id)));
        Ok(ids.into_iter().take(limit).collect())
    }

    async fn threshold_moves(&self, _run: RunId, thresholds: &RiskThresholds) -> Result<Vec<(RiskLevel, RiskLevel, u64)>, StoreError> {
        let mut moves = BTreeMap::new();
        for standing in &self.standings {
            *moves.entry((standing.level, thresholds.level(standing.assessment.probability))).or_insert(0) += 1;
        }
        Ok(moves.into_iter().map(|((from, to), customers)| (from, to, customers)).filter(|(from, to, _)| from != to).collect())
    }
}

#[async_trait]
impl RunStore for FakeStore {
    async fn begin(&self, _origin: &RunOrigin, _now: Timestamp) -> Result<Run, StoreError> {
        Ok(self.run.clone())
    }
    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok((id == self.run.id).then(|| self.run.clone()))
    }
    async fn runs(&self, _limit: u64) -> Result<Vec<Run>, StoreError> {
        let mut runs: Vec<Run> = self.others.lock().unwrap().iter().chain([&self.run]).cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(runs)
    }
    async fn finish_stage(&self, _id: RunId, _report: &StageReport) -> Result<(), StoreError> {
        Ok(())
    }
    async fn reopen(&self, _id: RunId, _stage: Stage) -> Result<(), StoreError> {
        Ok(())
    }
    async fn progress(&self, _id: RunId) -> Result<RunProgress, StoreError> {
        Ok(RunProgress { customers: 30, source_rows: 32, assessed: 30, planned: 30, written: 2 })
    }
    async fn prune(&self, _keep: u64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl CustomerStore for FakeStore {
    async fn save_customers(&self, _run: RunId, _schema: &TableSchema, _page: &CustomerPage) -> Result<(), StoreError> {
        Ok(())
    }
    async fn customers(&self, _run: RunId, _schema: &TableSchema, from: Position, limit: u64) -> Result<Vec<Customer>, StoreError> {
        Ok(self.customers.iter().skip(from.0 as usize).take(limit as usize).cloned().collect())
    }
    async fn customer(&self, _run: RunId, _schema: &TableSchema, id: &CustomerId) -> Result<Option<Customer>, StoreError> {
        Ok(self.customers.iter().find(|customer| customer.id == *id).cloned())
    }
    async fn defects(&self, _run: RunId, offset: u64, limit: u64) -> Result<Vec<Defect>, StoreError> {
        Ok(self.defects.iter().skip(offset as usize).take(limit as usize).cloned().collect())
    }
}

#[async_trait]
impl AssessmentStore for FakeStore {
    async fn save_assessments(&self, _run: RunId, _page: &[Standing]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn assessments(&self, _run: RunId, from: Position, limit: u64) -> Result<Vec<Standing>, StoreError> {
        Ok(self.standings.iter().skip(from.0 as usize).take(limit as usize).cloned().collect())
    }
}

#[async_trait]
impl CampaignStore for FakeStore {
    async fn save_plans(&self, _run: RunId, _page: &[CampaignPlan]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn plans(&self, _run: RunId, from: Position, limit: u64) -> Result<Vec<CampaignPlan>, StoreError> {
        Ok(self.plans.iter().skip(from.0 as usize).take(limit as usize).cloned().collect())
    }
    async fn best(&self, _run: RunId, _limit: u64) -> Result<Vec<Position>, StoreError> {
        Ok(vec![])
    }
    async fn decide(&self, _run: RunId, decisions: &[Approval]) -> Result<(), StoreError> {
        self.decisions.lock().unwrap().extend(decisions.iter().map(|approval| (approval.position, approval.clone())));
        Ok(())
    }
    async fn decisions(&self, _run: RunId, state: ApprovalState) -> Result<Vec<Approval>, StoreError> {
        Ok(self.decisions.lock().unwrap().values().filter(|approval| approval.state == state).cloned().collect())
    }
}

#[async_trait]
impl MessageStore for FakeStore {
    async fn save_writings(&self, _run: RunId, _page: &[Writing]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn writings(&self, _run: RunId, position: Position) -> Result<Vec<Writing>, StoreError> {
        Ok(self.writings.lock().unwrap().get(&position).cloned().unwrap_or_default())
    }
    async fn written(&self, _run: RunId, among: &[Position], _locales: &[Locale]) -> Result<Vec<Position>, StoreError> {
        let writings = self.writings.lock().unwrap();
        Ok(among.iter().filter(|position| writings.contains_key(position)).copied().collect())
    }
}

#[async_trait]
impl Desk for FakeDesk {
    async fn context(&self) -> Result<Option<Arc<Context>>, StoreError> {
        Ok(self.context.clone())
    }
    async fn write_now(&self, _context: &Context, position: Position) -> Result<Vec<Writing>, StoreError> {
        let writings = write(&self.store.customers[position.0 as usize]);
        self.store.writings.lock().unwrap().insert(position, writings.clone());
        Ok(writings)
    }
    async fn what_if(&self, context: &Arc<Context>, file: &CustomerFile, line: f64, chosen: &[OfferId]) -> Result<WhatIf, WhatIfError> {
        if self.store.model_gone.load(Ordering::Relaxed) {
            let source = "models/logistic-4f1c.json: no such file".into();
            return Err(WhatIfError::NoModel { model: context.model.clone(), source });
        }
        let own = features(&context.table, &context.features, std::slice::from_ref(&file.customer)).unwrap();
        let log_odds = file.assessment.as_ref().ok_or(WhatIfError::NotAssessed)?.log_odds;
        let sign = if self.store.offers_raise.load(Ordering::Relaxed) { -1.0 } else { 1.0 };
        let model = Differences { version: context.model.clone(), own, log_odds, sign };
        what_if(context, file, &model, Asked { line, chosen, today: date(2026, 11, 21) })
    }
    async fn cards(&self) -> Result<Cards, StoreError> {
        let shown: Vec<ModelCard> =
            self.context.iter().filter_map(|context| serde_json::from_value((*context.card).clone()).ok()).collect();
        let mut earlier = shown.clone();
        for card in &mut earlier {
            (card.version, card.family) = (ModelVersion("forest-0a7e".into()), "forest".into());
            card.validation.iter_mut().for_each(|validation| validation.mean.log_loss += 0.01);
        }
        let mut unmeasured = earlier.clone();
        for card in &mut unmeasured {
            (card.version, card.validation) = (ModelVersion("boosted-77d1".into()), None);
        }
        Ok(Cards { cards: [unmeasured, earlier, shown].concat(), unread: 1 })
    }
}
