//! `write`: plans become messages, or findings for a person. Every customer ends
//! as ready, held, or skipped with a reason, and the counts add up.
mod report;

use crate::agents::communication;
use crate::author::{Author, AuthorError, Effort, Letter, Words};
use crate::brief::{NoBrief, Sources, brief};
use crate::campaign::CampaignPlan;
use crate::consent::{Reach, Withheld};
use crate::customer::Customer;
use crate::id::Position;
use crate::likeness::Batch;
use crate::locale::Locale;
use crate::message::{Brief, Channel, Content, FactSource, Finding, MessageRecord};
use crate::pipeline::plan::PlanReport;
use crate::progress::{Progress, Work};
use crate::run::{Run, Stage};
use crate::schema::TableSchema;
use crate::store::{Store, StoreError, Writing};
use crate::template::Templates;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

pub use report::{WithheldCount, WriteReport};

/// How many customers one transaction stores messages for.
const PAGE_CUSTOMERS: usize = 128;
/// How many, where a model writes the mails: what is not stored yet is lost when the process is killed.
const PAGE_CUSTOMERS_OF_AUTHOR: usize = 64;

/// What messages are written with.
#[derive(Clone, Copy)]
pub struct Scribe<'a> {
    /// The table, the offers and the company.
    pub sources: Sources<'a>,
    /// The message templates.
    pub templates: &'a Templates,
    /// The languages to write in.
    pub locales: &'a [Locale],
    /// Chooses among equally good wordings, and decides what a model draws.
    pub seed: u64,
    /// The model that writes the mails; `None` where the built-in writer does. Everything else is always its.
    pub author: Option<&'a Author>,
}

/// Why messages were not written to their end. What is stored stays.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model failed.
    #[error(transparent)]
    Author(#[from] AuthorError),
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

/// What one customer is written in one language, and the brief of the mail where that is still to be written.
struct Sheet {
    writing: Writing,
    mail: Option<Brief>,
}

impl Scribe<'_> {
    /// Returns what the built-in writer writes for one customer, one entry per language; empty when the plan is no contact.
    /// The columns that a file may lack count as lacking.
    pub fn write(&self, customer: &Customer, plan: &CampaignPlan) -> Vec<Writing> {
        let alone = Self { author: None, ..*self };
        alone.sheets(customer, plan, &Reach::of(self.sources.schema, &[])).into_iter().map(|sheet| sheet.writing).collect()
    }

    /// Returns a mail for each brief, in their order: the author's, or without one the built-in writer's.
    ///
    /// # Errors
    /// When the author's model fails.
    pub async fn letters(&self, briefs: &[&Brief]) -> Result<Vec<Letter>, AuthorError> {
        match self.author {
            Some(author) => author.letters(Words { templates: self.templates, schema: self.sources.schema }, briefs).await,
            None => Ok(briefs.iter().map(|brief| Letter::built_in(self.templates, brief)).collect()),
        }
    }

    /// Returns what is written on the channels that `reach` leaves open; where there is an author, without the mails.
    fn sheets(&self, customer: &Customer, plan: &CampaignPlan, reach: &Reach) -> Vec<Sheet> {
        if !plan.decision.is_contact() {
            return Vec::new();
        }
        let withheld = reach.withheld(customer);
        self.locales.iter().map(|&locale| self.sheet(customer, plan, locale, &withheld)).collect()
    }

    fn sheet(&self, customer: &Customer, plan: &CampaignPlan, locale: Locale, withheld: &[Withheld]) -> Sheet {
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
            return Sheet { writing: nothing, mail: None };
        }
        match brief(&self.sources, customer, plan, locale, self.seed) {
            Ok(brief) => {
                let own = |channel: &Channel| self.author.is_none() || *channel != Channel::Email;
                let channels: Vec<Channel> = Channel::ALL.into_iter().filter(own).collect();
                let mut written = communication::write_and_review_on(self.templates, &brief, &channels);
                written.messages.retain(|message| open(message.record().content.channel()));
                written.findings.retain(|finding| open(finding.channel));
                let mail = (self.author.is_some() && open(Channel::Email)).then_some(brief);
                Sheet { writing: Writing { withheld: nothing.withheld, ..written }, mail }
            }
            Err(why) => {
                let findings = Channel::ALL.into_iter().filter(|channel| open(*channel)).map(|channel| no_brief(channel, &why));
                Sheet { writing: Writing { findings: findings.collect(), ..nothing }, mail: None }
            }
        }
    }

    /// Writes the mails that are still to be written, all together, and returns what they took.
    async fn add_mails(&self, sheets: &mut [Sheet]) -> Result<Effort, AuthorError> {
        let briefs: Vec<&Brief> = sheets.iter().filter_map(|sheet| sheet.mail.as_ref()).collect();
        let letters = self.letters(&briefs).await?;
        let mut effort = Effort::default();
        for (sheet, letter) in sheets.iter_mut().filter(|sheet| sheet.mail.is_some()).zip(letters) {
            effort.add(&letter.effort);
            match letter.outcome {
                Ok(mail) => sheet.writing.messages.insert(0, mail),
                Err(found) => drop(sheet.writing.findings.splice(0..0, found)),
            }
        }
        Ok(effort)
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
) -> Result<WriteReport, WriteError> {
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
    let page_customers = if scribe.author.is_some() { PAGE_CUSTOMERS_OF_AUTHOR } else { PAGE_CUSTOMERS };
    for page in positions.chunks(page_customers) {
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
) -> Result<(), WriteError> {
    let scribe = pen.scribe;
    let done: HashSet<Position> = match selection {
        Selection::One(_) => HashSet::new(),
        _ => store.written(run.id, page, scribe.locales).await?.into_iter().collect(),
    };
    let mut fresh = Vec::new();
    for &position in page.iter().filter(|position| !done.contains(*position)) {
        let (customers, plans) =
            futures_util::future::join(store.customers(run.id, scribe.sources.schema, position, 1), store.plans(run.id, position, 1)).await;
        if let (Some(customer), Some(plan)) = (customers?.first(), plans?.first()) {
            fresh.extend(scribe.sheets(customer, plan, &pen.reach));
        }
    }
    if scribe.author.is_some() {
        let effort = scribe.add_mails(&mut fresh).await?;
        tally.report.effort.get_or_insert_default().add(&effort);
    }
    let fresh: Vec<Writing> = fresh.into_iter().map(|sheet| sheet.writing).collect();
    if !fresh.is_empty() {
        store.save_writings(run.id, &fresh).await?;
    }
    let mut fresh = fresh.chunk_by(|one, next| one.position == next.position).peekable();
    for &position in page {
        if done.contains(&position) {
            tally.count(&store.writings(run.id, position).await?);
        } else if let Some(writings) = fresh.next_if(|writings| writings.first().is_some_and(|first| first.position == position)) {
            tally.count(writings);
        }
    }
    Ok(())
}

impl Scribe<'_> {
    /// Returns what of a mail is compared with others ([`Batch::push`]): its words, and a text that is the same for two mails
    /// that state the same facts for the same goal in the same voice, whatever their words. What the company says of itself
    /// is the same in all of them. `None` for other messages.
    pub fn compared(&self, record: &MessageRecord) -> Option<(String, String)> {
        let Content::Email(mail) = &record.content else { return None };
        let kind = record.offer.as_ref().and_then(|offer| self.sources.catalogue.offer(offer)).map(|offer| offer.kind);
        let mut content = format!("{:?} {:?} {kind:?}", record.goal, record.segment);
        for fact in record.facts.iter().filter(|fact| !matches!(fact.source, FactSource::Company { .. })) {
            content.push_str(&format!("\n{}={}", fact.id, fact.text));
        }
        Some((format!("{}\n{}", mail.subject, without_footer(&mail.text)), content))
    }
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
            if let Some((text, content)) = self.scribe.compared(record) {
                self.mails.entry(record.locale).or_default().push(&text, &content);
            }
        }
    }

    fn finish(self) -> WriteReport {
        WriteReport { likeness: self.mails.iter().map(|(locale, mails)| (*locale, mails.finish())).collect(), ..self.report }
    }
}

/// Returns the text of a mail before its footer, which is the same in every mail.
fn without_footer(text: &str) -> &str {
    text.split_once("\n--\n").map_or(text, |(letter, _)| letter)
}
