//! The course of a call: its steps, and where an answer leads.
//!
//! A call goes opening → reason → offer → close and ends there as [`ACCEPTED`]. After each step but the last the
//! customer may object; the answer leads on to a step, forward or back, or to an outcome. An answer is given once:
//! a customer who objects the same way again is thanked, and the call ends as [`DECLINED`]. So every call ends,
//! after four steps and each answer once at the longest.
mod spoken;

use crate::message::{CallOutcome, CallScript, Objection};
use serde::{Deserialize, Serialize};

pub use spoken::spoken_seconds;
pub(crate) use spoken::units_in;

/// The outcome of a call that reached its close.
pub const ACCEPTED: &str = "accepted";
/// The outcome of a call whose customer said no, at whatever step.
pub const DECLINED: &str = "declined";
/// The outcome of a call that nobody took.
pub const NO_ANSWER: &str = "no_answer";
/// The outcomes that any call may have without an answer leading there.
pub const ALWAYS_POSSIBLE: [&str; 3] = [ACCEPTED, DECLINED, NO_ANSWER];
/// The outcome of a call that reached somebody else.
pub const WRONG_PERSON: &str = "wrong_person";
/// The outcome of a call whose customer refused further ones.
pub const DO_NOT_CALL: &str = "do_not_call";
/// The outcome of a call that turned into a complaint.
pub const COMPLAINT: &str = "complaint";

/// A step of a call, in the order in which they are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallStep {
    /// Who calls, and may we speak.
    Opening,
    /// Why we call.
    Reason,
    /// What we offer.
    Offer,
    /// How the call ends.
    Close,
}

impl CallStep {
    /// Every step, in order.
    pub const ALL: [CallStep; 4] = [CallStep::Opening, CallStep::Reason, CallStep::Offer, CallStep::Close];

    /// The steps after which a customer may object.
    pub const SPOKEN: [CallStep; 3] = [CallStep::Opening, CallStep::Reason, CallStep::Offer];

    /// Returns the name used in files: `opening`.
    pub fn tag(self) -> &'static str {
        match self {
            CallStep::Opening => "opening",
            CallStep::Reason => "reason",
            CallStep::Offer => "offer",
            CallStep::Close => "close",
        }
    }

    /// Returns the step of a name.
    pub fn from_tag(tag: &str) -> Option<Self> {
        CallStep::ALL.into_iter().find(|step| step.tag() == tag)
    }
}

/// Where a call goes after an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// On to a step.
    Step(CallStep),
    /// The call ends with an outcome, by code.
    End(String),
}

impl Next {
    /// Returns where a word of a template leads: to a step of that name, or to the end with that outcome.
    pub fn of(word: &str) -> Self {
        CallStep::from_tag(word).map_or_else(|| Next::End(word.to_owned()), Next::Step)
    }
}

/// A script in the order of the call, each answer in full once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course<'a> {
    /// The steps.
    pub stages: Vec<Stage<'a>>,
    /// What the customer may say at any time.
    pub any_time: Vec<Branch<'a>>,
}

/// One step of a call and what the customer may say to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage<'a> {
    /// The step.
    pub step: CallStep,
    /// What is said.
    pub text: &'a str,
    /// What the customer may answer at this step, besides what may be said at any time.
    pub branches: Vec<Branch<'a>>,
}

/// One thing the customer may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch<'a> {
    /// Its number among the script's objections, from 1, as [`CallScript::parts`] names it.
    pub number: usize,
    /// What is said and answered.
    pub objection: &'a Objection,
    /// Whether it stands at an earlier step already.
    pub again: bool,
}

impl CallScript {
    /// Returns what is said at a step.
    pub fn text(&self, step: CallStep) -> &str {
        match step {
            CallStep::Opening => &self.opening,
            CallStep::Reason => &self.reason,
            CallStep::Offer => &self.offer,
            CallStep::Close => &self.close,
        }
    }

    /// Returns the outcome of a code.
    pub fn outcome(&self, code: &str) -> Option<&CallOutcome> {
        self.outcomes.iter().find(|outcome| outcome.code == code)
    }

    /// Returns the script in the order of the call.
    pub fn course(&self) -> Course<'_> {
        let numbered = || self.objections.iter().enumerate().map(|(at, objection)| (at + 1, objection));
        let at_once = |objection: &Objection| CallStep::SPOKEN.iter().all(|step| objection.after.contains(step));
        let stage = |step: CallStep| {
            let here = numbered().filter(|(_, objection)| objection.after.contains(&step) && !at_once(objection));
            let earlier = |objection: &Objection| objection.after.iter().any(|after| *after < step);
            let branches = here.map(|(number, objection)| Branch { number, objection, again: earlier(objection) }).collect();
            Stage { step, text: self.text(step), branches }
        };
        let any_time = numbered().filter(|(_, objection)| at_once(objection));
        Course {
            stages: CallStep::ALL.into_iter().map(stage).collect(),
            any_time: any_time.map(|(number, objection)| Branch { number, objection, again: false }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_tells_every_answer_once_and_where_it_may_come() {
        let objection = |id: &str, after: &[CallStep]| Objection {
            id: id.into(),
            after: after.to_vec(),
            then: Next::of("close"),
            customer: String::new(),
            answer: String::new(),
        };
        let script = CallScript {
            opening: "o".into(),
            reason: "r".into(),
            offer: "f".into(),
            objections: vec![
                objection("stop", &CallStep::SPOKEN),
                objection("dear", &[CallStep::Offer]),
                objection("who", &[CallStep::Reason, CallStep::Opening]),
            ],
            forbidden: Vec::new(),
            close: "c".into(),
            outcomes: Vec::new(),
        };
        let course = script.course();
        let told = |branches: &[Branch<'_>]| branches.iter().map(|b| (b.objection.id.clone(), b.number, b.again)).collect::<Vec<_>>();
        let stages: Vec<_> = course.stages.iter().map(|stage| (stage.text, told(&stage.branches))).collect();
        assert_eq!(
            stages,
            [
                ("o", vec![("who".to_owned(), 3, false)]),
                ("r", vec![("who".to_owned(), 3, true)]),
                ("f", vec![("dear".to_owned(), 2, false)]),
                ("c", Vec::new()),
            ]
        );
        assert_eq!(told(&course.any_time), [("stop".to_owned(), 1, false)]);
    }
}
