//! `winback demo`: one command from nothing to a dashboard.
use crate::home::Home;
use std::net::TcpListener;

/// Returns the files a demo made from its customers: the model, its card, the features.
fn made(home: &Home) -> Vec<(String, Vec<u8>)> {
    let model = home.text("winback-demo/models/current").trim().to_owned();
    let model = model.strip_suffix(".json").unwrap_or(&model);
    let names = [
        "data/sample-customers.csv".to_owned(),
        format!("models/{model}.json"),
        format!("models/{model}.card.json"),
        "data/processed/churn_features.csv".to_owned(),
        "data/processed/churn_features.schema.json".to_owned(),
    ];
    names.into_iter().map(|name| (name.clone(), home.bytes(&format!("winback-demo/{name}")))).collect()
}

#[test]
fn a_demo_ends_with_something_a_manager_can_use_and_one_seed_gives_the_same_bytes() {
    let (home, again, other) = (Home::new(), Home::new(), Home::new());
    let text = home.does(&["demo", "--rows", "400", "--no-serve"]);
    assert!(text.starts_with("400 invented customers, done in "), "{text}");
    assert!(text.contains("of it is expected to go") && text.contains("Your own customers: winback run --data FILE"), "{text}");
    let (_, first) = text.split_once("Call these first:\n").unwrap();
    let ids = home.ids("winback-demo/data/sample-customers.csv");
    let calls: Vec<&str> = first.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    assert_eq!(calls.len(), 5, "{text}");
    assert!(calls.iter().all(|line| ids.iter().any(|id| line.trim_start().starts_with(id)) && line.contains('%')), "{text}");

    let voices = ["Dormant", "HighValue_Active", "Need_Reengagement", "Parent_Active", "Regular_Active"];
    let table: Vec<&str> = text.lines().filter(|line| voices.iter().any(|voice| line.trim_start().starts_with(voice))).collect();
    assert_eq!(table.len(), 5, "{text}");
    assert!(table.iter().all(|line| line.contains(" v1 ") && line.matches('→').count() == 4), "{text}");
    assert!(text.contains("of their mails were written in ") && text.contains(" · mini/"), "{text}");

    // What winback.toml says of other models is none of the demo's business, and nothing is put in their place.
    again.keep("winback-demo/winback.toml", "[writer]\nmodel = \"models/own\"\nadapters = \"voices\"\n");
    again.does(&["demo", "--rows", "400", "--no-serve"]);
    assert!(!again.path("winback-demo/models/own").exists() && !again.path("winback-demo/voices").exists());
    other.does(&["demo", "--rows", "400", "--no-serve", "--seed", "8"]);
    assert_eq!(made(&home), made(&again));
    assert_ne!(made(&home)[1].1, made(&other)[1].1, "another seed makes another model");
}

#[test]
fn a_busy_port_is_told_and_the_next_one_taken() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port();
    let home = Home::new();
    let served = home.serves(&["demo", "--rows", "300", "--port", &port.to_string()]);
    let (_, taken) = served.address.rsplit_once(':').unwrap();
    assert!(taken.parse::<u16>().unwrap() > port);
    let page = served.get("/");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("300") && page.contains("</html>"), "{page}");
    let note = format!("note: port {port} is busy; the dashboard takes port {taken}\n");
    assert_eq!(served.stop(), note);
}
