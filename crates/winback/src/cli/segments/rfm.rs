//! `winback segments rfm`
use crate::cli::{Language, Place};
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::stages::unread_code;
use jiff::civil::Date;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use winback_connectors::export::{ExportCell, write_table};
use winback_connectors::orders::{Orders, read_orders};
use winback_core::locale::Locale;
use winback_core::segment::rfm::{RfmKind, RfmScore, RfmTable, rfm};

/// Score customers by recency, frequency and amount of their orders
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A table of orders: customer_id, date, amount, separated by commas, semicolons, tabs or white space
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The day that counts; later orders do not [default: the day of the last order]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// The language
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// Write each customer's scores into this CSV file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Scores and tells.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let read = read_orders(&args.data).or_hint(unread_code(&args.data), "docs/data.md tells what an order file holds")?;
    let Some(last) = read.orders.iter().map(|order| order.date).max() else {
        let first = read.defects.first().map(|defect| format!(": {defect}")).unwrap_or_default();
        return Err(stop(
            Exit::BadInput,
            format!("{}: no order could be read{first}", args.data.display()),
            "docs/data.md tells what an order file holds",
        ));
    };
    let day = args.as_of.unwrap_or(last);
    let table = rfm(&read.orders, day);
    let locale: Locale = args.lang.into();
    if let Some(out) = &args.out {
        let header = ["customer_id", "days", "purchases", "spent", "R", "F", "M", "segment"];
        write_table(out, &header, table.scores.iter().map(|one| row(one, locale))).or_exit(Exit::Storage)?;
    }
    let told = json!({ "as_of": day, "rows": read.rows, "rejected": read.defects.len(), "rfm": table });
    report::print(at.json, &told, || text(&read, &table, day, locale))?;
    Ok(if read.defects.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Partial as u8) })
}

fn row(one: &RfmScore, locale: Locale) -> Vec<ExportCell<'static>> {
    vec![
        ExportCell::Code(one.customer.as_str().to_owned().into()),
        ExportCell::Integer(one.days.into()),
        ExportCell::Integer(one.purchases.into()),
        ExportCell::Number(one.spent_cents as f64 / 100.0),
        ExportCell::Integer(one.recency.into()),
        ExportCell::Integer(one.frequency.into()),
        ExportCell::Integer(one.monetary.into()),
        one.kind.name(locale).into(),
    ]
}

fn text(read: &Orders, table: &RfmTable, day: Date, locale: Locale) -> String {
    let all = table.scores.len().max(1) as f64;
    let kinds = RfmKind::ALL.into_iter().map(|kind| {
        let of: Vec<&RfmScore> = table.scores.iter().filter(|one| one.kind == kind).collect();
        let count = of.len().max(1) as f64;
        let mean = |value: &dyn Fn(&RfmScore) -> f64| format!("{:.1}", of.iter().map(|one| value(one)).sum::<f64>() / count);
        let share = format!("{:.1}%", 100.0 * of.len() as f64 / all);
        let means = [mean(&|one| f64::from(one.days)), mean(&|one| f64::from(one.purchases)), mean(&|one| one.spent_cents as f64 / 100.0)];
        let mut row = vec![kind.name(locale).to_owned(), report::count(of.len() as u64), share];
        row.extend(if of.is_empty() { Default::default() } else { means });
        row
    });
    let mut text = format!(
        "{} orders, {} customers scored as of {day}; 5 is best, equal customers have equal scores.\n{}\n",
        report::count(read.orders.len() as u64),
        report::count(table.scores.len() as u64),
        report::table(&["segment", "customers", "share", "days since", "purchases", "spent"], kinds)
    );
    let bought = [
        (table.bought_once, "customers bought once and share one frequency score, so that the fifths of frequency are unequal"),
        (table.without_purchase, "customers have no day on which they paid anything, and no score"),
        (table.later_orders, "orders are later than that day and do not count"),
        (read.defects.len() as u64, "rows cannot be read and are left out"),
    ];
    for (count, what) in bought.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("{} {what}\n", report::count(*count)));
    }
    read.defects.iter().take(5).for_each(|defect| text.push_str(&format!("  {defect}\n")));
    text
}
