//! What the words of an offer may claim in a message: its terms, and nothing that nobody answers for.
use crate::sample::{DAY, House, JULIA};
use std::sync::LazyLock;
use winback_core::agents::communication::write_and_review;
use winback_core::locale::{Locale, Localized};
use winback_core::message::{Approved, Binding, Channel, Message};
use winback_core::offer::OfferKind;
use winback_core::store::Writing;
use winback_core::template::Templates;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::built_in().unwrap());

/// Returns what is written in English about JULIA's offer with other words, of another kind.
fn written(kind: OfferKind, name: &str, promise: &str, approved: Option<&str>) -> Writing {
    let mut house = House::new();
    let offer = house.catalogue.offers.iter_mut().find(|offer| Some(offer.id.0.as_str()) == JULIA.offer).unwrap();
    (offer.kind, offer.name.en, offer.promise.en) = (kind, name.to_owned(), promise.to_owned());
    let answered = |phrase: &str| Approved { phrase: Localized::same(phrase), by: "Mei".into(), on: DAY };
    house.company.approved.extend(approved.map(answered));
    write_and_review(&TEMPLATES, &house.brief(JULIA, Locale::En, 1))
}

const TERMS: &str = "{percent}% off your monthly charge for {months} months.";

#[test]
fn an_offer_claims_no_superlative_and_no_guarantee_by_itself() {
    let held = |kind, name: &str, promise: &str| {
        let writing = written(kind, name, promise, None);
        let bound = |channel| writing.findings.iter().any(|found| found.channel == channel && found.check == "claims-bound");
        assert!(bound(Channel::Email) && bound(Channel::Call), "{name}: {promise}: {:?}", writing.findings);
        // A short message states the name alone.
        let short = |message: &Message| message.record().content.channel() == Channel::Sms && promise != TERMS;
        assert!(writing.messages.iter().all(short), "{name}: {promise}");
    };
    let stands = |kind, name: &str, promise: &str| {
        let writing = written(kind, name, promise, None);
        assert_eq!((writing.messages.len(), writing.findings.as_slice()), (3, [].as_slice()), "{name}: {promise}");
    };
    stands(OfferKind::Discount, "Annual saver", TERMS);
    held(OfferKind::Discount, "The best plan ever, guaranteed", TERMS);
    for praise in
        ["The fastest network: ", "Guaranteed: ", "Only a few left: ", "From an award-winning team: ", "With a prize draw: ", "Hurry up: "]
    {
        held(OfferKind::Discount, "Annual saver", &format!("{praise}{TERMS}"));
    }
    // What an offer gives is the offer; a service gives help alone.
    for given in ["a bonus router, and ", "unlimited data, and ", "money back of the first bill, and "] {
        stands(OfferKind::Upgrade, "Annual saver", &format!("You get {given}{TERMS}"));
        held(OfferKind::Service, "Annual saver", &format!("You get {given}{TERMS}"));
    }
}

#[test]
fn an_approved_phrase_stands_in_an_offer_and_rests_on_the_approval() {
    let promise = format!("The fastest network in town: {TERMS}");
    let writing = written(OfferKind::Discount, "Annual saver", &promise, Some("The fastest network in town"));
    assert_eq!((writing.messages.len(), writing.findings.as_slice()), (3, [].as_slice()));
    let promising = writing.messages.iter().map(|message| message.record()).filter(|record| record.content.channel() != Channel::Sms);
    for record in promising {
        assert!(record.ledger.iter().any(|entry| entry.bound == Binding::Fact { id: "approved.1".into() }), "{:?}", record.ledger);
    }
    let other = written(OfferKind::Discount, "Annual saver", &promise, Some("the fastest in the country"));
    assert_eq!((other.messages.len(), other.findings.is_empty()), (1, false));
}
