//! The first two agents: numbers equal to the model's, words that follow the numbers.
use proptest::prelude::*;
use std::collections::BTreeMap;
use winback_core::agents::churn_reasoning::{CauseSummary, CauseVerdict, LEAST_TENTHS, Voice, main_group, reason};
use winback_core::agents::data_analyst::{AnalystInput, RawReason, analyse};
use winback_core::customer::{Cell, Customer};
use winback_core::fakes::samples;
use winback_core::feature::FeatureSchema;
use winback_core::id::CustomerId;
use winback_core::locale::{Locale, Localized};
use winback_core::peer::{PeerGroup, PeerTable};
use winback_core::pipeline::assess::Explainer;
use winback_core::risk::{ModelVersion, Points, Reason, RiskAssessment, RiskLevel, RiskThresholds, ValueBounds, logistic, points, tenths};
use winback_core::schema::{TableSchema, Theme};

/// The sample table with words and themes for its features: tenure, charge, contract, billing.
fn table() -> TableSchema {
    let mut table = samples::schema();
    let words = [
        ("tenure", Theme::Loyalty, Localized::new("在網時間", "在网时长", "Tenure")),
        ("MonthlyCharges", Theme::Price, Localized::new("月費", "月费", "Monthly charge")),
        ("Contract", Theme::Contract, Localized::new("合約", "合约", "Contract")),
        ("PaperlessBilling", Theme::Profile, Localized::new("電子帳單", "电子账单", "Paperless billing")),
    ];
    for (name, theme, label) in words {
        let place = table.index_of(name).unwrap();
        table.columns[place].theme = theme;
        table.columns[place].label = label;
    }
    let months = Localized::new("個月", "个月", "months");
    table.columns[1].unit = Some(months);
    table.columns[4].value_labels = BTreeMap::from([("Month-to-month".into(), Localized::new("逐月", "按月", "month to month"))]);
    table
}

fn customer() -> Customer {
    let mut customer = samples::customer(6);
    customer.cells[1] = Cell::Number(3.0);
    customer.cells[2] = Cell::Money(9_570);
    customer.cells[4] = Cell::Category("Month-to-month".into());
    customer
}

fn assessment(parts: &[f64]) -> RiskAssessment {
    let reasons: Vec<Reason> = parts.iter().zip(0..).map(|(&log_odds, group)| Reason { group, log_odds }).collect();
    let log_odds = -1.0 + parts.iter().sum::<f64>();
    let probability = winback_core::risk::Probability::from_log_odds(log_odds).unwrap();
    let customer = customer();
    RiskAssessment { position: customer.position, customer: customer.id, log_odds, probability, base: -1.0, reasons, imputed: 0 }
}

fn peers() -> PeerTable {
    let medians = BTreeMap::from([("tenure".to_owned(), 18.0), ("MonthlyCharges".to_owned(), 7_985.0)]);
    PeerTable { groups: BTreeMap::from([("Month-to-month".to_owned(), PeerGroup { customers: 3_875, medians, price: None })]) }
}

/// Returns both summaries as text in a language.
fn told(parts: &[f64], locale: Locale) -> String {
    let (table, customer) = (table(), customer());
    let features = FeatureSchema::of(&table);
    let money = |minor| winback_core::money::Money::new(minor, table.currency);
    let explainer = Explainer {
        table: &table,
        features: &features,
        peers: &peers(),
        model: &ModelVersion("logistic-0123456789ab".into()),
        thresholds: RiskThresholds::default(),
        bounds: ValueBounds::new(money(4_000), money(8_000)).unwrap(),
    };
    let explained = explainer.explain(&customer, &assessment(parts)).unwrap();
    let background = explained.risk.background(&table, locale);
    let voice = Voice { table: &table, features: &features, customer: &customer, locale };
    format!("{}\n{}\n{}", explained.risk.text(&table, locale), background.join("\n"), explained.causes.text(&voice))
}

#[test]
fn the_summaries_read_well_in_every_language() {
    let one_main = Locale::ALL.map(|locale| told(&[0.9, 0.3, 1.6, -0.4], locale)).join("\n\n");
    insta::assert_snapshot!("one_main_reason", one_main);
    let equal = Locale::ALL.map(|locale| told(&[1.2, 0.0, 1.2, 0.0], locale)).join("\n\n");
    insta::assert_snapshot!("two_equal_reasons", equal);
    let none = Locale::ALL.map(|locale| told(&[-0.9, 0.0, -0.3, 0.0], locale)).join("\n\n");
    insta::assert_snapshot!("no_dominant_reason", none);
}

fn input(parts: &[f64], base: f64) -> AnalystInput {
    let reasons = parts.iter().zip(0..).map(|(&log_odds, group)| RawReason {
        group,
        name: format!("group {group}"),
        theme: Theme::ALL[usize::from(group) % Theme::ALL.len()],
        log_odds,
        columns: vec![usize::from(group)],
        synthetic: false,
    });
    AnalystInput {
        customer: CustomerId::parse("1").unwrap(),
        model: ModelVersion("m".into()),
        log_odds: base + parts.iter().sum::<f64>(),
        base,
        reasons: reasons.collect(),
        risk_thresholds: [0.4, 0.7],
        value_bounds_minor: [4_000, 8_000],
        monthly_minor: Some(7_999),
        comparisons: Vec::new(),
        contract_end: None,
        imputed: 0,
    }
}

fn causes(parts: &[f64]) -> CauseSummary {
    reason(&analyse(&input(parts, -1.0)).unwrap())
}

#[test]
fn a_score_that_is_no_number_is_refused() {
    assert!(analyse(&input(&[f64::NAN], 0.0)).is_err());
    let swapped = AnalystInput { risk_thresholds: [0.7, 0.4], ..input(&[1.0], 0.0) };
    assert!(analyse(&swapped).is_err());
}

#[test]
fn the_verdict_follows_the_points() {
    let check = |parts: &[f64], verdict: CauseVerdict, count: usize| {
        let found = causes(parts);
        assert_eq!((found.verdict, found.causes.len()), (verdict, count), "{parts:?}");
    };
    check(&[2.0, 0.5, 0.3, 0.2], CauseVerdict::OneMain, 3);
    check(&[1.0, 1.0], CauseVerdict::TwoEqual, 2);
    check(&[1.0, 0.98], CauseVerdict::TwoEqual, 2);
    check(&[1.0, 0.9], CauseVerdict::OneMain, 2);
    check(&[0.02, -1.0], CauseVerdict::NoDominantReason, 0);
    check(&[], CauseVerdict::NoDominantReason, 0);
}

#[test]
fn who_a_customer_is_never_is_the_reason_for_an_offer() {
    let table = table();
    let features = FeatureSchema::of(&table);
    let group = |name: &str| u16::try_from(features.groups.iter().position(|g| g.name == name).unwrap()).unwrap();
    let point = |name: &str, tenths: i32| Points { group: group(name), tenths };
    let check = |points: &[Points], expected: Option<&str>| assert_eq!(main_group(points, &features), expected.map(group), "{points:?}");
    check(&[point("PaperlessBilling", 300), point("Contract", 20), point("tenure", 19)], Some("Contract"));
    check(&[point("PaperlessBilling", 300)], None);
    check(&[point("Contract", LEAST_TENTHS - 1)], None);
    check(&[point("Contract", 50), point("tenure", 50)], Some("tenure"));
    check(&[point("Contract", -90)], None);
}

proptest! {
    #[test]
    fn every_number_is_the_models_and_nothing_that_lowers_the_risk_is_a_cause(
        parts in prop::collection::vec(-3.0..3.0_f64, 0..12),
        base in -3.0..3.0_f64,
    ) {
        let input = input(&parts, base);
        let summary = analyse(&input).unwrap();
        prop_assert_eq!(summary.probability.value(), logistic(input.log_odds));
        let total: i32 = summary.reasons.iter().map(|reason| reason.tenths).sum();
        prop_assert_eq!(total, if parts.is_empty() { 0 } else { tenths(logistic(input.log_odds)) - tenths(logistic(base)) });
        let level = match summary.probability.value() { p if p >= 0.7 => RiskLevel::High, p if p >= 0.4 => RiskLevel::Medium, _ => RiskLevel::Low };
        prop_assert_eq!(summary.level, level);
        let told = reason(&summary);
        for cause in &told.causes {
            let source = summary.reasons.iter().find(|reason| reason.group == cause.group);
            prop_assert_eq!(source, Some(cause), "a cause is one of the summary's reasons, unchanged");
            prop_assert!(cause.tenths >= LEAST_TENTHS);
        }
        prop_assert!(told.protections.iter().all(|kept| kept.tenths <= -LEAST_TENTHS));
        prop_assert!(told.causes.is_sorted_by_key(|cause| -cause.tenths));
    }

    #[test]
    fn points_follow_the_parts_whatever_their_order(parts in prop::collection::vec(-2.0..2.0_f64, 1..10)) {
        let reasons: Vec<Reason> = parts.iter().zip(0..).map(|(&log_odds, group)| Reason { group, log_odds }).collect();
        let total = parts.iter().sum::<f64>();
        let whole = points(total, 0.0, &reasons);
        for (part, shown) in parts.iter().zip(&whole) {
            let slope = if total.abs() < 1e-9 { 0.25 } else { (logistic(total) - 0.5) / total };
            prop_assert!((f64::from(shown.tenths) - part * slope * 1000.0).abs() <= 2.0, "{} shown as {}", part, shown.tenths);
        }
    }
}
