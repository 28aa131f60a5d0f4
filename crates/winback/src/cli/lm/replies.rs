//! How likely a model finds replies that people wrote: the part of `winback lm eval` that needs a model.
use crate::cli::lm::model::{Computing, Loaded};
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::workbench::read_text;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use winback_lm::text_metrics::Perplexity;
use winback_lm::{Adapter, ChatTemplate, Conversation, Message, Role, prompt_and_reply};

/// What a line of the file looks like.
const LINE: &str = "a line is {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, {\"role\": \"assistant\", \"content\": \"…\"}]} \
    or {\"prompt\": \"…\", \"completion\": \"…\"}";

/// A model and the replies it is asked about.
#[derive(Debug, clap::Args)]
pub struct Judging {
    /// The model directory; it tells how likely it finds the replies of --conversations
    #[arg(long, value_name = "DIR", requires = "conversations")]
    pub model: Option<PathBuf>,
    /// Conversations that end with a reply, one a line: {"messages": […]} or {"prompt": …, "completion": …}
    #[arg(long, value_name = "FILE", requires = "model")]
    conversations: Option<PathBuf>,
    /// An adapter directory for the model
    #[arg(long, value_name = "DIR", requires = "model")]
    adapter: Option<PathBuf>,
    /// The replies come at once, without thinking first
    #[arg(long, requires = "model")]
    no_think: bool,
    #[command(flatten)]
    computing: Computing,
}

/// How likely a model finds replies.
#[derive(Serialize)]
pub struct Judged {
    replies: usize,
    /// The tokens of all replies, and the sum of −ln p over them.
    #[serde(flatten)]
    all: Perplexity,
    perplexity: f64,
    each: Vec<Reply>,
}

/// How likely a model finds one reply.
#[derive(Serialize)]
struct Reply {
    prompt_tokens: usize,
    #[serde(flatten)]
    own: Perplexity,
}

/// A line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Line {
    Chat { messages: Vec<Said> },
    Text { prompt: String, completion: String },
}

/// A message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    role: String,
    content: String,
}

/// Asks a model how likely it finds the replies.
pub fn judge(dir: &Path, args: &Judging, quiet: bool) -> anyhow::Result<Judged> {
    let path = args.conversations.clone().unwrap_or_default();
    let text = read_text(&path)?;
    let loaded = Loaded::load(dir, &args.computing, quiet)?;
    let adapter = args.adapter.as_deref().map(|dir| loaded.adapter(dir)).transpose()?;
    let mut judge = Judge { loaded, adapter: adapter.as_deref(), template: None, thinking: args.no_think.then_some(false) };
    let (mut all, mut each) = (Perplexity::default(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {} of {}", at + 1, path.display());
        let (prompt, reply) = judge.ids(line, &place)?;
        let context = judge.loaded.model.config().context;
        let (length, hint) = (prompt.len() + reply.len(), "take it out, or cut it");
        if length > context || prompt.is_empty() || reply.is_empty() {
            let what = match length > context {
                true => format!("{place} has {length} tokens, and the model reads {context}"),
                false => format!("{place} has an empty prompt or an empty reply"),
            };
            return Err(stop(Exit::BadInput, what, hint));
        }
        let found = judge.loaded.model.log_probabilities(&prompt, &reply, judge.adapter).or_hint(Exit::BadInput, place)?;
        let mut own = Perplexity::default();
        own.add(&found);
        all.add(&found);
        each.push(Reply { prompt_tokens: prompt.len(), own });
    }
    let none = || stop(Exit::BadInput, format!("{} holds no reply", path.display()), LINE);
    Ok(Judged { replies: each.len(), all, perplexity: all.value().ok_or_else(none)?, each })
}

/// A model at work on replies.
struct Judge<'a> {
    loaded: Loaded,
    adapter: Option<&'a Adapter>,
    /// Read when the first conversation comes.
    template: Option<ChatTemplate>,
    thinking: Option<bool>,
}

impl Judge<'_> {
    /// Returns the ids of a line's prompt and of its reply.
    fn ids(&mut self, line: &str, place: &str) -> anyhow::Result<(Vec<u32>, Vec<u32>)> {
        let tokens = self.loaded.tokens.clone();
        let read: Line = serde_json::from_str(line).map_err(|_| stop(Exit::BadInput, format!("{place} is no conversation"), LINE))?;
        let messages = match read {
            Line::Text { prompt, completion } => return Ok((tokens.encode_text(&prompt)?, tokens.encode_text(&completion)?)),
            Line::Chat { messages } => messages,
        };
        let message = |said: Said| match Role::named(&said.role) {
            Some(role) => Ok(Message::new(role, said.content)),
            None => {
                Err(stop(Exit::BadInput, format!("{place} has the role {:?}", said.role), "roles are system, user, assistant and tool"))
            }
        };
        let messages = messages.into_iter().map(message).collect::<anyhow::Result<_>>()?;
        let said = Conversation { messages, tools: Vec::new(), add_generation_prompt: false, thinking: self.thinking };
        let template = match self.template.take() {
            Some(template) => template,
            None => self.loaded.template()?,
        };
        let ends = &self.loaded.model.config().eos;
        let ids = prompt_and_reply(&tokens, &template, &said, None, ends).or_hint(Exit::BadInput, place)?;
        self.template = Some(template);
        Ok(ids)
    }
}

/// Returns what a person reads.
pub fn told(judged: &Judged) -> String {
    let (replies, tokens) = (report::count(judged.replies as u64), report::count(judged.all.tokens));
    format!(
        "{replies} replies of {tokens} tokens: perplexity {:.4}\n\nThe lower, the better the model foresees them; each token counts the same. \
         Only models with the same tokenizer compare.",
        judged.perplexity
    )
}
