//! A customer's values beside those of comparable customers, which is what makes
//! a number understandable.
use crate::customer::{Cell, Customer, display_cell};
use crate::locale::Locale;
use crate::money::group_thousands;
use crate::peer::{PriceEffect, word_of};
use crate::pipeline::assess::Explainer;
use crate::risk::Probability;
use crate::schema::{Column, ColumnKind, TableSchema};
use serde::{Deserialize, Serialize};

/// Fewer customers than these say nothing about a word.
const LEAST_CUSTOMERS: u64 = 10;

/// How customers with such a value differ from the others, where the 95 % interval of the difference leaves out 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Leaning {
    /// They leave more often.
    More,
    /// They leave less often.
    Less,
}

/// One number compared with what is usual among peers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The column's place in the table.
    pub column: usize,
    /// The customer's value; money in minor units.
    pub value: f64,
    /// The peers' median, in the same unit.
    pub peer_median: f64,
    /// The value of the peer column that makes the group; empty for everyone.
    pub peer_group: String,
    /// How many customers the group has.
    pub peer_customers: u64,
    /// How peers on the same side of the median differ from the others.
    pub leaning: Option<Leaning>,
}

/// How many customers with the same word left, beside the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WordComparison {
    /// The column's place in the table.
    pub column: usize,
    /// The word, as the table has it; flags read `yes` and `no`.
    pub word: String,
    /// Customers with the same word.
    pub customers: u64,
    /// Of them, those who left.
    pub left: u64,
    /// Customers with another word.
    pub others: u64,
    /// Of them, those who left.
    pub others_left: u64,
    /// How they differ.
    pub leaning: Option<Leaning>,
}

/// Returns a customer's numbers beside the peers' medians.
pub fn numbers(explainer: &Explainer<'_>, customer: &Customer) -> Vec<Comparison> {
    let Some((name, peers)) = explainer.peers.group(explainer.table, customer) else {
        return Vec::new();
    };
    let compare = |(column, cell): (usize, &Cell)| {
        let value = match cell {
            Cell::Number(value) => *value,
            Cell::Money(minor) => *minor as f64,
            _ => return None,
        };
        let known = &explainer.table.columns.get(column)?.name;
        let peer_median = *peers.medians.get(known)?;
        let leaning = peers.effects.get(known).and_then(|effect| leaning(effect, value > peer_median));
        Some(Comparison { column, value, peer_median, peer_group: name.to_owned(), peer_customers: peers.customers, leaning })
    };
    customer.cells.iter().enumerate().filter_map(compare).collect()
}

/// Returns how those who share a customer's words left, beside the others.
pub fn words(explainer: &Explainer<'_>, customer: &Customer) -> Vec<WordComparison> {
    let compare = |(column, cell): (usize, &Cell)| {
        let counted = explainer.peers.words.get(&explainer.table.columns.get(column)?.name)?;
        let word = word_of(cell)?;
        let same = *counted.get(word)?;
        let (all, left) = counted.values().fold((0, 0), |(all, left), count| (all + count.customers, left + count.left));
        let (others, others_left) = (all - same.customers, left - same.left);
        let effect = PriceEffect { above: same.customers, above_left: same.left, below: others, below_left: others_left };
        let enough = same.customers >= LEAST_CUSTOMERS && others >= LEAST_CUSTOMERS;
        let found = WordComparison {
            column,
            word: word.to_owned(),
            customers: same.customers,
            left: same.left,
            others,
            others_left,
            leaning: leaning(&effect, true),
        };
        enough.then_some(found)
    };
    customer.cells.iter().enumerate().filter_map(compare).collect()
}

fn leaning(effect: &PriceEffect, above: bool) -> Option<Leaning> {
    let (low, _, high) = effect.difference()?;
    match () {
        () if low > 0.0 => Some(if above { Leaning::More } else { Leaning::Less }),
        () if high < 0.0 => Some(if above { Leaning::Less } else { Leaning::More }),
        () => None,
    }
}

impl Comparison {
    /// Returns the comparison as a sentence with the column's name and value.
    pub fn text(&self, table: &TableSchema, locale: Locale) -> String {
        let Some(column) = table.columns.get(self.column) else { return String::new() };
        let (label, value, beside) = (column.label.get(locale), shown(self.value, column, table, locale), self.beside(table, locale));
        match locale {
            Locale::En => format!("{label}: {value}; {beside}."),
            Locale::ZhTw | Locale::ZhCn => format!("{label}：{value}；{beside}。"),
        }
    }

    /// Returns what is usual among the peers, who are named with their number, as part of a sentence.
    pub fn beside(&self, table: &TableSchema, locale: Locale) -> String {
        let Some(column) = table.columns.get(self.column) else { return String::new() };
        let (median, count) = (shown(self.peer_median, column, table, locale), group_thousands(&self.peer_customers.to_string()));
        match (self.group_words(table, locale), locale) {
            (Some(group), Locale::En) => format!("the middle of the {count} “{group}” customers is {median}"),
            (None, Locale::En) => format!("the middle of all {count} customers is {median}"),
            (Some(group), Locale::ZhTw) => format!("「{group}」的 {count} 位客戶，中位數為 {median}"),
            (None, Locale::ZhTw) => format!("全部 {count} 位客戶的中位數為 {median}"),
            (Some(group), Locale::ZhCn) => format!("“{group}”的 {count} 位客户，中位数为 {median}"),
            (None, Locale::ZhCn) => format!("全部 {count} 位客户的中位数为 {median}"),
        }
    }

    /// Returns what the peer group is called. A word such as yes needs its column's name to be understood.
    fn group_words(&self, table: &TableSchema, locale: Locale) -> Option<String> {
        let column = table.columns.get(table.peer_column.filter(|_| !self.peer_group.is_empty())?)?;
        let word = column.value_labels.get(&self.peer_group).map_or(self.peer_group.clone(), |label| label.get(locale).clone());
        let plain = matches!(column.kind, ColumnKind::Category { .. });
        Some(if plain { word } else { with_label(column, &word, locale) })
    }
}

impl WordComparison {
    /// Returns how many of those with the same word left, beside the others, as part of a sentence; `named` where the
    /// column's name is needed to know which word is meant.
    pub fn beside(&self, table: &TableSchema, locale: Locale, named: bool) -> String {
        let count = group_thousands(&self.customers.to_string());
        let (same, others) = (share(self.left, self.customers), share(self.others_left, self.others));
        match (self.word_shown(table, locale, named), locale) {
            (Some(word), Locale::En) => format!("of the {count} “{word}” customers, {same} left, of the others {others}"),
            (None, Locale::En) => format!("of the {count} customers with the same, {same} left, of the others {others}"),
            (Some(word), Locale::ZhTw) => format!("「{word}」的 {count} 位客戶有 {same} 流失，其他客戶為 {others}"),
            (None, Locale::ZhTw) => format!("情況相同的 {count} 位客戶有 {same} 流失，其他客戶為 {others}"),
            (Some(word), Locale::ZhCn) => format!("“{word}”的 {count} 位客户有 {same} 流失，其他客户为 {others}"),
            (None, Locale::ZhCn) => format!("情况相同的 {count} 位客户有 {same} 流失，其他客户为 {others}"),
        }
    }

    /// Returns the word as people read it where it names a group by itself; yes and no do so with their column's name.
    fn word_shown(&self, table: &TableSchema, locale: Locale, named: bool) -> Option<String> {
        let column = table.columns.get(self.column)?;
        let word = match self.word.as_str() {
            "yes" | "no" if matches!(column.kind, ColumnKind::Flag { .. }) => {
                display_cell(&Cell::Flag(self.word == "yes"), column, table, locale)
            }
            word => column.value_labels.get(word).map_or(word.to_owned(), |label| label.get(locale).clone()),
        };
        let plain = matches!(column.kind, ColumnKind::Category { .. }) && !ANSWERS.contains(&word.to_lowercase().as_str());
        match (plain, named) {
            (true, _) => Some(word),
            (false, false) => None,
            (false, true) => Some(with_label(column, &word, locale)),
        }
    }
}

/// Words that answer a question and name nothing by themselves.
const ANSWERS: [&str; 9] = ["yes", "no", "是", "否", "有", "沒有", "没有", "無", "无"];

fn with_label(column: &Column, word: &str, locale: Locale) -> String {
    let label = column.label.get(locale);
    match locale {
        Locale::En => format!("{label}: {word}"),
        Locale::ZhTw | Locale::ZhCn => format!("{label}：{word}"),
    }
}

fn shown(value: f64, column: &Column, table: &TableSchema, locale: Locale) -> String {
    match column.kind {
        ColumnKind::Money => display_cell(&Cell::Money(value as i64), column, table, locale),
        _ => display_cell(&Cell::Number(value), column, table, locale),
    }
}

fn share(left: u64, of: u64) -> String {
    Probability::new(left as f64 / of as f64).map(|share| share.to_string()).unwrap_or_default()
}
