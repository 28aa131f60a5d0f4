//! What would bring a customer under a line: the cheapest set of offers, the same as looking at all of them.
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use winback_core::agents::campaign_designer::{DesignInput, Designer};
use winback_core::counterfactual::{BadChange, Chosen, Counterfactual, MOST_SETS, Moves, Question};
use winback_core::customer::{Cell, Customer};
use winback_core::digest::Digest;
use winback_core::feature::{FeatureColumn, FeatureSchema, FeatureTable};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Localized;
use winback_core::model::{ChurnModel, SchemaMismatch};
use winback_core::money::{Currency, Money};
use winback_core::number::DecimalMark;
use winback_core::offer::{Catalogue, EffectAssumption, Eligibility, Offer, OfferCost, OfferId, OfferKind, Terms};
use winback_core::peer::PeerTable;
use winback_core::risk::{ModelVersion, Probability, Reason, RiskAssessment, RiskLevel};
use winback_core::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};
use winback_core::store::Standing;

const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 21);

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
        theme: Theme::Product,
        value_labels: BTreeMap::new(),
        unit: None,
    }
}

fn schema() -> TableSchema {
    let words = |words: &[&str]| ColumnKind::Category { levels: words.iter().map(|word| (*word).to_owned()).collect() };
    let flag = || ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["No".into()] };
    TableSchema {
        name: "sample".into(),
        delimiter: b',',
        decimal_mark: DecimalMark::Point,
        currency: Currency::parse("USD").unwrap(),
        columns: vec![
            column("id", ColumnKind::Text, Role::Id),
            column("gender", words(&["Female", "Male"]), Role::Trait),
            column("tenure", ColumnKind::Number { min: 0.0, max: 100.0 }, Role::Tenure),
            column("charge", ColumnKind::Money, Role::MonthlyCharge),
            column("contract", words(&["Month-to-month", "One year", "Two year"]), Role::Contract),
            column("support", flag(), Role::Feature),
            column("backup", flag(), Role::Feature),
        ],
        groups: Vec::new(),
        families: Vec::new(),
        peer_column: None,
    }
}

/// Scores with fixed weights, and a bonus where support and a year's contract come together, so that sets matter.
struct Weights {
    version: ModelVersion,
    schema: FeatureSchema,
}

impl ChurnModel for Weights {
    fn version(&self) -> &ModelVersion {
        &self.version
    }

    fn schema(&self) -> &FeatureSchema {
        &self.schema
    }

    fn assess(&self, table: &FeatureTable, who: &[(Position, CustomerId)]) -> Result<Vec<RiskAssessment>, SchemaMismatch> {
        let code = |column: usize, row: usize| match &table.columns[column] {
            FeatureColumn::Category { codes, .. } => f64::from(codes[row]),
            FeatureColumn::Number(values) => values[row],
        };
        let score = |row: usize| {
            let (charge, contract, support, backup) = (code(2, row), code(3, row), code(4, row), code(5, row));
            1.5 + charge / 100.0 - 0.9 * contract - 0.5 * support - 0.2 * backup - 0.6 * support * f64::from(u8::from(contract >= 1.0))
        };
        let assess = |(row, (position, customer)): (usize, &(Position, CustomerId))| {
            let log_odds = score(row);
            let probability = Probability::from_log_odds(log_odds).unwrap();
            let reasons = vec![Reason { group: 0, log_odds }];
            RiskAssessment { position: *position, customer: customer.clone(), log_odds, probability, base: 0.0, reasons, imputed: 0 }
        };
        Ok(who.iter().enumerate().map(assess).collect())
    }

    fn unseen_words(&self, _: &FeatureTable) -> Result<BTreeMap<String, u64>, SchemaMismatch> {
        Ok(BTreeMap::new())
    }
}

fn offer(id: &str, kind: OfferKind, cost: i64, percent: Option<u8>, changes: &[(&str, &str)]) -> Offer {
    let usd = Currency::parse("USD").unwrap();
    Offer {
        id: OfferId(id.into()),
        kind,
        name: Localized::same(id),
        promise: Localized::same("x"),
        terms: Terms { percent, months: None },
        cost: OfferCost { fixed: Money::new(cost, usd), percent_of_charge: 0, months: 0 },
        eligibility: Eligibility::default(),
        valid_from: None,
        valid_until: None,
        stock: None,
        effect: EffectAssumption { saves: 0.2, source: Localized::same("assumed") },
        changes: changes.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect(),
    }
}

fn catalogue(costs: [i64; 5]) -> Catalogue {
    Catalogue {
        currency: Currency::parse("USD").unwrap(),
        margin: 0.5,
        horizon_months: 12,
        budget: None,
        due_days: [3, 7],
        offers: vec![
            offer("year", OfferKind::PlanChange, costs[0], None, &[("contract", "One year")]),
            offer("two", OfferKind::PlanChange, costs[1], None, &[("contract", "Two year")]),
            offer("support", OfferKind::FreeTrial, costs[2], None, &[("support", "Yes")]),
            offer("backup", OfferKind::FreeTrial, costs[3], None, &[("backup", "Yes"), ("no such column", "x")]),
            offer("cheaper", OfferKind::Discount, costs[4], Some(30), &[]),
            offer("talk", OfferKind::Service, 0, None, &[]),
        ],
        rules: Vec::new(),
        cases: Vec::new(),
        digest: Digest::of(b"x"),
    }
}

fn customer(schema: &TableSchema, charge: i64, contract: &str, support: bool) -> Customer {
    let word = |word: &str| Cell::Category(Arc::from(word));
    let cells = vec![
        Cell::Text(Arc::from("A")),
        word("Male"),
        Cell::Number(3.0),
        Cell::Money(charge),
        word(contract),
        Cell::Flag(support),
        Cell::Flag(false),
    ];
    assert_eq!(cells.len(), schema.columns.len());
    Customer { id: CustomerId::parse("A").unwrap(), position: Position(0), line: 2, cells }
}

fn input(schema: &TableSchema, catalogue: &Catalogue, customer: &Customer) -> DesignInput {
    let peers = PeerTable::default();
    let designer = Designer::new(schema, &peers, &[catalogue]).unwrap();
    let monthly_minor = customer.monthly_charge(schema).map(|charge| charge.minor);
    let assessment = RiskAssessment {
        position: customer.position,
        customer: customer.id.clone(),
        log_odds: 1.0,
        probability: Probability::from_log_odds(1.0).unwrap(),
        base: 0.0,
        reasons: Vec::new(),
        imputed: 0,
    };
    let standing = Standing { assessment, level: RiskLevel::High, tier: None, monthly_minor, main_group: None, segment: None };
    designer.input(customer, &standing, None)
}

fn search(catalogue: &Catalogue, customer: &Customer, line: f64) -> Counterfactual {
    let schema = schema();
    let features = Arc::new(FeatureSchema::of(&schema));
    let model = Weights { version: ModelVersion("weights".into()), schema: features.as_ref().clone() };
    let input = input(&schema, catalogue, customer);
    let question = Question { input: &input, customer, line, today: DAY };
    Moves::of(&schema, catalogue).unwrap().search(question, &model, &features).unwrap()
}

fn ids(offers: &[OfferId]) -> Vec<&str> {
    offers.iter().map(|offer| offer.0.as_str()).collect()
}

#[test]
fn the_cheapest_set_is_named_with_what_it_changes() {
    let (catalogue, schema) = (catalogue([500, 900, 300, 100, 4_000]), schema());
    let found = search(&catalogue, &customer(&schema, 9_000, "Month-to-month", false), 0.6);
    let cheapest = found.cheapest.unwrap();
    assert_eq!((ids(&cheapest.offers), cheapest.cost_minor), (vec!["year", "support"], 800));
    assert_eq!(cheapest.columns, ["contract", "support"]);
    assert!(cheapest.probability.value() < 0.6 && found.now.value() > 0.9);
    assert_eq!(ids(&found.single[0].offers), ["two"]);
    assert_eq!(found.single.len(), 5, "a talk changes nothing that the model sees");
}

#[test]
fn of_very_many_sets_the_dearer_are_left_out_and_that_is_told() {
    let many = |backups: i64| {
        let mut catalogue = catalogue([100; 5]);
        let more = (0..backups).map(|n| offer(&format!("backup-{n}"), OfferKind::FreeTrial, 1_000 + n, None, &[("backup", "Yes")]));
        catalogue.offers = more.collect();
        catalogue.offers.push(offer("support", OfferKind::FreeTrial, 200, None, &[("support", "Yes")]));
        catalogue.offers.push(offer("year", OfferKind::PlanChange, 300, None, &[("contract", "One year")]));
        search(&catalogue, &customer(&schema(), 9_000, "Month-to-month", false), 0.6)
    };
    let (few, all) = (many(18), many(38));
    assert_eq!((few.tried, few.dearer_left_out), (20 + 190 + 1_140, false));
    assert_eq!((all.tried, all.single.len(), all.dearer_left_out), (MOST_SETS, 40, true));
    assert_eq!(ids(&all.cheapest.unwrap().offers), ["support", "year"], "the cheapest are not left out");
    assert_eq!(ids(&all.lowest.unwrap().offers), ["backup-0", "support", "year"]);
    assert!(many(2_100).single.len() == 2_102, "each offer by itself is always tried");
}

#[test]
fn a_set_that_somebody_chose_is_scored_or_refused_with_the_offers_at_fault() {
    let (catalogue, schema) = (catalogue([500, 900, 300, 100, 4_000]), schema());
    let customer = customer(&schema, 9_000, "Month-to-month", false);
    let features = Arc::new(FeatureSchema::of(&schema));
    let model = Weights { version: ModelVersion("weights".into()), schema: features.as_ref().clone() };
    let input = input(&schema, &catalogue, &customer);
    let question = Question { input: &input, customer: &customer, line: 0.6, today: DAY };
    let moves = Moves::of(&schema, &catalogue).unwrap();
    let score = |chosen: &[&str]| {
        let chosen: Vec<OfferId> = chosen.iter().map(|id| OfferId((*id).to_owned())).collect();
        moves.score(question, &chosen, &model, &features).unwrap()
    };
    let found = search(&catalogue, &customer, 0.6);
    assert_eq!(score(&["support", "year"]), Chosen::Scored(found.cheapest.unwrap()), "the order of choosing does not count");
    assert_eq!(score(&["two", "year", "support"]), Chosen::Clash(OfferId("year".into()), OfferId("two".into())));
    assert_eq!(score(&["talk"]), Chosen::Closed(OfferId("talk".into())), "it changes nothing that the table holds");
    assert_eq!(score(&["nothing-such"]), Chosen::Closed(OfferId("nothing-such".into())));
    let Chosen::Scored(four) = score(&["year", "support", "backup", "cheaper"]) else { panic!("four go together") };
    assert!(four.offers.len() == 4 && four.cost_minor == 500 + 300 + 100 + 4_000, "{four:?}");
}

/// The largest amount a file can hold.
#[test]
fn a_percentage_of_any_amount_is_computed() {
    let schema = schema();
    let huge = customer(&schema, 999_999_999_999_999_999, "Month-to-month", false);
    let found = search(&catalogue([10, 20, 30, 40, 50]), &huge, 0.4);
    assert!(found.single.iter().any(|way| way.columns.contains(&"charge".to_owned())), "{found:?}");
}

#[test]
fn that_no_action_suffices_is_an_answer() {
    let (catalogue, schema) = (catalogue([1, 1, 1, 1, 1]), schema());
    let found = search(&catalogue, &customer(&schema, 90_000, "Month-to-month", false), 0.4);
    assert_eq!(found.cheapest, None);
    assert_eq!(ids(&found.lowest.unwrap().offers).len(), 3);
    let served = search(&catalogue, &customer(&schema, 90_000, "Two year", true), 0.4);
    assert!(served.single.iter().all(|way| ids(&way.offers) != ["two"] && ids(&way.offers) != ["support"]), "{:?}", served.single);
}

#[test]
fn who_the_customer_is_and_what_has_happened_never_moves() {
    let schema = schema();
    let check = |column: &str, value: &str, expected: &str| {
        let mut catalogue = catalogue([1; 5]);
        catalogue.offers[0].changes = vec![(column.to_owned(), value.to_owned())];
        let error: BadChange = Moves::of(&schema, &catalogue).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "gender",
        "Female",
        "offer \"year\" changes \"gender\", which no offer can: it has the role trait (who the customer is); take it out of `changes`",
    );
    check(
        "tenure",
        "12",
        "offer \"year\" changes \"tenure\", which no offer can: it has the role tenure (what has happened); take it out of `changes`",
    );
    check(
        "id",
        "B",
        "offer \"year\" changes \"id\", which no offer can: it has the role no feature of the model; take it out of `changes`",
    );
    check(
        "contract",
        "One yaer",
        "offer \"year\" changes \"contract\" to \"One yaer\"; expected one of Month-to-month, One year, Two year",
    );
    check("support", "perhaps", "offer \"year\" changes \"support\" to \"perhaps\"; expected one of the words Yes, No");
}

proptest! {
    #[test]
    fn the_answer_is_that_of_looking_at_every_set(
        costs in prop::array::uniform5(0_i64..2_000),
        charge in 1_000_i64..40_000,
        contract in 0_usize..3,
        support in any::<bool>(),
        line in 0.05_f64..0.95,
    ) {
        let (catalogue, schema) = (catalogue(costs), schema());
        let customer = customer(&schema, charge, ["Month-to-month", "One year", "Two year"][contract], support);
        let found = search(&catalogue, &customer, line);
        let mut best: Option<(i64, usize)> = None;
        for bits in 1_u32..32 {
            let taken: Vec<usize> = (0..5).filter(|at| bits & (1 << at) != 0).collect();
            let both = taken.contains(&0) && taken.contains(&1);
            let idle = |at: &usize| matches!((at, contract, support), (0, 1, _) | (1, 2, _) | (2, _, true));
            if taken.len() > 3 || both || taken.iter().any(idle) {
                continue;
            }
            let paid = if taken.contains(&4) { charge - charge * 30 / 100 } else { charge };
            let term = if taken.contains(&0) { 1.0 } else if taken.contains(&1) { 2.0 } else { contract as f64 };
            let helped = f64::from(u8::from(support || taken.contains(&2)));
            let kept = f64::from(u8::from(taken.contains(&3)));
            let log_odds = 1.5 + paid as f64 / 10_000.0 - 0.9 * term - 0.5 * helped - 0.2 * kept - 0.6 * helped * f64::from(u8::from(term >= 1.0));
            let probability = Probability::from_log_odds(log_odds).unwrap().value();
            let cost = (taken.iter().map(|at| costs[*at]).sum(), taken.len());
            if probability < line && best.is_none_or(|best| cost < best) {
                best = Some(cost);
            }
        }
        prop_assert_eq!(found.cheapest.map(|way| (way.cost_minor, way.offers.len())), best);
    }
}
