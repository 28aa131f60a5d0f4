//! Takes messages out of the store and hands them to an export, customer by customer.
mod count;

pub use count::Count;

use crate::exit::{Exit, OrExit};
use crate::workbench::{OrStorage, Workbench, now};
use count::{Fate, Sorted};
use std::collections::HashSet;
use std::path::Path;
use winback_connectors::message_export::{Dispatch, Export, Format, Letterhead, Pushed};
use winback_connectors::recipient::{ContactColumns, Recipient};
use winback_core::campaign::{Approval, ApprovalState, CampaignPlan};
use winback_core::customer::Customer;
use winback_core::id::{Position, RunId};
use winback_core::locale::Locale;
use winback_core::message::{Channel, Finding};
use winback_core::portfolio::{Context, Filter, ListQuery, PortfolioReader, SortKey};
use winback_core::progress::{Progress, Work};
use winback_core::search::draw;
use winback_core::store::{AssessmentStore, CampaignStore, CustomerStore, MessageStore, Standing, Writing};

/// How many customers are read at once.
const PAGE_CUSTOMERS: u64 = 1_000;

/// What is to be handed out.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The form.
    pub format: Format,
    /// Which customers.
    pub filter: Filter,
    /// How many of them.
    pub order: Order,
    /// Which of their messages.
    pub channels: Vec<Channel>,
    /// The languages of customers for whom the table gives none.
    pub languages: Vec<Locale>,
}

/// How many customers, and which first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All, in the order of the file.
    All,
    /// Those most worth keeping.
    Top(u64),
    /// Drawn by chance, each with the same.
    Random {
        /// How many.
        count: u64,
        /// What decides; without it, the seed of the settings.
        seed: Option<u64>,
    },
}

/// A handing out.
pub struct Handout<'a> {
    /// The folder and its store.
    pub bench: &'a Workbench,
    /// The run.
    pub context: &'a Context,
    /// What is wanted.
    pub wanted: &'a Wanted,
}

/// Everything stored about one customer that an export tells.
struct Stored {
    customer: Customer,
    standing: Option<Standing>,
    plan: Option<CampaignPlan>,
    writings: Vec<Writing>,
}

impl Handout<'_> {
    /// Writes the export and returns what became of everybody; nothing is left at the path when nobody was handed out.
    pub async fn write(&self, out: &Path) -> anyhow::Result<Count> {
        let (chosen, mut count) = self.choose().await?;
        let approvals = Approvals::read(self.bench, self.run()).await?;
        let columns = self.contact_columns().await?;
        let hint = "name a path that can be written";
        let mut export = Export::begin(out, self.wanted.format, self.letterhead(chosen.len() as u64)).or_hint(Exit::Storage, hint)?;
        self.bench.bar.begin(Work::Export, Some(chosen.len() as u64));
        for position in chosen {
            if let Some(stored) = self.stored(position).await? {
                let recipient = Recipient::of(&self.context.table, &columns, &stored.customer);
                let recipient = (&recipient, approvals.of(position));
                self.push(&mut export, &stored, recipient, &mut count).or_hint(Exit::Storage, "nothing is left half-made")?;
            }
            self.bench.bar.advance(1);
        }
        self.bench.bar.done();
        if count.exported > 0 {
            export.finish().or_hint(Exit::Storage, "nothing is left half-made")?;
        }
        Ok(count)
    }

    fn run(&self) -> RunId {
        self.context.run.id
    }

    fn letterhead(&self, customers: u64) -> Letterhead<'_> {
        let context = self.context;
        Letterhead {
            run: self.run(),
            source: &context.run.origin.source,
            schema: &context.table,
            catalogue: &context.catalogue,
            company: &context.company,
            sender: self.bench.settings.sender.as_ref(),
            at: now(),
            customers,
        }
    }

    /// Returns which columns about contact the file has. Customers are read until each has shown a value; only a file
    /// that lacks a column is read to its end.
    async fn contact_columns(&self) -> anyhow::Result<ContactColumns> {
        let schema = &self.context.table;
        let mut columns = ContactColumns::of(schema);
        let mut from = Position(0);
        while !columns.is_settled(schema) {
            let page = self.bench.store.customers(self.run(), schema, from, PAGE_CUSTOMERS).await.or_storage()?;
            let Some(last) = page.last() else { break };
            from = Position(last.position.0.saturating_add(1));
            page.iter().for_each(|customer| columns.see(schema, customer));
        }
        Ok(columns)
    }

    /// Returns the customers to look at, and a count of all the others.
    async fn choose(&self) -> anyhow::Result<(Vec<Position>, Count)> {
        let filter = &self.wanted.filter;
        let customers = self.total(&Filter::default()).await?;
        let fitting = self.total(filter).await?;
        let contacts = Filter { contact: Some(true), ..filter.clone() };
        let to_contact = self.total(&contacts).await?;
        let written = Filter { written: Some(true), ..contacts.clone() };
        let chosen = match self.wanted.order {
            Order::All => self.positions(contacts, SortKey::Position, u64::MAX).await?,
            Order::Top(top) => self.positions(written, SortKey::NetValue, top).await?,
            Order::Random { count, seed } => {
                let pool = self.positions(written, SortKey::Position, u64::MAX).await?;
                drawn(pool, count, seed.unwrap_or(self.bench.settings.training.seed))
            }
        };
        let count = Count {
            customers,
            filtered_out: customers.saturating_sub(fitting),
            left_alone: fitting.saturating_sub(to_contact),
            not_chosen: to_contact.saturating_sub(chosen.len() as u64),
            ..Count::default()
        };
        Ok((chosen, count))
    }

    async fn total(&self, filter: &Filter) -> anyhow::Result<u64> {
        let query = ListQuery { filter: filter.clone(), limit: 1, ..ListQuery::default() };
        Ok(self.bench.store.list(self.run(), &query).await.or_storage()?.total)
    }

    async fn positions(&self, filter: Filter, sort: SortKey, limit: u64) -> anyhow::Result<Vec<Position>> {
        let query = ListQuery { filter, sort, descending: sort != SortKey::Position, offset: 0, limit };
        self.bench.store.positions(self.run(), &query).await.or_storage()
    }

    async fn stored(&self, position: Position) -> anyhow::Result<Option<Stored>> {
        let (store, run) = (&self.bench.store, self.run());
        let (customers, standings, plans, writings) = tokio::join!(
            store.customers(run, &self.context.table, position, 1),
            store.assessments(run, position, 1),
            store.plans(run, position, 1),
            store.writings(run, position),
        );
        let Some(customer) = customers.or_storage()?.into_iter().find(|customer| customer.position == position) else { return Ok(None) };
        let standing = standings.or_storage()?.into_iter().find(|standing| standing.assessment.position == position);
        let plan = plans.or_storage()?.into_iter().find(|plan| plan.position == position);
        Ok(Some(Stored { customer, standing, plan, writings: writings.or_storage()? }))
    }

    /// Returns the languages in which a customer is written to. Whoever reads a sheet chooses the language, whatever the
    /// customers speak.
    fn languages(&self, customer: &Customer) -> Vec<Locale> {
        let own = customer.locale(&self.context.table);
        let asked = &self.wanted.languages;
        match (own, asked.is_empty()) {
            (_, false) if self.wanted.format == Format::Markdown => asked.clone(),
            (Some(own), _) => vec![own],
            (None, false) => asked.clone(),
            (None, true) => self.bench.settings.languages.iter().take(1).copied().collect(),
        }
    }

    fn push(
        &self,
        export: &mut Export<'_>,
        stored: &Stored,
        (recipient, approval): (&Recipient, Option<ApprovalState>),
        count: &mut Count,
    ) -> Result<(), winback_connectors::file::WriteError> {
        let mut fate = Fate::default();
        for locale in self.languages(&stored.customer) {
            let Some(writing) = stored.writings.iter().find(|writing| writing.locale == locale) else {
                fate.unwritten.push(locale);
                continue;
            };
            let sorted = self.sort(writing, recipient);
            let dispatch = Dispatch {
                customer: &stored.customer,
                locale,
                standing: stored.standing.as_ref(),
                plan: stored.plan.as_ref(),
                approval,
                recipient,
                messages: sorted.messages.iter().map(|message| message.record()).collect(),
                kept_back: sorted.kept_back(),
            };
            let pushed = if dispatch.messages.is_empty() { Pushed::Written } else { export.push(&dispatch)? };
            fate.add(sorted, pushed);
        }
        count.add(&stored.customer, fate);
        Ok(())
    }

    /// Sorts what is written in one language into what can be handed out and what cannot.
    fn sort<'w>(&self, writing: &'w Writing, recipient: &Recipient) -> Sorted<'w> {
        let mut sorted = Sorted::default();
        for &channel in &self.wanted.channels {
            let message = writing.messages.iter().find(|message| message.record().content.channel() == channel);
            let closed = recipient.unreached(channel).map(|why| format!("{}: {why}", channel.tag()));
            let finding = writing.findings.iter().find(|finding| finding.channel == channel);
            let withheld = writing.withheld.iter().find(|one| one.channel == channel);
            match (message, finding, closed.or_else(|| withheld.map(|one| one.text(Locale::En).to_owned()))) {
                (Some(message), _, None) => sorted.messages.push(message),
                (Some(_), _, Some(why)) | (None, None, Some(why)) => sorted.unreached.push(why),
                (None, finding, _) => sorted.held.push(held(writing.locale, channel, finding)),
            }
        }
        sorted
    }
}

/// Returns why a channel has no message.
fn held(locale: Locale, channel: Channel, finding: Option<&Finding>) -> String {
    let why = finding.map_or("nothing is written for it".to_owned(), |finding| format!("held, {}: {}", finding.part, finding.detail));
    format!("{} ({}): {why}", channel.tag(), locale)
}

/// Returns so many of some places, each as likely as the others, in the order in which they are drawn (Fisher and Yates).
fn drawn(mut pool: Vec<Position>, count: u64, seed: u64) -> Vec<Position> {
    let most = usize::try_from(count).unwrap_or(usize::MAX).min(pool.len());
    // Far apart, so that neighbouring seeds do not draw one sequence, shifted by a place.
    let first = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for at in 0..most {
        let left = (pool.len() - at) as u64;
        let jump = draw(first.wrapping_add(at as u64), left).and_then(|jump| usize::try_from(jump).ok()).unwrap_or_default();
        pool.swap(at, at + jump);
    }
    pool.truncate(most);
    pool
}

/// What people decided, by place.
struct Approvals {
    approved: HashSet<Position>,
    declined: HashSet<Position>,
}

impl Approvals {
    async fn read(bench: &Workbench, run: RunId) -> anyhow::Result<Self> {
        let (approved, declined) =
            tokio::join!(bench.store.decisions(run, ApprovalState::Approved), bench.store.decisions(run, ApprovalState::Declined));
        let places = |decisions: Vec<Approval>| decisions.into_iter().map(|approval| approval.position).collect();
        Ok(Self { approved: places(approved.or_storage()?), declined: places(declined.or_storage()?) })
    }

    fn of(&self, position: Position) -> Option<ApprovalState> {
        let approved = self.approved.contains(&position).then_some(ApprovalState::Approved);
        approved.or_else(|| self.declined.contains(&position).then_some(ApprovalState::Declined))
    }
}
