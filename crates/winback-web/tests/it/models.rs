//! The page about models: its figures are those of the API, and a card of before lacks no sentence.
use super::*;
use winback_core::run::Stage;
use winback_core::schema::Role;

/// Returns the part of the page under a heading.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    page.split(&format!("aria-labelledby=\"{id}\"")).nth(1).unwrap().split("</section>").next().unwrap()
}

/// Returns a state whose card and run are as an earlier program left them.
fn early() -> WebState {
    let (store, desk) = fakes::portfolio();
    let mut context = desk.context.as_ref().unwrap().as_ref().clone();
    context.card = Arc::new(fakes::card());
    context.run.stages.iter_mut().for_each(|stage| stage.report = serde_json::json!({}));
    WebState { desk: Arc::new(fakes::FakeDesk { context: Some(Arc::new(context)), store: store.clone() }), store, ..state() }
}

#[tokio::test]
async fn the_figures_of_the_page_are_those_of_the_api() {
    let state = state();
    let page = get(&state, "/model?lang=en").await.text;
    let card = get(&state, "/api/v1/model").await.json();
    let number = |value: &Value| value.as_f64().unwrap();
    for row in card["validation"]["importance"].as_array().unwrap() {
        assert!(part(&page, "importance").contains(&format!("+{:.4}", number(&row["log_loss_rise"]))), "{row}");
    }
    for row in card["validation"]["calls"].as_array().unwrap() {
        let interval = format!("{:.1}%–{:.1}%", 100.0 * number(&row["precision_low"]), 100.0 * number(&row["precision_high"]));
        assert!(part(&page, "cost").contains(&interval), "{row}");
    }
    for point in card["effects"].as_array().unwrap().iter().flat_map(|effect| effect["points"].as_array().unwrap()) {
        assert!(part(&page, "effects").contains(&format!("{:.1}%", 100.0 * number(&point["probability"]))), "{point}");
    }
    let intervals = &card["validation"]["intervals"];
    let told = format!("{:.4}–{:.4}", number(&intervals["low"]["roc_auc"]), number(&intervals["high"]["roc_auc"]));
    assert!(part(&page, "metrics").contains(&told), "{told}");
    assert_eq!(part(&page, "importance").matches(">not clear</span>").count(), 1, "one interval touches 0");
    let watch = get(&state, "/api/v1/model/watch").await.json();
    assert_eq!(watch["drift"]["columns"].as_array().unwrap().len(), 3);
    let drift = part(&page, "drift");
    let places: Vec<_> =
        ["Contract", "Tech support", "Tenure"].iter().map(|label| drift.find(&format!(">{label}</th>")).unwrap()).collect();
    assert!(places.is_sorted(), "what changed stands first");
    assert!(
        drift.contains("0.310") && drift.contains("One year: 21.0% → 41.0%") && drift.contains("No longer there, or of another kind: Fax."),
        "{drift}"
    );
    assert!(part(&page, "flips").contains("1.2 points") && part(&page, "flips").contains("They were drawn from 120,000."));
}

#[tokio::test]
async fn earlier_models_stand_beside_the_one_shown() {
    let state = state();
    let models = get(&state, "/api/v1/models").await.json();
    let versions: Vec<&str> = models["models"].as_array().unwrap().iter().map(|row| row["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["logistic-4f1c", "forest-0a7e", "boosted-77d1"], "the one shown, then the better, then those not measured");
    let page = get(&state, "/model?lang=en").await.text;
    let others = part(&page, "others");
    assert!(versions.iter().all(|version| others.contains(version)) && others.contains("Cards that cannot be read: 1."), "{others}");
    assert!(others.contains("0.4276") && others.matches("shown</span>").count() == 1, "{others}");
}

#[tokio::test]
async fn a_card_of_before_says_what_it_lacks_in_every_language() {
    let state = early();
    for (lang, missing, drift) in [
        ("en", "This card does not have this part", "scored by an earlier program"),
        ("zh-TW", "這張說明卡沒有這一部分", "由較早版本的程式評分"),
        ("zh-CN", "这张说明卡没有这一部分", "由较早版本的程序评分"),
    ] {
        let page = get(&state, &format!("/model?lang={lang}")).await;
        assert_eq!(page.status, StatusCode::OK);
        for id in ["roc", "pr", "cost", "importance", "effects", "groups"] {
            assert!(part(&page.text, id).contains(missing), "{lang} {id}");
        }
        assert!(part(&page.text, "drift").contains(drift) && part(&page.text, "flips").contains("winback assess --again"), "{lang}");
    }
    assert!(get(&state, "/api/v1/model/watch").await.json()["drift"].is_null());
}

/// Returns a state whose card, and what is kept with whose run, are altered.
fn altered(alter: impl FnOnce(&mut winback_core::portfolio::Context, &mut Value)) -> WebState {
    let (store, desk) = fakes::portfolio();
    let mut context = desk.context.as_ref().unwrap().as_ref().clone();
    let at = context.run.stages.iter().position(|stage| stage.stage == Stage::Assess).unwrap();
    let mut kept = context.run.stages[at].report.clone();
    alter(&mut context, &mut kept);
    context.run.stages[at].report = kept;
    WebState { desk: Arc::new(fakes::FakeDesk { context: Some(Arc::new(context)), store: store.clone() }), store, ..state() }
}

#[tokio::test]
async fn why_nothing_was_compared_is_told_apart() {
    let drift = async |lang: &str, alter: fn(&mut Value)| {
        let page = get(&altered(|_, kept| alter(kept)), &format!("/model?lang={lang}")).await;
        assert_eq!(page.status, StatusCode::OK);
        part(&page.text, "drift").to_owned()
    };
    let none: fn(&mut Value) = |kept| (kept["drift"], kept["profile"]) = (Value::Null, serde_json::json!({"customers": 30}));
    let failed: fn(&mut Value) = |kept| (kept["drift"], kept["drift_failed"]) = (Value::Null, "the disk is gone".into());
    let foreign: fn(&mut Value) = |kept| kept["drift"]["columns"] = serde_json::json!([]);
    for (lang, words) in [
        ("en", ["no earlier run of another file", "could not be compared", "no column in common"]),
        ("zh-TW", ["還沒有其他檔案的先前執行", "無法比較。程式的說明", "沒有相同的欄位"]),
        ("zh-CN", ["还没有其他文件的先前运行", "无法比较。程序的说明", "没有相同的字段"]),
    ] {
        for (alter, words) in [none, failed, foreign].into_iter().zip(words) {
            let told = drift(lang, alter).await;
            assert!(told.contains(words) && !told.contains("<table"), "{lang} {words}: {told}");
        }
    }
    assert!(drift("en", failed).await.contains("the disk is gone"));
    let damaged = altered(|_, kept| kept["drift"]["columns"] = "x".into());
    for address in ["/model", "/api/v1/model/watch"] {
        assert_eq!(get(&damaged, address).await.status, StatusCode::INTERNAL_SERVER_ERROR, "{address}");
    }
}

#[tokio::test]
async fn the_basis_and_the_levels_are_told() {
    let levels = serde_json::json!([{"level": "high", "before": 0.2, "now": 0.25}, {"level": "medium", "before": 0.1, "now": 0.1}, {"level": "low", "before": 0.7, "now": 0.65}]);
    let state = altered(|_, kept| {
        (kept["drift"]["scores"]["levels"], kept["drift"]["basis"], kept["drift"]["before"]) =
            (levels, "training".into(), serde_json::json!([90_000, 20_000]));
    });
    for (lang, words) in [
        (
            "en",
            ["on which the model was trained", "a sample of 20,000 of 90,000 customers", "0.003 expected by chance", "high 20.0% → 25.0%"],
        ),
        ("zh-TW", ["與訓練模型時的第 7 次執行", "由 90,000 位客戶中抽出 20,000 位", "隨機預期值 0.003", "高風險 20.0% → 25.0%"]),
        ("zh-CN", ["与训练模型时的第 7 次运行", "从 90,000 位客户中抽取 20,000 位", "随机预期值 0.003", "高风险 20.0% → 25.0%"]),
    ] {
        let page = get(&state, &format!("/model?lang={lang}")).await.text;
        for words in words {
            assert!(part(&page, "drift").contains(words), "{lang} {words}: {}", part(&page, "drift"));
        }
    }
    let page = get(&self::state(), "/model?lang=en").await.text;
    let drift = part(&page, "drift");
    assert!(drift.contains("the run before of another file, run 7") && drift.contains("above 12 months up to 24 months: "), "{drift}");
    assert!(drift.contains("the shares of the risk levels are not compared"), "{drift}");
}

#[tokio::test]
async fn a_number_that_says_who_a_customer_is_is_not_called_absent() {
    let numeric = |empty: bool| {
        altered(move |context, kept| {
            let table = Arc::make_mut(&mut context.table);
            table.columns.iter_mut().filter(|column| column.name == "tenure").for_each(|column| column.role = Role::Trait);
            if empty {
                kept["fairness"]["flips"] = serde_json::json!([]);
            }
        })
    };
    for (lang, number, none) in [
        ("en", "Not flipped, because it is a number: Tenure.", "No column of the table says"),
        ("zh-TW", "以下欄位是數字，沒有逐一替換：往來月數。", "資料表沒有說明"),
        ("zh-CN", "以下字段是数字，没有逐一替换：在网月数。", "数据表没有说明"),
    ] {
        for empty in [false, true] {
            let page = get(&numeric(empty), &format!("/model?lang={lang}")).await.text;
            let flips = part(&page, "flips");
            assert!(flips.contains(number) && !flips.contains(none) && flips.contains("<table") != empty, "{lang}: {flips}");
        }
        let without = altered(|_, kept| kept["fairness"]["flips"] = serde_json::json!([]));
        let page = get(&without, &format!("/model?lang={lang}")).await.text;
        assert!(part(&page, "flips").contains(none) && !part(&page, "flips").contains(number), "{lang}");
    }
}

#[tokio::test]
async fn few_calls_are_told_in_a_table_and_drawn_from_two_on() {
    let cost = async |calls: usize| {
        let state = altered(|context, _| {
            let mut card = context.card.as_ref().clone();
            card["validation"]["calls"].as_array_mut().unwrap().truncate(calls);
            context.card = Arc::new(card);
        });
        part(&get(&state, "/model?lang=en").await.text, "cost").to_owned()
    };
    let [none, one, two] = [cost(0).await, cost(1).await, cost(2).await];
    assert!(none.contains("Too few customers were held out") && !none.contains("<table") && !none.contains("Train again"), "{none}");
    assert!(one.contains("Too few customers") && one.contains("86.0%") && !one.contains("<svg"), "{one}");
    assert!(two.contains("<svg") && !two.contains("Too few customers"), "{two}");
}
