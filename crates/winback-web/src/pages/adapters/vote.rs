//! Choosing between two mails to one customer without knowing who wrote which.
use super::super::decide::{Fields, field};
use super::super::{Page, render};
use super::Teller;
use crate::auth::Ability;
use crate::guard::Visit;
use crate::list_query::one_of;
use crate::pages::customers::seed_of;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::fill;
use crate::url;
use crate::view::Named;
use crate::view::adapters::ballot::{self, BallotView, RevealedView, Sent};
use crate::view::adapters::tally::{self, TallyView};
use crate::view::adapters::{self};
use askama::Template;
use axum::extract::{Extension, Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use winback_core::gallery::Choice;

/// What can be chosen, as forms and programs name it.
pub(crate) const CHOICES: [(&str, Choice); 3] = [("left", Choice::Left), ("right", Choice::Right), ("neither", Choice::Neither)];

#[derive(Template)]
#[template(path = "adapter_vote.html")]
struct VotePage {
    page: Page,
    teller: Teller,
    segment: Named,
    version: String,
    /// The pair to choose from; absent where no two mails differ.
    ballot: Option<BallotView>,
    /// Who wrote the mails of the vote before, and what was chosen.
    told: Option<(RevealedView, Option<&'static str>)>,
    votes: Vec<TallyView>,
    /// How many votes are on mails of an earlier evaluation.
    earlier: u64,
}

impl VotePage {
    fn here(&self) -> String {
        url::adapter(&self.segment.tag, &self.version)
    }

    fn lang<'a>(&self, ballot: &'a BallotView) -> &'a str {
        ballot.language.as_ref().map_or("", |language| &language.tag)
    }

    /// Returns how far the voting has come.
    fn progress(&self, ballot: &BallotView) -> String {
        let a = self.page.s.adapters;
        let [open, pairs, alike] = [ballot.open, ballot.pairs, ballot.alike].map(|number| self.teller.count(&number));
        let far = match ballot.open {
            0 => a.vote_again.to_owned(),
            _ => fill(a.vote_open, &[("open", &open), ("pairs", &pairs)]),
        };
        let alike = (ballot.alike > 0).then(|| fill(a.vote_alike, &[("n", &alike)]));
        self.page.s.joined(&[Some(far), alike].into_iter().flatten().collect::<Vec<_>>())
    }

    fn revealed(&self, told: &RevealedView) -> String {
        fill(self.page.s.adapters.revealed, &[("left", &told.left.label), ("right", &told.right.label)])
    }

    /// Returns where the mails of the vote before stand side by side.
    fn told_href(&self, told: &RevealedView) -> String {
        format!("{}{}#mails", self.here(), url::query(&[("customer", &told.customer)]))
    }
}

/// Shows the pair that the seed draws; without one, goes to a fresh one, so that the address repeats the draw.
pub(crate) async fn show(
    State(state): State<WebState>,
    Path((segment, version)): Path<(String, String)>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    visit.need(Ability::Write)?;
    let of = adapters::found(&state, &segment, &version).await?;
    let found = of.evaluated()?;
    if visit.param("seed").is_empty() {
        return Ok(Redirect::to(&next(&state, (&segment, &version), &[])).into_response());
    }
    let seed = seed_of(&state, visit.param("seed"))?;
    let (context, votes) = (state.desk.context().await?, state.gallery.votes().await?);
    let page = Page::new(&visit, context.as_deref());
    let sent = Sent { customer: visit.param("whom"), seed: visit.param("drawn"), ballot: visit.param("ballot") };
    let a = page.s.adapters;
    let chose = CHOICES.iter().find(|(name, _)| *name == visit.param("choice")).map(|(_, choice)| match choice {
        Choice::Left => a.vote_chose_a,
        Choice::Right => a.vote_chose_b,
        Choice::Neither => a.vote_chose_neither,
    });
    let cast = tally::cast(found, &votes);
    let template = VotePage {
        teller: Teller { s: page.s },
        segment: adapters::segment_name(&of.card.segment, context.as_ref(), page.s),
        version,
        ballot: ballot::next(found, &votes, seed, page.s),
        told: ballot::revealed(found, &votes, &sent, page.s).map(|told| (told, chose)),
        votes: tally::tallies(found, &cast, page.s),
        earlier: cast.earlier,
        page,
    };
    render(StatusCode::OK, &template)
}

/// Keeps the vote of the form and goes to the next pair, which tells who wrote the mails of this one.
pub(crate) async fn take(
    State(state): State<WebState>,
    Path((segment, version)): Path<(String, String)>,
    Extension(visit): Extension<Visit>,
    Form(fields): Fields,
) -> Result<Response, Problem> {
    visit.need(Ability::Write)?;
    let chosen = field(&fields, "choice");
    let choice = one_of("choice", chosen, &CHOICES)?;
    let of = adapters::found(&state, &segment, &version).await?;
    let sent = Sent { customer: field(&fields, "customer"), seed: field(&fields, "seed"), ballot: field(&fields, "ballot") };
    let told = [("whom", sent.customer), ("drawn", sent.seed), ("ballot", sent.ballot)];
    let [outcome] = match ballot::vote(&state, &of, &sent, choice, crate::strings::Strings::of(visit.locale)).await {
        Ok(_) => [("choice", chosen)],
        // The form came twice, or somebody else was quicker: whoever sent it gets the next pair all the same.
        Err(Problem::VotedBefore) => [("done", "voted_before")],
        Err(problem) => return Err(problem),
    };
    let pairs: Vec<(&str, &str)> = told.into_iter().chain([outcome]).collect();
    Ok(Redirect::to(&next(&state, (&segment, &version), &pairs)).into_response())
}

/// Returns the address of a fresh draw.
fn next(state: &WebState, (segment, version): (&str, &str), told: &[(&str, &str)]) -> String {
    let seed = (state.random_seed)().to_string();
    let pairs: Vec<(&str, &str)> = [("seed", seed.as_str())].into_iter().chain(told.iter().copied()).collect();
    format!("{}/vote{}", url::adapter(segment, version), url::query(&pairs))
}
