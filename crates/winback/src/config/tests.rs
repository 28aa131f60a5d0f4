use super::schema_file;
use super::settings::Settings;
use super::settings::layers::Origin;
use super::settings::writer::WriterKind;
use winback_core::author::WhenItFails;
use winback_core::risk::{Measure, ValueBy};
use winback_core::schema::{Expectation, TableSchema};
use winback_lm::kernels::Precision;

pub const SCHEMAS: [(&str, &str); 4] = [
    ("schema.telco.toml", include_str!("../../defaults/schema.telco.toml")),
    ("schema.marketing.toml", include_str!("../../defaults/schema.marketing.toml")),
    ("schema.gym.toml", include_str!("../../defaults/schema.gym.toml")),
    ("schema.profiles.toml", super::SCHEMA_PROFILES),
];

#[test]
fn the_schemas_we_give_are_sound_and_worded() {
    for (file, text) in SCHEMAS {
        let schema = schema_file::parse(file, text).unwrap_or_else(|error| panic!("{error}"));
        for column in &schema.columns {
            assert_ne!(column.label.zh_tw, column.name, "{file} {}", column.name);
            if let winback_core::schema::ColumnKind::Category { levels } = &column.kind {
                let unnamed: Vec<_> = levels.iter().filter(|level| !column.value_labels.contains_key(*level)).collect();
                assert!(unnamed.is_empty(), "{file} {} {unnamed:?}", column.name);
            }
        }
    }
}

#[test]
fn the_telco_schema_says_what_the_business_expects() {
    let schema = schema_file::parse(SCHEMAS[0].0, SCHEMAS[0].1).unwrap();
    let said: Vec<(&str, Expectation)> = schema.columns.iter().filter_map(|column| Some((column.name.as_str(), column.expect?))).collect();
    let expected = [("tenure", Expectation::Falls), ("MonthlyCharges", Expectation::Rises), ("TotalCharges", Expectation::Falls)];
    assert_eq!(said, expected);
}

#[test]
fn each_fault_of_a_schema_is_shown_where_it_stands() {
    let table = "[table]\nname = \"t\"\ncurrency = \"USD\"\n";
    let id = "[[column]]\nname = \"id\"\ntype = \"text\"\nrole = \"id\"\n";
    let fee = "[[column]]\nname = \"fee\"\ntype = \"money\"\n";
    let cases = [
        "[table\n".to_owned(),
        format!("{table}currrency = \"USD\"\n"),
        "[tabel]\nname = \"t\"\n".into(),
        format!("[table]\nname = \"t\"\ncurrency = \"usd\"\n{id}{fee}"),
        format!("[table]\nname = \"t\"\ncurrency = \"USD\"\ndelimiter = \"::\"\n{id}{fee}"),
        format!("[table]\nname = \"t\"\n{id}{fee}"),
        table.into(),
        format!("{table}{id}"),
        format!("{table}{fee}"),
        format!("{table}{id}{id}{fee}"),
        format!("{table}{id}{fee}lable = \"Fee\"\n"),
        format!("{table}{id}{fee}role = \"montly_charge\"\n"),
        format!("{table}{id}{fee}role = \"tenure\"\n"),
        format!("{table}{id}{fee}role = \"feature\"\nunused = \"no\"\n"),
        format!("{table}{id}{fee}levels = [\"a\"]\n"),
        format!("{table}{id}{fee}theme = \"prise\"\n"),
        format!("{table}{id}{fee}missing = \"zero\"\n"),
        format!("{table}{id}{fee}missing = {{ zero_when_zero = \"tenur\" }}\n"),
        format!("{table}{id}{fee}missing = {{ zero_when_zero = \"id\" }}\n"),
        format!("{table}{id}{fee}label = {{ zh-TW = \"費\", en = \"Fee\" }}\n"),
        format!("{table}{id}{fee}label = {{ zh_TW = \"費\", zh-CN = \"费\", en = \"Fee\" }}\n"),
        format!("{table}{id}{fee}label = 5\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"n\"\ntype = \"number\"\nmin = 5\nmax = 1\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"n\"\ntype = \"number\"\nmin = \"5\"\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"f\"\ntype = \"flag\"\nyes = [\"1\"]\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"f\"\ntype = \"flag\"\nyes = [\"1\"]\nno = [\"1\"]\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"c\"\ntype = \"category\"\nlevels = [\"Yes\", \"No\"]\nvalues = {{ Yess = \"Y\" }}\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"free\"\ntype = \"text\"\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"x\"\ntype = \"bool\"\n"),
        format!("{table}{id}{fee}[[group]]\nname = \"g\"\ntheme = \"price\"\ncolumns = [\"fees\"]\n"),
        format!("{table}{id}{fee}[[family]]\nparent = \"fee\"\nparent_value = \"No\"\nchildren = [\"fee\"]\nchild_value = \"x\"\n"),
        format!("{table}{id}{fee}expect = \"up\"\n"),
        format!("{table}{id}{fee}[[column]]\nname = \"f\"\ntype = \"flag\"\nyes = [\"1\"]\nno = [\"0\"]\nexpect = \"rises\"\n"),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|text| match schema_file::parse("schema.toml", text) {
            Ok(_) => format!("ACCEPTED {text}"),
            Err(error) => error.to_string(),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

fn settings(text: &str) -> Result<Settings, super::fault::ConfigError> {
    Settings::load(Some(("winback.toml", text)), |_| None)
}

#[test]
fn a_writer_is_read_and_instructions_that_this_machine_lacks_are_told_by_line() {
    let text = "[writer]\nkind = \"local\"\nmodel = \"m\"\nprecision = \"int8\"\nrows = 3\nmemory = 512\nwhen_it_fails = \"built-in\"\n";
    let read = settings(text).unwrap().writer;
    assert_eq!((read.kind, read.model, read.rows, read.memory_mib), (WriterKind::Local, Some("m".into()), 3, Some(512)));
    assert_eq!((read.precision, read.when_it_fails), (Precision::Int8, WhenItFails::BuiltIn));
    let built_in = settings("").unwrap().writer;
    assert_eq!((built_in.kind, built_in.model, built_in.memory_mib), (WriterKind::BuiltIn, None, None));
    let error = settings("[writer]\n\nlevel = \"sse9\"\n").unwrap_err().to_string();
    assert!(error.starts_with("winback.toml:3:9: this machine has no kernels of the level \"sse9\"; it has plain"), "{error}");
}

#[test]
fn each_fault_of_the_settings_is_shown_where_it_stands() {
    let digits = "a".repeat(64);
    let cases = [
        "[risk]\nhihg = 0.8\n".to_owned(),
        "[rsk]\nhigh = 0.8\n".into(),
        "[risk]\nhigh = 0.3\n".into(),
        "[risk]\nmedium = 0.7\n".into(),
        "[risk]\nhigh = \"much\"\n".into(),
        "[risk]\nhigh = nan\n".into(),
        "[risk]\ndecided_on = \"31.1.2026\"\n".into(),
        "[value]\nmid = \"80\"\n".into(),
        "[value]\nmid = \"4,0\"\n".into(),
        "[value]\nhigh = -1\n".into(),
        "[write]\nlanguages = [\"zh_TW\"]\n".into(),
        "[write]\nlanguages = []\n".into(),
        "[writer]\nkind = \"localy\"\n".into(),
        "[writer]\nmodle = \"x\"\n".into(),
        "[writer]\nmodel = 7\n".into(),
        "[writer]\nadapters = \"\"\n".into(),
        "[writer]\nprecision = \"fp16\"\n".into(),
        "[writer]\nrows = 0\n".into(),
        "[writer]\nmemory = -1\n".into(),
        "[writer]\nwhen_it_fails = \"go on\"\n".into(),
        "[serve]\naddress = \"0.0.0.0\"\n".into(),
        "[serve]\nport = 70000\n".into(),
        "[training]\nfolds = 1\nl2 = 0\n".into(),
        "[training]\nl2 = 0\n".into(),
        "[company]\nname = { en = \"Acme\" }\n".into(),
        "[company]\nunsubscribe_url = \"example.com\"\n".into(),
        "[fetch.mine]\nurl = \"https://example.com/a.csv\"\n".into(),
        "[fetch.telco]\nsha256 = \"abc\"\n".into(),
        "[fetch.telco]\nfile = \"../x.csv\"\n".into(),
        format!("[[people]]\nname = \"Mei\"\nrole = \"aprover\"\ntoken_sha256 = \"{digits}\"\n"),
        "[[people]]\nname = \"Mei\"\nrole = \"agent\"\ntoken_sha256 = \"secret\"\n".into(),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|text| match settings(text) {
            Ok(_) => format!("ACCEPTED {text}"),
            Err(error) => error.to_string(),
        })
        .collect();
    assert!(!shown.join("").contains("secret"), "a token must not be repeated");
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_built_in() {
    let environment = |name: &str| (name == "WINBACK_SERVE_PORT").then(|| "9000".to_owned());
    let found = Settings::load(Some(("winback.toml", "[serve]\nport = 8000\n[risk]\nhigh = 0.8\n")), environment).unwrap();
    assert_eq!((found.serve_port, found.thresholds.high(), found.thresholds.medium()), (9000, 0.8, 0.4));
    let origin = |key: &str| found.explained.iter().find(|e| e.key == key).map(|e| e.origin.to_string()).unwrap();
    assert_eq!(origin("serve.port"), "environment, WINBACK_SERVE_PORT");
    assert_eq!(origin("risk.high"), "winback.toml:4");
    assert_eq!(found.explained.iter().filter(|e| e.origin == Origin::BuiltIn).count(), found.explained.len() - 2);
    let refused = Settings::load(None, |name| (name == "WINBACK_SERVE_PORT").then(|| "http".to_owned())).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "environment variable WINBACK_SERVE_PORT: \"serve.port\" holds http; expected a whole number from 0 to 65535"
    );
}

#[test]
fn bounds_take_the_currency_of_the_table() {
    let usd = winback_core::money::Currency::parse("USD").unwrap();
    let yen = winback_core::money::Currency::parse("JPY").unwrap();
    let found = settings("[value]\nmid = \"39.50\"\nhigh = 80\n").unwrap();
    let table = |currency| TableSchema { currency, ..schema_file::parse("schema.toml", super::SCHEMA_TELCO).unwrap() };
    let bounds = found.value.bounds(&table(usd)).unwrap();
    assert_eq!((bounds.by(), bounds.mid(), bounds.high()), (ValueBy::Monthly, Measure::Minor(3950), Measure::Minor(8000)));
    assert!(found.value.bounds(&table(yen)).unwrap_err().to_string().starts_with("winback.toml:2:7: "));
}

#[test]
fn each_measure_of_value_needs_its_column_and_its_own_bounds() {
    let telco = schema_file::parse("schema.toml", super::SCHEMA_TELCO).unwrap();
    let gym = schema_file::parse("schema.toml", include_str!("../../defaults/schema.gym.toml")).unwrap();
    let told = |text: &str, table: &TableSchema| match settings(text).and_then(|found| found.value.bounds(table)) {
        Ok(bounds) => format!("{:?} {:?} {:?}", bounds.by(), bounds.mid(), bounds.high()),
        Err(error) => error.to_string(),
    };
    let section = |by: &str, bounds: &str| format!("[value]\nby = \"{by}\"\n{bounds}");
    let cases = [
        (String::new(), &telco),
        (section("monthly", ""), &gym),
        (section("revenue", "mid = 500\nhigh = \"2000.50\"\n"), &telco),
        (section("usage", "mid = 2.5\nhigh = 12\n"), &gym),
        (section("usage", "mid = \"40.0\"\nhigh = \"80.0\"\n"), &gym),
        (section("usage", "mid = 40\nhigh = 120\n"), &gym),
        (section("worth", ""), &telco),
        (section("Revenue", ""), &telco),
        (section("revenue", ""), &telco),
        (section("revenue", "mid = \"40\"\nhigh = \"80\"\n"), &telco),
        (section("revenue", "mid = 500\n"), &telco),
        (section("revenue", "mid = 500\nhigh = 400\n"), &telco),
        (section("revenue", "mid = \"500.005\"\nhigh = 900\n"), &telco),
        (section("revenue", "mid = 500\nhigh = 2000\n"), &gym),
        (section("usage", "mid = 4\nhigh = 12\n"), &telco),
        (section("usage", ""), &gym),
        (section("usage", "mid = 12\n"), &gym),
        (section("usage", "mid = 0\nhigh = 12\n"), &gym),
    ];
    insta::assert_snapshot!(cases.map(|(text, table)| told(&text, table)).join("\n"));
}
