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
use aho_corasick::AhoCorasick;
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
}

/// Returns the ids of a conversation. `now` is what a template writes as the date.
pub fn prompt(
    tokens: &Tokens,
    template: &ChatTemplate,
    conversation: &Conversation,
    now: Option<DateTime>,
) -> Result<Vec<u32>, PromptError> {
    let marks = Marks::new(tokens, conversation).ok_or(PromptError::NoLetterLeft)?;
    let text = template.render(&marks.mark(conversation), now)?;
    Ok(tokens.encode_marked(&text, |part| marks.unmark(part))?)
}

/// The first letters of added tokens, each with the letter that stands for it.
struct Marks {
    letters: Vec<(char, char)>,
    /// Finds every added token, also where two overlap.
    any: AhoCorasick,
    /// Finds the special ones.
    special: AhoCorasick,
}

impl Marks {
    fn new(tokens: &Tokens, conversation: &Conversation) -> Option<Self> {
        let of = |special_only: bool| {
            let texts = tokens.added().iter().filter(|token| token.special || !special_only).map(|token| &token.text);
            AhoCorasick::new(texts).ok()
        };
        let firsts: BTreeSet<char> = tokens.added().iter().filter_map(|token| token.text.chars().next()).collect();
        let mut used: BTreeSet<char> = tokens.added().iter().flat_map(|token| token.text.chars()).filter(rare).collect();
        let mut copy = conversation.clone();
        texts(&mut copy, &mut |_, text| used.extend(text.chars().filter(rare)));
        let mut free = ('\u{fdd0}'..='\u{fdef}').chain('\u{f0000}'..='\u{10fffd}').filter(|letter| !used.contains(letter));
        let letters = firsts.into_iter().map(|first| free.next().map(|mark| (first, mark))).collect::<Option<_>>()?;
        Some(Self { letters, any: of(false)?, special: of(true)? })
    }

    /// Returns the conversation in which no text from outside holds an added token.
    fn mark(&self, conversation: &Conversation) -> Conversation {
        let mut marked = conversation.clone();
        texts(&mut marked, &mut |own_words, text| {
            let find = if own_words { &self.special } else { &self.any };
            let starts: BTreeSet<usize> = find.find_overlapping_iter(text.as_str()).map(|found| found.start()).collect();
            if starts.is_empty() {
                return;
            }
            let mark = |first: char| self.letters.iter().find(|(letter, _)| *letter == first).map_or(first, |(_, mark)| *mark);
            *text = text.char_indices().map(|(at, letter)| if starts.contains(&at) { mark(letter) } else { letter }).collect();
        });
        marked
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
