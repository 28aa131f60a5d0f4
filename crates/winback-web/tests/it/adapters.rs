//! The pages about adapters: what they show, mails side by side, choosing between two without knowing who wrote which.
use super::*;
use fakes::gallery::{FakeGallery, evaluation, gallery, segment};
use winback_core::digest::Digest;
use winback_core::gallery::{Choice, Evaluation, MailWriter, SharedAdapter, Vote};
use winback_core::locale::Locale;

const VOTE: &str = "/adapters/HighValue_Active/v2/vote";
const API: &str = "/api/v1/adapters/HighValue_Active/v2";

fn with(alter: impl FnOnce(&FakeGallery)) -> (WebState, Arc<FakeGallery>) {
    let gallery = gallery();
    alter(&gallery);
    (WebState { gallery: gallery.clone(), ..state() }, gallery)
}

/// Returns the value of a hidden field.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let from = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    from.split('"').next().unwrap()
}

/// Returns the form of a page that shows a pair, with a choice.
fn form(page: &str, choice: &str) -> &'static str {
    let encoded = |name: &str| hidden(page, name).bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let fields = ["customer", "seed", "ballot"].map(|name| format!("{name}={}", encoded(name)));
    format!("{}&choice={choice}", fields.join("&")).leak()
}

#[tokio::test]
async fn each_segment_has_its_versions_figures_and_what_speaks_against_them() {
    let page = get(&state(), "/adapters?lang=en").await.text;
    for words in [
        "Active, of high value <small><code>HighValue_Active</code></small>",
        "v1 in use",
        "the base writes",
        "3.724 → 1.235",
        "This version’s folder cannot be read.",
        "v3: manifest.json is absent",
        "Trainings begun and not done: 1.",
        "copy of the shared adapter",
        "No losses were kept with this version.",
        "3.44 <small>3.15–3.73</small>",
        "−0.61 <small>−0.83 – −0.39</small>",
        "Difference to the shared adapter",
        "It may be put to use.",
        "winback adapters promote HighValue_Active v2",
        "3 examples were left out, since their customers were learned from",
        "line 4: <span lang=\"en\">EOF while parsing",
        "winback adapters eval Regular_Active --data",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("<svg class=\"losses\"").count(), 2, "the copy keeps no losses");
    assert_eq!(page.matches("3 came to no end").count(), 1);
    assert!(!page.contains("winback adapters eval shared"), "what is shared is tried in the segments");
    let taiwan = get(&state(), "/adapters?lang=zh-TW").await.text;
    assert!(
        taiwan.contains("<li lang=\"zh-TW\">有 3 筆範例的客戶在學習時用過，因此略過") && taiwan.contains("與共用適配器的差距"),
        "{taiwan}"
    );
}

#[tokio::test]
async fn every_reason_of_the_gate_is_told_in_every_language() {
    let parts = async |lang: &str| {
        let page = get(&state(), &format!("/adapters/HighValue_Active/v1?lang={lang}")).await.text;
        let told = page.split("<div class=\"findings\">").nth(1).unwrap().split("</div>").next().unwrap().to_owned();
        assert_eq!(told.matches("<li>").count(), 11, "{told}");
        assert!(!told.contains('{'), "{told}");
        told
    };
    let told = parts("en").await;
    for words in [
        "It is in use, although",
        "tried on 24 customers; 35 are",
        "“Slots right” was measured of 20 customers; 35 are",
        "“Passes review” was measured of 12 customers; 35 are",
        "Too few of its mails pass: “Passes review” is 30.0% (95% interval 23.0% to 35.0%), and the interval must begin at 75% or above.",
        "Its perplexity is not lower than with the base alone (difference +0.50, 95% interval +0.40 to +0.60).",
        "“chrF” is worse than with the base alone (difference −9.0, 95% interval −11.0 to −7.0); at most 2 less",
        "“Passes review” was not measured. The examples carry no briefs",
        "Whether its perplexity is lower than with the shared adapter cannot be told from 24 customers",
        "“Slots right” was not measured. The language",
        "Whether “Passes review” is at most 10 points lower than with the shared adapter cannot be told from 12 customers (difference −5.0 points, 95% interval −17.0 to +7.0); about",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let (taiwan, mainland) = (parts("zh-TW").await, parts("zh-CN").await);
    assert!(taiwan.contains("合格的信件太少：「通過審閱」為 30.0%") && mainland.contains("合格的邮件太少：“通过审阅”为 30.0%"), "{taiwan}");
    let (state, _) = with(|gallery| {
        let mut found = Evaluation { shared: SharedAdapter::LeftOut, ..evaluation("v2") };
        found.comparisons.truncate(1);
        gallery.evaluations.lock().unwrap().insert(("HighValue_Active".into(), "v2".into()), Some(found));
    });
    for (lang, words) in
        [("en", "It was not compared with the shared adapter"), ("zh-TW", "沒有與共用適配器比較"), ("zh-CN", "没有与共享适配器比较")]
    {
        let page = get(&state, &format!("/adapters?lang={lang}")).await.text;
        assert!(page.contains(words) && page.contains("winback adapters train --shared"), "{page}");
    }
}

#[tokio::test]
async fn what_a_person_may_answer_for_is_said_with_its_command() {
    let (state, _) = with(|gallery| {
        let mut found = evaluation("v2");
        found.reviewed = 0;
        for comparison in &mut found.comparisons {
            comparison.differences.remove(&winback_core::gallery::Measure::ReviewPass);
        }
        gallery.evaluations.lock().unwrap().insert(("HighValue_Active".into(), "v2".into()), Some(found));
    });
    let page = get(&state, "/adapters?lang=en").await.text;
    assert!(page.contains("winback adapters promote HighValue_Active v2 --claims-unmeasured"), "{page}");
    let found = get(&state, API).await.json();
    assert_eq!((&found["gate"]["may_be_used"], &found["gate"]["may_be_answered_for"]), (&false.into(), &true.into()));
}

#[tokio::test]
async fn without_adapters_the_page_says_what_to_type() {
    let state = WebState { gallery: Arc::new(FakeGallery::default()), ..state() };
    for (lang, words) in [("en", "No adapters yet"), ("zh-TW", "還沒有適配器"), ("zh-CN", "还没有适配器")] {
        let page = get(&state, &format!("/adapters?lang={lang}")).await.text;
        assert!(
            page.contains(words) && page.contains("winback adapters train --data") && page.contains("winback adapters eval --data"),
            "{page}"
        );
    }
    let (store, _) = fakes::portfolio();
    let no_run = WebState { desk: Arc::new(fakes::FakeDesk { context: None, store }), ..self::state() };
    let page = get(&no_run, "/adapters?lang=en").await;
    assert!(page.status == StatusCode::OK && page.text.contains("HighValue_Active"), "adapters need no run");
}

#[tokio::test]
async fn an_evaluation_that_cannot_be_read_costs_the_others_nothing() {
    let (state, _) = with(|gallery| {
        gallery.evaluations.lock().unwrap().insert(("HighValue_Active".into(), "v2".into()), None);
    });
    let page = get(&state, "/adapters?lang=en").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("The evaluation cannot be read") && page.text.contains("Regular_Active"), "{}", page.text);
    // Who asks for that version is told which file it is and what to do, in the page's language.
    for (lang, words) in [("en", "Run winback adapters eval to evaluate it again"), ("zh-TW", "重新評估"), ("zh-CN", "重新评估")] {
        let page = get(&state, &format!("/adapters/HighValue_Active/v2?lang={lang}")).await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        assert!(page.text.contains("evaluations/v2.json is no evaluation") && page.text.contains(words), "{}", page.text);
    }
    assert_eq!(get(&state, "/api/v1/adapters").await.json()["segments"][0]["evaluation_damaged"], true);
}

#[tokio::test]
async fn what_is_wrong_in_the_folder_is_told_and_all_else_is_shown() {
    let (state, _) = with(|gallery| {
        gallery.strays.lock().unwrap().push("\"two words\" is no name of a segment's folder".into());
        gallery.cards.lock().unwrap()[0].faults.push("current names \"\", which is no version".into());
    });
    for (lang, words) in [("en", "folder of adapters: 2."), ("zh-TW", "有 2 處異常"), ("zh-CN", "有 2 处异常")] {
        let page = get(&state, &format!("/adapters?lang={lang}")).await.text;
        assert!(page.contains(words) && page.contains("two words") && page.contains("which is no version"), "{page}");
        assert!(page.contains("HighValue_Active") && page.contains("Regular_Active"), "{page}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let state = state();
    let check = async |path: &str, kind: &str, nearest: &[&str], words: &str| {
        let api = get(&state, &format!("/api/v1{path}")).await;
        assert_eq!((api.status, &api.json()["type"]), (StatusCode::NOT_FOUND, &format!("urn:winback:problem:{kind}").into()), "{path}");
        let told: Vec<String> = serde_json::from_value(api.json()["nearest"].clone()).unwrap_or_default();
        assert_eq!(told, nearest, "{path}");
        assert!(api.json()["detail"].as_str().unwrap().contains(words), "{}", api.text);
    };
    check("/adapters/HighValue_Activ/v1", "no-adapter", &["HighValue_Active"], "“HighValue_Activ”").await;
    check("/adapters/Nobody/v1", "no-adapter", &["HighValue_Active", "Regular_Active", "shared"], "“Nobody”").await;
    check("/adapters/HighValue_Active/v7", "no-version", &["v1", "v2", "v3"], "no version “v7”").await;
    check("/adapters/Regular_Active/v1", "not-evaluated", &[], "winback adapters eval Regular_Active v1 --data").await;
    check("/adapters/HighValue_Active/v3/mails", "not-evaluated", &[], "eval HighValue_Active v3").await;
    check("/adapters/HighValue_Active/v2/mails?customer=7590-VHVEX", "no-mail", &["7590-VHVEG"], "no mail to “7590-VHVEX”").await;
    check("/adapters/Regular_Active/v1/vote", "not-evaluated", &[], "").await;
    for (path, link) in [
        ("/adapters/HighValue_Activ/v1", "href=\"/adapters#HighValue_Active\""),
        ("/adapters/HighValue_Active/v7", "href=\"/adapters/HighValue_Active/v2\""),
        ("/adapters/HighValue_Active/v2?customer=7590-VHVEX", "href=\"/adapters/HighValue_Active/v2?customer=7590-VHVEG#mails\""),
    ] {
        let page = get(&state, path).await;
        assert!(page.status == StatusCode::NOT_FOUND && page.text.contains(link), "{path}: {}", page.text);
    }
    let unevaluated = get(&state, "/adapters/Regular_Active/v1?lang=en").await;
    assert!(unevaluated.status == StatusCode::OK && unevaluated.text.contains("winback adapters eval Regular_Active v1 --data"));
    assert_eq!(get(&state, "/adapters/HighValue_Active/v3").await.status, StatusCode::OK, "a damaged version says why");
    assert_eq!(get(&state, "/adapters/HighValue_Active/v2?at=none").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn mails_stand_side_by_side_with_what_was_found_of_each() {
    let state = state();
    let page = get(&state, "/adapters/HighValue_Active/v2?lang=en").await.text;
    let mails = page.split("<div class=\"mails\">").nth(1).unwrap();
    let places = ["by-base", "by-shared", "by-adapter", "by-reference"].map(|id| mails.find(&format!("id=\"{id}\"")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    for words in [
        "Held by the review",
        "Slots wrong",
        "Came to no end",
        "Text · <code>slots-kept</code>",
        "by the built-in writer",
        "Perplexity of the reference mail: 3.42",
    ] {
        assert!(mails.contains(words), "{words}: {mails}");
    }
    assert!(mails.contains("cost less: 15% off on a yearly contract.") && mails.contains("cost less: {{offer.name}}."), "{mails}");
    assert!(!page.contains("<script>alert") && mails.contains("&#60;script&#62;"), "{mails}");
    assert_eq!(mails.matches("cut-off").count(), 0, "the flag tells it");
    let taiwan = get(&state, "/adapters/HighValue_Active/v2?at=2&lang=en").await.text;
    assert!(taiwan.contains("<div class=\"text\" lang=\"zh-TW\"") && taiwan.contains("<span>2 / 4</span>"), "{taiwan}");
    let beyond = get(&state, "/adapters/HighValue_Active/v2?at=99&lang=en").await.text;
    assert!(beyond.contains("<span>4 / 4</span>") && beyond.contains("lang=\"\""), "the language of the last one is not known");
    let by_name = get(&state, "/adapters/HighValue_Active/v2?customer=%E5%AE%A2%E6%88%B6%EF%BC%91&lang=en").await.text;
    assert!(by_name.contains("<span>2 / 4</span>"), "{by_name}");
}

#[tokio::test]
async fn a_customer_is_drawn_by_a_seed_that_repeats_the_draw() {
    let state = state();
    let drawn = get(&state, "/adapters/HighValue_Active/v2/random").await;
    let again = get(&state, "/adapters/HighValue_Active/v2/random?seed=42").await;
    assert_eq!((drawn.status, drawn.header("location")), (StatusCode::SEE_OTHER, again.header("location")));
    assert!(get(&state, drawn.header("location").split('#').next().unwrap()).await.text.contains("<code>42</code>"));
    assert_eq!(get(&state, "/adapters/HighValue_Active/v2/random?seed=x").await.status, StatusCode::BAD_REQUEST);
    let places: std::collections::BTreeSet<String> = {
        let mut places = std::collections::BTreeSet::new();
        for seed in 0..40 {
            places.insert(
                get(&state, &format!("/adapters/HighValue_Active/v2/random?seed={seed}"))
                    .await
                    .header("location")
                    .split('&')
                    .next()
                    .unwrap()
                    .to_owned(),
            );
        }
        places
    };
    assert_eq!(places.len(), 4);
}

#[tokio::test]
async fn nothing_tells_who_wrote_which_before_the_vote_and_everything_after() {
    let (state, gallery) = with(|_| {});
    let asked = get(&state, VOTE).await;
    assert_eq!((asked.status, asked.header("location")), (StatusCode::SEE_OTHER, format!("{VOTE}?seed=42").as_str()));
    let page = get(&state, &format!("{VOTE}?seed=42&lang=en")).await.text;
    let form_shown = page.split("<form class=\"ballot\"").nth(1).unwrap().split("</form>").next().unwrap();
    for name in ["base", "Base", "shared", "Shared", "adapter\"", "reference", "Reference", "Version"] {
        assert!(!form_shown.contains(name), "{name}: {form_shown}");
    }
    let done = post_form(&state, VOTE, form(&page, "left")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let kept = gallery.votes.lock().unwrap().votes.last().unwrap().clone();
    assert_eq!((kept.choice, kept.customer.as_str(), kept.when), (Choice::Left, hidden(&page, "customer"), fakes::at(60)));
    let told = get(&state, &format!("{}&lang=en", done.header("location"))).await.text;
    let name = |writer: MailWriter| match writer {
        MailWriter::Base => "Base alone",
        MailWriter::Shared => "Shared adapter",
        MailWriter::Adapter => "Version v2",
        MailWriter::Reference => "Reference mails",
        MailWriter::BuiltIn => "Built-in writer",
    };
    assert!(told.contains(&format!("A: {}. B: {}.", name(kept.left), name(kept.right))) && told.contains("You chose A."), "{told}");
    assert!(told.contains("<form class=\"ballot\""), "the next pair follows");
    // Nobody learns who wrote a pair that nobody has voted on.
    let fresh = get(&state, &format!("{VOTE}?seed=7&lang=en")).await.text;
    let peek = format!("{VOTE}?seed=1&whom={}&drawn=7&ballot={}&choice=left", hidden(&fresh, "customer"), hidden(&fresh, "ballot"));
    assert!(!get(&state, &peek).await.text.contains("class=\"notice\""));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_counts_once() {
    let (state, gallery) = with(|_| {});
    let page = get(&state, &format!("{VOTE}?seed=42")).await.text;
    let before = gallery.votes.lock().unwrap().votes.len();
    let _first = post_form(&state, VOTE, form(&page, "right")).await;
    let again = post_form(&state, VOTE, form(&page, "left")).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let told = get(&state, &format!("{}&lang=en", again.header("location"))).await.text;
    assert!(told.contains("not counted again") && !told.contains("You chose"), "{told}");
    assert_eq!(gallery.votes.lock().unwrap().votes.len(), before + 1);
    let drawn = get(&state, &format!("{API}/vote?seed=5")).await.json();
    let body = |choice: &str| {
        let mut body = serde_json::json!({ "choice": choice });
        ["customer", "seed", "ballot"].iter().for_each(|name| body[name] = drawn[name].clone());
        body.to_string().leak() as &'static str
    };
    let revealed = post_json(&state, &format!("{API}/vote"), None, body("neither")).await;
    assert_eq!(revealed.status, StatusCode::OK, "{}", revealed.text);
    let writers = [revealed.json()["left"]["tag"].clone(), revealed.json()["right"]["tag"].clone()];
    assert!(writers.contains(&"adapter".into()), "{writers:?}");
    let twice = post_json(&state, &format!("{API}/vote"), None, body("neither")).await;
    assert_eq!((twice.status, &twice.json()["type"]), (StatusCode::CONFLICT, &"urn:winback:problem:voted-before".into()));
}

#[tokio::test]
async fn a_vote_on_nothing_is_refused() {
    let (state, gallery) = with(|_| {});
    let page = get(&state, &format!("{VOTE}?seed=42")).await.text;
    let check = async |body: String, expected: StatusCode| {
        assert_eq!(post_form(&state, VOTE, body.clone().leak()).await.status, expected, "{body}");
    };
    let good = form(&page, "left");
    check(good.replace("choice=left", "choice=both"), StatusCode::BAD_REQUEST).await;
    check(good.replace("&choice=left", ""), StatusCode::BAD_REQUEST).await;
    check("choice=left".into(), StatusCode::NOT_FOUND).await;
    check("choice=left&customer=7590-VHVEG&seed=42&ballot=0-0123456789ab".into(), StatusCode::NOT_FOUND).await;
    check("choice=left&customer=nobody&seed=42&ballot=x".into(), StatusCode::NOT_FOUND).await;
    // Another version's pair, and one of mails that have been written anew since.
    assert_eq!(post_form(&state, "/adapters/HighValue_Active/v1/vote", good).await.status, StatusCode::NOT_FOUND);
    let mut anew = evaluation("v2");
    anew.cases.iter_mut().flat_map(|case| &mut case.mails).for_each(|mail| mail.reads = Some("Subject: Other\n\nwords".into()));
    gallery.evaluations.lock().unwrap().insert(("HighValue_Active".into(), "v2".into()), Some(anew));
    assert_eq!(post_form(&state, VOTE, good).await.status, StatusCode::NOT_FOUND);
    assert_eq!(gallery.votes.lock().unwrap().votes.len(), 3, "none of them counts");
    // All mails are the same now: there is nothing to choose between.
    assert!(get(&state, &format!("{VOTE}?seed=1&lang=en")).await.text.contains("Nothing to choose between"));
    assert_eq!(get(&state, &format!("{API}/vote")).await.json()["type"], "urn:winback:problem:nothing-to-choose");
}

#[tokio::test]
async fn pairs_that_nobody_voted_on_come_first_and_each_writer_stands_left_about_as_often() {
    let (state, gallery) = with(|gallery| gallery.votes.lock().unwrap().votes.clear());
    let (mut seen, mut left) = (std::collections::BTreeSet::new(), 0);
    // Four customers with three others each; of the fourth, the shared adapter's mail is the version's.
    for seed in 0..11 {
        let drawn = get(&state, &format!("{API}/vote?seed={seed}")).await.json();
        assert_eq!((&drawn["pairs"], &drawn["alike"], &drawn["open"]), (&11.into(), &1.into(), &(11 - seed).into()));
        let body = serde_json::json!({"customer": drawn["customer"], "seed": drawn["seed"], "ballot": drawn["ballot"], "choice": "left"});
        let told = post_json(&state, &format!("{API}/vote"), None, body.to_string().leak()).await.json();
        let other = [&told["left"]["tag"], &told["right"]["tag"]].into_iter().find(|tag| **tag != "adapter").unwrap().clone();
        assert!(seen.insert((told["customer"].to_string(), other.to_string())), "{seen:?} {told}");
    }
    assert_eq!(gallery.votes.lock().unwrap().votes.len(), 11);
    assert!(get(&state, &format!("{VOTE}?seed=0&lang=en")).await.text.contains("Every pair has votes by now"));
    for seed in 0..200 {
        let drawn = get(&state, &format!("{API}/vote?seed={seed}")).await.json();
        // Markers in one mail beside filled facts in the other would tell who wrote which; the base's mails have neither.
        let marked = ["left", "right"].map(|side| drawn[side].as_str().unwrap().contains("{{offer."));
        let filled = ["left", "right"].map(|side| drawn[side].as_str().unwrap().contains("15% off on"));
        assert!(!(marked.contains(&true) && filled.contains(&true)), "{drawn}");
        let own = evaluation("v2")
            .cases
            .iter()
            .find(|case| case.customer == drawn["customer"].as_str().unwrap())
            .unwrap()
            .mail(MailWriter::Adapter)
            .unwrap()
            .clone();
        // Beside a mail that facts cannot be filled into it stands as it was written.
        let shown = drawn["left"].as_str().unwrap();
        left += u32::from(own.reads.as_deref() == Some(shown) || own.text == shown);
    }
    // 100 each; 4 standard deviations of a binomial count are 28.
    assert!((72..=128).contains(&left), "{left}");
}

#[tokio::test]
async fn votes_are_summed_by_pair_with_their_interval() {
    let (state, _) = with(|gallery| {
        let mut votes = gallery.votes.lock().unwrap();
        votes.votes.clear();
        for at in 0..30 {
            let (left, right) = if at % 2 == 0 { (MailWriter::Adapter, MailWriter::Base) } else { (MailWriter::Base, MailWriter::Adapter) };
            // Of ten, seven for the version, two for the base and one for neither.
            let own = if left == MailWriter::Adapter { [Choice::Left, Choice::Right] } else { [Choice::Right, Choice::Left] };
            let choice = match at % 10 {
                0..7 => own[0],
                7 | 8 => own[1],
                _ => Choice::Neither,
            };
            votes.votes.push(Vote {
                segment: segment("HighValue_Active"),
                version: "v2".into(),
                customer: "7590-VHVEG".into(),
                left,
                right,
                choice,
                // Of the last, the mails are others by now.
                mails_sha256: if at < 29 { fakes::gallery::mails("7590-VHVEG", [left, right]) } else { Some(Digest::of(b"others")) },
                when: fakes::at(at),
            });
        }
    });
    let tally = get(&state, API).await.json()["votes"][0].clone();
    let counts = ["first_won", "second_won", "neither"].map(|name| tally[name].as_u64().unwrap());
    assert_eq!((counts, tally["first"]["tag"].as_str(), tally["second"]["tag"].as_str()), ([21, 6, 2], Some("adapter"), Some("base")));
    assert_eq!((tally["share"]["text"].as_str(), tally["share"]["interval"].as_str()), (Some("77.8%"), Some("59.2%–89.4%")));
    for path in ["/adapters?lang=en", "/adapters/HighValue_Active/v2?lang=en", "/adapters/HighValue_Active/v2/vote?seed=1&lang=en"] {
        let page = get(&state, path).await.text;
        assert!(page.contains("<span>77.8% <small>59.2%–89.4%</small></span>"), "{path}");
        assert!(page.contains("Votes on mails of an earlier evaluation, not counted here: 1."), "{path}");
    }
    assert_eq!(get(&state, "/api/v1/adapters/HighValue_Active/v1").await.json()["votes"], serde_json::json!([]), "votes are of a version");
}

#[tokio::test]
async fn only_those_who_may_write_choose_and_only_from_this_site() {
    let state = state_with_people();
    for (name, may) in [("ana", false), ("max", true), ("apo", true), ("agi", false), ("adm", true)] {
        let request =
            Request::get(format!("{VOTE}?seed=1")).header("host", "localhost").header("authorization", format!("Bearer token-{name}"));
        let status = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(send(&state, request.body(Body::empty()).unwrap()).await.status, status, "{name}");
        let body = r#"{"customer": "x", "seed": 1, "ballot": "x", "choice": "left"}"#;
        let status = if may { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        assert_eq!(post_json(&state, &format!("{API}/vote"), Some(&format!("token-{name}")), body).await.status, status, "{name}");
        let request = Request::get("/adapters").header("host", "localhost").header("authorization", format!("Bearer token-{name}"));
        let page = send(&state, request.body(Body::empty()).unwrap()).await.text;
        assert_eq!(page.contains("/vote\""), may, "{name}");
    }
    let request = Request::post(VOTE)
        .header("host", "localhost")
        .header("origin", "http://evil.example")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(send(&self::state(), request.body(Body::from("choice=left")).unwrap()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn numbers_on_the_page_equal_the_api() {
    let state = state();
    let (page, api) = (get(&state, "/adapters?lang=en").await.text, get(&state, "/api/v1/adapters?lang=en").await.json());
    let found = &api["segments"][0]["evaluation"];
    let figures = |rows: &str, figures: &str| -> Vec<Value> {
        found[rows].as_array().unwrap().iter().flat_map(|row| row[figures].as_array().unwrap().clone()).collect()
    };
    let all = [figures("writers", "figures"), figures("comparisons", "differences")].concat();
    assert_eq!(all.len(), 21 + 12);
    for figure in all {
        let cell = format!("<span>{} <small>{}</small>", figure["text"].as_str().unwrap(), figure["interval"].as_str().unwrap());
        assert!(page.contains(&cell), "{cell}");
    }
    assert_eq!(api["segments"][0]["versions"][2]["facts"], Value::Null);
    assert_eq!((&api["votes"], &api["damaged_votes"][0]["line"]), (&3.into(), &4.into()));
    let mails = get(&state, &format!("{API}/mails?page=2&size=3")).await.json();
    assert_eq!((&mails["total"], &mails["pages"], &mails["customers"][0]["customer"]), (&4.into(), &2.into(), &"line 12".into()));
    for locale in Locale::ALL {
        assert_eq!(get(&state, &format!("/adapters/HighValue_Active/v2?lang={}", locale.tag())).await.status, StatusCode::OK);
    }
}
