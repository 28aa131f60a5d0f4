//! Who belongs to which segment, at every limit and with every kind of gap.
use crate::customer::{Cell, Customer};
use crate::id::{CustomerId, Position};
use crate::locale::{Locale, Localized};
use crate::money::Currency;
use crate::number::DecimalMark;
use crate::risk::{Measure, ValueBounds, ValueBy, ValueTier};
use crate::schema::{Column, ColumnKind, MissingRule, Role, TableSchema, Theme};
use crate::segment::assign::{AssignedBy, Segmenter};
use crate::segment::bind::{Bound, Reads, Wants};
use crate::segment::lint::{Kept, SegmentFault, lint, orphans, overlaps};
use crate::segment::rules::{Absent, Condition, SegmentRule, SegmentRules, Subject, Test};
use crate::segment::words::describe;
use crate::segment::{BUILT_IN, SegmentId};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const DAY: Date = date(2026, 11, 21);
const COLUMNS: [&str; 7] = ["id", "fee", "idle", "kids", "plan", "last", "segment"];

fn column(name: &str, kind: ColumnKind, role: Role) -> Column {
    Column {
        name: name.into(),
        aliases: Vec::new(),
        kind,
        role,
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Profile,
        value_labels: BTreeMap::new(),
        unit: None,
        optional: false,
        tell: false,
        period: None,
        expect: None,
        cells: crate::schema::CellRules::default(),
    }
}

fn schema(columns: &[&str]) -> TableSchema {
    let number = ColumnKind::Number { min: -1e6, max: 1e6 };
    let flag = ColumnKind::Flag { yes: vec!["yes".into()], no: vec!["no".into()] };
    let all = vec![
        column("id", ColumnKind::Text, Role::Id),
        column("fee", ColumnKind::Money, Role::MonthlyCharge),
        column("idle", number, Role::DaysInactive),
        column("kids", flag, Role::Feature),
        column("plan", ColumnKind::Category { levels: vec!["basic".into(), "gold".into()] }, Role::Contract),
        column("last", ColumnKind::Date, Role::Unused { why: "a date".into() }),
        column("segment", ColumnKind::Text, Role::Segment),
    ];
    TableSchema {
        name: "test".into(),
        delimiter: b',',
        decimal_mark: DecimalMark::Point,
        currency: Currency::parse("USD").unwrap(),
        columns: all.into_iter().filter(|column| columns.contains(&column.name.as_str())).collect(),
        groups: Vec::new(),
        families: Vec::new(),
        peer_column: None,
    }
}

fn when(subject: Subject, test: Test) -> Condition {
    Condition { subject, test, absent: Absent::Wrong, line: 7 }
}

fn between(at_least: Option<f64>, below: Option<f64>) -> Test {
    Test::Between { at_least, below }
}

fn rule(id: &str, line: u64, when: Vec<Condition>) -> SegmentRule {
    SegmentRule { id: SegmentId::parse(id).unwrap(), label: Localized::same(id), when, line }
}

/// The five segments as they come out of the box.
fn five() -> SegmentRules {
    let idle = |at_least, below| when(Subject::Role(Role::DaysInactive), between(at_least, below));
    let active = || Condition { absent: Absent::Holds, ..idle(None, Some(30.0)) };
    let gone = |at_least, below| Condition { absent: Absent::Fails, ..idle(at_least, below) };
    let parent = Condition { absent: Absent::Fails, ..when(Subject::Column("kids".into()), Test::OneOf(vec!["yes".into()])) };
    SegmentRules {
        segments: vec![
            rule("Dormant", 1, vec![gone(Some(90.0), None)]),
            rule("Need_Reengagement", 5, vec![gone(Some(30.0), Some(90.0))]),
            rule("HighValue_Active", 9, vec![active(), when(Subject::ValueTier, Test::Tier(vec![ValueTier::High]))]),
            rule("Parent_Active", 13, vec![active(), parent]),
            rule("Regular_Active", 17, vec![active()]),
        ],
    }
}

fn bounds() -> ValueBounds {
    ValueBounds::new(ValueBy::Monthly, Measure::Minor(4_000), Measure::Minor(8_000)).unwrap()
}

fn segmenter(rules: &SegmentRules, columns: &[&str]) -> Segmenter {
    Segmenter::new(rules, &schema(columns), bounds()).unwrap()
}

fn customer(cells: Vec<Cell>) -> Customer {
    Customer { id: CustomerId::parse("C1").unwrap(), position: Position(0), line: 2, cells }
}

fn row(fee: Cell, idle: Cell, kids: Cell) -> Customer {
    let plan = Cell::Category(Arc::from("gold"));
    customer(vec![Cell::Text(Arc::from("C1")), fee, idle, kids, plan, Cell::Missing, Cell::Missing])
}

fn name(segment: Option<&SegmentId>) -> &str {
    segment.map_or("-", SegmentId::as_str)
}

#[test]
fn a_segment_is_named_so_that_its_files_can_be() {
    for name in BUILT_IN.into_iter().chain(["VIP", "高價值", " Dormant "]) {
        assert!(SegmentId::parse(name).is_ok(), "{name}");
    }
    for name in ["", " ", "a/b", "..", "a b", "a.b", "a\0", &"x".repeat(65)] {
        assert!(SegmentId::parse(name).is_err(), "{name:?}");
    }
}

#[test]
fn every_limit_belongs_to_the_segment_above_it() {
    let segmenter = segmenter(&five(), &COLUMNS);
    let check = |fee: i64, idle: f64, kids: bool, expected: &str, also: &[&str]| {
        let told = segmenter.assign(&row(Cell::Money(fee), Cell::Number(idle), Cell::Flag(kids)), DAY);
        assert_eq!(name(told.segment.as_ref()), expected, "{fee} {idle} {kids}: {told:?}");
        assert_eq!(told.also_fits.iter().map(SegmentId::as_str).collect::<Vec<_>>(), also, "{fee} {idle} {kids}");
    };
    check(7_999, 0.0, false, "Regular_Active", &[]);
    check(8_000, 0.0, false, "HighValue_Active", &["Regular_Active"]);
    check(8_000, 29.0, true, "HighValue_Active", &["Parent_Active", "Regular_Active"]);
    check(7_999, 29.0, true, "Parent_Active", &["Regular_Active"]);
    check(7_999, 29.999, false, "Regular_Active", &[]);
    check(8_000, 30.0, true, "Need_Reengagement", &[]);
    check(8_000, 89.999, true, "Need_Reengagement", &[]);
    check(8_000, 90.0, true, "Dormant", &[]);
    check(1, 36_524.0, false, "Dormant", &[]);
}

#[test]
fn what_is_missing_or_cannot_be_is_never_guessed() {
    let segmenter = segmenter(&five(), &COLUMNS);
    let check = |fee: Cell, idle: Cell, kids: Cell, expected: &str, columns: &[&str]| {
        let told = segmenter.assign(&row(fee, idle, kids), DAY);
        assert_eq!(name(told.segment.as_ref()), expected, "{told:?}");
        let missing = if let AssignedBy::Missing { columns, .. } = &told.by { columns.as_slice() } else { &[] };
        assert_eq!(missing, columns, "{told:?}");
    };
    let (fee, kids) = (|| Cell::Money(100), || Cell::Flag(false));
    check(fee(), Cell::Missing, kids(), "-", &["idle"]);
    check(fee(), Cell::Number(-1.0), kids(), "-", &["idle"]); // a visit still to come
    check(fee(), Cell::Number(36_525.0), kids(), "-", &["idle"]);
    check(Cell::Missing, Cell::Number(3.0), kids(), "-", &["fee"]);
    check(Cell::Money(-1), Cell::Number(3.0), kids(), "-", &["fee"]);
    check(fee(), Cell::Number(3.0), Cell::Missing, "-", &["kids"]);
    check(Cell::Missing, Cell::Missing, Cell::Missing, "-", &["idle"]);
    // What is missing for a later segment alone does not matter.
    check(Cell::Missing, Cell::Number(95.0), Cell::Missing, "Dormant", &[]);
    check(Cell::Money(9_000), Cell::Number(3.0), Cell::Missing, "HighValue_Active", &[]);
}

#[test]
fn a_table_that_lacks_a_column_is_divided_by_what_it_has() {
    let told = |columns: &[&str], cells: Vec<Cell>| segmenter(&five(), columns).assign(&customer(cells), DAY);
    let id = || Cell::Text(Arc::from("C1"));
    let without_days = |fee: i64, kids: bool| told(&["id", "fee", "kids"], vec![id(), Cell::Money(fee), Cell::Flag(kids)]);
    assert_eq!(name(without_days(8_000, true).segment.as_ref()), "HighValue_Active");
    assert_eq!(name(without_days(100, true).segment.as_ref()), "Parent_Active");
    assert_eq!(name(without_days(100, false).segment.as_ref()), "Regular_Active");
    let found = lint(&five(), &schema(&["id", "fee", "kids"]), ValueBy::Monthly);
    assert_eq!(found.iter().map(|one| (one.line, one.fault)).collect::<Vec<_>>(), [(1, SegmentFault::Never), (5, SegmentFault::Never)]);
    let refused = Segmenter::new(&five(), &schema(&["id", "kids"]), bounds()).unwrap_err();
    assert_eq!((refused.line, refused.fault), (7, SegmentFault::UnknownColumn), "the value tier needs a charge: {refused}");
}

#[test]
fn the_value_tier_is_that_of_its_measure() {
    let mut table = schema(&COLUMNS);
    let at = table.with_role(&Role::DaysInactive).unwrap();
    table.columns[at].role = Role::Usage;
    let high = when(Subject::ValueTier, Test::Tier(vec![ValueTier::High]));
    let rules = SegmentRules { segments: vec![rule("Dear", 1, vec![high]), rule("Others", 2, vec![])] };
    let told = |by: ValueBy, bound: fn(i32) -> Measure, fee: i64, visits: f64| {
        let segmenter = Segmenter::new(&rules, &table, ValueBounds::new(by, bound(4), bound(12)).unwrap()).unwrap();
        let mut one = row(Cell::Money(fee), Cell::Missing, Cell::Missing);
        one.cells[at] = Cell::Number(visits);
        let name = name(segmenter.assign(&one, DAY).segment.as_ref()).to_owned();
        (name, segmenter.rule(&rules.segments[0].id).unwrap().en.clone())
    };
    let check = |found: (String, String), segment: &str, column: &str| {
        assert_eq!(found, (segment.to_owned(), format!("value tier ({column}) = high")));
    };
    let (cents, visits) = (|minor| Measure::Minor(i64::from(minor)), |number| Measure::Number(f64::from(number)));
    check(told(ValueBy::Monthly, cents, 12, 0.0), "Dear", "fee");
    check(told(ValueBy::Monthly, cents, 11, 12.0), "Others", "fee");
    check(told(ValueBy::Usage, visits, 0, 12.0), "Dear", "idle");
    check(told(ValueBy::Usage, visits, 12, 11.99), "Others", "idle");
    let refused = Segmenter::new(&rules, &schema(&COLUMNS), ValueBounds::new(ValueBy::Usage, visits(4), visits(12)).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("from the column with the role usage"), "{refused}");
}

#[test]
fn the_tables_own_segment_goes_before_the_rules() {
    let segmenter = segmenter(&five(), &COLUMNS);
    let mut one = row(Cell::Money(9_000), Cell::Number(1.0), Cell::Flag(false));
    one.cells[6] = Cell::Text(Arc::from("VIP"));
    let told = segmenter.assign(&one, DAY);
    assert_eq!((name(told.segment.as_ref()), told.by), ("VIP", AssignedBy::Column("segment".into())));
}

#[test]
fn days_since_a_date_count_calendar_days_and_a_date_to_come_is_unknown() {
    let since = |at_least, below| when(Subject::DaysSince("last".into()), between(at_least, below));
    let rules = SegmentRules { segments: vec![rule("Old", 1, vec![since(Some(10.0), None)]), rule("New", 2, vec![])] };
    let segmenter = segmenter(&rules, &COLUMNS);
    let check = |last: Cell, expected: &str| {
        let mut one = row(Cell::Money(1), Cell::Missing, Cell::Missing);
        one.cells[5] = last;
        assert_eq!(name(segmenter.assign(&one, DAY).segment.as_ref()), expected, "{:?}", one.cells[5]);
    };
    let text = |day: &str| Cell::Text(Arc::from(day));
    check(text("2026-11-11"), "Old");
    check(text("2026-11-12"), "New");
    check(text("2026-11-21"), "New");
    check(text("2026-11-22"), "-");
    check(text("1900-01-01"), "-");
    check(text("soon"), "-");
    check(Cell::Missing, "-");
}

#[test]
fn the_linter_names_the_line_and_what_to_do() {
    let fee = |at_least, below| when(Subject::Column("fee".into()), between(at_least, below));
    let check = |segments: Vec<SegmentRule>, line: u64, fault: SegmentFault, part: &str| {
        let found = lint(&SegmentRules { segments }, &schema(&COLUMNS), ValueBy::Monthly);
        let fits = found.iter().any(|one| one.line == line && one.fault == fault && one.text.contains(part));
        assert!(fits, "{fault:?} {part}: {found:#?}");
    };
    check(vec![], 1, SegmentFault::Empty, "built-in five");
    check(vec![rule("A", 1, vec![fee(Some(1.0), None)]), rule("a", 2, vec![])], 2, SegmentFault::Duplicate, "line 1 already");
    check(vec![rule("A", 1, vec![]), rule("B", 2, vec![fee(Some(1.0), None)])], 2, SegmentFault::Unreachable, "put B before it");
    check(
        vec![rule("A", 1, vec![fee(Some(1.0), Some(9.0))]), rule("B", 2, vec![fee(Some(2.0), Some(9.0))])],
        2,
        SegmentFault::Unreachable,
        "everybody who fits it fits A",
    );
    check(vec![rule("A", 1, vec![fee(Some(9.0), None), fee(None, Some(9.0))])], 1, SegmentFault::Contradiction, "exclude one another");
    check(vec![rule("A", 1, vec![fee(Some(9.0), Some(9.0))])], 7, SegmentFault::Condition, "nobody can fit");
    let column = |name: &str, test| when(Subject::Column(name.into()), test);
    let is = |word: &str| Test::OneOf(vec![word.into()]);
    check(vec![rule("A", 1, vec![column("kidss", is("yes"))])], 7, SegmentFault::UnknownColumn, "did you mean \"kids\"?");
    check(vec![rule("A", 1, vec![column("kids", is("ja"))])], 7, SegmentFault::Condition, "is = \"yes\"");
    check(vec![rule("A", 1, vec![column("plan", is("godl"))])], 7, SegmentFault::Condition, "did you mean \"gold\"?");
    check(vec![rule("A", 1, vec![column("plan", between(Some(1.0), None))])], 7, SegmentFault::Condition, "need a number");
    check(vec![rule("A", 1, vec![column("fee", is("much"))])], 7, SegmentFault::Condition, "holds numbers");
    check(vec![rule("A", 1, vec![column("id", is("C1"))])], 7, SegmentFault::Condition, "no segment is made of that");
    check(
        vec![rule("A", 1, vec![when(Subject::DaysSince("fee".into()), between(Some(1.0), None))])],
        7,
        SegmentFault::Condition,
        "type date",
    );
    assert_eq!(lint(&five(), &schema(&COLUMNS), ValueBy::Monthly), [], "what comes out of the box is in order");
}

#[test]
fn overlaps_are_told_and_orphaned_voices_are_refused() {
    let pairs = overlaps(&five(), &schema(&COLUMNS), ValueBy::Monthly);
    let pairs: Vec<_> = pairs.iter().map(|pair| (pair.taken.as_str(), pair.also.as_str())).collect();
    let expected = [("HighValue_Active", "Parent_Active"), ("HighValue_Active", "Regular_Active"), ("Parent_Active", "Regular_Active")];
    assert_eq!(pairs, expected);
    let voices = ["Dormnt", "Dormant"].map(|name| SegmentId::parse(name).unwrap());
    let of = |columns: &[&str], kept: Kept| orphans(&five(), &schema(columns), voices.iter().map(|segment| (segment, kept)));
    let found = of(&COLUMNS[..6], Kept::Voice);
    assert_eq!(found.len(), 1);
    assert!(found[0].is_error && found[0].text.contains("rename the file to Dormant.jinja"), "{}", found[0]);
    assert!(!of(&COLUMNS, Kept::Voice)[0].is_error, "the table may name such a segment itself");
    let found = of(&COLUMNS[..6], Kept::Adapter { writes: true });
    assert!(found.len() == 1 && found[0].is_error && found[0].text.contains("teach one for Dormant"), "{}", found[0]);
    assert!(!of(&COLUMNS[..6], Kept::Adapter { writes: false })[0].is_error);
}

#[test]
fn an_assignment_is_told_in_every_language() {
    let segmenter = segmenter(&five(), &COLUMNS);
    let told = segmenter.assign(&row(Cell::Money(9_000), Cell::Number(1.0), Cell::Flag(true)), DAY);
    let lacking = segmenter.assign(&row(Cell::Money(9_000), Cell::Missing, Cell::Flag(true)), DAY);
    let mut text = String::new();
    for one in [&told, &lacking] {
        for locale in Locale::ALL {
            let words = describe(one, &segmenter, locale);
            text.push_str(&format!("{} | {} | {}\n", words.name, words.why, words.also));
        }
    }
    insta::assert_snapshot!(text);
}

proptest! {
    #[test]
    fn every_customer_is_in_one_segment_or_none_and_the_order_decides(fee in proptest::option::of(-10_i64..20_000), idle in proptest::option::of(-5.0..200.0_f64), kids: Option<bool>) {
        let rules = five();
        let one = row(fee.map_or(Cell::Missing, Cell::Money), idle.map_or(Cell::Missing, Cell::Number), kids.map_or(Cell::Missing, Cell::Flag));
        let told = segmenter(&rules, &COLUMNS).assign(&one, DAY);
        let alone = |rule: &SegmentRule| segmenter(&SegmentRules { segments: vec![rule.clone()] }, &COLUMNS).assign(&one, DAY);
        let first = rules.segments.iter().map(alone).find(|told| told.by != AssignedBy::NothingFits);
        prop_assert_eq!(told.segment, first.and_then(|first| first.segment));
    }
}

#[test]
fn a_rule_is_told_in_words_of_each_language() {
    let tier = |locale: Locale| {
        let bound = Bound {
            reads: Reads::Tier,
            wants: Wants::Tier(vec![ValueTier::High, ValueTier::Mid]),
            name: "fee".into(),
            minor_per_major: 100.0,
        };
        bound.words(locale)
    };
    assert_eq!(Locale::ALL.map(tier), ["價值分級（fee）= 高 / 中", "价值等级（fee）= 高 / 中", "value tier (fee) = high / mid"]);
    let days = |locale: Locale| {
        let bound =
            Bound { reads: Reads::DaysSince(0), wants: Wants::Between(30.0, f64::INFINITY), name: "last".into(), minor_per_major: 1.0 };
        bound.words(locale)
    };
    assert_eq!(Locale::ALL.map(days), ["last 距今天數 ≥ 30", "last 距今天数 ≥ 30", "days since last ≥ 30"]);
}
