//! How long a text takes to say on the telephone.
//!
//! Chinese is counted at four characters a second and English at two and a half words a second (150 a minute), the
//! pauses between sentences included. Both are slower than read aloud (Pellegrino, Coupé and Marsico, "A
//! cross-language perspective on speech information rate", Language 87(3), 2011: 5.2 syllables a second in Mandarin,
//! 6.2 in English), because a caller wants to be understood; they are assumptions, not measurements of a call centre.
//! Numbers count as they are spoken: an amount by its value (`12.80` is "twelve eighty"), a telephone number or a
//! year digit by digit. A slot or a blank counts as a name.
use crate::locale::Locale;

/// One Chinese character.
const CHARACTER_MS: u64 = 250;
/// One word of a language with spaces.
const WORD_MS: u64 = 400;
/// A name that is filled in later.
const NAME_MS: u64 = 1_000;
/// The longest number that is spoken by its value, in digits.
const LONGEST_VALUE: usize = 8;

/// Returns the seconds a text takes to say.
pub fn spoken_seconds(text: &str, locale: Locale) -> f64 {
    let (mut ms, mut rest) = (0, text);
    while let Some(c) = rest.chars().next() {
        let (spoken, length) = first_spoken(rest, c, locale);
        ms += spoken;
        rest = rest.get(length..).unwrap_or_default();
    }
    ms as f64 / 1_000.0
}

/// Returns how many units of its language can be said in some seconds: characters of Chinese, words of English.
pub(crate) fn units_in(seconds: f64, locale: Locale) -> u64 {
    (seconds * 1_000.0 / unit_ms(locale) as f64).ceil() as u64
}

fn unit_ms(locale: Locale) -> u64 {
    if locale == Locale::En { WORD_MS } else { CHARACTER_MS }
}

/// Returns the time of the first thing of a text, and its length in bytes.
fn first_spoken(text: &str, c: char, locale: Locale) -> (u64, usize) {
    let run = |of: fn(char) -> bool| text.find(|c| !of(c)).unwrap_or(text.len());
    match c {
        '{' if text.starts_with("{{") => (NAME_MS, text.find("}}").map_or(text.len(), |end| end + 2)),
        '_' | '＿' => (NAME_MS, run(|c| matches!(c, '_' | '＿'))),
        '%' | '％' => (if locale == Locale::En { WORD_MS } else { 3 * CHARACTER_MS }, c.len_utf8()),
        '$' | '€' | '£' | '¥' | '￥' => (if locale == Locale::En { WORD_MS } else { 2 * CHARACTER_MS }, c.len_utf8()),
        c if is_digit(c) => number(text, locale),
        c if is_spaced_letter(c) => {
            let length = text.find(|c| !is_spaced_letter(c) && c != '\'' && c != '\u{2019}').unwrap_or(text.len());
            // The letters of NT$ are said with its sign.
            (if text[length..].starts_with('$') { 0 } else { WORD_MS }, length)
        }
        c if c.is_alphabetic() => (CHARACTER_MS, c.len_utf8()),
        c => (0, c.len_utf8()),
    }
}

fn is_digit(c: char) -> bool {
    digit(c).is_some()
}

fn digit(c: char) -> Option<u64> {
    match c {
        '０'..='９' => Some(u64::from(c) - u64::from('０')),
        c => c.to_digit(10).map(u64::from),
    }
}

/// Returns whether a letter belongs to a language that parts its words with spaces.
fn is_spaced_letter(c: char) -> bool {
    c.is_alphabetic() && (c < '\u{2E80}' || matches!(c, '\u{FF21}'..='\u{FF5A}'))
}

/// Returns the time of the number a text begins with, and its length in bytes.
fn number(text: &str, locale: Locale) -> (u64, usize) {
    let length = number_length(text);
    let (written, after) = text.split_at(length);
    let digits: Vec<u64> = written.chars().filter_map(digit).collect();
    let whole_digits = written.split('.').next().unwrap_or_default().chars().filter_map(digit).count();
    let is_year = digits.len() == 4 && after.trim_start().starts_with('年');
    let is_code = written.contains(['-', ' ']) || (digits.first() == Some(&0) && whole_digits > 1) || whole_digits > LONGEST_VALUE;
    let units = if is_code || is_year || written.matches('.').count() > 1 {
        digits.len() as u64
    } else {
        let whole = digits.iter().take(whole_digits).fold(0, |value, digit| value * 10 + digit);
        let fraction = (digits.len() - whole_digits) as u64;
        let point = u64::from(fraction > 0);
        point + fraction + if locale == Locale::En { english_words(whole) } else { chinese_characters(whole) }
    };
    (units * unit_ms(locale), length)
}

/// Returns the length of the number a text begins with: digits, and what joins them. Only a number that begins
/// with 0, as telephone numbers do, goes on over a space.
fn number_length(text: &str) -> usize {
    let begins_with_zero = text.chars().next().and_then(digit) == Some(0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let joins = matches!(c, ',' | '.' | '-') || (c == ' ' && begins_with_zero);
        let goes_on = is_digit(c) || (joins && chars.peek().is_some_and(|(_, next)| is_digit(*next)));
        if !goes_on {
            return at;
        }
    }
    text.len()
}

/// Returns the words of a whole number: 342 is "three hundred forty-two", said as four.
fn english_words(value: u64) -> u64 {
    let below_thousand = |n: u64| {
        let (hundreds, rest) = (n / 100, n % 100);
        let tens = match rest {
            0 => 0,
            rest if rest < 20 || rest % 10 == 0 => 1,
            _ => 2,
        };
        2 * u64::from(hundreds > 0) + tens
    };
    let (millions, thousands, rest) = (value / 1_000_000, value / 1_000 % 1_000, value % 1_000);
    let named = |n: u64| if n == 0 { 0 } else { below_thousand(n) + 1 };
    (named(millions) + named(thousands) + below_thousand(rest)).max(1)
}

/// Returns the characters of a whole number: 1280 is 一千二百八十, 15 is 十五, 105 is 一百零五.
fn chinese_characters(value: u64) -> u64 {
    let below_ten_thousand = |n: u64| {
        let digits = [n / 1_000, n / 100 % 10, n / 10 % 10, n % 10];
        let spoken = digits.iter().zip([2, 2, 2, 1]).map(|(digit, characters)| if *digit == 0 { 0 } else { characters }).sum::<u64>();
        let inner_zero = digits.iter().skip_while(|digit| **digit == 0).collect::<Vec<_>>();
        let zeros = inner_zero.windows(2).filter(|pair| *pair[0] == 0 && *pair[1] != 0).count() as u64;
        // 十五 rather than 一十五.
        spoken + zeros - u64::from((10..20).contains(&n))
    };
    let (myriads, rest) = (value / 10_000, value % 10_000);
    let above = if myriads == 0 { 0 } else { below_ten_thousand(myriads % 10_000) + 1 };
    let joined = u64::from(myriads > 0 && rest > 0 && rest < 1_000);
    (above + joined + below_ten_thousand(rest)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_takes_the_time_of_its_words() {
        let check = |locale, text: &str, units: f64| {
            let seconds = units / if locale == Locale::En { 2.5 } else { 4.0 };
            assert_eq!(spoken_seconds(text, locale), seconds, "{text}");
        };
        check(Locale::ZhTw, "您好，請問現在方便說話嗎？", 11.0);
        check(Locale::En, "Is this a good moment?", 5.0);
        check(Locale::En, "I don’t mind", 3.0);
        check(Locale::En, "a one-year plan", 4.0);
        check(Locale::En, "Hello {{agent_name}}", 1.0 + 2.5);
        check(Locale::ZhCn, "我是＿＿＿＿", 2.0 + 4.0);
        // Telephone numbers and years, digit by digit.
        check(Locale::ZhTw, "0800-555-010", 10.0);
        check(Locale::ZhTw, "０８００", 4.0);
        check(Locale::En, "call 0800 000 123 now", 12.0);
        check(Locale::ZhTw, "2027 年 6 月 30 日", 4.0 + 1.0 + 1.0 + 1.0 + 2.0 + 1.0);
        check(Locale::En, "123456789", 9.0);
        // Amounts, by value.
        check(Locale::ZhTw, "月費少 15%", 3.0 + 2.0 + 3.0);
        check(Locale::En, "15% off for 12 months", 1.0 + 1.0 + 1.0 + 1.0 + 1.0 + 1.0);
        check(Locale::En, "$342", 4.0 + 1.0);
        check(Locale::ZhTw, "NT$1,280", 6.0 + 2.0);
        check(Locale::En, "12.80", 1.0 + 1.0 + 2.0);
        check(Locale::En, "0.5", 1.0 + 1.0 + 1.0);
        check(Locale::En, "…！ — 「」", 0.0);
        check(Locale::En, "", 0.0);
    }

    #[test]
    fn whole_numbers_are_said_as_people_say_them() {
        let check =
            |value: u64, characters, words| assert_eq!((chinese_characters(value), english_words(value)), (characters, words), "{value}");
        // 零 / zero, 十 / ten, 十五 / fifteen, 二十 / twenty, 八十五 / eighty five, 一百 / one hundred
        check(0, 1, 1);
        check(10, 1, 1);
        check(15, 2, 1);
        check(20, 2, 1);
        check(85, 3, 2);
        check(100, 2, 2);
        // 一百零五, 一百一十五, 三百四十二, 一千二百八十, 一千零八, 一萬零五百, 十二萬
        check(105, 4, 3);
        check(115, 5, 3);
        check(342, 5, 4);
        check(1_280, 6, 5);
        check(1_008, 4, 3);
        check(10_500, 5, 4);
        check(120_000, 3, 4);
        check(1_000_000, 3, 2);
    }

    proptest! {
        #[test]
        fn two_texts_take_as_long_as_both(one in "[a-z 您好。]{0,40}", other in "[a-z 您好。]{0,40}") {
            let ms = |text: &str| (spoken_seconds(text, Locale::ZhTw) * 1_000.0).round();
            prop_assert_eq!(ms(&format!("{one}。{other}")), ms(&one) + ms(&other));
        }

        #[test]
        fn any_text_takes_some_time_and_no_more_than_its_characters_allow(text in "\\PC{0,60}|[0-9,.-]{0,40}|[{}_%$]{0,20}") {
            for locale in Locale::ALL {
                let seconds = spoken_seconds(&text, locale);
                prop_assert!((0.0..=text.chars().count() as f64 * 4.0).contains(&seconds), "{seconds}");
            }
        }
    }
}
