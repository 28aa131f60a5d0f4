//! Labelled segments on the public table of classes A to D, on the folds of `bench/peers/segment_classes.py`.
use crate::telco_table::data;
use std::path::Path;
use std::sync::Arc;
use winback_core::digest::Digest;
use winback_core::feature::{Feature, FeatureColumn, FeatureSchema, FeatureTable, MISSING_CODE};
use winback_core::id::{CustomerId, Position};
use winback_core::model::TrainOptions;
use winback_learn::LogisticTrainer;
use winback_learn::classes::{Labels, validate};

/// A table, its customers and the texts of their labels.
type Labelled = (FeatureTable, Vec<(Position, CustomerId)>, Vec<Option<String>>);

fn read(path: &Path) -> Labelled {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let (mut features, mut columns) = (Vec::new(), Vec::new());
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !["ID", "Segmentation"].contains(&name.as_str())) {
        let cells: Vec<&str> = rows.iter().map(|row| &row[at]).collect();
        let numeric = cells.iter().all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok());
        let feature = Feature { name: name.clone(), numeric, column: at, group: columns.len() as u16, repeats: None, synthetic: false };
        features.push(feature);
        columns.push(if numeric { numbers(&cells) } else { words(&cells) });
    }
    let groups = features.iter().enumerate().map(|(place, feature)| winback_core::feature::FeatureGroup {
        name: feature.name.clone(),
        label: winback_core::locale::Localized::same(&feature.name),
        theme: winback_core::schema::Theme::Profile,
        features: vec![place],
    });
    let schema = Arc::new(FeatureSchema { groups: groups.collect(), features });
    let who = (0_u32..).zip(&rows).map(|(at, row)| (Position(at), CustomerId::parse(&row[0]).unwrap())).collect();
    let label = names.iter().position(|name| name == "Segmentation").unwrap();
    let texts = rows.iter().map(|row| Some(row[label].to_owned())).collect();
    (FeatureTable { schema, columns, labels: vec![None; rows.len()] }, who, texts)
}

fn numbers(cells: &[&str]) -> FeatureColumn {
    FeatureColumn::Number(cells.iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect())
}

fn words(cells: &[&str]) -> FeatureColumn {
    let mut levels: Vec<&str> = cells.iter().copied().filter(|cell| !cell.is_empty()).collect();
    levels.sort_unstable();
    levels.dedup();
    let code = |cell: &&str| levels.binary_search(cell).map_or(MISSING_CODE, |code| code as u16);
    FeatureColumn::Category { codes: cells.iter().map(code).collect(), levels: levels.iter().map(|level| Arc::from(*level)).collect() }
}

#[test]
fn classes_are_told_of_customers_not_learned_from() {
    let Some(path) = data("customer-segmentation-train.csv") else { return };
    let (table, who, texts) = read(&path);
    let labels = Labels::of(&texts, None).unwrap();
    let options = TrainOptions { seed: 1, folds: 0, l2: winback_learn::RECOMMENDED_L2, data: Digest::of(b"classes") };
    let told = validate((&table, &who), &labels, &LogisticTrainer, &options, 5).unwrap();
    println!("accuracy {:.4}, log loss {:.4}, {:?}", told.accuracy, told.log_loss, told.confusion);
    assert_eq!(told.customers, 8_068);
    assert!(told.accuracy >= 0.51 && told.baseline < 0.29, "{told:?}");
}
