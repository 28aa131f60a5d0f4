//! The first two agents: numbers equal to the model's, words that follow the numbers.
use proptest::prelude::*;
use std::collections::BTreeMap;
use winback_core::agents::churn_reasoning::{
    CauseSummary, CauseVerdict, LEAST_TENTHS, MOST_CHARACTERS, MOST_WORDS, Voice, main_group, reading_length, reason,
};
use winback_core::agents::data_analyst::{AnalystError, AnalystInput, RawReason, analyse};
use winback_core::campaign::PriceSensitivity;
use winback_core::customer::{Cell, Customer};
use winback_core::fakes::samples;
use winback_core::feature::FeatureSchema;
use winback_core::id::CustomerId;
use winback_core::locale::{Locale, Localized};
use winback_core::peer::{PeerGroup, PeerTable, PriceEffect, WordCount};
use winback_core::pipeline::assess::{Explainer, Explanation};
use winback_core::risk::{
    Measure, ModelVersion, Points, Reason, RiskAssessment, RiskLevel, RiskThresholds, ValueBounds, ValueBy, logistic, points, tenths,
};
use winback_core::schema::{Role, TableSchema, Theme};

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
    // Peers who stayed for long leave less often; what they pay makes no clear difference.
    let tenure = PriceEffect { above: 1_937, above_left: 600, below: 1_938, below_left: 1_055 };
    let charge = PriceEffect { above: 1_937, above_left: 830, below: 1_938, below_left: 825 };
    let effects = BTreeMap::from([("tenure".to_owned(), tenure), ("MonthlyCharges".to_owned(), charge)]);
    let group = PeerGroup { customers: 3_875, medians, effects, price: Some(charge) };
    let count = |customers, left| WordCount { customers, left };
    let contracts = [("Month-to-month".to_owned(), count(3_875, 1_655)), ("一年期".to_owned(), count(3_168, 214))];
    let billing = [("yes".to_owned(), count(4_171, 1_400)), ("no".to_owned(), count(2_872, 469))];
    let words = [("Contract".to_owned(), BTreeMap::from(contracts)), ("PaperlessBilling".to_owned(), BTreeMap::from(billing))];
    PeerTable { groups: BTreeMap::from([("Month-to-month".to_owned(), group)]), words: BTreeMap::from(words) }
}

/// Looks at one customer of a table with the agents and hands over what they found.
fn look<T>(
    table: &TableSchema,
    parts: &[f64],
    locale: Locale,
    show: impl FnOnce(&Explanation, &Voice<'_>) -> T,
) -> Result<T, AnalystError> {
    let (features, customer) = (FeatureSchema::of(table), customer());
    let explainer = Explainer {
        table,
        features: &features,
        peers: &peers(),
        model: &ModelVersion("logistic-0123456789ab".into()),
        thresholds: RiskThresholds::default(),
        bounds: ValueBounds::new(ValueBy::Monthly, Measure::Minor(4_000), Measure::Minor(8_000)).unwrap(),
    };
    let explained = explainer.explain(&customer, &assessment(parts))?;
    Ok(show(&explained, &Voice { table, features: &features, customer: &customer, locale }))
}

/// Returns both summaries as text in a language.
fn told(parts: &[f64], locale: Locale) -> String {
    let table = table();
    let show = |explained: &Explanation, voice: &Voice<'_>| {
        let (risk, causes) = (&explained.risk, &explained.causes);
        let (background, details) = (risk.background(&table, locale).join("\n"), causes.details(risk, voice).join("\n"));
        format!("{}\n{background}\n{}\n{details}", risk.text(&table, locale), causes.text(risk, voice))
    };
    look(&table, parts, locale, show).unwrap()
}

fn details(table: &TableSchema, parts: &[f64], locale: Locale) -> String {
    look(table, parts, locale, |explained, voice| explained.causes.details(&explained.risk, voice).join("\n")).unwrap()
}

#[test]
fn a_score_with_a_reason_that_the_schema_does_not_have_is_an_error() {
    let error = look(&table(), &[0.1, 0.2, 0.3, 0.4, 0.5], Locale::En, |_, _| ()).unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(error.to_string().contains("customer C-00006x") && why.contains("reason 4 is not among the 4"), "{error}: {why}");
    let features = FeatureSchema::of(&table());
    assert!(main_group(&[Points { group: 9, tenths: 50 }], &features).is_err());
}

#[test]
fn a_clue_tells_its_period_or_that_it_is_not_known() {
    let check = |change: &dyn Fn(&mut TableSchema), locale: Locale, said: &str, unsaid: &str| {
        let mut table = table();
        change(&mut table);
        let text = details(&table, &[0.9, 0.0, 0.0, 0.0], locale);
        assert!(text.contains(said) && (unsaid.is_empty() || !text.contains(unsaid)), "{text}");
    };
    let usage = |table: &mut TableSchema| table.columns[1].theme = Theme::Usage;
    let month = Localized::new("近 30 天", "近 30 天", "the last 30 days");
    let with_period = |table: &mut TableSchema| {
        usage(table);
        table.columns[1].period = Some(month.clone());
    };
    let named = |table: &mut TableSchema| {
        with_period(table);
        table.columns[1].label = Localized::new("近 30 天登入次數", "近 30 天登录次数", "Logins in the last 30 days");
    };
    let synthetic = |table: &mut TableSchema| table.columns[1].role = winback_core::schema::Role::Synthetic;
    check(&|_| {}, Locale::En, "Tenure (+20.7 points): 3 months", "eriod");
    check(&usage, Locale::En, "Which period it covers is not known.", "Period:");
    check(&usage, Locale::ZhTw, "期間未註明。", "期間：");
    check(&with_period, Locale::En, " Period: the last 30 days.", "not known");
    check(&with_period, Locale::ZhCn, "期间：近 30 天。", "未注明");
    check(&named, Locale::En, "Logins in the last 30 days (", "Period");
    check(&synthetic, Locale::ZhTw, "這是模擬資料", "");
    check(&synthetic, Locale::En, "Synthetic data, invented for demonstration", "");
}

#[test]
fn a_clue_that_contradicts_is_shown_as_such() {
    let found = |parts: &[f64], locale| details(&table(), parts, locale);
    // Peers who stayed as short leave more often; here the tenure lowers the score.
    assert!(found(&[-0.9, 0.0, 0.0, 0.0], Locale::En).contains("such customers leave more often, yet here it lowers the score"));
    assert!(!found(&[0.9, 0.0, 0.0, 0.0], Locale::En).contains("goes against"));
    // The charge is above the peers' middle.
    assert!(found(&[0.0, -0.9, 0.0, 0.0], Locale::ZhTw).contains("與比較結果相反：金額高於中位數，卻仍降低了風險。"));
    assert!(!found(&[0.0, 0.9, 0.0, 0.0], Locale::ZhTw).contains("相反"));
}

#[test]
fn the_end_of_a_contract_is_told_only_where_it_is_known() {
    let mut open = table();
    open.columns[5].role = winback_core::schema::Role::Unused { why: "test".into() };
    let told = |table: &TableSchema| details(table, &[0.0, 0.0, 1.6, 0.0], Locale::En);
    assert!(told(&open).contains("When the contract ends: the data do not say."));
    assert!(!told(&table()).contains("When the contract ends"));
    let background = look(&open, &[0.0, 0.0, 1.6, 0.0], Locale::En, |found, _| found.risk.background(&open, Locale::En)).unwrap();
    assert!(background.iter().all(|line| !line.contains("End of the contract")), "{background:?}");
}

#[test]
fn the_summaries_read_well_in_every_language() {
    let one_main = Locale::ALL.map(|locale| told(&[0.9, 0.3, 1.6, -0.4], locale)).join("\n\n");
    insta::assert_snapshot!("one_main_reason", one_main);
    let equal = Locale::ALL.map(|locale| told(&[1.2, 0.0, 1.2, 0.0], locale)).join("\n\n");
    insta::assert_snapshot!("two_equal_reasons", equal);
    let three = Locale::ALL.map(|locale| told(&[0.8, 0.8, 0.8, 0.0], locale)).join("\n\n");
    insta::assert_snapshot!("three_equal_reasons", three);
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
        value_by: ValueBy::Monthly,
        value_bounds: [Measure::Minor(4_000), Measure::Minor(8_000)],
        value: Some(Measure::Minor(7_999)),
        monthly_minor: Some(7_999),
        comparisons: Vec::new(),
        words: Vec::new(),
        price_sensitivity: PriceSensitivity::Unknown,
        contract_end: None,
        imputed: 0,
    }
}

fn causes(parts: &[f64]) -> CauseSummary {
    reason(&analyse(&input(parts, -1.0)).unwrap())
}

#[test]
fn the_value_is_told_by_what_it_is_measured_by() {
    let mut table = table();
    table.columns[1].label = Localized::new("近 30 天到館", "近 30 天到店", "Visits in the last 30 days");
    table.columns[1].unit = Some(Localized::new("次", "次", "visits"));
    let numbered = |by: ValueBy, value: Option<Measure>| {
        let bounds = if by == ValueBy::Usage {
            [Measure::Number(4.0), Measure::Number(12.0)]
        } else {
            [Measure::Minor(50_000), Measure::Minor(200_000)]
        };
        AnalystInput { value_by: by, value_bounds: bounds, value, ..input(&[0.3], -1.0) }
    };
    let told = |table: &TableSchema, input: &AnalystInput| {
        let risk = analyse(input).unwrap();
        Locale::ALL.map(|locale| risk.text(table, locale)).join("\n")
    };
    let mut shown = vec![told(&table, &input(&[0.3], -1.0))];
    table.columns[1].role = Role::Usage;
    table.columns[2].role = Role::TotalCharge;
    table.columns[2].label = Localized::new("累計費用", "累计费用", "Total charged");
    for minor in [Some(49_999), Some(50_000), Some(200_000), None] {
        shown.push(told(&table, &numbered(ValueBy::Revenue, minor.map(Measure::Minor))));
    }
    for number in [Some(1.0), Some(11.9996), Some(12.0), None] {
        shown.push(told(&table, &numbered(ValueBy::Usage, number.map(Measure::Number))));
    }
    let nothing = AnalystInput { monthly_minor: None, ..numbered(ValueBy::Usage, None) };
    shown.push(told(&table, &nothing));
    insta::assert_snapshot!("value_by_each_measure", shown.join("\n\n"));
    let mixed = AnalystInput { value_by: ValueBy::Usage, ..input(&[0.3], -1.0) };
    assert!(analyse(&mixed).is_err(), "amounts bound no usage");
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
    check(&[1.0, 1.0, 1.0], CauseVerdict::ThreeEqual, 3);
    check(&[1.0, 1.0, 1.0, 1.0], CauseVerdict::ThreeEqual, 3);
    check(&[1.0, 0.5, 0.5], CauseVerdict::OneMain, 3);
    check(&[0.02, -1.0], CauseVerdict::NoDominantReason, 0);
    check(&[], CauseVerdict::NoDominantReason, 0);
}

#[test]
fn who_a_customer_is_never_is_the_reason_for_an_offer() {
    let table = table();
    let features = FeatureSchema::of(&table);
    let group = |name: &str| u16::try_from(features.groups.iter().position(|g| g.name == name).unwrap()).unwrap();
    let point = |name: &str, tenths: i32| Points { group: group(name), tenths };
    let check =
        |points: &[Points], expected: Option<&str>| assert_eq!(main_group(points, &features), Ok(expected.map(group)), "{points:?}");
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
        let named: i32 = told.causes.iter().chain(&told.protections).map(|reason| reason.tenths).sum();
        prop_assert_eq!(told.sum.base_tenths + named + told.sum.others_tenths, told.sum.total_tenths, "the detail adds up to the score");
    }

    #[test]
    fn a_summary_is_short_whatever_the_columns_are_called(
        parts in prop::array::uniform4(-2.0..2.0_f64),
        words in prop::collection::vec("[A-Za-z]{1,12}|[一-龥]{1,9}", 1..30),
        place in 0..3_usize,
    ) {
        let mut table = table();
        for column in [1, 2, 4, 6] {
            table.columns[column].label = Localized::same(&words.join([" ", "", "-"][place]));
        }
        table.columns[4].value_labels = BTreeMap::from([("Month-to-month".into(), Localized::same(&words.join(" ")))]);
        for locale in Locale::ALL {
            let text = look(&table, &parts, locale, |found, voice| found.causes.text(&found.risk, voice)).unwrap();
            let most = if locale == Locale::En { MOST_WORDS } else { MOST_CHARACTERS };
            prop_assert!(reading_length(&text, locale) <= most, "{}: {}", reading_length(&text, locale), text);
        }
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
