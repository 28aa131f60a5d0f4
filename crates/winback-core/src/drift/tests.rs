//! The same customers do not drift, planted changes are found and named, chance is told, and too few are no ground.
use super::profile::{Profile, Scores};
use super::{Bin, CHANCE_REACHES, Drift, Reading, WATCH, drift};
use crate::feature::{Feature, FeatureColumn, FeatureSchema, FeatureTable, MISSING_CODE};
use crate::risk::{ModelVersion, Probability, RiskLevel, RiskThresholds};
use std::sync::Arc;

fn table(columns: Vec<(&str, FeatureColumn)>) -> FeatureTable {
    let rows = columns.first().map_or(0, |(_, column)| match column {
        FeatureColumn::Number(values) => values.len(),
        FeatureColumn::Category { codes, .. } => codes.len(),
    });
    let feature = |(column, (name, kind)): (usize, &(&str, FeatureColumn))| Feature {
        name: (*name).to_owned(),
        numeric: matches!(kind, FeatureColumn::Number(_)),
        column,
        group: 0,
        repeats: None,
        synthetic: false,
    };
    let schema = Arc::new(FeatureSchema { features: columns.iter().enumerate().map(feature).collect(), groups: Vec::new() });
    FeatureTable { schema, columns: columns.into_iter().map(|(_, column)| column).collect(), labels: vec![None; rows] }
}

fn numbers(values: impl IntoIterator<Item = f64>) -> FeatureColumn {
    FeatureColumn::Number(values.into_iter().collect())
}

fn words(list: &[(&str, usize)]) -> FeatureColumn {
    let levels: Vec<Arc<str>> = list.iter().filter(|(word, _)| !word.is_empty()).map(|(word, _)| Arc::from(*word)).collect();
    let code = |word: &str| levels.iter().position(|level| &**level == word).map_or(MISSING_CODE, |code| code as u16);
    FeatureColumn::Category { codes: list.iter().flat_map(|(word, count)| vec![code(word); *count]).collect(), levels }
}

fn compared(before: FeatureColumn, now: FeatureColumn) -> Drift {
    let (before, now) = (table(vec![("x", before)]), table(vec![("x", now)]));
    let (all, rows) = (before.rows() as u64, now.rows() as u64);
    drift(&Profile::of(&before, all, None), &now, rows, None)
}

#[test]
fn the_index_is_the_sum_of_its_formula() {
    let found = compared(words(&[("a", 599), ("b", 399)]), words(&[("a", 399), ("b", 599)]));
    // Half a customer more in each of two bins: 0.6 and 0.4 become 0.4 and 0.6.
    let (p, q) = (599.5 / 999.0, 399.5 / 999.0);
    let expected = 2.0 * (p - q) * f64::ln(p / q);
    let stability = found.columns[0].stability;
    assert!((stability.psi - expected).abs() < 1e-12 && stability.bins == 2, "{stability:?}");
    assert!((stability.chance - 2.0 / 998.0).abs() < 1e-12);
    assert_eq!(stability.reading, Reading::Watch);
}

#[test]
fn what_moved_is_named_and_read() {
    let check = |before: FeatureColumn, now: FeatureColumn, reading: Reading, bin: Option<Bin>| {
        let found = compared(before, now).columns.remove(0);
        assert_eq!(found.stability.reading, reading, "{found:?}");
        assert!(found.stability.psi.is_finite() && found.stability.psi >= 0.0);
        if let Some(bin) = bin {
            assert_eq!(found.most.as_ref().map(|most| &most.bin), Some(&bin), "{found:?}");
        }
    };
    let line = |from: u32| numbers((from..from + 1_000).map(f64::from));
    let above = |above: f64| Some(Bin::Above { most: above });
    check(line(0), line(0), Reading::Stable, None);
    check(line(0), line(900), Reading::Changed, above(999.0));
    check(line(900), line(0), Reading::Changed, Some(Bin::Below { least: 900.0 }));
    check(numbers([5.0; 400]), numbers([5.0; 300]), Reading::Stable, Some(Bin::Lowest { from: 5.0, to: 5.0 }));
    check(numbers([5.0; 400]), numbers([6.0; 400]), Reading::Changed, None);
    check(numbers([5.0; 400]), numbers([4.0; 400]), Reading::Changed, None);
    let holes = numbers((0..1_000_u32).map(|row| if row % 3 == 0 { f64::NAN } else { f64::from(row) }));
    check(line(0), holes, Reading::Changed, Some(Bin::Missing));
    check(line(0), numbers([f64::INFINITY; 1_000]), Reading::Changed, Some(Bin::Missing));
    check(numbers([f64::NAN; 500]), numbers([f64::NAN; 500]), Reading::Stable, Some(Bin::Missing));
    check(numbers([f64::NAN; 500]), line(0), Reading::Changed, None);
    let plans = || words(&[("month", 600), ("year", 300), ("", 100)]);
    check(plans(), plans(), Reading::Stable, None);
    check(plans(), words(&[("month", 600), ("decade", 300), ("", 100)]), Reading::Changed, None);
    check(plans(), words(&[("month", 690), ("year", 300), ("week", 10)]), Reading::Changed, Some(Bin::Missing));
    let many: Vec<(String, usize)> = (0..60).map(|word| (format!("w{word}"), 4)).collect();
    let many: Vec<(&str, usize)> = many.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    check(words(&many), words(&many), Reading::TooFew, None);
    let new = compared(words(&many), words(&[("new", 240)])).columns.remove(0).stability;
    assert!(new.chance >= WATCH && new.psi > CHANCE_REACHES * new.chance, "{new:?}");
    check(words(&many), words(&[("new", 240)]), Reading::Changed, None);
}

#[test]
fn nothing_is_claimed_of_few_customers() {
    let found = compared(numbers((0..199).map(f64::from)), numbers((500..5_500).map(f64::from)));
    assert!(found.too_few() && found.columns[0].stability.reading == Reading::TooFew, "{found:?}");
    assert!((found.columns[0].stability.chance - 10.0 * (1.0 / 199.0 + 1.0 / 5_000.0)).abs() < 0.01, "{found:?}");
    let nobody = compared(numbers([]), numbers([]));
    assert!(nobody.columns[0].most.is_none() && nobody.columns[0].stability.psi == 0.0, "{nobody:?}");
}

#[test]
fn by_chance_alone_the_index_is_what_is_told() {
    let mut state = 5_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let (mut psi, mut chance) = (0.0, 0.0);
    for _ in 0..60 {
        let mut draw = |rows: usize| numbers((0..rows).map(|_| next()).collect::<Vec<_>>());
        let stability = compared(draw(2_000), draw(500)).columns[0].stability;
        psi += stability.psi;
        chance += stability.chance;
    }
    // The tails beyond the reference, which hold almost nobody, count as bins only where somebody stands there.
    assert!((0.7..1.3).contains(&(psi / chance)), "{} {}", psi / 60.0, chance / 60.0);
}

#[test]
fn columns_that_came_went_or_changed_their_kind_are_named() {
    let (number, word) = (|| numbers((0..300).map(f64::from)), || words(&[("a", 300)]));
    let before = table(vec![("same", number()), ("old", number()), ("kind", number())]);
    let now = table(vec![("kind", word()), ("same", number()), ("fresh", word())]);
    let found = drift(&Profile::of(&before, 300, None), &now, 300, None);
    assert_eq!(found.columns.iter().map(|one| one.column.as_str()).collect::<Vec<_>>(), ["same"]);
    assert_eq!((found.gone, found.new), (vec!["old".to_owned(), "kind".to_owned()], vec!["kind".to_owned(), "fresh".to_owned()]));
}

#[test]
fn scores_are_compared_with_their_levels_and_models() {
    let column = || table(vec![("x", numbers((0..400).map(f64::from)))]);
    let score = |shift: f64| (0..400).map(|row| Probability::new((f64::from(row) / 500.0 + shift).min(1.0)).unwrap()).collect::<Vec<_>>();
    let (model, other) = (ModelVersion("a".into()), ModelVersion("b".into()));
    let thresholds = RiskThresholds::default();
    let (low, high) = (score(0.0), score(0.2));
    let first = Scores { model: &model, thresholds, probabilities: &low };
    let kept = Profile::of(&column(), 400, Some(&first));
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), kept, "it can be kept with a run");
    let same = drift(&kept, &column(), 400, Some(&first)).scores.unwrap();
    assert!(same.stability.psi == 0.0 && same.same_model && same.mean_before == same.mean_now);
    let moved = drift(&kept, &column(), 400, Some(&Scores { model: &other, thresholds, probabilities: &high })).scores.unwrap();
    assert!(moved.stability.reading == Reading::Changed && !moved.same_model, "{moved:?}");
    assert!((moved.mean_now - moved.mean_before - 0.2).abs() < 1e-9);
    let shares: Vec<(RiskLevel, f64, f64)> = moved.levels.iter().map(|one| (one.level, one.before, one.now)).collect();
    assert_eq!(shares, [(RiskLevel::High, 0.125, 0.375), (RiskLevel::Medium, 0.375, 0.375), (RiskLevel::Low, 0.5, 0.25)]);
    assert!(same.same_thresholds && moved.same_thresholds);
    let other = RiskThresholds::new(0.3, 0.6).unwrap();
    let elsewhere = drift(&kept, &column(), 400, Some(&Scores { model: &model, thresholds: other, probabilities: &low })).scores.unwrap();
    assert!(!elsewhere.same_thresholds && elsewhere.levels.is_empty(), "shares under other thresholds are no comparison");
    let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
    old["scores"].as_object_mut().unwrap().remove("thresholds").unwrap();
    let old = drift(&serde_json::from_value(old).unwrap(), &column(), 400, Some(&first)).scores.unwrap();
    assert!(!old.same_thresholds && old.levels.is_empty(), "a run of before they were kept");
    assert!(drift(&Profile::of(&column(), 400, None), &column(), 400, Some(&first)).scores.is_none());
}
