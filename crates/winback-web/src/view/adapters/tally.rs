//! What people chose between two mails, summed for each pair of writers.
use super::evaluation::writer;
use crate::strings::Strings;
use crate::view::Named;
use serde::Serialize;
use std::collections::BTreeMap;
use winback_core::gallery::{Choice, EvaluatedCase, Evaluation, MailWriter, Vote, Votes};
use winback_core::interval::wilson;

/// The votes on mails of two writers.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TallyView {
    /// The one writer: the version, where it is one of the two.
    pub first: Named,
    /// The other one.
    pub second: Named,
    /// How often the first one's mail was chosen.
    pub first_won: u64,
    /// How often the other one's.
    pub second_won: u64,
    /// How often neither.
    pub neither: u64,
    /// The share of the first one among the mails that were chosen; absent where none was.
    pub share: Option<ShareView>,
}

/// A share with its 95 % interval (Wilson 1927).
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ShareView {
    /// The share, from 0 to 1.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The share as people read it.
    pub text: String,
    /// The interval as people read it.
    pub interval: String,
}

/// The votes on a version.
pub(crate) struct Cast<'v> {
    /// Those on mails of its evaluation.
    pub own: Vec<&'v Vote>,
    /// How many are on mails of an earlier one, or of an adapter that stood in its place.
    pub earlier: u64,
}

/// Returns the votes on the version of an evaluation.
pub(crate) fn cast<'v>(found: &Evaluation, votes: &'v Votes) -> Cast<'v> {
    let cases: BTreeMap<&str, &EvaluatedCase> = found.cases.iter().map(|case| (case.customer.as_str(), case)).collect();
    let is_own = |vote: &&Vote| {
        let mails = cases.get(vote.customer.as_str()).and_then(|case| Vote::mails(case, [vote.left, vote.right]));
        mails.is_some() && mails == vote.mails_sha256
    };
    let of_version = votes.votes.iter().filter(|vote| vote.segment == found.segment && vote.version == found.version);
    let (own, earlier): (Vec<&Vote>, Vec<&Vote>) = of_version.partition(is_own);
    Cast { own, earlier: earlier.len() as u64 }
}

/// Returns two writers in the order of a tally: the version first, then as in a table.
pub(super) fn pair(one: MailWriter, other: MailWriter) -> (MailWriter, MailWriter) {
    let rank = |writer: MailWriter| (writer != MailWriter::Adapter, writer);
    if rank(one) <= rank(other) { (one, other) } else { (other, one) }
}

/// Returns the votes on mails of a version, a pair of writers each; pairs that nobody voted on are left out.
pub(crate) fn tallies(found: &Evaluation, Cast { own, .. }: &Cast<'_>, s: &Strings) -> Vec<TallyView> {
    let mut pairs: Vec<(MailWriter, MailWriter)> = own.iter().map(|vote| pair(vote.left, vote.right)).collect();
    pairs.sort();
    pairs.dedup();
    let of = |both: (MailWriter, MailWriter)| {
        tally(both, own.iter().copied().filter(|vote| pair(vote.left, vote.right) == both), &found.version, s)
    };
    pairs.into_iter().map(of).collect()
}

fn tally<'v>((first, second): (MailWriter, MailWriter), votes: impl Iterator<Item = &'v Vote>, version: &str, s: &Strings) -> TallyView {
    let [mut first_won, mut second_won, mut neither] = [0_u64; 3];
    for vote in votes {
        match chosen(vote) {
            Some(writer) if writer == first => first_won += 1,
            Some(_) => second_won += 1,
            None => neither += 1,
        }
    }
    TallyView {
        first: writer(first, version, s),
        second: writer(second, version, s),
        first_won,
        second_won,
        neither,
        share: share(first_won, second_won),
    }
}

/// Returns whose mail was chosen.
fn chosen(vote: &Vote) -> Option<MailWriter> {
    match vote.choice {
        Choice::Left => Some(vote.left),
        Choice::Right => Some(vote.right),
        Choice::Neither => None,
    }
}

fn share(won: u64, lost: u64) -> Option<ShareView> {
    let decided = won + lost;
    (decided > 0).then(|| {
        let (value, (low, high)) = (won as f64 / decided as f64, wilson(won, decided));
        let percent = |share: f64| format!("{:.1}%", 100.0 * share);
        ShareView { value, low, high, text: percent(value), interval: format!("{}–{}", percent(low), percent(high)) }
    })
}
