//! Mails that a language model of this machine writes. The tiny model has random weights, so none of its mails passes the
//! review: the built-in writer steps in for every one, and everything says so.
use crate::home::Home;
use crate::lm::with_model;
use serde_json::{Value, json};
use winback_core::digest::Digest;
use winback_lm::kernels::Numerics;
use winback_lm::{ChatTemplate, Model, Tokens};

/// Returns a folder where the whole job is done on a generated table, and the tiny model may be asked.
fn with_run() -> Option<Home> {
    let home = with_model()?;
    home.keep(
        "winback.toml",
        "[write]\nlanguages = [\"en\"]\ncustomers = 2\n\n[writer]\nmodel = \"model\"\nprecision = \"f32\"\nrows = 4\n",
    );
    home.does(&["sample", "--rows", "60", "--out", "sample.csv"]);
    home.does(&["run", "--data", "sample.csv"]);
    Some(home)
}

/// Returns the id of a customer who is written to.
fn somebody(home: &Home) -> String {
    home.does(&["generate", "--all", "--output", "all.jsonl", "--force"]);
    let first = home.text("all.jsonl").lines().next().unwrap().to_owned();
    serde_json::from_str::<Value>(&first).unwrap()["customer"].as_str().unwrap().to_owned()
}

/// Runs a command that leaves with a code, and returns its report.
fn reports(home: &Home, args: &[&str], code: i32) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let said = home.say(&args);
    assert_eq!(said.code, Some(code), "{args:?}: {said}");
    serde_json::from_str(&said.out).unwrap()
}

/// Returns the sum of counts by name.
fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn a_mail_that_a_model_cannot_write_is_the_built_in_writers_and_says_why() {
    let Some(home) = with_run() else { return };
    let id = somebody(&home);
    let told = reports(&home, &["generate", "--id", &id, "--writer", "local"], 8);
    let mail = &told["mails"][0];
    assert_eq!((&mail["writer"]["name"], &mail["customer"], &mail["language"]), (&json!("built-in"), &json!(id), &json!("en")));
    let refused = mail["refused"].as_array().unwrap();
    assert_eq!((refused.len() as u64, mail["effort"]["mails"].as_u64()), (mail["effort"]["tries"].as_u64().unwrap(), Some(1)), "{mail}");
    assert!(refused.iter().all(|one| one["writer"]["name"] == "model" && !one["findings"].as_array().unwrap().is_empty()), "{mail}");
    assert!(!mail["facts"].as_array().unwrap().is_empty() && !mail["checks"].as_array().unwrap().is_empty());
    assert!(mail["mail"]["text"].as_str().is_some_and(|text| !text.contains("{{")));
    assert!(told["seconds"]["load"].as_f64() > Some(0.0) && told["seconds"]["write"].as_f64() > Some(0.0));
    let built_in = reports(&home, &["generate", "--id", &id], 0);
    assert_eq!((&built_in["mails"][0]["mail"], &built_in["seconds"]["load"]), (&mail["mail"], &Value::Null));

    // The other door leads the same way, and keeps what it wrote.
    let said = home.say(&["write", "--id", &id, "--writer", "local"]);
    assert_eq!(said.code, Some(8), "{said}");
    let line = |text: &str| text.lines().any(|line| line.starts_with("refused before, model, mail 1: "));
    assert!(line(&said.out), "{said}");
    let shown = home.does(&["show", &id]);
    assert!(line(&shown) && shown.contains("written by: built-in\n"), "{shown}");
    let stored = home.json(&["show", &id]);
    let kept = stored["writings"][0]["messages"].as_array().unwrap().iter().find(|one| one["content"]["channel"] == "email").unwrap();
    assert_eq!(kept["refused"], mail["refused"], "the same seed, the same mails");
    let other = stored["writings"][0]["messages"].as_array().unwrap().iter().find(|one| one["content"]["channel"] == "sms").unwrap();
    assert_eq!(other.get("refused"), None);

    // Over all who are written to, the counts add up.
    let written = reports(&home, &["write", "--again", "--writer", "local"], 8);
    assert_eq!((sum(&written["writers"]), sum(&written["stepped_in"]), written["effort"]["mails"].as_u64()), (2, 2, Some(2)), "{written}");
    assert_eq!(written["ready"].as_u64(), Some(2));
    let text = home.say(&["write", "--top", "3", "--writer", "local"]).out;
    assert!(text.contains("mails by writer: built-in 3\n") && text.contains("stepped in for 3 mails of a model"), "{text}");
}

#[test]
fn people_of_a_file_are_written_to_one_or_all_and_the_file_appears_whole() {
    let Some(home) = with_model() else { return };
    let header = "ID,Gender,Marital_Status,Age,KidAge,Education,Profession,Work_Experience,FamilySize,Income,Level";
    let row = |id: &str| format!("{id},Female,Single,35,,Bachelor,Teacher,10,1,900000,Medium");
    home.keep("profiles.csv", format!("{header}\n{}\n{}\n{}\n", row("A-100"), row("A-101"), row("B-1")));
    home.keep("winback.toml", "[writer]\nkind = \"local\"\nmodel = \"model\"\nprecision = \"f32\"\n");
    let ask = ["generate", "--input", "profiles.csv", "--lang", "en"];
    let with = |more: &[&'static str]| ask.iter().copied().chain(more.iter().copied()).collect::<Vec<&str>>();
    let one = reports(&home, &with(&["--id", "A-100"]), 8);
    assert_eq!((&one["mails"][0]["customer"], &one["mails"][0]["segment"]), (&json!("A-100"), &json!("Regular_Active")));
    let said = home.say(&with(&["--id", "A-10"]));
    assert_eq!(said.code, Some(2), "{said}");
    assert!(
        said.err.contains("there is no customer \"A-10\" in profiles.csv") && said.err.contains("the nearest ids: A-100, A-101"),
        "{said}"
    );
    let all = reports(&home, &with(&["--all", "--output", "mails.jsonl"]), 8);
    assert_eq!((all["customers"].as_u64(), sum(&all["writers"]), sum(&all["stepped_in"])), (Some(3), 3, 3), "{all}");
    let lines: Vec<Value> = home.text("mails.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["customer"].as_str().unwrap()).collect::<Vec<_>>(), ["A-100", "A-101", "B-1"]);
    // What is written to somebody does not depend on who else is written to.
    assert_eq!(lines[0]["refused"], one["mails"][0]["refused"]);
    let check = |args: &[&'static str], code: i32, told: &str| {
        let said = home.say(&with(args));
        assert_eq!(said.code, Some(code), "{said}");
        assert!(said.err.contains(told), "{told}: {said}");
    };
    check(&["--all", "--output", "mails.jsonl"], 2, "mails.jsonl is there already, and nothing was written");
    check(&["--all", "--output", "profiles.csv", "--force"], 2, "profiles.csv is read and would be written, too");
    check(&["--segment", "Dormnt", "--output", "x.jsonl"], 2, "the rules name no segment Dormnt");
    check(
        &["--segment", "Dormant", "--output", "x.jsonl", "--writer", "built-in"],
        2,
        "there is nobody to write to; nobody is in the segment",
    );
    assert!(!home.path("x.jsonl").exists());
    home.keep("profiles.csv", format!("{header}\n{}\n{}\n", row("A-100"), row("A-100")));
    check(&["--id", "A-100"], 3, "the id \"A-100\" stands twice in profiles.csv, on lines 2 and 3");
}

/// Puts the fixture's adapter to use for a segment, with a manifest that says for which base it was made.
fn shelve(home: &Home, segment: &str, base: &Digest) {
    let dir = home.path("model");
    let config = winback_lm::Config::load(&dir.join("config.json")).unwrap();
    let tokens = Tokens::load(&dir.join("tokenizer.json"), config.vocab_size, &config.eos).unwrap();
    let place = format!("adapters/{segment}/v1");
    let mut files = serde_json::Map::new();
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        let bytes = home.bytes(&format!("model/adapter_a/{file}"));
        files.insert(file.to_owned(), json!(Digest::of(&bytes)));
        home.keep(&format!("{place}/{file}"), bytes);
    }
    let manifest = json!({
        "format": 1, "segment": segment, "kind": "own", "base_sha256": base, "files": files, "run": Digest::of(b"run"),
        "template_sha256": ChatTemplate::load(&dir).unwrap().digest(), "tokenizer_sha256": tokens.digest(),
        "data": { "sha256": Digest::of(b"data"), "learned_from": 1, "kept_back": 1, "own": 1 },
        "recipe": winback_lm::finetune::Recipe::default(),
        "metrics": { "loss_before": 2.0, "loss_after": 1.0, "best_step": 1, "steps": 1 },
        "versions": { "winback": "0.1.0", "numerics": "f32" },
    });
    home.keep(&format!("{place}/manifest.json"), manifest.to_string());
    home.keep(&format!("adapters/{segment}/current"), "v1\n");
}

#[test]
fn a_segment_with_an_adapter_is_written_to_with_it_and_one_that_does_not_fit_is_refused() {
    let Some(home) = with_run() else { return };
    let id = somebody(&home);
    let ask = ["generate", "--id", &id, "--writer", "local"];
    let of_base = reports(&home, &ask, 8)["mails"][0].clone();
    let segment = of_base["segment"].as_str().expect("the sample's customers are in segments").to_owned();
    let weights = Model::load(&home.path("model"), Numerics::PLAIN).unwrap().digest().clone();
    shelve(&home, &segment, &weights);
    let told = reports(&home, &ask, 8)["mails"][0].clone();
    assert_eq!(told["refused"][0]["writer"]["name"], format!("model/{segment}/v1"));
    assert_ne!(told["refused"][0]["writer"]["words"], of_base["refused"][0]["writer"]["words"]);
    let look = |code: i32, told: &str| {
        let said = home.say(&["doctor"]);
        assert_eq!(said.code, Some(code), "{said}");
        assert!(said.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(told), "{told}: {said}");
    };
    look(0, &format!("adapters in use: {segment} v1"));
    // What was evaluated writes, and nothing else: neither other numbers nor the same ones told louder.
    let refuses = |file: &str, spoil: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let file = format!("adapters/{segment}/v1/{file}");
        let whole = home.bytes(&file);
        home.keep(&file, spoil(whole.clone()));
        for ask in [&ask[..], &["lm", "chat", "model", "Hi", "--max-tokens", "1", "--adapter", &format!("adapters/{segment}")]] {
            let said = home.say(ask);
            assert_eq!(said.code, Some(3), "{said}");
            assert!(said.err.contains("is not what was written") && said.err.contains("winback adapters rollback"), "{said}");
        }
        home.keep(&file, whole);
    };
    refuses("adapter_model.safetensors", &|mut bytes| {
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    });
    refuses("adapter_config.json", &|bytes| [&bytes[..], b"\n"].concat());
    assert_eq!(reports(&home, &ask, 8)["mails"][0], told);
    shelve(&home, &segment, &Digest::of(b"another base"));
    look(7, "it was made for another base");
    let said = home.say(&ask);
    assert_eq!(said.code, Some(3), "{said}");
    assert!(said.err.contains("was made for the base"), "{said}");
}

#[test]
fn a_model_that_is_not_there_is_told_before_anything_is_done() {
    let home = Home::with_sample(40);
    let said = home.say(&["generate", "--all", "--output", "x.jsonl", "--writer", "local"]);
    assert_eq!(said.code, Some(2), "{said}");
    home.keep("winback.toml", "[writer]\nkind = \"local\"\nmodel = \"models/none\"\n");
    let said = home.say(&["run", "--data", "sample.csv"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.err.contains("models/none is not a directory"), "{said}");
    assert_eq!(home.say(&["doctor"]).code, Some(7));
}

#[test]
fn without_a_model_of_ones_own_the_small_one_that_comes_with_winback_writes() {
    let home = Home::with_sample(200);
    home.does(&["run", "--data", "sample.csv"]);
    let said = home.say(&["write", "--again", "--writer", "local", "--top", "2", "--json"]);
    assert!(matches!(said.code, Some(0 | 8)), "{said}");
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert!(told["writers"]["mini"].as_u64().unwrap() > 0, "{told}");
    let looked = home.json(&["model", "verify", "winback/mini"]);
    assert_eq!(looked[0]["differences"], json!([]));
}

/// Julia, 35, with a bachelor's degree, was last seen 137 days ago.
#[test]
fn the_small_model_writes_softly_to_somebody_who_was_away_for_long() {
    let home = Home::new();
    let header =
        "ID,First_Name,Gender,Marital_Status,Age,KidAge,Education,Profession,Work_Experience,FamilySize,Income,Level,Days_Inactive";
    home.keep("profiles.csv", format!("{header}\nD-1,Julia,Female,Single,35,,Bachelor,Teacher,10,1,900000,Medium,137\n"));
    let mut by_model = 0;
    for lang in ["en", "zh-TW", "zh-CN"] {
        let said = home.say(&["generate", "--input", "profiles.csv", "--id", "D-1", "--writer", "local", "--lang", lang, "--json"]);
        assert!(matches!(said.code, Some(0 | 8)), "{said}");
        let told: Value = serde_json::from_str(&said.out).unwrap();
        let (mail, text) = (&told["mails"][0], told["mails"][0]["mail"]["text"].as_str().unwrap());
        assert_eq!((&mail["segment"], &mail["goal"]), (&json!("Dormant"), &json!("recall")), "{mail}");
        assert_eq!(text.matches("Julia").count(), 1, "{text}");
        let never =
            ["137", "35", "bachelor", "Bachelor", "學士", "学士", "click", "點擊", "点击", "ormant", "沉睡", "favourite", "saw you"];
        never.iter().for_each(|word| assert!(!text.contains(word), "{word} in {text}"));
        by_model += usize::from(mail["writer"]["model"]["prompt"].is_string());
    }
    assert!(by_model > 0, "the built-in writer wrote all three");
}
