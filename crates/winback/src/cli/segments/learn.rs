//! `winback segments learn`
use crate::cli::Place;
use crate::cli::segments::table::{self, Table};
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::stages::unread_code;
use anyhow::Context as _;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::export::{ExportCell, write_table};
use winback_connectors::file::write_atomically;
use winback_core::customer::{Cell, Customer, display_number};
use winback_core::schema::{ColumnIndex, Role, TableSchema};
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;
use winback_learn::artifact;
use winback_learn::classes::{ClassModel, ClassReport, Labels, file, likeliest, train, tree_options, validate};

/// In how many parts the table is held out, one after the other.
const FOLDS: usize = 5;

/// Learn segments from customers whose segment is known, tell how well, and put the others into them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table with labelled customers; those without a label are put into segments. With --model, the customers to put
    /// into the segments of that file
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The column that names the segment
    #[arg(long, value_name = "COLUMN", required_unless_present = "model")]
    pub label: Option<String>,
    /// The segments that labels may name, with commas; any other label is asked about [default: those of 20 rows or more]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = SegmentId::parse)]
    pub segments: Vec<SegmentId>,
    /// What the columns are [default: guessed from the file]
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Decides on all that is drawn; the same seed gives the same segments
    #[arg(long, default_value_t = 20_260_101)]
    pub seed: u64,
    /// Write every customer's segment and its probability into this CSV file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Keep what was learned in this file, for --model
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Put customers into the segments that this file holds, instead of learning
    #[arg(long, value_name = "FILE", conflicts_with_all = ["label", "segments", "save", "seed"])]
    pub model: Option<PathBuf>,
}

/// Learns, tells how well, and writes.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    match (&args.model, &args.label) {
        (Some(model), _) => assign(at, args, model),
        (None, Some(label)) => learn(at, args, label),
        (None, None) => Err(stop(Exit::Usage, "neither --label nor --model is named", "--label COLUMN names the column of the segments")),
    }
}

/// Puts the customers of a table into the segments of a file.
fn assign(at: &Place, args: &Args, path: &Path) -> anyhow::Result<ExitCode> {
    const HINT: &str = "winback segments learn --data FILE --label COLUMN --save FILE makes such a file anew";
    let bytes = artifact::load(path).or_hint(unread_code(path), HINT)?;
    let model = file::read(&bytes).with_context(|| format!("{} was refused", path.display())).or_hint(Exit::BadInput, HINT)?;
    let table = table::read(&args.data, args.schema.as_ref(), |_| Ok(()))?;
    let hint = "the file of customers needs the columns of the one that was learned from; --schema says what they are";
    let shares = model.assign(&table.features).or_hint(Exit::BadInput, hint)?;
    if let Some(out) = &args.out {
        write(out, &table, (&model, &shares), &vec![None; shares.len()])?;
    }
    let mut customers = vec![0_u64; model.names.len()];
    shares.iter().for_each(|shares| customers[likeliest(shares)] += 1);
    let counts: Vec<(&SegmentId, u64)> = model.names.iter().zip(customers).collect();
    let told: Vec<serde_json::Value> = counts.iter().map(|(name, count)| json!({ "segment": name, "customers": count })).collect();
    report::print(at.json, &json!({ "customers": shares.len(), "segments": told }), || {
        let rows = counts.iter().map(|(name, count)| vec![name.to_string(), report::count(*count)]);
        report::table(&["segment", "customers"], rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn learn(at: &Place, args: &Args, name: &str) -> anyhow::Result<ExitCode> {
    let mut label = 0;
    let table = table::read(&args.data, args.schema.as_ref(), |schema| {
        label = take_label(schema, name)?;
        Ok(())
    })?;
    let texts: Vec<Option<String>> = table.customers.iter().map(|customer| text_of(customer, label)).collect();
    let known = (!args.segments.is_empty()).then_some(args.segments.as_slice());
    let labels = Labels::of(&texts, known).or_hint(Exit::BadInput, "--segments A,B,C names the segments that labels may name")?;
    let (options, hint) = (tree_options(args.seed), "winback import --infer shows which columns can be learned from");
    let told = validate(&table.features, &labels, &options, FOLDS).or_hint(Exit::BadInput, hint)?;
    if args.out.is_some() || args.save.is_some() {
        let model = train(&table.features, &labels, &options, |_| false).or_hint(Exit::BadInput, hint)?;
        if let Some(out) = &args.out {
            write(out, &table, (&model, &model.probabilities(&table.features)), &texts)?;
        }
        if let Some(path) = &args.save {
            let bytes = file::write(&model).or_exit(Exit::BadInput)?;
            write_atomically(path, |out| out.write_all(&bytes)).or_hint(Exit::Storage, "name a file in a folder that can be written")?;
        }
    }
    let without = texts.iter().filter(|text| text.is_none()).count();
    report::print(at.json, &json!({ "report": told, "without_label": without }), || text(&told, without))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the column of the label out of what is learned from.
fn take_label(schema: &mut TableSchema, name: &str) -> anyhow::Result<ColumnIndex> {
    let Some(label) = schema.index_of(name) else {
        let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean --label {near}?"),
            None => format!("its columns are {}", names.join(", ")),
        };
        return Err(stop(Exit::Usage, format!("the table has no column {name:?}"), hint));
    };
    if schema.columns[label].role == Role::Id {
        return Err(stop(
            Exit::Usage,
            format!("the column {name:?} names the customers, not their segments"),
            "name another column with --label",
        ));
    }
    schema.columns[label].role = Role::Segment;
    Ok(label)
}

fn text_of(customer: &Customer, label: ColumnIndex) -> Option<String> {
    match customer.cells.get(label)? {
        Cell::Category(word) | Cell::Text(word) => Some(word.to_string()),
        Cell::Flag(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Cell::Number(value) => Some(display_number(*value)),
        Cell::Money(_) | Cell::Missing => None,
    }
}

fn write(out: &Path, table: &Table, (model, shares): (&ClassModel, &[Vec<f64>]), texts: &[Option<String>]) -> anyhow::Result<()> {
    let rows = table.customers.iter().zip(shares).zip(texts).map(|((customer, shares), text)| {
        let best = likeliest(shares);
        vec![
            ExportCell::Code(customer.id.as_str().into()),
            ExportCell::Text(model.names[best].as_str().into()),
            ExportCell::Rounded(shares[best]),
            text.as_deref().map_or(ExportCell::Empty, ExportCell::from),
        ]
    });
    write_table(out, &["customer_id", "segment", "probability", "label"], rows).or_exit(Exit::Storage)?;
    Ok(())
}

fn text(told: &ClassReport, without: usize) -> String {
    let share = |share: f64| format!("{:.1}%", 100.0 * share);
    let folds = told.fold_accuracy.iter().map(|one| share(*one)).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "{} labelled customers of {} segments. Of customers held out, {} are told rightly ({folds} in {} parts; {} by naming the largest \
         segment every time); log loss {:.4}.\n",
        report::count(told.customers),
        told.names.len(),
        share(told.accuracy),
        told.fold_accuracy.len(),
        share(told.baseline),
        told.log_loss
    );
    let head: Vec<String> = ["is \\ taken for".to_owned()].into_iter().chain(told.names.iter().map(ToString::to_string)).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).chain(["told rightly"]).collect();
    let rows = told.names.iter().zip(&told.confusion).enumerate().map(|(at, (name, row))| {
        let all: u64 = row.iter().sum();
        let counts = row.iter().map(|count| report::count(*count));
        [name.to_string()].into_iter().chain(counts).chain([share(row[at] as f64 / all.max(1) as f64)]).collect()
    });
    text.push_str(&format!("\n{}\n", report::table(&head, rows)));
    if without > 0 {
        text.push_str(&format!("\n{} customers have no label; --out FILE writes the segment of each.\n", report::count(without as u64)));
    }
    text
}
