//! Proposes a `schema.toml` from what a table's columns look like. Every guess is
//! marked, for a person to confirm.
mod guess;
mod sketch;
mod words;

use guess::{Guess, Kind, guess_columns};
pub use sketch::ColumnSketch;
use std::fmt::Write as _;
use winback_core::schema::Theme;

/// Why no schema can be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InferError {
    /// No column differs in every row.
    #[error(
        "no column can be the customer's id: each is sometimes empty, repeats a value, or is a number with decimals; add a column that names each customer"
    )]
    NoId,
    /// Every column but the id is text, a date, or always the same.
    #[error("no column can feed a model: besides the id there are only texts, dates and columns that never change")]
    NoFeature,
    /// Two columns have one name.
    #[error("two columns are called {0:?}; give each its own name")]
    SameName(String),
    /// A column has no name.
    #[error("column {0} has no name in the header")]
    NoName(usize),
}

/// What is known of the table as a whole.
#[derive(Clone, Copy, Debug)]
pub struct TableSketch<'a> {
    /// A short name: the file's, without its ending.
    pub name: &'a str,
    /// The character between cells.
    pub delimiter: u8,
    /// The currency to propose.
    pub currency: &'a str,
    /// The columns, in the order of the file.
    pub columns: &'a [ColumnSketch],
}

/// Returns the text of a schema that [`super::schema_file::parse`] reads.
pub fn infer(table: &TableSketch<'_>) -> Result<String, InferError> {
    check_names(table.columns)?;
    let guesses = guess_columns(table.columns);
    if !guesses.iter().any(|guess| guess.role == Some("id")) {
        return Err(InferError::NoId);
    }
    if !guesses.iter().any(Guess::is_feature) {
        return Err(InferError::NoFeature);
    }
    let mut text = String::new();
    write_head(&mut text, table, &guesses);
    for (sketch, guess) in table.columns.iter().zip(&guesses) {
        write_column(&mut text, sketch, guess);
    }
    write_group(&mut text, table.columns, &guesses);
    write_families(&mut text, table.columns, &guesses);
    Ok(text)
}

fn check_names(columns: &[ColumnSketch]) -> Result<(), InferError> {
    let mut seen = std::collections::HashSet::new();
    for (place, column) in columns.iter().enumerate() {
        if column.name.trim().is_empty() {
            return Err(InferError::NoName(place + 1));
        }
        if !seen.insert(column.name.trim().to_lowercase()) {
            return Err(InferError::SameName(column.name.clone()));
        }
    }
    Ok(())
}

/// Returns a text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{words}");
}

// Writing into a String cannot fail, so the results of `write!` are dropped below.
fn write_head(text: &mut String, table: &TableSketch<'_>, guesses: &[Guess]) {
    let rows = table.columns.iter().map(|column| column.rows).max().unwrap_or(0);
    let _ = writeln!(text, "# Proposed by `winback import --infer` from {rows} rows. Lines marked CONFIRM are guesses: a person");
    let _ = writeln!(text, "# who knows the table should read each, and take the mark away.");
    if !guesses.iter().any(|guess| guess.role == Some("label")) {
        let _ = writeln!(text, "# CONFIRM: no column looks like the answer to \"did the customer leave?\"; give it role = \"label\".");
    }
    let _ = writeln!(text, "\n[table]\nname = {}", quoted(table.name.trim()));
    let _ = writeln!(text, "delimiter = {}", quoted(&char::from(table.delimiter).to_string()));
    let _ = writeln!(text, "currency = {} # CONFIRM: the currency of every amount", quoted(table.currency));
    let peer = guesses.iter().position(|guess| guess.role.is_none() && matches!(&guess.kind, Kind::Category(levels) if levels.len() <= 6));
    if let Some(peer) = peer {
        let name = quoted(table.columns[peer].name.trim());
        let _ = writeln!(text, "peer_column = {name} # CONFIRM: customers are compared with others who have the same value here");
    }
}

fn write_column(text: &mut String, sketch: &ColumnSketch, guess: &Guess) {
    let list = |words: &[String]| format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "));
    let _ = writeln!(text, "\n# {}", sketch.summary());
    let _ = writeln!(text, "[[column]]\nname = {}\ntype = \"{}\"", quoted(sketch.name.trim()), guess.kind.word());
    match (&guess.unused, guess.role) {
        (Some(why), _) => line(text, format_args!("unused = {} # CONFIRM", quoted(why))),
        (None, Some(role)) => line(text, format_args!("role = \"{role}\" # CONFIRM")),
        (None, None) => {}
    }
    match &guess.kind {
        Kind::Flag { yes, no } => line(text, format_args!("yes = {} # CONFIRM\nno = {}", list(yes), list(no))),
        Kind::Category(levels) if !levels.is_empty() => {
            line(text, format_args!("levels = {} # CONFIRM: words that are not here are reported", list(levels)));
        }
        Kind::Number { min, max } => {
            line(text, format_args!("min = {min:?} # CONFIRM: values outside the limits are refused\nmax = {max:?}"));
        }
        _ => {}
    }
    if let Some(missing) = &guess.missing {
        let _ = writeln!(text, "missing = {missing} # CONFIRM: {} of {} cells were empty", sketch.empty, sketch.rows);
    }
    if guess.is_feature() {
        let _ = writeln!(text, "theme = \"{}\" # CONFIRM", guess.theme.tag());
    }
    let _ = writeln!(text, "label = {}", quoted(sketch.name.trim()));
}

/// Proposes that the time stayed and the total charged over it are one reason.
fn write_group(text: &mut String, columns: &[ColumnSketch], guesses: &[Guess]) {
    let find = |role| guesses.iter().position(|guess| guess.role == Some(role));
    if let (Some(tenure), Some(total)) = (find("tenure"), find("total_charge")) {
        let (tenure, total) = (quoted(columns[tenure].name.trim()), quoted(columns[total].name.trim()));
        let theme = Theme::Loyalty.tag();
        let _ = writeln!(text, "\n# CONFIRM: what was charged in total grows with the time stayed, so the two tell one reason.");
        let _ = writeln!(text, "[[group]]\nname = \"time-with-us\"\ncolumns = [{tenure}, {total}]\ntheme = \"{theme}\"");
    }
}

/// Proposes a family where columns hold a word such as "No internet service" and another is called InternetService.
fn write_families(text: &mut String, columns: &[ColumnSketch], guesses: &[Guess]) {
    for (parent, sketch) in columns.iter().enumerate() {
        let Some((child_value, answer)) = guess::family_words(sketch, &guesses[parent], guesses) else { continue };
        let holds = |guess: &Guess| matches!(&guess.kind, Kind::Category(levels) if levels.contains(&child_value));
        let children: Vec<String> = (0..columns.len())
            .filter(|&child| child != parent && holds(&guesses[child]))
            .map(|child| quoted(columns[child].name.trim()))
            .collect();
        if children.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n# CONFIRM: these columns only repeat that there is none of {}.", quoted(sketch.name.trim()));
        let _ = writeln!(text, "[[family]]\nparent = {}\nparent_value = {}", quoted(sketch.name.trim()), quoted(&answer));
        let _ = writeln!(text, "children = [{}]\nchild_value = {}", children.join(", "), quoted(&child_value));
    }
}

#[cfg(test)]
mod tests;
