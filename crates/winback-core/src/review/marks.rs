//! The reverse of filling: which spans of a text are what a fact says.
use super::Part;
use super::claims::{Grounds, lines};
use crate::claim::Phrases;
use crate::mail_form::MailForm;
use crate::message::{Binding, Brief, Channel};
use foldhash::{HashSet, HashSetExt as _};
use std::ops::Range;

/// Returns a form with the marker of a fact in place of each text that is what the fact says, word for word: those that the
/// review takes for the fact when it accounts for every word, and those whose claim its ledger binds to the fact. Filled
/// again, it says the same.
pub fn with_markers(brief: &Brief, phrases: &Phrases, form: &MailForm) -> MailForm {
    let grounds = Grounds::new(brief, phrases, Channel::Email);
    let spans = |name: &'static str, text: &str| grounds.spans_of_facts(&Part { name: name.into(), raw: text, read: text });
    form.marked([spans("subject", form.subject()), spans("preheader", form.preheader()), spans("text", form.body())])
}

impl Grounds<'_> {
    /// Returns where the texts of facts stand in a part, with the facts' ids, in the order of the text; none inside another.
    fn spans_of_facts(&self, part: &Part<'_>) -> Vec<(Range<usize>, String)> {
        let place = |start: usize, span: Range<usize>| start + span.start..start + span.end;
        let said =
            lines(part.read).flat_map(|(start, line)| self.facts_at(line).into_iter().map(move |(span, fact)| (place(start, span), fact)));
        let mut spans: Vec<(Range<usize>, String)> = said.map(|(span, fact)| (span, fact.id.clone())).collect();
        for bound in self.read(part, &HashSet::new()).bound {
            let Some(Binding::Fact { id }) = bound.to else { continue };
            let whole =
                self.brief().facts.iter().any(|fact| fact.id == id && part.read.get(bound.claim.span.clone()) == Some(fact.text.trim()));
            if whole && spans.iter().all(|(span, _)| bound.claim.span.end <= span.start || span.end <= bound.claim.span.start) {
                spans.push((bound.claim.span, id));
            }
        }
        spans.sort_by_key(|(span, _)| span.start);
        spans
    }
}
