//! Numbers that other columns give nearly exactly: `TotalCharges` is about tenure × `MonthlyCharges`, and a price is the
//! sum of what was booked. A model cannot tell their effects apart.
use crate::cholesky::{Factor, Square, dot};
use crate::sample::{draw, word_counts};
use crate::split::SplitMix64;
use winback_core::feature::{FeatureColumn, FeatureIndex, FeatureTable};

/// From this share of its variance on a number counts as given by others.
pub(crate) const NEARLY_ALL: f64 = 0.95;
/// The most customers that take part.
const MOST_ROWS: usize = 3_000;
/// The most words of a column that count, the most frequent ones.
const MOST_WORDS: usize = 12;
/// The most numbers and words that take part.
const MOST_PARTS: usize = 200;
/// The most columns that are named as giving another.
const MOST_NAMED: usize = 6;
/// The most numbers of which products are tried.
const MOST_FACTORS: usize = 25;
/// Keeps sums solvable where columns repeat one another, as a share of their variance.
const RIDGE: f64 = 1e-8;

/// A number and the columns that give it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub feature: FeatureIndex,
    /// The columns, the one that tells most first.
    pub by: Vec<FeatureIndex>,
    /// Whether it is their product rather than a sum of parts.
    pub product: bool,
    /// The share of its variance they explain, adjusted for how many they are.
    pub r_squared: f64,
}

/// Columns as vectors of mean 0 and length 1, and their products.
struct Parts {
    /// The number of rows.
    rows: f64,
    /// The vectors, with the feature each belongs to.
    of: Vec<(FeatureIndex, Vec<f64>)>,
    /// The inner products.
    gram: Square,
}

/// Returns the numbers that others give, in the table's order.
pub(crate) fn of(table: &FeatureTable, rows: &[u32], seed: u64) -> Vec<Given> {
    let rows = draw(rows, MOST_ROWS, &mut SplitMix64::new(seed));
    let parts = Parts::of(table, &rows);
    let numbers: Vec<FeatureIndex> = (0..table.columns.len()).filter(|&feature| table.schema.features[feature].numeric).collect();
    let products: Vec<Given> = numbers.iter().filter_map(|&feature| product(table, &rows, &numbers, feature)).collect();
    let found = |&feature: &FeatureIndex| {
        // What is made of a number does not give it.
        let made_of_it = |other: &FeatureIndex| products.iter().any(|given| given.feature == *other && given.by.contains(&feature));
        let mut others = parts.others(feature);
        others.retain(|other| !made_of_it(other));
        let product = || products.iter().find(|given| given.feature == feature).cloned();
        parts.given_by_one(feature, &others).or_else(product).or_else(|| parts.given_by_sum(feature, &others))
    };
    numbers.iter().filter_map(found).collect()
}

/// Returns numbers within their 1st and 99th percentile, for a single outlier would decide all: two of them in one row
/// would make any two columns alike, and one would hide what gives the others. Nearly equal numbers stay as they are.
fn clamped(values: Vec<f64>) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| known.get((known.len().saturating_sub(1) as f64 * share).round() as usize).copied();
    match (quantile(0.01), quantile(0.99)) {
        (Some(low), Some(high)) if low < high => {
            values.into_iter().map(|value| if value.is_finite() { value.clamp(low, high) } else { value }).collect()
        }
        _ => values,
    }
}

/// Returns the numbers of a column in some rows, clamped; `None` for words.
fn clamped_numbers(table: &FeatureTable, rows: &[u32], feature: FeatureIndex) -> Option<Vec<f64>> {
    match &table.columns[feature] {
        FeatureColumn::Number(values) => Some(clamped(rows.iter().map(|&row| values[row as usize]).collect())),
        FeatureColumn::Category { .. } => None,
    }
}

/// Returns a vector less its mean and of length 1; `None` where it is the same everywhere. Unknown values are the mean.
fn unit(values: impl Iterator<Item = f64> + Clone) -> Option<Vec<f64>> {
    let known = || values.clone().filter(|value| value.is_finite());
    let mean = known().sum::<f64>() / known().count() as f64;
    let mut centred: Vec<f64> = values.map(|value| if value.is_finite() { value - mean } else { 0.0 }).collect();
    let length = dot(&centred, &centred).sqrt();
    let same = !length.is_finite() || length <= 1e-9 * mean.abs().max(1e-12) * (centred.len() as f64).sqrt();
    centred.iter_mut().for_each(|value| *value /= length);
    (!same).then_some(centred)
}

fn number(table: &FeatureTable, rows: &[u32], feature: FeatureIndex) -> Option<Vec<f64>> {
    unit(clamped_numbers(table, rows, feature)?.into_iter())
}

impl Parts {
    fn of(table: &FeatureTable, rows: &[u32]) -> Self {
        let mut of = Vec::new();
        for feature in 0..table.columns.len() {
            match &table.columns[feature] {
                FeatureColumn::Number(_) => of.extend(number(table, rows, feature).map(|vector| (feature, vector))),
                FeatureColumn::Category { codes, levels } => {
                    let counts = word_counts(codes, levels.len(), rows);
                    let mut words: Vec<u16> = (0..levels.len() as u16).filter(|&code| counts[usize::from(code)] > 0).collect();
                    words.sort_by_key(|&code| std::cmp::Reverse(counts[usize::from(code)]));
                    // The last word is what is left when no other holds.
                    words.truncate(words.len().saturating_sub(1).min(MOST_WORDS));
                    let holds = |code: u16| unit(rows.iter().map(move |&row| f64::from(u8::from(codes[row as usize] == code))));
                    of.extend(words.into_iter().filter_map(holds).map(|vector| (feature, vector)));
                }
            }
        }
        of.truncate(MOST_PARTS);
        let mut gram = Square::zeros(of.len());
        for one in 0..of.len() {
            for other in 0..=one {
                let product = dot(&of[one].1, &of[other].1);
                gram.entries[one * of.len() + other] = product;
                gram.entries[other * of.len() + one] = product;
            }
        }
        Self { rows: rows.len() as f64, of, gram }
    }

    fn places(&self, features: &[FeatureIndex]) -> Vec<usize> {
        (0..self.of.len()).filter(|&place| features.contains(&self.of[place].0)).collect()
    }

    /// Returns the share of a number's variance that some columns explain together, adjusted for how many parts they
    /// have; 0 where there are too few customers to tell.
    fn explained(&self, target: usize, by: &[FeatureIndex]) -> f64 {
        let places = self.places(by);
        let free = self.rows - 1.0 - places.len() as f64;
        if places.is_empty() || free < 10.0 {
            return 0.0;
        }
        let mut inner = Square::zeros(places.len());
        for (row, &one) in places.iter().enumerate() {
            for (column, &other) in places.iter().enumerate() {
                inner.entries[row * places.len() + column] = self.gram.row(one)[other] + if row == column { RIDGE } else { 0.0 };
            }
        }
        let with: Vec<f64> = places.iter().map(|&place| self.gram.row(place)[target]).collect();
        let Ok(factor) = Factor::of(inner) else { return 0.0 };
        let explained = dot(&factor.solve(&with), &with).clamp(0.0, 1.0);
        (1.0 - (1.0 - explained) * (self.rows - 1.0) / free).min(1.0)
    }

    fn target(&self, feature: FeatureIndex) -> Option<usize> {
        self.of.iter().position(|(of, _)| *of == feature)
    }

    fn others(&self, feature: FeatureIndex) -> Vec<FeatureIndex> {
        let mut others: Vec<FeatureIndex> = self.of.iter().map(|(of, _)| *of).filter(|&of| of != feature).collect();
        others.dedup();
        others
    }

    /// Returns the column that explains most together with some others.
    fn best(&self, target: usize, known: &[FeatureIndex], others: &[FeatureIndex]) -> Option<(FeatureIndex, f64)> {
        let with = |&other: &FeatureIndex| {
            let by: Vec<FeatureIndex> = known.iter().copied().chain([other]).collect();
            (other, self.explained(target, &by))
        };
        let all = others.iter().filter(|other| !known.contains(other)).map(with);
        all.fold(None, |best: Option<(FeatureIndex, f64)>, one| if best.is_some_and(|best| best.1 >= one.1) { best } else { Some(one) })
    }

    fn given_by_one(&self, feature: FeatureIndex, others: &[FeatureIndex]) -> Option<Given> {
        let (other, r_squared) = self.best(self.target(feature)?, &[], others)?;
        (r_squared > NEARLY_ALL).then(|| Given { feature, by: vec![other], product: false, r_squared })
    }

    /// Adds the column that explains most, again and again, until nearly all is explained.
    fn given_by_sum(&self, feature: FeatureIndex, others: &[FeatureIndex]) -> Option<Given> {
        let target = self.target(feature)?;
        if self.explained(target, others) <= NEARLY_ALL {
            return None;
        }
        let mut by = Vec::new();
        while by.len() < MOST_NAMED {
            let (other, r_squared) = self.best(target, &by, others)?;
            by.push(other);
            if r_squared > NEARLY_ALL {
                return Some(Given { feature, by, product: false, r_squared });
            }
        }
        None
    }
}

/// Returns the two numbers whose product gives another.
fn product(table: &FeatureTable, rows: &[u32], numbers: &[FeatureIndex], feature: FeatureIndex) -> Option<Given> {
    let target = number(table, rows, feature)?;
    let others = numbers.iter().copied().filter(|&other| other != feature).take(MOST_FACTORS);
    let factors: Vec<(FeatureIndex, Vec<f64>)> = others.filter_map(|other| Some((other, clamped_numbers(table, rows, other)?))).collect();
    let mut best: Option<Given> = None;
    for (place, (one, a)) in factors.iter().enumerate() {
        for (other, b) in &factors[place + 1..] {
            let (one, other) = (*one, *other);
            let Some(vector) = unit(clamped(a.iter().zip(b).map(|(a, b)| a * b).collect()).into_iter()) else { continue };
            let r_squared = dot(&vector, &target).powi(2).min(1.0);
            if r_squared > best.as_ref().map_or(NEARLY_ALL, |best| best.r_squared) {
                best = Some(Given { feature, by: vec![one, other], product: true, r_squared });
            }
        }
    }
    best
}
