//! The page about models: its figures are those of the API, and a card of before lacks no sentence.
use super::*;

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
    assert!(drift.contains("0.310") && drift.contains("One year: 21.0% → 41.0%") && drift.contains("No longer there: Fax."), "{drift}");
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
        ("en", "This card does not have this part", "no earlier run"),
        ("zh-TW", "這張說明卡沒有這一部分", "沒有較早的執行"),
        ("zh-CN", "这张说明卡没有这一部分", "没有较早的运行"),
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
