//! Reading a text once, from left to right.
use super::compare::Compare;
use super::context::{denied, floor};
use super::lexicon::{self, Hit, Word};
use super::numeral;
use super::value::Value;
use super::{amount, date};
use crate::locale::Locale;
use crate::money::Currency;
use jiff::civil::Date;
use std::collections::HashSet;
use std::iter::Peekable;
use std::ops::Range;
use std::sync::LazyLock;

/// What a text is read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The language it should be in.
    pub locale: Locale,
    /// The day from which relative dates are counted.
    pub day: Date,
    /// The currency that `$`, `¥` and `元` mean, where they can.
    pub currency: Option<Currency>,
}

/// One claim of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// What it states.
    pub value: Value,
    /// How the value is compared.
    pub compare: Compare,
}

/// Returns every claim of a text, in order. Slots such as `{{first_name}}` are passed over.
pub fn read(text: &str, reading: &Reading) -> Vec<Claim> {
    let mut scan = Scan { text, reading, hits: Box::new(lexicon::hits(text)).peekable(), claims: Vec::new(), at: 0, sentence: true };
    scan.run();
    scan.claims
}

struct Scan<'a, I: Iterator<Item = Hit>> {
    text: &'a str,
    reading: &'a Reading,
    hits: Peekable<I>,
    claims: Vec<Claim>,
    at: usize,
    /// Whether the next word begins a sentence.
    sentence: bool,
}

impl<I: Iterator<Item = Hit>> Scan<'_, I> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            while self.hits.next_if(|hit| hit.start < self.at).is_some() {}
            if let Some(hit) = self.hits.next_if(|hit| hit.start == self.at) {
                self.hit(hit);
                continue;
            }
            match byte {
                b'{' if bytes.get(self.at + 1) == Some(&b'{') => self.slot(),
                b'0'..=b'9' => self.number(),
                b'a'..=b'z' | b'A'..=b'Z' => self.word(),
                b'.' | b'!' | b'?' | b':' | b'\n' | b'-' | b'|' | b'*' => {
                    self.sentence = true;
                    self.at += 1;
                }
                b'"' => self.quoted('"'),
                b'+' if bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) => self.number(),
                0x80.. => self.beyond_ascii(),
                _ => self.at += 1,
            }
        }
    }

    fn push(&mut self, span: Range<usize>, value: Value, compare: Compare) {
        self.at = self.at.max(span.end);
        self.sentence = false;
        self.claims.push(Claim { span, value, compare });
    }

    fn slot(&mut self) {
        let end = self.text[self.at..].find("}}").map_or(self.text.len(), |length| self.at + length + 2);
        self.at = end;
        self.sentence = false;
    }

    fn hit(&mut self, hit: Hit) {
        let span = hit.start..hit.end;
        self.at = hit.end;
        match hit.word {
            Word::Safe => self.sentence = false,
            Word::Claim(of) | Word::Goods(of) => self.promise(span, of),
            Word::Give => self.promise(span, "giving"),
            Word::Number(value) => self.number_words(hit.start, value),
            Word::Share(5_000) if half_of_time(self.text, &span).is_some() => {
                if let Some((span, count)) = half_of_time(self.text, &span) {
                    self.push(span, Value::Span { count, unit: super::Unit::Month }, Compare::Exactly);
                }
            }
            Word::Share(hundredths) => {
                let sense = super::around::sense(self.text, &span);
                self.push(span, Value::Percent { hundredths, sense }, Compare::Exactly);
            }
            Word::Times(times) => self.push(span, Value::Number { thousandths: times * 1_000, of: Some("times".into()) }, Compare::Exactly),
            Word::Month(month) => self.month(span, month),
            Word::Weekday(day, next) => self.push(span, date::weekday(self.reading.day, day, next), Compare::Exactly),
            Word::Relative(name) => self.push(span, date::relative(self.reading.day, name), Compare::Exactly),
        }
    }

    fn promise(&mut self, span: Range<usize>, of: &'static str) {
        let of = match (of, denied(self.text, span.start)) {
            ("price_rise", true) => "same_price".to_owned(),
            ("automatic" | "urgency" | "scarcity", true) => {
                self.sentence = false;
                return;
            }
            (of, true) if of != "giving" => format!("not {of}"),
            (of, _) => of.to_owned(),
        };
        let words = self.text[span.clone()].to_owned();
        self.push(span, Value::Promise { of, words }, Compare::Exactly);
    }

    /// The name of a month; `may` and `march` alone are words.
    fn month(&mut self, span: Range<usize>, month: i8) {
        self.sentence = false;
        if let Some((end, value)) = date::after_month(self.text, month, span.end) {
            return self.push(span.start..end, value, Compare::around(self.text, &(span.start..end)));
        }
        let before = self.text[..span.start].trim_end();
        let named = ["in", "by", "until", "till", "before", "from", "since", "of", "this", "next", "last", "early", "late", "mid"]
            .iter()
            .any(|word| {
                before.len() >= word.len() && before.get(before.len() - word.len()..).is_some_and(|end| end.eq_ignore_ascii_case(word))
            });
        if named && self.text[span.clone()].starts_with(|c: char| c.is_ascii_uppercase()) || !matches!(month, 3 | 5) {
            let value = Value::Day { year: None, month: Some(month), day: None };
            let compare = Compare::around(self.text, &span);
            self.push(span, value, compare);
        }
    }

    fn number(&mut self) {
        let start = self.at;
        if let Some(end) = telephone(self.text, start) {
            let text = self.text[start..end].chars().filter(|c| *c == '+' || numeral::digit(*c).is_some()).collect();
            return self.push(start..end, Value::Contact { text }, Compare::Exactly);
        }
        let Some(number) = numeral::at(self.text, start) else {
            self.at = floor(self.text, start) + self.text[start..].chars().next().map_or(1, char::len_utf8);
            return;
        };
        self.amount(start, number);
    }

    fn amount(&mut self, start: usize, number: numeral::Numeral) {
        if let Some((end, value)) = date::at(self.text, start, &number) {
            let from = start - self.text[..start].len()
                + self.text[..start].trim_end_matches(' ').trim_end_matches("民國").trim_end_matches("民国").len();
            let span = if self.text[from..start].contains('民') { from..end } else { start..end };
            let compare = Compare::around(self.text, &span);
            return self.push(span, value, compare);
        }
        match amount::at(self.text, start, number, self.reading) {
            Some(found) => self.push(found.span, found.value, found.compare),
            None => {
                self.at = number.end;
                self.sentence = false;
            }
        }
    }

    /// Numbers in English words: `twenty-five per cent`, `a hundred dollars`.
    fn number_words(&mut self, start: usize, first: i64) {
        let (mut total, mut section, mut end, mut words) = (0_i64, 0_i64, start, 0);
        let mut next = Some((first, self.at));
        while let Some((value, after)) = next {
            match value {
                100 => section = section.max(1).saturating_mul(100),
                1_000.. => {
                    total = total.saturating_add(section.max(1).saturating_mul(value));
                    section = 0;
                }
                value => section = section.saturating_add(value),
            }
            (end, words) = (after, words + 1);
            next = self.next_number(end);
        }
        let thousandths = total.saturating_add(section).checked_mul(1_000);
        let weak = words == 1 && first <= 10;
        let number = numeral::Numeral { end, thousandths, digits: 2, weak };
        let unit = amount::unit_after(self.text, end).is_some();
        let ends =
            self.text[end..].trim_start_matches(' ').chars().next().is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '%' | '％' | '$'));
        if weak
            && !unit
            && (first == 1 || ends)
            && amount::at(self.text, start, number, self.reading).is_none_or(|found| matches!(found.value, Value::Number { .. }))
        {
            self.at = end;
            self.sentence = false;
            return;
        }
        self.amount(start, numeral::Numeral { weak: false, ..number });
    }

    fn next_number(&mut self, end: usize) -> Option<(i64, usize)> {
        let rest = self.text[end..].trim_start_matches([' ', '-']);
        let rest = rest.strip_prefix("and ").unwrap_or(rest);
        let start = self.text.len() - rest.len();
        while self.hits.next_if(|hit| hit.start < start).is_some() {}
        let hit = self.hits.next_if(|hit| hit.start == start && matches!(hit.word, Word::Number(_)))?;
        match hit.word {
            Word::Number(value) => Some((value, hit.end)),
            _ => None,
        }
    }

    /// A word of Latin letters: an address, a name, or nothing.
    fn word(&mut self) {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start;
        while bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
            end += 1;
        }
        let follows = |at: usize| bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        let address = match bytes.get(end) {
            Some(b'@') => follows(end),
            Some(b'.') => follows(end) && !self.text[end + 1..].starts_with(|c: char| c.is_ascii_digit()) && domain(&self.text[end + 1..]),
            Some(b':') => {
                self.text[end..].starts_with("://") || self.text[start..].starts_with("mailto:") || self.text[start..].starts_with("tel:")
            }
            Some(b'_') => follows(end),
            _ => false,
        };
        if address {
            return self.address(start);
        }
        if self.text[start..end].bytes().any(|b| b.is_ascii_digit()) {
            let value = Value::Name { name: self.text[start..end].to_owned() };
            return self.push(start..end, value, Compare::Exactly);
        }
        if let Some(end) = spelled(self.text, start) {
            return self.push(start..end, Value::Name { name: self.text[start..end].to_owned() }, Compare::Exactly);
        }
        let begins = std::mem::replace(&mut self.sentence, false);
        self.at = end;
        let name = if self.reading.locale == Locale::En { !begins && bytes[start].is_ascii_uppercase() } else { end - start > 1 };
        if name && !ORDINARY.contains(&&self.text[start..end]) && !(self.reading.locale == Locale::En && titled(self.text, start..end)) {
            self.name(start, end);
        }
    }

    /// A name goes on while further words of its kind follow, one space apart.
    fn name(&mut self, start: usize, mut end: usize) {
        let bytes = self.text.as_bytes();
        let english = self.reading.locale == Locale::En;
        while let Some(b' ' | b'-' | b'\'' | b'&') = bytes.get(end) {
            let joined = end + 1;
            let letter = bytes.get(joined).is_some_and(|b| if english { b.is_ascii_uppercase() } else { b.is_ascii_alphabetic() });
            if !letter || self.hits.peek().is_some_and(|hit| hit.start <= joined) {
                break;
            }
            end = joined;
            while bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
                end += 1;
            }
        }
        let value = Value::Name { name: self.text[start..end].to_owned() };
        self.push(start..end, value, Compare::Exactly);
    }

    fn address(&mut self, start: usize) {
        let rest = &self.text[start..];
        let length = rest
            .find(|c: char| c.is_whitespace() || !c.is_ascii() || matches!(c, '"' | '<' | '>' | ',' | ';' | ')' | '}'))
            .unwrap_or(rest.len());
        let found = rest[..length].trim_end_matches(['.', '!', '?', ':']);
        let value = Value::Contact { text: found.to_ascii_lowercase() };
        self.push(start..start + found.len().max(1), value, Compare::Exactly);
    }

    fn quoted(&mut self, close: char) {
        let open = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        let start = self.at + open;
        self.at = start;
        self.sentence = true;
        let Some(length) = self.text[start..].find(close) else { return };
        let inside = self.text[start..start + length].trim();
        if !inside.is_empty() && length <= 90 && !inside.contains('\n') && !inside.starts_with("{{") {
            self.claims.push(Claim {
                span: start..start + length,
                value: Value::Name { name: inside.to_owned() },
                compare: Compare::Exactly,
            });
        }
    }

    fn beyond_ascii(&mut self) {
        let Some(c) = self.text[self.at..].chars().next() else {
            self.at += 1;
            return;
        };
        let end = self.at + c.len_utf8();
        match c {
            '「' => self.quoted('」'),
            '『' => self.quoted('』'),
            '“' => self.quoted('”'),
            '《' => self.quoted('》'),
            '。' | '！' | '？' | '：' | '】' => {
                self.sentence = true;
                self.at = end;
            }
            _ if numeral::is_han(c) => self.han(c, end),
            _ if is_joiner(c) => self.accented(),
            '\u{3000}'..='\u{303F}' | '\u{2010}'..='\u{206F}' => self.at = end,
            _ if numeral::digit(c).is_some() || c.is_numeric() => self.number(),
            _ if c.is_alphabetic() && !is_latin(c) => self.foreign(),
            _ if c.is_alphabetic() => self.accented(),
            _ => self.at = end,
        }
    }

    /// A word with accents, or with something invisible inside, is no word of these languages; it may be a name, or
    /// a promise in disguise.
    fn accented(&mut self) {
        let joins = |c: char| c.is_ascii_alphanumeric() || is_latin(c) || is_joiner(c);
        let start = self.text[..self.at].rfind(|c| !joins(c)).map_or(0, |at| at + self.text[at..].chars().next().map_or(1, char::len_utf8));
        let end = self.text[self.at..].find(|c| !joins(c)).map_or(self.text.len(), |length| self.at + length);
        let word = self.text[start..end].trim_matches(is_joiner);
        if word.is_ascii() {
            // Invisible characters beside a word only fill a line.
            self.at = end;
            return;
        }
        let from = self.claims.last().map_or(start, |claim| start.max(claim.span.end)).min(self.at);
        self.push(from..end, Value::Name { name: word.to_owned() }, Compare::Exactly);
    }

    fn han(&mut self, c: char, end: usize) {
        if self.reading.locale == Locale::En {
            return self.foreign();
        }
        self.sentence = false;
        if let Some((until, of)) = parted(self.text, self.at, end) {
            let words = self.text[self.at..until].to_owned();
            return self.push(self.at..until, Value::Promise { of, words }, Compare::Exactly);
        }
        if c == '半' {
            return self.half(end);
        }
        if c == '第' && self.text[end..].chars().next().is_some_and(|next| numeral::at(self.text, end).is_some() && next != '一') {
            let words = "ordinal".to_owned();
            let number = numeral::at(self.text, end).map_or(end, |number| number.end);
            return self.push(self.at..number, Value::Promise { of: "first_ones".into(), words }, Compare::Exactly);
        }
        if numeral::is_chinese_numeral(c) { self.number() } else { self.at = end }
    }

    /// `半年`, `半個月`, `半小時`.
    fn half(&mut self, end: usize) {
        match amount::unit_after(self.text, end) {
            Some((unit, after)) => {
                let (count, unit) = match unit {
                    super::Unit::Year => (6, super::Unit::Month),
                    super::Unit::Month => (15, super::Unit::Day),
                    super::Unit::Day => (12, super::Unit::Hour),
                    _ => (30, super::Unit::Minute),
                };
                let compare = Compare::around(self.text, &(self.at..after));
                self.push(self.at..after, Value::Span { count, unit }, compare);
            }
            None => self.at = end,
        }
    }

    /// Letters of another script than the language's own.
    fn foreign(&mut self) {
        let start = self.at;
        let english = self.reading.locale == Locale::En;
        let strange = |c: char| c.is_alphabetic() && (english || !numeral::is_han(c)) && !is_latin(c);
        let length = self.text[start..].find(|c: char| !strange(c)).unwrap_or(self.text.len() - start);
        let end = (start + length).max(start + self.text[start..].chars().next().map_or(1, char::len_utf8));
        while self.hits.next_if(|hit| hit.start < end && matches!(hit.word, Word::Safe)).is_some() {}
        // A promise inside is a claim of its own.
        let until = self.hits.peek().map_or(end, |hit| hit.start.clamp(start + 1, end));
        let until = if until > start && self.text.is_char_boundary(until) { until } else { end };
        let value = Value::Name { name: self.text[start..until].to_owned() };
        self.push(start..until, value, Compare::Exactly);
    }
}

/// Words with a capital, or in Latin letters within Chinese, that name nothing.
const ORDINARY: [&str; 34] = [
    "I", "OK", "PS", "SMS", "STOP", "END", "HELP", "Dear", "Hello", "Hi", "Mr", "Mrs", "Ms", "Yes", "No", "Email", "E", "email", "mail",
    "Mail", "TD", "Ltd", "Inc", "Co", "Sir", "Madam", "Regards", "Thanks", "Thank", "You", "Your", "We", "English", "Reply",
];

/// Returns the span and the months of `half a year` and `a year and a half`, whose half is no share.
fn half_of_time(text: &str, half: &Range<usize>) -> Option<(Range<usize>, i64)> {
    if let Some(after) = [" a year", "-year", " year"].into_iter().find(|year| text[half.end..].starts_with(year)) {
        return Some((half.start..half.end + after.len(), 6));
    }
    let before = ["a year and a ", "one year and a "].into_iter().find(|year| text[..half.start].ends_with(year))?;
    Some((half.start - before.len()..half.end, 18))
}

/// Returns the end of a word spelled out letter by letter, `f r e e` or `f.r.e.e`, or with a mark inside, `fr*ee`.
fn spelled(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let (mut at, mut letters) = (start, 1);
    while bytes.get(at + 1).is_some_and(|b| matches!(b, b' ' | b'.' | b'-' | b'_' | b'*')) && letter(at + 2) && !letter(at + 3) {
        at += 2;
        letters += 1;
    }
    if letters >= 3 {
        return Some(at + 1);
    }
    let end = (start..bytes.len()).find(|&at| !letter(at)).unwrap_or(bytes.len());
    let marked = bytes.get(end).is_some_and(|b| matches!(b, b'*' | b'|' | b'~' | b'^' | b'\\')) && letter(end + 1);
    marked.then(|| (end + 1..bytes.len()).find(|&at| !letter(at)).unwrap_or(bytes.len()))
}

/// Returns the end and the kind of a promise in Chinese that something parts: `免 費`, `免*費`.
fn parted(text: &str, start: usize, end: usize) -> Option<(usize, String)> {
    const GAPS: [char; 15] =
        [' ', '*', '.', '-', '_', '~', '|', '·', '\n', '\u{A0}', '\u{3000}', '\u{34F}', '\u{200B}', '\u{200C}', '\u{200D}'];
    let rest = &text[end..];
    if !rest.starts_with(GAPS) {
        return None;
    }
    let mut joined = text[start..end].to_owned();
    let mut until = end;
    for c in rest.chars() {
        if joined.chars().count() > 4 || !(numeral::is_han(c) || GAPS.contains(&c)) {
            break;
        }
        until += c.len_utf8();
        if !GAPS.contains(&c) {
            joined.push(c);
            let hit = lexicon::hits(&joined).find(|hit| hit.start == 0 && hit.end == joined.len());
            if let Some(Word::Claim(of) | Word::Goods(of)) = hit.map(|hit| hit.word) {
                return Some((until, of.to_owned()));
            }
        }
    }
    None
}

/// Returns whether a word stands in a line of which every long word has a capital, as in a headline, and is an
/// ordinary word there.
fn titled(text: &str, word: Range<usize>) -> bool {
    let start = text[..word.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[word.end..].find('\n').map_or(text.len(), |length| word.end + length);
    let long = text[start..end].split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 3);
    let capitals = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase());
    let (count, small) = long.fold((0, 0), |(count, small), word| (count + 1, small + usize::from(!capitals(word))));
    count >= 2 && small == 0 && PLAIN.contains(text[word].to_ascii_lowercase().as_str())
}

/// Ordinary words, which a headline writes with a capital.
static PLAIN: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("plain.txt").split_whitespace().collect());

/// Returns whether a character joins what stands around it and shows nothing, or only a mark above it.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}

/// Returns whether a text goes on like the end of a domain: two letters or more, all of them small.
fn domain(rest: &str) -> bool {
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    length >= 2 && rest[..length].bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Returns the end of a telephone number that begins at a place: seven digits or more, parted by spaces and dashes,
/// not a date, an amount of money or a number with separators of thousands.
fn telephone(text: &str, start: usize) -> Option<usize> {
    let (mut digits, mut end, mut parts, mut last) = (0, start, 0, ' ');
    let mut rest = text[start..].char_indices().peekable();
    let mut first = None;
    while let Some((at, c)) = rest.next() {
        if let Some(value) = numeral::digit(c) {
            first = first.or(Some(value));
            digits += 1;
            end = start + at + c.len_utf8();
        } else if matches!(c, '-' | ' ' | '(' | ')' | '‑' | '－' | '\u{A0}')
            && rest.peek().is_some_and(|(_, next)| numeral::digit(*next).is_some() || matches!(next, '(' | ' ') && c != ' ')
            && last != ' '
        {
            parts += 1;
        } else if !(c == '+' && at == 0) {
            break;
        }
        last = c;
    }
    let plus = text[start..].starts_with('+');
    let dated = parts == 2 && digits <= 8 && text[start..].get(4..5) == Some("-");
    let priced = text[..start].trim_end().ends_with(['$', '￥', '¥', '€', '£']);
    (digits >= 7 && (plus || parts > 0 || first == Some(0)) && !dated && !priced).then_some(end)
}
