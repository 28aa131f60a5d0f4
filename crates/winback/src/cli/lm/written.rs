//! How a text is written, and writing it to the screen as it comes.
use crate::cli::lm::model::{Computing, Loaded};
use crate::exit::{Exit, OrExit};
use crate::memory;
use crate::scriptorium::sampling;
use crate::telemetry::say;
use serde::Serialize;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use winback_core::text_service::TextSettings;
use winback_lm::sample::Sampling;
use winback_lm::{Adapter, Ended, Engine, Event, GenerationConfig, Grammar, Limits, Request};

/// What a person does where a text cannot be written on.
const FAILED: &str = "with a schema, take a simpler one; else try --precision f32, or get the model again";
/// The most tokens of a text where nobody says how many.
const MOST_TOKENS: usize = 512;

/// The model that writes, and how.
#[derive(Debug, clap::Args)]
pub struct Writing {
    /// The model directory
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// An adapter directory for it
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,
    #[command(flatten)]
    pub computing: Computing,
    #[command(flatten)]
    pub drawing: Drawing,
    /// The most tokens to write [default: what the makers of the model recommend, else 512]
    #[arg(long, value_name = "COUNT")]
    pub max_tokens: Option<usize>,
    /// A text that ends it; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub stop: Vec<String>,
    /// A JSON Schema that the text is kept to
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
}

/// How tokens are drawn; what is not given is as the model's makers recommend.
#[derive(Debug, clap::Args)]
pub struct Drawing {
    /// The seed: the same one gives the same text
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// By what logits are divided; 0 always takes the likeliest token
    #[arg(long, value_name = "NUMBER")]
    pub temperature: Option<f32>,
    /// How many of the likeliest tokens may be drawn; 0 for all
    #[arg(long, value_name = "COUNT")]
    pub top_k: Option<usize>,
    /// How much probability the tokens that may be drawn hold together
    #[arg(long, value_name = "SHARE")]
    pub top_p: Option<f32>,
    /// The least probability of a token, as a share of the likeliest one's
    #[arg(long, value_name = "SHARE")]
    pub min_p: Option<f32>,
    /// By what tokens that occurred are made less likely; 1 for not at all
    #[arg(long, value_name = "NUMBER")]
    pub repetition_penalty: Option<f32>,
}

impl Drawing {
    /// Returns the settings over what is recommended.
    fn over(&self, recommended: &GenerationConfig) -> Sampling {
        let Self { seed, temperature, top_k, top_p, min_p, repetition_penalty } = *self;
        sampling(&TextSettings { temperature, top_p, top_k, min_p, repetition_penalty, seed, ..TextSettings::default() }, recommended)
    }
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Why it ended: `stop` where the model or a stop text ended it, `length` at the most tokens.
    pub ended: &'static str,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens written.
    pub tokens: usize,
}

/// A loaded model, ready to write one text after the other.
pub struct Pen {
    /// The model.
    pub loaded: Loaded,
    adapter: Option<Arc<Adapter>>,
    engine: Engine,
    sampling: Sampling,
    most_tokens: usize,
    stops: Vec<String>,
    grammar: Option<Arc<Grammar>>,
}

impl Pen {
    /// Loads what the arguments name.
    pub fn load(args: &Writing, quiet: bool) -> anyhow::Result<Self> {
        let loaded = Loaded::load(&args.dir, &args.computing, quiet)?;
        let adapter = args.adapter.as_deref().map(|dir| loaded.adapter(dir)).transpose()?;
        let sampling = args.drawing.over(&loaded.generation);
        sampling.check().or_exit(Exit::Usage)?;
        let grammar = args.schema.as_deref().map(|file| loaded.grammar(file)).transpose()?;
        let most = Limits::default().cache_bytes;
        let cache_bytes = memory::available_beside(loaded.mapped_bytes).map_or(most, |left| most.min(left as usize));
        let limits = Limits { cache_bytes, ..Limits::default() };
        let engine = Engine::new(loaded.model.clone(), loaded.tokens.clone(), limits);
        let most_tokens = args.max_tokens.or(loaded.generation.max_new_tokens).unwrap_or(MOST_TOKENS);
        Ok(Self { loaded, adapter, engine, sampling, most_tokens, stops: args.stop.clone(), grammar })
    }

    /// Writes on from a prompt; `show` gets each piece as it comes.
    pub fn write(&mut self, prompt: Vec<u32>, mut show: impl FnMut(&str) -> io::Result<()>) -> anyhow::Result<Written> {
        let prompt_tokens = prompt.len();
        let context = self.loaded.model.config().context;
        let most_tokens = self.most_tokens.min(context.saturating_sub(prompt_tokens).max(1));
        let (adapter, sampling, stops) = (self.adapter.clone(), self.sampling.clone(), self.stops.clone());
        let request = Request { prompt, prefix: None, adapter, sampling, most_tokens, stops, grammar: self.grammar.clone() };
        let id = self.engine.submit(request).or_exit(Exit::Usage)?;
        let mut whole = String::new();
        loop {
            for event in self.engine.step()? {
                match event {
                    Event::Text { text, .. } => {
                        whole.push_str(&text);
                        if let Err(error) = show(&text) {
                            self.engine.cancel(id);
                            return Err(error.into());
                        }
                    }
                    Event::Failed { why, .. } => return Err(why).or_hint(Exit::BadInput, FAILED),
                    Event::Done { why, tokens, .. } => {
                        let ended = if why == Ended::Length { "length" } else { "stop" };
                        return Ok(Written { text: whole, ended, prompt_tokens, tokens });
                    }
                }
            }
        }
    }

    /// Writes to standard output as the text comes, and on standard error why it is cut short, if it is. `false` where
    /// nobody reads any more.
    pub fn show(&mut self, prompt: Vec<u32>, quiet: bool) -> anyhow::Result<Option<Written>> {
        let mut out = io::stdout();
        let written = self.write(prompt, |piece| out.write_all(piece.as_bytes()).and_then(|()| out.flush()));
        let gone = |error: &anyhow::Error| error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        let written = match written {
            Err(error) if gone(&error) => return Ok(None),
            written => written?,
        };
        crate::report::line("")?;
        if written.ended == "length" && !quiet {
            say(&format!("note: cut short after {} tokens; --max-tokens says how many", written.tokens));
        }
        Ok(Some(written))
    }
}

/// Returns the prompt: the argument, or what standard input holds.
pub fn prompt_text(argument: Option<&str>) -> anyhow::Result<String> {
    match argument {
        Some(text) => Ok(text.to_owned()),
        None => {
            let text = io::read_to_string(io::stdin()).or_hint(Exit::BadInput, "the prompt on standard input must be UTF-8 text")?;
            Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
        }
    }
}
