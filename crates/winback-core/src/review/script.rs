//! What the review asks of a call script: that a caller can follow it to an end from wherever the customer leads.
use super::Desk;
use super::memo::seconds;
use crate::message::{CallScript, Objection};
use crate::script::{ACCEPTED, ALWAYS_POSSIBLE, COMPLAINT, CallStep, DECLINED, DO_NOT_CALL, NO_ANSWER, Next, WRONG_PERSON, units_in};
use crate::slot::Slot;
use std::collections::BTreeSet;

/// The fewest objections a call script answers.
pub const MIN_OBJECTIONS: usize = 6;
/// The longest that opening, reason, offer and close may take together.
pub const MAIN_PATH_SECONDS: f64 = 60.0;
/// The longest an answer to an objection may take.
pub const ANSWER_SECONDS: f64 = 20.0;

impl Desk<'_> {
    pub(super) fn call(&mut self, script: &CallScript) {
        self.complete(script);
        self.opening(script);
        self.outcomes(script);
        for (at, objection) in script.objections.iter().enumerate() {
            self.branch(script, &format!("objection {}", at + 1), objection);
        }
        self.demanded(script);
        self.spoken(script);
        self.names_offer("offer", &script.offer);
    }

    fn complete(&mut self, script: &CallScript) {
        for step in CallStep::ALL {
            let said = !script.text(step).trim().is_empty();
            self.expect(said, step.tag(), "script-complete", || "this part of the script is empty; write it".into());
        }
        let forbidden = script.forbidden.iter().filter(|line| !line.trim().is_empty()).count();
        self.expect(forbidden > 0 && forbidden == script.forbidden.len(), "forbidden", "script-complete", || {
            "the list of what not to say is empty or has an empty line; write it".into()
        });
        let (all, answered) = (script.objections.len(), script.objections.iter().filter(|objection| is_answered(objection)).count());
        self.expect(answered >= MIN_OBJECTIONS && answered == all, "objections", "objections-answered", || {
            format!("{answered} of {all} objections have an answer, at least {MIN_OBJECTIONS} are needed; add what is missing")
        });
        let ids: BTreeSet<&str> = script.objections.iter().map(|objection| objection.id.as_str()).collect();
        self.expect(ids.len() == all && !ids.contains(""), "objections", "objections-distinct", || {
            "two objections have the same id, or one has none; give each its own".into()
        });
    }

    /// The caller says who calls and asks whether to go on.
    fn opening(&mut self, script: &CallScript) {
        let company = &self.brief.company;
        let names = [&company.name, &company.short_name].map(|name| name.get(self.brief.locale).trim());
        let named = names.iter().any(|name| !name.is_empty() && script.opening.contains(name));
        self.expect(named, "opening", "caller-named", || format!("the opening does not name the company; say {:?}", names[0]));
        let agent = script.opening.contains(Slot::AgentName.marker()) || ["__", "＿＿"].iter().any(|blank| script.opening.contains(blank));
        self.expect(agent, "opening", "caller-named", || {
            format!("the opening has no place for the caller's name; put {} into it", Slot::AgentName.marker())
        });
        self.expect(script.opening.contains(['?', '？']), "opening", "asks-to-speak", || {
            "the opening does not ask whether one may speak; end it with that question".into()
        });
    }

    fn outcomes(&mut self, script: &CallScript) {
        let codes: BTreeSet<&str> = script.outcomes.iter().map(|outcome| outcome.code.as_str()).collect();
        let labelled = script.outcomes.iter().all(|outcome| !outcome.label.trim().is_empty());
        self.expect(codes.len() == script.outcomes.len() && labelled && !codes.contains(""), "outcomes", "outcomes-distinct", || {
            "two outcomes have the same code, or one lacks its code or its words; give each its own".into()
        });
        for (code, when) in
            [(ACCEPTED, "the close ends"), (DECLINED, "a customer who says no ends"), (NO_ANSWER, "a call nobody takes ends")]
        {
            self.expect(codes.contains(code), "outcomes", "branches-end", || format!("{when} as {code}, which is no outcome; add it"));
        }
        for (at, outcome) in script.outcomes.iter().enumerate() {
            let led_to = |objection: &Objection| matches!(&objection.then, Next::End(code) if *code == outcome.code);
            let reached = ALWAYS_POSSIBLE.contains(&outcome.code.as_str()) || script.objections.iter().any(led_to);
            self.expect(reached, &format!("outcome {}", at + 1), "branches-reachable", || {
                format!("no answer leads to the outcome {:?}; let one end there (then={0}) or remove it", outcome.code)
            });
        }
    }

    /// A branch can be come to and leads somewhere. That every call ends follows: the steps lead to the close, an
    /// answer is given once, and each leads to a step or to an outcome of the list.
    fn branch(&mut self, script: &CallScript, part: &str, objection: &Objection) {
        let reachable = objection.after.iter().any(|step| CallStep::SPOKEN.contains(step));
        self.expect(reachable, part, "branches-reachable", || {
            "nothing leads to this objection: it comes after no step that the customer can answer; name one, such as after=offer".into()
        });
        match &objection.then {
            Next::End(code) => self.expect(script.outcome(code).is_some(), part, "branches-end", || {
                let known: Vec<&str> = script.outcomes.iter().map(|outcome| outcome.code.as_str()).collect();
                format!("the answer leads to {code:?}, which is neither a step nor an outcome; the outcomes are {}", known.join(", "))
            }),
            Next::Step(step) => {
                let moves = objection.after.iter().any(|after| after != step);
                self.expect(moves, part, "branches-end", || {
                    format!("the answer leads from {0} back to {0} and nowhere else; lead on to another step or to an outcome", step.tag())
                });
            }
        }
    }

    /// The answers no script may be without: to somebody else at the opening, and at any step to a complaint and to
    /// a customer who wants no more calls.
    fn demanded(&mut self, script: &CallScript) {
        let demands: [(&str, &[CallStep]); 3] =
            [(WRONG_PERSON, &[CallStep::Opening]), (DO_NOT_CALL, &CallStep::SPOKEN), (COMPLAINT, &CallStep::SPOKEN)];
        for (code, steps) in demands {
            let heard = |step: &CallStep| {
                let ends = |objection: &&Objection| matches!(&objection.then, Next::End(end) if end == code);
                script.objections.iter().filter(ends).any(|objection| objection.after.contains(step))
            };
            let deaf = steps.iter().find(|step| !heard(step));
            self.expect(deaf.is_none(), "objections", "branches-required", || {
                format!("no objection after {} leads to {code}; add one with then={code}", deaf.map_or("", |step| step.tag()))
            });
        }
    }

    fn spoken(&mut self, script: &CallScript) {
        let locale = self.brief.locale;
        let cut = |over: f64| {
            let unit = if locale == crate::locale::Locale::En { "words" } else { "characters" };
            format!("cut about {} {unit}", units_in(over, locale))
        };
        let times = CallStep::ALL.map(|step| (step, seconds(script.text(step), locale)));
        let total: f64 = times.iter().map(|(_, seconds)| seconds).sum();
        self.expect(total <= MAIN_PATH_SECONDS, "script", "spoken-time", || {
            let (longest, seconds) = times.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied().unwrap_or((CallStep::Offer, 0.0));
            format!(
                "opening, reason, offer and close take {total:.0} s to say, {MAIN_PATH_SECONDS} s are the limit; {}, first of the {} ({seconds:.0} s)",
                cut(total - MAIN_PATH_SECONDS),
                longest.tag()
            )
        });
        for (at, objection) in script.objections.iter().enumerate() {
            let seconds = seconds(&objection.answer, locale);
            self.expect(seconds <= ANSWER_SECONDS, &format!("answer {}", at + 1), "spoken-time", || {
                format!("the answer takes {seconds:.0} s to say, {ANSWER_SECONDS} s are the limit; {}", cut(seconds - ANSWER_SECONDS))
            });
        }
    }
}

fn is_answered(objection: &Objection) -> bool {
    !objection.customer.trim().is_empty() && !objection.answer.trim().is_empty()
}
