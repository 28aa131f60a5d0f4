//! Features, fit and scores with reasons on Telco-shaped rows, in memory: seconds and rows per second.
//!
//!     cargo bench -p winback-learn --bench churn -- rows.csv
//!
//! The file has the columns of the Telco table (`winback sample --rows 1000000 --out rows.csv`). Reading it into
//! customers is timed apart. `bench/churn_pipeline.py` runs this beside the Python peer in one run.
mod rows;
use rows::{Failure, read};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;
use winback_core::customer::Customer;
use winback_core::digest::Digest;
use winback_core::feature::{FeatureSchema, features};
use winback_core::model::{Background, Balance, ChurnTrainer, TrainOptions};
use winback_core::progress::Silent;
use winback_learn::{LogisticTrainer, RECOMMENDED_L2};

const TURNS: usize = 5;

fn main() -> Result<(), Failure> {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(file) = file else {
        return Err("name a file of Telco-shaped rows: cargo bench -p winback-learn --bench churn -- rows.csv".into());
    };
    let mut out = std::io::stdout().lock();
    let start = Instant::now();
    let mut customers: Vec<Customer> = Vec::new();
    let table = read(&file, |_, customer| {
        customers.push(customer);
        Ok(())
    })?;
    writeln!(out, "{} rows read in {:.2} s", customers.len(), start.elapsed().as_secs_f64())?;
    let schema = Arc::new(FeatureSchema::of(&table));
    let who: Vec<_> = customers.iter().map(|customer| (customer.position, customer.id.clone())).collect();
    let data = Digest::of(file.as_bytes());
    let background = Background::default();
    let options = TrainOptions { seed: 1, folds: 0, l2: RECOMMENDED_L2, data, background, balance: Balance::None };
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let mut laps = Vec::new();
        let mut lap = Instant::now();
        let mut stop = || laps.push(std::mem::replace(&mut lap, Instant::now()).elapsed().as_secs_f64());
        let columns = features(&table, &schema, &customers)?;
        stop();
        let trained = LogisticTrainer.train(&columns, &options, &Silent)?;
        stop();
        let assessed = trained.model.assess(&columns, &who)?;
        stop();
        assert_eq!(assessed.len(), customers.len());
        laps.push(laps.iter().sum());
        turns.push(laps);
    }
    for (place, name) in ["features", "train", "assess with reasons", "all three"].iter().enumerate() {
        let mut times: Vec<f64> = turns.iter().map(|laps| laps[place]).collect();
        times.sort_by(f64::total_cmp);
        let median = times[TURNS / 2];
        writeln!(out, "{name:20} {median:8.3} s  {:>12.0} rows/s", customers.len() as f64 / median)?;
    }
    Ok(())
}
