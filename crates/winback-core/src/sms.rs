//! How a short message is sent: its encoding, its length, and how many segments
//! it takes, after 3GPP TS 23.038 (the alphabets) and TS 23.040 (the header of a
//! message in several parts). The words a customer refuses further messages with
//! stand here too.
use crate::locale::Locale;
use serde::Serialize;

/// The default alphabet of GSM 03.38 (TS 23.038, 6.2.1) without the escape, in the order of the table.
const BASIC: &str =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table (TS 23.038, 6.2.1.1): each takes an escape and one more unit.
const EXTENDED: &str = "\u{C}^{}\\[~]|€";

/// How the characters of a short message are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsEncoding {
    /// The default alphabet: seven bits a character, 160 in one segment.
    Gsm7,
    /// UCS-2: sixteen bits a unit, 70 in one segment. One character outside the default alphabet is enough for it.
    Ucs2,
}

impl SmsEncoding {
    /// Returns the name people know it by: `GSM-7`.
    pub fn label(self) -> &'static str {
        match self {
            SmsEncoding::Gsm7 => "GSM-7",
            SmsEncoding::Ucs2 => "UCS-2",
        }
    }

    /// Returns the units of a message of one segment, and of each segment of a longer one: the header that joins
    /// several takes six octets of each.
    fn capacity(self) -> (usize, usize) {
        match self {
            SmsEncoding::Gsm7 => (160, 153),
            SmsEncoding::Ucs2 => (70, 67),
        }
    }

    /// Returns the units a character takes.
    fn units(self, c: char) -> usize {
        match self {
            SmsEncoding::Gsm7 => 1 + usize::from(EXTENDED.contains(c)),
            SmsEncoding::Ucs2 => c.len_utf16(),
        }
    }
}

/// How long a short message is as it is sent and billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SmsCount {
    /// How it is sent.
    pub encoding: SmsEncoding,
    /// Its length in units of the encoding.
    pub units: usize,
    /// The segments it takes; an empty text takes one.
    pub segments: usize,
    /// The units that fit each of them.
    pub per_segment: usize,
    /// The units left in the last one.
    pub left: usize,
}

impl SmsCount {
    /// Counts a text. A pair of units that is one character (an escape and its letter, two surrogates) never
    /// parts over the end of a segment, so that a segment may stay one unit short.
    pub fn of(text: &str) -> Self {
        let encoding = if first_beyond_gsm7(text).is_some() { SmsEncoding::Ucs2 } else { SmsEncoding::Gsm7 };
        let units: usize = text.chars().map(|c| encoding.units(c)).sum();
        let (single, joined) = encoding.capacity();
        if units <= single {
            return Self { encoding, units, segments: 1, per_segment: single, left: single - units };
        }
        let (mut segments, mut left) = (1, joined);
        for wide in text.chars().map(|c| encoding.units(c)) {
            if wide > left {
                (segments, left) = (segments + 1, joined);
            }
            left -= wide;
        }
        Self { encoding, units, segments, per_segment: joined, left }
    }
}

/// Returns the first character that the default alphabet lacks, which turns the whole message into UCS-2: an
/// English text loses more than half of its room to one curly quote.
pub fn first_beyond_gsm7(text: &str) -> Option<char> {
    // Nearly every character is ASCII or Chinese, and the table need not be asked about those.
    text.chars().find(|&c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => false,
        '\u{2E80}'.. => true,
        c => !BASIC.contains(c) && !EXTENDED.contains(c),
    })
}

/// Returns the words by which a short message may tell how to refuse further ones.
pub fn refusal_words(locale: Locale) -> &'static [&'static str] {
    match locale {
        Locale::ZhTw => &["拒收", "不想再收"],
        Locale::ZhCn => &["拒收", "退订"],
        Locale::En => &["STOP"],
    }
}

/// Returns whether a short message tells a way to refuse further ones that costs no more than an answer: one of
/// the [`refusal_words`] with what to answer or the company's own number. `STOP` is both in one.
pub fn tells_refusal(text: &str, locale: Locale, phone: &str) -> bool {
    let told = |word: &&str| text.match_indices(*word).any(|(at, word)| is_way_out(text, at..at + word.len(), locale, phone));
    refusal_words(locale).iter().any(told)
}

fn is_way_out(text: &str, word: std::ops::Range<usize>, locale: Locale, phone: &str) -> bool {
    let (before, after) = (&text[..word.start], &text[word.end..]);
    if locale == Locale::En {
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        return !joined(before.chars().next_back()) && !joined(after.chars().next());
    }
    let named_after = after.find('回').is_some_and(|at| after[at..].chars().any(|c| c.is_ascii_alphanumeric()));
    named_after || names_answer_last(before) || (!phone.is_empty() && after.contains(phone))
}

/// Returns whether a text ends with what to answer: `回T`, `请回复 TD`.
fn names_answer_last(text: &str) -> bool {
    let code = text.trim_end();
    let verb = code.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    code.len() > verb.len() && ["回", "回复", "回覆", "回復"].iter().any(|word| verb.trim_end().ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_alphabet_is_that_of_the_standard() {
        assert_eq!((BASIC.chars().count(), EXTENDED.chars().count()), (127, 10));
        // Places of the table (TS 23.038, 6.2.1); the escape is at 0x1B, so what follows stands one earlier here.
        for (place, c) in
            [(0x00, '@'), (0x09, 'Ç'), (0x10, 'Δ'), (0x1A, 'Ξ'), (0x24, '¤'), (0x40, '¡'), (0x5F, '§'), (0x60, '¿'), (0x7F, 'à')]
        {
            assert_eq!(BASIC.chars().nth(if place > 0x1B { place - 1 } else { place }), Some(c), "{place:#x}");
        }
    }

    #[test]
    fn lengths_are_those_of_known_messages() {
        use SmsEncoding::{Gsm7, Ucs2};
        let check = |text: &str, (encoding, units, segments, per_segment, left)| {
            let shown: String = text.chars().take(12).collect();
            assert_eq!(SmsCount::of(text), SmsCount { encoding, units, segments, per_segment, left }, "{shown}… of {}", text.len());
        };
        check("", (Gsm7, 0, 1, 160, 160));
        check("Northwind: 15% off. STOP to opt out", (Gsm7, 35, 1, 160, 125));
        check(&"a".repeat(160), (Gsm7, 160, 1, 160, 0));
        check(&"a".repeat(161), (Gsm7, 161, 2, 153, 145));
        check(&"a".repeat(306), (Gsm7, 306, 2, 153, 0));
        check(&"a".repeat(307), (Gsm7, 307, 3, 153, 152));
        check(&"a".repeat(459), (Gsm7, 459, 3, 153, 0));
        check(&"a".repeat(460), (Gsm7, 460, 4, 153, 152));
        for pair in EXTENDED.chars() {
            check(&pair.to_string(), (Gsm7, 2, 1, 160, 158));
        }
        check(&"€".repeat(80), (Gsm7, 160, 1, 160, 0));
        // 76 pairs fill 152 of 153 units; the 77th goes to the next segment whole.
        check(&"€".repeat(81), (Gsm7, 162, 2, 153, 143));
        check(&format!("{}€", "a".repeat(159)), (Gsm7, 161, 2, 153, 145));
        check(&format!("{}€{}", "a".repeat(152), "a".repeat(7)), (Gsm7, 161, 2, 153, 144));
        check(&"名".repeat(70), (Ucs2, 70, 1, 70, 0));
        check(&"名".repeat(71), (Ucs2, 71, 2, 67, 63));
        check(&"名".repeat(134), (Ucs2, 134, 2, 67, 0));
        check(&"名".repeat(135), (Ucs2, 135, 3, 67, 66));
        check(&"😀".repeat(35), (Ucs2, 70, 1, 70, 0));
        // 33 pairs fill 66 of 67 units.
        check(&"😀".repeat(36), (Ucs2, 72, 2, 67, 61));
        check(&format!("{}😀{}", "名".repeat(66), "名".repeat(3)), (Ucs2, 71, 2, 67, 62));
        check("👩‍👧", (Ucs2, 5, 1, 70, 65));
        check(&format!("{}—", "a".repeat(70)), (Ucs2, 71, 2, 67, 63));
        check("[15%] 【北辰】", (Ucs2, 10, 1, 70, 60));
        check("ç", (Ucs2, 1, 1, 70, 69));
    }

    #[test]
    fn what_turns_an_english_message_into_ucs2_is_named() {
        let check = |text: &str, found: Option<char>| assert_eq!(first_beyond_gsm7(text), found, "{text}");
        check("Anything {like} this: 5 € @ £3, ok?\n", None);
        check("Your price — for you", Some('—'));
        check("Don’t miss “it”", Some('’'));
        check("a\tb", Some('\t'));
        check("`a`", Some('`'));
        check("北辰", Some('北'));
    }

    #[test]
    fn a_way_to_refuse_is_one_a_person_could_take() {
        let check = |locale, text: &str, told| assert_eq!(tells_refusal(text, locale, "0800-555-010"), told, "{text}");
        check(Locale::En, "Northwind: Annual saver. STOP to opt out", true);
        check(Locale::En, "Northwind: Annual saver. STOP=end", true);
        check(Locale::En, "Northwind: nonSTOP surfing", false);
        check(Locale::En, "Northwind: you can stop worrying", false);
        check(Locale::ZhTw, "【北辰】「年約優惠」。拒收請回 N", true);
        check(Locale::ZhTw, "【北辰】「年約優惠」。不想再收簡訊請回N", true);
        check(Locale::ZhTw, "【北辰】「年約優惠」。拒收請撥 0800-555-010", true);
        check(Locale::ZhTw, "【北辰】「年約優惠」。拒收", false);
        check(Locale::ZhTw, "【北辰】回覆 1 接受「年約優惠」，請勿拒收", false);
        check(Locale::ZhCn, "【北辰】“年约优惠”。拒收请回复R", true);
        check(Locale::ZhCn, "【北辰】“年约优惠”。回T退订", true);
        check(Locale::ZhCn, "【北辰】“年约优惠”。请回复 TD 退订", true);
        check(Locale::ZhCn, "【北辰】“年约优惠”。T退订", false);
        check(Locale::ZhCn, "【北辰】“年约优惠”。", false);
    }

    proptest! {
        #[test]
        fn another_character_never_shortens_a_message(text in "[a-z€\\[—名😀]{0,320}", more in "[a€名😀—]", at in 0_usize..321) {
            let longer: String = {
                let chars: Vec<char> = text.chars().collect();
                let at = at.min(chars.len());
                chars[..at].iter().copied().chain(more.chars()).chain(chars[at..].iter().copied()).collect()
            };
            let (before, after) = (SmsCount::of(&text), SmsCount::of(&longer));
            prop_assert!(after.segments >= before.segments, "{before:?} {after:?}");
            prop_assert!(after.encoding != before.encoding || after.units > before.units);
        }

        #[test]
        fn segments_hold_the_text_and_none_is_empty(text in "\\PC{0,400}|[a€]{140,330}|[名😀]{60,150}") {
            let SmsCount { units, segments, per_segment, left, .. } = SmsCount::of(&text);
            prop_assert!(segments * per_segment >= units + left);
            // Every full segment lacks at most the one unit of a pair that did not fit.
            prop_assert!(units + left + segments > segments * per_segment);
            prop_assert!(left < per_segment || units == 0);
        }

        #[test]
        fn seventy_units_are_one_segment_in_either_encoding(text in "[a€\\[—名😀]{0,70}") {
            let short = text.encode_utf16().count() <= 70;
            prop_assert!(!short || SmsCount::of(&text).segments == 1);
        }
    }
}
