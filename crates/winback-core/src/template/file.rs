//! A template file as it is written: blocks, each with its head and its lines.
use super::{MAX_FILE_BYTES, TemplateError, TemplateProblem};

/// What stands for a line that is a note, so that line numbers stay those of the file.
pub(crate) const NOTE: &str = "{##}";

/// One section of a file, not yet understood.
pub(crate) struct Block<'a> {
    /// What stands between the brackets.
    pub head: &'a str,
    /// The line of the head, counted from 1.
    pub line: usize,
    /// The lines below it; a note is left as [`NOTE`].
    pub text: String,
}

impl<'a> Block<'a> {
    /// Returns the name and the conditions of the head.
    pub fn words(&self) -> (&'a str, impl Iterator<Item = &'a str>) {
        let mut words = self.head.split_whitespace();
        (words.next().unwrap_or_default(), words)
    }
}

/// Returns the text of a file, or why it cannot be one.
pub fn decode(file: &str, bytes: Vec<u8>) -> Result<String, TemplateError> {
    let error = |line, problem| TemplateError { file: file.to_owned(), line, problem };
    if bytes.len() > MAX_FILE_BYTES {
        return Err(error(1, TemplateProblem::TooLarge(bytes.len() as u64)));
    }
    String::from_utf8(bytes).map_err(|unread| {
        let good = unread.utf8_error().valid_up_to();
        let before = unread.as_bytes().get(..good).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = good - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
        error(line, TemplateProblem::NotUtf8 { byte })
    })
}

/// Returns the blocks of a file; text before the first is at fault.
pub(crate) fn blocks<'a>(file: &str, text: &'a str, errors: &mut Vec<TemplateError>) -> Vec<Block<'a>> {
    let error = |line, problem| TemplateError { file: file.to_owned(), line, problem };
    if text.len() > MAX_FILE_BYTES {
        errors.push(error(1, TemplateProblem::TooLarge(text.len() as u64)));
        return Vec::new();
    }
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for (at, line) in text.strip_prefix('\u{FEFF}').unwrap_or(text).lines().enumerate() {
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.trim_end().strip_suffix(']')) {
            blocks.push(Block { head, line: at + 1, text: String::new() });
        } else if let Some(block) = blocks.last_mut() {
            block.text.push_str(if line.starts_with('#') { NOTE } else { line });
            block.text.push('\n');
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            errors.push(error(at + 1, TemplateProblem::NoSection));
        }
    }
    blocks
}
