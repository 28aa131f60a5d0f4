//! Boosted trees on Telco-shaped rows, in memory: fit, scores and exact reasons for all rows; seconds, rows per second
//! and the most memory used.
//!
//!     cargo bench -p winback-learn --bench trees -- rows.csv [turns]
//!
//! The file has the columns of the Telco table (`winback sample --rows 1000000 --out rows.csv`). 200 trees of depth 4,
//! up to 254 bins, every row and column for every tree. `bench/trees.py` runs XGBoost and shap beside this.
mod rows;
use rayon::prelude::*;
use rows::{Failure, read, table};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;
use winback_core::feature::{FeatureBuilder, FeatureSchema, FeatureTable};
use winback_learn::tree::shap::{Explainer, Untold};
use winback_learn::tree::{BoostingOptions, Ensemble, Scorer, TreeOptions, fit};

const OPTIONS: BoostingOptions = BoostingOptions {
    trees: 200,
    bags: 1,
    max_depth: 4,
    rate: 0.05,
    lambda: 1.0,
    gamma: 0.0,
    min_weight: 1.0,
    row_share: 1.0,
    column_share: 1.0,
    word_smoothing: 10.0,
    bins: 254,
    seed: 1,
};
/// How many rows a thread explains at a time.
const CHUNK: usize = 4_096;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(file) = arguments.next() else {
        return Err("name a file of Telco-shaped rows: cargo bench -p winback-learn --bench trees -- rows.csv".into());
    };
    let turns: usize = arguments.next().map_or(Ok(3), |turns| turns.parse())?;
    let table = features(&file)?;
    let (rows, labelled) = (table.rows(), (0..table.rows() as u32).collect::<Vec<_>>());
    let mut laps: [Vec<f64>; 4] = Default::default();
    for _ in 0..turns {
        let mut lap = Instant::now();
        let mut stop = |place: usize| laps[place].push(std::mem::replace(&mut lap, Instant::now()).elapsed().as_secs_f64());
        let ensemble = fit(&table, &labelled, &TreeOptions::Boosting(OPTIONS), &|_| None)?;
        stop(0);
        let codes = ensemble.encode(&table);
        let scores = Scorer::of(&ensemble).log_odds(&codes, rows);
        stop(1);
        let (base, reasons) = explain(&ensemble, &table);
        stop(2);
        let added = reasons.iter().flat_map(|part| part.chunks(table.schema.groups.len())).map(|row| base + row.iter().sum::<f64>());
        let furthest = added.zip(&scores).map(|(sum, score)| (sum - score).abs()).fold(0.0, f64::max);
        assert!(furthest <= 1e-9, "reasons add up within {furthest}");
        let start = Instant::now();
        explain(&ensemble, &row_of(&table, rows / 2));
        laps[3].push(start.elapsed().as_secs_f64());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{rows} rows, {} threads, {turns} turns, medians", rayon::current_num_threads())?;
    let [.., single] = &mut laps;
    single.sort_by(f64::total_cmp);
    writeln!(out, "tables and one row   {:8.3} s", single[single.len() / 2])?;
    for (name, times) in ["fit", "predict", "explain"].iter().zip(&mut laps) {
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        writeln!(out, "{name:20} {median:8.3} s  {:>12.0} rows/s", rows as f64 / median)?;
    }
    writeln!(out, "peak memory          {:8.0} MiB", peak_mib()?)?;
    Ok(())
}

/// Returns the base and the reasons of all rows.
fn explain(ensemble: &Ensemble, table: &FeatureTable) -> (f64, Vec<Vec<f64>>) {
    let explainer = Explainer::of(ensemble, &table.schema, Untold::PathDependent);
    let codes = ensemble.encode(table);
    let chunks = (0..table.rows()).into_par_iter().step_by(CHUNK);
    (explainer.base(), chunks.map(|from| explainer.explain(&codes, from..(from + CHUNK).min(table.rows()))).collect())
}

fn features(file: &str) -> Result<FeatureTable, Failure> {
    let known = table(csv::Reader::from_path(file)?.headers()?)?;
    let mut builder = FeatureBuilder::new(&known, Arc::new(FeatureSchema::of(&known)));
    read(file, |_, customer| Ok(builder.push(&customer)?))?;
    Ok(builder.finish())
}

fn row_of(table: &FeatureTable, row: usize) -> FeatureTable {
    use winback_core::feature::FeatureColumn::{Category, Number};
    let columns = table.columns.iter().map(|column| match column {
        Number(values) => Number(vec![values[row]]),
        Category { codes, levels } => Category { codes: vec![codes[row]], levels: levels.clone() },
    });
    FeatureTable { schema: table.schema.clone(), columns: columns.collect(), labels: vec![None] }
}

/// Returns the most memory the process ever held (Linux).
fn peak_mib() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0)
}
