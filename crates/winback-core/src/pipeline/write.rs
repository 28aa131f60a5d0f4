//! `write`: plans become messages, or findings for a person. Every customer ends
//! as ready, held, or skipped with a reason, and the counts add up.
use crate::agents::communication;
use crate::brief::{NoBrief, Sources, brief};
use crate::campaign::CampaignPlan;
use crate::consent::{Reach, Withheld};
use crate::customer::Customer;
use crate::goal::Goal;
use crate::id::Position;
use crate::likeness::{Batch, Likeness};
use crate::locale::Locale;
use crate::message::{Channel, Content, FactSource, Finding, MessageRecord};
use crate::pipeline::plan::PlanReport;
use crate::progress::{Progress, Work};
use crate::review::NEUTRAL_GREETING;
use crate::run::{Run, Stage};
use crate::schema::TableSchema;
use crate::segment::SegmentId;
use crate::store::{Store, StoreError, Writing};
use crate::template::Templates;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// How many customers one transaction stores messages for.
const PAGE_CUSTOMERS: usize = 128;
const FIRST_FINDINGS: usize = 20;

/// What messages are written with.
#[derive(Clone, Copy)]
pub struct Scribe<'a> {
    /// The table, the offers and the company.
    pub sources: Sources<'a>,
    /// The message templates.
    pub templates: &'a Templates,
    /// The languages to write in.
    pub locales: &'a [Locale],
    /// Chooses among equally good wordings.
    pub seed: u64,
}

/// For whom to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// So many of those most worth keeping.
    Best(u64),
    /// Everyone to be contacted.
    All,
    /// One customer, whether written for before or not.
    One(Position),
}

/// What the messages of a run come to, those written earlier included. Every customer is counted once:
/// `ready + held + unreachable + low_risk + already_left + not_selected = customers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteReport {
    /// Customers of the portfolio.
    pub customers: u64,
    /// Customers all of whose messages passed review, in every language, on every channel not withheld.
    pub ready: u64,
    /// Customers of whom some message was kept back for a person.
    pub held: u64,
    /// Customers to be contacted for whom no channel is left, for want of consent or address.
    #[serde(default)]
    pub unreachable: u64,
    /// How many customers are not written to on a channel, and why, those without any channel included.
    #[serde(default)]
    pub withheld: Vec<WithheldCount>,
    /// Customers left alone because the risk is low.
    pub low_risk: u64,
    /// Customers left alone because they have left already.
    pub already_left: u64,
    /// Customers to be contacted for whom nothing is written yet.
    pub not_selected: u64,
    /// Messages that passed review.
    pub messages: u64,
    /// Customers greeted without the name the table has, because it cannot stand in a message.
    pub neutral_greetings: u64,
    /// Customers with a message, by what it wants to happen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub goals: BTreeMap<Goal, u64>,
    /// Customers with a message in the voice of their segment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub voices: BTreeMap<SegmentId, u64>,
    /// Customers with a message in the general voice, because their segment has none of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_voice: BTreeMap<SegmentId, u64>,
    /// How alike the mails of the batch are, by language, those stored before included; their footers are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub likeness: BTreeMap<Locale, Likeness>,
    /// The first findings, for a person to look at; the store keeps all.
    pub findings: Vec<Finding>,
}

/// How many customers are not written to on a channel, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldCount {
    /// The channel and the reason.
    #[serde(flatten)]
    pub withheld: Withheld,
    /// How many customers.
    pub customers: u64,
}

impl Scribe<'_> {
    /// Returns what writing for one customer comes to, one entry per language; empty when the plan is no contact.
    /// The columns that a file may lack count as lacking.
    pub fn write(&self, customer: &Customer, plan: &CampaignPlan) -> Vec<Writing> {
        self.write_to(customer, plan, &Reach::of(self.sources.schema, &[]))
    }

    /// Returns what writing comes to on the channels that `reach` leaves open.
    pub fn write_to(&self, customer: &Customer, plan: &CampaignPlan, reach: &Reach) -> Vec<Writing> {
        if !plan.decision.is_contact() {
            return Vec::new();
        }
        let withheld = reach.withheld(customer);
        self.locales.iter().map(|&locale| self.write_in(customer, plan, locale, &withheld)).collect()
    }

    fn write_in(&self, customer: &Customer, plan: &CampaignPlan, locale: Locale, withheld: &[Withheld]) -> Writing {
        let nothing = Writing {
            position: customer.position,
            customer: customer.id.clone(),
            locale,
            messages: Vec::new(),
            findings: Vec::new(),
            withheld: withheld.to_vec(),
        };
        let open = |channel: Channel| withheld.iter().all(|one| one.channel != channel);
        if !Channel::ALL.into_iter().any(open) {
            return nothing;
        }
        match brief(&self.sources, customer, plan, locale, self.seed) {
            Ok(brief) => {
                let mut written = communication::write_and_review(self.templates, &brief);
                written.messages.retain(|message| open(message.record().content.channel()));
                written.findings.retain(|finding| open(finding.channel));
                Writing { withheld: nothing.withheld, ..written }
            }
            Err(why) => {
                let findings = Channel::ALL.into_iter().filter(|channel| open(*channel)).map(|channel| no_brief(channel, &why));
                Writing { findings: findings.collect(), ..nothing }
            }
        }
    }
}

fn no_brief(channel: Channel, why: &NoBrief) -> Finding {
    Finding { channel, part: "brief".into(), check: "brief".into(), detail: why.to_string() }
}

/// Writes for the selected customers of a planned run who have not been written for, a page a transaction. The report
/// counts every message of the run, those stored before included; for [`Selection::One`], that customer's alone.
pub async fn write(
    run: &Run,
    scribe: &Scribe<'_>,
    selection: Selection,
    store: &dyn Store,
    progress: &dyn Progress,
) -> Result<WriteReport, StoreError> {
    let planned = planned(run)?;
    let positions = match selection {
        Selection::Best(limit) => store.best(run.id, limit).await?,
        Selection::All => store.best(run.id, i64::MAX as u64).await?,
        Selection::One(position) => vec![position],
    };
    let pen = Pen { scribe, reach: reach(run, scribe.sources.schema)? };
    let report = WriteReport {
        customers: planned.planned,
        low_risk: planned.low_risk,
        already_left: planned.already_left,
        ..WriteReport::default()
    };
    let mut tally = Tally { scribe, report, mails: BTreeMap::new() };
    progress.begin(Work::Write, Some(positions.len() as u64));
    for page in positions.chunks(PAGE_CUSTOMERS) {
        write_page(run, &pen, page, (store, selection), &mut tally).await?;
        progress.advance(page.len() as u64);
    }
    progress.done();
    if matches!(selection, Selection::Best(_)) {
        count_others(run, scribe, &positions, store, &mut tally).await?;
    }
    let mut report = tally.finish();
    let contacts = planned.planned.saturating_sub(planned.low_risk + planned.already_left);
    report.not_selected = contacts.saturating_sub(report.ready + report.held + report.unreachable);
    Ok(report)
}

/// Counts the messages that earlier commands wrote for customers who are not among those selected now.
async fn count_others(
    run: &Run,
    scribe: &Scribe<'_>,
    selected: &[Position],
    store: &dyn Store,
    tally: &mut Tally<'_>,
) -> Result<(), StoreError> {
    let selected: HashSet<Position> = selected.iter().copied().collect();
    let mut others = store.best(run.id, i64::MAX as u64).await?;
    others.retain(|position| !selected.contains(position));
    for page in others.chunks(PAGE_CUSTOMERS) {
        for position in store.written(run.id, page, scribe.locales).await? {
            tally.count(&store.writings(run.id, position).await?);
        }
    }
    Ok(())
}

/// A scribe who knows how the customers of a run can be reached.
struct Pen<'a> {
    scribe: &'a Scribe<'a>,
    reach: Reach,
}

/// Returns how the customers of a run can be reached, by the columns that its file has.
pub fn reach(run: &Run, schema: &TableSchema) -> Result<Reach, StoreError> {
    #[derive(Default, Deserialize)]
    struct Imported {
        #[serde(default)]
        given: Vec<String>,
    }
    let damaged = |error: serde_json::Error| StoreError::Damaged { what: "report of the import", run: run.id, why: error.to_string() };
    let imported: Imported = match run.report(Stage::Import) {
        Some(kept) => serde_json::from_value(kept.report.clone()).map_err(damaged)?,
        None => Imported::default(),
    };
    Ok(Reach::of(schema, &imported.given))
}

/// Returns what planning did; nothing where the run is not planned.
fn planned(run: &Run) -> Result<PlanReport, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged { what: "report of the plans", run: run.id, why: error.to_string() };
    run.report(Stage::Plan).map_or(Ok(PlanReport::default()), |kept| serde_json::from_value(kept.report.clone()).map_err(damaged))
}

async fn write_page(
    run: &Run,
    pen: &Pen<'_>,
    page: &[Position],
    (store, selection): (&dyn Store, Selection),
    tally: &mut Tally<'_>,
) -> Result<(), StoreError> {
    let scribe = pen.scribe;
    let done: HashSet<Position> = match selection {
        Selection::One(_) => HashSet::new(),
        _ => store.written(run.id, page, scribe.locales).await?.into_iter().collect(),
    };
    let mut fresh = Vec::new();
    for &position in page {
        if done.contains(&position) {
            tally.count(&store.writings(run.id, position).await?);
            continue;
        }
        let (customers, plans) =
            futures_util::future::join(store.customers(run.id, scribe.sources.schema, position, 1), store.plans(run.id, position, 1)).await;
        if let (Some(customer), Some(plan)) = (customers?.first(), plans?.first()) {
            let writings = scribe.write_to(customer, plan, &pen.reach);
            tally.count(&writings);
            fresh.extend(writings);
        }
    }
    if fresh.is_empty() { Ok(()) } else { store.save_writings(run.id, &fresh).await }
}

/// The report as it grows, and the mails whose likeness ends it.
struct Tally<'a> {
    scribe: &'a Scribe<'a>,
    report: WriteReport,
    mails: BTreeMap<Locale, Batch>,
}

impl Tally<'_> {
    fn count(&mut self, writings: &[Writing]) {
        self.report.count(writings, self.scribe.templates);
        for record in writings.iter().flat_map(|writing| &writing.messages).map(|message| message.record()) {
            if let Content::Email(mail) = &record.content {
                let text = format!("{}\n{}", mail.subject, without_footer(&mail.text));
                let content = self.content(record);
                self.mails.entry(record.locale).or_default().push(&text, &content);
            }
        }
    }

    /// Returns a text that is the same for two messages that state the same facts for the same goal in the same
    /// voice, whatever their words. What the company says of itself is the same in all of them.
    fn content(&self, record: &MessageRecord) -> String {
        let kind = record.offer.as_ref().and_then(|offer| self.scribe.sources.catalogue.offer(offer)).map(|offer| offer.kind);
        let mut content = format!("{:?} {:?} {kind:?}", record.goal, record.segment);
        for fact in record.facts.iter().filter(|fact| !matches!(fact.source, FactSource::Company { .. })) {
            content.push_str(&format!("\n{}={}", fact.id, fact.text));
        }
        content
    }

    fn finish(self) -> WriteReport {
        WriteReport { likeness: self.mails.iter().map(|(locale, mails)| (*locale, mails.finish())).collect(), ..self.report }
    }
}

/// Returns the text of a mail before its footer, which is the same in every mail.
fn without_footer(text: &str) -> &str {
    text.split_once("\n--\n").map_or(text, |(letter, _)| letter)
}

impl WriteReport {
    fn count(&mut self, writings: &[Writing], templates: &Templates) {
        if writings.is_empty() {
            return;
        }
        let withheld = writings.first().map_or(&[][..], |writing| &writing.withheld);
        withheld.iter().for_each(|&one| self.count_withheld(one));
        if withheld.len() == Channel::ALL.len() {
            self.unreachable += 1;
            return;
        }
        let findings = writings.iter().flat_map(|writing| &writing.findings);
        let held = findings.clone().next().is_some();
        self.held += u64::from(held);
        self.ready += u64::from(!held);
        self.messages += writings.iter().map(|writing| writing.messages.len() as u64).sum::<u64>();
        let mut records = writings.iter().flat_map(|writing| &writing.messages).map(|message| message.record());
        self.neutral_greetings += u64::from(records.any(|record| record.checks.iter().any(|check| check == NEUTRAL_GREETING)));
        if let Some(first) = writings.iter().flat_map(|writing| &writing.messages).next() {
            *self.goals.entry(first.record().goal).or_default() += 1;
            if let Some(segment) = &first.record().segment {
                let told = if templates.segments().contains(segment) { &mut self.voices } else { &mut self.without_voice };
                *told.entry(segment.clone()).or_default() += 1;
            }
        }
        let room = FIRST_FINDINGS.saturating_sub(self.findings.len());
        self.findings.extend(findings.take(room).cloned());
    }

    /// Counts what is written for one customer now in place of what was before. How alike the mails are stays as the
    /// last batch told it.
    pub fn exchange(&mut self, before: &[Writing], after: &[Writing], templates: &Templates) {
        let of = |writings: &[Writing]| {
            let mut one = Self::default();
            one.count(writings, templates);
            one
        };
        let (old, new) = (of(before), of(after));
        let all = |report: &Self| report.ready + report.held + report.unreachable;
        let moved = |number: &mut u64, less: u64, more: u64| *number = (*number + more).saturating_sub(less);
        moved(&mut self.not_selected, all(&new), all(&old));
        moved(&mut self.ready, old.ready, new.ready);
        moved(&mut self.held, old.held, new.held);
        moved(&mut self.unreachable, old.unreachable, new.unreachable);
        moved(&mut self.messages, old.messages, new.messages);
        moved(&mut self.neutral_greetings, old.neutral_greetings, new.neutral_greetings);
        exchanged(&mut self.goals, &old.goals, new.goals);
        exchanged(&mut self.voices, &old.voices, new.voices);
        exchanged(&mut self.without_voice, &old.without_voice, new.without_voice);
        for kept in &mut self.withheld {
            let gone = old.withheld.iter().any(|count| count.withheld == kept.withheld);
            kept.customers = kept.customers.saturating_sub(u64::from(gone));
        }
        self.withheld.retain(|count| count.customers > 0);
        new.withheld.iter().for_each(|count| self.count_withheld(count.withheld));
        for finding in &old.findings {
            if let Some(place) = self.findings.iter().position(|kept| kept == finding) {
                self.findings.remove(place);
            }
        }
        self.findings.extend(new.findings);
        self.findings.truncate(FIRST_FINDINGS);
    }

    fn count_withheld(&mut self, withheld: Withheld) {
        match self.withheld.binary_search_by_key(&withheld, |count| count.withheld) {
            Ok(place) => self.withheld[place].customers += 1,
            Err(place) => self.withheld.insert(place, WithheldCount { withheld, customers: 1 }),
        }
    }
}

/// Takes some counts out of others and puts new ones in; what nobody has is left out.
fn exchanged<K: Ord>(counts: &mut BTreeMap<K, u64>, old: &BTreeMap<K, u64>, new: BTreeMap<K, u64>) {
    for (name, less) in old {
        if let Some(count) = counts.get_mut(name) {
            *count = count.saturating_sub(*less);
        }
    }
    for (name, more) in new {
        *counts.entry(name).or_default() += more;
    }
    counts.retain(|_, count| *count > 0);
}
