//! Effect curves: what the model would say on average if every customer had one value of a column (partial dependence;
//! Friedman 2001, section 8.2), and what a step of a number does to each customer as they are.
//!
//! A word that only repeats a parent's answer ("No internet service") is no value of its own: the column is told for the
//! customers of whom the question makes sense, and when the parent's answer is put in, the repeating columns follow it;
//! where it is taken away, they take what customers with another answer have.
use crate::sample::{draw, take, take_column, tile, word_counts};
use crate::split::SplitMix64;
use crate::validate::Fitted;
use winback_core::feature::{Feature, FeatureColumn, FeatureIndex, FeatureTable, MISSING_CODE};
use winback_core::model::{Background, Effect, EffectAt, EffectPoint, UnitEffect};
use winback_core::risk::logistic;

/// The most customers that take part.
const MOST_ROWS: usize = 2_000;
/// The fewest, where the table has as many and very many columns.
const LEAST_ROWS: usize = 200;
/// The most scores that all curves take together.
const MOST_SCORES: usize = 2_000_000;
/// The most points of a number's curve.
const MOST_POINTS: usize = 21;
/// The most words of a column, the most frequent ones.
const MOST_WORDS: usize = 20;
/// The most customers whose numbers tell where the points lie.
const MOST_NUMBERS: usize = 50_000;

/// What takes part: the table, its labelled rows, and some of them as a table of their own.
struct Stage<'a> {
    table: &'a FeatureTable,
    rows: &'a [u32],
    sample: FeatureTable,
    fitted: &'a dyn Fitted,
}

/// Where the points of a column lie.
enum Points {
    /// Values, the share of customers not above each, and what a round step is.
    Numbers { at: Vec<f64>, shares: Vec<f64>, step: f64 },
    /// Codes of words with the share of customers who have each.
    Words(Vec<(u16, f64)>),
}

/// Returns the effect of every column that is not the same in all the rows, which have a label.
pub(crate) fn of(table: &FeatureTable, (rows, background): (&[u32], &Background), fitted: &dyn Fitted, seed: u64) -> Vec<Effect> {
    let mut random = SplitMix64::new(seed);
    let numbers_of = draw(rows, MOST_NUMBERS, &mut random);
    let points: Vec<Option<Points>> = (0..table.columns.len()).map(|feature| points(table, feature, (rows, &numbers_of))).collect();
    let all: usize = points.iter().flatten().map(Points::len).sum();
    let sample = draw(rows, (MOST_SCORES / all.max(1)).clamp(LEAST_ROWS, MOST_ROWS), &mut random);
    let stage = Stage { table, rows, sample: take(table, &sample), fitted };
    let effect = |(feature, points): (usize, &Option<Points>)| {
        Some(Effect { unit: background.units.get(&feature).cloned(), ..stage.effect(feature, points.as_ref()?)? })
    };
    points.iter().enumerate().filter_map(effect).collect()
}

impl Points {
    fn len(&self) -> usize {
        match self {
            Self::Numbers { at, .. } => at.len(),
            Self::Words(words) => words.len(),
        }
    }
}

fn points(table: &FeatureTable, feature: FeatureIndex, (rows, numbers_of): (&[u32], &[u32])) -> Option<Points> {
    let found = match &table.columns[feature] {
        FeatureColumn::Number(values) => number_points(values, numbers_of)?,
        FeatureColumn::Category { codes, levels } => {
            let repeated = table.schema.features[feature].repeats.as_ref().map(|repeats| repeats.level.as_str());
            let counts = word_counts(codes, levels.len(), rows);
            let own = |code: &u16| counts[usize::from(*code)] > 0 && Some(levels[usize::from(*code)].as_ref()) != repeated;
            let mut words: Vec<u16> = (0..levels.len() as u16).filter(own).collect();
            words.sort_by_key(|&code| std::cmp::Reverse(counts[usize::from(code)]));
            words.truncate(MOST_WORDS);
            words.sort_unstable();
            Points::Words(words.into_iter().map(|code| (code, counts[usize::from(code)] as f64 / rows.len() as f64)).collect())
        }
    };
    (found.len() > 1).then_some(found)
}

/// Returns the points of a number, at quantiles from the 1st to the 99th percentile, so that an outlier bends no curve;
/// where nearly all have one value, at any other ones.
fn number_points(values: &[f64], rows: &[u32]) -> Option<Points> {
    let mut known: Vec<f64> = rows.iter().map(|&row| values[row as usize]).filter(|value| value.is_finite()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| known.get((known.len().saturating_sub(1) as f64 * share).round() as usize).copied();
    let (mut low, mut high) = (quantile(0.01)?, quantile(0.99)?);
    let last = (MOST_POINTS - 1) as f64;
    let nearly_one = low == high;
    if nearly_one {
        (low, high) = (*known.first()?, *known.last()?);
    }
    let mut at: Vec<f64> = known.iter().copied().filter(|value| (low..=high).contains(value)).collect();
    at.dedup();
    if at.len() > MOST_POINTS && nearly_one {
        at = (0..MOST_POINTS).map(|point| at[((at.len() - 1) as f64 * point as f64 / last).round() as usize]).collect();
    } else if at.len() > MOST_POINTS {
        at = (0..MOST_POINTS).filter_map(|point| quantile((point as f64 / last).clamp(0.01, 0.99))).collect();
        at.dedup();
    }
    let shares = at.iter().map(|&at| known.partition_point(|&value| value <= at) as f64 / known.len() as f64).collect();
    let inside = || known.iter().map(|value| value.clamp(low, high));
    let mean = inside().sum::<f64>() / known.len() as f64;
    let deviation = (inside().map(|value| (value - mean).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
    Some(Points::Numbers { at, shares, step: round_step(deviation / 2.0, known.iter().all(|value| value.fract() == 0.0)) })
}

/// Returns the number 1, 2 or 5 times a power of ten that is nearest in proportion, at least 1 where `whole`.
fn round_step(wanted: f64, whole: bool) -> f64 {
    if !(wanted.is_finite() && wanted > 0.0) {
        return 1.0;
    }
    let power = wanted.log10().floor() as i32;
    let distance = |step: &f64| (step / wanted).ln().abs();
    // Dividing by a whole power of ten keeps 0.2 the number nearest to it.
    let times = |digit: f64| if power < 0 { digit / 10_f64.powi(-power) } else { digit * 10_f64.powi(power) };
    let nearest = [1.0, 2.0, 5.0, 10.0].map(times).into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let step = nearest.filter(|step| step.is_finite() && *step > 0.0).unwrap_or(wanted);
    if whole { step.max(1.0) } else { step }
}

impl Stage<'_> {
    fn effect(&self, feature: FeatureIndex, points: &Points) -> Option<Effect> {
        let named = &self.table.schema.features[feature];
        let mut effect = Effect {
            column: named.name.clone(),
            synthetic: named.synthetic,
            points: Vec::new(),
            unit_effect: None,
            unit: None,
            customers: self.sample.rows() as u64,
            followed_by: Vec::new(),
            disagreeing: 0,
        };
        match points {
            Points::Numbers { at, shares, step } => {
                let curve = self.means(&self.sample, at.len(), |point, table| {
                    table.columns[feature] = FeatureColumn::Number(vec![at[point]; table.rows()]);
                });
                let point = |((&at, &share), probability)| EffectPoint { at: EffectAt::Number(at), probability, share };
                effect.points = at.iter().zip(shares).zip(curve).map(point).collect();
                effect.unit_effect = self.unit_effect(feature, *step);
            }
            Points::Words(words) => self.word_points((feature, words), &mut effect)?,
        }
        Some(effect)
    }

    /// Returns the mean probability of the sample after each of several changes.
    fn means(&self, sample: &FeatureTable, changes: usize, change: impl Fn(usize, &mut FeatureTable)) -> Vec<f64> {
        let rows = sample.rows();
        let one = |at: usize| {
            let mut changed = sample.clone();
            change(at, &mut changed);
            changed
        };
        // All changes are scored as one table, for a model is made ready to score once a table.
        let places: Vec<u32> = (0..rows as u32).collect();
        let mut stacked = take(sample, &tile(&places, changes));
        for at in 0..changes {
            let changed = one(at);
            stacked.columns.iter_mut().zip(&changed.columns).for_each(|(into, from)| put(into, at * rows, from));
        }
        let all: Vec<u32> = (0..stacked.rows() as u32).collect();
        let scores = self.fitted.scores(&stacked, &all);
        scores.chunks(rows).map(|scores| scores.iter().map(|&score| logistic(score)).sum::<f64>() / rows as f64).collect()
    }

    fn unit_effect(&self, feature: FeatureIndex, step: f64) -> Option<UnitEffect> {
        let FeatureColumn::Number(values) = &self.sample.columns[feature] else { return None };
        let known: Vec<u32> = (0..).zip(values).filter(|(_, value)| value.is_finite()).map(|(row, _)| row).collect();
        if known.is_empty() {
            return None;
        }
        let means = self.means(&take(&self.sample, &known), 2, |point, table| {
            if let (1, FeatureColumn::Number(values)) = (point, &mut table.columns[feature]) {
                values.iter_mut().for_each(|value| *value += step);
            }
        });
        Some(UnitEffect { step, points: 100.0 * (means[1] - means[0]) })
    }

    fn word_points(&self, (feature, words): (FeatureIndex, &[(u16, f64)]), effect: &mut Effect) -> Option<()> {
        let FeatureColumn::Category { levels, .. } = &self.table.columns[feature] else { return None };
        let asked: Vec<u32> = (0..self.sample.rows()).filter(|&row| !self.repeats(feature, row)).map(|row| row as u32).collect();
        if asked.is_empty() {
            return None;
        }
        let sample = take(&self.sample, &asked);
        let closing = self.closing_word(feature);
        effect.customers = asked.len() as u64;
        let curve = self.means(&sample, words.len(), |point, table| {
            let code = words[point].0;
            if let Some(closing) = &closing {
                follow(table, (feature, closing.word), code, &closing.children);
            }
            if let FeatureColumn::Category { codes, .. } = &mut table.columns[feature] {
                codes.fill(code);
            }
        });
        let point = |(&(code, share), probability)| {
            let word = levels[usize::from(code)].to_string();
            EffectPoint { at: EffectAt::Word(word), probability, share }
        };
        effect.points = words.iter().zip(curve).map(point).collect();
        if let Some(closing) = closing {
            effect.followed_by = closing.children.iter().map(|&(child, _)| self.table.schema.features[child].name.clone()).collect();
            effect.disagreeing = closing.disagreeing;
        }
        Some(())
    }

    /// Returns whether a customer of the sample has the word that only repeats a parent's answer.
    fn repeats(&self, feature: FeatureIndex, row: usize) -> bool {
        repeated_code(self.table, feature).is_some_and(|repeated| code_of(&self.sample, feature, row) == Some(repeated))
    }

    /// Returns the word of a column that others repeat. Of the columns of a reason that is the one, with the word that
    /// most often stands where they repeat it, with which they agree best; a few rows that disagree are an error in the
    /// data, but where as many disagree as agree nothing is repeated.
    fn closing_word(&self, feature: FeatureIndex) -> Option<Closing> {
        let group = self.table.schema.features[feature].group;
        let child = |(child, other): (FeatureIndex, &Feature)| {
            other.repeats.as_ref().filter(|repeats| repeats.group == group)?;
            Some((child, repeated_code(self.table, child)?))
        };
        let children: Vec<(FeatureIndex, u16)> = self.table.schema.features.iter().enumerate().filter_map(child).collect();
        let is_child = |feature: &FeatureIndex| children.iter().any(|(child, _)| child == feature);
        let parents = self.table.schema.groups[usize::from(group)].features.iter().copied().filter(|feature| !is_child(feature));
        let found = parents.filter_map(|parent| Some((parent, self.closing(parent, &children)?)));
        let (parent, closing) = found.min_by_key(|(_, closing)| closing.disagreeing)?;
        (parent == feature).then_some(closing)
    }

    fn closing(&self, parent: FeatureIndex, children: &[(FeatureIndex, u16)]) -> Option<Closing> {
        let FeatureColumn::Category { levels, .. } = &self.table.columns[parent] else { return None };
        let repeats = |row: u32, &(child, repeated): &(FeatureIndex, u16)| code_of(self.table, child, row as usize) == Some(repeated);
        let mut counts = vec![0_u64; levels.len()];
        for &row in self.rows {
            if let Some(code) = code_of(self.table, parent, row as usize) {
                counts[usize::from(code)] += children.iter().filter(|child| repeats(row, child)).count() as u64;
            }
        }
        // Of words that are alike the first counts.
        let word = (0..levels.len()).rev().max_by_key(|&word| counts[word]).filter(|&word| counts[word] > 0)? as u16;
        let (mut agreeing, mut disagreeing) = (0, 0);
        for &row in self.rows {
            let closed = code_of(self.table, parent, row as usize) == Some(word);
            let agrees = children.iter().all(|child| repeats(row, child) == closed);
            disagreeing += u64::from(!agrees);
            agreeing += u64::from(agrees && closed);
        }
        (agreeing > disagreeing).then(|| Closing { word, children: children.to_vec(), disagreeing })
    }
}

/// A word that other columns repeat.
struct Closing {
    word: u16,
    /// These columns, with the word they repeat it by.
    children: Vec<(FeatureIndex, u16)>,
    /// How many customers have one without the other.
    disagreeing: u64,
}

/// Lets the columns that repeat a word follow when everybody gets another.
fn follow(table: &mut FeatureTable, (feature, closing): (FeatureIndex, u16), code: u16, children: &[(FeatureIndex, u16)]) {
    let closed: Vec<bool> = (0..table.rows()).map(|row| code_of(table, feature, row) == Some(closing)).collect();
    let open: Vec<u32> = (0..).zip(&closed).filter(|(_, closed)| !**closed).map(|(row, _)| row).collect();
    // Customers who would get what they lack take it from one another customer each, in turn.
    let mut turn = open.iter().copied().cycle();
    let from: Vec<u32> = (0..).zip(&closed).map(|(row, &closed)| if closed { turn.next().unwrap_or(row) } else { row }).collect();
    for &(child, repeated) in children {
        match &mut table.columns[child] {
            FeatureColumn::Category { codes, .. } if code == closing => codes.fill(repeated),
            column => *column = take_column(column, &from),
        }
    }
}

fn repeated_code(table: &FeatureTable, feature: FeatureIndex) -> Option<u16> {
    let repeats = table.schema.features[feature].repeats.as_ref()?;
    let FeatureColumn::Category { levels, .. } = &table.columns[feature] else { return None };
    levels.iter().position(|level| **level == *repeats.level).map(|place| place as u16)
}

fn code_of(table: &FeatureTable, feature: FeatureIndex, row: usize) -> Option<u16> {
    match &table.columns[feature] {
        FeatureColumn::Category { codes, .. } => Some(codes[row]).filter(|&code| code != MISSING_CODE),
        FeatureColumn::Number(_) => None,
    }
}

fn put(into: &mut FeatureColumn, first: usize, from: &FeatureColumn) {
    match (into, from) {
        (FeatureColumn::Number(into), FeatureColumn::Number(from)) => into[first..first + from.len()].copy_from_slice(from),
        (FeatureColumn::Category { codes: into, .. }, FeatureColumn::Category { codes: from, .. }) => {
            into[first..first + from.len()].copy_from_slice(from);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_round_and_near_what_is_wanted() {
        let check = |wanted: f64, whole: bool, expected: f64| assert_eq!(round_step(wanted, whole), expected, "{wanted}");
        check(12.3, true, 10.0);
        check(15.04, false, 20.0);
        check(1_133.0, false, 1_000.0);
        check(0.23, false, 0.2);
        check(0.23, true, 1.0);
        check(7.2, false, 10.0);
        check(0.0, false, 1.0);
        check(f64::NAN, false, 1.0);
    }

    #[test]
    fn points_lie_at_quantiles_and_no_outlier_is_one() {
        let values: Vec<f64> = (0..1_000).map(f64::from).chain([1e12, f64::NAN]).collect();
        let rows: Vec<u32> = (0..1_002).collect();
        let Some(Points::Numbers { at, shares, step }) = number_points(&values, &rows) else { unreachable!("numbers") };
        assert_eq!((at.len(), at[0], at[20], step), (21, 10.0, 990.0, 200.0));
        assert!(shares.is_sorted() && (shares[10] - 0.5).abs() < 0.01);
        let few = [1.0, 2.0, 2.0, 7.0];
        let Some(Points::Numbers { at, .. }) = number_points(&few, &[0, 1, 2, 3]) else { unreachable!("numbers") };
        assert_eq!(at, [1.0, 2.0, 7.0]);
        assert!(number_points(&[f64::NAN; 3], &[0, 1, 2]).is_none());
        let nearly_one: Vec<f64> = (0..10_000_u32).map(|row| if row < 60 { f64::from(row) } else { 0.0 }).collect();
        let Some(Points::Numbers { at, .. }) = number_points(&nearly_one, &(0..10_000).collect::<Vec<u32>>()) else {
            unreachable!("numbers")
        };
        assert_eq!((at.len(), at[0], at[20]), (21, 0.0, 59.0), "nearly all have one value");
    }
}
