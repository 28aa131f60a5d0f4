//! A call script in the order of the call, for a page and for paper.
use super::Named;
use crate::strings::{Strings, fill};
use serde::Serialize;
use winback_core::locale::Locale;
use winback_core::message::CallScript;
use winback_core::script::{Branch, CallStep, DECLINED, Next, Stage, spoken_seconds};

/// A script in the order of the call.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CourseView {
    /// The steps.
    pub stages: Vec<StageView>,
    /// What the customer may say at any time, and our answer.
    pub any_time: Vec<BranchView>,
    /// The seconds that the steps take to say, without any objection.
    pub seconds: u32,
    /// What to do when the customer says the same again.
    #[serde(skip)]
    pub repeat: String,
}

/// One step of a call.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StageView {
    /// The step.
    pub step: Named,
    /// What is said.
    pub text: String,
    /// The seconds it takes to say.
    pub seconds: u32,
    /// The seconds in words.
    #[serde(skip)]
    pub time: String,
    /// What the customer may say to it, and our answer.
    pub branches: Vec<BranchView>,
}

/// One thing the customer may say, our answer, and where the call goes.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BranchView {
    /// Its number among the script's objections, from 1.
    pub number: usize,
    /// What the customer says.
    pub customer: String,
    /// What we answer.
    pub answer: String,
    /// Where the call goes: a step or an outcome.
    pub next: Named,
    /// Where the call goes, as an instruction.
    #[serde(skip)]
    pub then: String,
    /// Whether an earlier step tells the answer already.
    pub again: bool,
}

/// Returns a script in the order of the call; the texts are in the language `spoken`, the rest in that of the page.
pub(crate) fn course_view(script: &CallScript, spoken: Locale, s: &Strings) -> CourseView {
    let course = script.course();
    let seconds = |text: &str| spoken_seconds(text, spoken);
    let rounded = |text: &str| seconds(text).round() as u32;
    let branches = |branches: &[Branch<'_>]| branches.iter().map(|branch| branch_view(script, branch, s)).collect();
    let stage = |stage: &Stage<'_>| StageView {
        step: Named::new(stage.step.tag(), step_label(stage.step, s)),
        text: stage.text.to_owned(),
        seconds: rounded(stage.text),
        time: fill(s.call_step_seconds, &[("seconds", &rounded(stage.text).to_string())]),
        branches: branches(&stage.branches),
    };
    CourseView {
        stages: course.stages.iter().map(stage).collect(),
        any_time: branches(&course.any_time),
        seconds: course.stages.iter().map(|stage| seconds(stage.text)).sum::<f64>().round() as u32,
        repeat: fill(s.call_repeat, &[("outcome", outcome_label(script, DECLINED))]),
    }
}

fn branch_view(script: &CallScript, branch: &Branch<'_>, s: &Strings) -> BranchView {
    let (next, then) = match &branch.objection.then {
        Next::Step(step) => {
            let label = step_label(*step, s);
            (Named::new(step.tag(), label), fill(s.call_then_step, &[("step", label)]))
        }
        Next::End(code) => {
            let label = outcome_label(script, code);
            (Named::new(code, label), fill(s.call_then_end, &[("outcome", label)]))
        }
    };
    let (customer, answer) = (branch.objection.customer.clone(), branch.objection.answer.clone());
    BranchView { number: branch.number, customer, answer, next, then, again: branch.again }
}

fn step_label(step: CallStep, s: &Strings) -> &'static str {
    match step {
        CallStep::Opening => s.call_opening,
        CallStep::Reason => s.call_reason,
        CallStep::Offer => s.call_offer,
        CallStep::Close => s.call_close,
    }
}

/// Returns an outcome in words; its code where the script has no words for it.
fn outcome_label<'a>(script: &'a CallScript, code: &'a str) -> &'a str {
    script.outcome(code).map_or(code, |outcome| &outcome.label)
}
