//! The families of models: trained by configuration, compared on the same folds.
use crate::home::Home;

#[test]
fn a_family_is_chosen_by_a_setting_and_the_old_model_is_kept() {
    let home = Home::with_sample(400);
    home.does(&["run", "--data", "sample.csv", "--folds", "0"]);
    let logistic = home.text("models/current");
    assert!(logistic.starts_with("logistic-"), "{logistic}");
    home.keep("winback.toml", "[training]\nmodel = \"forest\"\n");
    home.does(&["run", "--data", "sample.csv", "--folds", "0"]);
    let forest = home.text("models/current");
    assert!(forest.starts_with("forest-"), "{forest}");
    assert!(!home.text(&format!("models/{}", logistic.trim())).is_empty(), "the old model is kept");
    let shown = home.json(&["show", "--random", "--risk", "high", "--seed", "2"]);
    let tenths: i64 = shown["risk"]["reasons"].as_array().unwrap().iter().map(|reason| reason["tenths"].as_i64().unwrap()).sum();
    let (base, now) = (shown["risk"]["base_probability"].as_f64().unwrap(), shown["risk"]["probability"].as_f64().unwrap());
    assert!(((1_000.0 * (now - base)).round() as i64 - tenths).abs() <= 1, "the points add up: {shown}");
    let whatif = home.json(&["whatif", shown["customer"].as_str().unwrap()]);
    assert!((whatif["now"].as_f64().unwrap() - now).abs() < 1e-12, "{whatif}");

    home.keep("winback.toml", "[training]\nmodel = \"deep\"\n");
    let wrong = home.say(&["run", "--data", "sample.csv"]);
    assert!(wrong.code == Some(5) && wrong.to_string().contains("expected one of logistic, boosted, forest, blend"), "{wrong}");
}

#[test]
fn families_are_compared_on_the_same_folds() {
    let home = Home::with_sample(300);
    home.does(&["import", "sample.csv"]);
    let ids = home.text("sample.csv");
    let folds = ids.lines().skip(1).enumerate().map(|(at, row)| format!("{at},{},{}\n", row.split(',').next().unwrap(), at % 2));
    let folds = format!("row,customerID,fold_a\n{}", folds.collect::<String>());
    home.keep("folds.csv", &folds);
    let found = home.json(&["train", "--compare", "--folds-of", "folds.csv"]);
    assert_eq!((&found["partings"], &found["folds"], &found["customers"]), (&1.into(), &2.into(), &300.into()), "{found}");
    let names: Vec<&str> = found["families"].as_array().unwrap().iter().map(|family| family["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["logistic", "boosted", "forest", "blend"]);
    assert!(found["families"][0]["log_loss"].is_null() && found["families"][1]["log_loss"]["low"].is_f64(), "{found}");
    assert!(home.say(&["show", "--random"]).code != Some(0), "comparing trains nothing");
    for balance in ["none", "oversample"] {
        home.keep("winback.toml", format!("[training]\nbalance = \"{balance}\"\n"));
        let text = home.does(&["train", "--compare", "--folds-of", "folds.csv"]);
        assert!(text.contains(&format!("(balance = \"{balance}\")")), "{text}");
    }

    let short: String = folds.lines().take(200).map(|line| format!("{line}\n")).collect();
    home.keep("folds.csv", short);
    let said = home.say(&["train", "--compare", "--folds-of", "folds.csv"]);
    assert!(said.code == Some(3) && said.to_string().contains("has no fold for customers of the newest import"), "{said}");
}

#[test]
fn a_flip_of_a_trait_tells_what_it_alone_would_change() {
    let home = Home::with_run(300);
    let found = home.json(&["fairness"]);
    assert_eq!((&found["customers"], &found["scored"]), (&300.into(), &300.into()), "nobody is left out of so few");
    let flips = found["flips"].as_array().unwrap();
    let columns: Vec<&str> = flips.iter().map(|flip| flip["column"].as_str().unwrap()).collect();
    assert_eq!(columns, ["gender", "SeniorCitizen"], "{found}");
    for flip in flips {
        let words = flip["words"].as_array().unwrap();
        let customers: u64 = words.iter().map(|word| word["customers"].as_u64().unwrap()).sum();
        assert_eq!((words.len(), customers), (2, 300), "{flip}");
        let all: Vec<f64> = words.iter().map(|word| word["mean_if_all"].as_f64().unwrap()).collect();
        // A regression without interactions moves everybody the same way.
        assert!(((all[0] - all[1]).abs() - flip["mean_change"].as_f64().unwrap()).abs() < 1e-9, "{flip}");
        assert!(flip["most_change"].as_f64() >= flip["mean_change"].as_f64(), "{flip}");
    }
    let text = home.does(&["fairness"]);
    assert!(text.contains("gender = Female") && text.contains("to another risk level"), "{text}");
    let kept = home.json(&["assess"]);
    assert_eq!(kept["fairness"], found, "the flips are kept with the run");
}

#[test]
fn a_model_of_repeated_customers_gives_levels_only_after_calibration() {
    let home = Home::with_sample(400);
    home.keep("winback.toml", "[training]\nbalance = \"oversample\"\nfolds = 3\n");
    let said = home.say(&["run", "--data", "sample.csv", "--folds", "0"]);
    let version = home.text("models/current").trim().trim_end_matches(".json").to_owned();
    assert!(said.code == Some(5), "{said}");
    for part in [&*version, "are no probabilities", "rarer kind was repeated", "winback train --cv --again"] {
        assert!(said.to_string().contains(part), "{part}: {said}");
    }
    let again = home.say(&["assess"]);
    assert!(again.code == Some(5) && again.to_string().contains("are no probabilities"), "{again}");

    let card = home.json(&["train", "--cv", "--again"]);
    assert_eq!(card["balance"], "oversample", "{card}");
    let note = &card["calibration"];
    assert!(note["method"] != "none" && note["trials"].as_array().unwrap().len() > 2, "{note}");
    assert!(card["validation"]["reliability"][0]["high"].as_f64() > Some(0.0), "{card}");
    let text = home.does(&["train"]);
    assert!(text.contains("learned from repeatedly") && text.contains(" without it."), "{text}");
    assert!(home.does(&["assess"]).contains("400 customers assessed"));
    let kept = home.text(&format!("models/{}", home.text("models/current").trim().replace(".json", ".card.md")));
    assert!(kept.contains("## Calibration") && kept.contains("learned from repeatedly"), "{kept}");

    home.keep("winback.toml", "[training]\nbalance = \"smote\"\n");
    let wrong = home.say(&["train", "--again"]);
    assert!(wrong.code == Some(5) && wrong.to_string().contains("expected none or oversample"), "{wrong}");
}

/// Whatever a family writes on its card, the page says it in Chinese.
#[test]
fn the_card_of_every_family_is_read_in_chinese() {
    let home = Home::with_sample(300);
    let table = home.text("sample.csv");
    let at = |name: &str| table.lines().next().unwrap().split(',').position(|column| column == name).unwrap();
    let (same, some, rare) = (at("PhoneService"), at("tenure"), at("PaymentMethod"));
    let line = |(row, line): (usize, &str)| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        match row {
            0 => {}
            row => {
                cells[same] = "Yes".into();
                if row % 9 == 0 {
                    cells[some] = String::new();
                }
                if row < 3 {
                    cells[rare] = format!("Barter {row}");
                }
            }
        }
        cells.join(",") + "\n"
    };
    home.keep("sample.csv", table.lines().enumerate().map(line).collect::<String>());
    home.does(&["import", "sample.csv"]);
    for family in ["logistic", "boosted", "forest", "blend"] {
        home.does(&["train", "--again", "--model", family]);
        home.does(&["assess"]);
        let card = home.json(&["train"]);
        let served = home.serves(&["serve", "--port", "0"]);
        for lang in ["zh-TW", "zh-CN"] {
            let page = served.get(&format!("/model?lang={lang}"));
            let told = card["columns"].as_array().unwrap().iter().flat_map(|column| [&column["used_as"], &column["missing"]]);
            for sentence in told.chain(card["limits"].as_array().unwrap()) {
                let sentence = sentence.as_str().unwrap().replace('"', "&#34;").replace('\'', "&#39;");
                assert!(sentence.starts_with("Invented") || !page.contains(&format!(">{sentence}<")), "{family} {lang}: {sentence}");
            }
            assert!(!page.contains("by trees") && !page.contains("not used"), "{family} {lang}");
        }
    }
}
