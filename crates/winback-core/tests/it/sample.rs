//! A small company: five offers of five kinds and customers to write to.
use std::collections::BTreeMap;
use std::sync::Arc;
use winback_core::brief::{Sources, brief};
use winback_core::campaign::{CampaignPlan, Choice, Decision, ExpectedEffect, PlanInputs, PriceSensitivity, Usage, WhyNoOffer};
use winback_core::customer::{Cell, Customer};
use winback_core::digest::Digest;
use winback_core::id::{CustomerId, Position};
use winback_core::locale::{Locale, Localized};
use winback_core::message::{Brief, Company};
use winback_core::money::{Currency, Money};
use winback_core::number::DecimalMark;
use winback_core::offer::{Catalogue, EffectAssumption, Eligibility, Offer, OfferCost, OfferId, OfferKind, Terms};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};

pub const OFFERS: [Option<&str>; 6] = [Some("annual-15"), Some("speed-up"), Some("one-year"), Some("tech-trial"), Some("check-call"), None];

/// The day on which everything is written.
pub const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 21);

pub struct House {
    pub schema: TableSchema,
    pub catalogue: Catalogue,
    pub company: Company,
}

/// One customer and what is planned.
#[derive(Clone, Copy)]
pub struct Who<'a> {
    pub id: &'a str,
    pub name: Option<&'a str>,
    pub charge: Option<i64>,
    pub theme: Option<Theme>,
    pub tier: Option<ValueTier>,
    pub offer: Option<&'a str>,
}

pub const JULIA: Who<'static> = Who {
    id: "7590-VHVEG",
    name: Some("Julia"),
    charge: Some(8_535),
    theme: Some(Theme::Contract),
    tier: Some(ValueTier::High),
    offer: Some("annual-15"),
};

impl House {
    pub fn new() -> Self {
        let usd = Currency::parse("USD").unwrap();
        let columns = vec![
            column("customerID", ColumnKind::Text, Role::Id),
            column("first_name", ColumnKind::Text, Role::FirstName),
            column("MonthlyCharges", ColumnKind::Money, Role::MonthlyCharge),
        ];
        let schema = TableSchema {
            name: "sample".into(),
            delimiter: b',',
            decimal_mark: DecimalMark::Point,
            currency: usd,
            columns,
            groups: Vec::new(),
            families: Vec::new(),
            peer_column: None,
        };
        let catalogue = Catalogue {
            budget: None,
            currency: usd,
            margin: 0.4,
            horizon_months: 12,
            due_days: [3, 14],
            offers: offers(),
            rules: Vec::new(),
            cases: Vec::new(),
            digest: Digest::of(b"sample"),
        };
        let company = Company {
            name: Localized::new("北辰電信", "北辰通信", "Northwind Telecom"),
            short_name: Localized::new("北辰電信", "北辰通信", "Northwind"),
            address: Localized::new("臺北市中山區北辰路 12 號", "上海市浦东新区北辰路 12 号", "12 Harbour Street, Springfield"),
            phone: "0800-555-010".into(),
            team: Localized::new("客戶服務部", "客户服务部", "The customer care team"),
            unsubscribe_url: "https://northwind.example/stop?t=".into(),
            approved: Vec::new(),
        };
        Self { schema, catalogue, company }
    }

    pub fn brief(&self, who: Who<'_>, locale: Locale, seed: u64) -> Brief {
        let sources =
            Sources { schema: &self.schema, catalogue: &self.catalogue, company: &self.company, goal: None, day: DAY, segments: None };
        brief(&sources, &customer(who), &plan(who), locale, seed).unwrap()
    }
}

fn column(name: &str, kind: ColumnKind, role: Role) -> Column {
    Column {
        name: name.into(),
        aliases: Vec::new(),
        kind,
        role,
        optional: false,
        tell: false,
        period: None,
        expect: None,
        cells: winback_core::schema::CellRules::default(),
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Profile,
        value_labels: BTreeMap::new(),
        unit: None,
    }
}

pub fn customer(who: Who<'_>) -> Customer {
    let name = who.name.map_or(Cell::Missing, |name| Cell::Text(Arc::from(name)));
    let cells = vec![Cell::Text(Arc::from(who.id)), name, who.charge.map_or(Cell::Missing, Cell::Money)];
    Customer { id: CustomerId::parse(who.id).unwrap(), position: Position(0), line: 2, cells }
}

pub fn plan(who: Who<'_>) -> CampaignPlan {
    let effect = ExpectedEffect { probability_before: 0.7, probability_after: 0.5, kept_margin_minor: 1, net_minor: 1, horizon_months: 12 };
    let decision = match who.offer {
        Some(offer) => Decision::Offer(Choice { offer: OfferId(offer.into()), runner_up: None, cost_minor: 0, effect }),
        None => Decision::ServiceContact { why: WhyNoOffer::NoEligibleOffer },
    };
    CampaignPlan {
        position: Position(0),
        customer: CustomerId::parse(who.id).unwrap(),
        inputs: PlanInputs {
            level: RiskLevel::High,
            tier: who.tier,
            theme: who.theme,
            contract: None,
            tenure_months: None,
            price_sensitivity: PriceSensitivity::Unknown,
            usage: Usage::NotMeasured,
        },
        rule: None,
        decision,
        considered: Vec::new(),
        owner: Localized::same("team"),
        due: None,
        catalogue: Digest::of(b"sample"),
    }
}

fn offer(id: &str, kind: OfferKind, (name, promise): (Localized, Localized), terms: (Option<u8>, Option<u16>)) -> Offer {
    Offer {
        id: OfferId(id.into()),
        kind,
        name,
        promise,
        terms: Terms { percent: terms.0, months: terms.1 },
        cost: OfferCost { fixed: Money::new(0, Currency::parse("USD").unwrap()), percent_of_charge: 0, months: 0 },
        eligibility: Eligibility::default(),
        valid_from: None,
        valid_until: (id == "annual-15").then(|| jiff::civil::date(2027, 6, 30)),
        stock: None,
        effect: EffectAssumption { saves: 0.2, source: Localized::same("assumed") },
        changes: Vec::new(),
    }
}

fn offers() -> Vec<Offer> {
    vec![
        offer(
            "annual-15",
            OfferKind::Discount,
            (
                Localized::new("年約優惠", "年约优惠", "Annual saver"),
                Localized::new(
                    "改簽一年合約，連續 {months} 個月，月費少 {percent}%。",
                    "改签一年合约，连续 {months} 个月，月费少 {percent}%。",
                    "With a one-year contract, your monthly charge is {percent}% lower for {months} months.",
                ),
            ),
            (Some(15), Some(12)),
        ),
        offer(
            "speed-up",
            OfferKind::Upgrade,
            (
                Localized::new("網速升級", "网速升级", "Speed upgrade"),
                Localized::new(
                    "您的網路會提升到下一級速度，月費不變。",
                    "您的网速将提升一档，月费不变。",
                    "Your connection moves up to the next speed; the price stays the same.",
                ),
            ),
            (None, None),
        ),
        offer(
            "one-year",
            OfferKind::PlanChange,
            (
                Localized::new("一年約方案", "一年期套餐", "One-year plan"),
                Localized::new(
                    "簽一年約，{months} 個月內月費不調整。",
                    "签一年合约，{months} 个月内月费不变。",
                    "You choose a one-year contract, and your price stays the same for {months} months.",
                ),
            ),
            (None, Some(12)),
        ),
        offer(
            "tech-trial",
            OfferKind::FreeTrial,
            (
                Localized::new("技術支援體驗", "技术支持体验", "Tech support trial"),
                Localized::new(
                    "{months} 個月內，技術支援免費使用，到期不會自動收費。",
                    "{months} 个月内免费使用技术支持，到期不会自动收费。",
                    "For {months} months, technical support is yours at no charge, and it ends by itself.",
                ),
            ),
            (None, Some(3)),
        ),
        offer(
            "check-call",
            OfferKind::Service,
            (
                Localized::new("服務健檢", "服务体检", "Service check"),
                Localized::new(
                    "由專人和您一起檢查連線與帳單，不收任何費用。",
                    "由专人和您一起检查线路和账单，不收任何费用。",
                    "A specialist goes through your connection and your bill with you, at no charge.",
                ),
            ),
            (None, None),
        ),
    ]
}
