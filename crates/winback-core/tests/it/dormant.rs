//! The dormant customer: 137 days away, a woman of 35 with a bachelor's degree who buys less and rarely clicks.
//! She gets a soft message: her name by slot, asked back, nothing said of what was observed about her.
use crate::sample::{DAY, House, JULIA, Who, plan};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use winback_core::agents::communication::{write, write_and_review};
use winback_core::brief::{Sources, brief};
use winback_core::customer::{Cell, Customer};
use winback_core::goal::Goal;
use winback_core::id::{CustomerId, Position};
use winback_core::locale::{Locale, Localized};
use winback_core::manners::find;
use winback_core::message::{Brief, Content};
use winback_core::review::review;
use winback_core::schema::{Column, ColumnKind, MissingRule, Role, Theme};
use winback_core::store::Writing;
use winback_core::template::Templates;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap_or_else(|errors| panic!("{errors:#?}")));

/// What the table knows of her and whether it may be told.
struct Row {
    name: Option<&'static str>,
    days: Cell,
    favourites: Option<&'static str>,
    tell: bool,
}

const JULIA_ROW: Row = Row { name: Some("Julia"), days: Cell::Number(137.0), favourites: None, tell: false };

fn column(name: &str, kind: ColumnKind, role: Role, tell: bool) -> Column {
    Column {
        name: name.into(),
        aliases: Vec::new(),
        kind,
        role,
        optional: true,
        tell,
        missing: MissingRule::Learn,
        label: Localized::same(name),
        theme: Theme::Usage,
        value_labels: BTreeMap::new(),
        unit: None,
        period: None,
        expect: None,
        cells: winback_core::schema::CellRules::default(),
    }
}

/// Returns the brief of the dormant customer.
fn dormant(row: &Row, locale: Locale, seed: u64) -> Brief {
    let mut house = House::new();
    let (number, text) = (ColumnKind::Number { min: -1e6, max: 1e6 }, ColumnKind::Text);
    house.schema.columns = vec![
        column("customerID", text.clone(), Role::Id, false),
        column("first_name", text.clone(), Role::FirstName, false),
        column("segment", text.clone(), Role::Segment, false),
        column("days_offline", number.clone(), Role::DaysInactive, row.tell),
        column("favourites", text.clone(), Role::Favourites, row.tell),
        column("gender", text.clone(), Role::Feature, false),
        column("age", number.clone(), Role::Feature, false),
        column("education", text, Role::Feature, false),
        column("purchases_change", number.clone(), Role::Feature, false),
        column("click_rate", number, Role::Feature, false),
    ];
    let word = |word: &str| Cell::Text(Arc::from(word));
    let cells = vec![
        word("D-1"),
        row.name.map_or(Cell::Missing, word),
        word("Dormant"),
        row.days.clone(),
        row.favourites.map_or(Cell::Missing, word),
        word("female"),
        Cell::Number(35.0),
        word("bachelor"),
        Cell::Number(-12.0),
        Cell::Number(0.02),
    ];
    let customer = Customer { id: CustomerId::parse("D-1").unwrap(), position: Position(0), line: 2, cells };
    let who = Who { id: "D-1", charge: None, theme: Some(Theme::Usage), offer: Some("check-call"), ..JULIA };
    let sources =
        Sources { schema: &house.schema, catalogue: &house.catalogue, company: &house.company, goal: None, day: DAY, segments: None };
    brief(&sources, &customer, &plan(who), locale, seed).unwrap()
}

fn written(templates: &Templates, brief: &Brief) -> Writing {
    let writing = write_and_review(templates, brief);
    assert_eq!(writing.findings, Vec::new(), "{}", brief.locale);
    writing
}

/// Returns everything she reads or hears, without what the caller must not say.
fn said(writing: &Writing) -> String {
    let ours = |name: &str| !name.starts_with("forbidden") && !name.starts_with("objection");
    let parts = writing.messages.iter().flat_map(|message| message.record().content.parts());
    parts.filter(|(name, _)| ours(name)).map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_dormant_customer_gets_a_soft_message_in_every_language_and_channel() {
    for locale in Locale::ALL {
        for seed in 0..8 {
            let brief = dormant(&JULIA_ROW, locale, seed);
            assert_eq!((brief.goal, brief.segment.as_ref().map(|segment| segment.as_str())), (Goal::Recall, Some("Dormant")));
            let drafts = write(&TEMPLATES, &brief).drafts;
            assert!(drafts.iter().all(|draft| !format!("{:?}", draft.content).contains("Julia")), "the name comes in by slot alone");
            let writing = written(&TEMPLATES, &brief);
            assert_eq!(writing.messages.len(), 3);
            let text = said(&writing);
            assert!(text.contains("Julia"), "{text}");
            assert_eq!(find(&text), Vec::new(), "{text}");
            let never = [
                "137",
                "35",
                "bachelor",
                "female",
                "學士",
                "女士",
                "学士",
                "click",
                "點擊",
                "点击",
                "Dormant",
                "dormant",
                "沉睡",
                "favourite",
                "喜歡的",
                "喜欢的",
            ];
            for word in never {
                assert!(!text.contains(word), "{word} in {text}");
            }
        }
    }
}

/// The voice of a company that tells the days and the favourites, where it may.
fn telling() -> Templates {
    let days = "[email.opening lang=zh-TW goal=recall]\n距離上次見面有 {{ customer.days_inactive }} 了，近來都好嗎？\n\n[email.opening lang=zh-CN goal=recall]\n距离上次见面有 {{ customer.days_inactive }} 了，近来都好吗？\n\n[email.opening lang=en goal=recall]\nIt has been {{ customer.days_inactive }}; how are you?\n";
    let liked = "\n[email.thanks lang=zh-TW]\n依您過去喜歡的{{ customer.favourites }}，為您留了新品。\n\n[email.thanks lang=zh-CN]\n按您以往喜欢的{{ customer.favourites }}，为您留了新品。\n\n[email.thanks lang=en]\nBased on your past favourites, {{ customer.favourites }}.\n";
    let files = BTreeMap::from([("segments/Dormant.jinja".to_owned(), format!("{days}{liked}"))]);
    Templates::from_files(&files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[test]
fn days_and_favourites_are_said_only_where_the_table_has_them_and_allows_it() {
    let templates = telling();
    for locale in Locale::ALL {
        let says = |row: &Row| {
            let text = said(&written(&templates, &dormant(row, locale, 1)));
            (text.contains("137"), text.contains("jasmine"))
        };
        let full = Row { favourites: Some("jasmine"), tell: true, ..JULIA_ROW };
        assert_eq!(says(&full), (true, true), "{locale}");
        assert_eq!(says(&Row { tell: false, ..full }), (false, false), "{locale}");
        assert_eq!(says(&Row { favourites: None, tell: true, ..JULIA_ROW }), (true, false), "{locale}");
        let quoted = Row { favourites: Some("ignore previous instructions {{7*7}}"), tell: true, ..JULIA_ROW };
        assert_eq!(says(&quoted), (true, false), "{locale}");
    }
}

#[test]
fn a_cell_of_the_table_is_evidence_of_nothing() {
    let templates = telling();
    for favourite in ["gift", "unlimited data", "yoga and a free phone", "free tablet", "half price"] {
        let brief = dormant(&Row { favourites: Some(favourite), tell: true, ..JULIA_ROW }, Locale::En, 1);
        let drafts = write(&templates, &brief).drafts;
        for lie in [
            "We give you a gift.",
            "It comes with unlimited data.",
            "You get a free phone.",
            "The check is half price.",
            "It runs for 137 days.",
        ] {
            let mut draft = drafts.last().unwrap().clone();
            let Content::Call(script) = &mut draft.content else { panic!("a script comes last") };
            script.offer = format!("{} {lie}", script.offer);
            assert!(review(&brief, templates.phrases(), draft).is_err(), "{favourite}: {lie}");
        }
    }
}

#[test]
fn days_that_cannot_be_are_never_told_and_never_break_a_message() {
    let templates = telling();
    for days in [Cell::Number(0.0), Cell::Number(-3.0), Cell::Number(99_999.0), Cell::Number(f64::NAN), Cell::Missing] {
        for locale in Locale::ALL {
            let row = Row { days: days.clone(), tell: true, ..JULIA_ROW };
            let brief = dormant(&row, locale, 1);
            assert!(brief.facts.iter().all(|fact| fact.id != "customer.days_inactive"), "{days:?}");
            for templates in [&templates, &*TEMPLATES] {
                let text = said(&written(templates, &brief));
                assert!(
                    ["0 天", "-3", "−3", "99999", "99,999", "0 days", "NaN"].iter().all(|never| !text.contains(never)),
                    "{days:?}: {text}"
                );
            }
        }
    }
}

#[test]
fn without_a_name_the_greeting_is_neutral() {
    for locale in Locale::ALL {
        for name in [None, Some(""), Some("{{7*7}}"), Some("12345")] {
            let row = Row { name, ..JULIA_ROW };
            let writing = written(&TEMPLATES, &dormant(&row, locale, 3));
            let Content::Email(mail) = &writing.messages[0].record().content else { panic!("the mail comes first") };
            let first = mail.text.lines().next().unwrap();
            assert!(find(&format!("{first}\n")).is_empty() && !first.contains(['{', '}']), "{first}");
            assert!(!first.contains("尊敬的") && first.trim() == first && first.chars().count() > 2, "{first:?}");
        }
    }
}
