//! What the ledger lets through and what it holds back.
use crate::sample::{House, JULIA, Who};
use std::sync::LazyLock;
use winback_core::agents::communication::write;
use winback_core::claim::Value;
use winback_core::locale::Locale;
use winback_core::review::review;
use winback_core::template::Templates;

static HOUSE: LazyLock<House> = LazyLock::new(House::new);
static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap());

#[test]
fn a_ledger_points_at_the_words_of_the_finished_text() {
    for locale in Locale::ALL {
        let brief = HOUSE.brief(Who { name: Some("Anna-Maria"), ..JULIA }, locale, 3);
        for draft in write(&TEMPLATES, &brief).drafts {
            let message = review(&brief, TEMPLATES.phrases(), draft).unwrap();
            let record = message.record();
            let parts = record.content.parts();
            for entry in &record.ledger {
                let (_, text) = parts.iter().find(|(name, _)| *name == entry.part).unwrap();
                let words = text.get(entry.start as usize..entry.end as usize).unwrap();
                assert!(!words.is_empty() && !words.contains("Anna"), "{entry:?} {words}");
                if let Value::Promise { words: said, .. } | Value::Name { name: said } = &entry.value {
                    assert_eq!(words.trim(), said.trim());
                }
            }
            assert!(!record.ledger.is_empty());
        }
    }
}
