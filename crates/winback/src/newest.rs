//! Which run a command works on: the newest that has come far enough. A newer one that has not is told of, and
//! hides nothing.
use crate::exit::{Exit, stop};
use crate::workbench::{OrStorage, Workbench};
use winback_core::run::{Run, Stage};
use winback_core::store::RunStore;

/// How many of the newest runs are looked at.
pub const LOOKED_AT: u64 = 20;

/// What each stage makes of a run, and what to type for it.
const STEPS: [(Stage, &str, &str); 5] = [
    (Stage::Import, "imported", "winback import FILE"),
    (Stage::Train, "trained", "winback train"),
    (Stage::Assess, "assessed", "winback assess"),
    (Stage::Plan, "planned", "winback plan"),
    (Stage::Write, "written for", "winback write"),
];

/// The newest run that has come far enough, and one begun after it that has not.
pub struct Newest {
    /// The run to work on.
    pub run: Run,
    /// The newest run of all, where it is another one.
    pub unfinished: Option<Run>,
}

impl Newest {
    /// Returns what to tell the person who may expect the unfinished run; `None` where there is none.
    pub fn note(&self) -> Option<String> {
        let state = |run| unfinished(run).map(|(state, _)| state);
        let newer = self.unfinished.as_ref().and_then(state)?;
        Some(format!("note: {newer}; this is run {} ({})", self.run.id, self.run.origin.source))
    }
}

/// Returns the newest run that has a stage behind it, or says what the newest run lacks, or how to make one.
pub async fn newest(bench: &Workbench, stage: Stage) -> anyhow::Result<Newest> {
    let runs = bench.store.runs(LOOKED_AT).await.or_storage()?;
    let none = || stop(Exit::Usage, "there is nothing here yet", "winback run --data FILE, or winback demo for a generated portfolio");
    let first = runs.first().ok_or_else(none)?;
    let run = runs.iter().find(|run| run.has(stage)).ok_or_else(|| lacking(first, stage))?;
    Ok(Newest { run: run.clone(), unfinished: (run.id != first.id).then(|| first.clone()) })
}

/// Checks that a run has a stage behind it, or says what it lacks and what to type.
pub fn need(run: &Run, stage: Stage) -> anyhow::Result<()> {
    if run.has(stage) { Ok(()) } else { Err(lacking(run, stage)) }
}

/// Returns how far a run has come that is not done, and what to type next; `None` for one that is done.
pub fn unfinished(run: &Run) -> Option<(String, &'static str)> {
    let next = STEPS.iter().position(|(stage, ..)| !run.has(*stage))?;
    let (_, made, command) = STEPS[next];
    let done = next.checked_sub(1).and_then(|last| STEPS.get(last)).map(|(_, made, _)| *made);
    let so_far = match done {
        Some(done) => format!("been {done} but not {made} yet"),
        None => format!("not been {made} to its end"),
    };
    Some((format!("run {} ({}) has {so_far}", run.id, run.origin.source), command))
}

fn lacking(run: &Run, stage: Stage) -> anyhow::Error {
    match unfinished(run) {
        Some((state, command)) => stop(Exit::Usage, state, format!("{command}, or winback run --data FILE")),
        // A stage is missing only where a later one is, too.
        None => stop(Exit::Usage, format!("run {} has no report of the stage {}", run.id, stage.tag()), "winback run --data FILE --again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::digest::Digest;
    use winback_core::id::RunId;
    use winback_core::run::{RunOrigin, StageReport};

    fn run(id: i64, stages: &[Stage]) -> Run {
        let digest = Digest::of(b"");
        let origin = RunOrigin { source: "a.csv".into(), source_digest: digest.clone(), settings_digest: digest, settings: String::new() };
        let at = jiff::Timestamp::UNIX_EPOCH;
        let done = |stage: &Stage| StageReport { stage: *stage, finished_at: at, duration_ms: 0, report: serde_json::Value::Null };
        Run { id: RunId(id), origin, started_at: at, stages: stages.iter().map(done).collect() }
    }

    #[test]
    fn a_run_that_is_not_done_says_how_far_it_has_come_and_what_to_type() {
        let all = STEPS.map(|(stage, ..)| stage);
        let told = |done: usize| unfinished(&run(2, &all[..done])).map(|(state, command)| format!("{state}: {command}"));
        let expected = [
            Some("run 2 (a.csv) has not been imported to its end: winback import FILE"),
            Some("run 2 (a.csv) has been imported but not trained yet: winback train"),
            Some("run 2 (a.csv) has been trained but not assessed yet: winback assess"),
            Some("run 2 (a.csv) has been assessed but not planned yet: winback plan"),
            Some("run 2 (a.csv) has been planned but not written for yet: winback write"),
            None,
        ];
        assert_eq!([0, 1, 2, 3, 4, 5].map(told), expected.map(|text| text.map(str::to_owned)));
    }

    #[test]
    fn a_newer_run_that_is_not_done_is_told_of() {
        let done = STEPS.map(|(stage, ..)| stage);
        let newest = |unfinished| Newest { run: run(1, &done), unfinished };
        let note = "note: run 2 (a.csv) has been imported but not trained yet; this is run 1 (a.csv)";
        assert_eq!(newest(Some(run(2, &[Stage::Import]))).note().as_deref(), Some(note));
        assert_eq!(newest(None).note(), None);
    }
}
