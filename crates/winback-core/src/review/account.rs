//! Accounting for every word: whatever of a draft is neither a fact, nor an approved
//! wording, nor plain courtesy is a statement that nobody has checked.
use super::Part;
use super::claims::{Bound, Grounds, ReadPart};
use crate::claim::{Ground, Sense, Value, clauses, is_plain, with_holes};
use crate::message::{Binding, Fact};
use crate::slot::Slot;
use std::ops::Range;

/// Words that say no more than that something costs nothing.
const FREE: [&str; 12] = [
    "free",
    "free of charge",
    "at no cost",
    "at no charge",
    "no charge",
    "pay nothing",
    "免費",
    "免费",
    "不收費",
    "不收费",
    "不用付費",
    "不用付费",
];

/// A fact or a slot that stands in a line.
struct Hole<'a> {
    span: Range<usize>,
    fact: Option<&'a Fact>,
}

impl<'a> Grounds<'a> {
    /// Returns the clauses of a part that nobody answers for.
    pub(super) fn unaccounted(&self, read: &ReadPart<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let part = read.part;
        for &(start, line) in &read.open {
            let claims: Vec<&Bound> = read.bound.iter().filter(|bound| within(&bound.claim.span, start, line)).collect();
            let holes = self.holes(line);
            let left = self.left_among(part, (start, line), &holes.iter().collect::<Vec<_>>(), &claims);
            // A fact's words may also be ordinary words of a wording: what holds without one fact holds.
            let without = |at: usize| {
                let fewer: Vec<&Hole<'_>> = holes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, hole)| hole).collect();
                self.left_among(part, (start, line), &fewer, &claims)
            };
            if !left.is_empty() && !(0..holes.len()).any(|at| without(at).is_empty()) {
                found.extend(left);
            }
        }
        found
    }

    /// Returns the facts that stand in a line.
    pub(super) fn facts_in(&self, line: &str) -> impl Iterator<Item = &'a Fact> {
        self.holes(line).into_iter().filter_map(|hole| hole.fact)
    }

    /// Returns the facts with which every clause of a line is one of a wording for this case.
    pub(super) fn as_wording(&self, part: &Part<'_>, line: &str) -> Option<Vec<&'a Fact>> {
        let holes = self.holes(line);
        let spot = self.spot(part);
        let holds = |holes: &[&Hole<'a>]| {
            let spans: Vec<Range<usize>> = holes.iter().map(|hole| hole.span.clone()).collect();
            clauses(line, &spans).iter().all(|clause| self.phrases().is_wording(&with_holes(line, clause, &spans), spot, self.case()))
        };
        let facts = |holes: Vec<&Hole<'a>>| Some(holes.into_iter().filter_map(|hole| hole.fact).collect());
        let all: Vec<&Hole<'a>> = holes.iter().collect();
        if holds(&all) {
            return facts(all);
        }
        // A fact's words may also be ordinary words of a wording.
        let without = |at: usize| holes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, hole)| hole).collect::<Vec<_>>();
        (0..holes.len()).map(without).find(|fewer| holds(fewer)).and_then(facts)
    }

    /// Returns the clause of a line around a span, with marks for facts and slots; `None` where the span is inside one.
    pub(super) fn clause_around(&self, part: &Part<'_>, line: &str, span: &Range<usize>) -> Option<String> {
        let holes = self.holes(line);
        let around = |spans: &[Range<usize>]| {
            let clause = clauses(line, spans).into_iter().find(|clause| clause.start <= span.start && span.end <= clause.end)?;
            (!spans.iter().any(|hole| hole.start < span.end && span.start < hole.end)).then(|| with_holes(line, &clause, spans))
        };
        let all: Vec<Range<usize>> = holes.iter().map(|hole| hole.span.clone()).collect();
        let without =
            |at: usize| all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, hole)| hole.clone()).collect::<Vec<_>>();
        let forms = std::iter::once(all.clone()).chain((0..all.len()).map(without));
        forms.filter_map(|spans| around(&spans)).find(|clause| self.is_wording(part, clause))
    }

    fn left_among(&self, part: &Part<'_>, (start, line): (usize, &str), holes: &[&Hole<'a>], claims: &[&Bound]) -> Vec<String> {
        let spans: Vec<Range<usize>> = holes.iter().map(|hole| hole.span.clone()).collect();
        let here = |bound: &&&Bound| bound.to.is_some();
        let stated: Vec<(Range<usize>, &Bound)> =
            claims.iter().filter(here).map(|bound| (bound.claim.span.start - start..bound.claim.span.end - start, *bound)).collect();
        let mut whole: Vec<Range<usize>> = spans.iter().cloned().chain(stated.iter().map(|(span, _)| span.clone())).collect();
        whole.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        let mut left = Vec::new();
        for clause in clauses(line, &whole) {
            if self.is_wording(part, &with_holes(line, &clause, &spans)) {
                continue;
            }
            for piece in sentences(line, &clause, &spans) {
                if !self.is_wording(part, &with_holes(line, &piece, &spans)) && !self.is_plain_piece(line, &piece, (holes, &stated)) {
                    left.push(with_holes(line, &piece, &spans).trim().replace(crate::claim::HOLE, "…"));
                }
            }
        }
        left
    }

    /// Returns whether nothing is left of a piece of a line but facts, bound claims and words that promise nothing.
    fn is_plain_piece(&self, line: &str, piece: &Range<usize>, (holes, stated): (&[&Hole<'a>], &[(Range<usize>, &Bound)])) -> bool {
        let inside = |span: &Range<usize>| piece.start <= span.start && span.end <= piece.end;
        let own = |bound: &Bound| matches!(&bound.to, Some(Binding::Fact { id }) if !id.starts_with("company."));
        let solid = || stated.iter().filter(|(span, bound)| inside(span) && self.is_solid(bound, &line[span.clone()]));
        let spans = || holes.iter().filter(|hole| inside(&hole.span));
        let rests =
            spans().any(|hole| hole.fact.is_some_and(|fact| !fact.id.starts_with("company."))) || solid().any(|(_, bound)| own(bound));
        let mut covered: Vec<Range<usize>> = spans().map(|hole| hole.span.clone()).chain(solid().map(|(span, _)| span.clone())).collect();
        covered.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        is_plain(line, piece, &covered, &self.ground(rests))
    }

    /// Returns whether a bound claim accounts for its own words: a number, a price, a date does; words do where the
    /// fact says the same words.
    fn is_solid(&self, bound: &Bound, words: &str) -> bool {
        let fact = match &bound.to {
            Some(Binding::Fact { id }) => self.brief().facts.iter().find(|fact| fact.id == *id),
            _ => None,
        };
        match &bound.claim.value {
            // That a price stays as it is, or that something is free, is all that these words say.
            Value::Promise { of, .. } if of == "same_price" => fact.is_some(),
            Value::Promise { of, .. } if of == "free" && FREE.contains(&words.to_lowercase().as_str()) => fact.is_some(),
            Value::Promise { .. } | Value::Name { .. } | Value::Number { .. } => {
                fact.is_some_and(|fact| fact.text.to_lowercase().contains(&words.to_lowercase()))
            }
            _ => fact.is_some(),
        }
    }

    fn is_wording(&self, part: &Part<'_>, clause: &str) -> bool {
        self.phrases().is_wording(clause, self.spot(part), self.case())
    }

    /// Returns where facts and slots stand in a line, the longer before the shorter, none inside another.
    fn holes(&self, line: &str) -> Vec<Hole<'a>> {
        let mut holes: Vec<Hole<'a>> = Vec::new();
        let mut add = |span: Range<usize>, fact: Option<&'a Fact>| {
            if holes.iter().all(|hole| span.end <= hole.span.start || hole.span.end <= span.start) {
                holes.push(Hole { span, fact });
            }
        };
        for slot in Slot::ALL.into_iter().filter(|_| line.contains("{{")) {
            line.match_indices(slot.marker()).for_each(|(at, marker)| add(at..at + marker.len(), None));
        }
        for &fact in self.facts() {
            line.match_indices(fact.text.trim()).for_each(|(at, text)| add(at..at + text.len(), Some(fact)));
        }
        holes.sort_by_key(|hole| hole.span.start);
        holes
    }

    /// Returns the words that the facts of the offer and of the customer use, and whether one takes something off.
    fn ground(&self, stated: bool) -> Ground {
        let facts = || self.brief().facts.iter().filter(|fact| !fact.id.starts_with("company."));
        let off = |value: &Value| matches!(value, Value::Percent { sense: Sense::Off, .. } | Value::Money { sense: Sense::Off, .. });
        Ground {
            facts: facts().map(|fact| fact.text.as_str()).collect::<Vec<_>>().join("\n"),
            lowers: facts().any(|fact| fact.value.as_ref().is_some_and(off)),
            stated,
        }
    }
}

/// Returns the pieces of a clause between facts that end a sentence themselves, as a promise does.
fn sentences(line: &str, clause: &Range<usize>, holes: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = clause.start;
    for hole in holes.iter().filter(|hole| clause.start <= hole.start && hole.end <= clause.end) {
        if line[hole.clone()].trim_end().ends_with(['。', '！', '？', '.', '!', '?']) && start < hole.end {
            pieces.push(start..hole.end);
            start = hole.end;
        }
    }
    if start < clause.end {
        pieces.push(start..clause.end);
    }
    pieces
}

fn within(span: &Range<usize>, start: usize, line: &str) -> bool {
    start <= span.start && span.end <= start + line.len()
}
