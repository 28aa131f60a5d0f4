//! Some rows of a table, drawn by a seed.
use crate::split::SplitMix64;
use winback_core::feature::{FeatureColumn, FeatureTable};

/// Returns at most so many of some rows, in their order.
pub(crate) fn draw(rows: &[u32], most: usize, random: &mut SplitMix64) -> Vec<u32> {
    if rows.len() <= most {
        return rows.to_vec();
    }
    let mut drawn = rows.to_vec();
    random.shuffle(&mut drawn);
    drawn.truncate(most);
    drawn.sort_unstable();
    drawn
}

/// Returns rows of a table as a table; a row may be named more than once.
pub(crate) fn take(table: &FeatureTable, rows: &[u32]) -> FeatureTable {
    FeatureTable {
        schema: table.schema.clone(),
        columns: table.columns.iter().map(|column| take_column(column, rows)).collect(),
        labels: rows.iter().map(|&row| table.labels[row as usize]).collect(),
    }
}

/// Returns the cells of a column that stand in some rows.
pub(crate) fn take_column(column: &FeatureColumn, rows: &[u32]) -> FeatureColumn {
    match column {
        FeatureColumn::Number(values) => FeatureColumn::Number(rows.iter().map(|&row| values[row as usize]).collect()),
        FeatureColumn::Category { codes, levels } => {
            FeatureColumn::Category { codes: rows.iter().map(|&row| codes[row as usize]).collect(), levels: levels.clone() }
        }
    }
}

/// Returns a list so many times over.
pub(crate) fn tile(rows: &[u32], times: usize) -> Vec<u32> {
    rows.iter().copied().cycle().take(rows.len() * times).collect()
}

/// Returns how many of some rows have each word of a column.
pub(crate) fn word_counts(codes: &[u16], words: usize, rows: &[u32]) -> Vec<u64> {
    let mut counts = vec![0; words];
    for &row in rows {
        if let Some(count) = counts.get_mut(usize::from(codes[row as usize])) {
            *count += 1;
        }
    }
    counts
}
