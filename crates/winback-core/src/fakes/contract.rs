//! What any store must do. Each function panics where the store does not; run
//! [`run_store`] on a fresh store.
use super::samples;
use crate::campaign::ApprovalState;
use crate::id::{CustomerId, Position, RunId};
use crate::locale::Locale;
use crate::offer::OfferId;
use crate::portfolio::{Filter, ListQuery, SortKey};
use crate::risk::{RiskLevel, RiskThresholds, ThresholdError, ValueTier};
use crate::run::{RunProgress, Stage};
use crate::search::fold;
use crate::segment::SegmentId;
use crate::store::{Standing, Store, StoreError};
use std::collections::BTreeSet;

/// How many customers the contract's portfolio has.
pub const CUSTOMERS: u32 = 1_000;
const PAGE: u32 = 300;

/// Runs every part of the contract on a fresh store.
pub async fn run_store(store: &dyn Store) -> Result<(), StoreError> {
    an_unfinished_run_is_taken_up_again(store).await?;
    a_stage_can_be_done_again(store).await?;
    customers_come_back_as_they_were(store).await?;
    saving_twice_changes_nothing(store).await?;
    plans_come_back_as_they_were(store).await?;
    the_best_stand_first(store).await?;
    the_last_decision_counts(store).await?;
    messages_come_back_as_they_were(store).await?;
    the_overview_adds_up(store).await?;
    lists_are_filtered_sorted_and_paged(store).await?;
    search_finds_parts_and_puts_the_exact_id_first(store).await?;
    chance_is_uniform_and_repeatable(store).await?;
    a_mistyped_id_finds_its_neighbours(store).await?;
    thresholds_tell_whom_they_move(store).await?;
    runs_are_kept_apart(store).await?;
    a_run_that_is_not_there_is_empty(store).await?;
    old_runs_are_pruned(store).await
}

/// Begins a run and stores customers, assessments and plans for a portfolio of [`CUSTOMERS`].
pub async fn fill(store: &dyn Store, name: &str) -> Result<RunId, StoreError> {
    let run = store.begin(&samples::origin(name), samples::time()).await?.id;
    for from in (0..CUSTOMERS).step_by(PAGE as usize) {
        let rows = PAGE.min(CUSTOMERS - from);
        store.save_customers(run, &samples::schema(), &samples::page(from, rows)).await?;
        store.save_assessments(run, &(from..from + rows).map(samples::standing).collect::<Vec<_>>()).await?;
        store.save_plans(run, &(from..from + rows).map(samples::plan).collect::<Vec<_>>()).await?;
    }
    Ok(run)
}

async fn an_unfinished_run_is_taken_up_again(store: &dyn Store) -> Result<(), StoreError> {
    let origin = samples::origin("begin");
    let first = store.begin(&origin, samples::time()).await?;
    assert_eq!((&first.origin, first.started_at, first.stages.len()), (&origin, samples::time(), 0));
    store.finish_stage(first.id, &samples::report(Stage::Import)).await?;
    let again = store.begin(&origin, samples::time()).await?;
    assert_eq!((again.id, again.stages.as_slice()), (first.id, [samples::report(Stage::Import)].as_slice()));
    let other = store.begin(&samples::origin("another file"), samples::time()).await?;
    assert_ne!(other.id, first.id, "another file is another run");
    store.finish_stage(first.id, &samples::report(Stage::Plan)).await?;
    let next = store.begin(&origin, samples::time()).await?;
    assert!(next.id > first.id, "a finished run is left as it is");
    let newest: Vec<RunId> = store.runs(2).await?.iter().map(|run| run.id).collect();
    assert_eq!(newest, [next.id, other.id]);
    assert_eq!(store.run(first.id).await?.map(|run| run.stages.len()), Some(2));
    Ok(())
}

async fn a_stage_can_be_done_again(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "reopen").await?;
    store.decide(run, &[samples::approval(0, ApprovalState::Approved)]).await?;
    store.save_writings(run, &[samples::writing(0, Locale::En, true)]).await?;
    for stage in [Stage::Import, Stage::Train, Stage::Assess, Stage::Plan, Stage::Write] {
        store.finish_stage(run, &samples::report(stage)).await?;
    }
    let all = u64::from(CUSTOMERS);
    let full = RunProgress { customers: all, source_rows: all, assessed: all, planned: all, written: 1 };
    assert_eq!(store.progress(run).await?, full);
    for (stage, left) in [
        (Stage::Write, RunProgress { written: 0, ..full }),
        (Stage::Plan, RunProgress { written: 0, planned: 0, ..full }),
        (Stage::Train, RunProgress { customers: all, source_rows: all, ..RunProgress::default() }),
        (Stage::Import, RunProgress::default()),
    ] {
        store.reopen(run, stage).await?;
        assert_eq!(store.progress(run).await?, left, "{stage:?}");
        let stages = store.run(run).await?.map(|run| run.stages).unwrap_or_default();
        assert!(stages.iter().all(|report| report.stage < stage), "{stage:?}");
    }
    assert_eq!(store.overview(run).await?.matrix.len(), 0);
    assert_eq!(store.decisions(run, ApprovalState::Approved).await?.len(), 0);
    assert_eq!(store.defects(run, 0, 10).await?.len(), 0);
    for stage in [Stage::Import, Stage::Assess, Stage::Train] {
        store.finish_stage(run, &samples::report(stage)).await?;
    }
    let stages = store.run(run).await?.map(|run| run.stages).unwrap_or_default();
    assert_eq!(stages.iter().map(|report| report.stage).collect::<Vec<_>>(), [Stage::Import, Stage::Train], "later reports go");
    Ok(())
}

async fn customers_come_back_as_they_were(store: &dyn Store) -> Result<(), StoreError> {
    let (run, schema) = (fill(store, "customers").await?, samples::schema());
    let back = store.customers(run, &schema, Position(0), u64::MAX).await?;
    assert_eq!(back, (0..CUSTOMERS).map(samples::customer).collect::<Vec<_>>());
    assert_eq!(store.customers(run, &schema, Position(7), 2).await?, [samples::customer(7), samples::customer(8)]);
    assert_eq!(store.customers(run, &schema, Position(CUSTOMERS), 2).await?, []);
    assert_eq!(store.customer(run, &schema, &samples::id(500)).await?, Some(samples::customer(500)));
    let lower = CustomerId::parse(&samples::id(501).as_str().to_lowercase());
    if let Ok(id) = lower {
        assert_eq!(store.customer(run, &schema, &id).await?, None, "ids are compared letter by letter");
    }
    let standings = store.assessments(run, Position(0), u64::MAX).await?;
    assert_eq!(standings, (0..CUSTOMERS).map(samples::standing).collect::<Vec<_>>());
    assert_eq!(store.assessments(run, Position(998), 9).await?, [samples::standing(998), samples::standing(999)]);
    let defects = store.defects(run, 0, u64::MAX).await?;
    assert_eq!(defects, samples::page(0, CUSTOMERS).defects);
    assert_eq!(store.defects(run, 3, 2).await?, defects[3..5]);
    store.finish_stage(run, &samples::report(Stage::Import)).await?;
    assert_eq!(store.customer(run, &schema, &samples::id(500)).await?, Some(samples::customer(500)), "found as before");
    assert_eq!(store.customer(run, &schema, &samples::id(CUSTOMERS)).await?, None);
    store.save_customers(run, &schema, &samples::page(CUSTOMERS, 1)).await?;
    assert_eq!(store.customer(run, &schema, &samples::id(CUSTOMERS)).await?, Some(samples::customer(CUSTOMERS)), "late rows are found too");
    Ok(())
}

async fn saving_twice_changes_nothing(store: &dyn Store) -> Result<(), StoreError> {
    let (run, schema) = (fill(store, "twice").await?, samples::schema());
    let before = (store.progress(run).await?, store.defects(run, 0, u64::MAX).await?, store.overview(run).await?);
    assert_eq!(fill(store, "twice").await?, run);
    store.save_customers(run, &schema, &samples::page(0, 10)).await?;
    let after = (store.progress(run).await?, store.defects(run, 0, u64::MAX).await?, store.overview(run).await?);
    assert_eq!(before, after);
    let mut changed = samples::standing(3);
    changed.level = RiskLevel::Low;
    changed.assessment.reasons.truncate(1);
    store.save_assessments(run, std::slice::from_ref(&changed)).await?;
    assert_eq!(store.assessments(run, Position(3), 1).await?, [changed], "the later one counts");
    let mut plan = samples::plan(3);
    plan.decision = samples::plan(0).decision;
    store.save_plans(run, std::slice::from_ref(&plan)).await?;
    assert_eq!(store.plans(run, Position(3), 1).await?, [plan]);
    Ok(())
}

async fn plans_come_back_as_they_were(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "plans").await?;
    assert_eq!(store.plans(run, Position(0), u64::MAX).await?, (0..CUSTOMERS).map(samples::plan).collect::<Vec<_>>());
    assert_eq!(store.plans(run, Position(5), 2).await?, [samples::plan(5), samples::plan(6)]);
    let file = store.file(run, &samples::id(8), &samples::schema()).await?;
    assert_eq!(file.as_ref().and_then(|file| file.plan.clone()), Some(samples::plan(8)));
    assert_eq!(file.as_ref().and_then(|file| file.assessment.clone()), Some(samples::standing(8).assessment));
    assert_eq!(file.map(|file| (file.customer, file.writings, file.approval)), Some((samples::customer(8), Vec::new(), None)));
    Ok(())
}

async fn the_best_stand_first(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "best").await?;
    let best = store.best(run, u64::MAX).await?;
    let net = |place: u32| samples::plan(place).decision.choice().map(|choice| choice.effect.net_minor);
    let key = |place: u32| match net(place) {
        Some(net) => (0, -net, 0.0, place),
        None => (1, 0, -samples::probability(place).value(), place),
    };
    let mut expected: Vec<u32> = (0..CUSTOMERS).filter(|place| place % 4 != 3).collect();
    expected.sort_by(|&a, &b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal));
    assert_eq!(best.iter().map(|position| position.0).collect::<Vec<_>>(), expected);
    assert_eq!(store.best(run, 5).await?, best[..5]);
    Ok(())
}

async fn the_last_decision_counts(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "decisions").await?;
    let (yes, no) = (ApprovalState::Approved, ApprovalState::Declined);
    store.decide(run, &[samples::approval(4, yes), samples::approval(1, yes), samples::approval(4, no)]).await?;
    store.decide(run, &[samples::approval(9, no)]).await?;
    assert_eq!(store.decisions(run, yes).await?, [samples::approval(1, yes)]);
    assert_eq!(store.decisions(run, no).await?, [samples::approval(4, no), samples::approval(9, no)]);
    assert_eq!(store.overview(run).await?.approved, 1);
    store.decide(run, &[samples::approval(1, no)]).await?;
    assert_eq!(store.overview(run).await?.approved, 0);
    let file = store.file(run, &samples::id(1), &samples::schema()).await?;
    assert_eq!(file.and_then(|file| file.approval), Some(no));
    Ok(())
}

async fn messages_come_back_as_they_were(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "messages").await?;
    let page: Vec<_> = [Locale::En, Locale::ZhTw, Locale::ZhCn].map(|locale| samples::writing(2, locale, true)).into();
    store.save_writings(run, &page).await?;
    store.save_writings(run, &[samples::writing(3, Locale::En, false), samples::writing(5, Locale::En, true)]).await?;
    let expected = Locale::ALL.map(|locale| samples::writing(2, locale, true));
    assert_eq!(store.writings(run, Position(2)).await?, expected);
    assert_eq!(store.writings(run, Position(3)).await?, [samples::writing(3, Locale::En, false)]);
    assert_eq!(store.writings(run, Position(4)).await?, []);
    let among = [5, 4, 3, 2].map(Position);
    assert_eq!(store.written(run, &among, &Locale::ALL).await?, [Position(2)]);
    assert_eq!(store.written(run, &among, &[Locale::En]).await?, [5, 3, 2].map(Position), "held ones count as written for");
    assert_eq!(store.progress(run).await?.written, 3);
    assert_eq!(store.overview(run).await?.written, 2, "held ones have no message");
    store.save_writings(run, &[samples::writing(5, Locale::En, false)]).await?;
    assert_eq!(store.overview(run).await?.written, 1);
    let many: Vec<Position> = (0..CUSTOMERS).map(Position).collect();
    assert_eq!(store.written(run, &many, &[Locale::En]).await?, [2, 3, 5].map(Position));
    Ok(())
}

async fn the_overview_adds_up(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "overview").await?;
    let counted = store.overview(run).await?;
    let current = (0..CUSTOMERS).filter(|&place| !samples::plan(place).decision.is_departed());
    let standings: Vec<_> = current.map(samples::standing).collect();
    assert_eq!((counted.customers, counted.departed), (u64::from(CUSTOMERS), 125));
    assert_eq!(counted.matrix.iter().map(|cell| cell.customers).sum::<u64>(), 875, "who has left is in no figure");
    assert_eq!(counted.matrix.iter().map(|cell| cell.monthly_minor).sum::<i64>(), counted.monthly_minor);
    assert_eq!((counted.matrix[0].level, counted.matrix[0].tier), (RiskLevel::High, Some(ValueTier::High)), "the most serious first");
    assert_eq!(counted.matrix.last().map(|cell| (cell.level, cell.tier)), Some((RiskLevel::Low, None)), "the unknown last");
    let twentieth = |row: &Standing| (row.assessment.probability.value() * 20.0) as usize;
    let expected: Vec<u64> = (0..20).map(|bar| standings.iter().filter(|row| twentieth(row) == bar).count() as u64).collect();
    assert_eq!(counted.histogram, expected);
    let lost: f64 = standings.iter().map(|row| row.assessment.probability.value() * row.monthly_minor.unwrap_or(0) as f64).sum();
    assert_eq!(counted.at_risk_minor, lost.round() as i64);
    let offers: Vec<_> = counted.offers.iter().map(|count| (count.offer.as_ref().map(|offer| offer.0.as_str()), count.customers)).collect();
    assert_eq!(offers, [(Some("annual-15"), 250), (Some("free-trial"), 250), (None, 250)]);
    let segments: Vec<_> = counted.segments.iter().map(|tally| (tally.segment.as_ref().map(SegmentId::as_str), tally.customers)).collect();
    assert_eq!(segments, [(Some("Dormant"), 350), (Some("高價值"), 350), (None, 175)]);
    store.finish_stage(run, &samples::report(Stage::Assess)).await?;
    store.finish_stage(run, &samples::report(Stage::Plan)).await?;
    assert_eq!(store.overview(run).await?, counted, "the same from the snapshot");
    let mut changed = samples::standing(0);
    changed.monthly_minor = changed.monthly_minor.map(|minor| minor + 1);
    store.save_assessments(run, &[changed]).await?;
    assert_eq!(store.overview(run).await?.monthly_minor, counted.monthly_minor + 1, "no stale snapshot");
    Ok(())
}

async fn lists_are_filtered_sorted_and_paged(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "lists").await?;
    store.decide(run, &[samples::approval(4, ApprovalState::Approved)]).await?;
    store.save_writings(run, &[samples::writing(4, Locale::En, true), samples::writing(8, Locale::En, false)]).await?;
    for filter in filters() {
        for sort in [SortKey::Probability, SortKey::MonthlyCharge, SortKey::NetValue, SortKey::Id, SortKey::Position] {
            for descending in [true, false] {
                let query = |offset, limit| ListQuery { filter: filter.clone(), sort, descending, offset, limit };
                let whole = store.list(run, &query(0, 500)).await?;
                check_filter(&whole.rows, &filter);
                check_order(&whole.rows, sort, descending);
                let part = store.list(run, &query(3, 4)).await?;
                assert_eq!(part.total, whole.total, "{filter:?}");
                let expected: Vec<_> = whole.rows.iter().skip(3).take(4).cloned().collect();
                assert_eq!(part.rows, expected, "{filter:?} {sort:?}");
                let places = store.positions(run, &query(3, u64::MAX)).await?;
                assert!(places.len() as u64 == whole.total.saturating_sub(3), "{filter:?}");
                let first = whole.rows.iter().map(|row| row.position).skip(3);
                assert!(first.eq(places.into_iter().take(whole.rows.len().saturating_sub(3))), "{filter:?} {sort:?}");
            }
        }
    }
    let count =
        async |filter: &Filter| store.list(run, &ListQuery { filter: filter.clone(), ..ListQuery::default() }).await.map(|p| p.total);
    let mut counts = Vec::new();
    for filter in filters() {
        counts.push(count(&filter).await?);
    }
    let unknown = (0..CUSTOMERS).filter(|&place| samples::standing(place).tier.is_none()).count() as u64;
    assert_eq!(counts, [1_000, 300, 100, 250, 1, 999, 1, 0, counts[8], unknown, 125, 88, 750, 250, 400, 200]);
    assert!(counts[8] > 0 && unknown > 0);
    Ok(())
}

fn filters() -> [Filter; 16] {
    let all = Filter::default;
    [
        all(),
        Filter { level: Some(RiskLevel::High), ..all() },
        Filter { search: Some("c-000".into()), ..all() },
        Filter { offer: Some(OfferId("annual-15".into())), ..all() },
        Filter { written: Some(true), ..all() },
        Filter { written: Some(false), ..all() },
        Filter { approval: Some(ApprovalState::Approved), ..all() },
        Filter { approval: Some(ApprovalState::Declined), ..all() },
        Filter { level: Some(RiskLevel::Medium), tier: Some(Some(ValueTier::Mid)), offer: Some(OfferId("free-trial".into())), ..all() },
        Filter { tier: Some(None), ..all() },
        Filter { departed: Some(true), ..all() },
        Filter { departed: Some(false), search: Some("c-000".into()), ..all() },
        Filter { contact: Some(true), ..all() },
        Filter { contact: Some(false), ..all() },
        Filter { segment: Some(samples::segment(1)), ..all() },
        Filter { segment: Some(None), ..all() },
    ]
}

fn check_filter(rows: &[crate::portfolio::CustomerRow], filter: &Filter) {
    for row in rows {
        let (standing, plan) = (samples::standing(row.position.0), samples::plan(row.position.0));
        assert_eq!((&row.id, row.level, row.tier), (&standing.assessment.customer, standing.level, standing.tier));
        assert_eq!((row.monthly_minor, row.main_group), (standing.monthly_minor, standing.main_group));
        assert_eq!(row.net_minor, plan.decision.choice().map(|choice| choice.effect.net_minor));
        assert_eq!(row.offer.as_ref(), plan.decision.choice().map(|choice| &choice.offer));
        assert_eq!((row.written, row.approval.is_some()), (row.position.0 == 4, row.position.0 == 4));
        assert!(filter.level.is_none_or(|level| row.level == level) && filter.tier.is_none_or(|tier| row.tier == tier));
        assert_eq!(row.contact, Some(plan.decision.is_contact()));
        assert!(filter.contact.is_none() || row.contact == filter.contact);
        assert!(filter.offer.is_none() || row.offer == filter.offer);
        assert_eq!(row.departed, plan.decision.is_departed());
        assert!(filter.departed.is_none_or(|departed| row.departed == departed));
        assert_eq!(row.segment, standing.segment);
        assert!(filter.segment.as_ref().is_none_or(|segment| row.segment == *segment));
        assert!(filter.search.as_deref().is_none_or(|text| fold(row.id.as_str()).contains(text)));
    }
}

fn check_order(rows: &[crate::portfolio::CustomerRow], sort: SortKey, descending: bool) {
    for pair in rows.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let known = |value: Option<i64>| value.map(|value| value as f64);
        let keys = match sort {
            SortKey::Probability => (Some(a.probability), Some(b.probability)),
            SortKey::MonthlyCharge => (known(a.monthly_minor), known(b.monthly_minor)),
            SortKey::NetValue => (known(a.net_minor), known(b.net_minor)),
            SortKey::Id | SortKey::Position => (Some(f64::from(a.position.0)), Some(f64::from(b.position.0))),
        };
        match keys {
            (Some(x), Some(y)) if x == y => assert!(a.position < b.position, "ties by position"),
            (Some(x), Some(y)) => assert_eq!(x > y, descending, "{sort:?}"),
            (None, Some(_)) => assert!(b.position.0 == u32::MAX, "{sort:?}: what is unknown stands last"),
            (None, None) => assert!(a.position < b.position),
            (Some(_), None) => {}
        }
    }
}

async fn search_finds_parts_and_puts_the_exact_id_first(store: &dyn Store) -> Result<(), StoreError> {
    let run = store.begin(&samples::origin("search"), samples::time()).await?.id;
    let names = ["a1", "A1", "xa1y", "100%", "1000", "a_c", "abc", "back\\slash", "<script>", "客戶１", "Ünal"];
    let ids: Vec<CustomerId> = names.iter().filter_map(|name| CustomerId::parse(name).ok()).collect();
    assert_eq!(ids.len(), names.len());
    let mut page = samples::page(0, 11);
    let mut standings: Vec<_> = (0..11).map(samples::standing).collect();
    for (at, id) in ids.iter().enumerate() {
        page.customers[at].id = id.clone();
        standings[at].assessment.customer = id.clone();
    }
    store.save_customers(run, &samples::schema(), &page).await?;
    store.save_assessments(run, &standings).await?;
    for (text, expected) in [
        ("A1", vec!["A1", "a1", "xa1y"]),
        ("a1", vec!["a1", "A1", "xa1y"]),
        (" XA1 ", vec!["xa1y"]),
        ("0%", vec!["100%"]),
        ("A_C", vec!["a_c"]),
        ("k\\s", vec!["back\\slash"]),
        ("<SCRIPT", vec!["<script>"]),
        ("戶", vec!["客戶１"]),
        ("üNAL", vec!["Ünal"]),
        ("nobody' OR 1=1", vec![]),
    ] {
        let filter = Filter { search: Some(text.to_owned()), ..Filter::default() };
        let query = ListQuery { filter, sort: SortKey::Position, descending: false, offset: 0, limit: 50 };
        let found = store.list(run, &query).await?;
        assert_eq!(found.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(found.total, expected.len() as u64, "{text}");
    }
    let blank = ListQuery { filter: Filter { search: Some("  ".into()), ..Filter::default() }, ..ListQuery::default() };
    assert_eq!(store.list(run, &blank).await?.total, 11, "nothing is searched for");
    Ok(())
}

async fn chance_is_uniform_and_repeatable(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "chance").await?;
    let filter = Filter { search: Some("c-0000".into()), ..Filter::default() };
    let mut counts = [0_u32; 10];
    for seed in 0..1_000 {
        let drawn = store.random(run, &filter, seed).await?;
        let place = (0..10).find(|&place| drawn == Some(samples::id(place)));
        counts[place.unwrap_or_default() as usize] += u32::from(place.is_some());
    }
    assert_eq!(counts.iter().sum::<u32>(), 1_000, "only what the filter leaves");
    // 100 each; 4.5 standard deviations of a binomial count are 43.
    assert!(counts.iter().all(|count| count.abs_diff(100) < 43), "{counts:?}");
    let drawn = store.random(run, &Filter::default(), 7).await?;
    assert!(drawn.is_some());
    assert_eq!(store.random(run, &Filter::default(), 7).await?, drawn);
    let nobody = Filter { search: Some("nobody".into()), ..Filter::default() };
    assert_eq!(store.random(run, &nobody, 7).await?, None);
    Ok(())
}

async fn a_mistyped_id_finds_its_neighbours(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "nearest").await?;
    for (text, limit, first) in [("C-00042x", 3, 42), ("c-00042", 1, 42), ("C-00420X", 1, 420), ("00999", 4, 999), ("C00123X", 1, 123)] {
        let found = store.nearest_ids(run, text, limit).await?;
        assert_eq!(found.first(), Some(&samples::id(first)), "{text}");
        assert!(found.len() <= limit, "{text}");
    }
    assert_eq!(store.nearest_ids(run, "zzzzzzzzzzzz", 5).await?, []);
    assert_eq!(store.nearest_ids(run, "", 5).await?, []);
    Ok(())
}

async fn thresholds_tell_whom_they_move(store: &dyn Store) -> Result<(), StoreError> {
    let run = fill(store, "moves").await?;
    let tried: Result<Vec<RiskThresholds>, ThresholdError> =
        [(0.4, 0.7), (0.4, 0.8), (0.2, 0.3), (0.9, 0.95)].into_iter().map(|(medium, high)| RiskThresholds::new(medium, high)).collect();
    for thresholds in tried.unwrap_or_default() {
        let moves = |from: RiskLevel, to: RiskLevel| {
            let level = |place: u32| (samples::standing(place).level, thresholds.level(samples::probability(place)));
            (0..CUSTOMERS).filter(|&place| !samples::plan(place).decision.is_departed() && level(place) == (from, to)).count() as u64
        };
        let pairs = RiskLevel::ALL.into_iter().flat_map(|from| RiskLevel::ALL.into_iter().map(move |to| (from, to)));
        let others = pairs.filter(|(from, to)| from != to);
        let expected: Vec<_> = others.map(|(from, to)| (from, to, moves(from, to))).filter(|(_, _, count)| *count > 0).collect();
        assert_eq!(store.threshold_moves(run, &thresholds).await?, expected, "{thresholds:?}");
    }
    let other = RiskThresholds::new(0.4, 0.8).ok();
    assert!(matches!(other, Some(other) if store.threshold_moves(run, &other).await?.len() == 1), "some move");
    Ok(())
}

async fn runs_are_kept_apart(store: &dyn Store) -> Result<(), StoreError> {
    let (one, two) = (fill(store, "apart 1").await?, fill(store, "apart 2").await?);
    store.reopen(one, Stage::Import).await?;
    assert_eq!(store.progress(one).await?, RunProgress::default());
    assert_eq!(store.progress(two).await?.planned, u64::from(CUSTOMERS));
    assert_eq!(store.plans(two, Position(0), u64::MAX).await?.len(), CUSTOMERS as usize);
    Ok(())
}

async fn a_run_that_is_not_there_is_empty(store: &dyn Store) -> Result<(), StoreError> {
    let nowhere = RunId(987_654);
    assert_eq!(store.run(nowhere).await?, None);
    assert_eq!(store.progress(nowhere).await?, RunProgress::default());
    assert_eq!(store.list(nowhere, &ListQuery::default()).await?.total, 0);
    assert_eq!(store.overview(nowhere).await?.histogram, vec![0; 20]);
    assert_eq!(store.file(nowhere, &samples::id(0), &samples::schema()).await?, None);
    assert!(store.save_assessments(nowhere, &[samples::standing(0)]).await.is_err(), "nothing is stored for no run");
    Ok(())
}

async fn old_runs_are_pruned(store: &dyn Store) -> Result<(), StoreError> {
    let before: BTreeSet<RunId> = store.runs(u64::MAX).await?.iter().map(|run| run.id).collect();
    let last = fill(store, "last").await?;
    assert_eq!(store.prune(2).await?, before.len() as u64 - 1);
    assert_eq!(store.runs(u64::MAX).await?.len(), 2);
    assert_eq!(store.progress(last).await?.planned, u64::from(CUSTOMERS));
    assert_eq!(store.prune(2).await?, 0);
    assert_eq!(store.prune(1).await?, 1);
    let next = store.begin(&samples::origin("after pruning"), samples::time()).await?;
    assert!(next.id > last, "numbers are never used twice");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::MemoryStore;

    #[tokio::test]
    async fn the_store_in_memory_keeps_the_contract() {
        run_store(&MemoryStore::new()).await.unwrap();
    }
}
