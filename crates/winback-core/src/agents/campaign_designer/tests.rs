use super::{DesignInput, Designer, PriceSensitivity, Spending, expected_effect, plan, plan_spending, price_sensitivity};
use crate::campaign::{CampaignPlan, Decision, PlanInputs, Usage, Verdict, WhyNoContact, WhyNoOffer};
use crate::customer::{Cell, Customer};
use crate::digest::Digest;
use crate::id::{CustomerId, Position};
use crate::locale::Localized;
use crate::money::{Currency, Money};
use crate::offer::{Catalogue, EffectAssumption, Eligibility, Offer, OfferCost, OfferId, OfferKind, Rule, Terms};
use crate::peer::{PeerBuilder, PeerTable};
use crate::risk::{Probability, RiskAssessment, RiskLevel, ValueTier};
use crate::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};
use crate::store::Standing;
use jiff::civil::{Date, date};
use proptest::prelude::{ProptestConfig, prop, proptest};

const TODAY: Date = date(2026, 11, 21);

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::parse("USD").unwrap())
}

fn offer(id: &str, fixed_minor: i64) -> Offer {
    Offer {
        id: OfferId(id.into()),
        kind: OfferKind::Service,
        name: Localized::same(id),
        promise: Localized::same(id),
        terms: Terms::default(),
        cost: OfferCost { fixed: usd(fixed_minor), percent_of_charge: 0, months: 0 },
        eligibility: Eligibility::default(),
        valid_from: None,
        valid_until: None,
        stock: None,
        effect: EffectAssumption { saves: 0.25, source: Localized::same("assumption") },
        changes: Vec::new(),
    }
}

fn catalogue(offers: Vec<Offer>) -> Catalogue {
    let rule = Rule {
        id: "all".into(),
        owner: Localized::same("Team"),
        date: TODAY,
        value: Vec::new(),
        risk: Vec::new(),
        reason: Vec::new(),
        offers: offers.iter().map(|offer| offer.id.clone()).collect(),
        line: 1,
    };
    Catalogue {
        budget: None,
        currency: Currency::parse("USD").unwrap(),
        margin: 0.5,
        horizon_months: 12,
        due_days: [3, 7],
        offers,
        rules: vec![rule],
        cases: Vec::new(),
        digest: Digest::of(b"test"),
    }
}

fn input() -> DesignInput {
    DesignInput {
        position: Position(0),
        customer: CustomerId::parse("1").unwrap(),
        probability: Probability::new(0.8).unwrap(),
        inputs: PlanInputs {
            level: RiskLevel::High,
            tier: Some(ValueTier::Mid),
            theme: None,
            contract: None,
            tenure_months: Some(12.0),
            price_sensitivity: PriceSensitivity::Unknown,
            usage: Usage::NotMeasured,
        },
        monthly_minor: Some(7_999),
        columns: [("Contract".to_owned(), "Month-to-month".to_owned())].into(),
        already_left: false,
    }
}

fn verdict(change: impl Fn(&mut Offer, &mut DesignInput)) -> Verdict {
    let (mut offer, mut input) = (offer("one", 100), input());
    change(&mut offer, &mut input);
    plan(&input, &catalogue(vec![offer]), TODAY).considered[0].verdict
}

#[test]
fn eligibility_ends_exactly_at_its_limits() {
    let tenure = |months: Option<f64>| {
        verdict(move |offer, input| {
            (offer.eligibility.tenure_min, offer.eligibility.tenure_max) = (Some(6.0), Some(12.0));
            input.inputs.tenure_months = months;
        })
    };
    assert_eq!([5.99, 6.0, 12.0, 12.01].map(|months| tenure(Some(months)) == Verdict::Chosen), [false, true, true, false]);
    assert_eq!((tenure(Some(5.0)), tenure(None)), (Verdict::OtherTenure, Verdict::OtherTenure));

    let charge = |minor: Option<i64>| {
        verdict(move |offer, input| {
            offer.eligibility.charge_min = Some(usd(8_000));
            input.monthly_minor = minor;
        })
    };
    let found = [Some(7_999), Some(8_000), None, Some(-1)].map(charge);
    assert_eq!(found, [Verdict::ChargeTooLow, Verdict::Chosen, Verdict::ChargeTooLow, Verdict::ChargeTooLow]);

    let value = |tier| verdict(move |offer, input| (offer.eligibility.value, input.inputs.tier) = (vec![ValueTier::High], tier));
    assert_eq!([Some(ValueTier::High), Some(ValueTier::Mid), None].map(value), [Verdict::Chosen, Verdict::OtherValue, Verdict::OtherValue]);
    assert_eq!(verdict(|offer, _| offer.eligibility.risk = vec![RiskLevel::Medium]), Verdict::OtherRisk);

    let column = |name: &str, value: &str| {
        verdict(|offer, _| offer.eligibility.having = vec![(name.to_owned(), vec!["One year".into(), value.to_owned()])])
    };
    assert_eq!(column("Contract", "month-to-month"), Verdict::Chosen);
    assert_eq!((column("Contract", "Two year"), column("Absent", "x")), (Verdict::OtherColumn, Verdict::OtherColumn));
}

#[test]
fn an_offer_holds_from_its_first_to_its_last_day() {
    let from = |day| verdict(move |offer, _| offer.valid_from = Some(day));
    let until = |day| verdict(move |offer, _| offer.valid_until = Some(day));
    assert_eq!((from(TODAY), from(TODAY.tomorrow().unwrap())), (Verdict::Chosen, Verdict::NotValidToday));
    assert_eq!((until(TODAY), until(TODAY.yesterday().unwrap())), (Verdict::Chosen, Verdict::NotValidToday));
    let stock = |left| verdict(move |offer, _| offer.stock = Some(left));
    assert_eq!((stock(1), stock(0)), (Verdict::Chosen, Verdict::OutOfStock));
}

#[test]
fn without_spending_the_first_free_offer_is_taken_or_none() {
    let decide = |offers: Vec<Offer>| {
        let plan = plan_spending(&input(), &catalogue(offers), TODAY, Spending::Nothing);
        let verdicts: Vec<Verdict> = plan.considered.iter().map(|one| one.verdict).collect();
        (plan.decision.choice().map(|choice| (choice.offer.0.clone(), choice.cost_minor)), verdicts, plan.is_over_budget())
    };
    let all = decide(vec![offer("paid", 100), offer("free", 0), offer("cheap", 1), offer("also", 0)]);
    assert_eq!(all, (Some(("free".into(), 0)), vec![Verdict::OverBudget, Verdict::Chosen, Verdict::OverBudget, Verdict::RunnerUp], true));
    assert_eq!(decide(vec![offer("paid", 100)]), (None, vec![Verdict::OverBudget], true));
    let spent = plan_spending(&input(), &catalogue(vec![offer("paid", 100)]), TODAY, Spending::Nothing);
    assert_eq!(spent.decision, Decision::ServiceContact { why: WhyNoOffer::BudgetSpent });
    let kept = plan_spending(&input(), &catalogue(vec![offer("free", 0)]), TODAY, Spending::Nothing);
    assert_eq!(kept, plan(&input(), &catalogue(vec![offer("free", 0)]), TODAY), "who costs nothing anyway is not moved");
}

#[test]
fn cost_and_effect_are_right_to_the_cent() {
    let check = |fixed: i64, percent: u8, months: u16, charge: i64, cost: i64| {
        let found = OfferCost { fixed: usd(fixed), percent_of_charge: percent, months }.for_charge(Some(usd(charge)));
        assert_eq!(found.minor, cost, "{fixed} + {percent} % x {months} of {charge}");
    };
    check(0, 15, 12, 7_999, 14_398); // 14,398.2
    check(250, 15, 12, 7_999, 14_648);
    check(0, 5, 1, 10, 1); // half a cent is rounded up
    check(0, 5, 1, 9, 0);
    check(300, 0, 0, 7_999, 300);
    check(0, 100, 1, 7_999, 7_999);
    let effect = expected_effect(&offer("one", 300), &input(), &catalogue(Vec::new()));
    // 0.8 x 0.25 x 79.99 x 0.5 x 12 = 95.988
    assert_eq!((effect.kept_margin_minor, effect.net_minor), (9_599, 9_299));
    assert!((effect.probability_after - 0.6).abs() < 1e-12);
}

#[test]
fn an_offer_must_keep_more_than_it_costs() {
    let at_cost = |minor| verdict(move |offer, _| offer.cost.fixed = usd(minor));
    assert_eq!([9_598, 9_599, 9_600].map(at_cost), [Verdict::Chosen, Verdict::NotWorthIt, Verdict::NotWorthIt]);
}

#[test]
fn without_an_offer_the_reason_is_a_type() {
    let decide = |change: &dyn Fn(&mut Offer, &mut DesignInput)| {
        let (mut offer, mut input) = (offer("one", 100), input());
        change(&mut offer, &mut input);
        plan(&input, &catalogue(vec![offer]), TODAY)
    };
    let service = |why| Decision::ServiceContact { why };
    assert_eq!(decide(&|offer, _| offer.stock = Some(0)).decision, service(WhyNoOffer::NoEligibleOffer));
    assert_eq!(decide(&|offer, _| offer.cost.fixed = usd(1_000_000)).decision, service(WhyNoOffer::NoneWorthIt));
    let low = decide(&|_, input| input.inputs.level = RiskLevel::Low);
    assert_eq!((low.decision, low.due), (Decision::NoContact { why: WhyNoContact::LowRisk }, None));
    let left = decide(&|_, input| input.already_left = true);
    assert_eq!(left.decision, Decision::NoContact { why: WhyNoContact::AlreadyLeft });
    assert_eq!(decide(&|_, _| ()).due, Some(date(2026, 11, 24)));
    assert_eq!(decide(&|_, input| input.inputs.level = RiskLevel::Medium).due, Some(date(2026, 11, 28)));
}

#[test]
fn without_a_charge_only_help_and_free_things_are_offered() {
    let unknown = |kind: OfferKind, fixed: i64, percent: u8| {
        verdict(move |offer, input| {
            (offer.kind, offer.cost) = (kind, OfferCost { fixed: usd(fixed), percent_of_charge: percent, months: u16::from(percent) });
            input.monthly_minor = None;
        })
    };
    assert_eq!(unknown(OfferKind::Service, 300, 0), Verdict::Chosen);
    assert_eq!(unknown(OfferKind::FreeTrial, 0, 0), Verdict::Chosen);
    assert_eq!(unknown(OfferKind::FreeTrial, 300, 0), Verdict::ChargeTooLow);
    assert_eq!(unknown(OfferKind::Discount, 0, 10), Verdict::ChargeTooLow);
}

fn table() -> TableSchema {
    let column = |name: &str, kind: ColumnKind, role: Role| Column {
        name: name.into(),
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
        value_labels: std::collections::BTreeMap::new(),
        unit: None,
    };
    let flag = || ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["No".into()] };
    TableSchema {
        name: "test".into(),
        delimiter: b',',
        decimal_mark: crate::number::DecimalMark::Point,
        currency: usd(0).currency,
        columns: vec![
            column("id", ColumnKind::Text, Role::Id),
            column("fee", ColumnKind::Money, Role::MonthlyCharge),
            column("left", flag(), Role::Label),
            column("months", ColumnKind::Number { min: 0.0, max: 900.0 }, Role::Tenure),
            column("plan", ColumnKind::Category { levels: Vec::new() }, Role::Contract),
            column("usage_drop_rate", ColumnKind::Number { min: -9.0, max: 1.0 }, Role::Feature),
            column("insured", flag(), Role::Feature),
        ],
        groups: Vec::new(),
        families: Vec::new(),
        peer_column: None,
    }
    .check()
    .unwrap()
}

fn customer(number: u32, fee: Cell, left: Cell) -> Customer {
    let id = CustomerId::parse(&number.to_string()).unwrap();
    let cells = vec![
        Cell::Text(id.as_str().into()),
        fee,
        left,
        Cell::Number(7.0),
        Cell::Category("monthly".into()),
        Cell::Number(0.4),
        Cell::Flag(true),
    ];
    Customer { id, position: Position(number), line: u64::from(number) + 2, cells }
}

/// Returns peers of whom half pay 50.00 and half 90.00, and of each hundred so many left.
fn peers(schema: &TableSchema, left_below: u32, left_above: u32) -> PeerTable {
    let mut builder = PeerBuilder::new(schema);
    for number in 0..200 {
        let (fee, left) = if number < 100 { (5_000, number < left_below) } else { (9_000, number - 100 < left_above) };
        builder.push(&customer(number, Cell::Money(fee), Cell::Flag(left)));
    }
    builder.finish()
}

#[test]
fn price_sensitivity_is_estimated_or_unknown() {
    let schema = table();
    let check = |peers: &PeerTable, fee: Cell, expected: &str| {
        let found = match price_sensitivity(&schema, peers, &customer(0, fee.clone(), Cell::Missing)) {
            PriceSensitivity::Raised { .. } => "raised",
            PriceSensitivity::Typical { .. } => "typical",
            PriceSensitivity::Unknown => "unknown",
        };
        assert_eq!(found, expected, "{fee:?}");
    };
    let clear = peers(&schema, 10, 40);
    check(&clear, Cell::Money(5_001), "raised");
    check(&clear, Cell::Money(5_000), "typical");
    check(&clear, Cell::Missing, "unknown");
    check(&peers(&schema, 20, 22), Cell::Money(9_000), "unknown");
    check(&peers(&schema, 40, 10), Cell::Money(9_000), "unknown");
    check(&PeerTable::default(), Cell::Money(9_000), "unknown");
}

#[test]
fn the_input_holds_what_the_plan_depends_on() {
    let (schema, customer) = (table(), customer(3, Cell::Money(9_000), Cell::Missing));
    let mut insured = offer("one", 100);
    insured.eligibility.having =
        vec![("Insured".into(), vec!["yes".into()]), ("fee".into(), vec!["90.00".into()]), ("absent".into(), vec![])];
    let (catalogue, peers) = (catalogue(vec![insured]), peers(&schema, 10, 40));
    let probability = Probability::new(0.75).unwrap();
    let assessment = RiskAssessment {
        position: Position(3),
        customer: customer.id.clone(),
        log_odds: 1.0,
        probability,
        base: 0.0,
        reasons: Vec::new(),
        imputed: 0,
    };
    let standing = Standing {
        assessment,
        level: RiskLevel::High,
        tier: Some(ValueTier::High),
        monthly_minor: Some(9_000),
        main_group: None,
        segment: None,
    };
    let input = Designer::new(&schema, &peers, &[&catalogue]).unwrap().input(&customer, &standing, Some(Theme::Price));
    assert_eq!(input.columns.into_iter().collect::<Vec<_>>(), [("Insured".into(), "yes".into()), ("fee".into(), "90.00".into())]);
    assert_eq!((input.inputs.contract.as_deref(), input.inputs.tenure_months), (Some("monthly"), Some(7.0)));
    assert_eq!((input.inputs.usage, input.inputs.theme), (Usage::Changed { drop_rate: 0.4 }, Some(Theme::Price)));
    assert!(matches!(input.inputs.price_sensitivity, PriceSensitivity::Raised { .. }));

    let mut euros = catalogue.clone();
    euros.currency = Currency::parse("EUR").unwrap();
    assert!(Designer::new(&schema, &peers, &[&catalogue, &euros]).is_err());
}

#[test]
fn input_and_plan_survive_json() {
    let plan = plan(&input(), &catalogue(vec![offer("one", 100), offer("two", 200)]), TODAY);
    let back: CampaignPlan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(back, plan);
    let back: DesignInput = serde_json::from_str(&serde_json::to_string(&input()).unwrap()).unwrap();
    assert_eq!(back, input());
    let schema = serde_json::to_value(schemars::schema_for!(DesignInput)).unwrap();
    assert!(schema["properties"]["monthly_minor"].is_object() && schema["properties"]["inputs"].is_object());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn raising_a_cost_never_makes_an_offer_chosen(costs in prop::collection::vec(0_i64..12_000, 1..5), which in 0_usize..5, more in 1_i64..12_000) {
        let offers: Vec<Offer> = costs.iter().enumerate().map(|(i, cost)| offer(&format!("o{i}"), *cost)).collect();
        let mut dearer = offers.clone();
        let which = which % offers.len();
        dearer[which].cost.fixed.minor += more;
        let chosen = |offers: Vec<Offer>| plan(&input(), &catalogue(offers), TODAY).decision.choice().map(|choice| choice.offer.clone());
        let id = offers[which].id.clone();
        let (before, after) = (chosen(offers.clone()), chosen(dearer));
        assert!(before.as_ref() == Some(&id) || after.as_ref() != Some(&id));
        assert_eq!(chosen(offers), before, "the same inputs give the same plan");
    }

    #[test]
    fn a_chosen_offer_always_earns_more_than_it_costs(probability in 0.0..=1.0_f64, charge in 0_i64..20_000, cost in 0_i64..20_000) {
        let mut input = input();
        (input.probability, input.monthly_minor) = (Probability::new(probability).unwrap(), Some(charge));
        if let Some(choice) = plan(&input, &catalogue(vec![offer("one", cost)]), TODAY).decision.choice() {
            assert!(choice.effect.net_minor > 0 && choice.cost_minor == cost);
        }
    }
}

#[test]
fn a_plan_stored_with_one_owner_for_every_language_is_read() {
    let plan = plan(&input(), &catalogue(vec![offer("a", 100)]), TODAY);
    let mut stored = serde_json::to_value(&plan).unwrap();
    stored["owner"] = "Mei".into();
    let read: CampaignPlan = serde_json::from_value(stored).unwrap();
    assert_eq!(read.owner, Localized::same("Mei"));
}
