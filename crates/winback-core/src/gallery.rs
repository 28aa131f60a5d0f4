//! Adapters as people look at them: a card for each segment with its versions and how they learned, the evaluation of a
//! version, mails side by side, and which of two mails a person would rather send.
//!
//! [`evaluation`] holds what an evaluation found, [`gate`] decides by it whether a version may be put to use. The adapters
//! themselves lie in files that the binary reads; [`AdapterGallery`] is what the dashboard needs of them.
pub mod evaluation;
pub mod gate;
#[cfg(test)]
mod tests;

use crate::digest::Digest;
use crate::segment::SegmentId;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::error::Error;

pub use evaluation::{
    Comparison, EVALUATION_FORMAT, EvaluatedCase, Evaluation, Figure, MailWriter, Measure, OfWhat, SharedAdapter, WriterMarks, WrittenMail,
    is_chinese,
};

/// The adapters of one segment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdapterCard {
    /// Whose voice they are; `shared` for the adapter that learned from all segments' examples.
    pub segment: SegmentId,
    /// The version in use; `None` where the base writes.
    pub in_use: Option<String>,
    /// The versions, the oldest first.
    pub versions: Vec<AdapterVersion>,
    /// How many trainings were begun and are not done.
    pub trainings_under_way: usize,
    /// What is wrong with its folder, besides a version's.
    pub faults: Vec<String>,
}

/// One version of a segment's adapter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdapterVersion {
    /// Its name: `v1`.
    pub version: String,
    /// What it is and how it learned; else why its folder cannot be read.
    pub told: Result<AdapterFacts, String>,
}

/// What a version is and how it learned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdapterFacts {
    /// What the base is called.
    pub base: String,
    /// The hash of the base's weights.
    pub base_sha256: Digest,
    /// Whether it is a copy of the adapter that learned from all segments' examples.
    pub is_shared: bool,
    /// The rank of its matrices.
    pub rank: usize,
    /// How many examples it learned from.
    pub learned_from: usize,
    /// How many were kept back.
    pub kept_back: usize,
    /// The mean loss of the base on what was kept back, in nats a token.
    pub loss_before: f64,
    /// That of the version.
    pub loss_after: f64,
    /// The loss after each step, counted from 1, in nats a token: the curve.
    pub losses: Vec<(u32, f64)>,
    /// The steps after which what was kept back was tried, and its mean loss; the first before any step.
    pub trials: Vec<(u32, f64)>,
    /// The day it was made, where somebody told it.
    pub date: Option<String>,
    /// Whether there is an evaluation of exactly these files, or one that cannot be read.
    pub is_evaluated: bool,
}

/// Which of two mails to the same customer a person would rather send, not knowing who wrote which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The segment.
    pub segment: SegmentId,
    /// The version whose evaluation the mails are of.
    pub version: String,
    /// The customer, as [`EvaluatedCase::customer`] names it.
    pub customer: String,
    /// Who wrote the mail on the left.
    pub left: MailWriter,
    /// Who wrote the one on the right.
    pub right: MailWriter,
    /// Which one was chosen.
    pub choice: Choice,
    /// The hash of both mails ([`Vote::mails`]); absent in votes of before it was kept, of which nobody knows what they are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mails_sha256: Option<Digest>,
    /// When.
    pub when: Timestamp,
}

/// What a person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The mail on the left.
    Left,
    /// The mail on the right.
    Right,
    /// None of the two is better.
    Neither,
}

/// The votes that were read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// Those that could be read, in the order they were given.
    pub votes: Vec<Vote>,
    /// Lines that are no votes, counted from 1, with why: half a line where a machine stopped while it was written.
    pub damaged: Vec<(u64, String)>,
}

/// Why the gallery cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// There is no such adapter, evaluation or mail.
    #[error("{0}")]
    Unknown(String),
    /// An evaluation is there and cannot be read; the sentence names the file.
    #[error("{0}")]
    Damaged(String),
    /// A file cannot be read or written.
    #[error("the adapters cannot be {doing}")]
    Unavailable {
        /// `read` or `written`.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What the dashboard needs of adapters.
#[async_trait]
pub trait AdapterGallery: Send + Sync {
    /// Returns a card for each segment that has adapters, in the order of their names; none where there are none yet.
    async fn cards(&self) -> Result<Vec<AdapterCard>, GalleryError>;

    /// Returns what lies among the segments' folders and is none, each as a sentence.
    async fn strays(&self) -> Result<Vec<String>, GalleryError>;

    /// Returns the evaluation of a version; `None` where it has none, or one of other files than it has now.
    async fn evaluation(&self, segment: &SegmentId, version: &str) -> Result<Option<Evaluation>, GalleryError>;

    /// Keeps a vote, on the disk before this returns. A vote on mails that no evaluation holds is refused.
    async fn vote(&self, vote: Vote) -> Result<(), GalleryError>;

    /// Returns every vote.
    async fn votes(&self) -> Result<Votes, GalleryError>;
}

impl Vote {
    /// Returns the hash of two writers' mails to a customer, in the order in which they stand; `None` where one is absent.
    pub fn mails(case: &EvaluatedCase, [left, right]: [MailWriter; 2]) -> Option<Digest> {
        let [left, right] = [case.mail(left)?, case.mail(right)?];
        Some(Digest::of_parts([&left.text, &right.text].map(|text| text.as_bytes())))
    }

    /// Returns why a vote is none on the mails of an evaluation.
    pub fn fault(&self, of: &Evaluation) -> Option<String> {
        let Some(case) = of.cases.iter().find(|case| case.customer == self.customer) else {
            return Some(format!("the evaluation of {} of {} holds no mail to {:?}", self.version, self.segment, self.customer));
        };
        let missing = [self.left, self.right].into_iter().find(|writer| case.mail(*writer).is_none());
        let others = || format!("the mails to {:?} are others than the vote is on", self.customer);
        let others = (Self::mails(case, [self.left, self.right]) != self.mails_sha256).then(others);
        let same = (self.left == self.right).then(|| "the two mails of a vote are of two writers".to_owned());
        missing.map(|writer| format!("there is no mail of {writer} to {:?}", self.customer)).or(same).or(others)
    }
}
