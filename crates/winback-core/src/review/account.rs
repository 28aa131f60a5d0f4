//! Accounting for every word: whatever of a draft is neither an approved wording with its
//! facts nor plain courtesy is a statement that nobody has checked.
use super::Part;
use super::claims::{Grounds, apart};
use crate::claim::{Claim, Phrases, clauses, is_courtesy, is_mark, is_put_in};
use crate::message::{Binding, Fact};
use crate::slot::Slot;
use std::ops::Range;

/// The longest line that is looked into, in bytes; no wording is nearly as long.
pub(super) const LONGEST_LINE: usize = 4_000;
/// The most facts and slots of a line, and the most ways of taking those of a clause, that are tried.
const MOST_HOLES: usize = 16;
const MOST_WAYS: usize = 64;

/// A text of the brief, and what it may stand for.
pub(super) struct Named<'a> {
    text: &'a str,
    meant: Vec<Meant<'a>>,
}

/// A fact or a slot by its mark.
type Meant<'a> = (char, Option<&'a Fact>);

/// A place of a line where a fact or a slot stands.
struct Hole<'n, 'a> {
    span: Range<usize>,
    meant: &'n [Meant<'a>],
}

/// A clause of a line, and whose it is.
pub(super) struct Clause<'a> {
    span: Range<usize>,
    owner: Owner<'a>,
}

enum Owner<'a> {
    /// A wording, with the facts it puts in.
    Wording {
        file: &'a str,
        line: u32,
        facts: Vec<&'a Fact>,
    },
    /// Nothing but a fact or a slot.
    PutIn {
        facts: Vec<&'a Fact>,
    },
    /// Plain courtesy.
    Courtesy,
    Nobody,
}

/// Returns the texts of facts and slots with what they may stand for, the longer before the shorter.
pub(super) fn named(facts: &[Fact]) -> Vec<Named<'_>> {
    let slots = Slot::ALL.into_iter().filter_map(|slot| Some((slot.marker(), crate::claim::mark(slot.name())?, None)));
    let facts = facts.iter().filter_map(|fact| Some((fact.text.trim(), crate::claim::mark(&fact.id)?, Some(fact))));
    let mut named: Vec<Named<'_>> = Vec::new();
    for (text, mark, fact) in slots.chain(facts).filter(|(text, ..)| !text.is_empty()) {
        match named.iter_mut().find(|named| named.text == text) {
            Some(same) => same.meant.push((mark, fact)),
            None => named.push(Named { text, meant: vec![(mark, fact)] }),
        }
    }
    named.sort_by_key(|named| std::cmp::Reverse(named.text.len()));
    named
}

/// Returns the clauses of a line that nobody answers for.
pub(super) fn unaccounted<'l>(line: &'l str, clauses: &'l [Clause<'_>]) -> impl Iterator<Item = String> + 'l {
    let nobody = clauses.iter().filter(|clause| matches!(clause.owner, Owner::Nobody));
    nobody.map(|clause| shown(line.get(clause.span.clone()).unwrap_or_default()))
}

/// Returns the beginning of a text, for a finding.
pub(super) fn shown(text: &str) -> String {
    text.trim().chars().take(200).collect()
}

/// Returns the facts with which every clause of a line is a wording for this case, if each is.
pub(super) fn as_wording<'a>(clauses: &[Clause<'a>]) -> Option<Vec<&'a Fact>> {
    let facts = clauses.iter().map(|clause| match &clause.owner {
        Owner::Wording { facts, .. } | Owner::PutIn { facts } => Some(&facts[..]),
        Owner::Courtesy | Owner::Nobody => None,
    });
    Some(facts.collect::<Option<Vec<_>>>()?.concat())
}

impl<'a> Grounds<'a> {
    /// Returns the template line that a claim of a line rests on, where its clause is a wording's and may state it.
    pub(super) fn approval(&self, claim: &Claim, clauses: &[Clause<'_>]) -> Option<Binding> {
        let around = |clause: &&Clause<'_>| clause.span.start <= claim.span.start && claim.span.end <= clause.span.end;
        match &clauses.iter().find(around).filter(|_| Phrases::may_approve(&claim.value))?.owner {
            Owner::Wording { file, line, .. } => Some(Binding::Phrase { file: (*file).to_owned(), line: *line }),
            _ => None,
        }
    }

    /// Returns the facts that stand in a line.
    pub(super) fn facts_in(&self, line: &str) -> Vec<&'a Fact> {
        self.holes(line).iter().filter_map(|hole| hole.meant.first().and_then(|(_, fact)| *fact)).collect()
    }

    /// Returns where the texts of facts stand in a line, in their order. A text that several facts have is the first one's.
    pub(super) fn facts_at(&self, line: &str) -> Vec<(Range<usize>, &'a Fact)> {
        let fact = |hole: Hole<'_, 'a>| Some((hole.span, hole.meant.first().and_then(|(_, fact)| *fact)?));
        self.holes(line).into_iter().filter_map(fact).collect()
    }

    /// Returns the clauses of a line with whose they are. A fact's words may also be ordinary words of a wording, so
    /// where somebody answers for every clause without one fact, that is how the line is read.
    pub(super) fn account(&self, part: &Part<'_>, line: &str) -> Vec<Clause<'a>> {
        if line.contains(is_mark) {
            return vec![Clause { span: 0..line.len(), owner: Owner::Nobody }];
        }
        let holes = self.holes(line);
        let all = self.account_with(part, line, &holes.iter().collect::<Vec<_>>());
        let whole = |clauses: &Vec<Clause<'_>>| !clauses.iter().any(|clause| matches!(clause.owner, Owner::Nobody));
        if whole(&all) || holes.len() > MOST_HOLES {
            return all;
        }
        let without = |at: usize| {
            let fewer: Vec<&Hole<'_, '_>> = holes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, hole)| hole).collect();
            self.account_with(part, line, &fewer)
        };
        (0..holes.len()).map(without).find(whole).unwrap_or(all)
    }

    fn account_with(&self, part: &Part<'_>, line: &str, holes: &[&Hole<'_, 'a>]) -> Vec<Clause<'a>> {
        let spans: Vec<Range<usize>> = holes.iter().map(|hole| hole.span.clone()).collect();
        let mut next = holes.iter().peekable();
        let clause = |span: Range<usize>| {
            let mut inside = Vec::new();
            while let Some(hole) = next.next_if(|hole| hole.span.end <= span.end) {
                inside.push(*hole);
            }
            let owner = self.owner(part, line, &span, &inside);
            Clause { span, owner }
        };
        clauses(line, &spans).into_iter().map(clause).collect()
    }

    /// Returns whose a clause is, trying each meaning of the facts in it.
    fn owner(&self, part: &Part<'_>, line: &str, span: &Range<usize>, holes: &[&Hole<'_, 'a>]) -> Owner<'a> {
        let ways = holes.iter().fold(1_usize, |ways, hole| ways.saturating_mul(hole.meant.len()));
        for way in 0..ways.min(MOST_WAYS) {
            let (clause, facts) = marked(line, span, holes, way);
            if let Some((file, line)) = self.phrases().place(clause.trim(), self.spot(part), self.case()) {
                return Owner::Wording { file, line, facts };
            }
            if is_put_in(&clause) {
                return Owner::PutIn { facts };
            }
            if is_courtesy(&clause) {
                return Owner::Courtesy;
            }
        }
        Owner::Nobody
    }

    /// Returns where facts and slots stand in a line, the longer before the shorter, none inside another.
    fn holes(&self, line: &str) -> Vec<Hole<'_, 'a>> {
        let mut holes: Vec<Hole<'_, 'a>> = Vec::new();
        for Named { text, meant } in self.named() {
            for (at, _) in line.match_indices(text).filter(|(at, text)| apart(line, *at..at + text.len())) {
                let span = at..at + text.len();
                let place = holes.partition_point(|hole| hole.span.start < span.start);
                let free = holes[..place].last().is_none_or(|before| before.span.end <= span.start)
                    && holes.get(place).is_none_or(|after| span.end <= after.span.start);
                if free {
                    holes.insert(place, Hole { span, meant });
                }
            }
        }
        holes
    }
}

/// Returns a clause with the marks of its facts and slots, and the facts; `way` says which meaning each hole has.
fn marked<'a>(line: &str, span: &Range<usize>, holes: &[&Hole<'_, 'a>], mut way: usize) -> (String, Vec<&'a Fact>) {
    let (mut clause, mut facts, mut at) = (String::with_capacity(span.len()), Vec::new(), span.start);
    for hole in holes {
        let Some((mark, fact)) = hole.meant.get(way % hole.meant.len()) else { continue };
        way /= hole.meant.len();
        clause.push_str(&line[at..hole.span.start]);
        clause.push(*mark);
        facts.extend(fact);
        at = hole.span.end;
    }
    clause.push_str(&line[at..span.end]);
    (clause, facts)
}
