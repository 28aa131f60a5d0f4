//! What the gate says of a version, in words.
use super::evaluation::{measure, number, other, with_interval};
use crate::strings::{Strings, fill};
use serde::Serialize;
use winback_core::customer::display_number;
use winback_core::gallery::gate::{Claims, LEAST_CUSTOMERS, LEAST_PASS, Objection, margin, may_be_promoted};
use winback_core::gallery::{Evaluation, Measure};

/// Whether a version may be put to use.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GateView {
    /// Whether it may.
    pub may_be_used: bool,
    /// What speaks against it.
    pub why_not: Vec<String>,
    /// Whether nothing but claims that were not measured speaks against it, so that a person may answer for it.
    pub may_be_answered_for: bool,
}

/// Returns what the gate says of the version of an evaluation.
pub(super) fn view(found: &Evaluation, s: &Strings) -> GateView {
    let against = may_be_promoted(found, Claims::Needed).err().map(|against| against.0).unwrap_or_default();
    GateView {
        may_be_used: against.is_empty(),
        may_be_answered_for: !against.is_empty() && may_be_promoted(found, Claims::Waived).is_ok(),
        why_not: against.iter().map(|objection| told(objection, s)).collect(),
    }
}

fn told(objection: &Objection, s: &Strings) -> String {
    let a = s.adapters;
    let least = LEAST_CUSTOMERS.to_string();
    match objection {
        Objection::FewCustomers { found } => fill(a.gate_few, &[("n", &found.to_string()), ("least", &least)]),
        Objection::FewMeasured { measure: of, found } => {
            fill(a.gate_few_measured, &[("measure", measure(*of, s).0), ("n", &found.to_string()), ("least", &least)])
        }
        Objection::TooFewPass { measure: of, own } => fill(
            a.gate_too_few_pass,
            &[
                ("measure", measure(*of, s).0),
                ("share", &number(*of, own.value)),
                ("low", &number(*of, own.low)),
                ("high", &number(*of, own.high)),
                ("least", &format!("{:.0}%", 100.0 * LEAST_PASS)),
            ],
        ),
        Objection::SharedNotCompared => a.gate_shared.to_owned(),
        Objection::NotMeasured { measure: of } => {
            let why = match of {
                Measure::ReviewPass => Some(a.gate_no_briefs.to_owned()),
                Measure::SlotPass => Some(a.gate_no_language.to_owned()),
                _ => None,
            };
            let unmeasured = fill(a.gate_not_measured, &[("measure", measure(*of, s).0)]);
            s.joined(&[Some(unmeasured), why].into_iter().flatten().collect::<Vec<_>>())
        }
        Objection::NotLower { with, difference } => {
            let told = with_interval(Measure::Perplexity, *difference, s);
            fill(a.gate_not_lower, &[("writer", other(*with, s)), ("difference", &told)])
        }
        Objection::Worse { measure: of, with, difference } => fill(
            a.gate_worse,
            &[
                ("measure", measure(*of, s).0),
                ("writer", other(*with, s)),
                ("difference", &with_interval(*of, *difference, s)),
                ("margin", &most(*of, s)),
            ],
        ),
        Objection::CannotTell { measure: of, with, difference, found, needed } => {
            let question = if *of == Measure::Perplexity { a.gate_untold_lower } else { a.gate_untold };
            fill(
                question,
                &[
                    ("measure", measure(*of, s).0),
                    ("writer", other(*with, s)),
                    ("difference", &with_interval(*of, *difference, s)),
                    ("margin", &most(*of, s)),
                    ("n", &found.to_string()),
                    ("needed", &needed.to_string()),
                ],
            )
        }
    }
}

/// Returns by how much a measure may be lower than another writer's.
fn most(of: Measure, s: &Strings) -> String {
    if of.is_share() { fill(s.models.points_unit, &[("n", &display_number(100.0 * margin(of)))]) } else { display_number(margin(of)) }
}
