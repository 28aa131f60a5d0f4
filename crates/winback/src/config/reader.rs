//! Reads TOML by hand, keeping the place of everything, so that each fault can
//! be shown to the person who wrote the file.
use super::fault::{ConfigError, Fault, Place};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use winback_core::locale::Localized;
use winback_core::spelling::nearest;

/// One file's text, for turning byte offsets into lines.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// The file as it was named to the program.
    pub file: &'a str,
    /// The text, without a byte-order mark.
    pub text: &'a str,
}

impl<'a> Document<'a> {
    /// Returns a document of a text; a leading byte-order mark, which Windows editors write, is left out.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text: text.strip_prefix('\u{FEFF}').unwrap_or(text) }
    }

    /// Parses the text.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            self.error(error.span().unwrap_or(0..0), Fault::Syntax(message))
        })
    }

    /// Returns the place where a span begins.
    pub fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count() + 1;
        Place { file: self.file.to_owned(), line: before.matches('\n').count() + 1, column }
    }

    /// Returns an error at a span.
    pub fn error(&self, span: Range<usize>, fault: Fault) -> ConfigError {
        ConfigError { place: self.place(&span), fault: Box::new(fault) }
    }

    /// Returns an error that is said in full.
    pub fn other(&self, span: Range<usize>, text: String) -> ConfigError {
        self.error(span, Fault::Other(text))
    }
}

/// A table of the file whose keys are all known.
#[derive(Clone)]
pub struct Section<'a> {
    document: Document<'a>,
    name: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
}

impl<'a> Section<'a> {
    /// Returns a section, or the first key that is not among the known ones.
    pub fn new(
        document: Document<'a>,
        name: &str,
        (table, span): (&'a DeTable<'a>, Range<usize>),
        known: &[&str],
    ) -> Result<Self, ConfigError> {
        let stray = table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).min_by_key(|key| key.span().start);
        match stray {
            None => Ok(Self { document, name: name.to_owned(), table, span }),
            Some(key) => Err(document.error(
                key.span(),
                Fault::UnknownKey {
                    key: key.get_ref().to_string(),
                    section: name.to_owned(),
                    nearest: nearest(key.get_ref(), known.iter().copied()).map(str::to_owned),
                    known: known.iter().map(|&k| k.to_owned()).collect(),
                },
            )),
        }
    }

    /// Returns the entry of a key, if the section has it.
    pub fn get(&self, key: &'static str) -> Option<Entry<'a>> {
        let value = self.table.get(key)?;
        Some(Entry { document: self.document, key: key.to_owned(), value })
    }

    /// Returns the entry of a key that must be there.
    pub fn need(&self, key: &'static str, expected: &str) -> Result<Entry<'a>, ConfigError> {
        self.get(key).ok_or_else(|| {
            let (key, section) = (key.to_owned(), self.name.clone());
            self.document.error(self.span.clone(), Fault::MissingKey { key, section, expected: expected.to_owned() })
        })
    }

    /// Returns an error about the section as a whole.
    pub fn other(&self, text: String) -> ConfigError {
        self.document.other(self.span.clone(), text)
    }

    /// Returns the section's name for people.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// One value of the file with its key and place.
#[derive(Clone)]
pub struct Entry<'a> {
    document: Document<'a>,
    key: String,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Entry<'a> {
    /// Returns an entry for a value.
    pub fn new(document: Document<'a>, key: &str, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { document, key: key.to_owned(), value }
    }

    /// Returns the same value under another key, for errors.
    pub fn named(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Returns where the value stands.
    pub fn place(&self) -> Place {
        self.document.place(&self.value.span())
    }

    /// Returns the value without its place.
    pub fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// Returns an error at the value.
    pub fn error(&self, fault: Fault) -> ConfigError {
        self.document.error(self.value.span(), fault)
    }

    /// Returns an error at the value that names the key and what was expected.
    pub fn expected(&self, expected: &str) -> ConfigError {
        let found = describe(self.value.get_ref());
        self.error(Fault::WrongType { key: self.key.clone(), expected: expected.to_owned(), found })
    }

    /// Returns an error at the value that is said in full.
    pub fn other(&self, text: String) -> ConfigError {
        self.error(Fault::Other(text))
    }

    /// Returns the text.
    pub fn text(&self, expected: &str) -> Result<&'a str, ConfigError> {
        self.value.get_ref().as_str().ok_or_else(|| self.expected(expected))
    }

    /// Returns the text if it is not blank.
    pub fn filled_text(&self, expected: &str) -> Result<&'a str, ConfigError> {
        let text = self.text(expected)?;
        if text.trim().is_empty() { Err(self.expected(expected)) } else { Ok(text) }
    }

    /// Returns true or false.
    pub fn switch(&self) -> Result<bool, ConfigError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.expected("true or false"))
    }

    /// Returns a number of TOML, of either kind.
    pub fn number(&self, expected: &str) -> Result<f64, ConfigError> {
        let text = match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => return Err(self.expected(expected)),
        };
        text.replace('_', "").parse().map_err(|_| self.expected(expected))
    }

    /// Returns the word if it is one of those known.
    pub fn word(&self, known: &[&str]) -> Result<&'a str, ConfigError> {
        let found = self.text(&format!("one of {}", known.join(", ")))?;
        if known.contains(&found) { Ok(found) } else { Err(self.unknown_word(found, known)) }
    }

    /// Returns the error that a word is none of those known.
    pub fn unknown_word(&self, found: &str, known: &[&str]) -> ConfigError {
        self.error(Fault::UnknownWord {
            key: self.key.clone(),
            found: found.to_owned(),
            nearest: nearest(found, known.iter().copied()).map(str::to_owned),
            known: known.iter().map(|&k| k.to_owned()).collect(),
        })
    }

    /// Returns the entries of a list.
    pub fn list(&self, expected: &str) -> Result<Vec<Entry<'a>>, ConfigError> {
        let items = self.value.get_ref().as_array().ok_or_else(|| self.expected(expected))?;
        Ok(items.iter().map(|item| Entry::new(self.document, &self.key, item)).collect())
    }

    /// Returns the texts of a list; a single text counts as a list of one.
    pub fn texts(&self, expected: &str) -> Result<Vec<String>, ConfigError> {
        if let Some(text) = self.value.get_ref().as_str() {
            return Ok(vec![text.to_owned()]);
        }
        self.list(expected)?.iter().map(|entry| entry.text(expected).map(str::to_owned)).collect()
    }

    /// Returns the table as a section.
    pub fn section(&self, name: &str, known: &[&str]) -> Result<Section<'a>, ConfigError> {
        Section::new(self.document, name, (self.table("a table")?, self.value.span()), known)
    }

    /// Returns the entries of a table whose keys are free, in the order of the file.
    pub fn entries(&self, expected: &str) -> Result<Vec<(&'a str, Entry<'a>)>, ConfigError> {
        let mut pairs: Vec<_> = self.table(expected)?.iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        Ok(pairs.into_iter().map(|(key, value)| (key.get_ref().as_ref(), Entry::new(self.document, key.get_ref(), value))).collect())
    }

    /// Returns a text in every language: one text for all of them, or one for each.
    pub fn localized(&self) -> Result<Localized, ConfigError> {
        if let Some(text) = self.value.get_ref().as_str() {
            return Ok(Localized::same(text));
        }
        const EXPECTED: &str = "a text, or one text for each of zh-TW, zh-CN and en";
        self.table(EXPECTED)?;
        let section = self.section(&format!("{:?}", self.key), &["zh-TW", "zh-CN", "en"])?;
        let words = |key| section.need(key, "the words in this language").and_then(|entry| entry.filled_text("words"));
        Ok(Localized::new(words("zh-TW")?, words("zh-CN")?, words("en")?))
    }

    fn table(&self, expected: &str) -> Result<&'a DeTable<'a>, ConfigError> {
        self.value.get_ref().as_table().ok_or_else(|| self.expected(expected))
    }
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.trim().is_empty() => "an empty text".into(),
        DeValue::String(text) if text.chars().count() > 40 => "a long text".into(),
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(value) => format!("{value}"),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}
