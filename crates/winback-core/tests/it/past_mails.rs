//! Mails that the company once sent, as examples: what of the customer becomes a slot, and what keeps a mail out.
use crate::sample::{House, JULIA, Who, customer};
use std::sync::{Arc, LazyLock};
use winback_core::customer::{Cell, Customer};
use winback_core::example::{Maker, NotMade, PastMail};
use winback_core::locale::{Locale, Localized};
use winback_core::mail_form::MailForm;
use winback_core::schema::{Column, ColumnKind, Role};
use winback_core::segment::SegmentId;
use winback_core::template::Templates;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap_or_else(|errors| panic!("{errors:#?}")));

/// The sample house with more columns, and a customer who has cells in them.
fn house() -> House {
    let mut house = House::new();
    let like = house.schema.columns[1].clone();
    let number = ColumnKind::Number { min: 0.0, max: 1e6 };
    let category = |levels: &[&str]| ColumnKind::Category { levels: levels.iter().map(|level| (*level).to_owned()).collect() };
    let column = |name: &str, kind| Column { name: name.into(), kind, role: Role::Trait, ..like.clone() };
    let mut gender = column("gender", category(&[]));
    gender.value_labels.insert("Female".into(), Localized::new("女性", "女性", "woman"));
    house.schema.columns.extend([
        column("age", number.clone()),
        column("kids", number.clone()),
        column("born", ColumnKind::Date),
        gender,
        column("level", category(&["High", "Low"])),
        Column { tell: true, ..column("job", category(&[])) },
        Column { tell: true, ..column("persons", number) },
        column("paperless", category(&["Yes", "No"])),
        column("note", ColumnKind::Text),
    ]);
    house
}

fn someone(name: &str) -> Customer {
    let mut customer = customer(Who { name: (!name.is_empty()).then_some(name), ..JULIA });
    let text = |text: &str| Cell::Text(Arc::from(text));
    let word = |word: &str| Cell::Category(Arc::from(word));
    customer.cells.extend([
        Cell::Number(33.0),
        Cell::Number(7.0),
        text("1990-01-02"),
        word("Female"),
        word("Low"),
        word("Teacher"),
        Cell::Number(14.0),
        word("No"),
        text("met at the Harbour fair"),
    ]);
    customer
}

/// Returns what an example of a past mail holds, or why there is none.
fn made((name, locale): (&str, Locale), [subject, body]: [&str; 2]) -> Result<MailForm, String> {
    let house = house();
    let mut brief = house.brief(Who { name: (!name.is_empty()).then_some(name), ..JULIA }, locale, 3);
    brief.segment = Some(SegmentId::parse("Dormant").unwrap());
    let mail = PastMail { line: 4, subject: subject.into(), preview: String::new(), body: body.into() };
    let maker = Maker { templates: &TEMPLATES, schema: &house.schema };
    match maker.make(&brief, Some((&mail, &someone(name)))) {
        Ok(made) => Ok(made.mail),
        Err(why @ (NotMade::Personal { .. } | NotMade::Marker { .. })) => Err(why.to_string()),
        Err(why) => panic!("{why}"),
    }
}

#[test]
fn the_name_becomes_its_slot_where_the_mail_greets_and_nowhere_else() {
    let greets = |name: &str, locale: Locale, body: &str, expected: &str| {
        let form = made((name, locale), ["Hi", body]).unwrap_or_else(|why| panic!("{name}: {body}: {why}"));
        assert_eq!(form.body(), expected);
    };
    greets("Julia", Locale::En, "Dear JULIA,\n\nhello.", "Dear {{first_name}},\n\nhello.");
    greets("Julia", Locale::En, "Ｊｕｌｉａ — hello.", "{{first_name}} — hello.");
    greets("Will", Locale::En, "Good morning Will\n\nHave you seen it?", "Good morning {{first_name}}\n\nHave you seen it?");
    greets("Ana", Locale::En, "Dear Ana,\n\nAnaïs and Anastasia.", "Dear {{first_name}},\n\nAnaïs and Anastasia.");
    greets("An", Locale::ZhTw, "親愛的An您好：\n\n再見。", "親愛的{{first_name}}您好：\n\n再見。");
    greets("明", Locale::ZhTw, "親愛的明：\n\n說明如下，明年見。", "親愛的{{first_name}}：\n\n說明如下，明年見。");
    greets("雅婷", Locale::ZhTw, "雅婷小姐，您好：\n\n再見。", "{{first_name}}小姐，您好：\n\n再見。");
    greets("Julia", Locale::En, "Dear {{first_name}},\n\nhello.", "Dear {{first_name}},\n\nhello.");
    greets("", Locale::En, "Hello,\n\nwelcome.", "Hello,\n\nwelcome.");

    let refused = |name: &str, locale: Locale, mail: [&str; 2], expected: &str| {
        let why = made((name, locale), mail).expect_err(&format!("{name}: {mail:?}"));
        assert!(why.starts_with("the past mail of line 4") && why.contains(expected), "{name}: {mail:?}: {why}");
    };
    let outside = "holds the customer's name outside the greeting";
    refused("Will", Locale::En, ["Hi", "Dear Will,\n\nWill you stay?"], outside);
    refused("Will", Locale::En, ["Hi", "Will you stay?"], outside);
    refused("Julia", Locale::En, ["Hello JULIA", "Dear Julia,\n\nhello."], outside);
    refused("Julia", Locale::En, ["Hi", "Dear Julia,\n\njulia's plan."], outside);
    refused("Julia", Locale::En, ["Hi", "Dear Julia Chen,\n\nhello."], outside);
    refused("Anne Marie", Locale::En, ["Hi", "Dear Anne,\n\nhello."], outside);
    refused("雅婷", Locale::ZhTw, ["Hi", "親愛的陳雅婷：\n\n您好。"], outside);
    refused("王小明", Locale::ZhTw, ["Hi", "小明，您好：\n\n再見。"], outside);
    let missing = "the slot {{first_name}} is missing";
    refused("Julia", Locale::En, ["Hi", "Hello,\n\nwelcome."], missing);
    refused("明", Locale::ZhTw, ["Hi", "說明如下，明年見。"], missing);
    refused("Julia", Locale::En, ["Hi", "Hello,\n\nwelcome.\n\nYours,\n{{first_name}}"], "stands outside the greeting");
    refused("Julia", Locale::En, ["{{first_name}}", "Dear Julia,\n\nwelcome."], "the slot {{first_name}} stands once, in the greeting");
    refused("Julia", Locale::En, ["Hi", "Dear Julia,\n\n{{agent_name}}"], "the slot {{agent_name}} has no value here");
}

#[test]
fn a_mail_that_holds_a_cell_of_the_row_is_refused_by_its_column() {
    let check = |locale: Locale, text: &str, column: Option<&str>| {
        let found = made(("Julia", locale), ["Hi", &format!("Hi Julia,\n\n{text}")]);
        let refused = column.is_none_or(|column| found.as_ref().is_err_and(|why| why.contains(&format!("the column {column:?} says"))));
        assert!(refused && found.is_err() == column.is_some(), "{text}: {found:?}");
    };
    check(Locale::En, "You are 33 years old.", Some("age"));
    check(Locale::En, "33", Some("age"));
    check(Locale::ZhTw, "您今年３３歲。", Some("age"));
    check(Locale::En, "330 or 3,333 or 33.5 of B33", None);
    check(Locale::En, "Seven, 7: numbers of one digit stand anywhere.", None);
    check(Locale::En, "You pay 85.35 with us.", Some("MonthlyCharges"));
    check(Locale::En, "You were born on 1990-01-02.", Some("born"));
    check(Locale::En, "You were born on 2 January 1990.", Some("born"));
    check(Locale::En, "As a female customer", Some("gender"));
    check(Locale::En, "As a woman with a plan", Some("gender"));
    check(Locale::ZhTw, "身為女性，您值得更好。", Some("gender"));
    check(Locale::En, "Your level is Low.", Some("level"));
    check(Locale::En, "A low price, no fee, for a womanly female-led team? No.", Some("gender"));
    check(Locale::En, "A low price, no fee. No.", None);
    check(Locale::En, "A teacher in a house of 14.", None);
    check(Locale::En, "We met at the harbour fair.", Some("note"));
}
