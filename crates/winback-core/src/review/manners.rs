//! Whether a draft is polite, keeps the company's own rules and is short enough for its reader.
use super::{Desk, Part};
use crate::locale::Locale;
use crate::manners::{HouseRules, find};
use crate::message::Content;
use std::borrow::Cow;

impl Desk<'_> {
    /// Notes each phrase that no message says, wherever the company itself speaks, and a mail that is too long.
    pub(super) fn manners(&mut self, house: &HouseRules, parts: &[Part<'_>], content: &Content) {
        self.checks.push("manners");
        let ours = |part: &&Part<'_>| !part.name.starts_with("forbidden") && !part.name.starts_with("objection");
        for part in parts.iter().filter(ours) {
            let read = said(part);
            let rules = house.find(self.brief.locale, self.brief.segment.as_ref(), &read);
            for offence in find(&read).into_iter().chain(rules) {
                self.find(&part.name, "manners", offence.to_string());
            }
        }
        if let Content::Email(mail) = content {
            let segment = self.brief.segment.as_ref();
            if let Some((limit, length)) = house.too_long(self.brief.locale, segment, &mail.text) {
                let unit = if self.brief.locale == Locale::En { "words" } else { "characters" };
                let detail = format!("the mail has {length} {unit}, and [limits] allows {limit}; cut {}", length - limit);
                self.find("text", "mail-length", detail);
            }
        }
    }
}

/// Returns what a person reads of a part. The blanks that stand for the tags of HTML indent nothing.
fn said<'a>(part: &'a Part<'_>) -> Cow<'a, str> {
    match part.name.as_ref() {
        "html" => Cow::Owned(part.read.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")),
        _ => Cow::Borrowed(&part.read),
    }
}
