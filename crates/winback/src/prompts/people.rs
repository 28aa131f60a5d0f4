//! Of whom examples are made: the rows of a file of profiles, or the customers of a run with their plans.
use crate::exit::{Exit, OrExit};
use crate::prompts::Profiles;
use crate::workbench::{OrStorage as _, Workbench};
use winback_core::brief::{NoBrief, Purpose, Sources, brief, brief_for};
use winback_core::campaign::{CampaignPlan, Decision};
use winback_core::consent::Reach;
use winback_core::customer::Customer;
use winback_core::defect::Defect;
use winback_core::id::Position;
use winback_core::locale::Locale;
use winback_core::message::{Brief, Channel};
use winback_core::offer::Offer;
use winback_core::portfolio::Context;
use winback_core::store::{CampaignStore as _, CustomerStore as _};

/// How many rows are read at once, and lost at most when the job is broken off.
pub const PAGE_ROWS: usize = 500;

/// One customer and what is planned.
pub struct Person {
    /// The customer.
    pub customer: Customer,
    /// What is planned.
    pub planned: Planned,
}

impl Person {
    /// Returns what is planned for a customer of a run, or why nobody writes.
    pub fn of_run(customer: Customer, plan: Option<CampaignPlan>, reach: &Reach) -> Self {
        Self { planned: planned(plan, reach, &customer), customer }
    }

    /// Returns the brief of a mail to the person; without a plan, one that makes an offer, or offers help.
    pub fn brief(&self, sources: &Sources<'_>, offer: Option<&Offer>, (locale, seed): (Locale, u64)) -> Result<Brief, NoBrief> {
        match &self.planned {
            Planned::Plan(plan) => brief(sources, &self.customer, plan, locale, seed),
            _ => brief_for(sources, &self.customer, Purpose { offer, ..Purpose::default() }, locale, seed),
        }
    }
}

/// What is planned for a customer.
pub enum Planned {
    /// Nothing: a profile tells who somebody is, not what to offer.
    Nothing,
    /// What the plan says.
    Plan(Box<CampaignPlan>),
    /// Why nobody writes to them.
    LeftAlone(String),
}

/// Some customers, and what was found in their rows.
#[derive(Default)]
pub struct Page {
    /// Rows read, those that are no customers included.
    pub rows: u64,
    /// The customers.
    pub people: Vec<Person>,
    /// What was found in the rows.
    pub defects: Vec<Defect>,
}

/// Where customers come from.
pub enum People<'a> {
    /// A file of profiles.
    Profiles(Box<Profiles>),
    /// The customers of a run.
    Run {
        /// The folder and its store.
        bench: &'a Workbench,
        /// The run.
        context: &'a Context,
        /// Who can be written to.
        reach: Reach,
        /// The next place.
        from: Position,
    },
}

impl People<'_> {
    /// Returns the next page; `None` behind the last.
    pub async fn next_page(&mut self) -> anyhow::Result<Option<Page>> {
        match self {
            People::Profiles(profiles) => profiles.next_page().or_hint(Exit::BadInput, "docs/data.md tells what is expected of a file"),
            People::Run { bench, context, reach, from } => {
                let (run, limit) = (context.run.id, PAGE_ROWS as u64);
                let (customers, plans) =
                    tokio::join!(bench.store.customers(run, &context.table, *from, limit), bench.store.plans(run, *from, limit));
                let (customers, plans) = (customers.or_storage()?, plans.or_storage()?);
                let Some(last) = customers.last() else { return Ok(None) };
                *from = Position(last.position.0.saturating_add(1));
                let rows = customers.len() as u64;
                let mut plans = plans.into_iter().peekable();
                let people = customers.into_iter().map(|customer| {
                    while plans.next_if(|plan| plan.position < customer.position).is_some() {}
                    let plan = plans.next_if(|plan| plan.position == customer.position);
                    Person::of_run(customer, plan, reach)
                });
                Ok(Some(Page { rows, people: people.collect(), defects: Vec::new() }))
            }
        }
    }
}

fn planned(plan: Option<CampaignPlan>, reach: &Reach, customer: &Customer) -> Planned {
    let withheld = reach.withheld(customer).into_iter().find(|one| one.channel == Channel::Email);
    match (plan, withheld) {
        (None, _) => Planned::LeftAlone("nothing is planned for them yet".into()),
        (Some(CampaignPlan { decision: Decision::NoContact { .. }, .. }), _) => Planned::LeftAlone("the plan leaves them alone".into()),
        (_, Some(withheld)) => Planned::LeftAlone(withheld.text(Locale::En).to_owned()),
        (Some(plan), None) => Planned::Plan(Box::new(plan)),
    }
}
