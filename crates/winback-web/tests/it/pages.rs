//! What people read: pictures of the pages, and the same numbers on pages and in the API.
use super::*;
use winback_core::locale::Localized;
use winback_core::portfolio::Context;
use winback_core::risk::{Measure, ValueBounds, ValueBy};
use winback_core::schema::{Column, Role};
use winback_core::segment::assign::Segmenter;

/// Returns the page's own part, without the frame and with the content hashes of static files left out.
fn picture(answer: &Answer) -> String {
    let from = answer.text.find("<main").unwrap();
    let to = answer.text.find("</main>").unwrap();
    answer.text[from..to].lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

async fn check(name: &str, path: &str, status: StatusCode) {
    let answer = get(&state(), path).await;
    assert_eq!(answer.status, status, "{path}");
    insta::assert_snapshot!(name, picture(&answer));
}

#[tokio::test]
async fn every_page_in_english() {
    check("overview_en", "/?lang=en", StatusCode::OK).await;
    check("customers_en", "/customers?lang=en", StatusCode::OK).await;
    check("customer_en", "/customers/7590-VHVEG?lang=en", StatusCode::OK).await;
    check("adapters_en", "/adapters?lang=en", StatusCode::OK).await;
    check("adapter_en", "/adapters/HighValue_Active/v2?lang=en", StatusCode::OK).await;
    check("adapter_vote_en", "/adapters/HighValue_Active/v2/vote?seed=42&lang=en", StatusCode::OK).await;
    check("strategy_en", "/strategy?lang=en", StatusCode::OK).await;
    check("model_en", "/model?lang=en", StatusCode::OK).await;
    check("thresholds_en", "/thresholds?medium=0.3&high=0.8&lang=en", StatusCode::OK).await;
    check("thresholds_refused_en", "/thresholds?medium=0.8&high=0.3&lang=en", StatusCode::BAD_REQUEST).await;
    check("data_en", "/data?lang=en", StatusCode::OK).await;
    check("sign_in_en", "/sign-in?lang=en", StatusCode::OK).await;
    check("absent_customer_en", "/customers/7590-VHVEX?lang=en", StatusCode::NOT_FOUND).await;
    check("absent_page_en", "/nowhere?lang=en", StatusCode::NOT_FOUND).await;
    check("bad_query_en", "/customers?level=huge&lang=en", StatusCode::BAD_REQUEST).await;
    check("nobody_en", "/customers?search=zzzz&lang=en", StatusCode::OK).await;
    check("beyond_the_end_en", "/customers?page=999&size=10&sort=id&lang=en", StatusCode::OK).await;
    check("customer_held_en", "/customers/3668-QPYBK?lang=en", StatusCode::OK).await;
    check("call_sheet_en", "/call?id=7590-VHVEG&text=en&lang=en", StatusCode::OK).await;
    check("absent_adapter_en", "/adapters/HighValue_Activ/v1?lang=en", StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn key_pages_in_chinese() {
    for lang in ["zh-TW", "zh-CN"] {
        check(&format!("overview_{lang}"), &format!("/?lang={lang}"), StatusCode::OK).await;
        check(&format!("customer_{lang}"), &format!("/customers/7590-VHVEG?lang={lang}"), StatusCode::OK).await;
        check(&format!("model_{lang}"), &format!("/model?lang={lang}"), StatusCode::OK).await;
        check(&format!("call_sheet_{lang}"), &format!("/call?id=7590-VHVEG&text=en&lang={lang}"), StatusCode::OK).await;
        check(&format!("adapters_{lang}"), &format!("/adapters?lang={lang}"), StatusCode::OK).await;
        check(&format!("adapter_{lang}"), &format!("/adapters/HighValue_Active/v1?lang={lang}"), StatusCode::OK).await;
        check(&format!("adapter_vote_{lang}"), &format!("/adapters/HighValue_Active/v2/vote?seed=42&lang={lang}"), StatusCode::OK).await;
        check(&format!("absent_customer_{lang}"), &format!("/customers/nope?lang={lang}"), StatusCode::NOT_FOUND).await;
    }
}

#[tokio::test]
async fn a_call_sheet_speaks_the_language_of_its_script_in_a_frame_of_the_visitors() {
    let page = get(&state(), "/call?id=7590-VHVEG&text=zh-CN&lang=zh-TW").await.text;
    let (frame, sheet) = page.split_once("<article class=\"card sheet\" lang=\"zh-CN\">").unwrap();
    let sheet = sheet.split("</article>").next().unwrap();
    assert!(frame.contains("<html lang=\"zh-TW\">") && frame.contains(">客戶</a>"), "{frame}");
    assert!(sheet.contains("致电人员") && sheet.contains("→ 勾选“") && sheet.contains("客户可能的回应"), "{sheet}");
    let traditional = "開電話說結語這備註選會".chars().find(|c| sheet.contains(*c));
    assert_eq!((traditional, sheet.matches("列印").count()), (None, 1), "only the button is the visitor's: {sheet}");
    assert_eq!(get(&state(), "/call?id=7590-VHVEG&text=fr").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_is_said_of_a_cut_that_nobody_reaches() {
    let page = get(&state(), "/model?lang=en").await.text;
    let row = page.split("≥ 90.0%").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.contains("data-label=\"Share who left\">—</td>"), "{row}");
    assert!(page.contains("rotate(-90)\">Actually left</text>"), "the upright axis has its name");
}

#[tokio::test]
async fn before_the_first_run_pages_say_what_to_type() {
    let (store, _) = fakes::portfolio();
    let desk = Arc::new(fakes::FakeDesk { context: None, store });
    let state = WebState { desk, ..state() };
    for path in ["/", "/customers", "/customers/1", "/strategy", "/model", "/thresholds", "/data"] {
        let answer = get(&state, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.text.contains("winback run --data"), "{path}");
    }
    assert_eq!(get(&state, "/api/v1/overview").await.json()["type"], "urn:winback:problem:no-run");
}

#[tokio::test]
async fn the_api_document() {
    insta::assert_json_snapshot!("openapi", get(&state(), "/api/openapi.json").await.json());
}

#[tokio::test]
async fn numbers_on_pages_equal_the_api() {
    let state = state();
    let (page, api) = (get(&state, "/").await.text, get(&state, "/api/v1/overview").await.json());
    for amount in ["monthly", "at_risk"] {
        assert!(page.contains(&format!("<strong>{}</strong>", api[amount]["text"].as_str().unwrap())), "{amount}");
    }
    let matrix: u64 = api["matrix"].as_array().unwrap().iter().map(|row| row["customers"].as_u64().unwrap()).sum();
    assert_eq!((matrix, api["customers"].as_u64().unwrap()), (30, 30));
    let (page, api) = (get(&state, "/customers?size=500").await.text, get(&state, "/api/v1/customers?size=500").await.json());
    for row in api["rows"].as_array().unwrap() {
        assert!(page.contains(row["probability_text"].as_str().unwrap()), "{}", row["id"]);
    }
}

#[tokio::test]
async fn points_add_up_to_the_probability_for_every_customer() {
    let state = state();
    let rows = get(&state, "/api/v1/customers?size=500").await.json()["rows"].clone();
    for row in rows.as_array().unwrap() {
        let id: String = row["id"].as_str().unwrap().bytes().map(|byte| format!("%{byte:02X}")).collect();
        let risk = get(&state, &format!("/api/v1/customers/{id}")).await.json()["risk"].clone();
        let sum: i64 = risk["reasons"].as_array().unwrap().iter().map(|reason| reason["tenths"].as_i64().unwrap()).sum();
        assert_eq!(risk["base_tenths"].as_i64().unwrap() + sum, risk["total_tenths"].as_i64().unwrap(), "{}", row["id"]);
    }
}

#[tokio::test]
async fn the_waterfall_tells_the_points_of_the_api() {
    let state = state();
    let risk = get(&state, "/api/v1/customers/7590-VHVEG").await.json()["risk"].clone();
    let page = get(&state, "/customers/7590-VHVEG?lang=en").await.text;
    let drawing = page.split("<svg class=\"waterfall\"").nth(1).unwrap().split("</svg>").next().unwrap();
    let figures: Vec<&str> = drawing.split("text-anchor=\"end\">").skip(1).map(|part| part.split('<').next().unwrap()).collect();
    let tenths = |text: &str| text.replace('−', "-").replace(['+', '.', '%'], "").parse::<i64>();
    let told: Vec<i64> = figures.iter().filter(|text| text.contains('.')).map(|text| tenths(text).unwrap()).collect();
    let reasons: Vec<i64> = risk["reasons"].as_array().unwrap().iter().map(|reason| reason["tenths"].as_i64().unwrap()).collect();
    let (base, total) = (risk["base_tenths"].as_i64().unwrap(), risk["total_tenths"].as_i64().unwrap());
    assert_eq!(told, [vec![base], reasons, vec![total]].concat(), "{drawing}");
    assert!(drawing.contains("<title id=\"waterfall-title\">") && drawing.contains("<desc id=\"waterfall-told\">"), "{drawing}");
}

#[tokio::test]
async fn a_filter_narrows_and_an_exact_id_stands_first() {
    let state = state();
    let ids = async |query: &str| -> Vec<String> {
        let json = get(&state, &format!("/api/v1/customers?{query}")).await.json();
        json["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("search=vhveg").await, ["7590-VHVEG"]);
    assert_eq!(ids("search=..").await[0], "..");
    assert_eq!(ids("level=high&tier=low&sort=id").await.len(), 2);
    assert_eq!(ids("written=yes").await.len(), 3);
    assert_eq!(ids("page=9999999&size=7&sort=position").await.len(), 2);
}

#[tokio::test]
async fn a_list_is_of_one_segment_on_the_page_in_the_api_and_in_the_export() {
    let state = state();
    let api = async |query: &str| get(&state, &format!("/api/v1/customers?size=500&{query}")).await;
    let dormant = api("segment=Regular_Active&lang=en").await.json();
    assert!(dormant["total"].as_u64().unwrap() > 5, "{dormant}");
    for row in dormant["rows"].as_array().unwrap() {
        assert_eq!((&row["segment"]["tag"], &row["segment"]["label"]), (&"Regular_Active".into(), &"Active".into()));
    }
    assert_eq!(api("segment=%28none%29").await.json()["total"], 1);
    assert_eq!(api("segment=Old_Friends").await.json()["rows"][0]["segment"]["label"], "Old_Friends", "the table alone names it");
    let page = get(&state, "/customers?segment=Old_Friends&lang=en").await.text;
    assert!(
        page.contains("<option value=\"Old_Friends\" selected>Old_Friends (1)</option>") && page.contains("--segment=Old_Friends"),
        "{page}"
    );
    assert!(page.contains("<option value=\"(none)\">none (1)</option>"), "{page}");
    assert!(get(&state, "/random?segment=Old_Friends").await.header("location").contains("segment=Old_Friends"));
    let refused = api("segment=Dormant&lang=en").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("Regular_Active / HighValue_Active / Old_Friends / (none)"), "{}", refused.text);
}

#[tokio::test]
async fn a_run_of_before_segments_were_kept_offers_no_filter_and_says_why() {
    let (store, desk) = fakes::portfolio();
    store.segments_kept.store(false, std::sync::atomic::Ordering::Relaxed);
    let state = WebState { store, desk, ..state() };
    assert!(!get(&state, "/customers").await.text.contains("name=\"segment\""));
    let refused = get(&state, "/api/v1/customers?segment=Regular_Active").await;
    assert!(refused.status == StatusCode::CONFLICT && refused.text.contains("winback assess --again"), "{}", refused.text);
    let page = get(&state, "/customers?segment=Regular_Active&lang=zh-TW").await.text;
    assert!(page.contains("不能依客群列出客戶") && !page.contains("可接受"), "{page}");
}

#[tokio::test]
async fn a_draw_can_be_repeated_and_shows_its_seed() {
    let state = state();
    let draw = get(&state, "/random?level=high").await;
    let again = get(&state, "/random?level=high&seed=42").await;
    assert_eq!((draw.status, draw.header("location")), (StatusCode::SEE_OTHER, again.header("location")));
    assert!(get(&state, draw.header("location")).await.text.contains("<code>42</code>"));
    assert_eq!(get(&state, "/random?search=zzzz").await.status, StatusCode::NOT_FOUND);
}

/// Returns the pages with value measured by something else: by what was charged so far, which the table does not tell of
/// these customers, or by a column of months that counts as use.
fn measured(bounds: ValueBounds) -> WebState {
    let (store, desk) = fakes::portfolio();
    let context = (**desk.context.as_ref().unwrap()).clone();
    let mut table = (*context.table).clone();
    if bounds.by() == ValueBy::Revenue {
        let charge = table.columns[table.with_role(&Role::MonthlyCharge).unwrap()].clone();
        let label = Localized::new("累計費用", "累计费用", "Total charged");
        table.columns.push(Column { name: "TotalCharges".into(), role: Role::TotalCharge, label, ..charge });
    } else {
        let months = table.with_role(&Role::Tenure).unwrap();
        table.columns[months].role = Role::Usage;
    }
    let segmenter = Arc::new(Segmenter::new(&fakes::segments(), &table, bounds).unwrap());
    let context = Context { table: Arc::new(table), bounds, segmenter, ..context };
    state_of((store.clone(), Arc::new(fakes::FakeDesk { context: Some(Arc::new(context)), store })))
}

#[tokio::test]
async fn pages_name_what_value_is_measured_by() {
    let money = ValueBounds::new(ValueBy::Revenue, Measure::Minor(50_000), Measure::Minor(200_000)).unwrap();
    let months = ValueBounds::new(ValueBy::Usage, Measure::Number(12.5), Measure::Number(48.0)).unwrap();
    let mut shown = Vec::new();
    for bounds in [money, months] {
        let state = measured(bounds);
        for lang in ["zh-TW", "zh-CN", "en"] {
            let page = picture(&get(&state, &format!("/strategy?lang={lang}")).await);
            shown.extend(page.lines().find(|line| line.starts_with("<p class=\"muted\">")).map(str::to_owned));
            shown.extend(page.lines().filter(|line| line.starts_with("<td class=\"number\"")).map(str::to_owned));
            // The plans of these thirty are those of their monthly charges: what they say is no picture of another measure.
            let page = picture(&get(&state, &format!("/customers/7590-VHVEG?lang={lang}")).await);
            shown.extend(page.lines().find(|line| line.starts_with("<p class=\"summary\">")).map(str::to_owned));
        }
        let told = get(&state, "/api/v1/strategy?lang=en").await.json();
        shown.push(["value_by", "mid_bound", "high_bound", "tiers"].map(|key| told[key].to_string()).join(" "));
        shown.push(told["offers"][0].to_string());
    }
    insta::assert_snapshot!(shown.join("\n"));
}
