//! Everything a command works with: the folder, the settings, the store.
use crate::cli::Place;
use crate::config::settings::Settings;
use crate::config::settings::writer::WriterSettings;
use crate::config::{SCHEMA_TELCO, offers_file, segments_file};
use crate::exit::{Exit, OrExit, stop};
use crate::newest::newest;
use crate::progress_bar::Bar;
use crate::run_settings::{BehaviourSource, Rules, RunSettings, TextFile, Texts};
use crate::stages::unread_code;
use crate::telemetry::say;
use crate::wordings;
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winback_connectors::file::Fingerprint;
use winback_core::brief::{Segments, Sources};
use winback_core::message::Company;
use winback_core::offer::Catalogue;
use winback_core::pipeline::segment::day_of;
use winback_core::pipeline::write::Scribe;
use winback_core::portfolio::Context;
use winback_core::run::{Run, Stage};
use winback_core::schema::TableSchema;
use winback_core::segment::assign::Segmenter;
use winback_core::store::{RunStore, StoreError};
use winback_core::template::Templates;
use winback_store::{LockError, RunLock, SqliteStore};

/// The longest file of words or settings that is read, in bytes.
const MOST_TEXT_BYTES: u64 = 16 << 20;

/// The folder, its settings and its store.
pub struct Workbench {
    /// The folder that holds everything.
    pub home: PathBuf,
    /// The settings in force.
    pub settings: Settings,
    /// What changes a run's result, as it is kept with a run.
    pub run_settings: RunSettings,
    /// The same, read.
    pub rules: Rules,
    /// The message templates.
    pub templates: Arc<Templates>,
    /// The store.
    pub store: Arc<SqliteStore>,
    /// How progress is shown.
    pub bar: Bar,
    /// The file of dated events, if one was named.
    pub events: Option<PathBuf>,
}

/// Files that the command line names in place of those of the folder.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Another schema.toml.
    pub schema: Option<PathBuf>,
    /// A file of dated logins, complaints and usage.
    pub events: Option<PathBuf>,
    /// The day up to which events count; today when it is not named.
    pub as_of: Option<Date>,
}

/// Reads winback.toml and the environment.
pub fn load_settings(home: &Path) -> anyhow::Result<Settings> {
    let path = home.join("winback.toml");
    let text = if path.exists() { Some(read_text(&path)?) } else { None };
    let file = text.as_deref().map(|text| ("winback.toml", text));
    Settings::load(file, |name| std::env::var(name).ok())
        .or_hint(Exit::BadConfig, "winback explain config shows where each value comes from")
}

/// Returns where adapters lie: the folder that `[writer]` of winback.toml names, which is where the writer looks for them.
pub fn adapters_dir(home: &Path, settings: &WriterSettings) -> PathBuf {
    home.join(&settings.adapters)
}

impl Workbench {
    /// Reads the settings of a folder and opens its store.
    pub async fn open(home: &Path, quiet: bool, overrides: &Overrides) -> anyhow::Result<Self> {
        let settings = load_settings(home)?;
        let templates = wordings::load(home, &settings.company)?;
        let texts = Texts {
            schema: text_of(home, "schema.toml", overrides.schema.as_deref(), SCHEMA_TELCO)?,
            offers: text_of(home, "offers.toml", None, offers_file::DEFAULT)?,
            segments: text_of(home, "segments.toml", None, segments_file::DEFAULT)?,
            templates: templates.digest().clone(),
        };
        let mut run_settings = RunSettings::gather(&settings, texts)?;
        if let Some(events) = &overrides.events {
            let digest = Fingerprint::of(events).or_hint(unread_code(events), "check the path of the events file")?.sha256;
            run_settings.behaviour = BehaviourSource::Events { digest, as_of: overrides.as_of.unwrap_or_else(today) };
        }
        let rules = run_settings.rules()?;
        let store = open_store(&home.join(&settings.database)).await?;
        let (bar, events) = (Bar::new(quiet), overrides.events.clone());
        Ok(Self {
            home: home.to_owned(),
            settings,
            run_settings,
            rules,
            templates: Arc::new(templates),
            store: Arc::new(store),
            bar,
            events,
        })
    }

    /// Marks everything done with this workbench as a generated sample.
    pub fn sample(mut self) -> Self {
        self.run_settings.sample = true;
        self
    }

    /// Takes the right to change the store, or says who has it.
    pub fn lock(&self) -> anyhow::Result<RunLock> {
        let database = self.home.join(&self.settings.database);
        RunLock::acquire(&database, now()).map_err(|error| match error {
            LockError::Busy { .. } => stop(Exit::Busy, error, "wait until it is done; a killed run lets go of the lock by itself"),
            LockError::Io { .. } => stop(Exit::Storage, error, "check that the folder can be written"),
        })
    }

    /// Opens a folder alone, at the newest run that has a stage behind it, to go on with it.
    pub async fn at_work(at: &Place, stage: Stage) -> anyhow::Result<(Self, RunLock, Run)> {
        let bench = Self::open(&at.home, at.quiet, &Overrides::default()).await?;
        let lock = bench.lock()?;
        let (bench, run) = bench.with_newest(stage).await?;
        Ok((bench, lock, run))
    }

    /// Opens a folder at the newest run that has a stage behind it.
    pub async fn at_newest(at: &Place, stage: Stage) -> anyhow::Result<(Self, Run)> {
        Self::open(&at.home, at.quiet, &Overrides::default()).await?.with_newest(stage).await
    }

    /// Takes the newest run that has a stage behind it, and the settings that the run was begun with: a run is one pass
    /// with one set of settings, so files that changed since are for the next run, and a note says so.
    async fn with_newest(self, stage: Stage) -> anyhow::Result<(Self, Run)> {
        let mut bench = self;
        let run = bench.newest(stage).await?;
        let own: RunSettings = serde_json::from_str(&run.origin.settings)
            .map_err(|error| anyhow::Error::new(error).context(format!("the settings of run {} cannot be read", run.id)))
            .or_hint(Exit::Storage, "winback run --data FILE makes a new run")?;
        own.changes(&bench.run_settings, run.id).iter().for_each(|change| say(change));
        bench.rules = own.rules()?;
        bench.run_settings = own;
        Ok((bench, run))
    }

    /// Returns the newest run that has a stage behind it, with a note of a newer one that has not.
    pub async fn newest(&self, stage: Stage) -> anyhow::Result<Run> {
        let newest = newest(self, stage).await?;
        newest.note().iter().for_each(|note| say(note));
        Ok(newest.run)
    }

    /// Forgets a stage of a run and all later ones, so that they are done again.
    pub async fn reopen(&self, run: &mut Run, stage: Stage) -> anyhow::Result<()> {
        self.store.reopen(run.id, stage).await.or_storage()?;
        run.stages.retain(|done| done.stage < stage);
        Ok(())
    }

    /// Returns what messages are written with, the mails by the built-in writer.
    pub fn scribe<'a>(&'a self, of: &Desktop<'a>) -> Scribe<'a> {
        let segments = Some(Segments { segmenter: of.segmenter, day: day_of(of.run) });
        let (schema, catalogue, company) = (of.schema, of.catalogue, of.company);
        let sources = Sources { schema, catalogue, company, goal: self.run_settings.goal, day: today(), segments };
        Scribe { sources, templates: &self.templates, locales: &self.settings.languages, seed: self.settings.training.seed, author: None }
    }

    /// Returns a path of the settings inside the folder.
    pub fn path(&self, inside: &Path) -> PathBuf {
        self.home.join(inside)
    }
}

/// What a run's messages are written from.
#[derive(Clone, Copy)]
pub struct Desktop<'a> {
    /// The run.
    pub run: &'a Run,
    /// The table.
    pub schema: &'a TableSchema,
    /// The offers.
    pub catalogue: &'a Catalogue,
    /// Who writes.
    pub company: &'a Company,
    /// The segments.
    pub segmenter: &'a Segmenter,
}

impl<'a> Desktop<'a> {
    /// Returns what stands in a run's context.
    pub fn of(context: &'a Context) -> Self {
        let Context { run, table, catalogue, company, segmenter, .. } = context;
        Self { run, schema: table, catalogue, company, segmenter }
    }

    /// Returns what stands in rules.
    pub fn by(run: &'a Run, rules: &'a Rules) -> Self {
        Self { run, schema: &rules.table, catalogue: &rules.catalogue, company: &rules.company, segmenter: &rules.segmenter }
    }
}

/// Leaves with the code for a failed store.
pub trait OrStorage<T> {
    /// Turns a store's error into an exit.
    fn or_storage(self) -> anyhow::Result<T>;
}

impl<T> OrStorage<T> for Result<T, StoreError> {
    fn or_storage(self) -> anyhow::Result<T> {
        self.or_hint(Exit::Storage, "winback doctor checks the folder and the disk")
    }
}

/// Returns the present moment to the second; the only clock of the program.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now)
}

/// Returns the present day where the machine stands.
pub fn today() -> jiff::civil::Date {
    Zoned::now().date()
}

async fn open_store(database: &Path) -> anyhow::Result<SqliteStore> {
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder).or_hint(Exit::Storage, format!("Winback keeps its data in {}", folder.display()))?;
    }
    SqliteStore::open(database).await.or_storage()
}

/// Returns the text of a file the user named, of the folder's own, or the built-in one.
pub fn text_of(home: &Path, name: &str, named: Option<&Path>, built_in: &str) -> anyhow::Result<TextFile> {
    let own = home.join(name);
    let path = match named {
        Some(path) => path.to_owned(),
        None if own.exists() => own,
        None => return Ok(TextFile { name: format!("the built-in {name}"), text: built_in.to_owned() }),
    };
    Ok(TextFile { name: path.display().to_string(), text: read_text(&path)? })
}

/// Returns the text of a configuration file.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = bytes_of(path).map_err(|error| anyhow::Error::new(error).context(format!("cannot read {}", path.display())));
    let missing = if path.exists() { Exit::BadConfig } else { Exit::Usage };
    let bytes = bytes.or_hint(missing, "check the path; winback init writes the commented files")?;
    String::from_utf8(bytes)
        .map_err(|error| anyhow::anyhow!("{} is not UTF-8 text (byte {})", path.display(), error.utf8_error().valid_up_to() + 1))
        .or_hint(Exit::BadConfig, "save it as UTF-8")
}

/// Returns the bytes of a file that people write; a pipe or a device may give nothing, or never end.
fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Error;
    let found = std::fs::metadata(path)?;
    if !found.is_file() && !found.is_dir() {
        return Err(Error::other("it is a pipe or a device, not a file"));
    }
    if found.len() > MOST_TEXT_BYTES {
        return Err(Error::other(format!("it has {} bytes, and at most {MOST_TEXT_BYTES} are read", found.len())));
    }
    std::fs::read(path)
}
