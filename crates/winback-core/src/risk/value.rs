//! What a customer is worth to the company: by which measure, and from where on the value is middle or high.
use super::ValueTier;
use crate::customer::{Cell, unit_word};
use crate::locale::{Locale, Localized};
use crate::money::Money;
use crate::schema::{Column, Role, TableSchema};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What a customer's value is measured by. It decides the tier and nothing else: costs and savings stay those of the
/// monthly charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueBy {
    /// What the customer is charged each month.
    #[default]
    Monthly,
    /// What the customer was charged so far.
    Revenue,
    /// How much the customer uses.
    Usage,
}

impl ValueBy {
    /// Every measure, the default first.
    pub const ALL: [ValueBy; 3] = [ValueBy::Monthly, ValueBy::Revenue, ValueBy::Usage];

    /// Returns the word used in files: `revenue`.
    pub fn tag(self) -> &'static str {
        match self {
            ValueBy::Monthly => "monthly",
            ValueBy::Revenue => "revenue",
            ValueBy::Usage => "usage",
        }
    }

    /// Returns the measure of a word used in files.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.tag() == tag)
    }

    /// Returns whether it is the monthly charge, which stored settings leave out.
    pub fn is_monthly(&self) -> bool {
        *self == ValueBy::Monthly
    }

    /// Returns the role of the column that holds the measure.
    pub fn role(self) -> Role {
        match self {
            ValueBy::Monthly => Role::MonthlyCharge,
            ValueBy::Revenue => Role::TotalCharge,
            ValueBy::Usage => Role::Usage,
        }
    }

    /// Returns the role as schema.toml writes it.
    pub fn role_word(self) -> &'static str {
        match self {
            ValueBy::Monthly => "monthly_charge",
            ValueBy::Revenue => "total_charge",
            ValueBy::Usage => "usage",
        }
    }

    /// Returns the column that holds the measure, if the table has one.
    pub fn column(self, schema: &TableSchema) -> Option<&Column> {
        schema.with_role(&self.role()).and_then(|at| schema.columns.get(at))
    }

    /// Returns what people call the measure: the column's own name, or a plain word where the table lacks the column.
    pub fn label(self, schema: &TableSchema) -> Localized {
        self.column(schema).map_or_else(|| self.plain_label(), |column| column.label.clone())
    }

    fn plain_label(self) -> Localized {
        match self {
            ValueBy::Monthly => Localized::new("月費", "月费", "Monthly charge"),
            ValueBy::Revenue => Localized::new("累計費用", "累计费用", "Total charged"),
            ValueBy::Usage => Localized::new("使用量", "使用量", "Usage"),
        }
    }
}

/// How much of a measure a customer has, or where a tier begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// An amount in minor units of the table's currency.
    Minor(i64),
    /// A number in the unit of its column.
    Number(f64),
}

impl Measure {
    /// Returns what a cell measures; `None` for an empty one, and for words.
    pub fn of(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Money(minor) => Some(Measure::Minor(*minor)),
            Cell::Number(number) => Some(Measure::Number(*number)),
            _ => None,
        }
    }

    /// Returns the measure as a person reads it in a language: an amount with its sign, a number with the unit of its
    /// column. A number is never rounded, so that 79.999 does not read as the 80 that it falls short of.
    pub fn display(self, by: ValueBy, schema: &TableSchema, locale: Locale) -> String {
        let number = match self {
            Measure::Minor(minor) => return Money::new(minor, schema.currency).to_string(),
            Measure::Number(number) => number,
        };
        match by.column(schema).and_then(|column| column.unit.as_ref()) {
            Some(unit) => format!("{number} {}", unit_word(unit, number, locale)),
            None => number.to_string(),
        }
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Measure::Minor(one), Measure::Minor(two)) => Some(one.cmp(&two)),
            (Measure::Number(one), Measure::Number(two)) => one.partial_cmp(&two),
            _ => None,
        }
    }

    fn is_negative(self) -> bool {
        match self {
            Measure::Minor(minor) => minor < 0,
            Measure::Number(number) => number < 0.0,
        }
    }
}

/// From where on a customer is of mid and of high value, and what that is measured by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueBounds {
    by: ValueBy,
    mid: Measure,
    high: Measure,
}

/// Bounds that leave a tier empty, or that are not in the unit of what is measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("value bounds mid {mid:?} and high {high:?} by {tag}: expected 0 < mid < high, amounts for monthly and revenue, numbers for usage", tag = by.tag())]
pub struct BoundsError {
    by: ValueBy,
    mid: Measure,
    high: Measure,
}

/// Why a customer has no tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTier {
    /// Nothing is known of what the value is measured by.
    #[error("what the value is measured by is not known")]
    Missing,
    /// It is below zero.
    #[error("what the value is measured by is negative")]
    Negative,
    /// An amount is measured by bounds for a number, or the other way round.
    #[error("what the value is measured by is in another unit than the bounds")]
    OtherUnit,
}

impl ValueBounds {
    /// Returns the bounds if 0 < mid < high, in the unit of what is measured.
    pub fn new(by: ValueBy, mid: Measure, high: Measure) -> Result<Self, BoundsError> {
        let fits = match (by, mid, high) {
            (ValueBy::Monthly | ValueBy::Revenue, Measure::Minor(mid), Measure::Minor(high)) => 0 < mid && mid < high,
            (ValueBy::Usage, Measure::Number(mid), Measure::Number(high)) => 0.0 < mid && mid < high && high.is_finite(),
            _ => false,
        };
        if fits { Ok(Self { by, mid, high }) } else { Err(BoundsError { by, mid, high }) }
    }

    /// Returns the tier of what a customer has of the measure: the bounds themselves belong to the higher tier. Every
    /// tier comes from here.
    pub fn tier(&self, value: Option<Measure>) -> Result<ValueTier, NoTier> {
        let value = value.ok_or(NoTier::Missing)?;
        match (value.compare(self.mid), value.compare(self.high)) {
            _ if value.is_negative() => Err(NoTier::Negative),
            (Some(_), Some(high)) if high.is_ge() => Ok(ValueTier::High),
            (Some(mid), Some(_)) if mid.is_ge() => Ok(ValueTier::Mid),
            (Some(_), Some(_)) => Ok(ValueTier::Low),
            _ => Err(NoTier::OtherUnit),
        }
    }

    /// Returns what the value is measured by.
    pub fn by(&self) -> ValueBy {
        self.by
    }

    /// Returns the lower bound of the mid tier.
    pub fn mid(&self) -> Measure {
        self.mid
    }

    /// Returns the lower bound of the high tier.
    pub fn high(&self) -> Measure {
        self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::samples::schema;
    use Measure::{Minor, Number};

    #[test]
    fn amounts_are_compared_as_decimals() {
        for by in [ValueBy::Monthly, ValueBy::Revenue] {
            let bounds = ValueBounds::new(by, Minor(4_000), Minor(8_000)).unwrap();
            let check = |minor: i64, tier: Result<ValueTier, NoTier>| assert_eq!(bounds.tier(Some(Minor(minor))), tier, "{by:?} {minor}");
            check(8_000, Ok(ValueTier::High));
            check(7_999, Ok(ValueTier::Mid));
            check(7_950, Ok(ValueTier::Mid));
            check(4_000, Ok(ValueTier::Mid));
            check(3_999, Ok(ValueTier::Low));
            check(0, Ok(ValueTier::Low));
            check(-1, Err(NoTier::Negative));
            assert_eq!(bounds.tier(None), Err(NoTier::Missing));
            assert_eq!(bounds.tier(Some(Number(80.0))), Err(NoTier::OtherUnit));
        }
    }

    #[test]
    fn usage_is_compared_before_rounding() {
        let bounds = ValueBounds::new(ValueBy::Usage, Number(2.5), Number(12.0)).unwrap();
        let check = |number: f64, tier: Result<ValueTier, NoTier>| assert_eq!(bounds.tier(Some(Number(number))), tier, "{number}");
        check(1e15, Ok(ValueTier::High));
        check(12.0, Ok(ValueTier::High));
        check(11.999, Ok(ValueTier::Mid));
        check(2.5, Ok(ValueTier::Mid));
        check(2.499_999, Ok(ValueTier::Low));
        check(0.0, Ok(ValueTier::Low));
        check(-0.5, Err(NoTier::Negative));
        check(f64::NAN, Err(NoTier::OtherUnit));
        assert_eq!(bounds.tier(None), Err(NoTier::Missing));
        assert_eq!(bounds.tier(Some(Minor(1_200))), Err(NoTier::OtherUnit));
    }

    #[test]
    fn bounds_that_leave_a_tier_empty_or_have_another_unit_are_refused() {
        let cases = [
            (ValueBy::Monthly, Minor(8_000), Minor(4_000)),
            (ValueBy::Monthly, Minor(4_000), Minor(4_000)),
            (ValueBy::Revenue, Minor(0), Minor(4_000)),
            (ValueBy::Revenue, Number(10.0), Number(20.0)),
            (ValueBy::Usage, Minor(4_000), Minor(8_000)),
            (ValueBy::Usage, Number(0.0), Number(1.0)),
            (ValueBy::Usage, Number(1.0), Number(f64::INFINITY)),
            (ValueBy::Usage, Number(f64::NAN), Number(1.0)),
        ];
        for (by, mid, high) in cases {
            assert!(ValueBounds::new(by, mid, high).is_err(), "{by:?} {mid:?} {high:?}");
        }
    }

    #[test]
    fn a_measure_is_told_with_its_unit_and_unrounded() {
        let mut schema = schema();
        let tenure = schema.with_role(&Role::Tenure).unwrap();
        schema.columns[tenure].role = Role::Usage;
        schema.columns[tenure].unit = Some(Localized::new("次", "次", "visits"));
        let told = |measure: Measure, by: ValueBy| Locale::ALL.map(|locale| measure.display(by, &schema, locale));
        assert_eq!(told(Minor(4_000), ValueBy::Revenue), ["$40"; 3]);
        assert_eq!(told(Number(11.9996), ValueBy::Usage), ["11.9996 次", "11.9996 次", "11.9996 visits"]);
        assert_eq!(told(Number(1.0), ValueBy::Usage), ["1 次", "1 次", "1 visit"]);
    }
}
