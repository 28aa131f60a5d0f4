//! `[value]`: what a customer's value is measured by, and from where on it is middle and high.
use super::layers::{Layers, Setting, fault_at};
use crate::config::fault::{ConfigError, Place};
use winback_core::number::Decimal;
use winback_core::risk::{Measure, ValueBounds, ValueBy};
use winback_core::schema::TableSchema;

/// The section before the table is known, whose currency or unit the bounds are in.
#[derive(Clone, Debug)]
pub struct ValueSettings {
    by: (ValueBy, Place),
    mid: (Decimal, Place),
    high: (Decimal, Place),
    /// Whether one of the bounds is left as it is built in, or both are written as they are; they are meant for monthly charges.
    built_in: bool,
}

impl ValueSettings {
    /// Reads the section.
    pub fn read(layers: &Layers) -> Result<Self, ConfigError> {
        const EXPECTED: &str = "one of monthly, revenue, usage";
        let (by, mid, high) = (layers.get("value.by")?, layers.get("value.mid")?, layers.get("value.high")?);
        let measure = ValueBy::from_tag(by.filled_text(EXPECTED)?).ok_or_else(|| by.expected(EXPECTED))?;
        let (low, top) = (mid.decimal()?, high.decimal()?);
        let scaled = |own: Decimal, other: Decimal| i128::from(own.mantissa) * 10_i128.pow(u32::from(other.scale));
        let untouched = as_built_in("value.mid", mid)? && as_built_in("value.high", high)?;
        let built_in = untouched || mid.is_built_in() || high.is_built_in();
        // Where only one of the two was stated, the built-in other is what is wrong; see `check_stated`.
        let told_later = built_in && !measure.is_monthly();
        if !told_later && (low.mantissa <= 0 || scaled(low, top) >= scaled(top, low)) {
            let at = if high.is_built_in() { mid } else { high };
            return Err(at.other("the value bounds must satisfy 0 < mid < high; as they stand, a tier would be empty"));
        }
        Ok(Self { by: (measure, by.place.clone()), built_in, mid: (low, mid.place.clone()), high: (top, high.place.clone()) })
    }

    /// Returns what the value is measured by.
    pub fn by(&self) -> ValueBy {
        self.by.0
    }

    /// Returns the bounds in the currency of a table, or in the unit of its usage column. Refuses more decimals than
    /// the currency has, a table without a column to measure by, and a measure whose bounds nobody stated.
    pub fn bounds(&self, table: &TableSchema) -> Result<ValueBounds, ConfigError> {
        let by = self.by();
        if !by.is_monthly() {
            self.check_column(table)?;
            self.check_stated(table)?;
        }
        let measure = |(decimal, place): &(Decimal, Place)| match by {
            ValueBy::Usage => Ok(Measure::Number(decimal.to_f64())),
            ValueBy::Monthly | ValueBy::Revenue => {
                let minor = decimal.to_minor(table.currency.exponent());
                minor.map(Measure::Minor).map_err(|error| fault_at(place, &error.to_string()))
            }
        };
        ValueBounds::new(by, measure(&self.mid)?, measure(&self.high)?).map_err(|error| fault_at(&self.high.1, &error.to_string()))
    }

    fn check_column(&self, table: &TableSchema) -> Result<(), ConfigError> {
        let (by, role) = (self.by(), self.by().role_word());
        if by.column(table).is_some() {
            return Ok(());
        }
        let kind = if by == ValueBy::Usage { "a column of type number with min = 0" } else { "a column of type money" };
        let text = format!(
            "\"value.by\" is {}, which is measured by the column with the role {role}; the table {:?} of schema.toml has none. \
             There, write role = {role:?} at {kind}, or else by = \"monthly\" here",
            by.tag(),
            table.name
        );
        Err(fault_at(&self.by.1, &text))
    }

    /// The built-in bounds are in every file that `winback init` writes, and mean nothing by another measure.
    fn check_stated(&self, table: &TableSchema) -> Result<(), ConfigError> {
        let by = self.by();
        if !self.built_in {
            return Ok(());
        }
        let column = by.column(table).map(|column| column.name.as_str()).unwrap_or_default();
        let unit = match (by, by.column(table).and_then(|column| column.unit.as_ref())) {
            (ValueBy::Usage, Some(unit)) => unit.en.clone(),
            (ValueBy::Usage, None) => "its own unit".to_owned(),
            _ => table.currency.code().to_owned(),
        };
        let text = format!(
            "\"value.by\" is {}, which is measured by {column:?}; the built-in bounds mid = \"40\" and high = \"80\" are meant for monthly \
             charges. Write mid and high under [value] from where on {column:?} (in {unit}) is of middle and of high value; where just \
             these two are meant, write \"40.0\" and \"80.0\"",
            by.tag()
        );
        Err(fault_at(&self.by.1, &text))
    }
}

/// Returns whether a bound is the built-in one, digit by digit, wherever it stands.
fn as_built_in(key: &str, setting: &Setting) -> Result<bool, ConfigError> {
    Ok(setting.decimal()? == Layers::built_in()?.get(key)?.decimal()?)
}
