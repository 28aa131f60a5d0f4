//! The run beside the one that is shown, where people would otherwise wonder why their newest work is not here.
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill};
use jiff::Timestamp;
use serde::Serialize;
use winback_core::portfolio::Context;
use winback_core::run::Run;

/// How many of the newest runs are looked at.
const LOOKED_AT: u64 = 20;

/// A run that was worked on after the one that is shown.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OtherRunView {
    /// Its number.
    pub run: i64,
    /// The name of its file.
    pub source: String,
    /// Which run it is and why it is not shown, as a sentence.
    pub text: String,
}

/// Returns the run that was worked on last, if it is not the one that is shown: a newer one that is not assessed
/// yet, or an older one that was taken up again.
pub(crate) async fn other(state: &WebState, context: &Context, s: &Strings) -> Result<Option<OtherRunView>, Problem> {
    let shown = &context.run;
    let runs = state.store.runs(LOOKED_AT).await?;
    let later = runs.iter().filter(|run| run.id != shown.id && worked_on(run) > worked_on(shown));
    Ok(later.max_by_key(|run| worked_on(run)).map(|run| {
        let sentence = if run.id > shown.id { s.run_begun } else { s.run_taken_up };
        let values = [("n", run.id.0.to_string()), ("source", run.origin.source.clone()), ("shown", shown.id.0.to_string())];
        let text = fill(sentence, &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        OtherRunView { run: run.id.0, source: run.origin.source.clone(), text }
    }))
}

/// Returns when a run was last worked on, as far as its stages tell.
fn worked_on(run: &Run) -> Timestamp {
    run.stages.iter().map(|stage| stage.finished_at).max().unwrap_or(run.started_at)
}
