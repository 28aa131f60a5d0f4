//! The adapters of each segment: how they learned, what evaluations found of them, and what people chose between mails.
pub(crate) mod ballot;
pub(crate) mod evaluation;
mod gate;
pub(crate) mod mails;
pub(crate) mod tally;

use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::Strings;
use crate::view::Named;
use crate::words;
use evaluation::EvaluationView;
use serde::Serialize;
use std::sync::Arc;
use winback_core::gallery::{AdapterCard, AdapterFacts, AdapterVersion, Evaluation, GalleryError, Votes};
use winback_core::portfolio::Context;
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;

/// What the adapter is filed under that learned from the examples of all segments.
const SHARED: &str = "shared";

/// The adapters of every segment.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AdaptersView {
    /// The segments that have adapters, in the order of their names.
    pub segments: Vec<SegmentAdaptersView>,
    /// How many votes there are on pairs of mails.
    pub votes: u64,
    /// Lines of the file of votes that are none.
    pub damaged_votes: Vec<DamagedVoteView>,
    /// What is wrong in the folder of adapters besides versions that cannot be read, in English.
    pub faults: Vec<String>,
}

/// The adapters of one segment.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SegmentAdaptersView {
    /// The segment; `shared` for the adapter that learned from the examples of all.
    pub segment: Named,
    /// Whether it is no segment but the adapter that learned from the examples of all.
    pub is_shared: bool,
    /// The version in use; absent where the base writes.
    pub in_use: Option<String>,
    /// How many trainings were begun and are not done.
    pub trainings_under_way: u64,
    /// The versions, the oldest first.
    pub versions: Vec<VersionView>,
    /// What was found of the newest version that was evaluated.
    pub evaluation: Option<EvaluationView>,
    /// Whether that evaluation cannot be read.
    pub evaluation_damaged: bool,
}

/// A version of a segment's adapter.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct VersionView {
    /// Its name: `v1`.
    pub version: String,
    /// Whether it writes the segment's mails.
    pub in_use: bool,
    /// What it is and how it learned; absent where its folder cannot be read.
    pub facts: Option<FactsView>,
    /// Why its folder cannot be read, in English.
    pub damaged: Option<String>,
}

/// What a version is and how it learned.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct FactsView {
    /// What the base is called.
    pub base: String,
    /// The hash of the base's weights.
    pub base_sha256: String,
    /// Whether it is a copy of the adapter that learned from the examples of all segments.
    pub is_shared: bool,
    /// The rank of its matrices.
    pub rank: u64,
    /// How many examples it learned from.
    pub learned_from: u64,
    /// How many were kept back.
    pub kept_back: u64,
    /// The mean loss of the base on what was kept back, in nats a token.
    pub loss_before: f64,
    /// That of the version.
    pub loss_after: f64,
    /// The loss after each step.
    pub losses: Vec<LossView>,
    /// What was kept back, tried after some of the steps, first before any.
    pub trials: Vec<LossView>,
    /// The day it was made, where somebody noted it.
    pub date: Option<String>,
    /// Whether there is an evaluation of exactly these files, or one that cannot be read.
    pub is_evaluated: bool,
}

/// The loss after a step.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct LossView {
    /// The step, counted from 1; 0 before any.
    pub step: u32,
    /// The mean loss, in nats a token.
    pub loss: f64,
}

/// A line of the file of votes that is no vote.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DamagedVoteView {
    /// The line, counted from 1.
    pub line: u64,
    /// Why, in English.
    pub why: String,
}

/// A version that somebody asked for, with its segment's card.
pub(crate) struct Found {
    pub card: AdapterCard,
    pub version: AdapterVersion,
    /// The evaluation of exactly these files, where there is one.
    pub evaluation: Option<Evaluation>,
}

/// Reads the adapters of every segment.
pub(crate) async fn read(state: &WebState, s: &Strings) -> Result<AdaptersView, Problem> {
    let (context, votes) = (state.desk.context().await?, state.gallery.votes().await?);
    let (mut segments, mut faults) = (Vec::new(), state.gallery.strays().await?);
    for card in state.gallery.cards().await? {
        faults.extend(card.faults.iter().cloned());
        segments.push(segment(state, card, (context.as_ref(), &votes), s).await);
    }
    let damaged = votes.damaged.iter().map(|(line, why)| DamagedVoteView { line: *line, why: why.clone() });
    Ok(AdaptersView { segments, votes: votes.votes.len() as u64, damaged_votes: damaged.collect(), faults })
}

async fn segment(
    state: &WebState,
    card: AdapterCard,
    (context, votes): (Option<&Arc<Context>>, &Votes),
    s: &Strings,
) -> SegmentAdaptersView {
    let named = segment_name(&card.segment, context, s);
    let evaluated = |version: &&AdapterVersion| version.told.as_ref().is_ok_and(|facts| facts.is_evaluated);
    let newest = card.versions.iter().rev().find(evaluated);
    let found = match newest {
        // A file that cannot be read costs this segment its figures and the others nothing.
        Some(version) => state.gallery.evaluation(&card.segment, &version.version).await.map_err(Problem::from),
        None => Ok(None),
    };
    SegmentAdaptersView {
        evaluation_damaged: found.is_err(),
        evaluation: found.ok().flatten().map(|found| evaluation::view(&found, &named, votes, s)),
        is_shared: card.segment.as_str() == SHARED,
        segment: named,
        trainings_under_way: card.trainings_under_way as u64,
        versions: card.versions.iter().map(|version| version_view(&card, version)).collect(),
        in_use: card.in_use,
    }
}

/// Finds a version by the names of an address; the problem for one that is not there names those that are.
pub(crate) async fn found(state: &WebState, segment: &str, version: &str) -> Result<Found, Problem> {
    let cards = state.gallery.cards().await?;
    let Some(card) = cards.iter().find(|card| card.segment.as_str() == segment) else {
        let near = nearest(segment, cards.iter().map(|card| card.segment.as_str()));
        let names = near.map_or_else(|| cards.iter().map(|card| card.segment.to_string()).collect(), |near| vec![near.to_owned()]);
        return Err(Problem::NoAdapter { segment: segment.to_owned(), nearest: names });
    };
    let Some(known) = card.versions.iter().find(|known| known.version == version) else {
        let known = card.versions.iter().map(|known| known.version.clone()).collect();
        return Err(Problem::NoVersion { segment: segment.to_owned(), version: version.to_owned(), known });
    };
    let is_evaluated = known.told.as_ref().is_ok_and(|facts| facts.is_evaluated);
    let evaluation = if is_evaluated { state.gallery.evaluation(&card.segment, version).await? } else { None };
    Ok(Found { card: card.clone(), version: known.clone(), evaluation })
}

impl Found {
    /// Returns the evaluation, or the problem that there is none.
    pub(crate) fn evaluated(&self) -> Result<&Evaluation, Problem> {
        let none = || Problem::NotEvaluated { segment: self.card.segment.to_string(), version: self.version.version.clone() };
        self.evaluation.as_ref().ok_or_else(none)
    }
}

/// Returns a segment with its name in a language.
pub(crate) fn segment_name(segment: &SegmentId, context: Option<&Arc<Context>>, s: &Strings) -> Named {
    match context {
        _ if segment.as_str() == SHARED => Named::new(SHARED, s.adapters.writer_shared),
        Some(context) => words::segment(context, segment, s.locale),
        None => Named::new(segment.as_str(), segment.as_str()),
    }
}

/// Returns a version as it is shown.
pub(crate) fn version_view(card: &AdapterCard, version: &AdapterVersion) -> VersionView {
    VersionView {
        version: version.version.clone(),
        in_use: card.in_use.as_ref() == Some(&version.version),
        facts: version.told.as_ref().ok().map(facts),
        damaged: version.told.as_ref().err().cloned(),
    }
}

fn facts(facts: &AdapterFacts) -> FactsView {
    let points = |points: &[(u32, f64)]| points.iter().map(|(step, loss)| LossView { step: *step, loss: *loss }).collect();
    FactsView {
        base: facts.base.clone(),
        base_sha256: facts.base_sha256.0.clone(),
        is_shared: facts.is_shared,
        rank: facts.rank as u64,
        learned_from: facts.learned_from as u64,
        kept_back: facts.kept_back as u64,
        loss_before: facts.loss_before,
        loss_after: facts.loss_after,
        losses: points(&facts.losses),
        trials: points(&facts.trials),
        date: facts.date.clone(),
        is_evaluated: facts.is_evaluated,
    }
}

impl From<GalleryError> for Problem {
    fn from(error: GalleryError) -> Self {
        match error {
            // It was there when it was looked up; somebody has removed it since.
            GalleryError::Unknown(_) => Problem::NotFound,
            GalleryError::Damaged(why) => Problem::DamagedAdapter { why },
            GalleryError::Unavailable { .. } => Problem::unread(&error, "the adapters cannot be shown"),
        }
    }
}
