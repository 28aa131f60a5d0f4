//! Whether a draft is polite, keeps the company's own rules and is short enough for its reader.
use super::{Desk, Part};
use crate::locale::Locale;
use crate::manners::{HouseRules, find};
use crate::message::Content;

impl Desk<'_> {
    /// Notes each phrase that no message says, wherever the company itself speaks.
    pub(super) fn manners(&mut self, house: &HouseRules, parts: &[Part<'_>], content: &Content) {
        self.checks.push("manners");
        let ours = |part: &&Part<'_>| !part.name.starts_with("forbidden") && !part.name.starts_with("objection");
        for part in parts.iter().filter(ours) {
            let rules = house.find(self.brief.locale, self.brief.segment.as_ref(), &part.read);
            for offence in find(&part.read).into_iter().chain(rules) {
                self.find(&part.name, "manners", offence.to_string());
            }
        }
        if let Content::Email(mail) = content {
            let unit = if self.brief.locale == Locale::En { "words" } else { "characters" };
            let excess = house.too_long(self.brief.locale, self.brief.segment.as_ref(), &mail.text);
            self.expect(excess.is_none(), "text", "mail-length", || {
                let (limit, length) = excess.unwrap_or_default();
                format!("the mail has {length} {unit}, and [limits] allows {limit}; cut {}", length - limit)
            });
        }
    }
}
