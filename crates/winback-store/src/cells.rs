//! Cells as a compact JSON array in the schema's column order: `[null,true,2985,29.85,"DSL"]`.
//!
//! Money is an integer, a number always has a point or an exponent (the
//! shortest text that reads back as the same f64). Written and read by hand
//! because a portfolio has tens of millions of cells; strings with escapes go
//! through `serde_json`.
use std::fmt::Write as _;
use std::sync::Arc;
use winback_core::customer::Cell;
use winback_core::schema::{Column, ColumnKind, TableSchema};

/// How many words of a column are shared between rows; a column with more holds no categories worth sharing.
const SHARED_WORDS: usize = 32;

/// Returns the cells as text, or the column whose cell does not fit its kind.
pub(crate) fn encode(cells: &[Cell], schema: &TableSchema) -> Result<String, String> {
    if cells.len() != schema.columns.len() {
        return Err(format!("{} cells for {} columns", cells.len(), schema.columns.len()));
    }
    let mut text = String::with_capacity(cells.len() * 10);
    for (cell, column) in cells.iter().zip(&schema.columns) {
        text.push(if text.is_empty() { '[' } else { ',' });
        encode_cell(&mut text, cell, column)?;
    }
    text.push_str(if text.is_empty() { "[]" } else { "]" });
    Ok(text)
}

fn encode_cell(text: &mut String, cell: &Cell, column: &Column) -> Result<(), String> {
    let written = match (cell, &column.kind) {
        (Cell::Missing, _) => text.write_str("null"),
        (Cell::Number(number), ColumnKind::Number { .. }) if number.is_finite() => write!(text, "{number:?}"),
        (Cell::Money(minor), ColumnKind::Money) => write!(text, "{minor}"),
        (Cell::Flag(flag), ColumnKind::Flag { .. }) => text.write_str(if *flag { "true" } else { "false" }),
        (Cell::Category(word), ColumnKind::Category { .. }) | (Cell::Text(word), ColumnKind::Text | ColumnKind::Date) => {
            return encode_word(text, word);
        }
        _ => return Err(format!("the cell of column {:?} does not fit the column's kind", column.name)),
    };
    written.map_err(|error| error.to_string())
}

fn encode_word(text: &mut String, word: &str) -> Result<(), String> {
    if word.bytes().any(|byte| byte == b'"' || byte == b'\\' || byte < 0x20) {
        text.push_str(&serde_json::to_string(word).map_err(|error| error.to_string())?);
    } else {
        text.push('"');
        text.push_str(word);
        text.push('"');
    }
    Ok(())
}

/// Reads rows of one schema; words that come again and again are kept once.
pub(crate) struct CellReader<'a> {
    schema: &'a TableSchema,
    words: Vec<Vec<Arc<str>>>,
}

impl<'a> CellReader<'a> {
    /// Begins with no words.
    pub fn new(schema: &'a TableSchema) -> Self {
        Self { schema, words: vec![Vec::new(); schema.columns.len()] }
    }

    /// Returns the cells of a text that [`encode`] made, or says what does not fit.
    pub fn read(&mut self, text: &str) -> Result<Vec<Cell>, String> {
        let mut rest = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).ok_or("the cells are no array")?;
        let columns = self.schema.columns.len();
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            if column > 0 {
                rest = rest.strip_prefix(',').ok_or_else(|| format!("{column} cells for {columns} columns"))?;
            }
            let end = if rest.starts_with('"') { end_of_word(rest)? } else { rest.find(',').unwrap_or(rest.len()) };
            let (token, after) = rest.split_at(end);
            cells.push(self.cell(column, token)?);
            rest = after;
        }
        if rest.is_empty() { Ok(cells) } else { Err(format!("more than {columns} cells")) }
    }

    fn cell(&mut self, column: usize, token: &str) -> Result<Cell, String> {
        if token == "null" {
            return Ok(Cell::Missing);
        }
        let misfit = || format!("the cell of column {:?} does not fit the column's kind", self.schema.columns[column].name);
        match &self.schema.columns[column].kind {
            ColumnKind::Number { .. } => token.parse().map(Cell::Number).map_err(|_| misfit()),
            ColumnKind::Money => token.parse().map(Cell::Money).map_err(|_| misfit()),
            ColumnKind::Flag { .. } => token.parse().map(Cell::Flag).map_err(|_| misfit()),
            kind => {
                let is_category = matches!(kind, ColumnKind::Category { .. });
                let word = token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).ok_or_else(misfit)?;
                if word.contains('\\') {
                    let plain: String = serde_json::from_str(token).map_err(|_| misfit())?;
                    return Ok(if is_category { Cell::Category(plain.into()) } else { Cell::Text(plain.into()) });
                }
                Ok(if is_category { Cell::Category(self.shared(column, word)) } else { Cell::Text(word.into()) })
            }
        }
    }

    fn shared(&mut self, column: usize, word: &str) -> Arc<str> {
        let words = &mut self.words[column];
        if let Some(known) = words.iter().find(|known| known.as_ref() == word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        if words.len() < SHARED_WORDS {
            words.push(Arc::clone(&new));
        }
        new
    }
}

/// Returns the length of the quoted word at the start of a text, quotes included.
fn end_of_word(text: &str) -> Result<usize, String> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Ok(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Err("a word has no end".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use winback_core::fakes::samples;

    fn arb_cells() -> impl Strategy<Value = Vec<Cell>> {
        let finite = any::<f64>().prop_filter("finite", |number| number.is_finite());
        let word = any::<String>();
        (finite, any::<i64>(), any::<bool>(), word, word, any::<u8>()).prop_map(|(number, minor, flag, category, text, holes)| {
            let cells = [
                Cell::Text(text.as_str().into()),
                Cell::Number(number),
                Cell::Money(minor),
                Cell::Flag(flag),
                Cell::Category(category.into()),
                Cell::Text(text.into()),
                Cell::Flag(!flag),
            ];
            let hole = |(i, cell): (usize, Cell)| if holes >> i & 1 == 0 { cell } else { Cell::Missing };
            cells.into_iter().enumerate().map(hole).collect()
        })
    }

    proptest! {
        #[test]
        fn cells_come_back_as_they_were(cells in arb_cells()) {
            let schema = samples::schema();
            let text = encode(&cells, &schema).unwrap();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{} is JSON", text);
            let back = CellReader::new(&schema).read(&text).unwrap();
            for (before, after) in cells.iter().zip(&back) {
                match (before, after) {
                    (Cell::Number(a), Cell::Number(b)) => prop_assert_eq!(a.to_bits(), b.to_bits()),
                    _ => prop_assert_eq!(before, after),
                }
            }
            prop_assert_eq!(cells.len(), back.len());
        }

        #[test]
        fn a_cut_row_is_refused(cells in arb_cells(), share in 0.0..1.0f64) {
            let schema = samples::schema();
            let text = encode(&cells, &schema).unwrap();
            let cut: String = text.chars().take((text.chars().count() as f64 * share) as usize).collect();
            prop_assert!(CellReader::new(&schema).read(&cut).is_err());
        }
    }

    #[test]
    fn what_does_not_fit_the_column_is_refused_by_name() {
        let schema = samples::schema();
        let mut cells = vec![Cell::Missing; schema.columns.len()];
        cells[2] = Cell::Number(1.5);
        assert_eq!(encode(&cells, &schema), Err("the cell of column \"MonthlyCharges\" does not fit the column's kind".into()));
        assert_eq!(encode(&cells[..2], &schema), Err("2 cells for 7 columns".into()));
        cells[2] = Cell::Missing;
        cells[1] = Cell::Number(f64::NAN);
        assert!(encode(&cells, &schema).is_err());
    }

    #[test]
    fn words_of_a_category_are_shared() {
        let schema = samples::schema();
        let mut reader = CellReader::new(&schema);
        let mut read = || match &reader.read("[null,null,null,null,\"DSL\",null,null]").unwrap()[4] {
            Cell::Category(word) => Arc::clone(word),
            other => panic!("{other:?}"),
        };
        assert!(Arc::ptr_eq(&read(), &read()));
    }
}
