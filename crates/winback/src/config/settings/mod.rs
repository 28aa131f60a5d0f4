//! `winback.toml`: built-in values, under the file's, under the environment's.
mod approved;
pub mod layers;
pub mod people;
mod value;
pub mod writer;

use super::fault::ConfigError;
use clap::ValueEnum;
use layers::{Explained, Layers};
use people::Person;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use value::ValueSettings;
use winback_connectors::mail_address::MailAddress;
use winback_core::digest::Digest;
use winback_core::goal::Goal;
use winback_core::locale::Locale;
use winback_core::message::Company;
use winback_core::model::Balance;
use winback_core::risk::RiskThresholds;
use writer::WriterSettings;

/// The file that `winback init` writes and that holds every built-in value.
pub const DEFAULT_TEXT: &str = include_str!("../../../defaults/winback.toml");

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who writes.
    pub company: Company,
    /// The address mails come from, where the file gives one. It is no part of a run: what is written stays the same.
    pub sender: Option<MailAddress>,
    /// From which probability a customer is at risk.
    pub thresholds: RiskThresholds,
    /// The day the thresholds were decided on, and by whom, where the file says so.
    pub decided: Decided,
    /// What a customer's value is measured by, and from where on it is middle and high.
    pub value: ValueSettings,
    /// The languages to write in.
    pub languages: Vec<Locale>,
    /// For how many customers to write.
    pub customers: u64,
    /// Whether customers whose row says that they left are planned and written for like the others.
    pub contact_departed: bool,
    /// What every message wants to happen; `None` chooses for each customer.
    pub goal: Option<Goal>,
    /// Who writes the mails. It is no part of a run: every message says what wrote it.
    pub writer: WriterSettings,
    /// How the model is trained.
    pub training: Training,
    /// The database file.
    pub database: PathBuf,
    /// The folder of raw and processed data.
    pub data_dir: PathBuf,
    /// The folder of models.
    pub model_dir: PathBuf,
    /// How many threads work; `None` uses every core.
    pub workers: Option<usize>,
    /// How many finished runs are kept; `None` keeps all.
    pub keep_runs: Option<u64>,
    /// The address the dashboard listens on.
    pub serve_address: IpAddr,
    /// The port the dashboard listens on.
    pub serve_port: u16,
    /// Host names under which the dashboard answers besides the loopback names.
    pub serve_hosts: Vec<String>,
    /// Public files to download, by name.
    pub fetch: BTreeMap<String, FetchSource>,
    /// Who may use the dashboard; with nobody listed it is open, on this machine only.
    pub people: Vec<Person>,
    /// Each value and where it came from, in the order of the built-in file.
    pub explained: Vec<Explained>,
}

/// Who decided the thresholds, and when; both may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// The day, as YYYY-MM-DD.
    pub on: Option<jiff::civil::Date>,
    /// The person.
    pub by: Option<String>,
}

impl Decided {
    /// Returns the name and the day as text, `None` where neither is said.
    pub fn told(&self) -> Option<(String, String)> {
        let day = self.on.map(|day| day.to_string());
        (self.by.is_some() || day.is_some()).then(|| (self.by.clone().unwrap_or_default(), day.unwrap_or_default()))
    }
}

/// The families of churn models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ModelFamily {
    /// Logistic regression with a broken line for each number.
    #[default]
    Logistic,
    /// Gradient-boosted trees.
    Boosted,
    /// A random forest.
    Forest,
    /// The mean of logistic regression and boosted trees, in log-odds.
    Blend,
}

impl ModelFamily {
    /// Every family, the default first.
    pub const ALL: [ModelFamily; 4] = [ModelFamily::Logistic, ModelFamily::Boosted, ModelFamily::Forest, ModelFamily::Blend];

    /// Returns the word that settings use.
    pub fn tag(self) -> &'static str {
        match self {
            ModelFamily::Logistic => "logistic",
            ModelFamily::Boosted => "boosted",
            ModelFamily::Forest => "forest",
            ModelFamily::Blend => "blend",
        }
    }

    /// Returns whether it is the default, which stored settings leave out.
    pub fn is_default(&self) -> bool {
        *self == ModelFamily::default()
    }
}

fn family(layers: &Layers) -> Result<ModelFamily, ConfigError> {
    let setting = layers.get("training.model")?;
    let word = setting.filled_text("one of logistic, boosted, forest, blend")?;
    ModelFamily::ALL
        .into_iter()
        .find(|family| family.tag() == word)
        .ok_or_else(|| setting.expected("one of logistic, boosted, forest, blend"))
}

fn balance(layers: &Layers) -> Result<Balance, ConfigError> {
    let setting = layers.get("training.balance")?;
    let word = setting.filled_text("none or oversample")?;
    Balance::ALL.into_iter().find(|balance| balance.tag() == word).ok_or_else(|| setting.expected("none or oversample"))
}

/// How the churn model is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// The family of the model.
    pub model: ModelFamily,
    /// The seed of every draw.
    pub seed: u64,
    /// The parts of the cross-validation.
    pub folds: u32,
    /// The strength of the L2 penalty.
    pub l2: f64,
    /// Whether the rarer kind of customer is learned from repeatedly.
    pub balance: Balance,
    /// Whether three synthetic behaviour columns are added.
    pub synthetic_behaviour: bool,
}

/// A public file that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSource {
    /// The address.
    pub url: String,
    /// The SHA-256 of the file.
    pub sha256: Digest,
    /// The name it is kept under in `data/raw`.
    pub file: String,
}

impl Settings {
    /// Returns the settings of a file's name and text, if there is a file, under the environment's few.
    /// Variables that no setting has are left alone: container platforms add their own.
    pub fn load(file: Option<(&str, &str)>, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut layers = Layers::built_in()?;
        if let Some((name, text)) = file {
            layers.add_file(name, text)?;
        }
        layers.add_environment(environment);
        let settings = Self::from_layers(&layers)?;
        if settings.people.is_empty() && !settings.serve_address.is_loopback() {
            let address = layers.get("serve.address")?;
            let text =
                "the dashboard would be open to the network, and nobody is listed in [[people]]; list who may use it, or keep 127.0.0.1";
            return Err(address.other(text));
        }
        Ok(settings)
    }

    fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let some_unless_zero = |number: u64| (number > 0).then_some(number);
        let l2 = layers.get("training.l2")?;
        Ok(Self {
            company: company(layers)?,
            sender: sender(layers)?,
            thresholds: thresholds(layers)?,
            decided: decided(layers)?,
            value: ValueSettings::read(layers)?,
            languages: layers.get("write.languages")?.languages()?,
            customers: layers.get("write.customers")?.whole(0..=100_000_000)?,
            contact_departed: layers.get("write.contact_departed")?.switch()?,
            goal: layers.get("write.goal")?.goal()?,
            writer: WriterSettings::read(layers)?,
            training: Training {
                model: family(layers)?,
                seed: layers.get("training.seed")?.whole(0..=i64::MAX.unsigned_abs())?,
                folds: u32::try_from(layers.get("training.folds")?.whole(2..=50)?).unwrap_or(u32::MAX),
                l2: l2.number().and_then(|n| if n > 0.0 && n.is_finite() { Ok(n) } else { Err(l2.expected("a number above 0")) })?,
                balance: balance(layers)?,
                synthetic_behaviour: layers.get("training.synthetic_behaviour")?.switch()?,
            },
            database: layers.get("database.path")?.filled_text("the name of a file")?.into(),
            data_dir: layers.get("folders.data")?.filled_text("the name of a folder")?.into(),
            model_dir: layers.get("folders.models")?.filled_text("the name of a folder")?.into(),
            workers: some_unless_zero(layers.get("work.workers")?.whole(0..=1024)?).and_then(|n| usize::try_from(n).ok()),
            keep_runs: some_unless_zero(layers.get("work.keep_runs")?.whole(0..=1_000_000)?),
            serve_address: address(layers)?,
            serve_hosts: layers.get("serve.hosts")?.text_list()?,
            serve_port: u16::try_from(layers.get("serve.port")?.whole(0..=65_535)?).unwrap_or(u16::MAX),
            fetch: fetch(layers)?,
            people: layers.people.clone(),
            explained: layers.explain(),
        })
    }

    /// Returns whether the company is still the example of the built-in file.
    pub fn company_is_example(&self) -> bool {
        is_example(&self.company)
    }
}

/// Returns whether a company is the example of the built-in file.
pub fn is_example(company: &Company) -> bool {
    company.unsubscribe_url.starts_with("https://example.com/") || company.name.en.ends_with("(example)")
}

fn company(layers: &Layers) -> Result<Company, ConfigError> {
    let url = layers.get("company.unsubscribe_url")?;
    let address = url.filled_text("an address that begins with https://")?;
    if !address.starts_with("https://") {
        return Err(url.expected("an address that begins with https://"));
    }
    Ok(Company {
        name: layers.get("company.name")?.words()?,
        short_name: layers.get("company.short_name")?.words()?,
        address: layers.get("company.address")?.words()?,
        phone: layers.get("company.phone")?.filled_text("a telephone number")?.to_owned(),
        team: layers.get("company.team")?.words()?,
        unsubscribe_url: address.to_owned(),
        approved: layers.approved.iter().map(|(approved, _)| approved.clone()).collect(),
    })
}

fn sender(layers: &Layers) -> Result<Option<MailAddress>, ConfigError> {
    const EXPECTED: &str = "an e-mail address such as \"care@example.com\", or \"\"";
    let setting = layers.get("company.email")?;
    let text = setting.text(EXPECTED)?.trim();
    if text.is_empty() { Ok(None) } else { MailAddress::parse(text).map(Some).map_err(|_| setting.expected(EXPECTED)) }
}

fn thresholds(layers: &Layers) -> Result<RiskThresholds, ConfigError> {
    let (medium, high) = (layers.get("risk.medium")?, layers.get("risk.high")?);
    let fault = |error: winback_core::risk::ThresholdError| {
        let at = if high.is_built_in() { medium } else { high };
        at.other(&error.to_string())
    };
    RiskThresholds::new(medium.number()?, high.number()?).map_err(fault)
}

fn decided(layers: &Layers) -> Result<Decided, ConfigError> {
    let (on, by) = (layers.get("risk.decided_on")?, layers.get("risk.decided_by")?);
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let day = filled(on.text("a day such as \"2026-01-31\"")?)
        .map(|text| text.parse().map_err(|_| on.expected("a day such as \"2026-01-31\"")))
        .transpose()?;
    Ok(Decided { on: day, by: filled(by.text("a name")?) })
}

fn address(layers: &Layers) -> Result<IpAddr, ConfigError> {
    const EXPECTED: &str = "an address such as \"127.0.0.1\" or \"::1\"";
    let setting = layers.get("serve.address")?;
    setting.filled_text(EXPECTED)?.parse().map_err(|_| setting.expected(EXPECTED))
}

fn fetch(layers: &Layers) -> Result<BTreeMap<String, FetchSource>, ConfigError> {
    let read = |name: &str| {
        let part = |key: &str| layers.get(&format!("fetch.{name}.{key}"));
        let (url, sha256, file) = (part("url")?, part("sha256")?, part("file")?);
        let digits = sha256.text("64 hexadecimal digits")?.to_ascii_lowercase();
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(sha256.expected("the SHA-256 of the file: 64 hexadecimal digits"));
        }
        let address = url.filled_text("an address")?;
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return Err(url.expected("an address that begins with https:// or http://"));
        }
        let name = file.filled_text("the name of a file")?;
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(file.expected("the name of a file, without a folder"));
        }
        Ok(FetchSource { url: address.to_owned(), sha256: Digest(digits), file: name.to_owned() })
    };
    layers.fetch_names().into_iter().map(|name| read(&name).map(|source| (name, source))).collect()
}
