use super::{DEFAULT, OffersFile, parse};
use jiff::civil::{Date, date};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use winback_core::agents::campaign_designer::{DesignInput, Spending, describe, plan, plan_spending};
use winback_core::campaign::{CampaignPlan, Decision, PlanInputs, PriceSensitivity, Usage, Verdict};
use winback_core::id::{CustomerId, Position};
use winback_core::locale::{Locale, Localized};
use winback_core::message::Approved;
use winback_core::money::Money;
use winback_core::offer::lint::{Fault, LintFinding, Severity, lint, lint_columns};
use winback_core::offer::matrix::{Cell, matrix};
use winback_core::offer::simulate::{Action, simulate};
use winback_core::offer::{Catalogue, OfferId, OfferKind};
use winback_core::peer::PriceEffect;
use winback_core::risk::{Probability, RiskLevel, ValueTier};
use winback_core::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};

const TODAY: Date = date(2026, 11, 21);

fn default_file() -> OffersFile {
    parse(DEFAULT, "offers.toml").unwrap()
}

fn findings(text: &str) -> Vec<LintFinding> {
    let file = parse(text, "offers.toml").unwrap();
    lint(&file.catalogue, &file.lines, TODAY, &[])
}

/// Returns the default file with one part replaced, and the line on which `at` stands in it.
fn planted(from: &str, to: &str, at: &str) -> (String, u64) {
    assert!(DEFAULT.contains(from), "the default file no longer holds {from:?}");
    let text = DEFAULT.replacen(from, to, 1);
    let byte = text.find(at).unwrap_or_else(|| panic!("{at:?} is not in the changed file"));
    let line = text[..byte].matches('\n').count() as u64 + 1;
    (text, line)
}

fn input(level: RiskLevel, tier: Option<ValueTier>, theme: Option<Theme>) -> DesignInput {
    let minor = match tier {
        Some(ValueTier::High) => Some(9_985),
        Some(ValueTier::Mid) => Some(6_000),
        Some(ValueTier::Low) => Some(2_500),
        None => None,
    };
    let probability = match level {
        RiskLevel::High => 0.8,
        RiskLevel::Medium => 0.55,
        RiskLevel::Low => 0.1,
    };
    let columns = [
        ("Contract", "Month-to-month"),
        ("TechSupport", "No"),
        ("OnlineSecurity", "No"),
        ("InternetService", "Fiber optic"),
        ("PaymentMethod", "Electronic check"),
    ];
    DesignInput {
        position: Position(0),
        customer: CustomerId::parse("0001-TEST").unwrap(),
        probability: Probability::new(probability).unwrap(),
        inputs: PlanInputs {
            level,
            tier,
            theme,
            contract: Some("Month-to-month".into()),
            tenure_months: Some(5.0),
            price_sensitivity: PriceSensitivity::Unknown,
            usage: Usage::NotMeasured,
        },
        monthly_minor: minor,
        columns: columns.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        already_left: false,
    }
}

fn chosen(plan: &CampaignPlan) -> &str {
    plan.decision.choice().map_or("-", |choice| choice.offer.0.as_str())
}

fn table() -> TableSchema {
    let contract = Column {
        name: "Contract".into(),
        aliases: Vec::new(),
        kind: ColumnKind::Category { levels: Vec::new() },
        role: Role::Contract,
        optional: false,
        tell: false,
        period: None,
        expect: None,
        cells: winback_core::schema::CellRules::default(),
        missing: MissingRule::Learn,
        label: Localized::new("合約", "合约", "Contract"),
        theme: Theme::Contract,
        value_labels: [("Month-to-month".to_owned(), Localized::new("按月", "按月", "month to month"))].into(),
        unit: None,
    };
    TableSchema {
        name: "test".into(),
        delimiter: b',',
        decimal_mark: winback_core::number::DecimalMark::Point,
        currency: default_file().catalogue.currency,
        columns: vec![contract],
        groups: Vec::new(),
        families: Vec::new(),
        peer_column: None,
    }
}

#[test]
fn the_default_file_is_clean_and_has_every_kind() {
    assert_eq!(findings(DEFAULT), []);
    let catalogue = default_file().catalogue;
    for kind in OfferKind::ALL {
        assert!(catalogue.offers.iter().any(|offer| offer.kind == kind), "{kind:?}");
    }
    assert!((10..=14).contains(&catalogue.offers.len()));
}

#[test]
fn every_promise_can_be_said_in_every_language() {
    let catalogue = default_file().catalogue;
    for (offer, locale) in catalogue.offers.iter().flat_map(|offer| Locale::ALL.map(|locale| (offer, locale))) {
        let text = offer.promise_for(Some(Money::new(7_999, catalogue.currency)), locale).unwrap();
        assert!(!text.contains('{') && !text.is_empty(), "{text}");
    }
}

/// Checks that a change of the default file gives a finding on the line where `at` stands.
fn check(from: &str, to: &str, at: &str, expected: (Fault, Severity)) {
    let (text, line) = planted(from, to, at);
    let found = findings(&text);
    let hit = found.iter().any(|one| (one.fault, one.severity, one.line) == (expected.0, expected.1, line));
    assert!(hit, "{to:?} on line {line} should give {expected:?}, found {found:#?}");
}

fn error(from: &str, to: &str, at: &str, fault: Fault) {
    check(from, to, at, (fault, Severity::Error));
}

fn warning(from: &str, to: &str, at: &str, fault: Fault) {
    check(from, to, at, (fault, Severity::Warning));
}

#[test]
fn each_planted_defect_is_found_on_its_line() {
    let source = r#"effect = { saves = 0.30, source = { zh-TW = "Winback 預設值", zh-CN = "Winback 默认值", en = "Winback default" } }"#;
    let with = |extra: &str| format!("{extra}\n{source}");

    error(r#"id = "annual-plan-light""#, r#"id = "annual-plan" # twice"#, r#"id = "annual-plan" # twice"#, Fault::Id);
    error(r#"id = "annual-plan""#, r#"id = """#, r#"id = """#, Fault::Id);
    error(r#"id = "price""#, r#"id = "contract-high-value" # twice"#, r#"id = "contract-high-value" # twice"#, Fault::Id);
    error(r#"["loyalty-discount", "better-plan""#, r#"["loyalti-discount", "better-plan""#, r#"["loyalti-discount""#, Fault::UnknownOffer);
    error(source, &with("valid_until = 2026-11-20"), "valid_until = 2026", Fault::Period);
    warning(source, &with("valid_from = 2026-11-22"), "valid_from = 2026", Fault::Period);
    error(source, &with("valid_from = 2031-01-01\nvalid_until = 2030-01-01"), "valid_until = 2030", Fault::Period);
    error(r#"fixed = "4.00""#, r#"fixed = "-4.00""#, r#""-4.00""#, Fault::NegativeCost);
    error("terms = { percent = 20", "terms = { percent = 120", "percent = 120", Fault::Percent);
    error("terms = { percent = 20", "terms = { percent = 0", "percent = 0", Fault::Percent);
    error("percent_of_charge = 20", "percent_of_charge = 120", "percent_of_charge = 120", Fault::Percent);
    error("terms = { percent = 20, months = 6 }", "terms = { percent = 20, months = 0 }", "months = 0", Fault::Months);
    error("percent_of_charge = 20, months = 6", "percent_of_charge = 20", "percent_of_charge = 20 }", Fault::Months);
    warning("percent_of_charge = 20", "percent_of_charge = 10", "cost = { percent_of_charge = 10", Fault::CostTerms);
    error("tenure_max = 12", "tenure_max = -1", "tenure_max = -1", Fault::Eligibility);
    error("tenure_max = 12", "tenure_max = nan", "tenure_max = nan", Fault::Eligibility);
    warning(
        r#"eligible = { risk = ["high"], value = ["high"] }"#,
        r#"eligible = { risk = ["low"] } # none"#,
        r#"offers = ["strong-discount""#,
        Fault::Unused,
    );
    error("saves = 0.25", "saves = 1.25", "saves = 1.25", Fault::Effect);
    let said = r#"saves = 0.25, source = { zh-TW = "Winback 預設值", zh-CN = "Winback 默认值", en = "Winback default" }"#;
    error(said, r#"saves = 0.25, source = " ""#, r#"source = " ""#, Fault::Effect);
    error(said, r#"saves = 0.25, source = { en = "a test" }"#, r#"source = { en = "a test" }"#, Fault::MissingLanguage);
    error("margin = 0.55", "margin = 1.0", "margin = 1.0", Fault::Setting);
    error("margin = 0.55", "margin = 0.0", "margin = 0.0", Fault::Setting);
    error("horizon_months = 24", "horizon_months = 0", "horizon_months = 0", Fault::Setting);
    warning("high = 3, medium = 7", "high = 9, medium = 7", "high = 9", Fault::Setting);
    error("tenure_max = 12", "tenure_min = 13, tenure_max = 12", "tenure_min = 13", Fault::Eligibility);
    error(r#"TechSupport = ["No"]"#, "TechSupport = []", "TechSupport = []", Fault::Eligibility);
    warning(r#"fixed = "20.00" }"#, "fixed = \"20.00\" }\nstock = 0", "stock = 0", Fault::Eligibility);
    error(r#"name.en = "Care call""#, r#"name.en = """#, r#"name.en = """#, Fault::MissingLanguage);
    warning(r#"["autopay-credit", "care-call"]"#, r#"["care-call"]"#, r#"id = "autopay-credit""#, Fault::Unused);
    warning(
        r#"offers = ["better-plan", "care-call"]"#,
        r#"offers = ["better-plan", "priority-contact"]
value = ["low"]"#,
        r#"offers = ["better-plan", "priority-contact"]"#,
        Fault::Unused,
    );
    let owner = r#"owner = { zh-TW = "客戶維繫團隊", zh-CN = "客户维系团队", en = "Retention team" }"#;
    error(owner, r#"owner = "" # nobody"#, r#"owner = "" # nobody"#, Fault::Empty);
    error(owner, r#"owner = { en = "Mei" }"#, r#"owner = { en = "Mei" }"#, Fault::MissingLanguage);
    error(r#"offers = ["autopay-credit", "care-call"]"#, "offers = [] # none", "offers = [] # none", Fault::Empty);
    error(r#"expect = "annual-plan""#, r#"expect = "care-call" # wrong"#, r#"expect = "care-call" # wrong"#, Fault::Case);
    error(r#"expect = "annual-plan""#, r#"expect = "anual-plan""#, r#"expect = "anual-plan""#, Fault::UnknownOffer);
}

#[test]
fn a_promise_that_does_not_fit_its_terms_is_found_on_its_line() {
    error(
        "terms = { percent = 20, months = 6 }",
        "terms = { months = 6 }",
        "接下來 {months} 個月，月費減免 {percent}%，感謝",
        Fault::PromiseTerms,
    );
    error("and looks for", "and in {months} months looks for", "and in {months} months", Fault::PromiseTerms);
    error("and looks for", "and looks for {prise}", "{prise}", Fault::PromiseTerms);
    warning("for {months} months.\"\nterms = { percent = 15", "for a year.\"\nterms = { percent = 15", "for a year.", Fault::PromiseTerms);
    error(
        "{percent}% off your monthly charge for the next {months} months, as",
        "20% off your monthly charge for {months} months, as",
        "20% off",
        Fault::TypedNumber,
    );
    error("looks after your account", "looks after you for three months", "for three months", Fault::TypedNumber);
    error("由專人陪您檢視目前的合約", "三個月內由專人陪您檢視合約", "三個月內", Fault::TypedNumber);
    error("由专人陪您梳理现有合约", "现在八折，由专人陪您梳理合约", "现在八折", Fault::TypedNumber);
    error("looks after your account", "looks after you for two free months", "for two free months", Fault::TypedNumber);
    error("looks after your account", "looks after you at half the price", "at half the price", Fault::TypedNumber);
    error("由專人陪您檢視目前的合約", "現在半價，由專人陪您檢視合約", "現在半價", Fault::TypedNumber);
    error("由專人陪您檢視目前的合約", "由專人陪您檢視１２個月的合約", "１２個月的合約", Fault::TypedNumber);
    error("and looks for", "and {months looks for", "{months looks", Fault::PromiseTerms);
}

#[test]
fn a_name_or_a_promise_that_no_message_can_say_is_found_on_its_line() {
    let name = |to: &str, fault| error(r#"name.en = "Care call""#, &format!("name.en = {to}"), to, fault);
    let promise = |to: &str, fault| error("gets in touch to listen", to, to, fault);
    name(r#""The best plan ever""#, Fault::Unapproved);
    name(r#""Guaranteed savings""#, Fault::Unapproved);
    name(r#""{{7*7}}<script>""#, Fault::Markup);
    name(r#""<b>Care</b> call""#, Fault::Markup);
    name(r#""Care\ncall""#, Fault::Markup);
    name(r#""Care\u202Ecall""#, Fault::Markup);
    name(r#""{percent}% care""#, Fault::Markup);
    promise("{% if 1 %} calls to listen", Fault::Markup);
    promise("gets in touch, which is guaranteed, to listen", Fault::Unapproved);
    promise("who won an award gets in touch to listen", Fault::Unapproved);
    promise("brings a gift to listen", Fault::Unapproved);
    promise("gets in touch: only today, last chance, do not miss it, to listen", Fault::Manners);
    error("由專人與您聯繫，聽聽您的想法", "業界第一的專人與您聯繫，聽聽您的想法", "業界第一的專人", Fault::Unapproved);
    error("由专人与您联系，听取您的想法", "史上最好，由专人与您联系，听取您的想法", "史上最好", Fault::Unapproved);
    // What the offer gives is its terms.
    for given in ["unlimited data and a faster", "a bonus month and a faster"] {
        assert_eq!(findings(&planted("A faster", given, given).0), [], "{given}");
    }
    let found = findings(&planted("gets in touch to listen", "gets in touch: only today, hurry up, to listen", "only today").0);
    assert!(found.iter().all(|one| one.fault == Fault::Manners), "one finding is enough: {found:#?}");
}

#[test]
fn a_phrase_that_somebody_answers_for_stands_in_an_offer() {
    let (text, _) = planted("gets in touch to listen", "from the fastest network gets in touch to listen", "fastest");
    let file = parse(&text, "offers.toml").unwrap();
    let told = |phrase: &str| {
        let phrase = Localized::new("最快的網路", "最快的网络", phrase);
        lint(&file.catalogue, &file.lines, TODAY, &[Approved { phrase, by: "Mei".into(), on: TODAY }])
    };
    assert_eq!(told("the fastest network"), []);
    assert_eq!(told("the fastest line").iter().map(|one| one.fault).collect::<Vec<_>>(), [Fault::Unapproved]);
}

#[test]
fn a_typed_number_is_shown_whole() {
    let told = |to: &str| {
        findings(&planted("gets in touch to listen", to, to).0).into_iter().find(|one| one.fault == Fault::TypedNumber).unwrap().text
    };
    let check = |to: &str, number: &str| assert!(told(to).contains(&format!("the typed number {number:?};")), "{}", told(to));
    check("calls 25 times to listen", "25");
    check("takes 1,200.50 off, to listen.", "1,200.50");
    check("calls in ２５ days, to listen", "２５");
    check("calls for twenty five months to listen", "twenty five months");
    check("一百二十個月 to listen", "一百二十個月");
}

/// Returns the default file with a rule put before the rule whose comment is given, and the new rule's line.
fn with_rule(before: &str, rule: &str) -> (String, u64) {
    planted(before, &format!("{rule}\n\n{before}"), rule)
}

fn rule_text(id: &str, conditions: &str, offers: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\nowner = \"Test\"\ndate = 2026-11-21\n{conditions}\noffers = {offers}")
}

#[test]
fn rules_that_contradict_or_shadow_each_other_are_both_named() {
    let check = |before: &str, rule: &str, at: &str, fault: Fault, names: [&str; 2]| {
        let (text, _) = with_rule(before, rule);
        let line = text[..text.find(at).unwrap()].matches('\n').count() as u64;
        let found = findings(&text);
        let hit = found.iter().find(|one| (one.fault, one.line) == (fault, line));
        let hit = hit.unwrap_or_else(|| panic!("expected {fault:?} on line {line}, found {found:#?}"));
        assert!(names.iter().all(|name| hit.text.contains(&format!("{name:?}"))), "{}", hit.text);
    };
    let twin = rule_text("twin", "reason = [\"usage\"]", "[\"care-call\"]");
    check("# They use less than", &twin, "id = \"usage\"", Fault::Contradiction, ["twin", "usage"]);
    let wide = rule_text("wide", "value = [\"high\", \"mid\"]", "[\"care-call\"]");
    check("# They can leave any month", &wide, "id = \"contract-mid-value\"", Fault::Shadowed, ["wide", "contract-mid-value"]);
    let late = rule_text("late", "reason = [\"price\"]\nrisk = [\"high\"]\nvalue = [\"high\"]", "[\"care-call\"]");
    check("# No discount on a small bill", &late, "id = \"late\"", Fault::Contradiction, ["late", "price-high-value-high-risk"]);
    let low = rule_text("low-only", "risk = [\"low\"]", "[\"care-call\"]");
    check("# Everyone who is left", &low, "offers = [\"care-call\"]\n\n# Everyone", Fault::Shadowed, ["low-only", "low-only"]);
}

#[test]
fn a_hole_and_an_empty_file_are_named() {
    let end = DEFAULT.find("# Everyone who is left").unwrap();
    let found = findings(&DEFAULT[..end]);
    let hole = found.iter().find(|one| one.fault == Fault::Hole).unwrap();
    assert!(hole.text.contains("value mid, risk high, reason profile"), "{}", hole.text);
    let head = &DEFAULT[..DEFAULT.find("# A year's commitment").unwrap()];
    let faults: Vec<Fault> = findings(head).iter().map(|one| one.fault).collect();
    assert_eq!(faults, [Fault::Empty, Fault::Empty]);
}

#[test]
fn columns_the_table_lacks_and_changes_no_offer_can_make_are_named() {
    let schema = include_str!("../../../defaults/schema.telco.toml");
    let told = |schema: &str, offers: &str| {
        let table = crate::config::schema_file::parse("schema.toml", schema).unwrap();
        let file = parse(offers, "offers.toml").unwrap();
        let line = |line: u64| offers.lines().nth(line as usize - 1).unwrap_or_default().to_owned();
        let found = lint_columns(&file.catalogue, &file.lines, &table);
        found.into_iter().map(|one| (one.fault, one.severity, line(one.line))).collect::<Vec<_>>()
    };
    assert_eq!(told(schema, DEFAULT), []);
    let renamed = told(&schema.replace("PaymentMethod", "PaidBy"), DEFAULT);
    assert_eq!(renamed.len(), 2);
    assert!(renamed.iter().all(|one| (one.0, one.1) == (Fault::UnknownColumn, Severity::Warning) && one.2.contains("PaymentMethod")));
    let planted = |from: &str, to: &str| told(schema, &DEFAULT.replacen(from, to, 1));
    let trial = "changes = { TechSupport = \"Yes\" }";
    for wrong in ["changes = { TechSupport = \"Perhaps\" }", "changes = { tenure = \"12\" }", "changes = { gender = \"Female\" }"] {
        assert_eq!(planted(trial, wrong), [(Fault::Change, Severity::Error, wrong.to_owned())]);
    }
}

#[test]
fn a_file_that_cannot_be_read_names_the_place_and_what_was_meant() {
    let check = |from: &str, to: &str, at: &str, says: &[&str]| {
        let (text, line) = planted(from, to, at);
        let error = parse(&text, "my/offers.toml").unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("my/offers.toml", line), "{error}");
        assert!(says.iter().all(|words| error.what.contains(words)), "{error}");
    };
    check("margin = 0.55", "margn = 0.55", "margn", &["unknown key `margn`", "did you mean `margin`?"]);
    check("terms = { percent = 20", "terms = { precent = 20", "precent", &["did you mean `percent`?"]);
    check("kind = \"upgrade\"", "kind = \"upgrad\"", "\"upgrad\"", &["unknown word `upgrad`", "did you mean `upgrade`?"]);
    check("reason = [\"usage\"]", "reason = [\"usge\"]", "\"usge\"", &["did you mean `usage`?"]);
    check("currency = \"USD\"", "currency = \"usd\"", "\"usd\"", &["ISO 4217"]);
    check("fixed = \"4.00\"", "fixed = \"4.005\"", "\"4.005\"", &["2 decimal places"]);
    check("fixed = \"4.00\"", "fixed = \"four\"", "\"four\"", &["not a number", "18.50"]);
    check("fixed = \"4.00\"", "fixed = true", "fixed = true", &["expected an amount"]);
    check("terms = { percent = 20", "terms = { percent = -20", "percent = -20", &["whole number from 0 to 255"]);
    check("date = 2026-11-21", "date = \"soon\"", "\"soon\"", &["2030-12-31"]);
    check("horizon_months = 24", "horizon_months = ", "horizon_months = ", &[]);
    let budget = |text: &str| format!("budget = {text}\nhorizon_months = 24");
    for (written, says) in
        [("\"-1.00\"", "below 0"), ("-1", "below 0"), ("\"€100\"", "in USD"), ("\"100 TWD\"", "in USD"), ("\"1.005\"", "decimal places")]
    {
        check("horizon_months = 24", &budget(written), written, &[says]);
    }
}

#[test]
fn amounts_are_read_to_the_cent_in_any_spelling() {
    for (written, minor) in [("4", 400), ("4.1", 410), ("\"4.10\"", 410), ("0.29", 29), ("\"1,234.56\"", 123_456), ("19.99", 1_999)] {
        let (text, _) = planted("fixed = \"4.00\"", &format!("fixed = {written}"), "fixed");
        let catalogue = parse(&text, "offers.toml").unwrap().catalogue;
        let offer = catalogue.offer(&OfferId("contract-review".into())).unwrap();
        assert_eq!(offer.cost.fixed.minor, minor, "{written}");
    }
}

#[test]
fn every_cell_of_the_matrix_ends_in_a_contact_that_is_worth_it() {
    let catalogue = default_file().catalogue;
    for cell in Cell::all() {
        let plan = plan(&input(cell.level, cell.tier, cell.theme), &catalogue, TODAY);
        assert!(plan.decision.choice().is_some(), "{}: {plan:#?}", cell.words());
    }
}

#[test]
fn a_company_without_the_sample_columns_is_served_too() {
    let catalogue = default_file().catalogue;
    for (cell, charge) in Cell::all().flat_map(|cell| [Some(2_500), Some(9_985), None].map(|charge| (cell, charge))) {
        let mut input = input(cell.level, cell.tier, cell.theme);
        (input.columns, input.monthly_minor, input.inputs.tenure_months, input.inputs.contract) = (BTreeMap::new(), charge, None, None);
        let plan = plan(&input, &catalogue, TODAY);
        assert!(plan.decision.choice().is_some(), "{} at {charge:?}: {plan:#?}", cell.words());
    }
}

#[test]
fn the_plan_follows_the_main_reason_as_the_matrix_says() {
    let catalogue = default_file().catalogue;
    for entry in matrix(&catalogue) {
        let plan = plan(&input(entry.cell.level, entry.cell.tier, entry.cell.theme), &catalogue, TODAY);
        assert_eq!(plan.rule, entry.rule);
        assert!(entry.offers.contains(&OfferId(chosen(&plan).into())), "{}", entry.cell.words());
    }
    let by_theme = |theme| chosen(&plan(&input(RiskLevel::High, Some(ValueTier::High), Some(theme)), &catalogue, TODAY)).to_owned();
    let offers: BTreeMap<Theme, String> = Theme::ALL.into_iter().map(|theme| (theme, by_theme(theme))).collect();
    let distinct: std::collections::BTreeSet<&String> = offers.values().collect();
    assert!(distinct.len() >= 6, "{offers:?}");
}

#[test]
fn the_contract_the_price_and_the_use_each_change_the_plan() {
    let catalogue = default_file().catalogue;
    let base = input(RiskLevel::High, Some(ValueTier::Mid), Some(Theme::Contract));
    let mut bound = base.clone();
    bound.columns.insert("Contract".into(), "Two year".into());
    assert_eq!((chosen(&plan(&base, &catalogue, TODAY)), chosen(&plan(&bound, &catalogue, TODAY))), ("annual-plan", "loyalty-discount"));

    let mut usage = input(RiskLevel::High, Some(ValueTier::Mid), Some(Theme::Product));
    assert_eq!(chosen(&plan(&usage, &catalogue, TODAY)), "speed-upgrade");
    usage.inputs.usage = Usage::Changed { drop_rate: 0.3 };
    assert_eq!(chosen(&plan(&usage, &catalogue, TODAY)), "technician-check");

    let mut price = input(RiskLevel::High, Some(ValueTier::High), None);
    let (text, _) = planted(
        r#"offers = ["priority-contact", "care-call"]"#,
        r#"offers = ["priority-contact", "loyalty-discount", "care-call"]"#,
        "priority",
    );
    let text = text.replacen(r#"offers = ["priority-contact", "care-call"]"#, r#"offers = ["priority-contact", "loyalty-discount"]"#, 1);
    let catalogue = parse(&text, "offers.toml").unwrap().catalogue;
    assert_eq!(chosen(&plan(&price, &catalogue, TODAY)), "priority-contact");
    price.inputs.price_sensitivity = PriceSensitivity::Raised { effect: EFFECT };
    assert_eq!(chosen(&plan(&price, &catalogue, TODAY)), "loyalty-discount");
}

const EFFECT: PriceEffect = PriceEffect { above: 1_000, above_left: 340, below: 1_000, below_left: 201 };

#[test]
fn a_simulation_tells_who_gets_something_else() {
    let old = default_file().catalogue;
    let inputs: Vec<DesignInput> = Cell::all().map(|cell| input(cell.level, cell.tier, cell.theme)).collect();
    let same = simulate(&old, &old, &inputs, TODAY);
    assert_eq!((same.customers, same.changed, same.moves.len()), (72, 0, 0));
    let (text, _) = planted(r#"["autopay-credit", "care-call"]"#, r#"["care-call"]"#, "care-call");
    let new = parse(&text, "offers.toml").unwrap().catalogue;
    let changed = simulate(&old, &new, &inputs, TODAY);
    let offer = |id: &str| Action::Offer(OfferId(id.into()));
    assert_eq!((changed.changed, changed.moves.len()), (6, 1));
    assert_eq!((&changed.moves[0].from, &changed.moves[0].to), (&offer("autopay-credit"), &offer("care-call")));
    assert_eq!((changed.moves[0].customers, changed.moves[0].examples.len()), (6, 5));
    assert!(changed.cost_after_minor != changed.cost_before_minor);
}

#[test]
fn a_budget_is_read_and_a_simulation_keeps_it() {
    let with = |budget: &str| parse(&DEFAULT.replace("# budget = \"5000.00\"", budget), "offers.toml").unwrap().catalogue;
    assert_eq!((with("").budget, with("budget = 0").budget.map(|budget| budget.minor)), (None, Some(0)));
    let inputs: Vec<DesignInput> = Cell::all().map(|cell| input(cell.level, cell.tier, cell.theme)).collect();
    let inputs: Vec<DesignInput> =
        inputs.into_iter().zip(0..).map(|(input, place)| DesignInput { position: Position(place), ..input }).collect();
    let (open, tight, none) = (with(""), with("budget = \"1000\""), with("budget = 0"));
    let found = simulate(&open, &tight, &inputs, TODAY);
    assert!(found.cost_before_minor > 100_000 && (90_000..=100_000).contains(&found.cost_after_minor) && found.changed > 0, "{found:?}");
    assert_eq!(simulate(&open, &none, &inputs, TODAY).cost_after_minor, 0);
}

#[test]
fn an_owner_and_a_source_are_one_text_or_three() {
    let read = |owner: &str, source: &str| {
        let text = DEFAULT.replacen(r#"owner = { zh-TW = "客戶維繫團隊", zh-CN = "客户维系团队", en = "Retention team" }"#, owner, 1);
        let text = text.replacen(r#"source = { zh-TW = "Winback 預設值", zh-CN = "Winback 默认值", en = "Winback default" }"#, source, 1);
        parse(&text, "offers.toml").map(|file| (file.catalogue.rules[0].owner.clone(), file.catalogue.offers[0].effect.source.clone()))
    };
    let one = read(r#"owner = "Mei""#, r#"source = "our test""#).unwrap();
    assert_eq!(one, (Localized::same("Mei"), Localized::same("our test")));
    let three =
        read(r#"owner = { zh-TW = "甲", zh-CN = "乙", en = "C" }"#, r#"source = { zh-TW = "丁", zh-CN = "戊", en = "F" }"#).unwrap();
    assert_eq!(three, (Localized::new("甲", "乙", "C"), Localized::new("丁", "戊", "F")));
    let wrong = read(r#"owner = { zh_TW = "甲" }"#, "source = \"\"").unwrap_err().to_string();
    assert!(wrong.contains("expected a text, or a text for each language: { zh-TW"), "{wrong}");
}

#[test]
fn an_offer_that_runs_out_gives_way_to_the_next() {
    let mut catalogue = default_file().catalogue;
    let id = OfferId("annual-plan".into());
    let place = catalogue.offers.iter().position(|offer| offer.id == id).unwrap();
    catalogue.offers[place].stock = Some(1);
    let input = input(RiskLevel::High, Some(ValueTier::High), Some(Theme::Contract));
    assert_eq!(chosen(&plan(&input, &catalogue, TODAY)), "annual-plan");
    catalogue.take(&id);
    let after = plan(&input, &catalogue, TODAY);
    assert_eq!((chosen(&after), after.considered[0].verdict), ("strong-discount", Verdict::OutOfStock));
}

#[test]
fn the_matrix_reads_as_a_table() {
    insta::assert_snapshot!(matrix_text(&default_file().catalogue));
}

fn matrix_text(catalogue: &Catalogue) -> String {
    matrix(catalogue).iter().fold(String::new(), |mut text, entry| {
        let offers: Vec<&str> = entry.offers.iter().map(|offer| offer.0.as_str()).collect();
        let _ = writeln!(text, "{:45} {:30} {}", entry.cell.words(), entry.rule.as_deref().unwrap_or("-"), offers.join(" > "));
        text
    })
}

#[test]
fn a_plan_reads_well_in_every_language() {
    let catalogue = default_file().catalogue;
    let mut raised = input(RiskLevel::High, Some(ValueTier::High), Some(Theme::Price));
    raised.inputs.price_sensitivity = PriceSensitivity::Raised { effect: EFFECT };
    let mut fallen = input(RiskLevel::Medium, Some(ValueTier::Mid), Some(Theme::Product));
    fallen.inputs.usage = Usage::Changed { drop_rate: 0.42 };
    fallen.inputs.price_sensitivity = PriceSensitivity::Typical { effect: EFFECT };
    let unknown = input(RiskLevel::High, None, Some(Theme::Contract));
    let mut cheap = catalogue.clone();
    for offer in &mut cheap.offers {
        offer.cost.fixed.minor = 1_000_000;
    }
    let mut free = catalogue.clone();
    for offer in free.offers.iter_mut().filter(|offer| offer.kind == OfferKind::Service) {
        offer.cost.fixed.minor = 0;
    }
    let low = input(RiskLevel::Low, Some(ValueTier::High), None);
    let plans = [
        ("raised price sensitivity", plan(&raised, &catalogue, TODAY)),
        ("use has fallen", plan(&fallen, &catalogue, TODAY)),
        ("unknown value", plan(&unknown, &catalogue, TODAY)),
        ("nothing is worth it", plan(&fallen, &cheap, TODAY)),
        ("low risk", plan(&low, &catalogue, TODAY)),
        ("the budget is spent", plan_spending(&raised, &catalogue, TODAY, Spending::Nothing)),
        ("the budget is spent, something is free", plan_spending(&raised, &free, TODAY, Spending::Nothing)),
    ];
    assert!(matches!(plans[3].1.decision, Decision::ServiceContact { .. }));
    for locale in Locale::ALL {
        let text = plans.iter().map(|(title, plan)| plan_text(title, plan, &catalogue, locale)).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(format!("plan_{locale}"), text);
    }
}

fn plan_text(title: &str, plan: &CampaignPlan, catalogue: &Catalogue, locale: Locale) -> String {
    let words = describe(plan, catalogue, &table(), winback_core::risk::ValueBy::Monthly, locale);
    let mut lines = vec![format!("== {title}"), words.what, words.why];
    lines.extend(words.others.into_iter().map(|other| format!("  - {}", other.text)));
    lines.extend([words.cost, words.effect, words.effect_source, words.owner, words.due]);
    lines.extend(words.notes);
    lines.retain(|line| !line.is_empty());
    lines.join("\n") + "\n"
}

#[test]
fn errors_and_findings_read_well() {
    let unreadable = [
        ("margin = 0.55", "margn = 0.55"),
        ("kind = \"upgrade\"", "kind = \"upgrad\""),
        ("fixed = \"4.00\"", "fixed = \"four\""),
        ("fixed = \"4.00\"", "fixed = 4.005"),
        ("terms = { percent = 20", "terms = { percent = -20"),
        ("date = 2026-11-21", "date = \"soon\""),
        ("horizon_months = 24", "horizon_months = "),
        ("horizon_months = 24", "horizon_months = 24\nhorizon_months = 12"),
        ("horizon_months = 24", ""),
        ("[[case]]", "[[case]"),
    ];
    let errors = unreadable.map(|(from, to)| parse(&DEFAULT.replacen(from, to, 1), "offers.toml").unwrap_err().to_string());
    let changes = [
        ("saves = 0.30", "saves = 3.0"),
        ("margin = 0.55", "margin = 55.0"),
        ("terms = { percent = 20", "terms = { percent = 120"),
        ("fixed = \"4.00\"", "fixed = \"-4.00\""),
        ("\"loyalty-discount\", \"better-plan\"", "\"loyalti-discount\", \"better-plan\""),
        ("expect = \"better-plan\"", "expect = \"care-call\""),
        ("reason = [\"usage\"]", "reason = [\"payment\"]"),
        ("name.en = \"Care call\"", "name.en = \"\""),
        ("接下來 {months} 個月，月費減免 {percent}%。", "接下來三個月，月費減免 ２０%。"),
    ];
    let broken = changes.iter().fold(DEFAULT.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    let found: Vec<String> = findings(&broken).iter().map(|one| format!("{:?}, line {}: {}", one.severity, one.line, one.text)).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", errors.join("\n"), found.join("\n")));
}
