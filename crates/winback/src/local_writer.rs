//! The language model of this machine as the writer of mails: what `[writer]` of winback.toml names, loaded and at work.
use crate::cli::adapters::{OrShelf as _, mismatch, other_words};
use crate::cli::lm::model::{Computing, Loaded, read_config};
use crate::config::settings::writer::{WriterKind, WriterSettings};
use crate::exit::{Exit, OrExit, stop};
use crate::memory;
use crate::mini::shipped;
use crate::scriptorium::{Bounds, House, Scriptorium, sampling};
use crate::telemetry::say;
use crate::wordings;
use crate::workbench::{adapters_dir, load_settings};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use winback_core::author::{Author, AuthorError, Habits};
use winback_core::pipeline::write::WriteError;
use winback_core::segment::SegmentId;
use winback_core::text_service::TextSettings;
use winback_lm::shelf::{Manifest, SHARED, Shelf, Version};
use winback_lm::{ChatTemplate, Limits, Model, Tokens};

/// The most tokens of a mail; no mail has nearly as many.
const MOST_TOKENS: usize = 768;
/// What the caches of all mails may take where nobody says it.
const MOST_CACHE_BYTES: u64 = 4096 << 20;
/// For how long a mail may be left unread, while others are reviewed.
const PATIENCE: Duration = Duration::from_secs(120);
/// By what logits are divided when a mail is asked for again of a model that else takes the likeliest token.
const WARMER: f32 = 0.7;

/// A model at work.
pub struct LocalWriter {
    /// It, as the one who writes mails.
    pub author: Author,
    /// Who writes for whom.
    pub staff: Staff,
}

/// Who writes for whom, and how long loading took.
#[derive(Clone, Debug, Serialize)]
pub struct Staff {
    /// The name of the base, which writes for every other segment.
    pub base: String,
    /// The segments with an adapter of their own, and the version in use.
    pub adapters: Vec<(SegmentId, String)>,
    /// How long loading took, in seconds.
    pub load_seconds: f64,
}

impl Staff {
    /// Returns whether a writer of that name is the base or an adapter on it.
    pub fn wrote(&self, name: &str) -> bool {
        name == self.base || self.adapters.iter().any(|(_, adapter)| adapter == name)
    }
}

/// Returns the writer that the command line asks for, or else `[writer]`; `None` for the built-in one.
pub fn hired(home: &Path, settings: &WriterSettings, asked: Option<WriterKind>, quiet: bool) -> anyhow::Result<Option<LocalWriter>> {
    match asked.unwrap_or(settings.kind) {
        WriterKind::BuiltIn => Ok(None),
        WriterKind::Local => LocalWriter::load(home, settings, quiet).map(Some),
    }
}

/// Refuses `[writer]` where it names a model that is not there, before anything else is done.
pub fn check(home: &Path, settings: &WriterSettings) -> anyhow::Result<()> {
    if settings.kind == WriterKind::Local {
        read_config(&model_dir(home, settings)?.0)?;
    }
    Ok(())
}

/// Looks at everything that `[writer]` names without loading it: the model, and whether each adapter in use is whole and made
/// for it. Returns what there is, as a sentence.
pub fn examined(home: &Path, settings: &WriterSettings) -> anyhow::Result<String> {
    let (dir, base) = model_dir(home, settings)?;
    let (config, _) = read_config(&dir)?;
    let tokens = Tokens::load(&dir.join("tokenizer.json"), config.vocab_size, &config.eos).or_exit(Exit::BadInput)?;
    let template = ChatTemplate::load(&dir).or_exit(Exit::BadInput)?;
    let weights = Model::digest_in(&dir, &config).or_exit(Exit::BadInput)?;
    let shelf = Shelf::new(adapters_dir(home, settings));
    let mut names = Vec::new();
    for (segment, version) in in_use(&shelf)? {
        let place = shelf.in_use(&segment).or_shelf()?;
        let manifest = Manifest::load(&place).or_shelf()?;
        manifest.verify(&place).or_shelf()?;
        let other_base = (manifest.base_sha256 != weights).then_some("it was made for another base");
        if let Some(why) = other_base.or_else(|| mismatch(&manifest, [tokens.digest(), template.digest()])) {
            anyhow::bail!("{}: {why}", place.display());
        }
        names.push(format!("{segment} {version}"));
    }
    let adapters = if names.is_empty() { "no adapter in use".to_owned() } else { format!("adapters in use: {}", names.join(", ")) };
    Ok(format!("{base} ({}) in {}; {adapters}", settings.precision.name(), dir.display()))
}

impl LocalWriter {
    /// Loads the model and every adapter in use, and starts the engine; it ends with the value.
    fn load(home: &Path, settings: &WriterSettings, quiet: bool) -> anyhow::Result<Self> {
        let start = Instant::now();
        let (dir, base) = model_dir(home, settings)?;
        let computing = Computing { precision: settings.precision.into(), level: settings.level, threads: None, no_packed_cache: false };
        let loaded = Loaded::load(&dir, &computing, quiet)?;
        let template = Arc::new(loaded.template()?);
        let shelf = Shelf::new(adapters_dir(home, settings));
        let templates = wordings::load(home, &load_settings(home)?.company)?;
        let mut adapters = Vec::new();
        let mut segments = Vec::new();
        for (segment, version) in in_use(&shelf)? {
            let place = shelf.in_use(&segment).or_shelf()?;
            let manifest = Manifest::load(&place).or_shelf()?;
            if let Some(why) = mismatch(&manifest, [loaded.tokens.digest(), template.digest()]) {
                let hint = "winback adapters rollback takes it out of use; winback adapters train teaches one for this model";
                return Err(stop(Exit::BadInput, format!("{}: {why}", place.display()), hint));
            }
            if let Some(why) = other_words(&manifest, &templates) {
                say(&format!("note: {version} of {segment}: {why}; its evaluation tells nothing of these"));
            }
            let name = format!("{base}/{segment}/{version}");
            adapters.push((name.clone(), loaded.adapter(&place)?));
            segments.push((segment, name));
        }
        let warmer = (sampling(&TextSettings::default(), &loaded.generation).temperature == 0.0).then_some(WARMER);
        let bounds = bounds(settings, loaded.mapped_bytes)?;
        let (model, tokens, generation) = (loaded.model, loaded.tokens, loaded.generation);
        let house = House { model, tokens, template: Some(template), generation, name: base.clone(), adapters };
        let service = Scriptorium::start(house, bounds).or_exit(Exit::Failure)?;
        let habits = Habits {
            at_once: 2 * settings.rows,
            when_it_fails: settings.when_it_fails,
            warmer,
            pause: |seconds| Box::pin(tokio::time::sleep(Duration::from_secs(seconds))),
        };
        let staff = Staff { base: base.clone(), adapters: segments.clone(), load_seconds: start.elapsed().as_secs_f64() };
        let author = Author::new(Arc::new(service), &base, segments, habits).or_exit(Exit::Failure)?;
        Ok(Self { author, staff })
    }
}

/// Returns the model's directory and its name. Where none is named it is the small model, which is unpacked where it is not
/// there yet.
pub fn model_dir(home: &Path, settings: &WriterSettings) -> anyhow::Result<(PathBuf, String)> {
    let dir = match &settings.model {
        Some(model) => home.join(model),
        None => {
            let dir = home.join(load_settings(home)?.model_dir).join(shipped::NAME);
            let hint = "make room, or name a model directory in model of [writer] in winback.toml";
            shipped::unpack(&dir).or_hint(Exit::Storage, hint)?;
            dir
        }
    };
    let name = dir.canonicalize().ok().and_then(|dir| dir.file_name().map(|name| name.to_string_lossy().into_owned()));
    Ok((dir, name.unwrap_or_else(|| "model".to_owned())))
}

/// Returns the segments that have a version in use.
pub fn in_use(shelf: &Shelf) -> anyhow::Result<Vec<(SegmentId, Version)>> {
    let mut found = Vec::new();
    for segment in shelf.segments().or_shelf()?.into_iter().filter(|segment| segment.as_str() != SHARED) {
        if let Some(version) = shelf.current(&segment).or_shelf()? {
            found.push((segment, version));
        }
    }
    Ok(found)
}

/// Returns how much is done at once, once the model is loaded, of which some bytes are mapped. Twice as many mails as are
/// written are asked for, so that none waits for the review of another, and one row's more may wait than that.
fn bounds(settings: &WriterSettings, mapped_bytes: u64) -> anyhow::Result<Bounds> {
    let bytes = match settings.memory_mib {
        Some(mib) => {
            let what = "memory of [writer] in winback.toml";
            memory::check_beside(mapped_bytes, what, mib << 20, "write a smaller number, or 0; or close other programs")?;
            mib << 20
        }
        None => memory::available_beside(mapped_bytes).map_or(MOST_CACHE_BYTES, |left| MOST_CACHE_BYTES.min(left / 2)),
    };
    let cache_bytes = usize::try_from(bytes).or_exit(Exit::BadConfig)?;
    let limits = Limits { rows: settings.rows, cache_bytes, shared_bytes: cache_bytes / 2, ..Limits::default() };
    Ok(Bounds { limits, queue: 2 * settings.rows, most_tokens: MOST_TOKENS, patience: PATIENCE })
}

/// Leaves with the code of what stopped the writing.
pub trait OrWriter<T> {
    /// Turns the error into an exit.
    fn or_writer(self) -> anyhow::Result<T>;
}

impl<T> OrWriter<T> for Result<T, AuthorError> {
    fn or_writer(self) -> anyhow::Result<T> {
        let hint = "what is stored stays; with when_it_fails = \"built-in\" under [writer] the built-in writer steps in and says so";
        self.or_hint(Exit::Failure, hint)
    }
}

impl<T> OrWriter<T> for Result<T, WriteError> {
    fn or_writer(self) -> anyhow::Result<T> {
        use crate::workbench::OrStorage as _;
        match self {
            Ok(done) => Ok(done),
            Err(WriteError::Store(error)) => Err(error).or_storage(),
            Err(WriteError::Author(error)) => Err(error).or_writer(),
        }
    }
}
