//! How customers behave lately: logins, complaints and usage, computed from a
//! file of dated events, or invented for demonstration and marked so everywhere.
use crate::run_settings::BehaviourSource;
use std::collections::HashMap;
use winback_core::behaviour::{Behaviour, synthetic};
use winback_core::customer::Cell;
use winback_core::id::CustomerId;
use winback_core::locale::Localized;
use winback_core::pipeline::import::{CustomerSource, SourceError, SourcePage};
use winback_core::schema::{Column, ColumnIndex, ColumnKind, MissingRule, Role, TableSchema, Theme};

/// Draws the invented values; never changed, so that they stay the same from run to run.
const SYNTHETIC_SEED: u64 = 30;

/// The columns this module adds, in this order.
const NAMES: [&str; 3] = ["recent_login_count", "complain_count", "usage_drop_rate"];

/// Adds the behaviour columns to a table that lacks them.
pub fn extend(table: &mut TableSchema, source: &BehaviourSource) {
    let role = match source {
        BehaviourSource::None => return,
        BehaviourSource::Events { .. } => Role::Feature,
        BehaviourSource::Synthetic => Role::Synthetic,
    };
    if NAMES.iter().any(|name| table.index_of(name).is_some()) {
        return;
    }
    let marked = |label: Localized| if role == Role::Synthetic { synthetic_label(&label) } else { label };
    table.columns.extend(NAMES.into_iter().zip(labels()).map(|(name, label)| column(name, marked(label), role.clone())));
}

/// Returns a label that says wherever it stands that the values are invented.
fn synthetic_label(label: &Localized) -> Localized {
    Localized {
        zh_tw: format!("{}〔模擬資料〕", label.zh_tw),
        zh_cn: format!("{}〔模拟数据〕", label.zh_cn),
        en: format!("{} [synthetic]", label.en),
    }
}

fn labels() -> [Localized; 3] {
    [
        Localized::new("近 30 天登入次數", "近 30 天登录次数", "Logins in the last 30 days"),
        Localized::new("近 90 天客訴次數", "近 90 天投诉次数", "Complaints in the last 90 days"),
        Localized::new(
            "用量下降比例（近 30 天與前 30 天相比）",
            "用量下降比例（近 30 天与前 30 天相比）",
            "Fall in usage (last 30 days against the 30 before)",
        ),
    ]
}

fn period(name: &str) -> Localized {
    match name {
        "complain_count" => Localized::new("近 90 天", "近 90 天", "the last 90 days"),
        "usage_drop_rate" => Localized::new("近 30 天與前 30 天相比", "近 30 天与前 30 天相比", "the last 30 days against the 30 before"),
        _ => Localized::new("近 30 天", "近 30 天", "the last 30 days"),
    }
}

fn column(name: &str, label: Localized, role: Role) -> Column {
    let (min, max) = if name == "usage_drop_rate" { (f64::MIN, 1.0) } else { (0.0, f64::MAX) };
    Column {
        name: name.to_owned(),
        aliases: Vec::new(),
        kind: ColumnKind::Number { min, max },
        role,
        optional: true,
        tell: false,
        period: Some(period(name)),
        expect: None,
        cells: winback_core::schema::CellRules::default(),
        missing: MissingRule::Learn,
        label,
        theme: if name == "complain_count" { Theme::Support } else { Theme::Usage },
        value_labels: std::collections::BTreeMap::new(),
        unit: None,
    }
}

/// The behaviour of a customer without events.
const NOTHING_SEEN: Behaviour = Behaviour { recent_login_count: 0, complain_count: 0, usage_drop_rate: None };

/// Where the values of a customer come from.
pub enum Values {
    /// From dated events; a customer without events has logged in and complained 0 times, and no usage is known.
    Events(HashMap<CustomerId, Behaviour>),
    /// Invented.
    Synthetic,
}

/// A source whose rows get the behaviour columns at their end.
pub struct WithBehaviour<S> {
    inner: S,
    values: Values,
}

impl<S: CustomerSource> WithBehaviour<S> {
    /// Returns the source; its table must have been extended with [`extend`].
    pub fn new(inner: S, values: Values) -> Self {
        Self { inner, values }
    }

    fn of(&self, id: &CustomerId) -> Behaviour {
        match &self.values {
            Values::Events(known) => known.get(id).copied().unwrap_or(NOTHING_SEEN),
            Values::Synthetic => synthetic(SYNTHETIC_SEED, id),
        }
    }
}

impl<S: CustomerSource> CustomerSource for WithBehaviour<S> {
    fn next_page(&mut self, rows: usize) -> Result<SourcePage, SourceError> {
        let mut page = self.inner.next_page(rows)?;
        for row in &mut page.rows {
            let behaviour = self.of(&row.id);
            let added = NAMES.len();
            row.cells.truncate(row.cells.len() - added);
            row.cells.push(Cell::Number(f64::from(behaviour.recent_login_count)));
            row.cells.push(Cell::Number(f64::from(behaviour.complain_count)));
            row.cells.push(behaviour.usage_drop_rate.map_or(Cell::Missing, Cell::Number));
        }
        Ok(page)
    }

    fn column_number(&self, column: ColumnIndex) -> Option<u32> {
        self.inner.column_number(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::feature::FeatureSchema;

    #[test]
    fn invented_columns_are_marked_and_measured_ones_are_not() {
        let check = |source: BehaviourSource, columns: usize, synthetic: usize, label: Option<&str>| {
            let mut table = crate::config::schema_file::parse("schema.toml", crate::config::SCHEMA_TELCO).unwrap();
            let before = table.columns.len();
            extend(&mut table, &source);
            let features = FeatureSchema::of(&table);
            let marked = features.features.iter().filter(|feature| feature.synthetic).count();
            assert_eq!((table.columns.len() - before, marked), (columns, synthetic), "{source:?}");
            assert_eq!(table.columns.get(before).map(|column| column.label.en.as_str()), label);
            assert!(table.check().is_ok());
        };
        let events = BehaviourSource::Events { digest: winback_core::digest::Digest::of(b""), as_of: jiff::civil::date(2026, 11, 20) };
        check(BehaviourSource::None, 0, 0, None);
        check(BehaviourSource::Synthetic, 3, 3, Some("Logins in the last 30 days [synthetic]"));
        check(events, 3, 0, Some("Logins in the last 30 days"));
    }
}
