//! A language model at work for many clients: one thread owns the engine, and everybody else sends it orders.
//!
//! A request takes a place before anything is done for it; where none is free it is refused. Its events go through a
//! channel that holds as many as its text can have, so the engine never waits for anybody, and from there through a
//! short one to the client: one that does not read for a while loses its text, one that goes away cancels it.
mod desk;
mod vectors;

use async_trait::async_trait;
use desk::{Gauges, Order};
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use winback_core::digest::Digest;
use winback_core::text_service::{
    AcceptedText, EmbeddingRequest, Embeddings, RefusedText, ServedModel, Speaker, TextEvent, TextForm, TextInput, TextLoad, TextRequest,
    TextService, TextSettings, Turn,
};
use winback_lm::sample::Sampling;
use winback_lm::{
    Adapter, ChatTemplate, Conversation, Engine, GenerationConfig, Grammar, GrammarError, Grammars, Limits, Message, Model, RefusedRequest,
    Request, Role, Tokens, prompt,
};

/// How many events wait for a client that does not read.
const UNREAD: usize = 16;
/// How many bytes a prompt may have for each token that the model reads. Text has about four; reading one of many more
/// would take long and much memory before its tokens could be counted and be too many.
const BYTES_A_TOKEN: usize = 16;
/// For how long a request waits until its schema can be compiled. A schema of every day takes some milliseconds.
const COMPILER_WAIT: Duration = Duration::from_secs(2);

/// A model, its adapters and what belongs to them.
pub struct House {
    /// The weights.
    pub model: Arc<Model>,
    /// The tokenizer.
    pub tokens: Arc<Tokens>,
    /// The chat template; without one, only completions are written.
    pub template: Option<Arc<ChatTemplate>>,
    /// What the makers of the model recommend.
    pub generation: GenerationConfig,
    /// The name of the base.
    pub name: String,
    /// The adapters, by name.
    pub adapters: Vec<(String, Arc<Adapter>)>,
}

impl House {
    /// Returns the hash of all that decides what is written for a request.
    fn version(&self) -> Digest {
        let template = self.template.as_ref().map_or("", |template| &template.digest().0);
        let recommended = format!("{:?}", self.generation);
        let parts = [&self.model.version().0, &self.tokens.digest().0, template, &recommended];
        Digest::of_parts(parts.map(str::as_bytes))
    }
}

/// How much is done at once and how long clients are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// What the engine does at once.
    pub limits: Limits,
    /// The most requests that wait for their turn.
    pub queue: usize,
    /// The most tokens of a chat that does not say how many.
    pub most_tokens: usize,
    /// For how long a client may leave its text unread.
    pub patience: Duration,
}

/// The model at work.
pub struct Scriptorium {
    models: Vec<ServedModel>,
    adapters: BTreeMap<String, Arc<Adapter>>,
    template: Option<Arc<ChatTemplate>>,
    tokens: Arc<Tokens>,
    generation: GenerationConfig,
    model: Arc<Model>,
    /// Held by the one request whose inputs are read for their meaning; others wait for it.
    reading: Arc<Semaphore>,
    /// Held by the one request whose schema is compiled.
    compiler: Arc<Semaphore>,
    /// Made when the first text must be JSON.
    grammars: Arc<OnceLock<Result<Grammars, GrammarError>>>,
    bounds: Bounds,
    places: Arc<Semaphore>,
    /// As many as there are threads may read a prompt at a time.
    readers: Arc<Semaphore>,
    orders: mpsc::Sender<Order>,
    engine: JoinHandle<()>,
    gauges: Arc<Gauges>,
}

impl Scriptorium {
    /// Starts the thread of the engine; it ends when this is dropped.
    pub fn start(house: House, bounds: Bounds) -> std::io::Result<Self> {
        let base = house.version();
        let version = |adapter: &Adapter| format!("{}+{}", base.short(), adapter.digest().short());
        let mut models = vec![ServedModel { name: house.name, version: base.short().to_owned() }];
        models.extend(house.adapters.iter().map(|(name, adapter)| ServedModel { name: name.clone(), version: version(adapter) }));
        let (orders, incoming) = mpsc::channel();
        let gauges = Arc::new(Gauges::default());
        let engine = Engine::new(house.model.clone(), house.tokens.clone(), bounds.limits);
        let shown = gauges.clone();
        let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || desk::work(engine, &incoming, &shown))?;
        Ok(Self {
            models,
            adapters: house.adapters.into_iter().collect(),
            template: house.template,
            tokens: house.tokens,
            generation: house.generation,
            model: house.model,
            reading: Arc::new(Semaphore::new(1)),
            compiler: Arc::new(Semaphore::new(1)),
            grammars: Arc::default(),
            bounds,
            places: Arc::new(Semaphore::new(bounds.limits.rows + bounds.queue)),
            readers: Arc::new(Semaphore::new(winback_learn::threads())),
            orders,
            engine,
            gauges,
        })
    }

    /// Returns the adapter of a name; `None` for the base.
    fn adapter(&self, name: &str) -> Result<Option<Arc<Adapter>>, RefusedText> {
        match self.adapters.get(name) {
            Some(adapter) => Ok(Some(adapter.clone())),
            None if self.models.first().is_some_and(|base| base.name == name) => Ok(None),
            None => {
                let known = self.models.iter().map(|model| model.name.clone()).collect();
                Err(RefusedText::UnknownModel { name: name.to_owned(), known })
            }
        }
    }

    /// Returns the ids of a prompt, and the place it has. Reading a long one takes a while, so it is done beside the
    /// threads that answer. A client that goes away does not end the reading, so the place is taken until it is done.
    async fn ids(&self, input: TextInput, place: OwnedSemaphorePermit) -> Result<(Vec<u32>, OwnedSemaphorePermit), RefusedText> {
        let (bytes, most) = (bytes(&input), self.model.config().context.saturating_mul(BYTES_A_TOKEN));
        if bytes > most {
            let why =
                format!("the prompt has {bytes} bytes; a model that reads {} tokens takes at most {most}", self.model.config().context);
            return Err(RefusedText::TooLong(why));
        }
        let (tokens, template) = (self.tokens.clone(), self.template.clone());
        let reader = self.readers.clone().acquire_owned().await.map_err(|_| RefusedText::Stopped)?;
        let read = move || {
            let _reader = reader;
            Ok((ids(input, &tokens, template.as_deref())?, place))
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| RefusedText::Stopped)?
    }

    /// Returns what a text must be, `None` for whatever the model writes, and its place. Compiling takes a while, as
    /// reading a prompt, and is done for one request at a time; one whose turn does not come soon is told to come again.
    async fn grammar(
        &self,
        form: TextForm,
        place: OwnedSemaphorePermit,
    ) -> Result<(Option<Arc<Grammar>>, OwnedSemaphorePermit), RefusedText> {
        let schema = match form {
            TextForm::Free => return Ok((None, place)),
            TextForm::JsonObject => Grammars::ANY_OBJECT.to_owned(),
            TextForm::Json(schema) => schema,
        };
        let grammars = self.grammars.get().and_then(|grammars| grammars.as_ref().ok());
        if let Some(known) = grammars.and_then(|grammars| grammars.known(&schema)) {
            return Ok((Some(known), place));
        }
        let turn = tokio::time::timeout(COMPILER_WAIT, self.compiler.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| self.busy())?.map_err(|_| RefusedText::Stopped)?;
        let (grammars, tokens, config) = (self.grammars.clone(), self.tokens.clone(), self.model.config().clone());
        let compile = move || {
            let _turn = turn;
            let grammars = grammars.get_or_init(|| Grammars::new(&tokens, &config)).as_ref().map_err(Clone::clone)?;
            Ok((Some(grammars.json_schema(&schema)?), place))
        };
        let compiled = tokio::task::spawn_blocking(compile).await.map_err(|_| RefusedText::Stopped)?;
        compiled.map_err(|error: GrammarError| RefusedText::Form(error.to_string()))
    }

    /// Returns after how many seconds a place is likely to be free: the mean time of a text, shared by all rows.
    fn busy(&self) -> RefusedText {
        let (texts, milliseconds) = (self.gauges.texts.load(Ordering::Relaxed), self.gauges.milliseconds.load(Ordering::Relaxed));
        let mean_ms = milliseconds / texts.max(1);
        let rows = self.bounds.limits.rows.max(1) as u64;
        RefusedText::Busy { retry_after_s: (mean_ms / rows).div_ceil(1000).clamp(1, 60) }
    }
}

#[async_trait]
impl TextService for Scriptorium {
    fn models(&self) -> &[ServedModel] {
        &self.models
    }

    async fn submit(&self, request: TextRequest) -> Result<AcceptedText, RefusedText> {
        let adapter = self.adapter(&request.model)?;
        let place = self.places.clone().try_acquire_owned().map_err(|_| self.busy())?;
        let (grammar, place) = self.grammar(request.form, place).await?;
        let (prompt, place) = self.ids(request.input, place).await?;
        let prompt_tokens = prompt.len();
        let room = self.model.config().context.saturating_sub(prompt_tokens).max(1);
        let most_tokens = request.settings.most_tokens.unwrap_or(self.bounds.most_tokens.min(room));
        let (sampling, stops) = (sampling(&request.settings, &self.generation), request.settings.stops);
        let request = Request { prompt, prefix: None, adapter, sampling, most_tokens, stops, grammar };
        // Each token gives one event at most, and the end another two.
        let (events, written) = channel(most_tokens.min(self.model.config().context) + 3);
        let (reply, taken) = oneshot::channel();
        self.orders.send(Order { request, events, reply }).map_err(|_| RefusedText::Stopped)?;
        taken.await.map_err(|_| RefusedText::Stopped)?.map_err(|why| refused(&why))?;
        let (send, receive) = channel(UNREAD);
        tokio::spawn(carry(Carried { place, gauges: self.gauges.clone(), patience: self.bounds.patience }, written, send));
        let events = unfold(receive, async |mut receive: Receiver<TextEvent>| receive.recv().await.map(|event| (event, receive)));
        Ok(AcceptedText { prompt_tokens, events: events.boxed() })
    }

    fn works(&self) -> bool {
        !self.engine.is_finished()
    }

    async fn embed(&self, request: EmbeddingRequest) -> Result<Embeddings, RefusedText> {
        let adapter = self.adapter(&request.model)?;
        let place = self.places.clone().try_acquire_owned().map_err(|_| self.busy())?;
        self.vectors(request, adapter, place).await
    }

    fn load(&self) -> TextLoad {
        let (gauges, most) = (&self.gauges, self.bounds.limits.rows + self.bounds.queue);
        TextLoad {
            taken: most.saturating_sub(self.places.available_permits()),
            waiting: gauges.waiting.load(Ordering::Relaxed),
            running: gauges.running.load(Ordering::Relaxed),
            most,
            shared: gauges.shared.load(Ordering::Relaxed),
            shared_tokens: gauges.shared_tokens.load(Ordering::Relaxed),
            shared_bytes: gauges.shared_bytes.load(Ordering::Relaxed),
        }
    }
}

/// What goes with a text to its client.
struct Carried {
    /// Free again when the text has arrived or nobody waits for it.
    place: OwnedSemaphorePermit,
    gauges: Arc<Gauges>,
    patience: Duration,
}

/// Carries events to a client until the last, or until the client is gone or does not read any more.
async fn carry(with: Carried, mut written: Receiver<TextEvent>, client: Sender<TextEvent>) {
    let began = Instant::now();
    loop {
        let event = tokio::select! {
            event = written.recv() => event,
            () = client.closed() => None,
        };
        let Some(event) = event else { break };
        if matches!(event, TextEvent::Done { .. }) {
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            with.gauges.milliseconds.fetch_add(took, Ordering::Relaxed);
            with.gauges.texts.fetch_add(1, Ordering::Relaxed);
        }
        if client.send_timeout(event, with.patience).await.is_err() {
            break;
        }
    }
    drop(with.place);
}

/// Returns how a text is drawn: as its settings say, else as is recommended.
pub fn sampling(settings: &TextSettings, recommended: &GenerationConfig) -> Sampling {
    let base = Sampling::recommended(recommended, settings.seed);
    Sampling {
        temperature: settings.temperature.unwrap_or(base.temperature),
        top_k: settings.top_k.unwrap_or(base.top_k),
        top_p: settings.top_p.unwrap_or(base.top_p),
        min_p: settings.min_p.unwrap_or(base.min_p),
        repetition_penalty: settings.repetition_penalty.unwrap_or(base.repetition_penalty),
        seed: settings.seed,
    }
}

/// Returns how many bytes of text come from the client.
fn bytes(input: &TextInput) -> usize {
    match input {
        TextInput::Text(text) => text.len(),
        TextInput::Chat { turns, .. } => turns.iter().map(|turn| turn.text.len() + turn.reasoning.as_ref().map_or(0, String::len)).sum(),
    }
}

fn ids(input: TextInput, tokens: &Tokens, template: Option<&ChatTemplate>) -> Result<Vec<u32>, RefusedText> {
    match input {
        TextInput::Text(text) => tokens.encode_text(&text).map_err(wrong),
        TextInput::Chat { turns, thinking } => {
            let template = template.ok_or_else(|| RefusedText::Wrong("this model has no chat template; use /v1/completions".into()))?;
            let now = jiff::Zoned::now().datetime();
            prompt(tokens, template, &conversation(turns, thinking), Some(now)).map_err(wrong)
        }
    }
}

/// Returns a refusal that says what is wrong and why.
fn wrong(error: impl std::error::Error + Send + Sync + 'static) -> RefusedText {
    RefusedText::Wrong(format!("{:#}", anyhow::Error::new(error)))
}

fn conversation(turns: Vec<Turn>, thinking: Option<bool>) -> Conversation {
    let message = |turn: Turn| {
        let role = match turn.speaker {
            Speaker::System => Role::System,
            Speaker::User => Role::User,
            Speaker::Assistant => Role::Assistant,
        };
        Message { reasoning: turn.reasoning, ..Message::new(role, turn.text) }
    };
    Conversation { messages: turns.into_iter().map(message).collect(), tools: Vec::new(), add_generation_prompt: true, thinking }
}

fn refused(why: &RefusedRequest) -> RefusedText {
    let text = why.to_string();
    match why {
        RefusedRequest::TooLong { .. } | RefusedRequest::TooLarge { .. } => RefusedText::TooLong(text),
        _ => RefusedText::Wrong(text),
    }
}

#[cfg(test)]
mod tests;
