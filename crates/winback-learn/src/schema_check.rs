//! Whether a table has the columns a model was trained on.
use winback_core::feature::{FeatureColumn, FeatureSchema, FeatureTable};
use winback_core::model::{ChurnModel, SchemaMismatch};

/// Refuses a table that differs from what a model learned, or does not hold what it says.
pub(crate) fn check_table(model: &dyn ChurnModel, table: &FeatureTable) -> Result<(), SchemaMismatch> {
    match differs(model.schema(), table) {
        Some(difference) => Err(SchemaMismatch { model: model.version().clone(), difference }),
        None => Ok(()),
    }
}

/// Says how a table differs from the columns something was learned from; `None` where it does not.
pub(crate) fn differs(learned: &FeatureSchema, table: &FeatureTable) -> Option<String> {
    difference(learned, &table.schema).or_else(|| ragged(table))
}

/// Refuses a list of customers that is not as long as the table.
pub(crate) fn check_customers(model: &dyn ChurnModel, table: &FeatureTable, customers: usize) -> Result<(), SchemaMismatch> {
    if customers == table.rows() {
        return Ok(());
    }
    let difference = format!("the table has {} rows for {customers} customers", table.rows());
    Err(SchemaMismatch { model: model.version().clone(), difference })
}

/// Returns the first difference between what a model learned and what a table holds.
fn difference(learned: &FeatureSchema, given: &FeatureSchema) -> Option<String> {
    let named = |schema: &FeatureSchema, name: &str| schema.features.iter().any(|feature| feature.name == name);
    if let Some(gone) = learned.features.iter().find(|feature| !named(given, &feature.name)) {
        return Some(format!("column {:?} is missing", gone.name));
    }
    if let Some(new) = given.features.iter().find(|feature| !named(learned, &feature.name)) {
        return Some(format!("column {:?} is new", new.name));
    }
    let kind = |numeric: bool| if numeric { "a number" } else { "a category" };
    for (old, new) in learned.features.iter().zip(&given.features) {
        if old.name != new.name {
            return Some(format!("column {:?} stands where column {:?} was", new.name, old.name));
        }
        if old.numeric != new.numeric {
            return Some(format!("column {:?} is {} and was {}", new.name, kind(new.numeric), kind(old.numeric)));
        }
        if old.group != new.group || old.repeats != new.repeats {
            return Some(format!("column {:?} belongs to another reason or family", new.name));
        }
    }
    let groups = |schema: &FeatureSchema| schema.groups.iter().map(|g| (g.name.clone(), g.features.clone())).collect::<Vec<_>>();
    (groups(learned) != groups(given)).then(|| "the columns are grouped into other reasons".to_owned())
}

fn ragged(table: &FeatureTable) -> Option<String> {
    if table.columns.len() != table.schema.features.len() {
        return Some(format!("the table holds {} columns and names {}", table.columns.len(), table.schema.features.len()));
    }
    let wrong = |(feature, column): &(&winback_core::feature::Feature, &FeatureColumn)| match column {
        FeatureColumn::Number(values) => !feature.numeric || values.len() != table.rows(),
        FeatureColumn::Category { codes, .. } => feature.numeric || codes.len() != table.rows(),
    };
    let (feature, _) = table.schema.features.iter().zip(&table.columns).find(wrong)?;
    Some(format!("column {:?} is not of its kind or not as long as the table", feature.name))
}
