//! The chat template a model came with: a Jinja template, rendered as `apply_chat_template` of transformers does it.
//!
//! That means: blocks are trimmed, `{% break %}` and `{% continue %}` exist, values have Python's methods and print as
//! in Python, `tojson` is `json.dumps` without escaping, and there are `raise_exception` and `strftime_now`. Maps keep
//! their order, but for those that a template itself writes (`{'b': 1, 'a': 2}`): these print in that of the alphabet.
//! A template may come from anybody, so the steps it may take are counted, and so is what it makes
//! (`template_bounds`): it ends with an error before it exhausts the memory or the stack.
use crate::conversation::{Conversation, Message};
use crate::file::{FileError, MOST_SMALL_BYTES, parse_json, read_text};
use crate::json::Json;
use crate::python;
use crate::template_bounds::{Budget, TooLarge, environment};
use crate::template_code::{CodeError, compile};
use jiff::civil::DateTime;
use minijinja::{AutoEscape, ErrorKind, Value, context, machinery};
use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use winback_core::digest::Digest;

const NAME: &str = "chat";
/// The longest form of a date, in bytes.
const MOST_FORMAT_BYTES: usize = 1024;
/// The steps any template may take, those it may take for each message, call or tool, and the most of all; Qwen3's
/// takes about 150 for each.
const STEPS: (u64, u64, u64) = (50_000, 2_000, 20_000_000);

/// Why a template was refused, or gave no text.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The model came without one.
    #[error("{} holds no chat template: neither chat_template.jinja nor chat_template in tokenizer_config.json", path.display())]
    None {
        /// The directory.
        path: PathBuf,
    },
    /// The template is not Jinja, or not of the kind that is understood here.
    #[error("the chat template of {} is wrong in line {line}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        source: minijinja::Error,
    },
    /// The template does what templates may not do here.
    #[error("the chat template of {} {what}, in line {line}, which Winback does not run", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What it does.
        what: String,
    },
    /// The template makes more than any conversation of this length needs.
    #[error(
        "the chat template makes more text than a conversation of this length can need, or lists too deep in one another, and was stopped"
    )]
    TooLarge,
    /// The template refuses the conversation.
    #[error("the chat template refuses this conversation: {0}")]
    Raised(String),
    /// The template needs the time and none was given.
    #[error("the chat template writes the date, and none was given")]
    NoTime,
    /// The template takes more steps than any that ends.
    #[error("the chat template takes too many steps and was stopped")]
    Endless,
    /// The template failed on the conversation.
    #[error("the chat template fails on this conversation")]
    Failed(#[source] minijinja::Error),
}

/// What a template says by `raise_exception`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Raised(String);

/// What `strftime_now` says where no time was given.
#[derive(Debug, thiserror::Error)]
#[error("no time was given")]
struct NoTime;

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    source: String,
    /// The tokens a template may name: `bos_token` and others.
    tokens: Vec<(&'static str, String)>,
    /// The hash of its text.
    digest: Digest,
}

impl ChatTemplate {
    /// Reads the template of a model directory: `chat_template.jinja`, or `chat_template` of `tokenizer_config.json`.
    pub fn load(dir: &Path) -> Result<Self, TemplateError> {
        let (file, config) = (dir.join("chat_template.jinja"), dir.join("tokenizer_config.json"));
        let json = if config.exists() { parse_json(&read_text(&config, MOST_SMALL_BYTES)?, &config)? } else { Json::Null };
        let (source, path) = match (file.exists(), json.get("chat_template")) {
            (true, _) => (read_text(&file, MOST_SMALL_BYTES)?, file),
            (false, Some(template)) => match named_default(template) {
                Some(source) => (source.to_owned(), config),
                None => return Err(TemplateError::None { path: dir.to_owned() }),
            },
            (false, None) => return Err(TemplateError::None { path: dir.to_owned() }),
        };
        let mut template = Self::parse(source, &path)?;
        let tokens = ["bos_token", "eos_token", "pad_token", "unk_token"].into_iter();
        template.tokens = tokens.filter_map(|name| token_text(json.get(name)?).map(|text| (name, text.to_owned()))).collect();
        Ok(template)
    }

    /// Compiles the text of a template; `path` is only named in errors.
    pub fn parse(source: String, path: &Path) -> Result<Self, TemplateError> {
        compile(NAME, &source).map_err(|error| match error {
            CodeError::Syntax(source) => TemplateError::Syntax { path: path.to_owned(), line: source.line().unwrap_or(1), source },
            CodeError::Unsupported { line, what } => TemplateError::Unsupported { path: path.to_owned(), line, what },
        })?;
        let digest = Digest::of(source.as_bytes());
        Ok(Self { source, tokens: Vec::new(), digest })
    }

    /// Returns the hash of its text.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns a conversation as the text the model reads. `now` is what `strftime_now` writes.
    pub fn render(&self, conversation: &Conversation, now: Option<DateTime>) -> Result<String, TemplateError> {
        let messages: Vec<Value> = conversation.messages.iter().map(|message| python::value(&record(message))).collect();
        let tools: Vec<Value> = conversation.tools.iter().map(python::value).collect();
        let budget = Arc::new(Budget::for_values(messages.iter().chain(&tools)).map_err(failure)?);
        let mut environment = environment(&budget);
        let calls: usize = conversation.messages.iter().map(|message| message.tool_calls.len()).sum();
        let parts = (messages.len() + tools.len() + calls) as u64;
        environment.set_fuel(Some(STEPS.1.saturating_mul(parts).saturating_add(STEPS.0).min(STEPS.2)));
        for (name, text) in &self.tokens {
            environment.add_global(*name, text.as_str());
        }
        environment.add_function("raise_exception", |message: String| -> Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, "raise_exception").with_source(Raised(message)))
        });
        environment.add_function("strftime_now", move |format: String| strftime(now, &format));
        if let Some(thinking) = conversation.thinking {
            environment.add_global("enable_thinking", thinking);
        }
        let context = context! {
            messages => messages,
            tools => if tools.is_empty() { Value::from(()) } else { Value::from(tools) },
            documents => Value::from(()),
            add_generation_prompt => conversation.add_generation_prompt,
        };
        self.write(&environment, context)
    }

    /// Runs the template. It was compiled before, so that this finds nothing wrong with it.
    fn write(&self, environment: &minijinja::Environment, context: Value) -> Result<String, TemplateError> {
        let code = compile(NAME, &self.source).map_err(|error| match error {
            CodeError::Syntax(source) => TemplateError::Failed(source),
            CodeError::Unsupported { what, .. } => TemplateError::Failed(minijinja::Error::new(ErrorKind::InvalidOperation, what)),
        })?;
        let (blocks, mut text) = (BTreeMap::new(), String::new());
        let mut out = machinery::make_string_output(&mut text);
        machinery::eval(environment, &code, context, &blocks, &mut out, AutoEscape::None).map_err(failure)?;
        drop(out);
        Ok(text)
    }
}

/// Returns the template of a `chat_template` field: its text, or of several the one named `default`.
fn named_default(template: &Json) -> Option<&str> {
    match template {
        Json::Text(source) => Some(source),
        Json::List(several) => {
            let default = several.iter().find(|one| matches!(one.get("name"), Some(Json::Text(name)) if name == "default"))?;
            named_default(default.get("template")?)
        }
        _ => None,
    }
}

/// Returns the text of a token, which files write as text or as a record with `content`.
fn token_text(token: &Json) -> Option<&str> {
    match token {
        Json::Text(text) => Some(text),
        other => match other.get("content")? {
            Json::Text(text) => Some(text),
            _ => None,
        },
    }
}

fn record(message: &Message) -> Json {
    let text = |text: &str| Json::Text(text.to_owned());
    let mut fields = vec![("role".to_owned(), text(message.role.name())), ("content".to_owned(), text(&message.content))];
    if let Some(reasoning) = &message.reasoning {
        fields.push(("reasoning_content".to_owned(), text(reasoning)));
    }
    if !message.tool_calls.is_empty() {
        fields.push(("tool_calls".to_owned(), Json::List(message.tool_calls.clone())));
    }
    Json::Map(fields)
}

fn strftime(now: Option<DateTime>, format: &str) -> Result<String, minijinja::Error> {
    let failed = |text: &'static str| minijinja::Error::new(ErrorKind::InvalidOperation, text);
    let now = now.ok_or_else(|| failed("strftime_now").with_source(NoTime))?;
    if format.len() > MOST_FORMAT_BYTES {
        return Err(failed("strftime_now").with_source(TooLarge));
    }
    jiff::fmt::strtime::format(format, now).map_err(|error| failed("strftime_now").with_source(error))
}

/// Returns what stopped a template, with the words it gave itself where there are any.
fn failure(error: minijinja::Error) -> TemplateError {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(Raised(message)) = source.downcast_ref() {
            return TemplateError::Raised(message.clone());
        }
        if source.is::<NoTime>() {
            return TemplateError::NoTime;
        }
        if source.is::<TooLarge>() {
            return TemplateError::TooLarge;
        }
        cause = source.source();
    }
    if error.kind() == ErrorKind::OutOfFuel { TemplateError::Endless } else { TemplateError::Failed(error) }
}
