//! A run killed at any moment goes on where the store left off. The test binary
//! starts itself again as the run, kills it, starts it again …
#![expect(clippy::unwrap_used, reason = "the work of the killed run stands outside the test functions")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use winback_core::fakes::samples;
use winback_core::id::{Position, RunId};
use winback_core::run::Stage;
use winback_core::store::{AssessmentStore as _, CampaignStore as _, CustomerStore as _, RunStore as _};
use winback_store::{RunLock, SqliteStore};

const STORE: &str = "WINBACK_TEST_KILLED_STORE";
const CUSTOMERS: u32 = 3_000;
const PAGE: u32 = 64;

/// Does nothing unless this process is the one to be killed.
#[tokio::test]
async fn the_run_that_is_killed() {
    if let Some(path) = std::env::var_os(STORE) {
        let path = PathBuf::from(path);
        let _lock = RunLock::acquire(&path, samples::time()).unwrap();
        work(&path).await;
    }
}

/// Works through a run, from wherever the store says that it has come to.
async fn work(path: &Path) -> RunId {
    let store = SqliteStore::open(path).await.unwrap();
    let run = store.begin(&samples::origin("killed"), samples::time()).await.unwrap();
    let progress = store.progress(run.id).await.unwrap();
    for from in pages(progress.source_rows) {
        let page = samples::page(from, PAGE.min(CUSTOMERS - from));
        store.save_customers(run.id, &samples::schema(), &page).await.unwrap();
    }
    for from in pages(progress.assessed) {
        let page: Vec<_> = (from..CUSTOMERS.min(from + PAGE)).map(samples::standing).collect();
        store.save_assessments(run.id, &page).await.unwrap();
    }
    for from in pages(progress.planned) {
        let page: Vec<_> = (from..CUSTOMERS.min(from + PAGE)).map(samples::plan).collect();
        store.save_plans(run.id, &page).await.unwrap();
    }
    store.finish_stage(run.id, &samples::report(Stage::Plan)).await.unwrap();
    run.id
}

fn pages(done: u64) -> impl Iterator<Item = u32> {
    (u32::try_from(done).unwrap()..CUSTOMERS).step_by(PAGE as usize)
}

#[tokio::test]
async fn a_killed_run_ends_as_an_unbroken_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("winback.db");
    let mut kills = 0;
    // Later and later, so that every stage is hit and the run gets on even on a slow machine.
    for wait_ms in (5_u64..).step_by(17).take(60) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::the_run_that_is_killed", "--quiet"])
            .env(STORE, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait_ms));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the run failed after {kills} kills");
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 0, "the run was never killed");
    check_complete(&path).await;
}

async fn check_complete(path: &Path) {
    let unfinished = SqliteStore::open(path).await.unwrap().runs(10).await.unwrap();
    assert!(unfinished.len() <= 1, "never a second run of one origin");
    if !unfinished.iter().any(|run| run.has(Stage::Plan)) {
        work(path).await;
    }
    let store = SqliteStore::open(path).await.unwrap();
    let runs = store.runs(10).await.unwrap();
    assert_eq!(runs.len(), 1);
    let (run, schema, all) = (runs[0].id, samples::schema(), u64::from(CUSTOMERS));
    let progress = store.progress(run).await.unwrap();
    assert_eq!((progress.customers, progress.source_rows, progress.assessed, progress.planned), (all, all, all, all));
    let customers = store.customers(run, &schema, Position(0), u64::MAX).await.unwrap();
    assert_eq!(customers, (0..CUSTOMERS).map(samples::customer).collect::<Vec<_>>());
    assert_eq!(store.defects(run, 0, u64::MAX).await.unwrap(), samples::page(0, CUSTOMERS).defects);
    let standings = store.assessments(run, Position(0), u64::MAX).await.unwrap();
    assert_eq!(standings, (0..CUSTOMERS).map(samples::standing).collect::<Vec<_>>());
    assert_eq!(store.plans(run, Position(0), u64::MAX).await.unwrap(), (0..CUSTOMERS).map(samples::plan).collect::<Vec<_>>());
}
