//! A file of folds: which customer belongs to which fold, one column for each time they were parted, so that models
//! can be compared on the folds that others used.
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use winback_core::id::CustomerId;

/// The fold of each customer for each parting, counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    /// How many times the customers were parted.
    pub partings: usize,
    /// The fold of a customer in each parting.
    pub of: HashMap<CustomerId, Vec<u16>>,
}

/// Why a file of folds was refused.
#[derive(Debug, thiserror::Error)]
pub enum FoldsError {
    /// The file could not be read as a table.
    #[error("{} could not be read as a table of folds", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// The header lacks a column.
    #[error("{}: expected the column customerID and one or more columns that begin with fold, found {found}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The header.
        found: String,
    },
    /// A row is wrong.
    #[error("{}, line {line}: {what}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong and what was expected.
        what: String,
    },
}

/// Reads a file of folds.
pub fn read_folds(path: &Path) -> Result<Folds, FoldsError> {
    let unreadable = |source| FoldsError::Unreadable { path: path.to_owned(), source };
    let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
    let header = reader.headers().map_err(unreadable)?.clone();
    let id = header.iter().position(|name| name.trim() == "customerID");
    let places: Vec<usize> = header.iter().enumerate().filter(|(_, name)| name.starts_with("fold")).map(|(at, _)| at).collect();
    let (Some(id), false) = (id, places.is_empty()) else {
        return Err(FoldsError::Header { path: path.to_owned(), found: header.iter().collect::<Vec<_>>().join(", ") });
    };
    let mut folds = Folds { partings: places.len(), of: HashMap::new() };
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let wrong = |what: String| FoldsError::Row { path: path.to_owned(), line: record.position().map_or(0, csv::Position::line), what };
        let customer = CustomerId::parse(&record[id]).map_err(|error| wrong(error.to_string()))?;
        let fold = |at: &usize| {
            let number = record[*at].trim().parse().ok().filter(|fold| *fold < 1_000);
            number.ok_or_else(|| wrong(format!("{}: expected a fold from 0 to 999, found {:?}", &header[*at], &record[*at])))
        };
        let of = places.iter().map(fold).collect::<Result<Vec<u16>, _>>()?;
        if folds.of.insert(customer.clone(), of).is_some() {
            return Err(wrong(format!("customer {customer} stands here for the second time")));
        }
    }
    Ok(folds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_read_and_wrong_ones_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folds.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_folds(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "folds.csv"))
        };
        let folds = read("row,customerID,fold_seed11,fold_seed22\n0,A,4,0\n1,B,1,2\n").unwrap();
        assert_eq!((folds.partings, &folds.of[&CustomerId::parse("A").unwrap()][..]), (2, &[4, 0][..]));
        let check = |text: &str, expected: &str| assert_eq!(read(text).unwrap_err(), expected, "{text:?}");
        check("id,fold\nA,1\n", "folds.csv: expected the column customerID and one or more columns that begin with fold, found id, fold");
        check("customerID,fold\nA,x\n", "folds.csv, line 2: fold: expected a fold from 0 to 999, found \"x\"");
        check("customerID,fold\nA,1\nA,2\n", "folds.csv, line 3: customer A stands here for the second time");
        check("customerID,fold\nA\n", "folds.csv could not be read as a table of folds");
    }
}
