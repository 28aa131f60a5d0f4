//! Labelled segments on the public table of classes A to D, on the folds of `bench/peers/segment_classes.py`.
use crate::telco_table::data;
use std::path::Path;
use std::sync::Arc;
use winback_core::feature::{Feature, FeatureColumn, FeatureSchema, FeatureTable, MISSING_CODE};
use winback_learn::classes::{Labels, tree_options, validate};

/// Returns the table and the texts of its labels.
fn read(path: &Path) -> (FeatureTable, Vec<Option<String>>) {
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
    let label = names.iter().position(|name| name == "Segmentation").unwrap();
    let texts = rows.iter().map(|row| Some(row[label].to_owned())).collect();
    (FeatureTable { schema, columns, labels: vec![None; rows.len()] }, texts)
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
    let (table, texts) = read(&path);
    let labels = Labels::of(&texts, None).unwrap();
    let told = validate(&table, &labels, &tree_options(1), 5).unwrap();
    eprintln!("accuracy {:.4}, log loss {:.4}, {:?}", told.accuracy, told.log_loss, told.confusion);
    assert_eq!(told.customers, 8_068);
    assert!(told.accuracy >= 0.5439 && told.log_loss <= 1.05 && told.baseline < 0.29, "{told:?}");
}
