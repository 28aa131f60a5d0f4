//! What would bring a customer under a line, on the page and in the API.
use super::*;
use std::sync::atomic::Ordering;

const API: &str = "/api/v1/customers/3668-QPYBK/whatif";

async fn panel(state: &WebState, query: &str) -> String {
    let page = get(state, &format!("/customers/3668-QPYBK?{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{query}");
    page.text.split("id=\"whatif\"").nth(1).unwrap().split("</section>").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_panel_says_what_the_api_says() {
    let state = state();
    let told = get(&state, &format!("{API}?under=0.3&offer=support-trial&offer=annual-15")).await.json();
    let panel = panel(&state, "under=0.3&offer=support-trial&offer=annual-15&lang=en").await;
    for way in told["single"].as_array().unwrap() {
        assert!(panel.contains(way["probability_text"].as_str().unwrap()), "{way}");
        assert!(panel.contains(&format!(">{}</td>", way["cost"]["text"].as_str().unwrap())), "{way}");
    }
    for sentence in told["answer"].as_array().unwrap().iter().chain([&told["chosen"]["text"]]) {
        assert!(panel.contains(sentence.as_str().unwrap()), "{sentence}: {panel}");
    }
    assert_eq!(panel.matches(" checked>").count(), 2, "what was chosen stays marked");
    assert_eq!(told["under_text"], "30%");
    let page = get(&state, "/api/v1/customers/3668-QPYBK").await.json();
    assert_eq!(told["now_text"], page["risk"]["probability_text"], "the model gives the stored score to the row as it is");
}

#[tokio::test]
async fn a_combination_is_scored_or_refused_by_name() {
    let state = state();
    let chosen = async |query: &str| get(&state, &format!("{API}?lang=en&{query}")).await.json()["chosen"].clone();
    let both = chosen("offer=support-trial&offer=annual-15&offer=support-trial").await;
    assert_eq!(both["way"]["offers"].as_array().unwrap().len(), 2, "{both}");
    let clash = chosen("offer=annual-15&offer=two-years").await;
    assert!(clash["way"].is_null() && clash["text"].as_str().unwrap().contains("cannot be taken together"), "{clash}");
    let closed = chosen("offer=%3Cb%3E").await;
    assert!(closed["text"].as_str().unwrap().starts_with("This customer cannot have “<b>”"), "{closed}");
    assert!(!panel(&state, "offer=%3Cb%3E&lang=en").await.contains("<b>"), "an id out of an address is escaped");
    assert!(chosen("under=0.3").await.is_null());
}

#[tokio::test]
async fn that_no_action_suffices_is_said_plainly_in_every_language() {
    let state = state();
    for (lang, words) in [("en", "No action of the catalogue suffices"), ("zh-TW", "沒有任何做法足以"), ("zh-CN", "没有任何做法足以")]
    {
        assert!(panel(&state, &format!("under=0.0001&lang={lang}")).await.contains(words), "{lang}");
    }
    assert!(panel(&state, "under=1&lang=en").await.contains("already under 100%"));
    assert!(get(&state, &format!("{API}?under=0.0001")).await.json()["cheapest"].is_null());
}

#[tokio::test]
async fn a_line_that_is_none_is_refused_and_the_usual_one_is_where_the_risk_becomes_medium() {
    let state = state();
    for under in ["0", "1.1", "-1", "40%25", "NaN", "x"] {
        let answer = get(&state, &format!("{API}?under={under}")).await;
        assert_eq!((answer.status, &answer.json()["type"]), (StatusCode::BAD_REQUEST, &"urn:winback:problem:bad-query".into()), "{under}");
        assert_eq!(get(&state, &format!("/customers/3668-QPYBK?under={under}")).await.status, StatusCode::BAD_REQUEST, "{under}");
    }
    assert_eq!(get(&state, API).await.json()["under"], 0.4);
    assert_eq!(get(&state, "/api/v1/customers/nobody/whatif").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_the_model_the_page_stands_and_says_so() {
    let (store, desk) = fakes::portfolio();
    store.model_gone.store(true, Ordering::Relaxed);
    let state = WebState { store, desk, ..state() };
    assert!(panel(&state, "under=0.4&lang=en").await.contains("its file may be gone from the models folder"));
    let answer = get(&state, API).await;
    assert_eq!((answer.status, &answer.json()["type"]), (StatusCode::SERVICE_UNAVAILABLE, &"urn:winback:problem:no-answer".into()));
}

#[tokio::test]
async fn the_form_of_an_id_that_browsers_fold_leads_back_to_it() {
    let page = get(&state(), "/customer?id=..&lang=en").await.text;
    let form = page.split("id=\"whatif\"").nth(1).unwrap();
    assert!(form.contains("action=\"/customer#whatif\"") && form.contains("<input type=\"hidden\" name=\"id\" value=\"..\">"), "{form}");
}

#[tokio::test]
async fn nothing_is_scored_before_somebody_asks() {
    let (store, desk) = fakes::portfolio();
    store.model_gone.store(true, Ordering::Relaxed);
    let state = WebState { store, desk, ..state() };
    for (lang, ask) in [("en", "Score the offers"), ("zh-TW", "試算方案"), ("zh-CN", "试算方案")] {
        let page = get(&state, &format!("/customers/3668-QPYBK?lang={lang}")).await.text;
        let panel = page.split("id=\"whatif\"").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(panel.contains(ask) && panel.contains("value=\"0.4\"") && !panel.contains("class=\"notice\""), "{panel}");
        assert!(page.contains("href=\"/customers/3668-QPYBK?under=0.4#whatif\""), "the link asks");
    }
    let folded = get(&state, "/customer?id=..&lang=en").await.text;
    let link = folded.lines().find(|line| line.contains("#whatif")).unwrap();
    assert!(link.contains("/customer?id=..&#38;under=0.4#whatif") || link.contains("/customer?id=..&amp;under=0.4#whatif"), "{link}");
}

#[tokio::test]
async fn that_no_offer_lowers_the_score_is_not_told_as_a_lowest() {
    let (store, desk) = fakes::portfolio();
    store.offers_raise.store(true, Ordering::Relaxed);
    let state = WebState { store, desk, ..state() };
    for (lang, words, never) in [
        ("en", "No offer that this customer can have lowers", "The furthest"),
        ("zh-TW", "可用的方案都不會讓機率下降", "最多可降到"),
        ("zh-CN", "可用的方案都不会让概率下降", "最多可降到"),
    ] {
        let panel = panel(&state, &format!("under=0.01&lang={lang}")).await;
        assert!(panel.contains(words) && !panel.contains(never), "{panel}");
    }
}
