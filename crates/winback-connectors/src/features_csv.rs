//! `churn_features.csv`: the cleaned features as numbers, for other tools, and a
//! sidecar that says what each column is and where the rows came from.
//!
//! A category becomes one column per word, named `Contract=Month-to-month`; an
//! equals sign or backslash in a feature's name is written with a backslash before
//! it, so [`ColumnName::parse`] turns every name back. Ids are written as they are:
//! the file is for programs, see [`crate::export`] for spreadsheets.
use crate::export::{io_error, tag};
use crate::file::{HashingWriter, WriteError, unwritten, write_atomically};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use winback_core::defect::{Outcome, Problem};
use winback_core::digest::Digest;
use winback_core::feature::{FeatureColumn, FeatureTable, MISSING_CODE};
use winback_core::id::CustomerId;

/// What marks a feature whose values were invented for demonstration.
const SYNTHETIC: &str = "[synthetic]";

/// What one column of the file holds; its text form is the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName {
    /// The feature's name.
    pub feature: String,
    /// The word the column stands for, where the feature is a category.
    pub level: Option<String>,
    /// Whether the values were invented for demonstration.
    pub synthetic: bool,
}

impl ColumnName {
    /// Returns the column a header names.
    pub fn parse(text: &str) -> Self {
        let (name, level) = split_at_equals(text);
        let marked = name.strip_suffix(SYNTHETIC).filter(|name| !ends_escaped(name));
        let (name, synthetic) = marked.map_or((name, false), |name| (name, true));
        Self { feature: unescape(name), level: level.map(str::to_owned), synthetic }
    }
}

impl std::fmt::Display for ColumnName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.feature.replace('\\', "\\\\").replace('=', "\\=").replace(SYNTHETIC, "\\[synthetic]"))?;
        f.write_str(if self.synthetic { SYNTHETIC } else { "" })?;
        match &self.level {
            Some(level) => write!(f, "={level}"),
            None => Ok(()),
        }
    }
}

fn split_at_equals(text: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '=' => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

/// Returns whether what follows a text is escaped: it ends in an odd number of backslashes.
fn ends_escaped(text: &str) -> bool {
    text.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

fn unescape(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// Where the rows came from, as the sidecar tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The source file's name, without its folder.
    pub source_file: String,
    /// The source file's hash.
    pub source_sha256: Digest,
    /// The hash of the table's schema.
    pub schema_digest: Digest,
    /// The name of the id column.
    pub id_column: String,
    /// The name of the label column, where the table has one.
    pub label_column: Option<String>,
    /// How many cells each rule changed, filled or refused.
    pub rules: Vec<(Problem, Outcome, u64)>,
}

/// The sidecar `churn_features.schema.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// The version of this format.
    pub format: u32,
    /// The hash of the CSV file.
    pub csv_sha256: Digest,
    /// The length of the CSV file in bytes.
    pub csv_bytes: u64,
    /// The number of rows.
    pub rows: u64,
    /// The source file's name.
    pub source_file: String,
    /// The source file's hash.
    pub source_sha256: Digest,
    /// The hash of the table's schema.
    pub schema_digest: Digest,
    /// The hash of the features' names, kinds and groups.
    pub feature_digest: Digest,
    /// The columns of the file, in order.
    pub columns: Vec<SidecarColumn>,
    /// What the import did, counted.
    pub rules: Vec<SidecarRule>,
}

/// One column of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SidecarColumn {
    /// The header.
    pub name: String,
    /// `id`, `number`, `one_hot` or `label`.
    pub kind: String,
    /// The feature, where it is one.
    pub feature: Option<String>,
    /// The word, where the column stands for one.
    pub level: Option<String>,
    /// Whether the values were invented for demonstration.
    pub synthetic: bool,
}

/// How often one rule was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SidecarRule {
    /// What was found.
    pub problem: String,
    /// What was done.
    pub outcome: String,
    /// How often.
    pub count: u64,
}

/// Returns where the sidecar of a features file stands: `churn_features.schema.json`.
pub fn sidecar_path(path: &Path) -> PathBuf {
    path.with_extension("schema.json")
}

/// Writes the features of customers and the sidecar beside them; the same table gives the same bytes.
///
/// # Errors
/// When there is not one id per row, or a file cannot be written.
pub fn write_features(path: &Path, ids: &[CustomerId], table: &FeatureTable, origin: &Origin) -> Result<Sidecar, WriteError> {
    if ids.len() != table.rows() {
        let text = format!("{} ids for {} rows", ids.len(), table.rows());
        return Err(unwritten(path, io::Error::new(io::ErrorKind::InvalidInput, text)));
    }
    let columns = columns(table, origin);
    let (csv_sha256, csv_bytes) = write_atomically(path, |out| write_csv(out, ids, table, &columns))?;
    let rule =
        |(problem, outcome, count): &(Problem, Outcome, u64)| SidecarRule { problem: tag(problem), outcome: tag(outcome), count: *count };
    let sidecar = Sidecar {
        format: 1,
        csv_sha256,
        csv_bytes,
        rows: ids.len() as u64,
        source_file: origin.source_file.clone(),
        source_sha256: origin.source_sha256.clone(),
        schema_digest: origin.schema_digest.clone(),
        feature_digest: table.schema.digest(),
        columns,
        rules: origin.rules.iter().map(rule).collect(),
    };
    write_atomically(&sidecar_path(path), |out| {
        serde_json::to_writer_pretty(&mut *out, &sidecar)?;
        out.write_all(b"\n")
    })?;
    Ok(sidecar)
}

fn columns(table: &FeatureTable, origin: &Origin) -> Vec<SidecarColumn> {
    let plain =
        |name: &str, kind: &str| SidecarColumn { name: name.into(), kind: kind.into(), feature: None, level: None, synthetic: false };
    let mut columns = vec![plain(&origin.id_column, "id")];
    for (feature, column) in table.schema.features.iter().zip(&table.columns) {
        let named = |level: Option<&str>, kind: &str| {
            let name = ColumnName { feature: feature.name.clone(), level: level.map(str::to_owned), synthetic: feature.synthetic };
            SidecarColumn {
                name: name.to_string(),
                kind: kind.into(),
                feature: Some(name.feature),
                level: name.level,
                synthetic: name.synthetic,
            }
        };
        match column {
            FeatureColumn::Number(_) => columns.push(named(None, "number")),
            FeatureColumn::Category { levels, .. } => columns.extend(levels.iter().map(|level| named(Some(level), "one_hot"))),
        }
    }
    columns.extend(origin.label_column.as_deref().map(|label| plain(label, "label")));
    columns
}

fn write_csv(out: &mut dyn Write, ids: &[CustomerId], table: &FeatureTable, columns: &[SidecarColumn]) -> io::Result<(Digest, u64)> {
    let labelled = columns.last().is_some_and(|column| column.kind == "label");
    let mut csv = csv::WriterBuilder::new().buffer_capacity(256 * 1024).from_writer(HashingWriter::new(out));
    csv.write_record(columns.iter().map(|column| column.name.as_str())).map_err(io_error)?;
    let mut number = String::new();
    for (row, id) in ids.iter().enumerate() {
        csv.write_field(id.as_str()).map_err(io_error)?;
        for column in &table.columns {
            write_cells(&mut csv, column, row, &mut number)?;
        }
        if labelled {
            csv.write_field(flag(table.labels[row])).map_err(io_error)?;
        }
        csv.write_record(None::<&[u8]>).map_err(io_error)?;
    }
    csv.flush()?;
    Ok(csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?.finish())
}

fn flag(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "1",
        Some(false) => "0",
        None => "",
    }
}

fn write_cells<W: Write>(csv: &mut csv::Writer<W>, column: &FeatureColumn, row: usize, number: &mut String) -> io::Result<()> {
    use std::fmt::Write as _;
    match column {
        FeatureColumn::Number(values) => {
            number.clear();
            if !values[row].is_nan() {
                write!(number, "{}", values[row]).map_err(io::Error::other)?;
            }
            csv.write_field(number.as_str()).map_err(io_error)
        }
        FeatureColumn::Category { codes, levels } => {
            let code = codes[row];
            for level in 0..levels.len() {
                let value = (code != MISSING_CODE).then_some(usize::from(code) == level);
                csv.write_field(flag(value)).map_err(io_error)?;
            }
            Ok(())
        }
    }
}
