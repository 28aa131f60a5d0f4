//! Laws of a text that comes piece by piece.
use crate::fixtures::fixtures;
use proptest::prelude::*;
use std::sync::LazyLock;
use winback_lm::Tokens;
use winback_lm::stream::{Stops, TextStream};

static TOKENS: LazyLock<Option<Tokens>> =
    LazyLock::new(|| Some(Tokens::load(&fixtures()?.join("tokenizer/tokenizer.json"), 512, &[2]).unwrap()));

/// Returns what is shown of a text that comes in these pieces, and whether a stop string ended it.
fn shown(stops: &[&str], pieces: &[&str]) -> (String, bool) {
    let mut search = Stops::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
    let mut text: String = pieces.iter().map(|piece| search.push(piece)).collect();
    text.push_str(&search.finish());
    (text, search.stopped())
}

#[test]
#[rustfmt::skip]
fn a_stop_string_ends_the_text_wherever_pieces_begin() {
    let check = |stops: &[&str], pieces: &[&str], text: &str, stopped: bool| assert_eq!(shown(stops, pieces), (text.to_owned(), stopped), "{stops:?} {pieces:?}");
    check(&["END"], &["abc", "E", "N", "D", "def"], "abc", true);
    check(&["END"], &["abcE", "NE", "NDx"], "abcEN", true);
    check(&["END"], &["abc EN"], "abc EN", false);
    check(&["aab"], &["aa", "ab"], "a", true);
    check(&["謝謝"], &["好,謝", "謝"], "好,", true);
    check(&["b", "abc"], &["xab"], "xa", true);
    check(&["abc", "b"], &["xabc"], "xa", true);
    check(&["abc", "b"], &["xab", "c"], "xa", true);
    check(&["bc", "abc", "c"], &["xabc"], "x", true);
    check(&[""], &["x"], "x", false);
    check(&[], &["x", "y"], "xy", false);
}

#[test]
fn only_what_could_be_a_stop_is_held_back() {
    let mut search = Stops::new(vec!["\n\n".into(), "Bye".into()]);
    assert_eq!([search.push("Hello\n"), search.push("B"), search.push("ye"), search.push("!")], ["Hello", "\n", "", ""]);
    assert!(search.stopped());
}

#[test]
fn only_an_unfinished_letter_is_held_back() {
    let Some(tokens) = TOKENS.as_ref() else { return };
    let mut stream = TextStream::default();
    let mut shown = |text: &str| {
        let ids = tokens.encode_text(text).unwrap();
        ids.into_iter().map(|id| stream.push(tokens, id)).collect::<Vec<_>>().concat()
    };
    assert_eq!(shown("a\u{fffd}"), "a\u{fffd}", "a letter as good as any other");
    assert_eq!(shown("\u{fffd}\u{fffd}"), "\u{fffd}\u{fffd}");
    let bytes: Vec<u32> = (0..512).filter(|id| tokens.bytes(*id) == [0xE8]).collect();
    let [first] = bytes[..] else { panic!("{bytes:?}") };
    assert_eq!([stream.push(tokens, first), stream.push(tokens, first), stream.finish()], ["", "\u{fffd}", "\u{fffd}"]);
    assert!((0..512).all(|id| tokens.bytes(id).len() < 40));
}

proptest! {
    #[test]
    fn pieces_change_nothing_about_a_stop(
        text in "[ab謝]{0,24}", stops in prop::collection::vec("[ab謝]{1,4}", 1..4), cuts in prop::collection::vec(0..24_usize, 0..6)
    ) {
        let mut letters: Vec<char> = text.chars().collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(letters.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        for cut in cuts.into_iter().rev() {
            pieces.insert(0, letters.split_off(cut).into_iter().collect::<String>());
        }
        pieces.insert(0, letters.into_iter().collect());
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let ends = stops.iter().filter_map(|stop| text.find(stop).map(|at| (at + stop.len(), at)));
        let expected = ends.min().map_or((text.clone(), false), |(_, at)| (text[..at].to_owned(), true));
        prop_assert_eq!(shown(&stops.iter().map(String::as_str).collect::<Vec<_>>(), &pieces), expected);
    }

    #[test]
    fn a_text_that_comes_id_by_id_is_the_text(text in "[a-z 東京é🙂\n]{0,30}") {
        let Some(tokens) = TOKENS.as_ref() else { return Ok(()) };
        let ids = tokens.encode_text(&text).unwrap();
        let mut stream = TextStream::default();
        let mut pieces: Vec<String> = ids.iter().map(|id| stream.push(tokens, *id)).collect();
        let broken = pieces.iter().any(|piece| piece.contains(char::REPLACEMENT_CHARACTER));
        prop_assert!(!broken);
        pieces.push(stream.finish());
        prop_assert_eq!(pieces.concat(), tokens.decode(&ids, false).unwrap());
    }

    #[test]
    fn any_ids_give_the_text_of_all_of_them_in_the_end(ids in prop::collection::vec(0..512_u32, 0..24)) {
        let Some(tokens) = TOKENS.as_ref() else { return Ok(()) };
        let mut stream = TextStream::default();
        let mut text: String = ids.iter().map(|id| stream.push(tokens, *id)).collect();
        text.push_str(&stream.finish());
        prop_assert_eq!(text, tokens.decode(&ids, false).unwrap());
    }
}
