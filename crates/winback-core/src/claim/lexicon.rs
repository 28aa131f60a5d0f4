//! The words that make a claim, found in one pass over a text.
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::sync::LazyLock;

const WORDS: &str = include_str!("lexicon.txt");
const NUMBERS: [(&str, i64); 34] = [
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fourty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("dozen", 12),
    ("hundred", 100),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
];
/// Shares in words, in hundredths of a percent.
const SHARES: [(&str, i64); 22] = [
    ("half", 5_000),
    ("a third", 3_333),
    ("one third", 3_333),
    ("two thirds", 6_667),
    ("a quarter of", 2_500),
    ("a quarter off", 2_500),
    ("quarter off", 2_500),
    ("three quarters", 7_500),
    ("a fifth", 2_000),
    ("one fifth", 2_000),
    ("a tenth", 1_000),
    ("one tenth", 1_000),
    ("half-price", 5_000),
    ("half price", 5_000),
    ("一半", 5_000),
    ("半價", 5_000),
    ("半价", 5_000),
    ("對折", 5_000),
    ("对折", 5_000),
    ("對半", 5_000),
    ("对半", 5_000),
    ("腰斬", 5_000),
];
const MULTIPLES: [(&str, i64); 22] = [
    ("double", 2),
    ("doubles", 2),
    ("doubled", 2),
    ("doubling", 2),
    ("twice", 2),
    ("two-fold", 2),
    ("twofold", 2),
    ("triple", 3),
    ("triples", 3),
    ("tripled", 3),
    ("treble", 3),
    ("threefold", 3),
    ("quadruple", 4),
    ("tenfold", 10),
    ("雙倍", 2),
    ("双倍", 2),
    ("加倍", 2),
    ("翻倍", 2),
    ("倍增", 2),
    ("翻一番", 2),
    ("翻番", 2),
    ("成倍", 2),
];
const SAFE_SHARES: [&str; 12] = [
    "double-check",
    "double check",
    "think twice",
    "third party",
    "third parties",
    "better half",
    "half way",
    "halfway",
    "另一半",
    "twice about",
    "no one",
    "one another",
];
pub(super) const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const WEEKDAY_NUMERALS: [char; 7] = ['一', '二', '三', '四', '五', '六', '日'];
/// Days named by their distance from today.
const RELATIVE: [(&str, Relative); 58] = [
    ("tomorrow", Relative::Days(1)),
    ("day after tomorrow", Relative::Days(2)),
    ("tonight", Relative::Days(0)),
    ("yesterday", Relative::Days(-1)),
    ("明天", Relative::Days(1)),
    ("明日", Relative::Days(1)),
    ("後天", Relative::Days(2)),
    ("后天", Relative::Days(2)),
    ("大後天", Relative::Days(3)),
    ("大后天", Relative::Days(3)),
    ("昨天", Relative::Days(-1)),
    ("今天內", Relative::Days(0)),
    ("今天内", Relative::Days(0)),
    ("今日內", Relative::Days(0)),
    ("by today", Relative::Days(0)),
    ("until today", Relative::Days(0)),
    ("by the end of today", Relative::Days(0)),
    ("end of the day", Relative::Days(0)),
    ("end of day", Relative::Days(0)),
    ("end of the month", Relative::MonthEnd),
    ("end of this month", Relative::MonthEnd),
    ("end of month", Relative::MonthEnd),
    ("month-end", Relative::MonthEnd),
    ("month's end", Relative::MonthEnd),
    ("月底", Relative::MonthEnd),
    ("月末", Relative::MonthEnd),
    ("本月內", Relative::MonthEnd),
    ("本月内", Relative::MonthEnd),
    ("這個月內", Relative::MonthEnd),
    ("end of the year", Relative::YearEnd),
    ("end of this year", Relative::YearEnd),
    ("year-end", Relative::YearEnd),
    ("year's end", Relative::YearEnd),
    ("年底", Relative::YearEnd),
    ("年末", Relative::YearEnd),
    ("今年內", Relative::YearEnd),
    ("今年内", Relative::YearEnd),
    ("年內", Relative::YearEnd),
    ("this week", Relative::Some),
    ("next week", Relative::Some),
    ("this weekend", Relative::Some),
    ("the weekend", Relative::Some),
    ("next month", Relative::Some),
    ("next year", Relative::Some),
    ("this year", Relative::Some),
    ("last year", Relative::Some),
    ("last month", Relative::Some),
    ("last week", Relative::Some),
    ("下個月", Relative::Some),
    ("下个月", Relative::Some),
    ("下月", Relative::Some),
    ("明年", Relative::Some),
    ("今年", Relative::Some),
    ("去年", Relative::Some),
    ("下週", Relative::Some),
    ("下周", Relative::Some),
    ("本週", Relative::Some),
    ("本周", Relative::Some),
];

/// A day that is named by its distance from the day of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relative {
    /// So many days from today.
    Days(i32),
    /// The last day of this month.
    MonthEnd,
    /// The last day of this year.
    YearEnd,
    /// Some day of a week, a month or a year.
    Some,
}

/// What a word of the lexicon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing: an ordinary phrase that holds a word of claims.
    Safe,
    /// Claims something.
    Claim(&'static str),
    /// Names a thing or a service.
    Goods(&'static str),
    /// Says that something is got.
    Give,
    /// A number in words.
    Number(i64),
    /// A share in words, in hundredths of a percent.
    Share(i64),
    /// Two, three times as much.
    Times(i64),
    /// The name of a month.
    Month(i8),
    /// The name of a day of the week, counted from Monday, and whether it is next week's.
    Weekday(i8, bool),
    /// A day named by its distance from today.
    Relative(Relative),
}

/// A word found in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub start: usize,
    pub end: usize,
    pub word: Word,
}

struct Lexicon {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(Lexicon::new);

/// Returns the words of a text, the longest at each place, in order.
pub(super) fn hits(text: &str) -> impl Iterator<Item = Hit> {
    let (lexicon, mut at) = (LEXICON.as_ref(), 0);
    std::iter::from_fn(move || {
        let lexicon = lexicon?;
        loop {
            let found = lexicon.automaton.find(Input::new(text).range(at..))?;
            if let Some(end) = whole_word(text.as_bytes(), found.start(), found.end()) {
                at = found.end();
                return Some(Hit { start: found.start(), end, word: *lexicon.words.get(found.pattern().as_usize())? });
            }
            // A piece of a longer word may hide a word behind its first letter: "a month" in "a monthly saving".
            at = found.start() + text[found.start()..].chars().next().map_or(1, char::len_utf8);
        }
    })
}

/// Returns the end of a match with a plural s, or `None` where it is a piece of a longer word.
fn whole_word(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if letter(start) && start > 0 && letter(start - 1) {
        return None;
    }
    if !letter(end.wrapping_sub(1)) || !letter(end) {
        return Some(end);
    }
    let plural = text.get(end).is_some_and(|s| s.eq_ignore_ascii_case(&b's')) && !letter(end + 1);
    plural.then_some(end + 1)
}

impl Lexicon {
    fn new() -> Option<Self> {
        let entries = entries();
        let patterns = entries.iter().map(|(pattern, _)| pattern.as_str());
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true).build(patterns).ok()?;
        Some(Self { automaton, words: entries.into_iter().map(|(_, word)| word).collect() })
    }
}

/// Returns every pattern with what it does; where two are the same, the first counts.
fn entries() -> Vec<(String, Word)> {
    let mut entries: Vec<(String, Word)> = SAFE_SHARES.iter().map(|word| ((*word).to_owned(), Word::Safe)).collect();
    let lines = WORDS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    for (head, words) in lines {
        let word = match head.split_once(' ') {
            Some(("claim", of)) => Word::Claim(of),
            Some(("goods", of)) => Word::Goods(of),
            _ if head == "give" => Word::Give,
            _ => Word::Safe,
        };
        entries.extend(words.split(" | ").map(|pattern| (pattern.to_owned(), word)));
    }
    entries.sort_by_key(|(_, word)| *word != Word::Safe);
    entries.extend(fixed());
    let spellings: Vec<(String, Word)> = entries.iter().flat_map(|(pattern, word)| spellings(pattern).map(|text| (text, *word))).collect();
    entries.extend(spellings);
    entries
}

fn fixed() -> Vec<(String, Word)> {
    let mut fixed: Vec<(String, Word)> = NUMBERS.iter().map(|(text, value)| ((*text).to_owned(), Word::Number(*value))).collect();
    fixed.extend(SHARES.iter().map(|(text, value)| ((*text).to_owned(), Word::Share(*value))));
    fixed.extend(MULTIPLES.iter().map(|(text, value)| ((*text).to_owned(), Word::Times(*value))));
    fixed.extend(RELATIVE.iter().map(|(text, value)| ((*text).to_owned(), Word::Relative(*value))));
    fixed.extend((1..).zip(MONTHS).map(|(at, name)| (name.to_owned(), Word::Month(at))));
    for (at, (name, numeral)) in (0..).zip(WEEKDAYS.into_iter().zip(WEEKDAY_NUMERALS)) {
        fixed.push((name.to_owned(), Word::Weekday(at, false)));
        fixed.push((format!("next {name}"), Word::Weekday(at, true)));
        for week in ["週", "周", "星期", "禮拜", "礼拜"] {
            fixed.push((format!("{week}{numeral}"), Word::Weekday(at, false)));
            fixed.push((format!("下{week}{numeral}"), Word::Weekday(at, true)));
            fixed.push((format!("下個{week}{numeral}"), Word::Weekday(at, true)));
        }
    }
    fixed
}

/// Returns other ways to write a pattern: hyphens for spaces, the typographic apostrophe.
fn spellings(pattern: &str) -> impl Iterator<Item = String> {
    let hyphens = (pattern.is_ascii() && pattern.contains(' ')).then(|| pattern.replace(' ', "-"));
    let curly = pattern.contains('\'').then(|| pattern.replace('\'', "\u{2019}"));
    hyphens.into_iter().chain(curly)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexicon_can_be_read() {
        assert!(LEXICON.is_some());
        for line in WORDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (head, words) = line.split_once(": ").expect(line);
            assert!(matches!(head.split(' ').next(), Some("claim" | "goods" | "give" | "safe")), "{head}");
            assert!(words.split(" | ").all(|word| !word.is_empty() && word.trim() == word), "{line}");
        }
    }

    #[test]
    fn words_are_found_whole_and_the_longest_wins() {
        let check = |text: &str, expected: &[Word]| {
            let found: Vec<Word> = hits(text).map(|hit| hit.word).filter(|word| *word != Word::Safe).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("It is FREE", &[Word::Claim("free")]);
        check("Feel free to call, freely", &[]);
        check("two vouchers", &[Word::Number(2), Word::Goods("voucher")]);
        check("免費送您禮券", &[Word::Claim("free"), Word::Claim("gift"), Word::Goods("voucher")]);
        check("下週五", &[Word::Weekday(4, true)]);
    }

    #[test]
    fn a_word_is_not_cut() {
        let check = |text: &str, expected: &str| {
            let found: Vec<&str> =
                hits(text).filter(|hit| matches!(hit.word, Word::Claim(_))).map(|hit| &text[hit.start..hit.end]).collect();
            assert_eq!(found, [expected], "{text}");
        };
        check("接下來月費減免 {percent}", "月費減免");
        check("接下来月费减免 {percent}", "月费减免");
        check("月費減少", "月費減少");
        check("月費少付", "月費少付");
        check("月費減 {percent}", "月費減");
    }
}
