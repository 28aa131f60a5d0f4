//! What a company itself never says, how long its mails may be and how hard to read: for everyone,
//! and for one segment.
use super::{Offence, Phrasebook, Reason, fold};
use crate::locale::{Locale, Localized};
use crate::segment::SegmentId;
use std::collections::BTreeMap;

const INSTEAD: &str = "say it in other words, or take the phrase off the list [avoid]";

/// How long a mail may be, and how hard to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most words of an English mail's text, without its footer.
    pub email_words: Option<u32>,
    /// The most characters of a Chinese mail's text, without its footer and white space.
    pub email_characters: Option<u32>,
    /// The most words that the sentences of an English mail may have on average: its reading level.
    pub sentence_words: Option<u32>,
    /// The most characters that the sentences of a Chinese mail may have on average.
    pub sentence_characters: Option<u32>,
}

/// The rules of one file: those of everyone, or those of a segment.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    avoid: Localized<Phrasebook>,
    /// The line of its file on which each phrase to avoid stands.
    lines: Localized<BTreeMap<String, usize>>,
    /// How long a mail may be.
    pub limits: Limits,
}

impl Rules {
    /// Adds a phrase that is never said in some languages, with the line of its file (counted from 1).
    pub fn avoid(&mut self, locales: &[Locale], phrase: &str, line: usize) {
        for locale in locales {
            let (book, lines) = match locale {
                Locale::ZhTw => (&mut self.avoid.zh_tw, &mut self.lines.zh_tw),
                Locale::ZhCn => (&mut self.avoid.zh_cn, &mut self.lines.zh_cn),
                Locale::En => (&mut self.avoid.en, &mut self.lines.en),
            };
            book.never(phrase, Reason::House, INSTEAD);
            lines.entry(phrase.trim().to_owned()).or_insert(line);
        }
    }

    /// Returns the line of the file on which a phrase to avoid in a language stands; `None` for one that is not listed.
    pub fn line_of(&self, locale: Locale, phrase: &str) -> Option<usize> {
        self.lines.get(locale).get(phrase).copied()
    }

    /// Returns the phrases of a text that these rules do not allow.
    pub fn find(&self, locale: Locale, text: &str) -> Vec<Offence> {
        let book = self.avoid.get(locale);
        if book.is_empty() { Vec::new() } else { book.find(&fold(text)) }
    }
}

/// The rules of a company: for everyone and by segment.
#[derive(Clone, Debug, Default)]
pub struct HouseRules {
    /// What holds for every message.
    pub everyone: Rules,
    /// What holds for a segment's messages besides.
    pub segments: BTreeMap<SegmentId, Rules>,
}

impl HouseRules {
    /// Returns the phrases of a text for a segment that the company does not allow.
    pub fn find(&self, locale: Locale, segment: Option<&SegmentId>, text: &str) -> Vec<Offence> {
        let mut found = self.everyone.find(locale, text);
        if let Some(own) = segment.and_then(|segment| self.segments.get(segment)) {
            found.extend(own.find(locale, text));
        }
        found
    }

    /// Returns the longest mail a segment gets in a language, and its length in words (English) or characters
    /// (Chinese), where it is too long; the segment's own limit goes before the one for everyone.
    pub fn too_long(&self, locale: Locale, segment: Option<&SegmentId>, mail: &str) -> Option<(u32, u32)> {
        let (own, all) = (self.limits_of(segment), self.everyone.limits);
        let limit = match locale {
            Locale::En => own.email_words.or(all.email_words)?,
            Locale::ZhTw | Locale::ZhCn => own.email_characters.or(all.email_characters)?,
        };
        let length = u32::try_from(length(locale, without_footer(mail))).unwrap_or(u32::MAX);
        (length > limit).then_some((limit, length))
    }

    /// Returns how long the sentences of a segment's mails may be on average, and how long those of a mail are, in words
    /// (English) or characters (Chinese), where it is too hard to read. Greeting and signature, which are no sentences, do not
    /// count.
    pub fn too_hard(&self, locale: Locale, segment: Option<&SegmentId>, mail: &str) -> Option<(u32, f64)> {
        let (own, all) = (self.limits_of(segment), self.everyone.limits);
        let limit = match locale {
            Locale::En => own.sentence_words.or(all.sentence_words)?,
            Locale::ZhTw | Locale::ZhCn => own.sentence_characters.or(all.sentence_characters)?,
        };
        let lengths: Vec<usize> = sentences(without_footer(mail)).into_iter().map(|sentence| length(locale, sentence)).collect();
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64;
        (mean > f64::from(limit)).then_some((limit, mean))
    }

    fn limits_of(&self, segment: Option<&SegmentId>) -> Limits {
        segment.and_then(|segment| self.segments.get(segment)).map(|rules| rules.limits).unwrap_or_default()
    }
}

fn without_footer(mail: &str) -> &str {
    mail.split_once("\n--\n").map_or(mail, |(body, _)| body)
}

/// Returns the words of an English text, or the characters of a Chinese one, white space not counted.
fn length(locale: Locale, text: &str) -> usize {
    match locale {
        Locale::En => text.split_whitespace().count(),
        Locale::ZhTw | Locale::ZhCn => text.chars().filter(|c| !c.is_whitespace()).count(),
    }
}

/// Returns the sentences of a text: what ends with a full stop, a question or an exclamation mark, with the marks and quotes
/// behind it, across the lines of a paragraph. A point inside a number or an address ends none. What has no such mark counts as
/// one unless it is the first or the last paragraph, which greet and sign.
fn sentences(text: &str) -> Vec<&str> {
    const MARKS: [char; 6] = ['.', '!', '?', '。', '！', '？'];
    const QUOTES: [char; 8] = ['"', '\'', ')', '”', '’', '」', '』', '）'];
    let paragraphs: Vec<&str> = text.trim().split("\n\n").collect();
    let mut found = Vec::new();
    for (at, paragraph) in paragraphs.iter().enumerate() {
        let (mut start, mut from) = (0, 0);
        while let Some(mark) = paragraph[from..].find(MARKS) {
            let wide = paragraph[from + mark..].starts_with(['。', '！', '？']);
            let behind = paragraph[from + mark..].trim_start_matches(MARKS).trim_start_matches(QUOTES);
            from = paragraph.len() - behind.len();
            if wide || behind.is_empty() || behind.starts_with(char::is_whitespace) {
                found.push(&paragraph[start..from]);
                start = from;
            }
        }
        if at > 0 && at + 1 < paragraphs.len() && !paragraph[start..].trim().is_empty() {
            found.push(&paragraph[start..]);
        }
    }
    found
}
