//! Made-up customers of made-up companies: what a language model is asked for each, and what the built-in writer answers.
//!
//! Every example is decided by its number alone. Names, offers and firms are put together from a grammar, so that whoever
//! learns from them learns to follow the brief and not one catalogue.
use super::grammar::{self, Words};
use crate::sample::random::Random;
use jiff::civil::Date;
use std::collections::BTreeMap;
use winback_core::agents::communication;
use winback_core::brief::{Sources, brief};
use winback_core::campaign::{CampaignPlan, Choice, Decision, ExpectedEffect, PlanInputs, PriceSensitivity, Usage, WhyNoOffer};
use winback_core::customer::{Cell, Customer};
use winback_core::digest::Digest;
use winback_core::goal::{Goal, GoalInputs};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::{Locale, Localized};
use winback_core::message::{Brief, Channel, Company, WriterVersion};
use winback_core::money::{Currency, Money};
use winback_core::number::DecimalMark;
use winback_core::offer::{Catalogue, EffectAssumption, Eligibility, Offer, OfferCost, OfferId, OfferKind, Terms};
use winback_core::prompt::prompt;
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::schema::{CellRules, Column, ColumnKind, MissingRule, Role, TableSchema, Theme};
use winback_core::segment::SegmentId;
use winback_core::template::Templates;

/// The day on which everybody writes.
const DAY: Date = Date::constant(2026, 11, 21);
/// The segments that prompts know, and one that a company named itself.
const SEGMENTS: [&str; 6] = ["Parent_Active", "Regular_Active", "Dormant", "Need_Reengagement", "HighValue_Active", "Gold_Members"];

/// What is asked, and what is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Empty where nobody says who writes.
    pub system: String,
    pub user: String,
    pub reply: String,
}

/// A made-up customer's case.
pub struct Case {
    pub schema: TableSchema,
    /// With the segment that the prompt names.
    pub brief: Brief,
}

/// Returns the case with a number; `None` where what was drawn fits no goal.
pub fn case(number: u64, seed: u64) -> Option<Case> {
    let mut random = Random::new(seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
    let locale = *random.pick(&Locale::ALL);
    let thing = random.pick(&grammar::THINGS);
    let kind = [
        None,
        Some(OfferKind::Discount),
        Some(OfferKind::Upgrade),
        Some(OfferKind::PlanChange),
        Some(OfferKind::FreeTrial),
        Some(OfferKind::Service),
    ][random.weighted(&[0.12, 0.2, 0.17, 0.17, 0.17, 0.17])];
    let theme = random.chance(0.9).then(|| *random.pick(&Theme::ALL));
    let goals = Goal::ALL.into_iter().filter(|goal| goal.check(GoalInputs { kind, theme, days_inactive: None }).is_ok());
    let goal = *random.pick(&goals.collect::<Vec<_>>());
    let tier = [Some(ValueTier::High), Some(ValueTier::Mid), Some(ValueTier::Low), None][random.weighted(&[0.3, 0.3, 0.3, 0.1])];
    let currency = Currency::parse("USD").ok()?;
    let company = company(&mut random, thing);
    let offer = kind.map(|kind| offer(&mut random, kind, thing, currency));
    let schema = schema(currency, random.chance(0.5));
    let customer = customer(&mut random, number, locale)?;
    let catalogue = catalogue(offer.iter().cloned().collect(), currency);
    let plan = plan(&customer, offer.map(|offer| offer.id), (tier, theme));
    let sources = Sources { schema: &schema, catalogue: &catalogue, company: &company, goal: Some(goal), day: DAY, segments: None };
    let mut brief = brief(&sources, &customer, &plan, locale, seed).ok()?;
    brief.first_contact = random.chance(0.8);
    brief.segment = if random.chance(0.85) { SegmentId::parse(random.pick::<&str>(&SEGMENTS)).ok() } else { None };
    Some(Case { schema, brief })
}

/// Returns the lesson of a case: the built-in writer's mail in a segment's voice, or in the neutral one; `None` where it would
/// not pass the review of a model's. The prompt names the case's own segment.
pub fn lesson(templates: &Templates, case: &Case, voice: Option<&SegmentId>) -> Option<Lesson> {
    let brief = Brief { segment: voice.cloned(), ..case.brief.clone() };
    let reply = communication::mail_form(templates, &brief).ok()?.to_text(brief.locale);
    // Not the hash of the templates, so that it is reviewed as any model's mail is.
    let writer = WriterVersion::of_words("lesson", Digest::of(b"lesson"));
    communication::review_reply(templates, &brief, &reply, writer).ok()?;
    let asked = prompt(templates, &case.brief, &case.schema, Channel::Email);
    Some(Lesson { system: asked.system, user: asked.user, reply })
}

/// Returns an exercise: one part of a lesson's mail, asked for by the case in short. What decides the words stands close to
/// them there, so that a model learns which words go with which case from few tokens. The number decides which part.
pub fn exercise(lesson: &Lesson, number: u64) -> Lesson {
    let case = lesson.user.split("\n\n").next().unwrap_or_default();
    let marker = |line: &str| line.strip_prefix("- ").and_then(|told| told.split_inclusive("}}").next()).map(str::to_owned);
    let markers: Vec<String> = lesson.user.lines().filter_map(marker).filter(|marker| marker.starts_with("{{")).collect();
    let parts: Vec<&str> = lesson.reply.split("\n\n").collect();
    // Greeting and signature are nearly always the same.
    let chosen: Vec<usize> = (0..parts.len()).filter(|part| *part != 1 && *part + 1 != parts.len()).collect();
    let part = *Random::new(number).pick(&chosen);
    Lesson { system: String::new(), user: format!("{case}\n{}\n{part}", markers.join(" ")), reply: parts[part].to_owned() }
}

fn localized(words: &Words, fill: impl Fn(&str, usize) -> String) -> Localized {
    Localized::new(&fill(words[0], 0), &fill(words[1], 1), &fill(words[2], 2))
}

fn company(random: &mut Random, thing: &Words) -> Company {
    let (brand, number) = (random.pick(&grammar::BRANDS), 1 + random.below(200));
    let name = localized(brand, |brand, at| match at {
        2 => format!("{brand} {}", titled(thing[at])),
        _ => format!("{brand}{}", thing[at]),
    });
    let digits = |random: &mut Random, count: u64| (0..count).map(|_| random.below(10).to_string()).collect::<String>();
    let phone = match random.below(4) {
        0 => format!("+1-555-01{}", digits(random, 2)),
        1 => format!("02-2{}-{}", digits(random, 3), digits(random, 4)),
        2 => format!("0800-{}-{}", digits(random, 3), digits(random, 3)),
        _ => format!("400-{}-{}", digits(random, 3), digits(random, 4)),
    };
    let address = random.pick(&grammar::STREETS);
    Company {
        name,
        short_name: localized(brand, |brand, _| brand.to_owned()),
        address: localized(address, |address, _| address.replace("{number}", &number.to_string())),
        phone,
        team: localized(random.pick(&grammar::TEAMS), |team, _| team.to_owned()),
        unsubscribe_url: if random.chance(0.9) { "https://example.com/unsubscribe?t=".to_owned() } else { String::new() },
        approved: Vec::new(),
    }
}

fn offer(random: &mut Random, kind: OfferKind, thing: &Words, currency: Currency) -> Offer {
    let wording = random.pick(grammar::offers(kind));
    let percent = [5, 8, 10, 12, 15, 18, 20, 25, 30];
    let months = [1, 2, 3, 4, 6, 9, 12, 18, 24];
    let promise = localized(&wording.promise, |text, at| text.replace("{thing}", thing[at]));
    let name = localized(&wording.name, |name, at| {
        let name = name.replace("{thing}", thing[at]);
        if at == 2 { titled(&name) } else { name }
    });
    let until = random.chance(0.3).then(|| DAY.saturating_add(jiff::Span::new().days(7 + random.below(150).cast_signed())));
    Offer {
        id: OfferId("made-up".into()),
        kind,
        name,
        promise,
        terms: Terms { percent: wording.percent.then(|| *random.pick(&percent)), months: wording.months.then(|| *random.pick(&months)) },
        cost: OfferCost { fixed: Money::new(0, currency), percent_of_charge: 0, months: 0 },
        eligibility: Eligibility::default(),
        valid_from: None,
        valid_until: until,
        stock: None,
        effect: EffectAssumption { saves: 0.1, source: Localized::same("made up") },
        changes: Vec::new(),
    }
}

fn titled(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn catalogue(offers: Vec<Offer>, currency: Currency) -> Catalogue {
    Catalogue {
        currency,
        margin: 0.5,
        horizon_months: 12,
        budget: None,
        due_days: [3, 7],
        offers,
        rules: Vec::new(),
        cases: Vec::new(),
        digest: Digest::of(b"made up"),
    }
}

/// The roles of the columns, in the order of [`customer`]'s cells.
const COLUMNS: [(&str, ColumnKind, Role); 5] = [
    ("ID", ColumnKind::Text, Role::Id),
    ("Name", ColumnKind::Text, Role::FirstName),
    ("Monthly", ColumnKind::Money, Role::MonthlyCharge),
    ("DaysInactive", ColumnKind::Number { min: 0.0, max: 1e5 }, Role::DaysInactive),
    ("Favourites", ColumnKind::Text, Role::Favourites),
];

/// Returns a table; what the customer pays may be told, or stands in a prompt as a marker alone.
fn schema(currency: Currency, tell_charge: bool) -> TableSchema {
    let column = |(name, kind, role): (&str, ColumnKind, Role)| Column {
        name: name.to_owned(),
        aliases: Vec::new(),
        kind,
        tell: matches!(role, Role::DaysInactive | Role::Favourites) || (tell_charge && role == Role::MonthlyCharge),
        role,
        optional: true,
        period: None,
        expect: None,
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Profile,
        value_labels: BTreeMap::new(),
        unit: None,
        cells: CellRules::default(),
    };
    TableSchema {
        name: "made up".to_owned(),
        delimiter: b',',
        decimal_mark: DecimalMark::Point,
        currency,
        columns: COLUMNS.map(column).into(),
        groups: Vec::new(),
        families: Vec::new(),
        peer_column: None,
    }
}

/// Returns a customer: most have a name, some a charge that may be told, few more than that.
fn customer(random: &mut Random, number: u64, locale: Locale) -> Option<Customer> {
    let id = format!("M-{number}");
    let text = |text: &str| Cell::Text(text.into());
    let or_missing = |drawn: bool, cell: Cell| if drawn { cell } else { Cell::Missing };
    let names = [["怡君", "志豪", "雅婷"], ["丽娜", "浩然", "晓明"], ["Julia", "Owen", "Grace"]];
    let name = text(random.pick::<&str>(&names[locale as usize]));
    let liked = text(random.pick(&grammar::LIKED)[locale as usize]);
    let charge = 1_000 + random.below(20_000).cast_signed();
    let cells = vec![
        text(&id),
        or_missing(random.chance(0.85), name),
        or_missing(random.chance(0.35), Cell::Money(charge)),
        or_missing(random.chance(0.2), Cell::Number(random.below(400) as f64)),
        or_missing(random.chance(0.15), liked),
    ];
    let position = Position(u32::try_from(number).ok()?);
    Some(Customer { id: CustomerId::parse(&id).ok()?, position, line: number + 2, cells })
}

fn plan(customer: &Customer, offer: Option<OfferId>, (tier, theme): (Option<ValueTier>, Option<Theme>)) -> CampaignPlan {
    let effect = ExpectedEffect { probability_before: 0.6, probability_after: 0.5, kept_margin_minor: 0, net_minor: 0, horizon_months: 12 };
    let decision = match offer {
        Some(offer) => Decision::Offer(Choice { offer, runner_up: None, cost_minor: 0, effect }),
        None => Decision::ServiceContact { why: WhyNoOffer::NoneWorthIt },
    };
    CampaignPlan {
        position: customer.position,
        customer: customer.id.clone(),
        inputs: PlanInputs {
            level: RiskLevel::High,
            tier,
            theme,
            contract: None,
            tenure_months: None,
            price_sensitivity: PriceSensitivity::Unknown,
            usage: Usage::NotMeasured,
        },
        rule: None,
        decision,
        considered: Vec::new(),
        owner: Localized::same("made up"),
        due: None,
        catalogue: Digest::of(b"made up"),
    }
}
