//! Laws of reading that hold for any text.
use super::{Reading, read};
use crate::locale::Locale;
use crate::money::Currency;
use proptest::prelude::*;

fn reading(locale: Locale) -> Reading {
    Reading { locale, day: jiff::civil::date(2026, 11, 21), currency: Currency::parse("USD").ok() }
}

/// Texts of pieces that meet in odd ways.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,4}",
        "[0-9]{1,12}",
        Just("１５％".to_owned()),
        Just("三成五".to_owned()),
        Just("民國116年6月".to_owned()),
        Just("June ".to_owned()),
        Just("in ".to_owned()),
        Just("twenty-five ".to_owned()),
        Just("hundred million billion ".to_owned()),
        Just("$".to_owned()),
        Just(" per month".to_owned()),
        Just("億萬千年半".to_owned()),
        Just("後".to_owned()),
        Just("{{first_name}}".to_owned()),
        Just("「".to_owned()),
        Just("”“".to_owned()),
        Just(" - ".to_owned()),
        Just("免 費".to_owned()),
        Just("f r e e".to_owned()),
        Just("up to ".to_owned()),
        Just("\u{FE0F}\u{20E3}".to_owned()),
        Just("é\u{301}".to_owned()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in prop_oneof![".{0,80}", pieces()], at in 0_usize..3) {
        for claim in read(&text, &reading(Locale::ALL[at])) {
            prop_assert!(claim.span.start < claim.span.end, "{claim:?}");
            prop_assert!(text.get(claim.span.clone()).is_some(), "{claim:?}");
            for locale in Locale::ALL {
                prop_assert!(!claim.value.say(locale).is_empty(), "{claim:?}");
            }
        }
    }

    #[test]
    fn a_number_is_found_however_it_is_set(number in 11_i64..999_999, words in "[a-z ]{0,10}") {
        let wide: String = number.to_string().chars().filter_map(|c| char::from_u32(u32::from(c) - 0x30 + 0xFF10)).collect();
        for text in [format!("{words} {number} {words}"), format!("{words}{wide}{words}"), format!("{words}（{number}）")] {
            prop_assert!(!read(&text, &reading(Locale::En)).is_empty(), "{text}");
        }
    }
}
