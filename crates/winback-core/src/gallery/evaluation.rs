//! What an evaluation of a version found, on examples that nobody learned from.
use crate::digest::Digest;
use crate::example::MailSource;
use crate::locale::Locale;
use crate::segment::SegmentId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The form of evaluations that is written. Those of form 1 have narrower intervals of shares than they should.
pub const EVALUATION_FORMAT: u32 = 2;

/// What was found of a version: each writer's figures, what sets the version apart from the others, and every mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The form, [`EVALUATION_FORMAT`].
    pub format: u32,
    /// The segment.
    pub segment: SegmentId,
    /// The version: `v1`.
    pub version: String,
    /// What exactly was evaluated.
    pub of: OfWhat,
    /// How many customers' mails were measured.
    pub customers: usize,
    /// How many examples, of which a customer may have several.
    pub examples: usize,
    /// How many customers' examples are in a language that is known; the passes of slots are of them alone.
    pub slotted: usize,
    /// How many customers' examples carry what a review needs; the passes of the review are of them alone.
    pub reviewed: usize,
    /// How the newest shared adapter stands to the version.
    pub shared: SharedAdapter,
    /// What a reader must know: what was left out and why, what could not be measured.
    pub notes: Vec<String>,
    /// The figures of each writer: the base, the shared adapter where there is one, the version, the reference.
    pub writers: Vec<WriterMarks>,
    /// The version against the base, and against the shared adapter.
    pub comparisons: Vec<Comparison>,
    /// The mails, customer by customer.
    pub cases: Vec<EvaluatedCase>,
}

/// What exactly an evaluation is of; another hash of any of these is another evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfWhat {
    /// The examples, those learned from included, as the version's manifest has it.
    pub data_sha256: Digest,
    /// The base's weights.
    pub base_sha256: Digest,
    /// The files of the version.
    pub adapter_sha256: Digest,
    /// The files of the newest shared adapter, compared or not; `None` where there was none.
    pub shared_sha256: Option<Digest>,
    /// The wordings by which mails were reviewed.
    pub words_sha256: Digest,
    /// The numbers and instructions that computed it: `bf16 avx2`.
    pub numerics: String,
    /// What every draw depends on.
    pub seed: u64,
    /// How many resamples the intervals are of.
    pub resamples: u32,
}

/// How the newest shared adapter stands to a version that is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedAdapter {
    /// There is none for this base.
    Absent,
    /// It wrote to the same customers.
    Compared,
    /// The version is a copy of it.
    Copied,
    /// It is there for this base and was left out, since it may know these customers.
    LeftOut,
}

/// Who writes a mail of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailWriter {
    /// The model without an adapter.
    Base,
    /// The adapter that learned from all segments' examples.
    Shared,
    /// The version that is evaluated.
    Adapter,
    /// Whoever wrote the example: the built-in writer, or the company.
    Reference,
    /// The built-in writer, beside a mail that the company once sent.
    BuiltIn,
}

impl MailWriter {
    /// Every writer, in the order of a table.
    pub const ALL: [Self; 5] = [Self::Base, Self::Shared, Self::Adapter, Self::Reference, Self::BuiltIn];

    /// Returns the name in files: `base`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Shared => "shared",
            Self::Adapter => "adapter",
            Self::Reference => "reference",
            Self::BuiltIn => "built_in",
        }
    }
}

impl fmt::Display for MailWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "the base",
            Self::Shared => "the shared adapter",
            Self::Adapter => "the version",
            Self::Reference => "the reference",
            Self::BuiltIn => "the built-in writer",
        })
    }
}

/// What is measured of mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How surprised the writer is by the reference mails, a token: e to the mean of −ln p. The lower, the better.
    Perplexity,
    /// chrF with the reference mails, 0 to 100 (Popović 2015).
    Chrf,
    /// BLEU with the reference mails, 0 to 100 (Papineni et al. 2002); words by the language, `13a` or `zh`.
    Bleu,
    /// The share of mails that are in the mail form, with every slot once where it belongs and no marker of nothing.
    SlotPass,
    /// The share of mails that pass the review: every claim bound to a fact, every word accounted for.
    ReviewPass,
    /// The mean length, in words; of Chinese each character is one.
    Words,
}

impl Measure {
    /// Every measure, in the order of a table.
    pub const ALL: [Self; 6] = [Self::Perplexity, Self::Chrf, Self::Bleu, Self::SlotPass, Self::ReviewPass, Self::Words];

    /// Returns the name on the screen: `slot-pass`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Perplexity => "perplexity",
            Self::Chrf => "chrF",
            Self::Bleu => "BLEU",
            Self::SlotPass => "slot-pass",
            Self::ReviewPass => "claim-pass",
            Self::Words => "words",
        }
    }

    /// Returns whether it is a share, from 0 to 1.
    pub fn is_share(self) -> bool {
        matches!(self, Self::SlotPass | Self::ReviewPass)
    }
}

/// A value with its 95 % interval: for a share that of [`crate::interval`], for all else the percentiles of a bootstrap over
/// customers (Efron 1979; Koehn 2004 for texts).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The value of all customers.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// The figures of one writer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriterMarks {
    /// Who.
    pub writer: MailWriter,
    /// What was measured; what could not be is absent.
    pub figures: BTreeMap<Measure, Figure>,
    /// The share of different words among all, of all mails together.
    pub distinct_1: f64,
    /// The share of different pairs of neighbours.
    pub distinct_2: f64,
    /// How many mails were cut off because they came to no end.
    pub cut_off: usize,
}

/// What sets the version apart from another writer, on the same customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The other writer.
    pub with: MailWriter,
    /// The version's figure less the other's, with the interval of the difference.
    pub differences: BTreeMap<Measure, Figure>,
}

/// One customer's mails side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedCase {
    /// The customer's id, or `line 12` of the examples where they name none. Of several mails to one customer the second
    /// is called `A-1 (2)`.
    pub customer: String,
    /// The language, where it is known.
    pub locale: Option<Locale>,
    /// The hash of what was asked.
    pub prompt_sha256: Digest,
    /// Who wrote the reference, where it is known.
    pub source: Option<MailSource>,
    /// The mails, at most one of each writer.
    pub mails: Vec<WrittenMail>,
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenMail {
    /// Who wrote it.
    pub writer: MailWriter,
    /// The mail as it was written, with slots and markers.
    pub text: String,
    /// The mail as it reads with the text of each fact in place of its marker, slots left open; `None` where the facts are
    /// not known or the text is no mail.
    pub reads: Option<String>,
    /// How surprised the writer is by the reference to this customer, a token; `None` for the reference and the built-in writer.
    pub perplexity: Option<f64>,
    /// Whether its slots and markers are right; `None` where the language is not known.
    pub slot_pass: Option<bool>,
    /// Whether the review lets it through; `None` where the example carries nothing to review it by.
    pub review_pass: Option<bool>,
    /// What is wrong with it.
    pub findings: Vec<String>,
    /// Whether it was cut off because it came to no end.
    pub is_cut_off: bool,
}

/// Returns whether a mail is taken apart as Chinese: by its language, else by whether the reference has a Chinese character.
pub fn is_chinese(locale: Option<Locale>, reference: &str) -> bool {
    let chinese = || reference.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
    locale.map_or_else(chinese, |locale| locale != Locale::En)
}

impl Evaluation {
    /// Returns how chrF and BLEU were computed, in sacreBLEU's form; `tok:13a+zh` says that each mail was taken apart by its own
    /// language.
    pub fn signatures(&self) -> BTreeMap<Measure, String> {
        let words = |case: &EvaluatedCase| {
            let reference = case.mails.iter().find(|mail| mail.writer == MailWriter::Reference);
            if is_chinese(case.locale, reference.map_or("", |mail| &mail.text)) { "zh" } else { "13a" }
        };
        let words: BTreeSet<&str> = self.cases.iter().map(words).collect();
        let words = words.into_iter().collect::<Vec<_>>().join("+");
        let bleu = (!words.is_empty()).then(|| (Measure::Bleu, format!("nrefs:1|case:mixed|eff:no|tok:{words}|smooth:exp")));
        let chrf = (Measure::Chrf, "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no".to_owned());
        bleu.into_iter().chain([chrf]).collect()
    }

    /// Returns of how many customers a measure was taken.
    pub fn measured(&self, measure: Measure) -> usize {
        match measure {
            Measure::SlotPass => self.slotted,
            Measure::ReviewPass => self.reviewed,
            Measure::Perplexity | Measure::Chrf | Measure::Bleu | Measure::Words => self.customers,
        }
    }

    /// Returns the figures of a writer.
    pub fn marks(&self, writer: MailWriter) -> Option<&WriterMarks> {
        self.writers.iter().find(|marks| marks.writer == writer)
    }

    /// Returns a figure of a writer; `None` where it was not measured.
    pub fn figure(&self, writer: MailWriter, measure: Measure) -> Option<Figure> {
        self.marks(writer)?.figures.get(&measure).copied()
    }
}

impl EvaluatedCase {
    /// Returns the mail of a writer.
    pub fn mail(&self, writer: MailWriter) -> Option<&WrittenMail> {
        self.mails.iter().find(|mail| mail.writer == writer)
    }
}
