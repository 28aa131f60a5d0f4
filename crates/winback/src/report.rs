//! What a command prints when it is done: a short table for people, JSON for programs.
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{self, Write};
use winback_core::money::group_thousands;

/// Prints a report: as JSON when asked, else as text.
pub fn print(json: bool, report: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let shown = if json { serde_json::to_string_pretty(report)? } else { text() };
    line(&shown)
}

/// Writes a text and a line end to standard output. A reader that has gone away is no error.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Returns rows as a table without borders.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !header.is_empty() {
        table.set_header(header.iter().map(|title| title.to_uppercase()));
    }
    table.add_rows(rows);
    table.to_string().lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

/// Returns a count as people read it: `7,043`.
pub fn count(number: u64) -> String {
    group_thousands(&number.to_string())
}

/// Returns milliseconds as people read them: `0.8 s`, `2 min 5 s`.
pub fn seconds(duration_ms: u64) -> String {
    match duration_ms {
        0..=59_999 => format!("{:.1} s", duration_ms as f64 / 1000.0),
        _ => format!("{} min {} s", duration_ms / 60_000, duration_ms % 60_000 / 1000),
    }
}
