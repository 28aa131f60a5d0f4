//! Building the brief: everything that may be said to one customer, and where
//! each fact comes from. What is not in the brief cannot get past the review.
use crate::campaign::{CampaignPlan, Decision};
use crate::claim::{Sense, Unit, Value};
use crate::customer::{Cell, Customer, display_cell};
use crate::digest::Digest;
use crate::goal::{Goal, GoalInputs, GoalNeeds};
use crate::id::CustomerId;
use crate::locale::Locale;
use crate::message::{Brief, Company, Fact, FactSource};
use crate::money::Money;
use crate::offer::{Catalogue, Offer, OfferId};
use crate::risk::{RiskLevel, ValueTier};
use crate::schema::{Column, ColumnKind, Role, TableSchema, Theme};
use crate::segment::SegmentId;
use crate::segment::assign::Segmenter;
use crate::slot::SlotValues;
use jiff::civil::Date;

/// What every brief of a run is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The company's table.
    pub schema: &'a TableSchema,
    /// The offers.
    pub catalogue: &'a Catalogue,
    /// Who writes.
    pub company: &'a Company,
    /// The goal of every message; `None` chooses for each customer.
    pub goal: Option<Goal>,
    /// The day of writing.
    pub day: Date,
    /// The rules that put customers into segments; without them only what the table says counts.
    pub segments: Option<Segments<'a>>,
}

/// Who puts customers into segments, and for which day.
#[derive(Clone, Copy, Debug)]
pub struct Segments<'a> {
    /// The rules, bound to the table.
    pub segmenter: &'a Segmenter,
    /// The day from which days are counted: that on which the run began.
    pub day: Date,
}

/// Why nothing can be written to a customer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBrief {
    /// The plan leaves the customer alone.
    #[error("the plan leaves this customer alone, so there is nothing to write")]
    NotToContact,
    /// The plan was made from another catalogue.
    #[error("the plan makes the offer {0:?}, which the catalogue does not have; plan again with this catalogue")]
    UnknownOffer(OfferId),
    /// The goal cannot be pursued with what is planned.
    #[error(transparent)]
    Goal(#[from] GoalNeeds),
    /// The promise holds a number nobody gave.
    #[error("the promise of offer {offer:?} ({locale}) holds {placeholder}, for which this customer has no value; {remedy}")]
    PromiseNeeds {
        /// The offer.
        offer: OfferId,
        /// The language of the promise.
        locale: Locale,
        /// What has no value: `{months}`.
        placeholder: String,
        /// What to do.
        remedy: &'static str,
    },
}

/// Returns the brief for one customer in one language. The same arguments give the same brief; the seed is
/// mixed with the customer's id, so that neighbours get different wordings.
pub fn brief(sources: &Sources<'_>, customer: &Customer, plan: &CampaignPlan, locale: Locale, seed: u64) -> Result<Brief, NoBrief> {
    let offer = match &plan.decision {
        Decision::NoContact { .. } => return Err(NoBrief::NotToContact),
        Decision::ServiceContact { .. } => None,
        Decision::Offer(choice) => Some(sources.catalogue.offer(&choice.offer).ok_or_else(|| NoBrief::UnknownOffer(choice.offer.clone()))?),
    };
    let inputs = &plan.inputs;
    let purpose = Purpose { offer, level: Some(inputs.level), tier: inputs.tier, theme: inputs.theme };
    brief_for(sources, customer, purpose, locale, seed)
}

/// What a message is for, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Purpose<'a> {
    /// The offer to make; `None` for a service contact.
    pub offer: Option<&'a Offer>,
    /// The risk level.
    pub level: Option<RiskLevel>,
    /// The value tier.
    pub tier: Option<ValueTier>,
    /// The theme of the main reason.
    pub theme: Option<Theme>,
}

/// Returns the brief for one customer in one language, with a purpose in place of a plan; else as [`brief`].
pub fn brief_for(sources: &Sources<'_>, customer: &Customer, purpose: Purpose<'_>, locale: Locale, seed: u64) -> Result<Brief, NoBrief> {
    let offer = purpose.offer;
    let days_inactive = days_inactive(sources.schema, customer);
    let inputs = GoalInputs { kind: offer.map(|offer| offer.kind), theme: purpose.theme, days_inactive };
    let goal = sources.goal.unwrap_or_else(|| Goal::for_customer(inputs));
    goal.check(inputs)?;
    let mut facts = company_facts(sources.company, locale);
    if let Some(offer) = offer {
        facts.extend(offer_facts(sources.schema, customer, offer, locale)?);
    }
    facts.extend(customer_facts(sources.schema, customer, locale));
    Ok(Brief {
        position: customer.position,
        customer: customer.id.clone(),
        locale,
        goal,
        segment: segment_of(sources, customer),
        day: sources.day,
        // No contact is recorded yet, so every one counts as the first.
        first_contact: true,
        level: purpose.level,
        tier: purpose.tier,
        theme: purpose.theme,
        offer: offer.map(|offer| offer.id.clone()),
        kind: offer.map(|offer| offer.kind),
        facts,
        company: sources.company.clone(),
        slots: slot_values(sources, customer),
        seed: mix(seed, customer.id.as_str()),
    })
}

/// Returns the segment of a customer: by the rules, or without any by what the table says.
pub fn segment_of(sources: &Sources<'_>, customer: &Customer) -> Option<SegmentId> {
    if let Some(segments) = sources.segments {
        return segments.segmenter.assign(customer, segments.day).segment;
    }
    match customer.cell(sources.schema, &Role::Segment) {
        Cell::Text(name) | Cell::Category(name) => SegmentId::parse(name).ok(),
        _ => None,
    }
}

/// Returns the days since the last visit, where the table says a number that can be one.
fn days_inactive(schema: &TableSchema, customer: &Customer) -> Option<u32> {
    match customer.cell(schema, &Role::DaysInactive) {
        Cell::Number(days) if (0.0..36_525.0).contains(days) => Some(days.floor() as u32),
        _ => None,
    }
}

/// Returns what the table says of the customer and allows to be told.
fn customer_facts(schema: &TableSchema, customer: &Customer, locale: Locale) -> Vec<Fact> {
    let told = |role: &Role| schema.with_role(role).and_then(|at| schema.columns.get(at)).filter(|column| column.tell);
    let cell = |column: &str| FactSource::Cell { line: customer.line, column: column.to_owned() };
    let mut facts = Vec::new();
    // "0 days ago" is no news, and nobody is told that they were here today.
    let days = days_inactive(schema, customer).filter(|days| *days > 0);
    if let (Some(column), Some(days)) = (told(&Role::DaysInactive), days) {
        let text = match (locale, days) {
            (Locale::En, 1) => "1 day".into(),
            (Locale::En, _) => format!("{days} days"),
            _ => format!("{days} 天"),
        };
        let value = Value::Span { count: days.into(), unit: Unit::Day };
        facts.push(Fact { id: "customer.days_inactive".into(), text, value: Some(value), source: cell(&column.name) });
    }
    if let (Some(column), Some(liked)) = (told(&Role::Favourites), customer.text(schema, &Role::Favourites)) {
        // Text of the table is quoted, never obeyed: only plain words of a sensible length are told.
        if crate::slot::is_plain_words(liked) {
            let text = liked.trim().to_owned();
            facts.push(Fact { id: "customer.favourites".into(), text, value: None, source: cell(&column.name) });
        }
    }
    let others = schema.columns.iter().zip(&customer.cells).filter(|(column, _)| column.tell && is_told_by_its_name(&column.role));
    facts.extend(others.filter_map(|(column, value)| {
        let text = told_text(value, column, schema, locale)?;
        Some(Fact { id: format!("customer.{}", column.name), text, value: None, source: cell(&column.name) })
    }));
    facts
}

/// Returns whether a cell of the role is told as what its column is called: not what has a fact or a slot of its own, what
/// says how to reach somebody, or what was invented.
fn is_told_by_its_name(role: &Role) -> bool {
    matches!(role, Role::Feature | Role::Trait | Role::Tenure | Role::Contract | Role::Usage | Role::ContractEnd | Role::Unused { .. })
}

/// Returns a cell as it may be told; `None` for what is unknown, a word the schema does not list, or text of the table that
/// is more than plain words.
fn told_text(cell: &Cell, column: &Column, schema: &TableSchema, locale: Locale) -> Option<String> {
    match (cell, &column.kind) {
        (Cell::Missing, _) => return None,
        (Cell::Category(word), ColumnKind::Category { levels }) if !levels.is_empty() && !levels.iter().any(|level| *level == **word) => {
            return None;
        }
        _ => {}
    }
    let text = display_cell(cell, column, schema, locale);
    let is_text = matches!(cell, Cell::Text(_) | Cell::Category(_)) && column.kind != ColumnKind::Date;
    (!is_text || crate::slot::is_plain_words(&text)).then(|| text.trim().to_owned())
}

fn slot_values(sources: &Sources<'_>, customer: &Customer) -> SlotValues {
    SlotValues {
        first_name: customer.text(sources.schema, &Role::FirstName).map(str::to_owned),
        unsubscribe_url: unsubscribe_url(sources.company, &customer.id),
        agent_name: None,
    }
}

/// Returns the address under which a customer unsubscribes, the same in the text and in the headers of a mail; `None`
/// where the company has none.
pub fn unsubscribe_url(company: &Company, customer: &CustomerId) -> Option<String> {
    let start = &company.unsubscribe_url;
    let token = Digest::of_parts([b"unsubscribe".as_slice(), customer.as_str().as_bytes()]);
    (!start.trim().is_empty()).then(|| format!("{start}{}", token.0.get(..32).unwrap_or_default()))
}

fn company_facts(company: &Company, locale: Locale) -> Vec<Fact> {
    let fields = [
        ("name", company.name.get(locale)),
        ("short_name", company.short_name.get(locale)),
        ("address", company.address.get(locale)),
        ("phone", &company.phone),
        ("team", company.team.get(locale)),
    ];
    let fact = |(field, text): (&str, &String)| Fact {
        id: format!("company.{field}"),
        text: text.clone(),
        value: None,
        source: FactSource::Company { field: field.into() },
    };
    let approved = company.approved.iter().enumerate().map(|(at, approved)| (format!("approved.{}", at + 1), approved));
    let approved = approved.map(|(id, approved)| Fact {
        id: id.clone(),
        text: approved.phrase.get(locale).clone(),
        value: None,
        source: FactSource::Company { field: id },
    });
    fields.into_iter().map(fact).chain(approved).collect()
}

/// The customer's own numbers that an offer is worked out from.
struct Charge {
    monthly: Money,
    saving: Money,
    source: FactSource,
}

fn offer_facts(schema: &TableSchema, customer: &Customer, offer: &Offer, locale: Locale) -> Result<Vec<Fact>, NoBrief> {
    let charge = charge(schema, customer, offer);
    let from_offer = |field: &str| FactSource::Offer { offer: offer.id.clone(), field: field.into() };
    let fact = |id: &str, text: String, value: Option<Value>, source: FactSource| Fact { id: id.into(), text, value, source };
    let mut facts = vec![
        fact("offer.name", offer.name.get(locale).clone(), None, from_offer("name")),
        fact("offer.promise", promise(offer, charge.as_ref(), locale)?, None, from_offer("promise")),
    ];
    if let Some(percent) = offer.terms.percent {
        let value = Value::Percent { hundredths: i64::from(percent) * 100, sense: Sense::Off };
        facts.push(fact("offer.percent", format!("{percent}%"), Some(value), from_offer("percent")));
    }
    if let Some(months) = offer.terms.months {
        let value = Value::Span { count: months.into(), unit: Unit::Month };
        facts.push(fact("offer.months", months_text(months, locale), Some(value), from_offer("months")));
    }
    if let Some(day) = offer.valid_until {
        let value = Value::Day { year: Some(day.year()), month: Some(day.month()), day: Some(day.day()) };
        facts.push(fact("offer.until", day_text(day, locale), Some(value), from_offer("valid_until")));
    }
    if let Some(charge) = charge {
        let monthly =
            |money: Money, sense| Value::Money { minor: money.minor, currency: Some(money.currency), per: Some(Unit::Month), sense };
        let saving = monthly(charge.saving, Sense::Off);
        facts.push(fact("offer.saving", charge.saving.to_string(), Some(saving), charge.source.clone()));
        // A promise that states the saving needs no second sentence about it, so the charge behind it is left out.
        if !offer.promise.get(locale).contains("{saving}") {
            let paid = monthly(charge.monthly, Sense::Paid);
            facts.push(fact("charge.monthly", charge.monthly.to_string(), Some(paid), charge.source));
        }
    }
    Ok(facts)
}

/// Returns the monthly charge and what the offer takes off it, rounded down to the minor unit, so that the bill
/// never falls by less than was promised; `None` where the offer takes off nothing or the charge is unknown.
fn charge(schema: &TableSchema, customer: &Customer, offer: &Offer) -> Option<Charge> {
    let column = schema.with_role(&Role::MonthlyCharge)?;
    let monthly = customer.monthly_charge(schema).filter(|charge| charge.minor > 0)?;
    let saving = offer.saving(monthly)?;
    let source = FactSource::Cell { line: customer.line, column: schema.columns.get(column)?.name.clone() };
    Some(Charge { monthly, saving, source })
}

fn promise(offer: &Offer, charge: Option<&Charge>, locale: Locale) -> Result<String, NoBrief> {
    offer.promise_for(charge.map(|charge| charge.monthly), locale).map_err(|number| NoBrief::PromiseNeeds {
        offer: offer.id.clone(),
        locale,
        placeholder: number.placeholder().into(),
        remedy: number.remedy(),
    })
}

fn months_text(months: u16, locale: Locale) -> String {
    match (locale, months) {
        (Locale::ZhTw, _) => format!("{months} 個月"),
        (Locale::ZhCn, _) => format!("{months} 个月"),
        (Locale::En, 1) => "1 month".into(),
        (Locale::En, _) => format!("{months} months"),
    }
}

fn day_text(day: Date, locale: Locale) -> String {
    const MONTHS: [&str; 12] =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    let (year, month, date) = (day.year(), day.month(), day.day());
    match locale {
        Locale::ZhTw | Locale::ZhCn => format!("{year} 年 {month} 月 {date} 日"),
        Locale::En => {
            let name = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
            format!("{date} {name} {year}")
        }
    }
}

/// Returns a number that depends on every bit of a seed and a text (FNV-1a, then the finaliser of splitmix64).
pub(crate) fn mix(seed: u64, text: &str) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    let hash = text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let once = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let twice = (once ^ (once >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    twice ^ (twice >> 31)
}
