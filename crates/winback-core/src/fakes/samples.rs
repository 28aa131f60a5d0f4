//! Samples of every record, made from a customer's place alone.
use crate::campaign::{
    Approval, ApprovalState, CampaignPlan, Choice, Considered, Decision, ExpectedEffect, PlanInputs, PriceSensitivity, Usage, Verdict,
    WhyNoContact, WhyNoOffer,
};
use crate::consent::{WhyWithheld, Withheld};
use crate::customer::{Cell, Customer};
use crate::defect::{Defect, Outcome, Problem};
use crate::digest::Digest;
use crate::id::{CustomerId, Position};
use crate::locale::{Locale, Localized};
use crate::message::{Channel, Content, Finding, Message, MessageRecord, RefusedMail, Sms, WriterVersion};
use crate::money::Currency;
use crate::number::DecimalMark;
use crate::offer::OfferId;
use crate::peer::PriceEffect;
use crate::risk::{Probability, Reason, RiskAssessment, RiskLevel, RiskThresholds, ValueTier};
use crate::run::{RunOrigin, Stage, StageReport};
use crate::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};
use crate::segment::SegmentId;
use crate::store::{CustomerPage, Standing, Writing};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Returns the moment at which every sample happens.
pub fn time() -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::new(1_795_230_000, 123_456_789)
}

/// Returns the origin of a run of the file with a name.
pub fn origin(source: &str) -> RunOrigin {
    RunOrigin {
        source: source.to_owned(),
        source_digest: Digest::of(source.as_bytes()),
        settings_digest: Digest::of(b"settings"),
        settings: r#"{"thresholds":{"medium":0.4,"high":0.7}}"#.into(),
    }
}

/// Returns the report of a stage.
pub fn report(stage: Stage) -> StageReport {
    StageReport { stage, finished_at: time(), duration_ms: 1_500, report: serde_json::json!({ "rows": 7, "share": 0.1 }) }
}

/// Returns a table with a column of every kind.
pub fn schema() -> TableSchema {
    let flag = || ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["No".into()] };
    TableSchema {
        name: "sample".into(),
        delimiter: b',',
        decimal_mark: DecimalMark::Point,
        currency: currency(),
        columns: vec![
            column("customerID", ColumnKind::Text, Role::Id),
            column("tenure", ColumnKind::Number { min: 0.0, max: 1e9 }, Role::Tenure),
            column("MonthlyCharges", ColumnKind::Money, Role::MonthlyCharge),
            column("Churn", flag(), Role::Label),
            column("Contract", ColumnKind::Category { levels: CONTRACTS.map(str::to_owned).to_vec() }, Role::Contract),
            column("EndsOn", ColumnKind::Date, Role::ContractEnd),
            column("PaperlessBilling", flag(), Role::Feature),
        ],
        groups: Vec::new(),
        families: Vec::new(),
        peer_column: Some(4),
    }
}

const CONTRACTS: [&str; 3] = ["Month-to-month", "一年期", "Two \"year\""];

fn currency() -> Currency {
    Currency::parse("USD").unwrap_or_else(|_| not_valid("currency"))
}

fn column(name: &str, kind: ColumnKind, role: Role) -> Column {
    Column {
        name: name.to_owned(),
        aliases: Vec::new(),
        kind,
        role,
        optional: false,
        tell: false,
        period: None,
        expect: None,
        cells: crate::schema::CellRules::default(),
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Profile,
        value_labels: BTreeMap::new(),
        unit: None,
    }
}

#[expect(clippy::panic, reason = "a sample that is not valid is a mistake in this file")]
fn not_valid<T>(what: &str) -> T {
    panic!("the sample {what} is not valid")
}

/// Returns the id of the customer at a place: `C-00042x`, the letter in both cases.
pub fn id(place: u32) -> CustomerId {
    let letter = if place.is_multiple_of(2) { 'x' } else { 'X' };
    CustomerId::parse(&format!("C-{place:05}{letter}")).unwrap_or_else(|_| not_valid("id"))
}

/// Returns the customer at a place; every fifth has empty cells.
pub fn customer(place: u32) -> Customer {
    let id = id(place);
    let full = !place.is_multiple_of(5);
    let cell = |cell: Cell| if full { cell } else { Cell::Missing };
    let cells = vec![
        Cell::Text(id.as_str().into()),
        cell(Cell::Number(f64::from(place) / 3.0)),
        monthly(place).map_or(Cell::Missing, Cell::Money),
        Cell::Flag(place.is_multiple_of(4)),
        Cell::Category(CONTRACTS[place as usize % 3].into()),
        cell(Cell::Text("2027-02-28".into())),
        cell(Cell::Flag(place.is_multiple_of(3))),
    ];
    Customer { id, position: Position(place), line: u64::from(place) + 2, cells }
}

/// Returns the page that begins at a place, with a defect in every seventh row.
pub fn page(from: u32, rows: u32) -> CustomerPage {
    CustomerPage {
        customers: (from..from + rows).map(customer).collect(),
        defects: (from..from + rows).filter(|place| place.is_multiple_of(7)).flat_map(defects).collect(),
        source_rows: u64::from(from + rows),
    }
}

fn defects(place: u32) -> [Defect; 2] {
    let defect = |column: u32, name: &str, problem| Defect {
        line: u64::from(place) + 2,
        column: Some(column),
        column_name: Some(name.to_owned()),
        problem,
        outcome: Outcome::CellChanged,
        detail: "expected a number, found an empty cell".into(),
    };
    [defect(2, "tenure", Problem::MissingFilled), defect(3, "MonthlyCharges", Problem::NumberNormalised)]
}

fn monthly(place: u32) -> Option<i64> {
    (place % 10 != 9).then(|| 2_000 + i64::from(place) * 97 % 9_000)
}

/// Returns the probability of the customer at a place: 0.0005 to 0.9995, no two of the first thousand the same.
pub fn probability(place: u32) -> Probability {
    // In f64, so that places in the millions do not overflow.
    let thousandth = (f64::from(place) * 377.0 + 11.0) % 1_000.0;
    Probability::new((thousandth + 0.5) / 1_000.0).unwrap_or_else(|_| not_valid("probability"))
}

/// Returns the segment of the customer at a place: of five, two are in one, two in another, one in none.
pub fn segment(place: u32) -> Option<SegmentId> {
    let name = ["Dormant", "高價值", "Dormant", "", "高價值"][place as usize % 5];
    SegmentId::parse(name).ok()
}

/// Returns the assessment of the customer at a place.
pub fn standing(place: u32) -> Standing {
    let probability = probability(place);
    let p = probability.value();
    let monthly_minor = monthly(place);
    let tier = monthly_minor.map(|minor| match minor {
        ..4_000 => ValueTier::Low,
        4_000..8_000 => ValueTier::Mid,
        _ => ValueTier::High,
    });
    let log_odds = (p / (1.0 - p)).ln();
    let reasons = (0..5).map(|group| Reason { group, log_odds: (log_odds + 1.0) / 5.0 * f64::from(group) / 2.0 }).collect();
    let assessment =
        RiskAssessment { position: Position(place), customer: id(place), log_odds, probability, base: -1.0, reasons, imputed: 2 };
    let level = RiskThresholds::default().level(probability);
    let main_group = (!place.is_multiple_of(3)).then_some(4);
    Standing { assessment, level, tier, monthly_minor, main_group, segment: segment(place) }
}

/// Returns the plan of the customer at a place: of four, two have an offer, one a contact, one nothing.
pub fn plan(place: u32) -> CampaignPlan {
    let standing = standing(place);
    let decision = match place % 4 {
        0 => Decision::Offer(choice(place, "annual-15", Some("free-trial"))),
        1 => Decision::Offer(choice(place, "free-trial", None)),
        2 => Decision::ServiceContact { why: WhyNoOffer::NoneWorthIt },
        _ if place % 8 == 7 => Decision::NoContact { why: WhyNoContact::AlreadyLeft },
        _ => Decision::NoContact { why: WhyNoContact::LowRisk },
    };
    let effect = PriceEffect { above: 100, above_left: 40, below: 90, below_left: 20 };
    CampaignPlan {
        position: Position(place),
        customer: id(place),
        inputs: PlanInputs {
            level: RiskLevel::High,
            tier: Some(ValueTier::Mid),
            theme: Some(Theme::Contract),
            contract: Some(CONTRACTS[place as usize % 3].into()),
            tenure_months: Some(f64::from(place) / 7.0),
            price_sensitivity: PriceSensitivity::Typical { effect },
            usage: if place.is_multiple_of(2) { Usage::NotMeasured } else { Usage::Changed { drop_rate: standing.assessment.log_odds } },
        },
        rule: Some("high-mid-contract".into()),
        considered: vec![Considered { offer: OfferId("annual-15".into()), verdict: Verdict::Chosen }],
        decision,
        owner: Localized::new("客戶維繫團隊", "客户维系团队", "Retention team"),
        due: (place % 4 != 3).then(|| Date::constant(2026, 11, 28)),
        catalogue: Digest::of(b"catalogue"),
    }
}

fn choice(place: u32, offer: &str, runner_up: Option<&str>) -> Choice {
    let probability_before = probability(place).value();
    Choice {
        offer: OfferId(offer.to_owned()),
        runner_up: runner_up.map(|offer| OfferId(offer.to_owned())),
        cost_minor: 500 + i64::from(place % 13),
        effect: ExpectedEffect {
            probability_before,
            probability_after: probability_before * 0.8,
            kept_margin_minor: 9_000 + i64::from(place) * 31 % 700,
            net_minor: 8_500 + i64::from(place) * 31 % 700,
            horizon_months: 12,
        },
    }
}

/// Returns a decision about the customer at a place.
pub fn approval(place: u32, state: ApprovalState) -> Approval {
    Approval { position: Position(place), state, by: "王小明".into(), at: time() }
}

/// Returns what writing came to for the customer at a place: a short message, or nothing but findings.
pub fn writing(place: u32, locale: Locale, passed: bool) -> Writing {
    let held = Finding {
        channel: Channel::Email,
        part: "text".into(),
        check: "number-without-fact".into(),
        detail: "the number 15 stands for no fact".into(),
    };
    let record = MessageRecord {
        position: Position(place),
        customer: id(place),
        locale,
        content: Content::Sms(Sms { text: format!("您好 😀 {place}") }),
        offer: Some(OfferId("annual-15".into())),
        writer: WriterVersion::of_words("built-in", Digest::of(b"words")),
        facts: Vec::new(),
        goal: crate::goal::Goal::Push,
        segment: None,
        ledger: vec![crate::message::LedgerEntry {
            part: "text".into(),
            start: 0,
            end: 9,
            value: crate::claim::Value::Percent { hundredths: 1_500, sense: crate::claim::Sense::Off },
            bound: crate::message::Binding::Fact { id: "offer.percent".into() },
        }],
        checks: vec!["slots".into(), "length".into()],
        refused: vec![RefusedMail {
            writer: WriterVersion::of_words("model/Dormant/v1", Digest::of(b"model")),
            findings: vec![held.clone()],
        }],
    };
    let messages = if passed { vec![Message::from_store(record)] } else { Vec::new() };
    let withheld = vec![Withheld { channel: Channel::Call, why: WhyWithheld::ConsentUnknown }];
    Writing { position: Position(place), customer: id(place), locale, messages, findings: vec![held], withheld }
}
