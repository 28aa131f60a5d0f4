//! What an evaluation found, without its mails: each writer's figures, what sets the version apart, what the gate says.
use super::gate::{self, GateView};
use super::tally::{self, TallyView};
use crate::strings::{Strings, fill, said};
use crate::view::Named;
use serde::Serialize;
use std::collections::BTreeMap;
use winback_core::gallery::{Comparison, Evaluation, Figure, MailWriter, Measure, Votes, WriterMarks};

/// What an evaluation of a version found.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EvaluationView {
    /// The segment.
    pub segment: Named,
    /// The version.
    pub version: String,
    /// How many customers' mails were measured; nobody learned from them.
    pub customers: u64,
    /// How many examples, of which a customer may have several.
    pub examples: u64,
    /// How many customers' mails could be reviewed.
    pub reviewed: u64,
    /// What a reader must know of how the figures came about.
    pub notes: Vec<String>,
    /// The figures of each writer: the base, the shared adapter where there is one, the version, the reference.
    pub writers: Vec<WriterView>,
    /// The version against the base, and against the shared adapter.
    pub comparisons: Vec<ComparisonView>,
    /// How chrF and BLEU were computed, in sacreBLEU's form, by measure.
    pub signatures: BTreeMap<String, String>,
    /// Whether the version may be put to use, and what speaks against it.
    pub gate: GateView,
    /// What people chose, for each pair of writers.
    pub votes: Vec<TallyView>,
    /// How many votes are on mails of an earlier evaluation or of other files, and are not among these.
    pub earlier_votes: u64,
}

/// The figures of a writer.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WriterView {
    /// Who: `base`, `shared`, `adapter` or `reference`.
    pub writer: Named,
    /// What was measured; what could not be is absent.
    pub figures: Vec<FigureView>,
    /// The share of different words among all, of all mails together.
    pub distinct_1: f64,
    /// The share of different pairs of neighbours.
    pub distinct_2: f64,
    /// How many mails were cut off because they came to no end.
    pub cut_off: u64,
}

/// What sets the version apart from another writer, on the same customers.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ComparisonView {
    /// The other writer.
    pub with: Named,
    /// The version's figure less the other's, with the interval of the difference.
    pub differences: Vec<FigureView>,
}

/// A value with its 95 % interval.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FigureView {
    /// What was measured: `perplexity`, `chrf`, `bleu`, `slot_pass`, `review_pass` or `words`.
    pub measure: String,
    /// The value; a share from 0 to 1.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The value as people read it.
    pub text: String,
    /// The interval as people read it.
    pub interval: String,
    /// Of a difference: `better` or `worse` where the interval leaves no doubt.
    pub reading: Option<Named>,
}

/// Returns what an evaluation found.
pub(crate) fn view(found: &Evaluation, segment: &Named, votes: &Votes, s: &Strings) -> EvaluationView {
    let cast = tally::cast(found, votes);
    EvaluationView {
        segment: segment.clone(),
        version: found.version.clone(),
        customers: found.customers as u64,
        examples: found.examples as u64,
        reviewed: found.reviewed as u64,
        notes: found.notes.iter().map(|note| said(note, s.locale)).collect(),
        writers: found.writers.iter().map(|marks| writer_view(marks, &found.version, s)).collect(),
        comparisons: found.comparisons.iter().map(|comparison| comparison_view(comparison, s)).collect(),
        signatures: found.signatures().into_iter().map(|(of, signature)| (tag(of).to_owned(), signature)).collect(),
        gate: gate::view(found, s),
        votes: tally::tallies(found, &cast, s),
        earlier_votes: cast.earlier,
    }
}

fn writer_view(marks: &WriterMarks, version: &str, s: &Strings) -> WriterView {
    let figure = |(measure, figure): (&Measure, &Figure)| FigureView {
        text: number(*measure, figure.value),
        interval: format!("{}–{}", number(*measure, figure.low), number(*measure, figure.high)),
        ..bare(*measure, *figure)
    };
    WriterView {
        writer: writer(marks.writer, version, s),
        figures: marks.figures.iter().map(figure).collect(),
        distinct_1: marks.distinct_1,
        distinct_2: marks.distinct_2,
        cut_off: marks.cut_off as u64,
    }
}

fn comparison_view(comparison: &Comparison, s: &Strings) -> ComparisonView {
    let figure = |(measure, figure): (&Measure, &Figure)| FigureView {
        text: difference(*measure, figure.value, s),
        interval: format!("{} – {}", signed(*measure, figure.low), signed(*measure, figure.high)),
        reading: reading(*measure, *figure, s),
        ..bare(*measure, *figure)
    };
    ComparisonView {
        with: Named::new(comparison.with.tag(), other(comparison.with, s)),
        differences: comparison.differences.iter().map(figure).collect(),
    }
}

fn bare(measure: Measure, Figure { value, low, high }: Figure) -> FigureView {
    FigureView { measure: tag(measure).to_owned(), value, low, high, text: String::new(), interval: String::new(), reading: None }
}

/// Returns whether a difference is for the better or the worse; `None` where the interval holds 0, and of mere lengths.
fn reading(measure: Measure, difference: Figure, s: &Strings) -> Option<Named> {
    let (rises, falls) = (difference.low > 0.0, difference.high < 0.0);
    let is_better = match measure {
        Measure::Words => return None,
        Measure::Perplexity => falls,
        Measure::Chrf | Measure::Bleu | Measure::SlotPass | Measure::ReviewPass => rises,
    };
    let word = if is_better { Named::new("better", s.adapters.better) } else { Named::new("worse", s.adapters.worse) };
    (rises || falls).then_some(word)
}

/// Returns the name of a measure in files.
pub(crate) fn tag(measure: Measure) -> &'static str {
    match measure {
        Measure::Perplexity => "perplexity",
        Measure::Chrf => "chrf",
        Measure::Bleu => "bleu",
        Measure::SlotPass => "slot_pass",
        Measure::ReviewPass => "review_pass",
        Measure::Words => "words",
    }
}

/// Returns a measure in a language, and what it tells.
pub(crate) fn measure(measure: Measure, s: &Strings) -> (&'static str, &'static str) {
    let a = s.adapters;
    match measure {
        Measure::Perplexity => (a.measure_perplexity, a.told_perplexity),
        Measure::Chrf => ("chrF", a.told_chrf),
        Measure::Bleu => ("BLEU", a.told_bleu),
        Measure::SlotPass => (a.measure_slots, a.told_slots),
        Measure::ReviewPass => (a.measure_claims, a.told_claims),
        Measure::Words => (a.measure_words, a.told_words),
    }
}

/// Returns a writer in a language.
pub(crate) fn writer(writer: MailWriter, version: &str, s: &Strings) -> Named {
    let a = s.adapters;
    match writer {
        MailWriter::Base => Named::new(writer.tag(), a.writer_base),
        MailWriter::Shared => Named::new(writer.tag(), a.writer_shared),
        MailWriter::Adapter => Named::new(writer.tag(), &fill(a.writer_version, &[("version", version)])),
        MailWriter::Reference => Named::new(writer.tag(), a.writer_reference),
        MailWriter::BuiltIn => Named::new(writer.tag(), a.writer_built_in),
    }
}

/// Returns a writer whom the version is set against, as it stands in a sentence.
pub(super) fn other(writer: MailWriter, s: &Strings) -> &'static str {
    match writer {
        MailWriter::Base => s.adapters.the_base,
        MailWriter::Shared => s.adapters.the_shared,
        MailWriter::Adapter => s.adapters.writer_adapter,
        MailWriter::Reference => s.adapters.writer_reference,
        MailWriter::BuiltIn => s.adapters.writer_built_in,
    }
}

/// Returns a value as people read it: a share in per cent.
pub(super) fn number(measure: Measure, value: f64) -> String {
    match measure {
        Measure::SlotPass | Measure::ReviewPass => format!("{:.1}%", 100.0 * value),
        Measure::Perplexity if value < 1000.0 => format!("{value:.2}"),
        Measure::Perplexity => format!("{value:.0}"),
        Measure::Chrf | Measure::Bleu | Measure::Words => format!("{value:.1}"),
    }
}

/// Returns a difference with its sign: of shares in points, without their unit.
fn signed(measure: Measure, value: f64) -> String {
    let size = number(measure, value.abs());
    let size = size.trim_end_matches('%');
    let sign = match value {
        _ if size.chars().all(|sign| sign == '0' || sign == '.') => "",
        value if value < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{size}")
}

/// Returns a difference with its sign and, of shares, its unit.
pub(super) fn difference(measure: Measure, value: f64, s: &Strings) -> String {
    let number = signed(measure, value);
    if measure.is_share() { fill(s.models.points_unit, &[("n", &number)]) } else { number }
}

/// Returns a difference and its interval, in a sentence.
pub(super) fn with_interval(measure: Measure, figure: Figure, s: &Strings) -> String {
    let [low, high] = [figure.low, figure.high].map(|end| signed(measure, end));
    fill(s.adapters.difference_told, &[("difference", &difference(measure, figure.value, s)), ("low", &low), ("high", &high)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::locale::Locale;

    #[test]
    fn figures_are_read_as_they_are_meant() {
        let s = Strings::of(Locale::En);
        let check = |measure: Measure, value: f64, figure: &str, apart: &str| {
            assert_eq!((number(measure, value.abs()).as_str(), difference(measure, value, s).as_str()), (figure, apart), "{measure:?}");
        };
        check(Measure::Perplexity, -1.234, "1.23", "−1.23");
        check(Measure::Perplexity, 12_345.6, "12346", "+12346");
        check(Measure::ReviewPass, 0.0833, "8.3%", "+8.3 points");
        check(Measure::ReviewPass, -0.0001, "0.0%", "0.0 points");
        check(Measure::Words, -61.25, "61.2", "−61.2");
    }

    #[test]
    fn better_is_only_what_the_interval_leaves_no_doubt_of() {
        let s = Strings::of(Locale::En);
        let check = |measure: Measure, [low, high]: [f64; 2], expected: Option<&str>| {
            let found = reading(measure, Figure { value: (low + high) / 2.0, low, high }, s);
            assert_eq!(found.as_ref().map(|found| found.tag.as_str()), expected, "{measure:?} {low} {high}");
        };
        check(Measure::Perplexity, [-2.0, -1.0], Some("better"));
        check(Measure::Perplexity, [1.0, 2.0], Some("worse"));
        check(Measure::Perplexity, [-1.0, 0.0], None);
        check(Measure::Chrf, [0.5, 2.0], Some("better"));
        check(Measure::SlotPass, [-0.2, -0.1], Some("worse"));
        check(Measure::Words, [5.0, 9.0], None);
    }
}
