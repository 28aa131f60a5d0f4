//! What a cluster is, in plain words: how many customers, and which columns are high or low in it.
use crate::cluster::points::{AxisOf, Points};
use serde::{Deserialize, Serialize};
use winback_core::customer::display_number;
use winback_core::feature::{FeatureColumn, FeatureTable};
use winback_core::locale::Locale;
use winback_core::schema::TableSchema;

/// The most traits of a card.
const MOST_TRAITS: usize = 5;
/// How far a column lies from the average of everybody to be told, in deviations.
const FAR: f64 = 0.4;

/// One cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The cluster's number, counted from 1; 1 is the largest.
    pub cluster: usize,
    /// How many customers.
    pub customers: u64,
    /// Their share of all.
    pub share: f64,
    /// What sets them apart, the strongest first; empty for customers like the average.
    pub traits: Vec<Trait>,
}

/// One thing that sets a cluster apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// The column, by its place among the features.
    pub feature: usize,
    /// The word of a category; `None` for a number.
    pub word: Option<String>,
    /// The cluster's mean, or the share that has the word.
    pub here: f64,
    /// The same over everybody.
    pub everywhere: f64,
    /// How far apart the two are, in deviations; above 0 for more than everybody.
    pub strength: f64,
}

/// Returns the cards of clusters, in their order.
pub fn cards(table: &FeatureTable, points: &Points, cluster_of: &[u16], k: usize) -> Vec<Card> {
    (0..k).map(|cluster| card(table, points, cluster_of, cluster)).collect()
}

fn card(table: &FeatureTable, points: &Points, cluster_of: &[u16], cluster: usize) -> Card {
    let rows: Vec<usize> = (0..points.rows()).filter(|&row| usize::from(cluster_of[row]) == cluster).collect();
    let mut traits: Vec<Trait> = (0..points.width()).filter_map(|axis| distinct(table, points, &rows, axis)).collect();
    traits.sort_by(|a, b| b.strength.abs().total_cmp(&a.strength.abs()));
    traits.truncate(MOST_TRAITS);
    Card { cluster: cluster + 1, customers: rows.len() as u64, share: rows.len() as f64 / points.rows().max(1) as f64, traits }
}

/// Returns what a coordinate says of some rows, where it is far from the average.
fn distinct(table: &FeatureTable, points: &Points, rows: &[usize], axis: usize) -> Option<Trait> {
    let feature = points.axes[axis].feature;
    let mean = |rows: &mut dyn Iterator<Item = usize>| {
        let (sum, count) = rows.fold((0.0, 0.0_f64), |(sum, count), row| (sum + points.row(row)[axis], count + 1.0));
        sum / count.max(1.0)
    };
    let (here, everywhere) = (mean(&mut rows.iter().copied()), mean(&mut (0..points.rows())));
    let found = match &points.axes[axis].of {
        AxisOf::Number { mean, deviation } => Trait {
            feature,
            word: None,
            here: mean + here * deviation,
            everywhere: mean + everywhere * deviation,
            strength: here - everywhere,
        },
        AxisOf::Word(word) => {
            let FeatureColumn::Category { codes, levels } = &table.columns[feature] else { return None };
            // Of yes and no, one says it all.
            if word == "no" && levels.len() == 2 {
                return None;
            }
            let is = |row: &usize| levels.get(usize::from(codes[*row])).is_some_and(|level| **level == **word);
            let share = |rows: &[usize]| rows.iter().filter(|row| is(row)).count() as f64 / rows.len().max(1) as f64;
            let all: Vec<usize> = (0..points.rows()).collect();
            let (here, everywhere) = (share(rows), share(&all));
            let strength = (here - everywhere) / (everywhere * (1.0 - everywhere)).sqrt().max(1e-9);
            Trait { feature, word: Some(word.clone()), here, everywhere, strength }
        }
        AxisOf::Rest => return None,
    };
    (found.strength.abs() >= FAR).then_some(found)
}

impl Card {
    /// Returns the card as lines for people: the size, then a line per trait.
    pub fn lines(&self, table: &FeatureTable, schema: &TableSchema, locale: Locale) -> Vec<String> {
        let (number, customers, share) = (self.cluster, self.customers, percent(self.share));
        let head = match locale {
            Locale::ZhTw => format!("第 {number} 群：{customers} 位客戶，占 {share}"),
            Locale::ZhCn => format!("第 {number} 类：{customers} 位客户，占 {share}"),
            Locale::En => format!("Cluster {number}: {customers} customers, {share} of all"),
        };
        let plain = match locale {
            Locale::ZhTw => "各欄都接近整體平均",
            Locale::ZhCn => "各列都接近整体平均",
            Locale::En => "close to the average in every column",
        };
        let mut lines = vec![head];
        lines.extend(self.traits.iter().map(|one| one.text(table, schema, locale)));
        if self.traits.is_empty() {
            lines.push(plain.to_owned());
        }
        lines
    }
}

impl Trait {
    fn text(&self, table: &FeatureTable, schema: &TableSchema, locale: Locale) -> String {
        let column = &schema.columns[table.schema.features[self.feature].column];
        let label = column.label.get(locale);
        let high = self.strength > 0.0;
        let Some(word) = &self.word else {
            let (here, everywhere) = (display_number(self.here), display_number(self.everywhere));
            return match locale {
                Locale::ZhTw => format!("{label}偏{}：平均 {here}，整體 {everywhere}", if high { "高" } else { "低" }),
                Locale::ZhCn => format!("{label}偏{}：平均 {here}，整体 {everywhere}", if high { "高" } else { "低" }),
                Locale::En => format!("{label} is {}: {here} on average, {everywhere} over everybody", if high { "high" } else { "low" }),
            };
        };
        let said = column.value_labels.get(word).map_or(word.as_str(), |words| words.get(locale));
        let said = match (said, locale) {
            ("yes", Locale::ZhTw | Locale::ZhCn) => "是",
            ("no", Locale::ZhTw | Locale::ZhCn) => "否",
            (said, _) => said,
        };
        let (here, everywhere) = (percent(self.here), percent(self.everywhere));
        match locale {
            Locale::ZhTw => format!("{label}為「{said}」的較{}：{here}，整體 {everywhere}", if high { "多" } else { "少" }),
            Locale::ZhCn => format!("{label}为“{said}”的较{}：{here}，整体 {everywhere}", if high { "多" } else { "少" }),
            Locale::En => {
                format!("{label} is {} often {said}: {here} here, {everywhere} over everybody", if high { "more" } else { "less" })
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}
