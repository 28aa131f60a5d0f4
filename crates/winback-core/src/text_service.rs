//! The port to a language model that writes for programs: what is asked of it, and what comes of that piece by piece.
//!
//! [`TextService`] is what a server needs of a model; the binary gives it one that runs here. Dropping the events of a
//! text is how a client says that it is no longer wanted.
use async_trait::async_trait;
use futures_util::stream::BoxStream;

/// A model as clients name it: the base, or the base with one adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedModel {
    /// The name in requests.
    pub name: String,
    /// What its texts come of: weights, precision, tokenizer, template, recommended settings. Another one may write
    /// another text from the same seed.
    pub version: String,
}

/// Who says a turn of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Who sets the task.
    System,
    /// Who asks.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who says it.
    pub speaker: Speaker,
    /// What is said; text only, whatever stands in it.
    pub text: String,
    /// What the model thought before it said so, where that is kept apart.
    pub reasoning: Option<String>,
}

/// What a text follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextInput {
    /// A conversation that the model answers.
    Chat {
        /// Its turns, in order.
        turns: Vec<Turn>,
        /// Whether the model may think first; `None` leaves it to the model's template.
        thinking: Option<bool>,
    },
    /// A text that the model goes on with.
    Text(String),
}

/// How a text is written. What is `None` is as the makers of the model recommend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextSettings {
    /// By what logits are divided; 0 always takes the likeliest token.
    pub temperature: Option<f32>,
    /// How much probability the tokens that may be drawn hold together.
    pub top_p: Option<f32>,
    /// How many of the likeliest tokens may be drawn; 0 for all.
    pub top_k: Option<usize>,
    /// The least probability of a token, as a share of the likeliest one's.
    pub min_p: Option<f32>,
    /// By what tokens that occurred are made less likely; 1 for not at all.
    pub repetition_penalty: Option<f32>,
    /// What decides the draws: the same one gives the same text.
    pub seed: u64,
    /// The most tokens; `None` for as many as the service writes unasked.
    pub most_tokens: Option<usize>,
    /// Texts that end it; they are not part of it.
    pub stops: Vec<String>,
}

/// What a text must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TextForm {
    /// Whatever the model writes.
    #[default]
    Free,
    /// A JSON object.
    JsonObject,
    /// JSON of a schema, given as the text of a JSON Schema; properties are written in its order.
    Json(String),
}

/// A text that is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct TextRequest {
    /// The name of the model.
    pub model: String,
    /// What it follows.
    pub input: TextInput,
    /// How it is written.
    pub settings: TextSettings,
    /// What it must be.
    pub form: TextForm,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEnded {
    /// The model ended it, or a stop text came.
    Stop,
    /// It reached the most tokens.
    Length,
}

/// Something that happened to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextEvent {
    /// More of it, to be put behind what came before.
    Text(String),
    /// It is complete.
    Done {
        /// Why it ended.
        why: TextEnded,
        /// How many tokens were written.
        tokens: usize,
        /// How many tokens of the prompt were not read for it, because another request with the same beginning had been.
        cached: usize,
    },
    /// It cannot be completed.
    Failed {
        /// Why, where the request is to blame; `None` where the model failed.
        why: Option<String>,
    },
}

/// A text under way. Dropping the events cancels it.
pub struct AcceptedText {
    /// How many tokens the prompt has.
    pub prompt_tokens: usize,
    /// What happens to it. The last event is `Done` or `Failed`; a client too slow to take them gets neither.
    pub events: BoxStream<'static, TextEvent>,
}

/// Something whose meaning is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddingInput {
    /// A text; only text, whatever stands in it.
    Text(String),
    /// Tokens of the model, taken as they are.
    Tokens(Vec<u32>),
}

/// Inputs whose meaning is asked for, as vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingRequest {
    /// The name of the model.
    pub model: String,
    /// The inputs, at least one.
    pub inputs: Vec<EmbeddingInput>,
    /// How many numbers a vector has, the first ones; `None` for all.
    pub dimensions: Option<usize>,
}

/// What inputs mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// How many tokens they have together.
    pub tokens: usize,
    /// A vector of length 1 for each, in their order.
    pub vectors: Vec<Vec<f32>>,
}

/// Why a text is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedText {
    /// No model has the name.
    #[error("no model is named {name:?}; this server has {}", known.join(", "))]
    UnknownModel {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The text would be longer than the model reads.
    #[error("{0}")]
    TooLong(String),
    /// The model cannot take the request.
    #[error("{0}")]
    Wrong(String),
    /// The text cannot be kept to the form that it must have.
    #[error("{0}")]
    Form(String),
    /// As many texts as fit are being written or wait.
    #[error("as many requests as fit are being written or wait; try again in {retry_after_s} s")]
    Busy {
        /// After how many seconds it is worth trying again.
        retry_after_s: u64,
    },
    /// The model failed.
    #[error("{0}")]
    Failed(String),
    /// The service has stopped.
    #[error("the model has stopped; the server must be started again")]
    Stopped,
}

/// How much a service has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextLoad {
    /// Requests for which something is being done, or which wait for that: their schema is compiled, their prompt is read,
    /// their text is written or carried to the client, their inputs are embedded.
    pub taken: usize,
    /// Texts that wait for their turn.
    pub waiting: usize,
    /// Texts that are being written.
    pub running: usize,
    /// The most texts that are written or wait.
    pub most: usize,
    /// Texts that went on from a beginning that another one had read, so far.
    pub shared: u64,
    /// The tokens that were not read for them.
    pub shared_tokens: u64,
    /// The bytes of the beginnings that are kept.
    pub shared_bytes: usize,
}

/// A language model that writes for programs.
#[async_trait]
pub trait TextService: Send + Sync {
    /// Returns the models, the base first.
    fn models(&self) -> &[ServedModel];

    /// Takes a text to write, or says why not. What is written depends on the request alone, not on what else is.
    async fn submit(&self, request: TextRequest) -> Result<AcceptedText, RefusedText>;

    /// Returns whether it still writes; a service that has stopped never does again.
    fn works(&self) -> bool;
    /// Returns what inputs mean, or says why not. A vector depends on its input alone. Dropping the future stops the work
    /// soon.
    async fn embed(&self, request: EmbeddingRequest) -> Result<Embeddings, RefusedText>;

    /// Returns how much there is to do.
    fn load(&self) -> TextLoad;
}
