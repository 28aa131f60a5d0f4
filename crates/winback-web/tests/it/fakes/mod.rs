//! A store and a desk in memory with thirty customers made by hand, for tests and for the example server.
mod full_card;
pub mod gallery;
mod messages;
mod model;
mod store;

use jiff::Timestamp;
use jiff::civil::date;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use winback_core::campaign::*;
use winback_core::customer::{Cell, Customer};
use winback_core::defect::{Defect, Outcome, Problem};
use winback_core::digest::Digest;
use winback_core::feature::FeatureSchema;
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::locale::Localized;
use winback_core::message::*;
use winback_core::money::{Currency, Money};
use winback_core::number::DecimalMark;
use winback_core::offer::*;
use winback_core::peer::{PeerBuilder, PriceEffect};
use winback_core::portfolio::*;
use winback_core::risk::*;
use winback_core::run::*;
use winback_core::schema::*;
use winback_core::segment::SegmentId;
use winback_core::segment::assign::Segmenter;
use winback_core::segment::rules::{Absent, Condition, SegmentRule, SegmentRules, Subject, Test};
use winback_core::store::*;

pub use messages::{held, write};

/// Thirty customers in memory.
pub struct FakeStore {
    pub customers: Vec<Customer>,
    pub standings: Vec<Standing>,
    pub plans: Vec<CampaignPlan>,
    pub writings: Mutex<BTreeMap<Position, Vec<Writing>>>,
    pub decisions: Mutex<BTreeMap<Position, Approval>>,
    pub defects: Vec<Defect>,
    pub run: Run,
    /// Runs beside the one that is shown, newest first.
    pub others: Mutex<Vec<Run>>,
    /// Whether the file of the model is not there any more.
    pub model_gone: AtomicBool,
    /// Whether the model gives a higher score to every row that an offer changes.
    pub offers_raise: AtomicBool,
    /// Whether the run was assessed since segments are kept.
    pub segments_kept: AtomicBool,
}

/// Hands out the one context, or none, writes from fixed words and scores with [`model::Differences`].
pub struct FakeDesk {
    pub context: Option<Arc<Context>>,
    pub store: Arc<FakeStore>,
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn words(zh_tw: &str, zh_cn: &str, en: &str) -> Localized {
    Localized::new(zh_tw, zh_cn, en)
}

fn column(name: &str, kind: ColumnKind, role: Role, theme: Theme, label: Localized) -> Column {
    Column {
        name: name.into(),
        aliases: vec![],
        kind,
        role,
        optional: false,
        tell: false,
        period: None,
        expect: None,
        cells: winback_core::schema::CellRules::default(),
        missing: MissingRule::Learn,
        label,
        theme,
        value_labels: BTreeMap::new(),
        unit: None,
    }
}

fn category(levels: &[(&str, &str, &str)]) -> (ColumnKind, BTreeMap<String, Localized>) {
    let kind = ColumnKind::Category { levels: levels.iter().map(|level| level.0.to_owned()).collect() };
    (kind, levels.iter().map(|(en, tw, cn)| ((*en).to_owned(), words(tw, cn, en))).collect())
}

fn labelled(mut column: Column, levels: &[(&str, &str, &str)]) -> Column {
    (column.kind, column.value_labels) = category(levels);
    column
}

pub fn table() -> TableSchema {
    let text = || ColumnKind::Text;
    let number = |max| ColumnKind::Number { min: 0.0, max };
    let flag = || ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["No".into()] };
    let mut tenure = column("tenure", number(600.0), Role::Tenure, Theme::Loyalty, words("往來月數", "在网月数", "Tenure"));
    tenure.unit = Some(words("個月", "个月", "months"));
    let contract = column("Contract", text(), Role::Contract, Theme::Contract, words("合約", "合同", "Contract"));
    let internet = column("InternetService", text(), Role::Feature, Theme::Product, words("網路服務", "网络服务", "Internet service"));
    let payment = column("PaymentMethod", text(), Role::Feature, Theme::Payment, words("付款方式", "付款方式", "Payment method"));
    let schema = TableSchema {
        name: "telco".into(),
        delimiter: b',',
        decimal_mark: DecimalMark::Point,
        currency: usd(),
        columns: vec![
            column("customerID", text(), Role::Id, Theme::Profile, words("客戶編號", "客户编号", "Customer ID")),
            tenure,
            labelled(contract, &[("Month-to-month", "按月", "按月"), ("One year", "一年期", "一年期"), ("Two year", "兩年期", "两年期")]),
            column("MonthlyCharges", ColumnKind::Money, Role::MonthlyCharge, Theme::Price, words("月費", "月费", "Monthly charge")),
            labelled(internet, &[("Fiber optic", "光纖", "光纤"), ("DSL", "DSL", "DSL"), ("No", "無", "无")]),
            column("TechSupport", flag(), Role::Feature, Theme::Support, words("技術支援", "技术支持", "Tech support")),
            labelled(
                payment,
                &[("Electronic check", "電子支票", "电子支票"), ("Credit card (automatic)", "信用卡自動扣款", "信用卡自动扣款")],
            ),
            column("FirstName", text(), Role::FirstName, Theme::Profile, words("名字", "名字", "First name")),
            column(
                "gender",
                text(),
                Role::Unused { why: "teaches the model nothing and must not decide".into() },
                Theme::Profile,
                words("性別", "性别", "Gender"),
            ),
            column("Churn", flag(), Role::Label, Theme::Profile, words("已流失", "已流失", "Left")),
        ],
        groups: vec![],
        families: vec![],
        peer_column: Some(4),
    };
    schema.check().unwrap()
}

/// Ids of all kinds a CRM could hold, the hostile ones included.
const IDS: [&str; 30] = [
    "7590-VHVEG",
    "5575-GNVDE",
    "3668-QPYBK",
    "7795-CFOCW",
    "9237-HQITU",
    "9305-CDSKC",
    "1452-KIOVK",
    "6713-OKOMC",
    "7892-POOKP",
    "6388-TABGU",
    "9763-GRSKD",
    "7469-LKBCI",
    "8091-TTVAX",
    "0280-XJGEX",
    "5129-JLPIS",
    "3655-SNQYZ",
    "8191-XWSZG",
    "9959-WOFKT",
    "4190-MFLUW",
    "4183-MYFRB",
    "<script>alert(1)</script>",
    "a b/c?d#e&f=g",
    "\"><img src=x onerror=alert(1)>",
    "客戶１",
    "000123",
    "..",
    "100%",
    "עברית-12",
    "'; drop table--",
    "8779-QRDMV",
];

fn customer(place: usize, id: &str) -> Customer {
    let text = |word: &str| Cell::Text(Arc::from(word));
    let choice = |word: &str| Cell::Category(Arc::from(word));
    let contract = ["Month-to-month", "One year", "Month-to-month", "Two year", "Month-to-month"][place % 5];
    let internet = ["Fiber optic", "DSL", "Fiber optic", "No"][place % 4];
    let charge = if place == 13 { Cell::Missing } else { Cell::Money([8_985, 5_695, 10_715, 2_025, 7_999, 8_000, 4_000][place % 7]) };
    Customer {
        id: CustomerId::parse(id).unwrap(),
        position: Position(place as u32),
        line: place as u64 + 2,
        cells: vec![
            text(id),
            Cell::Number((place * 5 % 73) as f64),
            choice(contract),
            charge,
            choice(internet),
            Cell::Flag(place.is_multiple_of(3)),
            choice(["Electronic check", "Credit card (automatic)"][place % 2]),
            text(if place == 20 { "<b>Bob & \"Al\"</b>" } else { ["Mei", "Sam", "雅婷"][place % 3] }),
            text("Female"),
            Cell::Flag(place.is_multiple_of(4)),
        ],
    }
}

fn standing(table: &TableSchema, customer: &Customer, features: &FeatureSchema) -> Standing {
    let place = customer.position.0 as f64;
    let weights = [1.3, 0.8, -0.4, 0.6, -0.9, 0.35];
    let reasons: Vec<Reason> = (0..features.groups.len())
        .map(|group| {
            let wave = ((place + 1.0) * (group as f64 + 1.3)).sin();
            Reason { group: group as u16, log_odds: if place == 7.0 { 0.0 } else { weights[group % 6] * (wave + 0.35) * 1.4 } }
        })
        .collect();
    let base = -1.018;
    let log_odds = base + reasons.iter().map(|reason| reason.log_odds).sum::<f64>();
    let probability = Probability::from_log_odds(log_odds).unwrap();
    let imputed = u16::from(customer.cells.contains(&Cell::Missing));
    let (position, id) = (customer.position, customer.id.clone());
    let assessment = RiskAssessment { position, customer: id, log_odds, probability, base, reasons, imputed };
    let main =
        assessment.points().into_iter().max_by_key(|points| points.tenths).filter(|points| points.tenths >= 10).map(|points| points.group);
    let charge = customer.monthly_charge(table);
    Standing {
        level: RiskThresholds::default().level(probability),
        tier: bounds().tier(charge.map(|charge| Measure::Minor(charge.minor))).ok(),
        monthly_minor: charge.map(|c| c.minor),
        main_group: main,
        segment: place_segment(customer.position),
        assessment,
    }
}

/// Returns what the rules below come to: customers of high value, the others; and one whom the table names.
fn place_segment(position: Position) -> Option<SegmentId> {
    match position.0 {
        13 => None,
        5 => SegmentId::parse("Old_Friends").ok(),
        place => SegmentId::parse(if matches!(place % 7, 0 | 2 | 5) { "HighValue_Active" } else { "Regular_Active" }).ok(),
    }
}

fn bounds() -> ValueBounds {
    ValueBounds::new(ValueBy::Monthly, Measure::Minor(4_000), Measure::Minor(8_000)).unwrap()
}

fn offer(id: &str, kind: OfferKind, name: Localized, (percent, months): (u8, u16), fixed: i64) -> Offer {
    Offer {
        id: OfferId(id.into()),
        kind,
        promise: name.clone(),
        name,
        terms: Terms { percent: (percent > 0).then_some(percent), months: (months > 0).then_some(months) },
        cost: OfferCost { fixed: Money::new(fixed, usd()), percent_of_charge: percent, months },
        eligibility: Eligibility::default(),
        valid_from: None,
        valid_until: None,
        stock: None,
        effect: EffectAssumption { saves: 0.22, source: Localized::same("owner's estimate, to be measured") },
        changes: Vec::new(),
    }
}

pub fn catalogue() -> Catalogue {
    let mut annual =
        offer("annual-15", OfferKind::PlanChange, words("年約 85 折", "年付 85 折", "15% off on a yearly contract"), (15, 6), 0);
    annual.eligibility.having = vec![("Contract".into(), vec!["Month-to-month".into()])];
    annual.valid_until = Some(date(2026, 12, 31));
    annual.changes = vec![("Contract".into(), "One year".into())];
    let mut support = offer(
        "support-trial",
        OfferKind::FreeTrial,
        words("技術支援免費 3 個月", "技术支持免费 3 个月", "Three months of tech support at no charge"),
        (0, 0),
        900,
    );
    support.eligibility.tenure_min = Some(3.0);
    support.stock = Some(120);
    support.changes = vec![("TechSupport".into(), "Yes".into())];
    let mut two_years = offer("two-years", OfferKind::PlanChange, words("兩年方案", "两年方案", "Two years at one price"), (0, 0), 2_400);
    two_years.changes = vec![("Contract".into(), "Two year".into())];
    let checkup = offer("line-check", OfferKind::Service, words("線路健檢", "线路检测", "A check of the line"), (0, 0), 300);
    let rule = |id: &str, value: Vec<ValueTier>, reason: Vec<Theme>, offers: &[&str], line: u64| Rule {
        id: id.into(),
        owner: words("客戶維繫團隊", "客户维系团队", "Retention team"),
        date: date(2026, 11, 2),
        value,
        risk: vec![RiskLevel::High, RiskLevel::Medium],
        reason,
        offers: offers.iter().map(|id| OfferId((*id).into())).collect(),
        line,
    };
    Catalogue {
        budget: None,
        currency: usd(),
        margin: 0.55,
        horizon_months: 12,
        due_days: [3, 7],
        offers: vec![annual, support, checkup, two_years],
        rules: vec![
            rule("contract", vec![], vec![Theme::Contract, Theme::Price, Theme::Loyalty], &["annual-15", "support-trial"], 41),
            rule("help", vec![ValueTier::High, ValueTier::Mid], vec![Theme::Support, Theme::Product], &["support-trial", "line-check"], 52),
            rule("rest", vec![ValueTier::High, ValueTier::Mid, ValueTier::Low], vec![], &["line-check"], 63),
        ],
        cases: vec![],
        digest: Digest::of(b"catalogue"),
    }
}

fn plan(context: &Context, customer: &Customer, standing: &Standing) -> CampaignPlan {
    let table = &context.table;
    let theme = standing.main_group.map(|group| context.features.groups[usize::from(group)].theme);
    let rule = context.catalogue.rule(standing.tier, standing.level, theme);
    let effect = PriceEffect { above: 200, above_left: 90, below: 210, below_left: 60 };
    let before = standing.assessment.probability.value();
    let charge = customer.monthly_charge(table);
    let decision = match (standing.level, rule) {
        (RiskLevel::Low, _) => Decision::NoContact { why: WhyNoContact::LowRisk },
        (_, None) => Decision::ServiceContact { why: WhyNoOffer::NoEligibleOffer },
        (_, Some(rule)) => {
            let id = &rule.offers[0];
            let cost = context.catalogue.offer(id).unwrap().cost.for_charge(charge).minor;
            let kept = (before * 0.22 * charge.map_or(0.0, |money| money.minor as f64) * 0.55 * 12.0).round() as i64;
            let net = ExpectedEffect {
                probability_before: before,
                probability_after: before * 0.78,
                kept_margin_minor: kept,
                net_minor: kept - cost,
                horizon_months: 12,
            };
            Decision::Offer(Choice { offer: id.clone(), runner_up: rule.offers.get(1).cloned(), cost_minor: cost, effect: net })
        }
    };
    let considered = rule.into_iter().flat_map(|rule| &rule.offers).enumerate();
    CampaignPlan {
        position: customer.position,
        customer: customer.id.clone(),
        inputs: PlanInputs {
            level: standing.level,
            tier: standing.tier,
            theme,
            contract: Some("Month-to-month".into()),
            tenure_months: Some(5.0),
            price_sensitivity: if standing.tier == Some(ValueTier::High) {
                PriceSensitivity::Raised { effect }
            } else {
                PriceSensitivity::Unknown
            },
            usage: Usage::NotMeasured,
        },
        rule: rule.map(|rule| rule.id.clone()),
        due: decision.is_contact().then(|| date(2026, 11, 24)),
        decision,
        considered: considered
            .map(|(n, id)| Considered { offer: id.clone(), verdict: [Verdict::Chosen, Verdict::RunnerUp][n.min(1)] })
            .collect(),
        owner: words("客戶維繫團隊", "客户维系团队", "Retention team"),
        catalogue: context.catalogue.digest.clone(),
    }
}

/// Returns the card as an earlier program wrote it, without the parts that came later.
pub fn card() -> serde_json::Value {
    let metrics = serde_json::json!({"roc_auc": 0.8453, "pr_auc": 0.6561, "log_loss": 0.4176, "brier": 0.1356, "ece10": 0.0135});
    let bins: Vec<_> = (0..10).map(|n| serde_json::json!({"from": n as f64 / 10.0, "customers": 2400 / (n + 1), "mean_score": n as f64 / 10.0 + 0.05, "left": n as f64 / 10.0 + 0.04})).collect();
    let cuts: Vec<_> = [(0.4, 2100, 1270), (0.5, 1400, 945), (0.6, 900, 660), (0.7, 459, 364), (0.9, 0, 0)]
        .iter()
        .map(|(t, n, l)| (t, n, l, *l as f64 / f64::from(*n).max(1.0)))
        .map(|(t, n, l, share)| serde_json::json!({"threshold": t, "customers": n, "left": l, "precision": share, "precision_low": share - 0.03, "precision_high": share + 0.03, "recall": *l as f64 / 1869.0}))
        .collect();
    let columns: Vec<_> = ["tenure", "Contract", "MonthlyCharges", "InternetService", "TechSupport", "PaymentMethod"]
        .iter()
        .map(|name| serde_json::json!({"name": name, "used_as": "one-hot, 3 levels", "missing": "none were empty"}))
        .collect();
    serde_json::json!({
        "version": "logistic-4f1c", "family": "logistic", "data": Digest::of(b"data").0, "features": Digest::of(b"features").0, "rows": 7043, "left": 1869,
        "seed": 42, "l2": 1.0, "columns": columns,
        "limits": ["Snapshot data: it does not say when a customer will leave.", "Only the columns of the table are known."],
        "validation": {"folds": 5, "mean": metrics, "deviation": {"roc_auc": 0.0118, "pr_auc": 0.02, "log_loss": 0.012, "brier": 0.004, "ece10": 0.004},
            "pooled": metrics, "per_fold": [], "cuts": cuts, "reliability": bins, "auc_without_synthetic": null}
    })
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

pub fn run() -> Run {
    let origin = RunOrigin {
        source: "telco-sample.csv".into(),
        source_digest: Digest::of(b"file"),
        settings_digest: Digest::of(b"settings"),
        settings: r#"{"thresholds":{"medium":0.4,"high":0.7},"decided":["Ana Lin","2026-10-01"]}"#.into(),
    };
    let stage = |stage, second, report| StageReport { stage, finished_at: at(second), duration_ms: 840, report };
    let stages = vec![
        stage(Stage::Import, 1, serde_json::json!({"rows": 32, "accepted": 30, "rejected": 2})),
        stage(Stage::Train, 2, serde_json::json!({"folds": 5})),
        stage(Stage::Assess, 3, full_card::kept()),
        stage(Stage::Plan, 4, serde_json::json!({"planned": 30, "budget_minor": 50_000, "cost_minor": 48_250, "moved": 3})),
    ];
    Run { id: RunId(1), origin, started_at: at(0), stages }
}

/// Takes a channel's message out of a writing; returns the finding in its place.
fn hold_back(writing: &mut Writing, channel: Channel) -> Vec<Finding> {
    writing.messages.retain(|message| message.record().content.channel() != channel);
    let kept = held(&Customer { id: writing.customer.clone(), position: writing.position, line: 2, cells: vec![] });
    kept[0].findings.iter().filter(|finding| finding.channel == channel).cloned().collect()
}

/// Returns a store and a desk with the thirty customers: one written for, one with the short message held back, one with
/// everything held back.
pub fn portfolio() -> (Arc<FakeStore>, Arc<FakeDesk>) {
    let table = Arc::new(table());
    let features = Arc::new(FeatureSchema::of(&table));
    let customers: Vec<Customer> = IDS.iter().enumerate().map(|(place, id)| customer(place, id)).collect();
    let mut peers = PeerBuilder::new(&table);
    customers.iter().for_each(|customer| peers.push(customer));
    let company = Company {
        name: words("北極星電信", "北极星电信", "Northstar"),
        short_name: words("北極星", "北极星", "Northstar"),
        address: words("", "", ""),
        phone: "0800".into(),
        team: words("", "", ""),
        unsubscribe_url: String::new(),
        approved: Vec::new(),
    };
    let context = Context {
        run: run(),
        table: table.clone(),
        features: features.clone(),
        model: ModelVersion("logistic-4f1c".into()),
        card: Arc::new(full_card::fill(card())),
        peers: Arc::new(peers.finish()),
        thresholds: RiskThresholds::default(),
        decided: Some(("Ana Lin".into(), "2026-10-01".into())),
        bounds: bounds(),
        catalogue: Arc::new(catalogue()),
        company: Arc::new(company),
        segmenter: Arc::new(Segmenter::new(&segments(), &table, bounds()).unwrap()),
        sample: true,
    };
    let standings: Vec<Standing> = customers.iter().map(|customer| standing(&table, customer, &features)).collect();
    let plans: Vec<CampaignPlan> =
        customers.iter().zip(&standings).map(|(customer, standing)| plan(&context, customer, standing)).collect();
    let best: Vec<usize> = (0..30).filter(|&place| plans[place].decision.choice().is_some()).take(3).collect();
    let written = |(rank, &place): (usize, &usize)| {
        let mut writings = if rank == 2 { held(&customers[place]) } else { write(&customers[place]) };
        if rank == 1 {
            writings.iter_mut().for_each(|writing| writing.findings = hold_back(writing, Channel::Sms));
        }
        (Position(place as u32), writings)
    };
    let writings = best.iter().enumerate().map(written).collect();
    let defect = |line, problem, outcome, detail: &str| Defect {
        line,
        column: Some(4),
        column_name: Some("MonthlyCharges".into()),
        problem,
        outcome,
        detail: detail.into(),
    };
    let defects = vec![
        defect(15, Problem::Missing, Outcome::Noted, "expected an amount, found an empty cell; the model fills it"),
        defect(32, Problem::NotANumber, Outcome::RowRejected, "expected an amount, found text of 3 characters"),
        defect(33, Problem::OutOfRange, Outcome::RowRejected, "expected an amount of 0 or more, found a negative number"),
    ];
    let store = Arc::new(FakeStore {
        customers,
        standings,
        plans,
        writings: Mutex::new(writings),
        decisions: Mutex::default(),
        defects,
        run: run(),
        others: Mutex::default(),
        model_gone: AtomicBool::new(false),
        offers_raise: AtomicBool::new(false),
        segments_kept: AtomicBool::new(true),
    });
    let desk = Arc::new(FakeDesk { context: Some(Arc::new(context)), store: store.clone() });
    (store, desk)
}

/// Returns two segments: customers of high value, and the others.
pub fn segments() -> SegmentRules {
    let rule = |name: &str, label, when| SegmentRule { id: SegmentId::parse(name).unwrap(), label, when, line: 1 };
    let high = Condition { subject: Subject::ValueTier, test: Test::Tier(vec![ValueTier::High]), absent: Absent::Wrong, line: 1 };
    let segments = vec![
        rule("HighValue_Active", words("高價值活躍客戶", "高价值活跃客户", "Active, of high value"), vec![high]),
        rule("Regular_Active", words("一般活躍客戶", "普通活跃客户", "Active"), Vec::new()),
    ];
    SegmentRules { segments }
}
