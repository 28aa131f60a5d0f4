//! What the review asks of a short message.
use super::Desk;
use crate::message::{Brief, Sms};
use crate::slot::{MAX_NAME_UNITS, Slot, SlotKind};
use crate::sms::{SmsCount, SmsEncoding, first_beyond_gsm7, refusal_words, tells_refusal};

/// The most UTF-16 units a short message may have when filled: one segment in either encoding.
pub const SMS_UNITS: usize = 70;

/// Returns the UTF-16 units of a text when its slots hold the longest values they can.
pub fn worst_case_units(text: &str, brief: &Brief) -> usize {
    worst_case(text, brief).encode_utf16().count()
}

/// Returns a text with the longest values its slots can hold.
fn worst_case(text: &str, brief: &Brief) -> String {
    let longest = |slot: Slot| match slot.kind() {
        SlotKind::Name => "名".repeat(MAX_NAME_UNITS),
        SlotKind::Link => brief.slots.usable(slot).unwrap_or_default().to_owned(),
    };
    if !text.contains("{{") {
        return text.to_owned();
    }
    Slot::ALL.into_iter().fold(text.to_owned(), |text, slot| text.replace(slot.marker(), &longest(slot)))
}

/// Returns how much of a short message of so many units to cut, and where there is something to cut.
pub(crate) fn what_to_cut(brief: &Brief, units: usize) -> String {
    let named = |id: &str, what: &str| {
        let fact = brief.facts.iter().find(|fact| fact.id == id)?;
        Some(format!("{what} {:?} ({}), ", fact.text, fact.text.encode_utf16().count()))
    };
    let (offer, company) = (named("offer.name", "the offer's name"), named("company.short_name", "the company's short name"));
    let (offer, company) = (offer.unwrap_or_default(), company.unwrap_or_default());
    let over = units.saturating_sub(SMS_UNITS);
    format!("{SMS_UNITS} fit one short message; cut {over} from {offer}{company}or from the wording of [sms]")
}

impl Desk<'_> {
    pub(super) fn sms(&mut self, sms: &Sms) {
        self.expect(!sms.text.trim().is_empty(), "text", "text-present", || "the text is empty; write one".into());
        self.one_segment(sms);
        let from = self.fact("company.short_name").map(|fact| fact.text.clone()).unwrap_or_default();
        let named = !from.trim().is_empty() && sms.text.contains(&from);
        self.expect(named, "text", "sender-named", || format!("the text does not say that it comes from {from:?}; begin with it"));
        self.names_offer("text", &sms.text);
        if self.brief.first_contact {
            self.refusal(sms);
        }
    }

    /// Seventy units are one segment in UCS-2 and in GSM-7; the segments are counted all the same, so that the
    /// review does not rest on the two constants agreeing.
    fn one_segment(&mut self, sms: &Sms) {
        let filled = worst_case(&sms.text, self.brief);
        let (units, count) = (filled.encode_utf16().count(), SmsCount::of(&filled));
        let brief = self.brief;
        self.expect(units <= SMS_UNITS && count.segments == 1, "text", "length", || {
            let odd = first_beyond_gsm7(&sms.text).filter(|c| c.is_ascii() || !c.is_alphabetic());
            let turned = odd.filter(|_| count.encoding == SmsEncoding::Ucs2 && brief.locale == crate::locale::Locale::En);
            let why = turned.map_or(String::new(), |c| format!("; {c:?} (U+{:04X}) is outside GSM-7 and halves the room", u32::from(c)));
            format!("the text has up to {units} UTF-16 units; {}{why}", what_to_cut(brief, units))
        });
    }

    /// A first message tells how to refuse the next one without paying for it.
    fn refusal(&mut self, sms: &Sms) {
        let locale = self.brief.locale;
        let told = tells_refusal(&sms.text, locale, &self.brief.company.phone);
        self.expect(told, "text", "refusal", || {
            format!(
                "the text is a first contact and tells no free way to refuse; add one of {} and what to answer",
                refusal_words(locale).join(", ")
            )
        });
    }
}
