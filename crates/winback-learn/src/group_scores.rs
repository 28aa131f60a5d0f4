//! How well each kind of customer is scored: the held-out measures by word of the columns that say who somebody is.
use crate::metrics::{self, Scored};
use crate::validate::{HeldOut, pooled};
use std::collections::BTreeMap;
use winback_core::feature::{FeatureColumn, FeatureIndex, FeatureTable};
use winback_core::interval::wilson;
use winback_core::model::{GroupScore, Validation};

/// In how many bands, of about as many customers each, a number is parted.
const BANDS: usize = 4;
/// The most words of a column that are told, the most frequent ones.
const MOST_WORDS: usize = 50;

/// The fewest customers of whom a calibration error is told: of fewer it is mostly chance.
const LEAST_FOR_ERROR: usize = 50;

/// Adds the measures of each word of some columns, in the table's order, and how many customers have rarer words.
pub(crate) fn tell(table: &FeatureTable, held_out: &[HeldOut], columns: &[FeatureIndex], validation: &mut Validation) {
    let rows: Vec<u32> = held_out.iter().flat_map(|fold| fold.rows.iter().copied()).collect();
    let scored = pooled(held_out);
    for &column in columns {
        let groups = of_column(table, column, &rows, &scored);
        let outside = rows.len() as u64 - groups.iter().map(|group| group.customers).sum::<u64>();
        if outside > 0 {
            validation.outside_groups.insert(table.schema.features[column].name.clone(), outside);
        }
        validation.groups.extend(groups);
    }
}

fn of_column(table: &FeatureTable, column: FeatureIndex, rows: &[u32], scored: &[Scored]) -> Vec<GroupScore> {
    let name = &table.schema.features[column].name;
    let (places, words): (Vec<usize>, Vec<String>) = match &table.columns[column] {
        FeatureColumn::Category { codes, levels } => {
            (rows.iter().map(|&row| usize::from(codes[row as usize])).collect(), levels.iter().map(|level| level.to_string()).collect())
        }
        FeatureColumn::Number(values) => bands(&rows.iter().map(|&row| values[row as usize]).collect::<Vec<f64>>()),
    };
    let mut by_place: BTreeMap<usize, Vec<Scored>> = BTreeMap::new();
    for (&place, &one) in places.iter().zip(scored) {
        by_place.entry(place.min(words.len())).or_default().push(one);
    }
    let mut largest: Vec<usize> = by_place.keys().copied().collect();
    largest.sort_by_key(|place| std::cmp::Reverse(by_place[place].len()));
    largest.iter().skip(MOST_WORDS).for_each(|place| drop(by_place.remove(place)));
    by_place.iter().map(|(&place, scored)| group(name, words.get(place).cloned(), scored)).collect()
}

/// Returns the band of each number, one beyond the last where it is missing, and the bands' names.
fn bands(values: &[f64]) -> (Vec<usize>, Vec<String>) {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let mut begins: Vec<f64> = (0..BANDS).filter_map(|band| known.get(known.len() * band / BANDS).copied()).collect();
    begins.dedup();
    let band_of = |value: f64| begins.partition_point(|&begin| begin <= value).saturating_sub(1);
    let name = |band: usize| {
        let inside = || known.iter().copied().filter(|&value| band_of(value) == band);
        let (low, high) = inside().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low < high { format!("{low}–{high}") } else { format!("{low}") }
    };
    let places = values.iter().map(|&value| if value.is_finite() { band_of(value) } else { begins.len() }).collect();
    (places, (0..begins.len()).map(name).collect())
}

fn group(column: &str, word: Option<String>, scored: &[Scored]) -> GroupScore {
    let (customers, left) = (scored.len() as u64, scored.iter().filter(|one| one.left).count() as u64);
    let measured = metrics::measure(scored);
    let (left_low, left_high) = wilson(left, customers);
    GroupScore {
        column: column.to_owned(),
        word,
        customers,
        left,
        left_share: left as f64 / customers as f64,
        left_low,
        left_high,
        mean_score: scored.iter().map(|one| one.p).sum::<f64>() / customers as f64,
        roc_auc: Some(measured.roc_auc).filter(|auc| auc.is_finite()),
        log_loss: measured.log_loss,
        brier: measured.brier,
        ece10: Some(measured.ece10).filter(|_| scored.len() >= LEAST_FOR_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_falls_into_bands_named_by_their_ends() {
        let values: Vec<f64> = (0..40).map(f64::from).chain([f64::NAN]).collect();
        let (places, words) = bands(&values);
        assert_eq!(words, ["0–9", "10–19", "20–29", "30–39"]);
        assert_eq!((places[0], places[9], places[10], places[39], places[40]), (0, 0, 1, 3, 4));
        let (places, words) = bands(&[1.0, 1.0, 1.0, 2.0]);
        assert_eq!((places, words), (vec![0, 0, 0, 1], vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!(bands(&[f64::NAN]), (vec![0], Vec::new()));
    }

    #[test]
    fn a_kind_of_whom_all_stayed_has_no_area() {
        let found = group("age", None, &[Scored { p: 0.2, left: false }, Scored { p: 0.4, left: false }]);
        assert_eq!((found.customers, found.left, found.roc_auc, found.ece10), (2, 0, None, None));
        assert!(group("age", None, &[Scored { p: 0.2, left: false }; 50]).ece10.is_some_and(|error| (error - 0.2).abs() < 1e-12));
        assert!((found.mean_score - 0.3).abs() < 1e-12 && found.left_high > 0.5 && found.log_loss.is_finite());
    }
}
