//! Choosing between two mails without knowing who wrote which: drawing a pair, and taking the vote on it.
//!
//! A ballot names its customer and its seed in the clear and everything else by a hash, so that neither the page nor the
//! address tells who wrote which. It also tells how many votes its pair had: a form that is sent twice counts once.
use super::Found;
use super::evaluation::writer;
use super::tally::{cast, pair};
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use crate::view::Named;
use serde::Serialize;
use std::collections::BTreeMap;
use tokio::sync::Mutex;
use winback_core::digest::Digest;
use winback_core::gallery::{Choice, EvaluatedCase, Evaluation, MailWriter, Vote, Votes, WrittenMail};
use winback_core::search::draw;

/// Held while a vote is checked and kept, so that two that come at once do not both count for one form.
static VOTING: Mutex<()> = Mutex::const_new(());

/// Whom the version is set beside.
const OTHERS: [MailWriter; 4] = [MailWriter::Base, MailWriter::Shared, MailWriter::Reference, MailWriter::BuiltIn];

/// Two mails to one customer, to choose between.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BallotView {
    /// The customer.
    pub customer: String,
    /// The language, where it is known.
    pub language: Option<Named>,
    /// What the pair was drawn by.
    pub seed: u64,
    /// What names the pair without telling who wrote which; it is sent back with the vote.
    pub ballot: String,
    /// The mail on the left.
    pub left: String,
    /// The mail on the right.
    pub right: String,
    /// How many pairs of different mails there are.
    pub pairs: u64,
    /// How many of them nobody has voted on yet.
    pub open: u64,
    /// How many pairs are left out, since both mails are the same to the letter.
    pub alike: u64,
}

/// Who wrote the mails that somebody chose between.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RevealedView {
    /// The customer.
    pub customer: String,
    /// Who wrote the mail on the left.
    pub left: Named,
    /// Who wrote the one on the right.
    pub right: Named,
}

/// A pair of mails, in the order in which they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ballot {
    customer: String,
    left: MailWriter,
    right: MailWriter,
    seed: u64,
    /// How many votes the pair had when it was drawn.
    before: u64,
}

/// What somebody sent back.
pub(crate) struct Sent<'a> {
    pub customer: &'a str,
    pub seed: &'a str,
    pub ballot: &'a str,
}

/// Draws the next pair: of those that the fewest voted on, by the seed; the seed decides as well which mail stands left.
pub(crate) fn next(found: &Evaluation, votes: &Votes, seed: u64, s: &Strings) -> Option<BallotView> {
    let ((pairs, alike), counts) = (pairs(found), counts(found, votes));
    let count = |of: &Pair| counts.get(&(of.case.customer.as_str(), pair(MailWriter::Adapter, of.other))).copied().unwrap_or_default();
    let counted: Vec<(u64, &Pair)> = pairs.iter().map(|pair| (count(pair), pair)).collect();
    let before = counted.iter().map(|(count, _)| *count).min()?;
    let least: Vec<&Pair> = counted.iter().filter(|(count, _)| *count == before).map(|(_, pair)| *pair).collect();
    let place = draw(seed, least.len() as u64)?;
    let Pair { case, other } = least.get(usize::try_from(place).ok()?)?;
    // A number of its own: which mail stands left must not follow from which pair was drawn.
    let turned = draw(!seed, 2) == Some(1);
    let (left, right) = if turned { (*other, MailWriter::Adapter) } else { (MailWriter::Adapter, *other) };
    let ballot = Ballot { customer: case.customer.clone(), left, right, seed, before };
    let [shown_left, shown_right] = shown([case.mail(left)?, case.mail(right)?]);
    Some(BallotView {
        customer: case.customer.clone(),
        language: case.locale.map(|locale| Named::new(locale.tag(), s.language(locale))),
        seed,
        ballot: ballot.code(case, found),
        left: shown_left.to_owned(),
        right: shown_right.to_owned(),
        pairs: pairs.len() as u64,
        open: counted.iter().filter(|(count, _)| *count == 0).count() as u64,
        alike,
    })
}

/// Keeps a vote and tells who wrote which. One on a pair that has been voted on since it was shown is refused.
pub(crate) async fn vote(state: &WebState, of: &Found, sent: &Sent<'_>, choice: Choice, s: &Strings) -> Result<RevealedView, Problem> {
    let found = of.evaluated()?;
    let ballot = Ballot::read(found, sent).ok_or(Problem::NoBallot)?;
    let _one_at_a_time = VOTING.lock().await;
    let now = ballot.votes(found, &state.gallery.votes().await?);
    if now != ballot.before {
        return Err(if now > ballot.before { Problem::VotedBefore } else { Problem::NoBallot });
    }
    let Ballot { ref customer, left, right, .. } = ballot;
    let case = found.cases.iter().find(|case| case.customer == *customer);
    let mails_sha256 = case.and_then(|case| Vote::mails(case, [left, right]));
    let (segment, version) = (found.segment.clone(), found.version.clone());
    state
        .gallery
        .vote(Vote { segment, version, customer: customer.clone(), left, right, choice, mails_sha256, when: (state.clock)() })
        .await?;
    Ok(ballot.revealed(&found.version, s))
}

/// Returns who wrote the mails of a ballot, once its pair has been voted on.
pub(crate) fn revealed(found: &Evaluation, votes: &Votes, sent: &Sent<'_>, s: &Strings) -> Option<RevealedView> {
    let ballot = Ballot::read(found, sent)?;
    (ballot.votes(found, votes) > ballot.before).then(|| ballot.revealed(&found.version, s))
}

impl Ballot {
    /// Returns the name of the pair: how many votes it had, and a hash of what it is. An evaluation that was made anew
    /// names the same mails alike and others otherwise.
    fn code(&self, case: &EvaluatedCase, found: &Evaluation) -> String {
        let mails = case.mail(self.left).zip(case.mail(self.right)).map_or([""; 2], |(left, right)| shown([left, right]));
        let texts = [found.segment.as_str(), &found.version, &self.customer, self.left.tag(), self.right.tag()];
        let numbers = [self.seed, self.before].map(u64::to_le_bytes);
        let parts = texts.into_iter().chain(mails).map(str::as_bytes).chain(numbers.iter().map(|number| &number[..]));
        format!("{}-{}", self.before, Digest::of_parts(parts).short())
    }

    /// Returns the ballot that somebody sent back; `None` where no pair of the evaluation has this name.
    fn read(found: &Evaluation, sent: &Sent<'_>) -> Option<Self> {
        let (seed, before) = (sent.seed.parse().ok()?, sent.ballot.split_once('-')?.0.parse().ok()?);
        let case = found.cases.iter().find(|case| case.customer == sent.customer)?;
        let orders = OTHERS.into_iter().flat_map(|other| [(MailWriter::Adapter, other), (other, MailWriter::Adapter)]);
        let ballots = orders.map(|(left, right)| Self { customer: sent.customer.to_owned(), left, right, seed, before });
        let is_there = |ballot: &Self| case.mail(ballot.left).is_some() && case.mail(ballot.right).is_some();
        ballots.filter(is_there).find(|ballot| ballot.code(case, found) == sent.ballot)
    }

    /// Returns how many votes the pair has.
    fn votes(&self, found: &Evaluation, votes: &Votes) -> u64 {
        counts(found, votes).get(&(self.customer.as_str(), pair(self.left, self.right))).copied().unwrap_or_default()
    }

    fn revealed(&self, version: &str, s: &Strings) -> RevealedView {
        RevealedView { customer: self.customer.clone(), left: writer(self.left, version, s), right: writer(self.right, version, s) }
    }
}

/// The version's mail to a customer beside somebody else's.
struct Pair<'a> {
    case: &'a EvaluatedCase,
    other: MailWriter,
}

/// Returns the pairs of different mails, and how many are the same to the letter.
fn pairs(found: &Evaluation) -> (Vec<Pair<'_>>, u64) {
    let all = found.cases.iter().flat_map(|case| OTHERS.map(|other| Pair { case, other }));
    let (mut pairs, mut alike) = (Vec::new(), 0);
    for pair in all {
        match (pair.case.mail(MailWriter::Adapter), pair.case.mail(pair.other)) {
            (Some(own), Some(other)) if is_alike(shown([own, other])) => alike += 1,
            (Some(_), Some(_)) => pairs.push(pair),
            _ => {}
        }
    }
    (pairs, alike)
}

/// Returns how many votes each pair of an evaluation has: customer and writers.
fn counts<'v>(found: &Evaluation, votes: &'v Votes) -> BTreeMap<(&'v str, (MailWriter, MailWriter)), u64> {
    let mut counts = BTreeMap::new();
    for vote in cast(found, votes).own {
        *counts.entry((vote.customer.as_str(), pair(vote.left, vote.right))).or_default() += 1;
    }
    counts
}

/// Returns two mails as a person reads them; both as they were written where one is no mail that facts could be filled into,
/// since markers beside filled facts would tell who wrote which.
fn shown(mails: [&WrittenMail; 2]) -> [&str; 2] {
    let are_mails = mails.iter().all(|mail| mail.reads.is_some());
    mails.map(|mail| mail.reads.as_ref().filter(|_| are_mails).unwrap_or(&mail.text).as_str())
}

fn is_alike([one, other]: [&str; 2]) -> bool {
    one == other
}
