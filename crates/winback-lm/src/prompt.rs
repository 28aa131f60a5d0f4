//! A conversation as token ids, in which only the template speaks in control tokens.
//!
//! In what comes from outside, every text of an added token loses its first letter to a letter that occurs nowhere
//! else; then the template writes, the control tokens are found, and the letters are put back. So `<|im_start|>` in a
//! customer's profile is read by the model as the seven or so tokens of that text.
//!
//! What the model itself said is an exception for tokens that are not special: `<think>` and `<tool_call>` in an
//! assistant's message mean what they meant when it wrote them, and templates look for them.
use crate::chat_template::{ChatTemplate, TemplateError};
use crate::conversation::{Conversation, Role};
use crate::json::Json;
use crate::tokens::{Tokens, TokensError};
use jiff::civil::DateTime;
use std::collections::BTreeSet;

/// Why a conversation gave no ids.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The template refused it or failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The tokenizer failed.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// No letter is left that occurs nowhere in the conversation.
    #[error("the conversation uses every letter of Unicode's private areas; take some of them out")]
    NoLetterLeft,
    /// The conversation does not end with what the model said.
    #[error("the last message must be the assistant's")]
    NoReply,
    /// The template writes the prompt in two ways.
    #[error("the chat template writes what stands before the reply in another way once the reply is there")]
    AnotherPrompt,
}

/// Returns the ids of a conversation. `now` is what a template writes as the date.
pub fn prompt(
    tokens: &Tokens,
    template: &ChatTemplate,
    conversation: &Conversation,
    now: Option<DateTime>,
) -> Result<Vec<u32>, PromptError> {
    let (marks, marked) = Marks::new(tokens, conversation, Words::Meant).ok_or(PromptError::NoLetterLeft)?;
    let text = template.render(&marked, now)?;
    Ok(tokens.encode_marked(&text, |part| marks.unmark(part))?)
}

/// Returns the ids of a conversation up to its last message, and those of that message as the model is to write it: all
/// that the template puts behind the prompt, up to the first of the ids that end a text and with it.
pub fn prompt_and_reply(
    tokens: &Tokens,
    template: &ChatTemplate,
    conversation: &Conversation,
    now: Option<DateTime>,
    ends: &[u32],
) -> Result<(Vec<u32>, Vec<u32>), PromptError> {
    let marked = Marks::new(tokens, conversation, Words::Meant).ok_or(PromptError::NoLetterLeft)?;
    let (before, mut reply) = parted(template, marked, now)?;
    let end = reply.iter().position(|id| ends.contains(id));
    reply.truncate(end.map_or(reply.len(), |end| end + 1));
    Ok((before, reply))
}

/// Returns the ids of a conversation up to its last message, and all that the template puts behind them, for a message
/// that a person wrote: whatever it holds is text, also what would be a control token in the model's own words.
pub(crate) fn prompt_and_writing(
    tokens: &Tokens,
    template: &ChatTemplate,
    conversation: &Conversation,
    now: Option<DateTime>,
) -> Result<(Vec<u32>, Vec<u32>), PromptError> {
    parted(template, Marks::new(tokens, conversation, Words::Text).ok_or(PromptError::NoLetterLeft)?, now)
}

/// Returns the ids of a marked conversation up to its last message, and those of what the template puts behind them.
fn parted(
    template: &ChatTemplate,
    (marks, mut said): (Marks<'_>, Conversation),
    now: Option<DateTime>,
) -> Result<(Vec<u32>, Vec<u32>), PromptError> {
    said.add_generation_prompt = false;
    let whole = template.render(&said, now)?;
    said.messages.pop().filter(|last| last.role == Role::Assistant).ok_or(PromptError::NoReply)?;
    said.add_generation_prompt = true;
    let before = template.render(&said, now)?;
    let reply = whole.strip_prefix(&before).ok_or(PromptError::AnotherPrompt)?;
    let ids = |text: &str| marks.tokens.encode_marked(text, |part| marks.unmark(part));
    Ok((ids(&before)?, ids(reply)?))
}

/// What control tokens are in an assistant's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// What the model meant where it wrote one that is not special.
    Meant,
    /// Text, as everywhere else.
    Text,
}

/// The first letters of added tokens, each with the letter that stands for it.
struct Marks<'a> {
    letters: Vec<(char, char)>,
    tokens: &'a Tokens,
}

impl<'a> Marks<'a> {
    /// Returns marks for a conversation, and the conversation in which no text from outside holds an added token.
    fn new(tokens: &'a Tokens, conversation: &Conversation, words: Words) -> Option<(Self, Conversation)> {
        let firsts: BTreeSet<char> = tokens.added().iter().filter_map(|token| token.text.chars().next()).collect();
        let mut used: BTreeSet<char> = tokens.added().iter().flat_map(|token| token.text.chars()).filter(rare).collect();
        let mut marked = conversation.clone();
        texts(&mut marked, &mut |_, text| used.extend(text.chars().filter(rare)));
        let mut free = ('\u{fdd0}'..='\u{fdef}').chain('\u{f0000}'..='\u{10fffd}').filter(|letter| !used.contains(letter));
        let letters = firsts.into_iter().map(|first| free.next().map(|mark| (first, mark))).collect::<Option<_>>()?;
        let marks = Self { letters, tokens };
        texts(&mut marked, &mut |own_words, text| marks.mark(own_words && words == Words::Meant, text));
        Some((marks, marked))
    }

    /// Marks every added token in a text, also where two overlap; in the model's own words only the special ones.
    fn mark(&self, own_words: bool, text: &mut String) {
        let starts = self.tokens.starts(text, own_words);
        if !starts.is_empty() {
            let mark = |first: char| self.letters.iter().find(|(letter, _)| *letter == first).map_or(first, |(_, mark)| *mark);
            *text = text.char_indices().map(|(at, letter)| if starts.contains(&at) { mark(letter) } else { letter }).collect();
        }
    }

    fn unmark(&self, text: &str) -> String {
        let letter = |marked: char| self.letters.iter().find(|(_, mark)| *mark == marked).map_or(marked, |(letter, _)| *letter);
        text.chars().map(letter).collect()
    }
}

/// Returns whether a letter could be taken for a mark.
fn rare(letter: &char) -> bool {
    matches!(letter, '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..)
}

/// Visits every text of a conversation, and says of each whether these are the model's own words.
fn texts(conversation: &mut Conversation, visit: &mut impl FnMut(bool, &mut String)) {
    for message in &mut conversation.messages {
        let own_words = message.role == Role::Assistant;
        visit(own_words, &mut message.content);
        if let Some(reasoning) = &mut message.reasoning {
            visit(own_words, reasoning);
        }
        message.tool_calls.iter_mut().for_each(|call| every(call, visit));
    }
    conversation.tools.iter_mut().for_each(|tool| every(tool, visit));
}

fn every(json: &mut Json, visit: &mut impl FnMut(bool, &mut String)) {
    json.map_texts(&mut |text| visit(false, text));
}
