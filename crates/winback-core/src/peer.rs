//! What is usual among customers like this one, so that a number can be understood.
use crate::customer::{Cell, Customer};
use crate::interval::between;
use crate::schema::{ColumnIndex, ColumnKind, Role, TableSchema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is usual in each peer group of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerTable {
    /// The groups, by the value of the schema's peer column; everyone stands under `""` where there is no such column.
    pub groups: BTreeMap<String, PeerGroup>,
    /// How many customers with each word of a column left, by column name and word; flags read `yes` and `no`.
    /// Columns of more than [`MAX_WORDS`] words are left out.
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, WordCount>>,
}

/// The most words of a column that are counted one by one.
pub const MAX_WORDS: usize = 50;

/// The customers with one word in a column, of those whose row says whether they left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WordCount {
    /// How many.
    pub customers: u64,
    /// Of them, those who left.
    pub left: u64,
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
    /// The same for every numeric column, by column name.
    #[serde(default)]
    pub effects: BTreeMap<String, PriceEffect>,
}

/// The share who left among customers above and not above the group's median of a column, the monthly charge first of all.
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
        Some(between([(self.above_left, self.above), (self.below_left, self.below)]))
    }
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
    schema.peer_column.and_then(|column| customer.cells.get(column)).and_then(word_of).unwrap_or_default()
}

/// Gathers what is usual, page by page.
pub struct PeerBuilder<'a> {
    schema: &'a TableSchema,
    columns: Vec<ColumnIndex>,
    charge: Option<usize>,
    label: Option<ColumnIndex>,
    groups: BTreeMap<String, Gathered>,
    words: Vec<Words>,
}

#[derive(Default)]
struct Gathered {
    columns: Vec<Values>,
    customers: u64,
}

/// The values of one column, each with whether its customer left.
#[derive(Clone, Default)]
struct Values {
    values: Vec<f64>,
    left: Vec<Option<bool>>,
}

/// The words of one column, in order of first appearance.
struct Words {
    column: ColumnIndex,
    counts: Vec<(Arc<str>, WordCount)>,
}

impl<'a> PeerBuilder<'a> {
    /// Begins without customers.
    pub fn new(schema: &'a TableSchema) -> Self {
        let numeric = |c: &ColumnIndex| {
            schema.columns[*c].role.is_feature() && matches!(schema.columns[*c].kind, ColumnKind::Number { .. } | ColumnKind::Money)
        };
        let columns: Vec<ColumnIndex> = (0..schema.columns.len()).filter(numeric).collect();
        let charge = schema.with_role(&Role::MonthlyCharge).and_then(|c| columns.iter().position(|&known| known == c));
        let worded = |c: &ColumnIndex| {
            schema.columns[*c].role.is_feature() && matches!(schema.columns[*c].kind, ColumnKind::Category { .. } | ColumnKind::Flag { .. })
        };
        let words = (0..schema.columns.len()).filter(worded).map(|column| Words { column, counts: Vec::new() }).collect();
        Self { schema, columns, charge, label: schema.with_role(&Role::Label), groups: BTreeMap::new(), words }
    }

    /// Adds one customer.
    pub fn push(&mut self, customer: &Customer) {
        let left = match self.label.and_then(|column| customer.cells.get(column)) {
            Some(Cell::Flag(left)) => Some(*left),
            _ => None,
        };
        if let Some(left) = left {
            self.words.iter_mut().for_each(|words| words.push(customer.cells.get(words.column), left));
        }
        let key = peer_key(self.schema, customer);
        if !self.groups.contains_key(key) {
            let fresh = Gathered { columns: vec![Values::default(); self.columns.len()], customers: 0 };
            self.groups.insert(key.to_owned(), fresh);
        }
        let Some(group) = self.groups.get_mut(key) else { return };
        group.customers += 1;
        for (gathered, &column) in group.columns.iter_mut().zip(&self.columns) {
            if let Some(value) = numeric(&customer.cells[column]) {
                gathered.values.push(value);
                gathered.left.push(left);
            }
        }
    }

    /// Returns the table.
    pub fn finish(self) -> PeerTable {
        let names: Vec<&str> = self.columns.iter().map(|&c| self.schema.columns[c].name.as_str()).collect();
        let charge = self.charge;
        let groups = self.groups.into_iter().map(|(key, gathered)| (key, gathered.finish(&names, charge))).collect();
        let few = self.words.into_iter().filter(|words| (1..=MAX_WORDS).contains(&words.counts.len()));
        let words = few.map(|words| (self.schema.columns[words.column].name.clone(), words.finish())).collect();
        PeerTable { groups, words }
    }
}

impl Words {
    fn push(&mut self, cell: Option<&Cell>, left: bool) {
        let Some(word) = cell.and_then(word_of) else { return };
        match self.counts.iter().position(|(known, _)| **known == *word) {
            Some(place) => self.counts[place].1.add(left),
            // One word more than are counted is enough to know that there are too many.
            None if self.counts.len() <= MAX_WORDS => {
                self.counts.push((Arc::from(word), WordCount { customers: 1, left: u64::from(left) }));
            }
            None => {}
        }
    }

    fn finish(self) -> BTreeMap<String, WordCount> {
        self.counts.into_iter().map(|(word, count)| (word.to_string(), count)).collect()
    }
}

impl WordCount {
    fn add(&mut self, left: bool) {
        self.customers += 1;
        self.left += u64::from(left);
    }
}

/// Returns the word of a category or flag, by which [`PeerTable::words`] counts.
pub fn word_of(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Category(word) => Some(word),
        Cell::Flag(true) => Some("yes"),
        Cell::Flag(false) => Some("no"),
        _ => None,
    }
}

impl Gathered {
    fn finish(self, names: &[&str], charge: Option<usize>) -> PeerGroup {
        let mut group = PeerGroup { customers: self.customers, ..PeerGroup::default() };
        for (place, (name, column)) in names.iter().zip(self.columns).enumerate() {
            let Some(middle) = median(&mut column.values.clone()) else { continue };
            let effect = price_effect(&column, middle);
            group.price = if Some(place) == charge { Some(effect) } else { group.price };
            group.medians.insert((*name).to_owned(), middle);
            group.effects.insert((*name).to_owned(), effect);
        }
        group
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

fn price_effect(column: &Values, median: f64) -> PriceEffect {
    let mut effect = PriceEffect { above: 0, above_left: 0, below: 0, below_left: 0 };
    let known = column.values.iter().zip(&column.left).filter_map(|(value, left)| left.map(|left| (*value > median, u64::from(left))));
    for (above, left) in known {
        let (customers, leavers) =
            if above { (&mut effect.above, &mut effect.above_left) } else { (&mut effect.below, &mut effect.below_left) };
        *customers += 1;
        *leavers += left;
    }
    effect
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

    #[test]
    fn words_are_counted_with_who_left_and_too_many_are_left_out() {
        let table = schema();
        let mut builder = PeerBuilder::new(&table);
        (0..120).map(customer).for_each(|customer| builder.push(&customer));
        let peers = builder.finish();
        let contracts = &peers.words["Contract"];
        assert_eq!((contracts.len(), contracts.values().map(|count| count.customers).sum::<u64>()), (3, 120));
        assert_eq!(contracts.values().map(|count| count.left).sum::<u64>(), 30);
        let mut builder = PeerBuilder::new(&table);
        for place in 0..120 {
            let mut customer = customer(place);
            customer.cells[4] = Cell::Category(format!("word {place}").into());
            builder.push(&customer);
        }
        assert!(!builder.finish().words.contains_key("Contract"));
    }

    #[test]
    fn the_effect_of_a_column_counts_every_labelled_value_once() {
        let table = TableSchema { peer_column: None, ..schema() };
        let mut builder = PeerBuilder::new(&table);
        (0..60).map(customer).for_each(|customer| builder.push(&customer));
        let group = &builder.finish().groups[""];
        let charge = group.effects["MonthlyCharges"];
        assert_eq!(Some(charge), group.price);
        assert_eq!((charge.above + charge.below, charge.above), (54, 27));
    }
}
