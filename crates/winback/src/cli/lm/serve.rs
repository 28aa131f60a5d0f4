//! `winback lm serve`
use crate::cli::Place;
use crate::cli::adapters::OrShelf as _;
use crate::cli::lm::model::{Computing, Loaded};
use crate::cli::serve::{interrupted, listen, random_seed};
use crate::exit::{Exit, OrExit, stop};
use crate::memory;
use crate::report;
use crate::scriptorium::{Bounds, House, Scriptorium};
use crate::telemetry::say;
use crate::workbench::{now, read_text};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use winback_core::digest::Digest;
use winback_lm::shelf::Shelf;
use winback_lm::{Adapter, Limits};
use winback_web::{OpenAiState, serve_openai};

/// Where the key may stand that clients send.
const KEY: &str = "WINBACK_LM_KEY";
/// What the caches of all texts may take where nobody says it.
const MOST_CACHE_BYTES: u64 = 4096 << 20;
/// For how long a client may leave its text unread.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serve a model and its adapters to programs, behind the interface of OpenAI
///
/// Clients send the key of --key-file, or that of the environment variable WINBACK_LM_KEY.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The name of the model in requests [default: the directory's]
    #[arg(long)]
    name: Option<String>,
    /// An adapter and its name in requests, or a folder of segments, whose versions in use have the segments' names; may be
    /// given several times
    #[arg(long, value_name = "NAME=DIR|FOLDER", value_parser = named)]
    adapter: Vec<(Option<String>, PathBuf)>,
    #[command(flatten)]
    computing: Computing,
    /// The address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    address: IpAddr,
    /// The first port to try; the next free one is taken when it is busy
    #[arg(long, default_value_t = 7980)]
    port: u16,
    /// The file that holds the key clients must send
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How many texts are written at once
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// How many more requests may wait for their turn; others are told to come again
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    queue: u16,
    /// Memory for what is said in all texts, in MiB [default: 4096, or half of what is left]; up to half
    /// of it keeps beginnings they share
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    cache: Option<u64>,
    /// The most tokens of a chat that does not say how many
    #[arg(long, value_name = "COUNT", default_value_t = 1024)]
    max_tokens: usize,
}

/// Returns the two halves of `NAME=DIR`, or a folder without a name.
fn named(text: &str) -> Result<(Option<String>, PathBuf), &'static str> {
    match text.split_once('=') {
        Some((name, dir)) if !name.is_empty() && !dir.is_empty() => Ok((Some(name.to_owned()), PathBuf::from(dir))),
        None if !text.is_empty() => Ok((None, PathBuf::from(text))),
        _ => Err("expected NAME=DIR, such as parents=adapters/parents, or a folder of segments, such as adapters"),
    }
}

/// Returns each adapter's name and directory; of a folder of segments, those that have a version in use.
fn adapters(given: &[(Option<String>, PathBuf)]) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for (name, dir) in given {
        if let Some(name) = name {
            found.push((name.clone(), dir.clone()));
            continue;
        }
        let shelf = Shelf::new(dir);
        let before = found.len();
        for segment in shelf.segments().or_shelf()? {
            if shelf.current(&segment).or_shelf()?.is_some() {
                found.push((segment.to_string(), shelf.in_use(&segment).or_shelf()?));
            }
        }
        if found.len() == before {
            let hint = "winback adapters promote SEGMENT VERSION puts a version to use; a single adapter is given as NAME=DIR";
            return Err(stop(Exit::Usage, format!("{} holds no segment with a version in use", dir.display()), hint));
        }
    }
    Ok(found)
}

/// Serves until interrupted.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    let key = key(args.key_file.as_deref())?;
    if key.is_none() && !args.address.is_loopback() {
        let hint = format!("write a key into a file and give it with --key-file, or in {KEY}; or serve on 127.0.0.1");
        return Err(stop(Exit::BadConfig, format!("the model would be open to everyone who reaches {}", args.address), hint));
    }
    let (house, mapped_bytes) = house(args, at.quiet)?;
    let names: Vec<&str> = std::iter::once(&house.name).chain(house.adapters.iter().map(|(name, _)| name)).map(String::as_str).collect();
    let names = names.join(", ");
    let cache_bytes = cache_bytes(args.cache, mapped_bytes)?;
    let limits = Limits { rows: args.batch.into(), cache_bytes, shared_bytes: cache_bytes / 2, ..Limits::default() };
    let bounds = Bounds { limits, queue: args.queue.into(), most_tokens: args.max_tokens.max(1), patience: PATIENCE };
    let service = Scriptorium::start(house, bounds).or_exit(Exit::Failure)?;
    let listener = listen(args.address, args.port).await?;
    let address = listener.local_addr()?;
    if args.port != 0 && address.port() != args.port {
        say(&format!("note: port {} is busy; the server takes port {}", args.port, address.port()));
    }
    if !at.quiet {
        say(&format!("models: {names}"));
    }
    report::line(&format!("Language model: http://{address}/v1  (stop with Ctrl-C)"))?;
    let state = OpenAiState { service: Arc::new(service), key_sha256: key, clock: Arc::new(now), random: Arc::new(random) };
    serve_openai(listener, state, interrupted()).await.or_exit(Exit::Failure)
}

/// Returns how many bytes the caches of all texts may take, once the model is loaded, of which some bytes are mapped: every
/// step reads these, so they are not there for anything else.
fn cache_bytes(asked_mib: Option<u64>, mapped_bytes: u64) -> anyhow::Result<usize> {
    let bytes = match asked_mib {
        Some(mib) => {
            memory::check_beside(mapped_bytes, "--cache", mib << 20, "give a smaller --cache, or close other programs")?;
            mib << 20
        }
        None => memory::available_beside(mapped_bytes).map_or(MOST_CACHE_BYTES, |left| MOST_CACHE_BYTES.min(left / 2)),
    };
    usize::try_from(bytes).or_exit(Exit::Usage)
}

/// Returns a number that differs from call to call and server to server.
fn random() -> u64 {
    let hash = Digest::of(format!("{} {}", jiff::Timestamp::now().as_nanosecond(), random_seed()).as_bytes());
    hash.0.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

/// Returns the hash of the key, from the file or the environment. The key itself is forgotten.
fn key(file: Option<&Path>) -> anyhow::Result<Option<Digest>> {
    let (text, place) = match file {
        Some(path) => (Some(read_text(path)?), path.display().to_string()),
        None => (std::env::var(KEY).ok(), KEY.to_owned()),
    };
    let Some(text) = text else { return Ok(None) };
    let key = text.trim();
    if key.is_empty() || key.contains(char::is_whitespace) {
        let hint = "the key is one word, such as what `openssl rand -hex 32` prints";
        return Err(stop(Exit::BadConfig, format!("{place} holds no key"), hint));
    }
    Ok(Some(Digest::of(key.as_bytes())))
}

/// Returns the model and what belongs to it, and how many of its bytes are mapped.
fn house(args: &Args, quiet: bool) -> anyhow::Result<(House, u64)> {
    let of_dir = args.dir.canonicalize().ok().and_then(|dir| dir.file_name().map(|name| name.to_string_lossy().into_owned()));
    let name = args.name.clone().or(of_dir).unwrap_or_else(|| "model".to_owned());
    let given = adapters(&args.adapter)?;
    let mut names = BTreeSet::from([name.as_str()]);
    if let Some((twice, _)) = given.iter().find(|(name, _)| !names.insert(name)) {
        return Err(stop(Exit::Usage, format!("two models would be named {twice:?}"), "give each adapter a name of its own"));
    }
    let loaded = Loaded::load(&args.dir, &args.computing, quiet)?;
    let adapter = |(name, dir): &(String, PathBuf)| loaded.adapter(dir).map(|adapter| (name.clone(), adapter));
    let adapters: Vec<(String, Arc<Adapter>)> = given.iter().map(adapter).collect::<anyhow::Result<_>>()?;
    let template = match loaded.template() {
        Ok(template) => Some(Arc::new(template)),
        Err(error) => {
            say(&format!("note: only /v1/completions is served: {error}"));
            None
        }
    };
    let house = House { model: loaded.model, tokens: loaded.tokens, template, generation: loaded.generation, name, adapters };
    Ok((house, loaded.mapped_bytes))
}
