//! Rows a second and peak memory of reading a large Telco-shaped file.
//!
//! `cargo bench -p winback-connectors --bench read_csv [-- FILE.csv]`; without a file
//! it makes a million rows of 21 columns.
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use winback_connectors::csv::CsvSource;
use winback_connectors::file::Fingerprint;
use winback_core::pipeline::import::CustomerSource as _;

#[path = "../tests/it/telco.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::print_stderr, reason = "the bench needs only the schema of what the tests share")]
mod telco;

const ROWS: usize = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let given = std::env::args().skip(1).find(|argument| argument.ends_with(".csv")).map(PathBuf::from);
    let path = match given {
        Some(path) => path,
        None => make_rows(folder.path())?,
    };
    let began = Instant::now();
    let fingerprint = Fingerprint::of(&path)?;
    let hashed = began.elapsed();
    let megabytes = fingerprint.bytes as f64 / 1e6;
    let began = Instant::now();
    let mut source = CsvSource::open(&path, &telco::schema(), fingerprint)?;
    let (mut rows, mut defects) = (0, 0);
    loop {
        let page = source.next_page(4096)?;
        if page.source_rows == 0 {
            break;
        }
        rows += page.source_rows;
        defects += page.defects.len();
    }
    let read = began.elapsed();
    let out = &mut std::io::stdout();
    writeln!(out, "{rows} rows, {megabytes:.0} MB, {defects} defects")?;
    writeln!(
        out,
        "hash {:.2} s, read {:.2} s, {:.0} rows/s, peak memory {}",
        hashed.as_secs_f64(),
        read.as_secs_f64(),
        rows as f64 / read.as_secs_f64(),
        peak_memory()
    )?;
    Ok(())
}

fn make_rows(folder: &Path) -> std::io::Result<PathBuf> {
    let path = folder.join("rows.csv");
    let mut out = BufWriter::new(std::fs::File::create(&path)?);
    writeln!(
        out,
        "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,PaymentMethod,MonthlyCharges,TotalCharges,Churn"
    )?;
    for row in 0..ROWS {
        let (tenure, cents) = (row % 73, 1800 + row * 7 % 10_000);
        let total = if tenure == 0 { " ".to_owned() } else { format!("{:.2}", (tenure * cents) as f64 / 100.0) };
        let contract = ["Month-to-month", "One year", "Two year"][row % 3];
        let pay = ["Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)"][row % 4];
        let yes = ["Yes", "No"][row % 2];
        let monthly = cents as f64 / 100.0;
        writeln!(
            out,
            "{row:08}-SYN,Male,{},{yes},No,{tenure},Yes,No,Fiber optic,{yes},No,No,{yes},No,Yes,{contract},{yes},{pay},{monthly:.2},{total},{yes}",
            row % 2
        )?;
    }
    out.into_inner()?.sync_all()?;
    Ok(path)
}

/// Returns the most memory the process has held, as the system tells it; `unknown` elsewhere than on Linux.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown", str::trim).to_owned()
}
