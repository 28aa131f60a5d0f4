//! What the built-in wordings may say.
use winback_core::template::Templates;

/// A section of a built-in template without notes and without what facts put in.
struct Wording {
    place: String,
    head: String,
    text: String,
}

/// Returns the files of what is said to customers; the words of prompts are said to a model.
fn spoken_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    Templates::built_in_files().filter(|(file, _)| !file.ends_with("prompt.jinja"))
}

fn wordings() -> Vec<Wording> {
    let mut found: Vec<Wording> = Vec::new();
    for (file, text) in spoken_files().filter(|(file, _)| *file != "email.html.jinja") {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            if line.starts_with('[') {
                found.push(Wording { place: format!("{file}:{}", at + 1), head: line.to_owned(), text: String::new() });
            } else if let Some(wording) = found.last_mut() {
                let typed = line.split("{{").enumerate().map(|(at, piece)| if at == 0 { piece } else { piece.split_once("}}").unwrap().1 });
                wording.text.extend(typed);
                wording.text.push('\n');
            }
        }
    }
    found
}

#[test]
fn no_wording_says_what_a_message_never_says() {
    let never = [
        // Spying, blame and guilt.
        "noticed",
        "we saw",
        "miss you",
        "you have not",
        "you haven't",
        "發現您",
        "发现您",
        "注意到",
        "想念",
        "您都沒",
        "您都没",
        // Urgency, flattery, superlatives and guarantees.
        "last chance",
        "hurry up",
        "act now",
        "limited",
        "valued",
        "exciting",
        "guarantee",
        " best ",
        " most ",
        " never ",
        "限時",
        "限时",
        "最",
        "尊貴",
        "尊贵",
        "尊敬",
        "竭誠",
        "竭诚",
        "保證",
        "保证",
        "一定",
        // Numbers in words.
        " one ",
        " two ",
        " three ",
        "half",
        "double",
        "twice",
        " once ",
        "percent",
        "一個",
        "一个",
        "一次",
        "半價",
        "半价",
        "兩",
        "两",
    ];
    for Wording { place, head, text } in wordings().into_iter().filter(|wording| !wording.head.starts_with("[forbidden")) {
        let said = format!(" {} ", text.to_lowercase().replace('\n', " "));
        // "Best wishes" and the customer's own words are no claims of ours.
        let said = said.replace("our best wishes", "");
        assert!(!said.contains(|c: char| c.is_numeric() && c.is_ascii()), "{place} types a number: {text}");
        for word in never {
            assert!(!said.contains(word), "{place} says {word:?}: {text}");
        }
        let free = ["free", "免費", "免费"].into_iter().any(|word| said.contains(word));
        let kinds = head.split_whitespace().find_map(|word| word.trim_end_matches(']').strip_prefix("kind="));
        let given = kinds.is_some_and(|kinds| kinds.split(',').all(|kind| matches!(kind, "free_trial" | "service")));
        assert!(!free || given, "{place} says that something is free where the offer may not be: {text}");
    }
}

#[test]
fn every_sms_wording_names_the_company_and_a_way_to_refuse() {
    for (file, text) in spoken_files() {
        let mut language = file.split_once('/').map(|(folder, _)| folder).filter(|folder| *folder != "segments").unwrap_or_default();
        let mut sms = false;
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some(head) = line.strip_prefix('[') {
                sms = head.starts_with("sms");
                language = head.split_whitespace().find_map(|word| word.strip_prefix("lang=")).unwrap_or(language).trim_end_matches(']');
            } else if sms {
                let (start, refuse) = match language {
                    "zh-TW" => ("【{{ company.short_name }}】", "請回 N"),
                    "zh-CN" => ("【{{ company.short_name }}】", "拒收请回复 R"),
                    _ => ("", "STOP"),
                };
                assert!(line.starts_with(start) && line.contains("{{ company.short_name }}") && line.contains(refuse), "{file}: {line}");
            }
        }
    }
}
