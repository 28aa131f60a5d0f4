//! Phrases that a person approved by writing them into a template: the clauses of every
//! wording, with the cases they were written for. A claim in words that no fact states may
//! rest on one.
use super::reader::{Claim, Reading, read};
use super::value::Value;
use super::wordings::{Known, Wordings, forms};
use crate::digest::Digest;
use crate::locale::Locale;
use crate::manners::HouseRules;
use crate::message::{Brief, Channel};
use crate::offer::OfferKind;
use crate::review::{Tags, visible_text};
use crate::segment::SegmentId;
use crate::template::{Case, TemplatePart as Part, TemplateSection as Section};
use std::collections::BTreeSet;

/// What a template cannot approve: a company must be able to keep it, whoever typed it.
const NEVER: [&str; 9] = ["superlative", "guarantee", "urgency", "scarcity", "refund", "gift", "award", "lottery", "unlimited"];

/// Of these, the terms that an offer may have: what it gives. The others praise it or press, whatever it gives.
const TERMS: [&str; 3] = ["gift", "refund", "unlimited"];

/// The approved phrases of every template, by the cases they are for.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    /// Every clause of every wording.
    wordings: Wordings,
    /// The tags of the layout.
    tags: Tags,
    segments: Vec<SegmentId>,
    /// What the company never says, and how long its mails may be.
    pub(crate) house: HouseRules,
    /// Tells the phrases of different templates apart.
    id: u64,
}

/// A place in a draft.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    pub brief: &'a Brief,
    pub channel: Channel,
    pub part: &'a str,
}

impl Phrases {
    /// Returns no phrases, for templates whose segments have voices of their own.
    pub(crate) fn of_segments(segments: Vec<SegmentId>, id: u64) -> Self {
        Self { segments, id, tags: Tags::of(id), ..Self::default() }
    }

    /// Returns whether a kind of claim can be approved by no template, only by the company.
    pub(crate) fn never_approves(of: &str) -> bool {
        NEVER.contains(&of)
    }

    /// Returns whether an offer of a kind answers itself for such a claim, which no template can approve. A gift, money
    /// back, use without limit are its terms where it gives something; a service gives help alone.
    pub(crate) fn offer_states(kind: Option<OfferKind>, of: &str) -> bool {
        TERMS.contains(&of) && kind.is_some_and(|kind| kind != OfferKind::Service)
    }

    /// Returns the file and the line of the wording for this case that a clause of a draft is of, with marks where
    /// facts and slots stand.
    pub(crate) fn place(&self, clause: &str, spot: Spot<'_>, case: Case) -> Option<(&str, u32)> {
        self.wordings.place(clause, |known| fits(known, spot, case))
    }

    /// Returns what a line claims that stands word for word in a wording for this case.
    pub(crate) fn line(&self, line: &str, spot: Spot<'_>, case: Case) -> Option<&[Claim]> {
        self.wordings.line(line, |known| fits(known, spot, case))
    }

    /// Learns the words of one wording, and returns the claims that no template can approve, with their lines.
    pub(crate) fn learn(&mut self, section: &Section) -> BTreeSet<(usize, String)> {
        let html = section.part == Part::Html;
        if html {
            self.tags.learn(&section.text);
        }
        let text = if html { visible_text(&section.text) } else { section.text.clone() };
        let mut refused = BTreeSet::new();
        for locale in section.locale.map_or(Locale::ALL.to_vec(), |locale| vec![locale]) {
            self.wordings.learn(section, locale, &text);
            for form in forms(&text) {
                let claims = read(&form, &Reading { locale, day: jiff::civil::date(2000, 1, 1), currency: None });
                let needed =
                    claims.into_iter().filter(|claim| matches!(&claim.value, Value::Promise { of, .. } if Self::never_approves(of)));
                refused.extend(
                    needed.map(|claim| (section.line + form[..claim.span.start].matches('\n').count(), form[claim.span].to_owned())),
                );
            }
        }
        match section.part {
            Part::Forbidden => BTreeSet::new(),
            // An objection's first line is the customer's own.
            Part::Objection => refused.into_iter().filter(|(line, _)| *line != section.line).collect(),
            _ => refused,
        }
    }

    /// Returns whether a claim may rest on a wording: numbers, prices and dates come from facts alone.
    pub(crate) fn may_approve(value: &Value) -> bool {
        match value {
            Value::Promise { of, .. } => !Self::never_approves(of),
            value => matches!(value, Value::Name { .. }),
        }
    }

    /// Returns the tags of the layout.
    pub(crate) fn tags(&self) -> &Tags {
        &self.tags
    }

    /// Returns a number that tells the phrases of different templates apart.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Returns whether these are the phrases of the templates with a hash.
    pub(crate) fn are_of(&self, templates: &Digest) -> bool {
        self.id == Self::id_of(templates)
    }

    /// Returns the number that tells the phrases of templates with a hash apart from others.
    pub(crate) fn id_of(templates: &Digest) -> u64 {
        crate::brief::mix(0, &templates.0)
    }

    /// Returns the case of a brief.
    pub(crate) fn case(&self, brief: &Brief) -> Case {
        let place = |segment: &SegmentId| self.segments.iter().position(|known| known == segment).and_then(|at| u16::try_from(at).ok());
        let segment = brief.segment.as_ref().and_then(place);
        Case { goal: brief.goal, segment, kind: brief.kind, theme: brief.theme, tier: brief.tier, has: u32::MAX, seed: 0 }
    }
}

fn fits(known: &Known, spot: Spot<'_>, case: Case) -> bool {
    known.locale == spot.brief.locale && stands_in(known.section.part, spot.channel, spot.part) && known.section.fits(case)
}

/// Returns whether a part of a template comes to stand in a part of a message.
fn stands_in(part: Part, channel: Channel, name: &str) -> bool {
    match channel {
        Channel::Email if part == Part::Html => name == "html",
        Channel::Sms => part == Part::Sms,
        Channel::Email if part.file() == "email.jinja" => match part {
            Part::Subject => matches!(name, "subject" | "html"),
            Part::Preheader => matches!(name, "preheader" | "html"),
            _ => matches!(name, "text" | "html"),
        },
        Channel::Call if part.file() == "call.jinja" => match part {
            Part::Objection => name.starts_with("answer") || name.starts_with("objection"),
            Part::Forbidden => name.starts_with("forbidden"),
            Part::Outcome => name.starts_with("outcome"),
            part => name == part.tag(),
        },
        _ => false,
    }
}
