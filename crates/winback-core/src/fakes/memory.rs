//! A store in memory, for tests. It keeps the contract and nothing else: no file, no speed.
use crate::campaign::{Approval, ApprovalState, CampaignPlan};
use crate::customer::Customer;
use crate::defect::Defect;
use crate::id::{CustomerId, Position, RunId};
use crate::locale::Locale;
use crate::run::{Run, RunOrigin, RunProgress, Stage, StageReport};
use crate::schema::TableSchema;
use crate::store::{AssessmentStore, CampaignStore, CustomerPage, CustomerStore, MessageStore, RunStore, Standing, StoreError, Writing};
use async_trait::async_trait;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps everything until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Mutex<BTreeMap<RunId, Shelf>>,
    begun: Mutex<i64>,
}

/// What one run stored.
#[derive(Debug)]
pub(super) struct Shelf {
    pub run: Run,
    pub source_rows: u64,
    pub customers: BTreeMap<Position, Customer>,
    pub defects: BTreeMap<(u64, usize), Defect>,
    pub standings: BTreeMap<Position, Standing>,
    pub plans: BTreeMap<Position, CampaignPlan>,
    pub approvals: BTreeMap<Position, Approval>,
    pub writings: BTreeMap<(Position, Locale), Writing>,
}

impl Shelf {
    fn of(run: Run) -> Self {
        Self {
            run,
            source_rows: 0,
            customers: BTreeMap::new(),
            defects: BTreeMap::new(),
            standings: BTreeMap::new(),
            plans: BTreeMap::new(),
            approvals: BTreeMap::new(),
            writings: BTreeMap::new(),
        }
    }

    pub(super) fn is_written(&self, position: Position) -> bool {
        Locale::ALL.iter().any(|&locale| self.writings.get(&(position, locale)).is_some_and(|writing| !writing.messages.is_empty()))
    }
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn shelves(&self) -> MutexGuard<'_, BTreeMap<RunId, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads something of a run; a run that is not there has nothing.
    pub(super) fn read<T: Default>(&self, run: RunId, read: impl FnOnce(&Shelf) -> T) -> T {
        self.shelves().get(&run).map(read).unwrap_or_default()
    }

    fn change(&self, run: RunId, change: impl FnOnce(&mut Shelf)) -> Result<(), StoreError> {
        let missing = || StoreError::Unavailable { doing: "write", source: format!("there is no run {run}").into() };
        self.shelves().get_mut(&run).map(change).ok_or_else(missing)
    }
}

fn from<T: Clone>(rows: &BTreeMap<Position, T>, from: Position, limit: u64) -> Vec<T> {
    rows.range(from..).map(|(_, row)| row.clone()).take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

#[async_trait]
impl RunStore for MemoryStore {
    async fn begin(&self, origin: &RunOrigin, now: Timestamp) -> Result<Run, StoreError> {
        let mut shelves = self.shelves();
        let unfinished = |shelf: &&Shelf| shelf.run.origin == *origin && !shelf.run.has(Stage::Plan);
        if let Some(shelf) = shelves.values().rev().find(unfinished) {
            return Ok(shelf.run.clone());
        }
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        *begun += 1;
        let run = Run { id: RunId(*begun), origin: origin.clone(), started_at: now, stages: Vec::new() };
        shelves.insert(run.id, Shelf::of(run.clone()));
        Ok(run)
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.read(id, |shelf| Some(shelf.run.clone())))
    }

    async fn runs(&self, limit: u64) -> Result<Vec<Run>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.shelves().values().rev().take(limit).map(|shelf| shelf.run.clone()).collect())
    }

    async fn finish_stage(&self, id: RunId, report: &StageReport) -> Result<(), StoreError> {
        self.change(id, |shelf| {
            shelf.run.stages.retain(|earlier| earlier.stage < report.stage);
            shelf.run.stages.push(report.clone());
        })
    }

    async fn reopen(&self, id: RunId, stage: Stage) -> Result<(), StoreError> {
        self.change(id, |shelf| {
            shelf.run.stages.retain(|earlier| earlier.stage < stage);
            shelf.writings.clear();
            if stage <= Stage::Plan {
                shelf.plans.clear();
                shelf.approvals.clear();
            }
            if stage <= Stage::Assess {
                shelf.standings.clear();
            }
            if stage == Stage::Import {
                shelf.customers.clear();
                shelf.defects.clear();
                shelf.source_rows = 0;
            }
        })
    }

    async fn progress(&self, id: RunId) -> Result<RunProgress, StoreError> {
        Ok(self.read(id, |shelf| RunProgress {
            customers: shelf.customers.len() as u64,
            source_rows: shelf.source_rows,
            assessed: shelf.standings.len() as u64,
            planned: shelf.plans.len() as u64,
            written: shelf.writings.keys().map(|(position, _)| position).collect::<BTreeSet<_>>().len() as u64,
        }))
    }

    async fn prune(&self, keep: u64) -> Result<u64, StoreError> {
        let mut shelves = self.shelves();
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let old: Vec<RunId> = shelves.keys().rev().skip(keep).copied().collect();
        old.iter().for_each(|run| drop(shelves.remove(run)));
        Ok(old.len() as u64)
    }
}

#[async_trait]
impl CustomerStore for MemoryStore {
    async fn save_customers(&self, run: RunId, _schema: &TableSchema, page: &CustomerPage) -> Result<(), StoreError> {
        self.change(run, |shelf| {
            shelf.customers.extend(page.customers.iter().map(|customer| (customer.position, customer.clone())));
            let mut counts = BTreeMap::new();
            for defect in &page.defects {
                let number = counts.entry(defect.line).or_insert(0);
                shelf.defects.insert((defect.line, *number), defect.clone());
                *number += 1;
            }
            shelf.source_rows = shelf.source_rows.max(page.source_rows);
        })
    }

    async fn customers(&self, run: RunId, _schema: &TableSchema, start: Position, limit: u64) -> Result<Vec<Customer>, StoreError> {
        Ok(self.read(run, |shelf| from(&shelf.customers, start, limit)))
    }

    async fn customer(&self, run: RunId, _schema: &TableSchema, id: &CustomerId) -> Result<Option<Customer>, StoreError> {
        Ok(self.read(run, |shelf| shelf.customers.values().find(|customer| customer.id == *id).cloned()))
    }

    async fn defects(&self, run: RunId, offset: u64, limit: u64) -> Result<Vec<Defect>, StoreError> {
        let (offset, limit) = (usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(self.read(run, |shelf| shelf.defects.values().skip(offset).take(limit).cloned().collect()))
    }
}

#[async_trait]
impl AssessmentStore for MemoryStore {
    async fn save_assessments(&self, run: RunId, page: &[Standing]) -> Result<(), StoreError> {
        self.change(run, |shelf| shelf.standings.extend(page.iter().map(|row| (row.assessment.position, row.clone()))))
    }

    async fn assessments(&self, run: RunId, start: Position, limit: u64) -> Result<Vec<Standing>, StoreError> {
        Ok(self.read(run, |shelf| from(&shelf.standings, start, limit)))
    }
}

#[async_trait]
impl CampaignStore for MemoryStore {
    async fn save_plans(&self, run: RunId, page: &[CampaignPlan]) -> Result<(), StoreError> {
        self.change(run, |shelf| shelf.plans.extend(page.iter().map(|plan| (plan.position, plan.clone()))))
    }

    async fn plans(&self, run: RunId, start: Position, limit: u64) -> Result<Vec<CampaignPlan>, StoreError> {
        Ok(self.read(run, |shelf| from(&shelf.plans, start, limit)))
    }

    async fn best(&self, run: RunId, limit: u64) -> Result<Vec<Position>, StoreError> {
        Ok(self.read(run, |shelf| {
            let mut plans: Vec<&CampaignPlan> = shelf.plans.values().filter(|plan| plan.decision.is_contact()).collect();
            let probability =
                |plan: &CampaignPlan| shelf.standings.get(&plan.position).map_or(0.0, |row| row.assessment.probability.value());
            plans.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
            // Stable, so that service contacts stay in order of probability; offers are put in order of value, then place.
            plans.sort_by_key(|plan| match plan.decision.choice() {
                Some(choice) => (0, Reverse(choice.effect.net_minor), plan.position),
                None => (1, Reverse(0), Position(0)),
            });
            plans.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(|plan| plan.position).collect()
        }))
    }

    async fn decide(&self, run: RunId, decisions: &[Approval]) -> Result<(), StoreError> {
        self.change(run, |shelf| shelf.approvals.extend(decisions.iter().map(|approval| (approval.position, approval.clone()))))
    }

    async fn decisions(&self, run: RunId, state: ApprovalState) -> Result<Vec<Approval>, StoreError> {
        Ok(self.read(run, |shelf| shelf.approvals.values().filter(|approval| approval.state == state).cloned().collect()))
    }
}

#[async_trait]
impl MessageStore for MemoryStore {
    async fn save_writings(&self, run: RunId, page: &[Writing]) -> Result<(), StoreError> {
        self.change(run, |shelf| shelf.writings.extend(page.iter().map(|row| ((row.position, row.locale), row.clone()))))
    }

    async fn writings(&self, run: RunId, position: Position) -> Result<Vec<Writing>, StoreError> {
        let all = |shelf: &Shelf| Locale::ALL.iter().filter_map(|&locale| shelf.writings.get(&(position, locale)).cloned()).collect();
        Ok(self.read(run, all))
    }

    async fn written(&self, run: RunId, among: &[Position], locales: &[Locale]) -> Result<Vec<Position>, StoreError> {
        let done = |shelf: &Shelf, position| locales.iter().all(|&locale| shelf.writings.contains_key(&(position, locale)));
        Ok(self.read(run, |shelf| among.iter().copied().filter(|&position| done(shelf, position)).collect()))
    }
}
