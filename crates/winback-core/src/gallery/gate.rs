//! The gate: whether a version may be put to use. This is the one place that decides it.
//!
//! A version must foresee the mails of held-out customers better than the base and better than the shared adapter:
//! perplexity lower, its paired 95 % interval below 0. What it writes must not be worse than theirs beyond a margin, tested
//! as non-inferiority: the whole interval of the difference lies above −margin (chrF, slot-pass, claim-pass). And enough of
//! its own mails must pass, whatever the base's do: the interval of its slot-pass and of its claim-pass begins at
//! [`LEAST_PASS`] or above. A shared adapter that is there for this base and was not compared speaks against a version.
//! Where an interval is too wide to tell, the version is refused with the number of customers that would do, since the width
//! of an interval falls with the root of their number. What cannot be told is no reason to promote: the segment keeps what it
//! has.
use super::{Comparison, Evaluation, Figure, MailWriter, Measure, SharedAdapter};
use std::fmt::{self, Write as _};

/// By how many points chrF may be lower.
pub const CHRF_MARGIN: f64 = 2.0;
/// By how much a share of passes may be lower: a mail that is held costs no more than its writer's turn, since the built-in
/// writer's is sent in its place.
pub const PASS_MARGIN: f64 = 0.1;
/// The least share of a version's own mails that must pass, at the lower end of its 95 % interval (Wilson 1927): a base that
/// fails every time is no measure of what may be sent.
pub const LEAST_PASS: f64 = 0.75;
/// The least customers that tell anything: where neither writer fails once, the interval of the difference ([`Paired`]) of 34
/// customers reaches to −10.2 points, and that of 35 to −9.9, above −[`PASS_MARGIN`].
///
/// [`Paired`]: crate::interval::Paired
pub const LEAST_CUSTOMERS: usize = 35;

/// Whether a version may be promoted that nobody's claims were counted of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// It may not.
    Needed,
    /// It may: a person answers for it, and every mail is reviewed before it is sent.
    Waived,
}

/// Why a version is not put to use: everything that speaks against it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotBetter(pub Vec<Objection>);

/// One thing that speaks against a version.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Objection {
    /// Too few customers for anything to be told.
    #[error("it was tried on {found} held-out customers, and {LEAST_CUSTOMERS} are the least that tell anything")]
    FewCustomers {
        /// How many there are.
        found: usize,
    },
    /// A share is of too few of them.
    #[error("{} was measured of {found} held-out customers, and {LEAST_CUSTOMERS} are the least that tell anything", .measure.name())]
    FewMeasured {
        /// Of what.
        measure: Measure,
        /// How many there are.
        found: usize,
    },
    /// Too few of its own mails pass.
    #[error("too few of its mails pass: {} is {}, and the interval must begin at {:.0} % or above", .measure.name(), share(*.own), 100.0 * LEAST_PASS)]
    TooFewPass {
        /// What they must pass.
        measure: Measure,
        /// The share that does.
        own: Figure,
    },
    /// There is a shared adapter that it was not compared with.
    #[error(
        "it was not compared with the shared adapter, which may know these customers; winback adapters train --shared teaches that one anew"
    )]
    SharedNotCompared,
    /// Something was not measured.
    #[error("{} was not measured{}", .measure.name(), unmeasured(*.measure))]
    NotMeasured {
        /// What.
        measure: Measure,
    },
    /// It foresees the mails no better.
    #[error("its perplexity is not lower than that of {with}: the difference is {}", told(Measure::Perplexity, *.difference))]
    NotLower {
        /// The other writer.
        with: MailWriter,
        /// The difference of the perplexities.
        difference: Figure,
    },
    /// It is worse.
    #[error("its {} is worse than that of {with}: the difference is {}, and at most {} less is accepted", .measure.name(), told(*.measure, *.difference), amount(*.measure, margin(*.measure)))]
    Worse {
        /// In what.
        measure: Measure,
        /// The other writer.
        with: MailWriter,
        /// The difference.
        difference: Figure,
    },
    /// It cannot be told with so few customers.
    #[error("whether its {} is {} cannot be told from {found} customers: the difference is {}; about {needed} held-out customers would tell", .measure.name(), question(*.measure, *.with), told(*.measure, *.difference))]
    CannotTell {
        /// Of what.
        measure: Measure,
        /// The other writer.
        with: MailWriter,
        /// The difference.
        difference: Figure,
        /// How many customers there are.
        found: usize,
        /// How many would do.
        needed: usize,
    },
}

impl std::error::Error for NotBetter {}

impl fmt::Display for NotBetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = String::new();
        for (at, objection) in self.0.iter().enumerate() {
            // Writing to a text cannot fail.
            let _ = write!(all, "{}{objection}", if at == 0 { "" } else { "; " });
        }
        f.write_str(&all)
    }
}

/// Returns by how much a measure may be lower than another writer's.
pub fn margin(measure: Measure) -> f64 {
    match measure {
        Measure::SlotPass | Measure::ReviewPass => PASS_MARGIN,
        Measure::Chrf => CHRF_MARGIN,
        Measure::Perplexity | Measure::Bleu | Measure::Words => 0.0,
    }
}

/// Decides whether the version of an evaluation may be put to use.
///
/// # Errors
/// With everything that speaks against it.
pub fn may_be_promoted(evaluation: &Evaluation, claims: Claims) -> Result<(), NotBetter> {
    let mut all = Vec::new();
    if evaluation.customers < LEAST_CUSTOMERS {
        all.push(Objection::FewCustomers { found: evaluation.customers });
    }
    // Claims that were measured count, whoever answers for those that were not.
    let waived = claims == Claims::Waived && evaluation.reviewed == 0;
    for measure in [Measure::SlotPass, Measure::ReviewPass] {
        all.extend(few(measure, evaluation));
        if measure == Measure::SlotPass || !waived {
            all.extend(too_few_pass(measure, evaluation));
        }
    }
    let with = |writer: MailWriter| evaluation.comparisons.iter().any(|comparison| comparison.with == writer);
    if !with(MailWriter::Base) {
        all.push(Objection::NotMeasured { measure: Measure::Perplexity });
    }
    if matches!(evaluation.shared, SharedAdapter::Compared | SharedAdapter::LeftOut) && !with(MailWriter::Shared) {
        all.push(Objection::SharedNotCompared);
    }
    for comparison in &evaluation.comparisons {
        all.extend(lower(comparison, evaluation.customers));
        for measure in [Measure::Chrf, Measure::SlotPass, Measure::ReviewPass] {
            if measure != Measure::ReviewPass || !waived {
                all.extend(not_worse(comparison, measure, evaluation.measured(measure)));
            }
        }
    }
    let mut against: Vec<Objection> = Vec::new();
    for objection in all {
        if !against.contains(&objection) {
            against.push(objection);
        }
    }
    if against.is_empty() { Ok(()) } else { Err(NotBetter(against)) }
}

/// Returns what speaks against a share that fewer customers tell of than of all else.
fn few(measure: Measure, evaluation: &Evaluation) -> Option<Objection> {
    let found = evaluation.measured(measure);
    (1..LEAST_CUSTOMERS.min(evaluation.customers)).contains(&found).then_some(Objection::FewMeasured { measure, found })
}

/// Returns what speaks against a version's own share of passes, whatever others' is.
fn too_few_pass(measure: Measure, evaluation: &Evaluation) -> Option<Objection> {
    match evaluation.figure(MailWriter::Adapter, measure) {
        None => Some(Objection::NotMeasured { measure }),
        Some(own) if own.low >= LEAST_PASS => None,
        Some(own) => Some(Objection::TooFewPass { measure, own }),
    }
}

/// Returns what speaks against the perplexity of a version.
fn lower(comparison: &Comparison, found: usize) -> Option<Objection> {
    let (with, measure) = (comparison.with, Measure::Perplexity);
    let Some(difference) = comparison.differences.get(&measure).copied() else { return Some(Objection::NotMeasured { measure }) };
    if difference.high < 0.0 {
        return None;
    }
    Some(match needed(found, difference.high - difference.value, -difference.value) {
        Some(needed) => Objection::CannotTell { measure, with, difference, found, needed },
        None => Objection::NotLower { with, difference },
    })
}

/// Returns what speaks against another measure of a version.
fn not_worse(comparison: &Comparison, measure: Measure, found: usize) -> Option<Objection> {
    let with = comparison.with;
    let Some(difference) = comparison.differences.get(&measure).copied() else { return Some(Objection::NotMeasured { measure }) };
    if difference.low > -margin(measure) {
        return None;
    }
    Some(match needed(found, difference.value - difference.low, difference.value + margin(measure)) {
        Some(needed) => Objection::CannotTell { measure, with, difference, found, needed },
        None => Objection::Worse { measure, with, difference },
    })
}

/// Returns of how many customers an interval would be as narrow as `room` on a side; `None` where there is no room.
fn needed(found: usize, side: f64, room: f64) -> Option<usize> {
    let times = (side / room).powi(2);
    (room > 0.0 && times.is_finite()).then(|| ((found as f64 * times).floor() as usize).saturating_add(1).max(LEAST_CUSTOMERS))
}

/// Returns a difference with its interval as a person reads it.
pub fn told(measure: Measure, difference: Figure) -> String {
    let signed = |number: f64| if measure.is_share() { format!("{:+.1}", 100.0 * number) } else { format!("{number:+.2}") };
    let unit = if measure.is_share() { " points" } else { "" };
    format!("{}{unit} (95 % interval {} to {})", signed(difference.value), signed(difference.low), signed(difference.high))
}

fn share(own: Figure) -> String {
    format!("{:.1} % (95 % interval {:.1} to {:.1})", 100.0 * own.value, 100.0 * own.low, 100.0 * own.high)
}

fn amount(measure: Measure, number: f64) -> String {
    if measure.is_share() { format!("{:.0} points", 100.0 * number) } else { format!("{number}") }
}

fn question(measure: Measure, with: MailWriter) -> String {
    match measure {
        Measure::Perplexity => format!("lower than that of {with}"),
        _ => format!("no more than {} below that of {with}", amount(measure, margin(measure))),
    }
}

fn unmeasured(measure: Measure) -> &'static str {
    match measure {
        Measure::ReviewPass => ", since the examples carry no briefs to review mails by; winback prompts writes them",
        Measure::SlotPass => ", since the language of the examples is not known",
        _ => "",
    }
}
