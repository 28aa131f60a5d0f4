//! What is summed over mails.
use crate::text_metrics::{BleuCounts, ChrfCounts, Perplexity};
use std::ops::AddAssign;
use winback_core::gallery::Measure;

/// The most nats a token that a perplexity is told of: beyond it nothing is foreseen at all, and e to it is still a number.
const MOST_SURPRISE: f64 = 300.0;

/// What is summed over the mails of one writer. Those of customers add up to that of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// The mails.
    pub mails: u64,
    /// How surprised the writer was by the references.
    pub references: Perplexity,
    /// What is counted for BLEU.
    pub bleu: BleuCounts,
    /// What is counted for chrF.
    pub chrf: ChrfCounts,
    /// The mails whose slots were looked at, and those in which they were right.
    pub slots: [u64; 2],
    /// The mails that were reviewed, and those that passed.
    pub reviews: [u64; 2],
    /// Their words.
    pub words: u64,
    /// Whether the mails are compared with references; not where they are the references.
    pub is_compared: bool,
}

impl Sums {
    /// Returns a measure of all that was summed; `None` where it was not measured.
    pub fn measure(&self, measure: Measure) -> Option<f64> {
        let share = |[of, passed]: [u64; 2]| (of > 0).then(|| passed as f64 / of as f64);
        match measure {
            Measure::Perplexity => {
                let Perplexity { tokens, surprise } = self.references;
                (tokens > 0).then(|| (surprise / tokens as f64).min(MOST_SURPRISE).exp())
            }
            Measure::Chrf => self.is_compared.then(|| self.chrf.score()),
            Measure::Bleu => self.is_compared.then(|| self.bleu.score()),
            Measure::SlotPass => share(self.slots),
            Measure::ReviewPass => share(self.reviews),
            Measure::Words => (self.mails > 0).then(|| self.words as f64 / self.mails as f64),
        }
    }
}

impl AddAssign<&Self> for Sums {
    fn add_assign(&mut self, other: &Self) {
        self.mails += other.mails;
        self.references += &other.references;
        self.bleu += &other.bleu;
        self.chrf += &other.chrf;
        for at in 0..2 {
            self.slots[at] += other.slots[at];
            self.reviews[at] += other.reviews[at];
        }
        self.words += other.words;
        self.is_compared |= other.is_compared;
    }
}
