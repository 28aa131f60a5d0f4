//! What a wording can be a wording of, and the names it may use.
use crate::message::Channel;

/// What a section is a wording of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Subject,
    Preheader,
    Greeting,
    Opening,
    Offer,
    Saving,
    Action,
    Until,
    Button,
    Thanks,
    Signature,
    Why,
    Refuse,
    RefuseLabel,
    Text,
    Html,
    Sms,
    CallOpening,
    CallReason,
    CallOffer,
    Objection,
    Forbidden,
    CallClose,
    Outcome,
}

impl Part {
    pub(crate) const COUNT: usize = Self::ALL.len();
    /// Every part in the order of the enum.
    pub(crate) const ALL: [Part; 24] = [
        Part::Subject,
        Part::Preheader,
        Part::Greeting,
        Part::Opening,
        Part::Offer,
        Part::Saving,
        Part::Action,
        Part::Until,
        Part::Button,
        Part::Thanks,
        Part::Signature,
        Part::Why,
        Part::Refuse,
        Part::RefuseLabel,
        Part::Text,
        Part::Html,
        Part::Sms,
        Part::CallOpening,
        Part::CallReason,
        Part::CallOffer,
        Part::Objection,
        Part::Forbidden,
        Part::CallClose,
        Part::Outcome,
    ];
    /// The parts a mail is put together from before its layout.
    pub(crate) const OF_EMAIL: [Part; 14] = [
        Part::Subject,
        Part::Preheader,
        Part::Greeting,
        Part::Opening,
        Part::Offer,
        Part::Saving,
        Part::Action,
        Part::Until,
        Part::Button,
        Part::Thanks,
        Part::Signature,
        Part::Why,
        Part::Refuse,
        Part::RefuseLabel,
    ];

    /// Returns the name of the section.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Part::Subject => "subject",
            Part::Preheader => "preheader",
            Part::Greeting => "greeting",
            Part::Opening | Part::CallOpening => "opening",
            Part::Offer | Part::CallOffer => "offer",
            Part::Saving => "saving",
            Part::Action => "action",
            Part::Until => "until",
            Part::Button => "button",
            Part::Thanks => "thanks",
            Part::Signature => "signature",
            Part::Why => "why",
            Part::Refuse => "refuse",
            Part::RefuseLabel => "refuse_label",
            Part::Text => "text",
            Part::Html => "html",
            Part::Sms => "sms",
            Part::CallReason => "reason",
            Part::Objection => "objection",
            Part::Forbidden => "forbidden",
            Part::CallClose => "close",
            Part::Outcome => "outcome",
        }
    }

    /// Returns the file the part stands in.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Part::Html => "email.html.jinja",
            Part::Sms => "sms.jinja",
            Part::CallOpening
            | Part::CallReason
            | Part::CallOffer
            | Part::Objection
            | Part::Forbidden
            | Part::CallClose
            | Part::Outcome => "call.jinja",
            _ => "email.jinja",
        }
    }

    /// Returns the channel it is said in.
    pub(crate) fn channel(self) -> Channel {
        match self.file() {
            "sms.jinja" => Channel::Sms,
            "call.jinja" => Channel::Call,
            _ => Channel::Email,
        }
    }

    /// Returns whether a layout of parts, which may ask for things that are missing.
    pub(crate) fn is_layout(self) -> bool {
        matches!(self, Part::Text | Part::Html)
    }

    /// Returns whether a text can do without the part.
    pub(crate) fn is_optional(self) -> bool {
        matches!(self, Part::Saving | Part::Until)
    }

    /// Returns whether there are several of the part, each with an id.
    pub(crate) fn has_ids(self) -> bool {
        matches!(self, Part::Objection | Part::Forbidden | Part::Outcome)
    }
}

/// The names a wording may use; a fact's place is its bit.
pub(crate) const NAMES: [&str; 18] = [
    "company.name",
    "company.short_name",
    "company.address",
    "company.phone",
    "company.team",
    "offer.name",
    "offer.promise",
    "offer.percent",
    "offer.months",
    "offer.saving",
    "offer.until",
    "charge.monthly",
    "slot.first_name",
    "slot.unsubscribe_url",
    "slot.agent_name",
    "company.tel",
    "customer.days_inactive",
    "customer.favourites",
];
/// The names every brief has: the company's.
pub(crate) const ALWAYS: u32 = 0b1000_0000_0001_1111 | 1 << 14;
/// The names every brief with an offer has besides.
pub(crate) const WITH_OFFER: u32 = 0b110_0000;
/// The names only a brief with an offer can have.
pub(crate) const OF_OFFER: u32 = 0b1111_1110_0000;

/// Returns the bit of a name, or 0 for an unknown one.
pub(crate) fn bit(name: &str) -> u32 {
    super::texts::place_of(name).map_or(0, |at| 1 << at)
}

/// Returns whether a name is a part of the mail that a layout may put in: `part.offer`.
pub(crate) fn is_part(name: &str) -> bool {
    name.strip_prefix("part.").is_some_and(|tag| Part::OF_EMAIL.iter().any(|part| part.tag() == tag))
}
