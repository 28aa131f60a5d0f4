//! Everything that changes a run's result, kept with the run, so that an old run
//! can be shown as it was after the files have changed.
use crate::behaviour;
use crate::config::settings::{ModelFamily, Settings};
use crate::config::{offers_file, schema_file, segments_file};
use crate::exit::{Exit, OrExit};
use anyhow::Context as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use winback_core::digest::Digest;
use winback_core::goal::Goal;
use winback_core::id::RunId;
use winback_core::locale::Localized;
use winback_core::message::{Approved, Company};
use winback_core::model::Balance;
use winback_core::offer::Catalogue;
use winback_core::risk::{Measure, RiskThresholds, ValueBounds, ValueBy};
use winback_core::schema::TableSchema;
use winback_core::segment::assign::Segmenter;

/// The settings of a run as they are stored with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// The version of the program.
    pub program: String,
    /// The text of schema.toml.
    pub schema: String,
    /// The text of offers.toml.
    pub offers: String,
    /// The text of segments.toml; empty for runs of before there were rules, which have none.
    #[serde(default)]
    pub segments: String,
    /// The hash of the message templates.
    pub templates: Digest,
    /// The risk thresholds.
    pub thresholds: RiskThresholds,
    /// Who decided on the thresholds, and the day, as (name, YYYY-MM-DD); left out where winback.toml says neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<(String, String)>,
    /// What the value is measured by; left out where it is the monthly charge.
    #[serde(default, skip_serializing_if = "ValueBy::is_monthly")]
    value_by: ValueBy,
    /// The lower bounds of the mid and the high value tier, in minor units, where the value is an amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_bounds_minor: Option<[i64; 2]>,
    /// The same where it is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_bounds: Option<[f64; 2]>,
    /// Who writes.
    pub company: StoredCompany,
    /// How models are fitted.
    pub training: StoredTraining,
    /// Where logins, complaints and usage come from.
    pub behaviour: BehaviourSource,
    /// Whether customers who have left are planned for.
    pub contact_departed: bool,
    /// What every message wants to happen; left out where it is chosen for each customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// Whether the portfolio is a generated sample.
    pub sample: bool,
}

/// How models are fitted, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTraining {
    /// The family; left out where it is the default.
    #[serde(default, skip_serializing_if = "ModelFamily::is_default")]
    model: ModelFamily,
    seed: u64,
    l2: f64,
    /// What is done about a rarer kind of customer; left out where it is nothing.
    #[serde(default, skip_serializing_if = "Balance::is_none")]
    balance: Balance,
}

impl StoredTraining {
    /// Returns the seed of every draw.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// Where logins, complaints and usage come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BehaviourSource {
    /// They are not known.
    None,
    /// They are computed from a file of dated events.
    Events {
        /// The file's hash.
        digest: Digest,
        /// The day up to which events count.
        as_of: Date,
    },
    /// They are invented for demonstration, without looking at who left.
    Synthetic,
}

/// A file of the settings.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// The name for error messages.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The files that settings are gathered from.
#[derive(Clone, Debug)]
pub struct Texts {
    /// schema.toml.
    pub schema: TextFile,
    /// offers.toml.
    pub offers: TextFile,
    /// segments.toml.
    pub segments: TextFile,
    /// The hash of the message templates.
    pub templates: Digest,
}

/// Who writes, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredCompany {
    name: Localized,
    short_name: Localized,
    address: Localized,
    phone: String,
    team: Localized,
    unsubscribe_url: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approved: Vec<Approved>,
}

/// The settings of a run, read.
#[derive(Clone)]
pub struct Rules {
    /// The table.
    pub table: Arc<TableSchema>,
    /// The offers and rules.
    pub catalogue: Arc<Catalogue>,
    /// Who writes.
    pub company: Arc<Company>,
    /// The value bounds.
    pub bounds: ValueBounds,
    /// The segments.
    pub segmenter: Arc<Segmenter>,
}

impl RunSettings {
    /// Gathers the settings in force.
    pub fn gather(settings: &Settings, texts: Texts) -> anyhow::Result<Self> {
        let table = schema_file::parse(&texts.schema.name, &texts.schema.text)
            .or_hint(Exit::BadConfig, "correct the file, or see docs/adding.md")?;
        let bounds = settings.value.bounds(&table).or_hint(Exit::BadConfig, "docs/adding.md shows each way to measure value")?;
        offers_file::parse(&texts.offers.text, &texts.offers.name).or_hint(Exit::BadConfig, "winback offers lint checks the whole file")?;
        read_segments(&texts.segments, &table, bounds)?;
        let (company, sides) = (&settings.company, [bounds.mid(), bounds.high()]);
        Ok(Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema: texts.schema.text,
            offers: texts.offers.text,
            segments: texts.segments.text,
            templates: texts.templates,
            thresholds: settings.thresholds,
            decided: settings.decided.told(),
            value_by: bounds.by(),
            value_bounds_minor: if let [Measure::Minor(mid), Measure::Minor(high)] = sides { Some([mid, high]) } else { None },
            value_bounds: if let [Measure::Number(mid), Measure::Number(high)] = sides { Some([mid, high]) } else { None },
            company: StoredCompany {
                name: company.name.clone(),
                short_name: company.short_name.clone(),
                address: company.address.clone(),
                phone: company.phone.clone(),
                team: company.team.clone(),
                unsubscribe_url: company.unsubscribe_url.clone(),
                approved: company.approved.clone(),
            },
            training: StoredTraining {
                model: settings.training.model,
                seed: settings.training.seed,
                l2: settings.training.l2,
                balance: settings.training.balance,
            },
            behaviour: if settings.training.synthetic_behaviour { BehaviourSource::Synthetic } else { BehaviourSource::None },
            contact_departed: settings.contact_departed,
            goal: settings.goal,
            sample: false,
        })
    }

    /// Returns which of the files that people write settings into say something else, by their names; whether the run
    /// is a sample, where behaviour came from and which program it was does not count.
    fn other_files(&self, other: &Self) -> Vec<&'static str> {
        // What stands in neither of the two files and is no template stands in winback.toml.
        let rest = |of: &Self| Self {
            program: String::new(),
            schema: String::new(),
            offers: String::new(),
            segments: String::new(),
            templates: Digest::of(b""),
            sample: false,
            behaviour: BehaviourSource::None,
            ..of.clone()
        };
        let files = [
            ("winback.toml", rest(self) == rest(other)),
            ("schema.toml", self.schema == other.schema),
            ("offers.toml", self.offers == other.offers),
            ("segments.toml", self.segments == other.segments),
        ];
        files.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }

    /// Returns a note of each thing that `present` says otherwise, and what comes of it for a run of these settings.
    pub fn changes(&self, present: &Self, run: RunId) -> Vec<String> {
        let mut notes = Vec::new();
        let files = self.other_files(present);
        if !files.is_empty() {
            let say = if files.len() == 1 { "says" } else { "say" };
            notes.push(format!(
                "note: {} {say} something else than when run {run} was begun; it goes on with its own settings, and winback run makes a \
                 new run with the present ones",
                files.join(" and ")
            ));
        }
        if self.templates != present.templates {
            notes.push(format!(
                "note: the message templates are others than when run {run} was begun; what is written now has the present wordings, and \
                 winback write --again writes everything anew"
            ));
        }
        notes
    }

    /// Returns the hash of the settings.
    pub fn digest(&self) -> anyhow::Result<Digest> {
        Ok(Digest::of(&serde_json::to_vec(self)?))
    }

    fn bounds(&self) -> anyhow::Result<ValueBounds> {
        let amounts = self.value_bounds_minor.map(|sides| sides.map(Measure::Minor));
        let sides = amounts.or_else(|| self.value_bounds.map(|sides| sides.map(Measure::Number)));
        let [mid, high] = sides.context("the settings kept with the run have no value bounds").or_exit(Exit::BadConfig)?;
        ValueBounds::new(self.value_by, mid, high).or_exit(Exit::BadConfig)
    }

    /// Reads the texts back into the table, the catalogue and the rest.
    pub fn rules(&self) -> anyhow::Result<Rules> {
        let mut table = schema_file::parse("schema.toml", &self.schema).or_exit(Exit::BadConfig)?;
        behaviour::extend(&mut table, &self.behaviour);
        let catalogue = offers_file::parse(&self.offers, "offers.toml").or_exit(Exit::BadConfig)?.catalogue;
        let bounds = self.bounds()?;
        let segments = TextFile { name: "segments.toml".into(), text: self.segments.clone() };
        let segmenter = read_segments(&segments, &table, bounds)?;
        let company = self.company.clone();
        let company = Company {
            name: company.name,
            short_name: company.short_name,
            address: company.address,
            phone: company.phone,
            team: company.team,
            unsubscribe_url: company.unsubscribe_url,
            approved: company.approved,
        };
        Ok(Rules {
            table: Arc::new(table),
            catalogue: Arc::new(catalogue),
            company: Arc::new(company),
            bounds,
            segmenter: Arc::new(segmenter),
        })
    }
}

/// Returns the segments of a text for a table, or the first thing that is wrong with them.
pub fn read_segments(file: &TextFile, table: &TableSchema, bounds: ValueBounds) -> anyhow::Result<Segmenter> {
    const HINT: &str = "winback segments lint checks the whole file; docs/adding.md shows a segment";
    let rules = segments_file::parse(&file.name, &file.text).or_hint(Exit::BadConfig, HINT)?;
    Segmenter::new(&rules, table, bounds).or_hint(Exit::BadConfig, HINT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SCHEMA_TELCO;

    fn gathered(winback: &str) -> RunSettings {
        let file = |name: &str, text: &str| TextFile { name: name.into(), text: text.into() };
        let texts = Texts {
            schema: file("schema.toml", SCHEMA_TELCO),
            offers: file("offers.toml", offers_file::DEFAULT),
            segments: file("segments.toml", segments_file::DEFAULT),
            templates: Digest::of(b""),
        };
        RunSettings::gather(&Settings::load(Some(("winback.toml", winback)), |_| None).unwrap(), texts).unwrap()
    }

    #[test]
    fn a_run_keeps_what_value_is_measured_by() {
        let usual = gathered("");
        let stored = serde_json::to_string(&usual).unwrap();
        assert!(
            stored.contains("\"value_bounds_minor\":[4000,8000]") && !stored.contains("value_by") && !stored.contains("value_bounds\"")
        );
        let revenue = gathered("[value]\nby = \"revenue\"\nmid = 40.0\nhigh = 80.0\n");
        assert_ne!(revenue.digest().unwrap(), usual.digest().unwrap(), "the same bounds of another measure make another run");
        assert_eq!(usual.other_files(&revenue), ["winback.toml"]);
        for settings in [usual, revenue] {
            let read: RunSettings = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
            assert_eq!((read.bounds().unwrap(), read.value_by), (settings.rules().unwrap().bounds, settings.value_by));
        }
        let usage = RunSettings { value_by: ValueBy::Usage, value_bounds_minor: None, value_bounds: Some([0.1, 2.5]), ..gathered("") };
        let read: RunSettings = serde_json::from_str(&serde_json::to_string(&usage).unwrap()).unwrap();
        assert_eq!(read.bounds().unwrap(), ValueBounds::new(ValueBy::Usage, Measure::Number(0.1), Measure::Number(2.5)).unwrap());
        assert!(RunSettings { value_bounds: None, ..usage }.bounds().is_err());
    }
}
