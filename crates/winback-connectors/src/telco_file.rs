//! The public Telco table, put into `data/raw/` by hand: found under the names it is handed out with.
use crate::file::Fingerprint;
use std::path::{Path, PathBuf};
use winback_core::pipeline::import::SourceError;

/// The names the table goes by: Kaggle's, IBM's copy, and this project's.
pub const TELCO_FILE_NAMES: [&str; 3] = ["WA_Fn-UseC_-Telco-Customer-Churn.csv", "Telco-Customer-Churn.csv", "telco-customer-churn.csv"];

/// The SHA-256 of the table with 7,043 rows as it is usually handed out.
pub const TELCO_SHA256: &str = "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91";

/// The table, and which file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelcoFile {
    /// Where it stands.
    pub path: PathBuf,
    /// Its hash and length.
    pub fingerprint: Fingerprint,
    /// Whether the hash is [`TELCO_SHA256`]; another one may be a copy with other line ends, or half a download.
    pub known: bool,
}

/// Why the table was not found.
#[derive(Debug, thiserror::Error)]
pub enum TelcoFileError {
    /// It is not in the folder.
    #[error(
        "{folder}: the Telco table is not here; download it from Kaggle (blastchar/telco-customer-churn) and put {} into this folder, or run \"winback data fetch telco\"",
        TELCO_FILE_NAMES[0]
    )]
    Absent {
        /// The folder.
        folder: String,
    },
    /// It is there and cannot be read.
    #[error("the Telco table cannot be read")]
    Unread(#[from] SourceError),
}

/// Finds the Telco table in a folder, under the first of [`TELCO_FILE_NAMES`] that is there in any case.
pub fn find_telco(folder: &Path) -> Result<TelcoFile, TelcoFileError> {
    let absent = || TelcoFileError::Absent { folder: folder.display().to_string() };
    let mut names: Vec<String> =
        std::fs::read_dir(folder).map_err(|_| absent())?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let named = |wanted: &&str| names.iter().find(|name| name.eq_ignore_ascii_case(wanted));
    let name = TELCO_FILE_NAMES.iter().find_map(named).ok_or_else(absent)?;
    let path = folder.join(name);
    let fingerprint = Fingerprint::of(&path)?;
    let known = fingerprint.sha256.0 == TELCO_SHA256;
    Ok(TelcoFile { path, fingerprint, known })
}
