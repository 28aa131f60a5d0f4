//! What is usual among customers like this one, so that a number can be understood.
use crate::customer::{Cell, Customer};
use crate::schema::{ColumnIndex, ColumnKind, Role, TableSchema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is usual in each peer group of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerTable {
    /// The groups, by the value of the schema's peer column; everyone stands under `""` where there is no such column.
    pub groups: BTreeMap<String, PeerGroup>,
}

/// One group of comparable customers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerGroup {
    /// How many customers.
    pub customers: u64,
    /// The median of each numeric column, by column name; money in minor units.
    pub medians: BTreeMap<String, f64>,
    /// How the share who left differs between those who pay more than the median and those who do not.
    pub price: Option<PriceEffect>,
}

/// The share who left among customers above and not above the group's median monthly charge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PriceEffect {
    /// Customers above the median.
    pub above: u64,
    /// Of them, those who left.
    pub above_left: u64,
    /// Customers not above the median.
    pub below: u64,
    /// Of them, those who left.
    pub below_left: u64,
}

impl PriceEffect {
    /// Returns the difference of the two shares with its 95 % interval (Newcombe 1998, method 10), as (low, difference, high).
    pub fn difference(&self) -> Option<(f64, f64, f64)> {
        if self.above == 0 || self.below == 0 {
            return None;
        }
        let (p1, p2) = (self.above_left as f64 / self.above as f64, self.below_left as f64 / self.below as f64);
        let (l1, u1) = wilson(self.above_left, self.above);
        let (l2, u2) = wilson(self.below_left, self.below);
        let d = p1 - p2;
        Some((d - ((p1 - l1).powi(2) + (u2 - p2).powi(2)).sqrt(), d, d + ((u1 - p1).powi(2) + (p2 - l2).powi(2)).sqrt()))
    }
}

/// Returns the 95 % interval of a share (Wilson 1927).
pub fn wilson(hits: u64, of: u64) -> (f64, f64) {
    let (n, z) = (of as f64, 1.959_963_984_540_054_f64);
    let p = hits as f64 / n;
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (centre - half, centre + half)
}

impl PeerTable {
    /// Returns the peer group of a customer; `None` where the table has a peer column and this customer's cell is
    /// empty, for those left without a group have nothing else in common.
    pub fn group(&self, schema: &TableSchema, customer: &Customer) -> Option<(&str, &PeerGroup)> {
        let key = peer_key(schema, customer);
        if key.is_empty() && schema.peer_column.is_some() {
            return None;
        }
        self.groups.get_key_value(key).map(|(name, group)| (name.as_str(), group))
    }
}

/// Returns the value of the peer column for a customer, `""` without such a column.
pub fn peer_key<'a>(schema: &TableSchema, customer: &'a Customer) -> &'a str {
    match schema.peer_column.map(|column| &customer.cells[column]) {
        Some(Cell::Category(word)) => word,
        Some(Cell::Flag(true)) => "yes",
        Some(Cell::Flag(false)) => "no",
        _ => "",
    }
}

/// Gathers what is usual, page by page.
pub struct PeerBuilder<'a> {
    schema: &'a TableSchema,
    columns: Vec<ColumnIndex>,
    charge: Option<usize>,
    groups: BTreeMap<String, Gathered>,
}

#[derive(Default)]
struct Gathered {
    values: Vec<Vec<f64>>,
    charges: Vec<(f64, bool)>,
    customers: u64,
}

impl<'a> PeerBuilder<'a> {
    /// Begins without customers.
    pub fn new(schema: &'a TableSchema) -> Self {
        let numeric = |c: &ColumnIndex| {
            schema.columns[*c].role.is_feature() && matches!(schema.columns[*c].kind, ColumnKind::Number { .. } | ColumnKind::Money)
        };
        let columns: Vec<ColumnIndex> = (0..schema.columns.len()).filter(numeric).collect();
        let charge = schema.with_role(&Role::MonthlyCharge).and_then(|c| columns.iter().position(|&known| known == c));
        Self { schema, columns, charge, groups: BTreeMap::new() }
    }

    /// Adds one customer.
    pub fn push(&mut self, customer: &Customer) {
        let key = peer_key(self.schema, customer);
        if !self.groups.contains_key(key) {
            let fresh = Gathered { values: vec![Vec::new(); self.columns.len()], ..Gathered::default() };
            self.groups.insert(key.to_owned(), fresh);
        }
        let Some(group) = self.groups.get_mut(key) else { return };
        group.customers += 1;
        for (place, &column) in self.columns.iter().enumerate() {
            if let Some(value) = numeric(&customer.cells[column]) {
                group.values[place].push(value);
                if Some(place) == self.charge
                    && let Some(left) = customer.label(self.schema)
                {
                    group.charges.push((value, left));
                }
            }
        }
    }

    /// Returns the table.
    pub fn finish(self) -> PeerTable {
        let names: Vec<&str> = self.columns.iter().map(|&c| self.schema.columns[c].name.as_str()).collect();
        let charge = self.charge;
        let groups = self.groups.into_iter().map(|(key, gathered)| (key, gathered.finish(&names, charge))).collect();
        PeerTable { groups }
    }
}

impl Gathered {
    fn finish(mut self, names: &[&str], charge: Option<usize>) -> PeerGroup {
        let medians: Vec<Option<f64>> = self.values.iter_mut().map(|values| median(values)).collect();
        let price = charge.and_then(|place| medians[place]).map(|middle| price_effect(&self.charges, middle));
        let named = names.iter().zip(&medians).filter_map(|(name, value)| value.map(|value| ((*name).to_owned(), value)));
        PeerGroup { customers: self.customers, medians: named.collect(), price }
    }
}

fn numeric(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(value) => Some(*value),
        Cell::Money(minor) => Some(*minor as f64),
        _ => None,
    }
}

/// Returns the middle value, the lower of the two middle ones for an even count, so that it is a value a row has.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = (values.len() - 1) / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

fn price_effect(charges: &[(f64, bool)], median: f64) -> PriceEffect {
    let count = |above: bool| {
        charges.iter().filter(|(charge, _)| (*charge > median) == above).fold((0, 0), |(n, left), (_, l)| (n + 1, left + u64::from(*l)))
    };
    let ((above, above_left), (below, below_left)) = (count(true), count(false));
    PriceEffect { above, above_left, below, below_left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::samples::{customer, schema};

    #[test]
    fn a_customer_whose_peer_column_is_empty_has_no_peers() {
        let table = schema();
        let mut customers: Vec<Customer> = (0..6).map(customer).collect();
        customers.iter_mut().take(3).for_each(|customer| customer.cells[4] = Cell::Missing);
        let mut builder = PeerBuilder::new(&table);
        customers.iter().for_each(|customer| builder.push(customer));
        let peers = builder.finish();
        assert!(customers[..3].iter().all(|customer| peers.group(&table, customer).is_none()));
        assert!(customers[3..].iter().all(|customer| peers.group(&table, customer).is_some()));
        let everyone = TableSchema { peer_column: None, ..table.clone() };
        let mut builder = PeerBuilder::new(&everyone);
        customers.iter().for_each(|customer| builder.push(customer));
        assert_eq!(builder.finish().group(&everyone, &customers[0]).map(|(name, group)| (name, group.customers)), Some(("", 6)));
    }
}
