//! Tables for people and their spreadsheets: the action list, the rejected rows.
use crate::file::{WriteError, write_atomically};
use std::borrow::Cow;
use std::io;
use std::path::Path;
use winback_core::customer::display_number;
use winback_core::defect::Defect;
use winback_core::money::Money;

/// One cell of an exported table.
#[derive(Clone, Debug, PartialEq)]
pub enum ExportCell<'a> {
    /// Text; what a spreadsheet would take for a formula is made harmless.
    Text(Cow<'a, str>),
    /// An id or another code: text, also where it looks like a number; harmless as [`ExportCell::Text`] is.
    Code(Cow<'a, str>),
    /// A telephone number of digits, with or without a `+` before them; nothing else may stand here.
    Dialled(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A number, written with as many decimals as it needs to be read back unchanged.
    Number(f64),
    /// A number for people, with at most two decimals.
    Rounded(f64),
    /// An amount as a plain decimal, without a currency sign.
    Money(Money),
    /// Nothing.
    Empty,
}

impl<'a> From<&'a str> for ExportCell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl ExportCell<'_> {
    pub(crate) fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) | Self::Code(text) => harmless(text),
            Self::Dialled(number) => number.as_ref().into(),
            Self::Integer(value) => value.to_string().into(),
            Self::Number(value) if value.is_nan() => "".into(),
            Self::Number(value) => value.to_string().into(),
            Self::Rounded(value) if value.is_nan() => "".into(),
            Self::Rounded(value) => display_number(*value).into(),
            Self::Money(money) => money.decimal().into(),
            Self::Empty => "".into(),
        }
    }
}

/// Puts an apostrophe before text that a spreadsheet would run as a formula (OWASP, "CSV Injection").
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// Writes a table as CSV, whole or not at all, and returns the number of rows.
pub fn write_table<'a>(path: &Path, header: &[&str], rows: impl IntoIterator<Item = Vec<ExportCell<'a>>>) -> Result<u64, WriteError> {
    write_atomically(path, |out| {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(header.iter().map(|name| harmless(name).into_owned())).map_err(io_error)?;
        let mut count = 0;
        for row in rows {
            csv.write_record(row.iter().map(|cell| cell.written().into_owned())).map_err(io_error)?;
            count += 1;
        }
        csv.flush()?;
        Ok(count)
    })
}

/// Returns what kept a row from being written, so that a full disk is told as one.
pub(crate) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes what was wrong with the rows of a file, one defect a line: never a value, only its class.
pub fn write_defects<'a>(path: &Path, defects: impl IntoIterator<Item = &'a Defect>) -> Result<u64, WriteError> {
    let header = ["line", "column", "column_name", "problem", "outcome", "detail"];
    write_table(path, &header, defects.into_iter().map(defect_cells))
}

fn defect_cells(defect: &Defect) -> Vec<ExportCell<'_>> {
    vec![
        ExportCell::Integer(i64::try_from(defect.line).unwrap_or(i64::MAX)),
        defect.column.map_or(ExportCell::Empty, |column| ExportCell::Integer(column.into())),
        defect.column_name.as_deref().map_or(ExportCell::Empty, ExportCell::from),
        ExportCell::Text(tag(&defect.problem).into()),
        ExportCell::Text(tag(&defect.outcome).into()),
        ExportCell::from(defect.detail.as_str()),
    ]
}

/// Returns the name a unit variant has in files: `not_a_number`.
pub(crate) fn tag(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(tag)) => tag,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_is_full_is_told_through_the_table() {
        let mut csv = csv::WriterBuilder::new().buffer_capacity(4).from_writer(Full);
        let error = io_error(csv.write_record(["more than the buffer holds"]).unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let mut ragged = csv::Writer::from_writer(Vec::new());
        ragged.write_record(["a"]).unwrap();
        assert!(io_error(ragged.write_record(["a", "b"]).unwrap_err()).to_string().contains("UnequalLengths"));
    }
}
