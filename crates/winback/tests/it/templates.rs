//! Templates as a marketer uses them: one file for a new segment, checked, tried out, sent.
use crate::home::Home;

const SCHEMA: &str = include_str!("../../defaults/schema.telco.toml");
const SEGMENT: &str = "\n[[column]]\nname = \"segment\"\ntype = \"text\"\nrole = \"segment\"\noptional = true\nlabel = { zh-TW = \"分群\", zh-CN = \"分群\", en = \"Segment\" }\n";
const VIP: &str = "# The voice of our best customers.\n[email.opening lang=en]\nYou know us well, and we would like to keep earning that.\n\n[email.opening lang=zh-TW]\n您很了解我們，我們也想繼續值得您的信任。\n\n[email.opening lang=zh-CN]\n您很了解我们，我们也想继续值得您的信任。\n";
const OWN: &str = "You know us well";

/// Returns a folder with a table of three kinds of segment: VIP, Regular_Active and, once, a text that is none.
fn segmented() -> Home {
    let home = Home::with_sample(300);
    home.keep("schema.toml", format!("{SCHEMA}{SEGMENT}"));
    let table = home.text("sample.csv");
    let segment = |at: usize| match at {
        0 => ",segment",
        1 => ",High Value!",
        at if at.is_multiple_of(2) => ",VIP",
        _ => ",Regular_Active",
    };
    let lines: String = table.lines().enumerate().map(|(at, line)| format!("{line}{}\n", segment(at))).collect();
    home.keep("table.csv", lines);
    home
}

/// Returns the ids of the first customer of each segment who was written to.
fn one_of_each(home: &Home) -> [String; 2] {
    let mut found = [None, None];
    for line in home.text("table.csv").lines().skip(2) {
        let (id, place) = (line.split(',').next().unwrap(), usize::from(!line.ends_with("VIP")));
        if found[place].is_none() && !home.json(&["show", id])["writings"].as_array().unwrap().is_empty() {
            found[place] = Some(id.to_owned());
        }
        if let [Some(vip), Some(regular)] = &found {
            return [vip.clone(), regular.clone()];
        }
    }
    panic!("nobody of a segment was written to");
}

#[test]
fn a_new_segments_voice_is_one_file_and_no_rebuild() {
    let home = segmented();
    let before = home.json(&["run", "--data", "table.csv", "--all"]);
    let written = &before["stages"][4]["report"];
    let (general, own) = (written["without_voice"]["VIP"].as_u64().unwrap(), written["voices"]["Regular_Active"].as_u64().unwrap());
    assert!(general > 0 && own > 0, "{written}");
    assert_eq!(written["goals"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>(), written["ready"]);
    let [vip, regular] = one_of_each(&home);
    let mail = |id: &str| home.does(&["templates", "preview", "--id", id, "--lang", "en", "--channel", "email"]);
    let as_before = mail(&regular);
    assert!(!mail(&vip).contains(OWN) && mail(&vip).contains("the general voice: VIP has none of its own"), "{}", mail(&vip));

    home.keep("templates/segments/VIP.jinja", VIP);
    let lint = home.does(&["templates", "lint"]);
    assert!(lint.contains("in order") && lint.contains("1 file of this folder") && lint.contains("VIP"), "{lint}");
    let said = home.say(&["templates", "preview", "--id", &vip]);
    assert!(
        said.err.starts_with("note: the message templates are others than when run 1 was begun") && !said.err.contains(".toml"),
        "{said}"
    );
    let after = mail(&vip);
    assert!(after.contains(OWN) && after.contains("the voice of VIP") && after.contains("templates/segments/VIP.jinja:3"), "{after}");
    // Who wrote it is told of all templates together.
    let wordings =
        |text: &str| text.split("\nwordings\n").next().unwrap().replace("the built-in writer, with templates of this folder", "built-in");
    assert_eq!(wordings(&mail(&regular)), wordings(&as_before), "another segment's words are as they were");
    let again = home.json(&["run", "--data", "table.csv", "--all"]);
    assert_eq!(again["stages"][4]["report"]["voices"]["VIP"], general, "{again}");
    assert!(home.does(&["write", "--id", &vip, "--lang", "en"]).contains(OWN));
    assert!(home.does(&["templates", "preview", "--id", &regular, "--lang", "en", "--segment", "VIP"]).contains(OWN));
}

#[test]
fn a_text_that_is_no_segment_is_named_by_line_and_column() {
    let home = segmented();
    let imported = home.does(&["import", "table.csv"]);
    assert!(imported.contains("line 2, column 22 (segment): expected the name of a segment"), "{imported}");
}

#[test]
fn everything_wrong_with_the_templates_is_told_at_once() {
    let home = Home::with_run(300);
    home.keep("templates/en/sms.jinja", "[sms]\n{{ company.short_name }}: act now, {{ offer.nam }}\n[smss]\nx\n");
    home.keep("templates/zh-TW/sms.jinja", b"[sms]\nab\xff");
    home.keep("templates/zh-TW/email.jinja", vec![b'x'; 1_000_000]);
    home.keep("templates/zh-TW/emial.jinja", "");
    std::fs::create_dir_all(home.path("templates/en/prompt.jinja")).unwrap();
    home.keep("templates/segments/VIP.jinja", "[limits]\nemail_word = 12\n");
    home.keep("templates/.DS_Store", b"\0");
    let said = home.say(&["templates", "lint"]);
    assert_eq!(said.code, Some(5), "{said}");
    insta::assert_snapshot!("broken_templates", said.to_string());
    let json: serde_json::Value = serde_json::from_str(&home.say(&["templates", "lint", "--json"]).out).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), said.out.lines().count() - 1);
    let run = home.say(&["run", "--data", "sample.csv"]);
    assert_eq!(run.code, Some(5), "{run}");
    let (faults, _) = said.out.trim_end().rsplit_once('\n').unwrap();
    assert!(run.err.contains(faults), "a run gives the same errors: {run}");
    let one = home.say(&["templates", "lint", "templates/segments/VIP.jinja"]);
    assert!(one.code == Some(5) && one.out.contains("1 thing to correct"), "{one}");
    home.keep("drafts/segments/New.jinja", "[email.thanks lang=en]\nThank you.\n");
    assert_eq!(home.say(&["templates", "lint", "drafts/segments/New.jinja"]).code, Some(0));
    assert_eq!(home.say(&["templates", "lint", "sample.csv"]).code, Some(2));
    for file in ["nowhere/segments/New.jinja", "nosuch.jinja"] {
        let said = home.say(&["templates", "lint", file]);
        assert_eq!((said.code, said.err.starts_with(&format!("error: cannot read {file}: no such file"))), (Some(2), true), "{said}");
    }
}

#[test]
fn a_preview_stores_nothing_and_shows_what_would_be_sent() {
    let home = Home::with_sample(300);
    home.does(&["run", "--data", "sample.csv", "--top", "0"]);
    let contacts = |id: &&String| home.say(&["templates", "preview", "--id", id, "--lang", "en"]).code == Some(0);
    let id = home.ids("sample.csv").iter().find(contacts).unwrap().clone();
    let shown = home.json(&["templates", "preview", "--id", &id, "--goal", "recall"]);
    assert_eq!(shown["previews"].as_array().unwrap().len(), 3);
    assert_eq!(shown["previews"][0]["goal"], "recall");
    assert!(shown["previews"][0]["wordings"][0]["file"].as_str().unwrap().starts_with("built-in/segments/"), "{shown}");
    assert!(shown["previews"][0]["segment"].is_string(), "a table without the column is divided by the rules");
    assert!(home.json(&["show", &id])["writings"].as_array().unwrap().is_empty(), "nothing was stored");
    let html = home.does(&["templates", "preview", "--id", &id, "--html", "--lang", "en"]);
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"), "{html}");
    let said = home.say(&["templates", "preview", "--id", &format!("{id}X")]);
    assert!(said.code == Some(2) && said.err.contains(&id), "{said}");
    let said = home.say(&["templates", "preview", "--id", &id, "--goal", "reactivate"]);
    assert!(said.code == Some(2) && said.err.contains("the goals are activation, recall and push"), "{said}");
}

#[test]
fn a_goal_is_a_setting_and_can_be_given_for_once() {
    let home = Home::with_run(300);
    let said = home.say(&["write", "--goal", "recall"]);
    assert!(said.code == Some(2) && said.err.contains("--again"), "{said}");
    let recalled = home.json(&["write", "--goal", "recall", "--again"]);
    assert_eq!(recalled["goals"]["recall"], recalled["ready"], "{recalled}");
    let said = home.say(&["write", "--goal", "reactivate"]);
    assert!(said.code == Some(2) && said.err.contains("the goals are activation, recall and push"), "{said}");
    let said = home.say(&["write", "--goal", "activation", "--again"]);
    assert!(said.code == Some(8) && said.out.contains("the goal activation needs an offer of kind"), "{said}");

    home.keep("winback.toml", "[write]\ngoal = \"Recall\"\n");
    let explained = home.does(&["explain", "config"]);
    assert!(explained.lines().any(|line| line.starts_with("write.goal") && line.contains("winback.toml:2")), "{explained}");
    let run = home.json(&["run", "--data", "sample.csv"]);
    assert_eq!(run["done_before"], false, "another goal is another run");
    assert_eq!(run["stages"][4]["report"]["goals"].as_object().unwrap().keys().collect::<Vec<_>>(), ["recall"]);
    home.keep("winback.toml", "[write]\ngoal = \"reactivate\"\n");
    let said = home.say(&["run", "--data", "sample.csv"]);
    assert!(said.code == Some(5) && said.err.contains("winback.toml:2") && said.err.contains("activation, recall and push"), "{said}");
}

#[test]
fn an_approved_phrase_is_a_fact_of_every_message() {
    let home = Home::with_sample(300);
    let phrase = "[[approved]]\nphrase = { zh-TW = \"不滿意可以取消\", zh-CN = \"不满意可以取消\", en = \"cancel if it does not suit you\" }\nby = \"Mei\"\non = 2026-11-01\n";
    home.keep("winback.toml", phrase);
    home.does(&["run", "--data", "sample.csv", "--top", "5"]);
    let explained = home.does(&["explain", "config"]);
    assert!(explained.contains("cancel if it does not suit you (Mei, 2026-11-01)"), "{explained}");
    let contacts = |id: &&String| home.say(&["templates", "preview", "--id", id, "--lang", "en"]).code == Some(0);
    let id = home.ids("sample.csv").iter().find(contacts).unwrap().clone();
    let facts = home.json(&["templates", "preview", "--id", &id, "--lang", "zh-TW"])["previews"][0]["facts"].clone();
    let fact = facts.as_array().unwrap().iter().find(|fact| fact["id"] == "approved.1").unwrap().clone();
    assert_eq!((&fact["text"], &fact["source"]["field"]), (&"不滿意可以取消".into(), &"approved.1".into()));
    let wrong = |text: &str, told: &str| {
        home.keep("winback.toml", text);
        let said = home.say(&["explain", "config"]);
        assert!(said.code == Some(5) && said.err.contains(told), "{said}");
    };
    wrong("[[approved]]\nphrase = \"x\"\non = \"2026-11-01\"\n", "lacks \"by\"");
    wrong("[[approved]]\nphrase = \"x\"\nby = \"Mei\"\non = \"soon\"\n", "winback.toml:4");
    wrong(&format!("{phrase}{phrase}"), "approved twice");
    wrong("[[approved]]\nphrase = \"{x}\"\nby = \"Mei\"\non = \"2026-11-01\"\n", "plain words");
}
