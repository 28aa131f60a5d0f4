//! Clusters that are there are found, those that are not are not claimed, and bad tables are named.
use super::points::{Note, Points};
use super::quality::adjusted_rand;
use super::{ClusterError, ClusterOptions, Method, cluster};
use crate::split::SplitMix64;
use proptest::prelude::*;
use std::sync::Arc;
use winback_core::feature::{Feature, FeatureColumn, FeatureSchema, FeatureTable, MISSING_CODE};

const OPTIONS: ClusterOptions = ClusterOptions { method: Method::KMeans, k: None, seed: 7, bootstraps: 4 };

fn table(columns: Vec<(&str, FeatureColumn)>) -> FeatureTable {
    let rows = match &columns[0].1 {
        FeatureColumn::Number(values) => values.len(),
        FeatureColumn::Category { codes, .. } => codes.len(),
    };
    let feature = |(at, (name, column)): (usize, &(&str, FeatureColumn))| Feature {
        name: (*name).to_owned(),
        numeric: matches!(column, FeatureColumn::Number(_)),
        column: at,
        group: 0,
        repeats: None,
        synthetic: false,
    };
    let features = columns.iter().enumerate().map(feature).collect();
    let schema = Arc::new(FeatureSchema { features, groups: Vec::new() });
    FeatureTable { schema, columns: columns.into_iter().map(|(_, column)| column).collect(), labels: vec![None; rows] }
}

fn words(codes: Vec<u16>) -> FeatureColumn {
    FeatureColumn::Category { codes, levels: ["a", "b", "c"].map(Arc::from).to_vec() }
}

/// Returns three kinds of customers, and of which kind each is.
fn three(rows: usize) -> (FeatureTable, Vec<u16>) {
    let mut random = SplitMix64::new(3);
    let mut noise = || (0..6).map(|_| f64::from(random.below(1_000)) / 1_000.0 - 0.5).sum::<f64>();
    let kind: Vec<u16> = (0..rows).map(|row| (row % 3) as u16).collect();
    let x = kind.iter().map(|kind| [0.0, 10.0, 0.0][usize::from(*kind)] + noise()).collect();
    let y = kind.iter().map(|kind| [0.0, 0.0, 900.0][usize::from(*kind)] + 50.0 * noise()).collect();
    (table(vec![("x", FeatureColumn::Number(x)), ("y", FeatureColumn::Number(y)), ("w", words(kind.clone()))]), kind)
}

#[test]
fn three_kinds_of_customers_are_found_by_either_method() {
    let (table, kind) = three(150);
    for method in [Method::KMeans, Method::Mixture] {
        let found = cluster(&table, &ClusterOptions { method, ..OPTIONS }).unwrap();
        assert_eq!(found.k, 3, "{method:?}: {:?}", found.tried);
        assert!(adjusted_rand(&found.cluster_of, &kind) > 0.99);
        assert!(found.stability.least > 0.95 && found.agreement > 0.95, "{:?}", found.stability);
        assert_eq!(found.cards.iter().map(|card| card.customers).sum::<u64>(), 150);
        assert_eq!(found, cluster(&table, &ClusterOptions { method, ..OPTIONS }).unwrap(), "the same seed gives the same");
    }
}

#[test]
fn an_outlier_makes_no_cluster_of_its_own() {
    let (mut table, kind) = three(300);
    let FeatureColumn::Number(values) = &mut table.columns[0] else { unreachable!() };
    values[4] *= 1e9;
    let found = cluster(&table, &OPTIONS).unwrap();
    assert_eq!(found.k, 3);
    assert!(adjusted_rand(&found.cluster_of, &kind) > 0.98);
    assert!(found.notes.iter().any(|note| matches!(note, Note::Cut { column, .. } if column == "x")), "{:?}", found.notes);
}

#[test]
fn what_cannot_be_divided_is_named() {
    let number = |values: &[f64]| table(vec![("x", FeatureColumn::Number(values.to_vec()))]);
    let told = |table: &FeatureTable, k| cluster(table, &ClusterOptions { k, ..OPTIONS }).unwrap_err();
    assert_eq!(told(&number(&[1.0]), None), ClusterError::TooFewRows { rows: 1 });
    let two: Vec<f64> = (0..20).map(|row| f64::from(row % 2)).collect();
    assert_eq!(told(&number(&two), Some(3)), ClusterError::TooManyClusters { k: 3, different: 2 });
    assert_eq!(told(&number(&two), Some(50)), ClusterError::TooManyClusters { k: 50, different: 2 });
    assert_eq!(told(&number(&two), Some(1)), ClusterError::TooFewClusters { k: 1 });
    assert_eq!(cluster(&number(&two), &OPTIONS).unwrap().k, 2);
    let nothing = table(vec![
        ("same", FeatureColumn::Number(vec![4.0; 20])),
        ("empty", FeatureColumn::Number(vec![f64::NAN; 20])),
        ("word", words(vec![1; 20])),
        ("blank", words(vec![MISSING_CODE; 20])),
        ("huge", FeatureColumn::Number((0..20).map(|row| f64::from(row) * 1e307).collect())),
    ]);
    let ClusterError::NoColumn(notes) = told(&nothing, None) else { panic!() };
    let said: Vec<String> = notes.iter().map(Note::text).collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// What hurts one method or the other: the clusters must be whole and every figure finite.
#[test]
fn either_method_divides_hard_tables_with_finite_figures() {
    let rows: u16 = 120;
    let line = |value: fn(u16) -> f64| FeatureColumn::Number((0..rows).map(value).collect());
    let wild = |row: u16| [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e300][usize::from(row % 5)];
    let names: Vec<Arc<str>> = (0..10_000).map(|word| Arc::from(format!("w{word}"))).collect();
    let many = || FeatureColumn::Category { codes: (0..rows).map(|row| row * 80).collect(), levels: names.clone() };
    let hard = [
        vec![("far apart", line(|row| if row < 60 { 0.0 } else { 1e9 }))],
        vec![("wild", line(wild)), ("x", line(f64::from))],
        vec![("outliers", line(|row| f64::from(row) * if row % 40 == 3 { 1e9 } else { 1.0 }))],
        vec![("ten thousand words", many()), ("x", line(f64::from))],
        vec![("idle", line(|_| 3.0)), ("empty", line(|_| f64::NAN)), ("two", line(|row| f64::from(row % 2)))],
    ];
    for columns in hard {
        let (name, table) = (columns[0].0, table(columns));
        for method in [Method::KMeans, Method::Mixture] {
            let found = cluster(&table, &ClusterOptions { method, ..OPTIONS }).unwrap();
            assert_eq!(found.cards.iter().map(|card| card.customers).sum::<u64>(), 120, "{name}, {method:?}");
            assert!(found.cluster_of.iter().all(|&own| usize::from(own) < found.k), "{name}, {method:?}");
            let figures = found.tried.iter().flat_map(|tried| [tried.silhouette, tried.bic]).chain([found.agreement, found.stability.mean]);
            assert!(figures.clone().all(f64::is_finite), "{name}, {method:?}: {:?}", figures.collect::<Vec<_>>());
        }
    }
}

#[test]
fn either_method_names_what_it_cannot_divide() {
    let number = |values: &[f64]| table(vec![("x", FeatureColumn::Number(values.to_vec()))]);
    for method in [Method::KMeans, Method::Mixture] {
        let told = |table: &FeatureTable, k| cluster(table, &ClusterOptions { k, method, ..OPTIONS }).unwrap_err();
        assert_eq!(told(&number(&[]), None), ClusterError::TooFewRows { rows: 0 });
        assert_eq!(told(&number(&[1.0]), Some(2)), ClusterError::TooFewRows { rows: 1 });
        let ten: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(told(&number(&ten), Some(11)), ClusterError::TooManyClusters { k: 11, different: 10 }, "k > n");
        assert_eq!(cluster(&number(&ten), &ClusterOptions { k: Some(10), method, ..OPTIONS }).unwrap().cluster_of.len(), 10, "k = n");
        assert!(matches!(told(&number(&[4.0; 20]), Some(2)), ClusterError::NoColumn(_)));
        assert!(matches!(told(&number(&[f64::INFINITY; 20]), None), ClusterError::NoColumn(_)));
    }
}

#[test]
fn a_useless_column_changes_nothing() {
    let (table, _) = three(90);
    let with = |extra: FeatureColumn| {
        let mut more = table.clone();
        let mut schema = (*more.schema).clone();
        schema.features.push(Feature { name: "extra".into(), ..schema.features[0].clone() });
        more.schema = Arc::new(schema);
        more.columns.push(extra);
        cluster(&more, &OPTIONS).unwrap().cluster_of
    };
    let plain = cluster(&table, &OPTIONS).unwrap().cluster_of;
    assert_eq!(with(FeatureColumn::Number(vec![9.0; 90])), plain);
    assert_eq!(with(words(vec![MISSING_CODE; 90])), plain);
}

proptest! {
    #[test]
    fn the_rand_index_is_one_for_the_same_and_knows_no_names(one in prop::collection::vec(0_u16..4, 2..40), shift in 1_u16..4) {
        let other: Vec<u16> = one.iter().map(|cluster| (cluster + shift) % 4).collect();
        prop_assert!((adjusted_rand(&one, &other) - 1.0).abs() < 1e-12);
        prop_assert!(adjusted_rand(&one, &vec![0; one.len()]) <= 1.0);
    }

    #[test]
    fn every_point_is_finite(values in prop::collection::vec(prop::option::of(-1e300..1e300_f64), 10..60)) {
        let values: Vec<f64> = values.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        let points = Points::of(&table(vec![("x", FeatureColumn::Number(values))]));
        prop_assert!((0..points.rows()).all(|row| points.row(row).iter().all(|value| value.is_finite())));
    }
}
