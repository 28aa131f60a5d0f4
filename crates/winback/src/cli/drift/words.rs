//! How two runs compare, as a table with what is to be said of it.
use crate::report;
use winback_core::customer::display_number;
use winback_core::drift::told::{Words, Writes, index, percent};
use winback_core::drift::{ColumnDrift, RunDrift};
use winback_core::locale::Locale;

/// Returns the comparison as text.
pub fn text(found: &RunDrift, locale: Locale) -> String {
    let words = Words::of(locale);
    let mut columns: Vec<&ColumnDrift> = found.drift.columns.iter().collect();
    columns.sort_by(|a, b| b.stability.psi.total_cmp(&a.stability.psi));
    let writes = Writes { number: &display_number, word: &str::to_owned };
    let row = |column: &&ColumnDrift| {
        let stability = &column.stability;
        let most = column.most.as_ref();
        let most = most.map(|most| format!("{} {} → {}", words.bin(&most.bin, &writes), percent(most.before), percent(most.now)));
        let reading = words.read(stability.reading).to_owned();
        vec![column.column.clone(), index(stability.psi), index(stability.chance), reading, most.unwrap_or_default()]
    };
    let header = [words.column, "PSI", words.chance, words.reading, words.most];
    let mut text = words.told(found, &str::to_owned);
    text.insert(1, report::table(&header, columns.iter().map(row)));
    text.push(words.how.to_owned());
    text.join("\n")
}
