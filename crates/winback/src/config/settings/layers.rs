//! Lays values of the file and the environment over the built-in ones, and
//! remembers where each came from.
use super::DEFAULT_TEXT;
use super::approved::read_approved;
use super::people::{Person, read_people};
use crate::config::fault::{ConfigError, Fault, Place};
use crate::config::reader::{Document, Entry, Section};
use std::fmt;
use toml::de::DeValue;
use winback_core::goal::Goal;
use winback_core::locale::{Locale, Localized};
use winback_core::message::Approved;
use winback_core::number::{Decimal, DecimalMark};
use winback_core::spelling::nearest;

/// The keys of each section.
const SECTIONS: [(&str, &[&str]); 10] = [
    ("company", &["name", "short_name", "address", "phone", "team", "unsubscribe_url", "email"]),
    ("risk", &["medium", "high", "decided_on", "decided_by"]),
    ("value", &["by", "mid", "high"]),
    ("write", &["languages", "customers", "contact_departed", "goal"]),
    ("writer", &["kind", "model", "adapters", "precision", "level", "rows", "memory", "when_it_fails"]),
    ("training", &["model", "seed", "folds", "l2", "balance", "synthetic_behaviour"]),
    ("database", &["path"]),
    ("folders", &["data", "models"]),
    ("work", &["workers", "keep_runs"]),
    ("serve", &["address", "port", "hosts"]),
];

/// The environment variables that win over the file, with the setting each gives.
pub const ENVIRONMENT: [(&str, &str); 6] = [
    ("WINBACK_DATABASE", "database.path"),
    ("WINBACK_DATA_DIR", "folders.data"),
    ("WINBACK_MODEL_DIR", "folders.models"),
    ("WINBACK_SERVE_ADDRESS", "serve.address"),
    ("WINBACK_SERVE_PORT", "serve.port"),
    ("WINBACK_WORKERS", "work.workers"),
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is built in.
    BuiltIn,
    /// It stands in a file.
    File(Place),
    /// An environment variable gave it.
    Environment(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::BuiltIn => f.write_str("built in"),
            Origin::File(place) => write!(f, "{}:{}", place.file, place.line),
            Origin::Environment(name) => write!(f, "environment, {name}"),
        }
    }
}

/// One value and where it came from, for `winback explain config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The setting: `risk.high`.
    pub key: String,
    /// The value, as a file would write it.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

#[derive(Clone, Debug)]
enum Raw {
    Text(String),
    Number(String),
    Switch(bool),
    List(Vec<String>),
    Words(Box<Localized>),
}

/// One value with its key and origin.
#[derive(Clone, Debug)]
pub struct Setting {
    key: String,
    raw: Raw,
    origin: Origin,
    /// Where an error about it is shown.
    pub place: Place,
}

/// Every setting, and the people.
pub struct Layers {
    settings: Vec<Setting>,
    /// Who may use the dashboard.
    pub people: Vec<Person>,
    /// Phrases that somebody answers for, and where each stands.
    pub approved: Vec<(Approved, Place)>,
}

/// Returns an error at a place.
pub fn fault_at(place: &Place, text: &str) -> ConfigError {
    ConfigError { place: place.clone(), fault: Box::new(Fault::Other(text.to_owned())) }
}

impl Layers {
    /// Returns the built-in values.
    pub fn built_in() -> Result<Self, ConfigError> {
        let mut layers = Self { settings: Vec::new(), people: Vec::new(), approved: Vec::new() };
        layers.add(Document::new("built-in winback.toml", DEFAULT_TEXT), |_| Origin::BuiltIn)?;
        Ok(layers)
    }

    /// Lays a file over what is there.
    pub fn add_file(&mut self, file: &str, text: &str) -> Result<(), ConfigError> {
        self.add(Document::new(file, text), |place| Origin::File(place.clone()))
    }

    /// Lays the environment over what is there.
    pub fn add_environment(&mut self, environment: impl Fn(&str) -> Option<String>) {
        for (name, key) in ENVIRONMENT {
            if let Some(text) = environment(name) {
                let raw = if matches!(key, "serve.port" | "work.workers") { Raw::Number(text) } else { Raw::Text(text) };
                let place = Place { file: format!("environment variable {name}"), line: 0, column: 0 };
                put(&mut self.settings, Setting { key: key.to_owned(), raw, origin: Origin::Environment(name), place });
            }
        }
    }

    fn add(&mut self, document: Document<'_>, origin: impl Fn(&Place) -> Origin) -> Result<(), ConfigError> {
        let root = document.parse()?;
        let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).chain(["fetch", "people", "approved"]).collect();
        let root = Section::new(document, "the file", (root.get_ref(), 0..0), &known)?;
        for (name, keys) in SECTIONS {
            if let Some(entry) = root.get(name) {
                entry.section(&format!("[{name}]"), keys)?;
                self.add_entries(name, &entry, &origin)?;
            }
        }
        if let Some(fetch) = root.get("fetch") {
            for (name, entry) in fetch.entries("sections such as [fetch.telco]")? {
                entry.section(&format!("[fetch.{name}]"), &["url", "sha256", "file"])?;
                self.add_entries(&format!("fetch.{name}"), &entry, &origin)?;
            }
        }
        if let Some(people) = root.get("people") {
            self.people = read_people(&people)?;
        }
        if let Some(approved) = root.get("approved") {
            self.approved = read_approved(&approved)?;
            for (at, (phrase, place)) in self.approved.iter().enumerate() {
                let told = Raw::Text(format!("{} ({}, {})", phrase.phrase.en, phrase.by, phrase.on));
                let setting = Setting { key: format!("approved.{}", at + 1), raw: told, origin: origin(place), place: place.clone() };
                put(&mut self.settings, setting);
            }
        }
        Ok(())
    }

    fn add_entries(&mut self, section: &str, entry: &Entry<'_>, origin: &impl Fn(&Place) -> Origin) -> Result<(), ConfigError> {
        for (key, value) in entry.entries("a table")? {
            let place = value.place();
            put(&mut self.settings, Setting { key: format!("{section}.{key}"), raw: read_raw(&value)?, origin: origin(&place), place });
        }
        Ok(())
    }

    /// Returns a setting; only one that the built-in file lacks can be missing.
    pub fn get(&self, key: &str) -> Result<&Setting, ConfigError> {
        self.settings.iter().find(|setting| setting.key == key).ok_or_else(|| {
            let section = key.rsplit_once('.').map_or(key, |(section, _)| section);
            let sibling = self.settings.iter().find(|setting| setting.key.starts_with(section));
            let place = sibling.map_or(Place { file: "winback.toml".into(), line: 1, column: 1 }, |setting| setting.place.clone());
            let missing = key.rsplit_once('.').map_or(key, |(_, last)| last).to_owned();
            let fault = Fault::MissingKey { key: missing, section: format!("[{section}]"), expected: "a text".into() };
            ConfigError { place, fault: Box::new(fault) }
        })
    }

    /// Returns the names of the sections `[fetch.NAME]`.
    pub fn fetch_names(&self) -> std::collections::BTreeSet<String> {
        let name = |setting: &Setting| Some(setting.key.strip_prefix("fetch.")?.rsplit_once('.')?.0.to_owned());
        self.settings.iter().filter_map(name).collect()
    }

    /// Returns each value and where it came from.
    pub fn explain(&self) -> Vec<Explained> {
        let explain = |s: &Setting| Explained { key: s.key.clone(), value: s.raw.to_string(), origin: s.origin.clone() };
        self.settings.iter().map(explain).collect()
    }
}

fn put(settings: &mut Vec<Setting>, setting: Setting) {
    match settings.iter_mut().find(|known| known.key == setting.key) {
        Some(known) => *known = setting,
        None => settings.push(setting),
    }
}

fn read_raw(entry: &Entry<'_>) -> Result<Raw, ConfigError> {
    Ok(match entry.value() {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => Raw::Number(number.as_str().replace('_', "")),
        DeValue::Float(number) => Raw::Number(number.as_str().replace('_', "")),
        DeValue::Boolean(value) => Raw::Switch(*value),
        DeValue::Array(_) => Raw::List(entry.texts("a list of texts")?),
        DeValue::Table(_) => Raw::Words(Box::new(entry.localized()?)),
        DeValue::Datetime(day) => Raw::Text(day.to_string()),
    })
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::Text(text) => write!(f, "{text:?}"),
            Raw::Number(number) => f.write_str(number),
            Raw::Switch(value) => write!(f, "{value}"),
            Raw::List(items) => write!(f, "{items:?}"),
            Raw::Words(words) => write!(f, "{{ zh-TW = {:?}, zh-CN = {:?}, en = {:?} }}", words.zh_tw, words.zh_cn, words.en),
        }
    }
}

impl Setting {
    /// Returns whether the value is the built-in one.
    pub fn is_built_in(&self) -> bool {
        self.origin == Origin::BuiltIn
    }

    /// Returns an error about the value that is said in full.
    pub fn other(&self, text: &str) -> ConfigError {
        fault_at(&self.place, text)
    }

    /// Returns an error that names the key and what was expected.
    pub fn expected(&self, expected: &str) -> ConfigError {
        let fault = Fault::WrongType { key: self.key.clone(), expected: expected.to_owned(), found: self.raw.to_string() };
        ConfigError { place: self.place.clone(), fault: Box::new(fault) }
    }

    /// Returns the text.
    pub fn text(&self, expected: &str) -> Result<&str, ConfigError> {
        if let Raw::Text(text) = &self.raw { Ok(text) } else { Err(self.expected(expected)) }
    }

    /// Returns the text if it is not blank.
    pub fn filled_text(&self, expected: &str) -> Result<&str, ConfigError> {
        self.text(expected).and_then(|text| if text.trim().is_empty() { Err(self.expected(expected)) } else { Ok(text) })
    }

    /// Returns true or false.
    pub fn switch(&self) -> Result<bool, ConfigError> {
        if let Raw::Switch(value) = self.raw { Ok(value) } else { Err(self.expected("true or false")) }
    }

    /// Returns a finite number.
    pub fn number(&self) -> Result<f64, ConfigError> {
        let number = if let Raw::Number(text) = &self.raw { text.parse().ok() } else { None };
        number.filter(|n: &f64| n.is_finite()).ok_or_else(|| self.expected("a number"))
    }

    /// Returns an amount exactly as written, as a number or a text.
    pub fn decimal(&self) -> Result<Decimal, ConfigError> {
        const EXPECTED: &str = "an amount such as \"79.90\"";
        let (Raw::Text(text) | Raw::Number(text)) = &self.raw else { return Err(self.expected(EXPECTED)) };
        match winback_core::number::read(text, DecimalMark::Point) {
            Ok(read) if !read.normalised => Ok(read.value),
            _ => Err(self.expected(EXPECTED)),
        }
    }

    /// Returns a whole number between two limits, both included.
    pub fn whole(&self, limits: std::ops::RangeInclusive<u64>) -> Result<u64, ConfigError> {
        let number = if let Raw::Number(text) = &self.raw { text.trim().parse().ok() } else { None };
        let expected = || self.expected(&format!("a whole number from {} to {}", limits.start(), limits.end()));
        number.filter(|n| limits.contains(n)).ok_or_else(expected)
    }

    /// Returns the words in every language.
    pub fn words(&self) -> Result<Localized, ConfigError> {
        match &self.raw {
            Raw::Words(words) => Ok(words.as_ref().clone()),
            Raw::Text(text) if !text.trim().is_empty() => Ok(Localized::same(text)),
            _ => Err(self.expected("a text, or one text for each of zh-TW, zh-CN and en")),
        }
    }

    /// Returns the texts of a list.
    pub fn text_list(&self) -> Result<Vec<String>, ConfigError> {
        match &self.raw {
            Raw::List(texts) => Ok(texts.clone()),
            _ => Err(self.expected("a list of texts, such as [\"winback.example.com\"]")),
        }
    }

    /// Returns the goal; `None` where it is chosen for each customer.
    pub fn goal(&self) -> Result<Option<Goal>, ConfigError> {
        let word = self.text("one of auto, activation, recall and push")?.trim();
        if word.eq_ignore_ascii_case("auto") {
            return Ok(None);
        }
        Goal::parse(word).map(Some).map_err(|error| self.other(&error.to_string()))
    }

    /// Returns the languages of a list, each once.
    pub fn languages(&self) -> Result<Vec<Locale>, ConfigError> {
        const EXPECTED: &str = "a list of languages, such as [\"zh-TW\", \"en\"]";
        let Raw::List(tags) = &self.raw else { return Err(self.expected(EXPECTED)) };
        let mut languages = Vec::new();
        for tag in tags {
            let known = Locale::ALL.map(Locale::tag);
            let language = Locale::ALL.into_iter().find(|locale| locale.tag() == tag).ok_or_else(|| {
                let nearest = nearest(tag, known).map(str::to_owned);
                let fault =
                    Fault::UnknownWord { key: self.key.clone(), found: tag.clone(), nearest, known: known.map(str::to_owned).to_vec() };
                ConfigError { place: self.place.clone(), fault: Box::new(fault) }
            })?;
            if !languages.contains(&language) {
                languages.push(language);
            }
        }
        if languages.is_empty() { Err(self.expected(EXPECTED)) } else { Ok(languages) }
    }
}
