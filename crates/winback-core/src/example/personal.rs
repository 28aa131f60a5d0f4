//! What of a customer stands in a mail that the company once sent them: it must not be learned, so the name becomes its slot
//! where the mail greets, and a mail that says more of the customer is no example.
use crate::claim::{Reading, Value, read};
use crate::customer::{Cell, Customer};
use crate::locale::Locale;
use crate::mail_form::MailForm;
use crate::message::Brief;
use crate::number::{DecimalMark, read as read_number};
use crate::schema::{Column, ColumnKind, Role, TableSchema};
use crate::slot::{Slot, find_open};

/// Ids of fewer characters are looked for in no text: they are any number.
const SHORTEST_ID: usize = 4;
/// A piece of a name of several words is looked for from so many letters on, since `de` and `an` stand in any text; one of a
/// script without spaces from two.
const SHORTEST_PIECE: usize = 3;
/// What may stand right before a name that is written without spaces.
const BEFORE: [&str; 13] = ["親愛的", "亲爱的", "敬愛的", "敬爱的", "尊敬的", "致", "給", "给", "嗨", "哈囉", "哈啰", "您好", "你好"];
/// What may stand right behind a name that is greeted.
const BEHIND: [&str; 14] = ["您", "你", "好", "先生", "小姐", "女士", "太太", "老師", "老师", "同學", "同学", "早安", "午安", "晚安"];
/// Marks that may stand behind a name that is greeted.
const MARKS: [char; 18] = [',', ':', ';', '!', '.', '?', '~', '-', '–', '—', '，', '：', '；', '！', '。', '、', '～', '…'];
/// Answers of a cell that say nothing by themselves.
const ANSWERS: [&str; 7] = ["yes", "no", "none", "是", "否", "有", "無"];

/// What a mail holds of a customer. It names the kind and the column, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Personal {
    /// The name, or a piece of it, where it is not greeted.
    #[error("the customer's name outside the greeting")]
    Name,
    /// The id.
    #[error("the customer's id")]
    Id,
    /// How to reach somebody.
    #[error("an address, a link or a telephone number")]
    Contact,
    /// A cell of a column that may not be told.
    #[error("what the column {0:?} says of the customer")]
    Cell(String),
}

/// Returns a body with the slot of the name in place of the name where the first paragraph greets with it; where it stands
/// there otherwise, or the slot stands in the body already, the body as it is.
pub(super) fn greeted(body: &str, name: &str) -> String {
    let marker = Slot::FirstName.marker();
    let greeting = body.split("\n\n").next().unwrap_or_default();
    let folded = Folded::of(greeting);
    let found = folded.words(name).into_iter().find(|(from, to)| folded.greets(*from, *to));
    match found.filter(|_| !body.contains(marker)) {
        Some((from, to)) => {
            let (from, to) = (folded.byte(from), folded.byte(to));
            [&body[..from], marker, &body[to..]].concat()
        }
        None => body.to_owned(),
    }
}

/// Returns what a form, whose slots and markers stand, says of the customer besides. Cells of a column that may be told do not
/// count, nor do answers, the segment and the language, which every mail shows.
pub(super) fn personal(form: &MailForm, brief: &Brief, (customer, schema): (&Customer, &TableSchema)) -> Option<Personal> {
    let text = unmarked(&form.to_text(brief.locale));
    let folded = Folded::of(&text);
    let id = brief.customer.as_str();
    if id.chars().count() >= SHORTEST_ID && !folded.words(id).is_empty() {
        return Some(Personal::Id);
    }
    let reading = Reading { locale: brief.locale, day: brief.day, currency: Some(schema.currency) };
    let stated = read(&text, &reading).into_iter().map(|claim| (claim.value, text.get(claim.span).unwrap_or_default()));
    let stated: Vec<(Value, &str)> = stated.collect();
    if stated.iter().any(|(value, _)| matches!(value, Value::Contact { .. })) || text.contains('@') || text.contains("://") {
        return Some(Personal::Contact);
    }
    let name = brief.slots.usable(Slot::FirstName);
    if name.is_some_and(|name| pieces(name).iter().any(|piece| !folded.words(piece).is_empty())) {
        return Some(Personal::Name);
    }
    let page = Page { folded: &folded, text: &text, numbers: folded.numbers(), stated, schema, locale: brief.locale };
    let cells = schema.columns.iter().zip(&customer.cells);
    let is_looked_for = |column: &Column| match column.role {
        Role::Id | Role::Segment | Role::Language => false,
        Role::FirstName => name.is_none(),
        _ => !column.tell,
    };
    let mut cells = cells.filter(|(column, _)| is_looked_for(column));
    cells.find(|(column, cell)| page.says(column, cell)).map(|(column, _)| Personal::Cell(column.name.clone()))
}

/// A mail in which cells are looked for.
struct Page<'a> {
    folded: &'a Folded,
    text: &'a str,
    /// The numbers that stand in digits.
    numbers: Vec<f64>,
    /// What is claimed, numbers in words among it, and the words that claim it.
    stated: Vec<(Value, &'a str)>,
    schema: &'a TableSchema,
    locale: Locale,
}

impl Page<'_> {
    /// Returns whether a cell stands in the mail: words and numbers as wholes, from two characters on.
    fn says(&self, column: &Column, cell: &Cell) -> bool {
        match cell {
            Cell::Missing | Cell::Flag(_) => false,
            Cell::Number(number) => self.counts(*number),
            Cell::Money(minor) => self.counts(*minor as f64 / 10_f64.powi(i32::from(self.schema.currency.exponent()))),
            Cell::Text(text) if column.kind == ColumnKind::Date => self.has(text) || self.dates(text),
            Cell::Text(text) => self.has(text),
            Cell::Category(word) => {
                let label = column.value_labels.get(word.as_ref()).map(|label| label.get(self.locale).as_str());
                let closed = matches!(&column.kind, ColumnKind::Category { levels } if !levels.is_empty());
                // A word of a closed list, such as Low, counts as the file writes it: in lower case it is any word.
                let found = |word: &str| self.has(word) && (!closed || self.text.contains(word.trim()));
                found(word) || label.is_some_and(found)
            }
        }
    }

    fn has(&self, words: &str) -> bool {
        let words = words.trim();
        let answer = ANSWERS.contains(&words.to_lowercase().as_str());
        words.chars().count() > 1 && !answer && !self.folded.words(words).is_empty()
    }

    fn counts(&self, number: f64) -> bool {
        let same = |other: f64| (other - number).abs() < 1e-6;
        let exponent = i32::from(self.schema.currency.exponent());
        let of_claim = |value: &Value| match value {
            Value::Number { thousandths, .. } => Some(*thousandths as f64 / 1e3),
            Value::Span { count, .. } => Some(*count as f64),
            Value::Money { minor, .. } => Some(*minor as f64 / 10_f64.powi(exponent)),
            _ => None,
        };
        let long = number.abs() >= 10.0 || number.fract() != 0.0;
        let in_words = self.stated.iter().filter(|(_, words)| !words.contains(is_digit)).filter_map(|(value, _)| of_claim(value));
        long && self.numbers.iter().copied().chain(in_words).any(same)
    }

    fn dates(&self, day: &str) -> bool {
        let Ok(cell) = day.parse::<jiff::civil::Date>() else { return false };
        self.stated.iter().any(|(value, _)| match value {
            Value::Day { year, month: Some(month), day: Some(day) } => {
                year.is_none_or(|year| year == cell.year()) && (*month, *day) == (cell.month(), cell.day())
            }
            _ => false,
        })
    }
}

/// A text as its words are compared: lower case, full-width letters and digits as others.
struct Folded {
    characters: Vec<char>,
    /// Where each began in the text, and where the text ends.
    bytes: Vec<usize>,
}

impl Folded {
    fn of(text: &str) -> Self {
        let (mut characters, mut bytes) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        for (at, c) in text.char_indices() {
            for c in plain(c).to_lowercase() {
                characters.push(c);
                bytes.push(at);
            }
        }
        bytes.push(text.len());
        Self { characters, bytes }
    }

    fn byte(&self, at: usize) -> usize {
        self.bytes.get(at).or(self.bytes.last()).copied().unwrap_or_default()
    }

    /// Returns where some words stand that are no piece of a longer word, in characters. Scripts that set no spaces have no
    /// ends of words.
    fn words(&self, words: &str) -> Vec<(usize, usize)> {
        let words = Self::of(words.trim()).characters;
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return Vec::new() };
        let joined = |own: char, other: Option<&char>| is_of_a_word(own) && other.is_some_and(|other| is_of_a_word(*other));
        let places = (0..(self.characters.len() + 1).saturating_sub(words.len())).filter(|at| self.characters[*at..].starts_with(&words));
        let places = places.map(|at| (at, at + words.len()));
        let before = |at: usize| at.checked_sub(1).and_then(|before| self.characters.get(before));
        places.filter(|(from, to)| !joined(*first, before(*from)) && !joined(*last, self.characters.get(*to))).collect()
    }

    /// Returns whether the text greets with the name that stands there: a mark, the end of the line or a word of greeting
    /// follows, and before a name without spaces stands nothing else than a greeting.
    fn greets(&self, from: usize, to: usize) -> bool {
        let (before, behind) = self.characters.split_at(to);
        let before = &before[..from];
        let ends_with = |word: &&str| before.ends_with(&Self::of(word).characters);
        let unspaced = self.characters.get(from).is_some_and(|c| is_unspaced(*c));
        let begins = match before.last() {
            Some(last) if unspaced && last.is_alphanumeric() => BEFORE.iter().any(ends_with),
            _ => true,
        };
        let spaces = behind.iter().take_while(|c| **c == ' ').count();
        let ends = match &behind[spaces..] {
            [] | ['\n', ..] => true,
            // What joins words is no mark: Anne-Marie, win.example.
            [mark, next, ..] if spaces == 0 && matches!(mark, '-' | '.') && next.is_alphanumeric() => false,
            [mark, ..] if MARKS.contains(&plain(*mark)) || MARKS.contains(mark) => true,
            rest => BEHIND.iter().any(|word| rest.starts_with(&Self::of(word).characters)),
        };
        begins && ends
    }

    /// Returns the numbers that stand in digits, by either decimal mark.
    fn numbers(&self) -> Vec<f64> {
        let mut numbers = Vec::new();
        let inside = |at: usize| {
            let digit = |at: usize| self.characters.get(at).is_some_and(char::is_ascii_digit);
            digit(at) || (matches!(self.characters.get(at), Some(',' | '.')) && digit(at + 1) && at.checked_sub(1).is_some_and(digit))
        };
        let mut at = 0;
        while at < self.characters.len() {
            let to = (at..).find(|at| !inside(*at)).unwrap_or(at);
            // B33 is a name of something.
            let of_a_word = at.checked_sub(1).and_then(|before| self.characters.get(before)).is_some_and(|c| is_of_a_word(*c));
            let digits: String = self.characters[at..to].iter().filter(|_| !of_a_word).collect();
            let marks = [DecimalMark::Point, DecimalMark::Comma];
            numbers.extend(marks.into_iter().filter_map(|mark| read_number(&digits, mark).ok()).map(|read| read.value.to_f64()));
            at = to + 1;
        }
        numbers
    }
}

/// Returns a character as it is compared: full-width forms, spaces, apostrophes and hyphens of several kinds as ASCII has them.
fn plain(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '\u{A0}' | '\u{2007}' | '\u{202F}' | '\t' => ' ',
        '\u{2019}' | '\u{2BC}' => '\'',
        '\u{2010}' | '\u{2011}' => '-',
        c => c,
    }
}

fn is_digit(c: char) -> bool {
    plain(c).is_ascii_digit()
}

/// Returns whether a character belongs to a word that spaces set apart from others.
fn is_of_a_word(c: char) -> bool {
    (c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36F}')) && !is_unspaced(c)
}

/// Returns whether a character is of a script that sets no spaces between words: Chinese, Japanese, Korean with its particles,
/// Thai to Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3005}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// Returns a name and its pieces that are looked for outside the greeting: nothing of a single letter, which stands in any
/// text, and the last two characters of a Chinese name with its surname.
fn pieces(name: &str) -> Vec<String> {
    let letters = |piece: &str| piece.chars().filter(|c| c.is_alphabetic()).count();
    let joins = |c: char| !(c.is_alphabetic() || matches!(c, '\'' | '\u{2019}' | '\u{300}'..='\u{36F}'));
    let shortest = |piece: &str| if piece.chars().all(is_unspaced) { 2 } else { SHORTEST_PIECE };
    let name = name.trim();
    let mut pieces: Vec<String> = name.split(joins).filter(|piece| letters(piece) >= shortest(piece)).map(str::to_owned).collect();
    let characters: Vec<char> = name.chars().collect();
    if matches!(characters.len(), 3 | 4) && characters.iter().all(|c| is_unspaced(*c)) {
        pieces.push(characters[characters.len() - 2..].iter().collect());
    }
    if letters(name) > 1 {
        pieces.push(name.to_owned());
    }
    pieces
}

/// Returns a text without its slots and markers, in whose place no word can go on.
fn unmarked(text: &str) -> String {
    let (mut left, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = find_open(rest) {
        left.push_str(&rest[..at]);
        left.push('\u{FFFC}');
        rest = rest[at + 2..].split_once("}}").map_or("", |(_, after)| after);
    }
    left + rest
}
