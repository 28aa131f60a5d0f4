//! What is said to the model and by it, before it becomes text.
use crate::json::Json;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who sets the task.
    System,
    /// Who asks.
    User,
    /// The model.
    Assistant,
    /// A tool the model called.
    Tool,
}

impl Role {
    /// Returns the name used in templates and requests: `user`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// Returns the role of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant, Self::Tool].into_iter().find(|role| role.name() == name)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// What the model thought before, where that is kept apart.
    pub reasoning: Option<String>,
    /// The tools the model calls, each as in requests of OpenAI: `{"type": "function", "function": {…}}`.
    pub tool_calls: Vec<Json>,
}

impl Message {
    /// Returns a message of plain text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), reasoning: None, tool_calls: Vec::new() }
    }
}

/// A conversation, and what the template is to make of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// The messages, in order.
    pub messages: Vec<Message>,
    /// The tools the model may call, each as in requests of OpenAI.
    pub tools: Vec<Json>,
    /// Whether the text ends where the model is to go on.
    pub add_generation_prompt: bool,
    /// Whether the model may think first; `None` leaves it to the template.
    pub thinking: Option<bool>,
}
