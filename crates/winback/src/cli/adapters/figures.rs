//! What an evaluation found, as people and programs read it.
use crate::evaluation::Candidate;
use crate::report;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use winback_core::gallery::gate::{Claims, may_be_promoted};
use winback_core::gallery::{Comparison, Evaluation, Figure, MailWriter, Measure, SharedAdapter, WriterMarks};
use winback_core::segment::SegmentId;

/// What these figures do not say.
const CAUTION: &str = "In brackets the 95 % interval over customers: of shares by scores (Wilson 1927), else of resamples. chrF and BLEU tell how like the reference a mail is in its words, not \
    which is the better one.\nchrF nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no, BLEU nrefs:1|case:mixed|eff:no|tok:13a (zh for \
    Chinese)|smooth:exp";

/// What evaluating came to.
#[derive(Default)]
pub struct Found {
    /// What was found of each version.
    pub evaluations: Vec<Evaluation>,
    /// The versions that were not evaluated, with why.
    pub left_out: Vec<(SegmentId, String, String)>,
}

impl Found {
    /// Notes that versions of a segment were not evaluated.
    pub fn leave_out(&mut self, segment: &SegmentId, candidates: &[Candidate], why: &str) {
        self.left_out.extend(candidates.iter().map(|one| (segment.clone(), one.version.to_string(), why.to_owned())));
    }
}

/// The figures of a version without its mails.
#[derive(Serialize)]
pub struct Summary<'a> {
    customers: usize,
    examples: usize,
    /// Of these customers, those whose mails' slots could be looked at.
    slotted: usize,
    /// Those whose mails could be reviewed.
    reviewed: usize,
    /// How the newest shared adapter stands to it.
    shared: SharedAdapter,
    writers: &'a [WriterMarks],
    comparisons: &'a [Comparison],
    /// How chrF and BLEU were computed, in sacreBLEU's form.
    signatures: BTreeMap<Measure, String>,
    /// Why it may not be put to use; `null` where it may.
    pub refused: Option<String>,
}

/// Returns the figures of a version without its mails.
pub fn summary(found: &Evaluation) -> Summary<'_> {
    Summary {
        customers: found.customers,
        examples: found.examples,
        slotted: found.slotted,
        reviewed: found.reviewed,
        shared: found.shared,
        writers: &found.writers,
        comparisons: &found.comparisons,
        signatures: found.signatures(),
        refused: may_be_promoted(found, Claims::Needed).err().map(|why| why.to_string()),
    }
}

/// Returns what was found, without the mails, which stand in the files.
pub fn as_json(found: &Found) -> Value {
    let evaluation = |found: &Evaluation| {
        let summary = summary(found);
        serde_json::json!({ "segment": found.segment, "version": found.version, "of": found.of, "notes": found.notes, "found": summary })
    };
    let left_out =
        |(segment, version, why): &(SegmentId, String, String)| serde_json::json!({ "segment": segment, "version": version, "why": why });
    let evaluations: Vec<Value> = found.evaluations.iter().map(evaluation).collect();
    serde_json::json!({ "evaluations": evaluations, "left_out": found.left_out.iter().map(left_out).collect::<Vec<_>>() })
}

/// Returns the writers side by side, segment by segment, and what the gate says of each version.
pub fn told(found: &Found) -> String {
    let mut text = String::new();
    // Versions that were tried on the same mails stand in one table.
    let mut tables: Vec<Vec<&Evaluation>> = Vec::new();
    for evaluation in &found.evaluations {
        match tables.last_mut().filter(|table| table.first().is_some_and(|first| same_mails(first, evaluation))) {
            Some(table) => table.push(evaluation),
            None => tables.push(vec![evaluation]),
        }
    }
    for table in tables {
        text += &side_by_side(&table);
    }
    for (segment, version, why) in &found.left_out {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{segment} {version} was left out: {why}");
    }
    text + "\n" + CAUTION
}

fn same_mails(one: &Evaluation, other: &Evaluation) -> bool {
    let prompts = |found: &Evaluation| found.cases.iter().map(|case| case.prompt_sha256.clone()).collect::<Vec<_>>();
    one.segment == other.segment && prompts(one) == prompts(other)
}

fn side_by_side(table: &[&Evaluation]) -> String {
    let Some(first) = table.first() else { return String::new() };
    let row = |name: String, marks: &WriterMarks| {
        let figures =
            Measure::ALL.map(|measure| marks.figures.get(&measure).map_or("-".to_owned(), |figure| with_interval(measure, *figure)));
        let varied = format!("{:.2} {:.2}", marks.distinct_1, marks.distinct_2);
        std::iter::once(name).chain(figures).chain([varied]).collect::<Vec<_>>()
    };
    let named = |writer: MailWriter| match writer {
        MailWriter::Base => "base".to_owned(),
        MailWriter::Shared => "shared".to_owned(),
        MailWriter::Adapter => first.version.clone(),
        MailWriter::Reference => "reference".to_owned(),
        MailWriter::BuiltIn => "built-in".to_owned(),
    };
    // A copy of the shared adapter tells nothing of it; the others do.
    let fullest = table.iter().max_by_key(|one| one.writers.len()).unwrap_or(first);
    let others = fullest.writers.iter().filter(|marks| marks.writer != MailWriter::Adapter);
    let versions = table.iter().filter_map(|one| Some(row(one.version.clone(), one.marks(MailWriter::Adapter)?)));
    let (references, writers): (Vec<&WriterMarks>, Vec<&WriterMarks>) = others.partition(|marks| marks.writer == MailWriter::Reference);
    let of = |marks: Vec<&WriterMarks>| marks.into_iter().map(|marks| row(named(marks.writer), marks)).collect::<Vec<_>>();
    let rows = of(writers).into_iter().chain(versions).chain(of(references));
    let header: Vec<&str> = std::iter::once("").chain(Measure::ALL.map(Measure::name)).chain(["distinct-1/2"]).collect();
    let [customers, mails] = [(first.customers, "held-out customer"), (first.examples, "mail")]
        .map(|(count, of)| format!("{} {of}{}", report::count(count as u64), if count == 1 { "" } else { "s" }));
    let mut text = format!("{}: {customers}, {mails} of each writer\n", first.segment);
    text += &report::table(&header, rows);
    text.push('\n');
    for evaluation in table {
        let judged = may_be_promoted(evaluation, Claims::Needed);
        let judged = judged.map_or_else(|why| format!("may not be put to use: {why}"), |()| "may be put to use".to_owned());
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{} {judged}", evaluation.version);
    }
    let mut notes: Vec<&String> = Vec::new();
    for note in table.iter().flat_map(|one| &one.notes) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    text.extend(notes.iter().map(|note| format!("note: {note}\n")));
    text + "\n"
}

/// Returns a figure with its interval: `12.3 (11.0–13.9)`, `93 % (88–97)`.
fn with_interval(measure: Measure, figure: Figure) -> String {
    let number = |number: f64| {
        let shown = if measure.is_share() { 100.0 * number } else { number };
        let places = if measure.is_share() || shown >= 1000.0 { 0 } else { 1 + usize::from(measure == Measure::Perplexity) };
        format!("{shown:.places$}")
    };
    let unit = if measure.is_share() { " %" } else { "" };
    format!("{}{unit} ({}–{})", number(figure.value), number(figure.low), number(figure.high))
}

/// Returns a version's own figures as `list` shows them, in the order of [`SHOWN`]; a dash for what was not measured.
pub fn cells(found: Option<&Evaluation>) -> Vec<String> {
    let figures = found.and_then(|found| found.marks(MailWriter::Adapter)).map(|marks| &marks.figures);
    let cell = |measure: Measure| match figures.and_then(|figures: &BTreeMap<Measure, Figure>| figures.get(&measure)) {
        Some(figure) if measure.is_share() => format!("{:.0} %", 100.0 * figure.value),
        Some(figure) => format!("{:.2}", figure.value),
        None => "-".to_owned(),
    };
    SHOWN.map(cell).to_vec()
}

/// What `list` and `diff` show of an evaluation.
pub const SHOWN: [Measure; 4] = [Measure::Perplexity, Measure::Chrf, Measure::SlotPass, Measure::ReviewPass];
