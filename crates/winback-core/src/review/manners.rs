//! Whether a draft is polite, keeps the company's own rules, and is short and easy enough for its reader.
use super::Desk;
use super::claims::ReadPart;
use super::memo::is_rude;
use crate::locale::Locale;
use crate::manners::{HouseRules, find};
use crate::message::Content;

impl Desk<'_> {
    /// Notes each phrase that no message says, wherever the company itself speaks, and a mail that is too long or too hard to read. Lines
    /// that are wordings were checked when the templates were read, and the facts they state are checked here.
    pub(super) fn manners(&mut self, house: &HouseRules, parts: &[ReadPart<'_>], content: &Content) {
        self.checks.push("manners");
        for read in parts.iter().filter(|read| !read.quoted) {
            let part = read.part;
            let rules = house.find(self.brief.locale, self.brief.segment.as_ref(), part.read);
            let open = read.open.join("\n");
            let said = if open.is_empty() { Vec::new() } else { find(&open) };
            for offence in said.into_iter().chain(rules) {
                self.find(&part.name, "manners", offence.to_string());
            }
        }
        for fact in self.brief.facts.iter().filter(|fact| fact.value.is_none() && is_rude(&fact.text)) {
            for offence in find(&fact.text) {
                self.find(&fact.id, "manners", offence.to_string());
            }
        }
        if let Content::Email(mail) = content {
            let segment = self.brief.segment.as_ref();
            if let Some((limit, length)) = house.too_long(self.brief.locale, segment, &mail.text) {
                let unit = if self.brief.locale == Locale::En { "words" } else { "characters" };
                let detail = format!("the mail has {length} {unit}, and [limits] allows {limit}; cut {}", length - limit);
                self.find("text", "mail-length", detail);
            }
            if let Some((limit, mean)) = house.too_hard(self.brief.locale, segment, &mail.text) {
                let unit = if self.brief.locale == Locale::En { "words" } else { "characters" };
                let detail = format!("the sentences have {mean:.2} {unit} on average, and [limits] allows {limit}; write shorter ones");
                self.find("text", "reading-level", detail);
            }
        }
    }
}
