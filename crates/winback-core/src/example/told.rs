//! What an example tells beyond what is learned: for whom it is, and all that a review of a mail to them needs. No personal
//! data: slots are told by name, and amounts worked out from the customer's own cells are others of the same kind.
use super::MailSource;
use crate::claim::Value;
use crate::digest::Digest;
use crate::goal::Goal;
use crate::id::{CustomerId, Position};
use crate::locale::{Locale, Localized};
use crate::message::{Brief, Company, Fact, FactSource};
use crate::money::{Currency, Money};
use crate::offer::{OfferId, OfferKind};
use crate::risk::ValueTier;
use crate::schema::Theme;
use crate::segment::SegmentId;
use crate::slot::{Slot, SlotValues};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Facts that are amounts worked out from the customer's own cells, with the amount that stands in for each, in whole
/// units of its currency.
const AMOUNTS: [(&str, i64); 2] = [("charge.monthly", 100), ("offer.saving", 10)];
/// The fact that may state the saving as well.
const PROMISE: &str = "offer.promise";

/// What stands under Winback's own key of an example, as far as mails are judged by it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The customer.
    pub customer: Option<CustomerId>,
    /// The language.
    pub locale: Option<Locale>,
    /// What the mail wants to happen.
    pub goal: Option<Goal>,
    /// The offer; `None` where none is made.
    pub offer: Option<OfferId>,
    /// Who wrote the mail.
    pub source: Option<MailSource>,
    /// What a review needs besides; `None` in examples of others.
    pub review: Option<ReviewBasis>,
    /// What it was made with.
    pub versions: Option<MadeWith>,
}

/// What an example was made with, as far as mails are judged by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeWith {
    /// The hash of the wordings.
    pub words: Option<Digest>,
}

/// What a review of a mail needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewBasis {
    /// The day of writing.
    pub day: Date,
    /// Whether it is the first contact.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub first_contact: bool,
    /// The value tier, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<ValueTier>,
    /// The theme of the main reason, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// The kind of the offer; `None` where none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OfferKind>,
    /// The slots that have a value.
    pub slots: Vec<Slot>,
    /// The facts.
    pub facts: Vec<KeptFact>,
}

/// A fact as it stands in an example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFact {
    /// Its name.
    pub id: String,
    /// What it says.
    pub text: String,
    /// What it states, where it states one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl ReviewBasis {
    /// Returns what a review of the mails of a brief needs.
    pub fn of(brief: &Brief) -> Self {
        Self {
            day: brief.day,
            first_contact: brief.first_contact,
            tier: brief.tier,
            theme: brief.theme,
            kind: brief.kind,
            slots: Slot::ALL.into_iter().filter(|slot| brief.slots.usable(*slot).is_some()).collect(),
            facts: impersonal(&brief.facts),
        }
    }
}

impl Told {
    /// Returns the brief that mails of a segment are reviewed by; `None` where the example does not carry what that needs.
    /// Slots that have a value have one that nobody bears, and what is not needed for a review is left out.
    pub fn brief(&self, segment: &SegmentId) -> Option<Brief> {
        let (review, locale) = (self.review.as_ref()?, self.locale?);
        let fact = |fact: &KeptFact| Fact {
            id: fact.id.clone(),
            text: fact.text.clone(),
            value: fact.value.clone(),
            source: FactSource::Company { field: fact.id.clone() },
        };
        let facts: Vec<Fact> = review.facts.iter().map(fact).collect();
        let said = |id: &str| facts.iter().find(|fact| fact.id == id).map_or("", |fact| fact.text.as_str());
        let company = Company {
            name: Localized::same(said("company.name")),
            short_name: Localized::same(said("company.short_name")),
            address: Localized::same(said("company.address")),
            phone: said("company.phone").to_owned(),
            team: Localized::same(said("company.team")),
            unsubscribe_url: String::new(),
            approved: Vec::new(),
        };
        let value = |slot: Slot| review.slots.contains(&slot).then(|| stand_in(slot, locale).to_owned());
        Some(Brief {
            position: Position(0),
            customer: self.customer.clone()?,
            locale,
            goal: self.goal?,
            segment: Some(segment.clone()),
            day: review.day,
            first_contact: review.first_contact,
            level: None,
            tier: review.tier,
            theme: review.theme,
            offer: self.offer.clone(),
            kind: review.kind,
            company,
            slots: SlotValues {
                first_name: value(Slot::FirstName),
                unsubscribe_url: value(Slot::UnsubscribeUrl),
                agent_name: value(Slot::AgentName),
            },
            facts,
            seed: 0,
        })
    }
}

/// Returns what stands in a slot while a mail is reviewed that nobody is sent.
fn stand_in(slot: Slot, locale: Locale) -> &'static str {
    match (slot, locale) {
        (Slot::UnsubscribeUrl, _) => "https://example.com/unsubscribe",
        (_, Locale::En) => "Julia",
        (_, Locale::ZhTw) => "雅婷",
        (_, Locale::ZhCn) => "婷婷",
    }
}

/// Returns facts with other amounts of the same kind in place of those worked out from the customer's own cells.
fn impersonal(facts: &[Fact]) -> Vec<KeptFact> {
    let amount = |fact: &Fact| match (&fact.value, AMOUNTS.iter().find(|(id, _)| *id == fact.id)) {
        (Some(Value::Money { minor, currency: Some(currency), per, sense }), Some((_, units))) => {
            let instead = money(*units, *currency);
            let value = Value::Money { minor: instead.minor, currency: Some(*currency), per: *per, sense: *sense };
            Some((money_text(*minor, *currency), instead.to_string(), value))
        }
        _ => None,
    };
    let amounts: Vec<_> = facts.iter().filter_map(amount).collect();
    let kept = |fact: &Fact| {
        let (text, value) = match amount(fact) {
            Some((_, text, value)) => (text, Some(value)),
            None if fact.id == PROMISE => {
                (amounts.iter().fold(fact.text.clone(), |text, (own, instead, _)| replaced(&text, own, instead)), fact.value.clone())
            }
            None => (fact.text.clone(), fact.value.clone()),
        };
        KeptFact { id: fact.id.clone(), text, value }
    };
    facts.iter().map(kept).collect()
}

fn money(units: i64, currency: Currency) -> Money {
    Money { minor: units * currency.minor_per_major(), currency }
}

fn money_text(minor: i64, currency: Currency) -> String {
    Money { minor, currency }.to_string()
}

/// Returns a text with another amount in place of one, where that is not a piece of a longer number.
fn replaced(text: &str, own: &str, instead: &str) -> String {
    let (mut new, mut from) = (String::with_capacity(text.len() + instead.len()), 0);
    for (at, _) in text.match_indices(own) {
        let mut after = text[at + own.len()..].chars();
        let longer = match (after.next(), after.next()) {
            (Some(c), _) if c.is_ascii_digit() => true,
            (Some('.' | ','), Some(c)) => c.is_ascii_digit(),
            _ => false,
        };
        if !longer {
            new.push_str(&text[from..at]);
            new.push_str(instead);
            from = at + own.len();
        }
    }
    new + &text[from..]
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Sense, Unit};

    #[test]
    fn amounts_of_the_customer_do_not_stand_in_an_example() {
        let usd = Currency::parse("USD").unwrap();
        let source = FactSource::Company { field: "x".into() };
        let fact = |id: &str, text: &str, value| Fact { id: id.into(), text: text.into(), value, source: source.clone() };
        let monthly = |minor, sense| Some(Value::Money { minor, currency: Some(usd), per: Some(Unit::Month), sense });
        let facts = [
            fact("offer.promise", "You save $7.04 a month, and $7.045 is no $7.04, and so on", None),
            fact("offer.saving", "$7.04", monthly(704, Sense::Off)),
            fact("charge.monthly", "$70.35", monthly(7035, Sense::Paid)),
            fact("customer.favourites", "$7.04 films", None),
        ];
        let kept = impersonal(&facts);
        let said: Vec<(&str, &str)> = kept.iter().map(|fact| (fact.id.as_str(), fact.text.as_str())).collect();
        assert_eq!(
            said,
            [
                ("offer.promise", "You save $10 a month, and $7.045 is no $10, and so on"),
                ("offer.saving", "$10"),
                ("charge.monthly", "$100"),
                ("customer.favourites", "$7.04 films"),
            ]
        );
        assert_eq!(kept[1].value, monthly(1000, Sense::Off));
    }
}
