//! A customer: one accepted row of the company's table.
use crate::id::{CustomerId, Position};
use crate::locale::{Locale, Localized, singular};
use crate::money::Money;
use crate::risk::{Measure, NoTier, ValueBounds, ValueBy, ValueTier};
use crate::schema::{Column, ColumnIndex, Role, TableSchema};
use std::sync::Arc;

/// One typed cell. The order of [`Customer::cells`] is that of [`TableSchema::columns`].
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing was given and no rule filled it.
    Missing,
    /// A number in the column's unit; always finite.
    Number(f64),
    /// An amount in minor units of the table's currency.
    Money(i64),
    /// Yes or no.
    Flag(bool),
    /// A category, as the file writes it.
    Category(Arc<str>),
    /// Text, or a date as YYYY-MM-DD.
    Text(Arc<str>),
}

/// One accepted row.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// The id, as the CRM gave it.
    pub id: CustomerId,
    /// The place among the accepted rows of the run.
    pub position: Position,
    /// The line of the file on which the row begins, counted from 1.
    pub line: u64,
    /// The cells in the schema's column order.
    pub cells: Vec<Cell>,
}

impl Customer {
    /// Returns the cell of the column with a role; missing where the table has no such column.
    pub fn cell(&self, schema: &TableSchema, role: &Role) -> &Cell {
        schema.with_role(role).and_then(|column| self.cells.get(column)).unwrap_or(&Cell::Missing)
    }

    /// Returns the monthly charge, if the table has one for this customer.
    pub fn monthly_charge(&self, schema: &TableSchema) -> Option<Money> {
        match self.cell(schema, &Role::MonthlyCharge) {
            Cell::Money(minor) => Some(Money::new(*minor, schema.currency)),
            _ => None,
        }
    }

    /// Returns what the customer has of what the value is measured by, if the table says so.
    pub fn measure(&self, schema: &TableSchema, by: ValueBy) -> Option<Measure> {
        Measure::of(self.cell(schema, &by.role()))
    }

    /// Returns the customer's value tier, or why there is none.
    pub fn tier(&self, schema: &TableSchema, bounds: &ValueBounds) -> Result<ValueTier, NoTier> {
        bounds.tier(self.measure(schema, bounds.by()))
    }

    /// Returns whether the customer left, if the table says so.
    pub fn label(&self, schema: &TableSchema) -> Option<bool> {
        match self.cell(schema, &Role::Label) {
            Cell::Flag(left) => Some(*left),
            _ => None,
        }
    }

    /// Returns the text of a text column with a role.
    pub fn text(&self, schema: &TableSchema, role: &Role) -> Option<&str> {
        match self.cell(schema, role) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the language the customer reads, where the table says it.
    pub fn locale(&self, schema: &TableSchema) -> Option<Locale> {
        self.text(schema, &Role::Language).and_then(Locale::from_tag)
    }

    /// Returns a cell as a person reads it in a language: the value's own words, money with its sign, numbers with their unit.
    pub fn display(&self, schema: &TableSchema, column: ColumnIndex, locale: Locale) -> String {
        self.cells.get(column).map(|cell| display_cell(cell, &schema.columns[column], schema, locale)).unwrap_or_default()
    }
}

/// Returns one cell as a person reads it in a language; `—` when it is missing.
pub fn display_cell(cell: &Cell, column: &Column, schema: &TableSchema, locale: Locale) -> String {
    match cell {
        Cell::Missing => "—".into(),
        Cell::Number(value) => match &column.unit {
            Some(unit) => format!("{} {}", display_number(*value), unit_word(unit, *value, locale)),
            None => display_number(*value),
        },
        Cell::Money(minor) => Money::new(*minor, schema.currency).to_string(),
        Cell::Flag(value) => display_flag(*value, column, locale),
        Cell::Category(value) | Cell::Text(value) => match column.value_labels.get(value.as_ref()) {
            Some(label) => label.get(locale).clone(),
            None => value.to_string(),
        },
    }
}

/// Returns the word for a unit after a number: `month` after 1 in English.
pub(crate) fn unit_word(unit: &Localized, value: f64, locale: Locale) -> &str {
    let word = unit.get(locale);
    if locale == Locale::En && value == 1.0 { singular(word) } else { word }
}

/// Returns a number without a needless fraction and with at most two decimals.
pub fn display_number(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

fn display_flag(value: bool, column: &Column, locale: Locale) -> String {
    let word = if value { "yes" } else { "no" };
    match (column.value_labels.get(word), value, locale) {
        (Some(label), _, _) => label.get(locale).clone(),
        (None, true, Locale::En) => "Yes".into(),
        (None, false, Locale::En) => "No".into(),
        (None, true, _) => "是".into(),
        (None, false, _) => "否".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_needless_fraction_and_nothing_is_less_than_nothing() {
        let shown = [100.0, 2.5, 1.005, 0.0, -0.001, -0.25].map(display_number);
        assert_eq!(shown, ["100", "2.5", "1", "0", "0", "-0.25"]);
    }
}
