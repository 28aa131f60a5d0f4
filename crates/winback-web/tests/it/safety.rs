//! Hostile input, forged requests, roles, languages.
use super::*;

#[tokio::test]
async fn hostile_ids_and_values_are_escaped_everywhere() {
    let state = state();
    let paths = [
        "/customers?size=500",
        "/customers/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/customers/%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
    ];
    let asked = ["/customers/%3Cscript%3Enope%3C%2Fscript%3E", "/customers?level=%3Cscript%3E", "/customers?search=%3Cscript%3E%22"];
    for path in paths.iter().chain(&asked) {
        let text = get(&state, path).await.text;
        assert!(!text.contains("<script>") && !text.contains("<img src=x") && !text.contains("<b>Bob"), "{path}");
    }
}

#[tokio::test]
async fn every_id_has_a_page_that_its_list_links_to() {
    let state = state();
    let list = get(&state, "/customers?size=500&sort=position").await.text;
    let links: Vec<&str> = list.split("<a class=\"id\" href=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    assert_eq!(links.len(), 30);
    for link in links {
        assert_eq!(get(&state, &link.replace("&#38;", "&")).await.status, StatusCode::OK, "{link}");
    }
}

#[tokio::test]
async fn a_change_must_come_from_this_site() {
    let state = state();
    let check = async |headers: &[(&'static str, &'static str)], expected: StatusCode| {
        let mut request =
            Request::post("/decide").header("host", "127.0.0.1:7979").header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = send(&state, request.body(Body::from("id=7590-VHVEG&state=approved&back=/")).unwrap()).await;
        assert_eq!(answer.status, expected, "{headers:?}");
    };
    check(&[("origin", "http://evil.example")], StatusCode::FORBIDDEN).await;
    check(&[("origin", "null")], StatusCode::FORBIDDEN).await;
    check(&[], StatusCode::FORBIDDEN).await;
    check(&[("referer", "http://evil.example/127.0.0.1:7979")], StatusCode::FORBIDDEN).await;
    check(&[("origin", "http://127.0.0.1:7979"), ("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN).await;
    assert_eq!(get(&state, "/api/v1/overview").await.json()["approved"], 0);
    check(&[("origin", "http://127.0.0.1:7979"), ("sec-fetch-site", "same-origin")], StatusCode::SEE_OTHER).await;
    assert_eq!(get(&state, "/api/v1/overview").await.json()["approved"], 1);
}

#[tokio::test]
async fn another_host_name_is_refused() {
    let request = Request::get("/").header("host", "evil.example").body(Body::empty()).unwrap();
    assert_eq!(send(&state(), request).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn answers_carry_their_headers() {
    for path in ["/", "/customers", "/api/v1/overview", "/nowhere"] {
        let answer = get(&state(), path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.text.matches("<script>").count() + answer.text.matches(" style=").count(), 0, "{path}");
    }
    let mail = get(&state(), "/mail?id=7590-VHVEG&text=en").await;
    assert!(mail.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
}

#[tokio::test]
async fn static_files_are_kept_and_unknown_ones_are_not_found() {
    let page = get(&state(), "/").await.text;
    let css = page.split("stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = get(&state(), &css).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "public, max-age=31536000, immutable"));
    assert_eq!(get(&state(), "/static/winback.000000000000.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_language_is_asked_for_remembered_or_accepted() {
    let check = async |path: &str, headers: &[(&'static str, &'static str)], expected: &str| {
        let mut request = Request::get(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = send(&state(), request.body(Body::empty()).unwrap()).await;
        assert!(answer.text.contains(&format!("<html lang=\"{expected}\">")), "{path} {headers:?}");
        answer
    };
    check("/", &[], "en").await;
    check("/", &[("accept-language", "zh-TW,zh;q=0.9")], "zh-TW").await;
    check("/", &[("accept-language", "zh-TW"), ("cookie", "winback_lang=zh-CN")], "zh-CN").await;
    let asked = check("/?lang=zh-TW", &[("cookie", "a=b; winback_lang=zh-CN")], "zh-TW").await;
    assert!(asked.header("set-cookie").starts_with("winback_lang=zh-TW;"));
}

#[tokio::test]
async fn roles_decide_who_may_write_and_approve() {
    let state = state_with_people();
    let approve = r#"{"customers":["7590-VHVEG"],"state":"approved"}"#;
    let write = r#"{"customer":"7590-VHVEG"}"#;
    for (name, may_write, may_approve) in
        [("ana", false, false), ("max", true, false), ("apo", true, true), ("agi", false, false), ("adm", true, true)]
    {
        let token = format!("token-{name}");
        let status = |may: bool| if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(post_json(&state, "/api/v1/messages", Some(&token), write).await.status, status(may_write), "{name}");
        assert_eq!(post_json(&state, "/api/v1/decisions", Some(&token), approve).await.status, status(may_approve), "{name}");
    }
    assert_eq!(post_json(&state, "/api/v1/decisions", None, approve).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(post_json(&state, "/api/v1/decisions", Some("wrong"), approve).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use() {
    let state = state_with_people();
    let turned_away = get(&state, "/customers?level=high").await;
    assert_eq!(turned_away.header("location"), "/sign-in?back=%2Fcustomers%3Flevel%3Dhigh");
    assert_eq!(post_form(&state, "/sign-in", "token=wrong&back=/").await.status, StatusCode::UNAUTHORIZED);
    let entered = post_form(&state, "/sign-in", "token=token-apo&back=https://evil.example/").await;
    assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = entered.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let request = Request::get("/").header("host", "localhost").header("cookie", cookie.split(';').next().unwrap());
    assert!(send(&state, request.body(Body::empty()).unwrap()).await.text.contains("<span>apo</span>"));
}

#[tokio::test]
async fn approved_actions_are_listed_and_those_left_alone_are_not_decided() {
    let state = state();
    let low = get(&state, "/api/v1/customers?level=low&sort=id").await.json()["rows"][0]["id"].clone();
    assert!(low.is_string());
    let none = format!("{{\"customers\":[{low}],\"state\":\"approved\"}}");
    let result = post_json(&state, "/api/v1/decisions", None, none.leak()).await.json();
    assert_eq!((result["decided"].as_u64(), result["left_alone"].as_u64()), (Some(0), Some(1)));
    let done =
        post_form(&state, "/customers/decide", "do=approve-marked&id=7590-VHVEG&id=5129-JLPIS&page_id=x&back=/customers?level=high").await;
    assert_eq!(done.header("location"), "/customers?level=high&done=approved&n=2");
    let actions = get(&state, "/api/actions").await.json();
    assert_eq!((actions["total"].as_u64(), actions["actions"][0]["approved_by"].as_str()), (Some(2), Some("local user")));
    assert!(actions["actions"][0]["cost"]["minor"].is_i64() && actions["actions"][0]["due"].is_string());
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told() {
    let answer = post_json(&state(), "/api/v1/decisions", None, "{").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::BAD_REQUEST, "application/problem+json"));
    let unknown = post_json(&state(), "/api/v1/decisions", None, r#"{"customers":["nope"],"state":"approved"}"#).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
