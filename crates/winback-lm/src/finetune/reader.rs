//! From an example to the tokens that are learned from: the model's own template writes it, as TRL does with prompts and
//! completions (`SFTTrainer`, `completion_mask`), and only what stands behind the prompt is learned.
use super::gradients::Sample;
use crate::chat_template::ChatTemplate;
use crate::conversation::{Conversation, Message, Role};
use crate::prompt::{PromptError, prompt_and_writing};
use crate::tokens::Tokens;
use winback_core::example::Example;

/// Reads examples for one model.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The model's tokenizer.
    pub tokens: &'a Tokens,
    /// The model's chat template.
    pub template: &'a ChatTemplate,
    /// The most tokens the model reads.
    pub context: usize,
    /// The tokens that end the model's texts.
    pub ends: &'a [u32],
}

/// An example that cannot be learned from.
#[derive(Debug, thiserror::Error)]
#[error("line {line} cannot be learned from: {why}")]
pub struct UnreadExample {
    /// The line it stands on, counted from 1.
    pub line: u64,
    /// Why.
    #[source]
    pub why: Unread,
}

/// Why an example cannot be learned from.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The template or the tokenizer.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// It is longer than the model reads.
    #[error("it has {tokens} tokens, {reply} of them its reply, and the model reads {context}; shorten it or take it out")]
    TooLong {
        /// Its tokens.
        tokens: usize,
        /// Those of the reply.
        reply: usize,
        /// The most.
        context: usize,
    },
    /// The template writes nothing of the reply.
    #[error("the chat template writes nothing of its reply, so there is nothing to learn")]
    Masked,
    /// The template does not end the reply.
    #[error("the chat template ends the reply with none of the tokens that end the model's texts, so it would never learn to stop")]
    Endless,
}

impl Reader<'_> {
    /// Returns the tokens of an example, those behind the prompt to be learned. The model does not think: the empty thought
    /// of Qwen3 stands in the prompt. Control tokens that somebody typed are text, also in the reply.
    pub fn sample(&self, example: &Example) -> Result<Sample, UnreadExample> {
        self.read(example).map_err(|why| UnreadExample { line: example.line, why })
    }

    fn read(&self, example: &Example) -> Result<Sample, Unread> {
        let role = example.role.as_ref().map(|role| Message::new(Role::System, role));
        let asked = [Message::new(Role::User, &example.input), Message::new(Role::Assistant, &example.output)];
        let messages = role.into_iter().chain(asked).collect();
        let said = Conversation { messages, tools: Vec::new(), add_generation_prompt: false, thinking: Some(false) };
        let (mut tokens, reply) = prompt_and_writing(self.tokens, self.template, &said, None)?;
        let all = tokens.len() + reply.len();
        if all > self.context {
            return Err(Unread::TooLong { tokens: all, reply: reply.len(), context: self.context });
        }
        let Some(end) = reply.iter().position(|id| self.ends.contains(id)) else {
            return Err(if reply.is_empty() { Unread::Masked } else { Unread::Endless });
        };
        // A template that leaves the reply out writes its end all the same.
        if end == 0 {
            return Err(Unread::Masked);
        }
        let learned = (0..all).map(|at| at >= tokens.len()).collect();
        tokens.extend(reply);
        Ok(Sample { tokens, learned })
    }
}
