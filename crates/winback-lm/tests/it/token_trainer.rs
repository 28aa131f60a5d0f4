//! A tokenizer made from texts.
use proptest::prelude::*;
use std::sync::LazyLock;
use winback_lm::{CONTROL, Tokens, train_tokens};

const TEXTS: [&str; 3] = [
    "Subject: thanks\n\nDear {{first_name}},\n\nwe suggest “{{offer.name}}”. {{offer.promise}}",
    "主旨：您好\n\n{{first_name}} 您好：\n\n這次想介紹給您的，是「{{offer.name}}」。{{offer.promise}}",
    "主题：您好\n\n{{first_name}}，您好！\n\n这次想向您介绍的，是“{{offer.name}}”。{{offer.promise}}",
];

fn made() -> String {
    train_tokens(TEXTS.iter().cycle().take(60).copied(), 400).unwrap()
}

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| Tokens::parse(&made(), "tokenizer.json".as_ref()).unwrap());

#[test]
fn the_same_texts_give_the_same_bytes() {
    assert_eq!(made(), made());
    let turned = train_tokens(TEXTS.iter().rev().cycle().take(60).copied(), 400).unwrap();
    assert_eq!(made(), turned, "in whatever order they come");
}

#[test]
fn a_marker_is_one_token_wherever_it_stands() {
    for marker in ["{{first_name}}", "{{offer.name}}", "{{offer.promise}}"] {
        let own = TOKENS.encode_text(marker).unwrap();
        assert_eq!(own.len(), 1, "{marker}");
        for text in [format!("“{marker}”."), format!("「{marker}」。"), format!("是{marker}的"), format!("Dear {marker},")] {
            let found = TOKENS.encode_text(&text).unwrap();
            assert_eq!(found.iter().filter(|id| **id == own[0]).count(), 1, "{text}: {found:?}");
        }
    }
}

#[test]
fn control_tokens_stand_behind_the_vocabulary_and_are_never_made_of_text() {
    let ids: Vec<u32> = CONTROL.iter().map(|token| TOKENS.id(token).unwrap()).collect();
    assert!((0..ids[0]).all(|id| TOKENS.token(id).is_some()) && TOKENS.token(ids[2] + 1).is_none() && ids[2] < 400);
    assert_eq!(ids, [ids[0], ids[0] + 1, ids[0] + 2]);
    for (token, id) in CONTROL.iter().zip(ids) {
        assert_eq!(TOKENS.encode_with_control(token).unwrap(), [id]);
        assert!(!TOKENS.encode_text(token).unwrap().contains(&id));
    }
}

proptest! {
    #[test]
    fn any_text_comes_back(text in any::<String>()) {
        let ids = TOKENS.encode_text(&text).unwrap();
        // The tokenizers of Qwen3 bring text to NFC first; what is in it already comes back as it was.
        let once = TOKENS.decode(&ids, true).unwrap();
        let again = TOKENS.decode(&TOKENS.encode_text(&once).unwrap(), true).unwrap();
        prop_assert_eq!(&again, &once);
        prop_assert!(!text.is_ascii() || once == text);
    }
}
