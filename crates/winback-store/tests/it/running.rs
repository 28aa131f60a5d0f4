//! One store under several hands.
use winback_core::campaign::ApprovalState;
use winback_core::fakes::{contract, samples};
use winback_core::portfolio::{ListQuery, PortfolioReader as _};
use winback_core::store::{CampaignStore as _, CustomerStore as _, RunStore as _};
use winback_store::SqliteStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fresh_stores_open_and_take_rows_every_time() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("winback.db")).await.unwrap();
        let run = store.begin(&samples::origin("fresh"), samples::time()).await.unwrap().id;
        let (schema, page) = (samples::schema(), samples::page(0, 20));
        let (one, two, three) =
            tokio::join!(store.save_customers(run, &schema, &page), store.save_customers(run, &schema, &page), store.progress(run));
        one.unwrap();
        two.unwrap();
        three.unwrap();
        assert_eq!(store.progress(run).await.unwrap().customers, 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_open_a_new_store_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("winback.db");
        let (one, two) = tokio::join!(SqliteStore::open(&path), SqliteStore::open(&path));
        let run = one.unwrap().begin(&samples::origin("both"), samples::time()).await.unwrap().id;
        assert!(two.unwrap().run(run).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_read_and_decide_while_a_run_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("winback.db")).await.unwrap();
    let run = contract::fill(&store, "busy").await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move { contract::fill(&store, "busy").await.unwrap() }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..40 {
        let store = store.clone();
        tasks.spawn(async move {
            store.decide(run, &[samples::approval(place, ApprovalState::Approved)]).await.unwrap();
            store.list(run, &ListQuery::default()).await.unwrap().total
        });
    }
    while let Some(total) = tasks.join_next().await {
        assert_eq!(total.unwrap(), u64::from(contract::CUSTOMERS));
    }
    assert_eq!(writer.await.unwrap(), run);
    assert_eq!(store.overview(run).await.unwrap().approved, 40);
}

#[tokio::test]
async fn a_store_is_found_again_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("winback.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let run = contract::fill(&store, "again").await.unwrap();
    let before = store.overview(run).await.unwrap();
    store.close().await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.overview(run).await.unwrap(), before);
}
