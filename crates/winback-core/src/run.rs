//! A run: one pass over one file, from import to messages.
use crate::digest::Digest;
use crate::id::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One pass over one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The number.
    pub id: RunId,
    /// What makes the run what it is.
    pub origin: RunOrigin,
    /// When it began.
    pub started_at: Timestamp,
    /// The stages that are done, in order.
    pub stages: Vec<StageReport>,
}

/// What makes a run what it is. Two runs of equal origin do the same work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOrigin {
    /// The file's name, without its folder.
    pub source: String,
    /// The hash of the file.
    pub source_digest: Digest,
    /// The hash of schema, offers, thresholds and every other setting that changes a result.
    pub settings_digest: Digest,
    /// The settings themselves, as JSON, so that the run can be shown later as it was.
    pub settings: String,
}

/// The steps of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Rows became customers.
    Import,
    /// A model was trained, or an earlier one taken.
    Train,
    /// Customers were scored.
    Assess,
    /// Offers were chosen.
    Plan,
    /// Messages were written.
    Write,
}

impl Stage {
    /// Returns the name used in files: `import`.
    pub fn tag(self) -> &'static str {
        match self {
            Stage::Import => "import",
            Stage::Train => "train",
            Stage::Assess => "assess",
            Stage::Plan => "plan",
            Stage::Write => "write",
        }
    }
}

/// What a finished stage reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// The stage.
    pub stage: Stage,
    /// When it was done.
    pub finished_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The verb's report, as JSON.
    pub report: serde_json::Value,
}

impl Run {
    /// Returns whether a stage is done.
    pub fn has(&self, stage: Stage) -> bool {
        self.report(stage).is_some()
    }

    /// Returns the report of a finished stage.
    pub fn report(&self, stage: Stage) -> Option<&StageReport> {
        self.stages.iter().find(|report| report.stage == stage)
    }
}

/// How many customers each stage of a run has done, read from what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunProgress {
    /// Customers stored.
    pub customers: u64,
    /// Rows of the file that were dealt with, rejected ones included.
    pub source_rows: u64,
    /// Customers assessed.
    pub assessed: u64,
    /// Customers with a plan.
    pub planned: u64,
    /// Customers written for or held.
    pub written: u64,
}
