//! The claims of a customer's messages: each with the sentence it stands in and what it rests on, and
//! the texts cut where their claims begin and end.
use super::Named;
use crate::strings::{Strings, fill};
use crate::url;
use serde::Serialize;
use std::cmp::Reverse;
use std::ops::Range;
use winback_core::claim::Value;
use winback_core::customer::Customer;
use winback_core::message::{Binding, FactSource, LedgerEntry, MessageRecord};
use winback_core::money::group_thousands;
use winback_core::portfolio::Context;

/// One claim of a message and what it rests on.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ClaimView {
    /// The channel of the message.
    pub channel: Named,
    /// The part it stands in: `subject`, `answer 2`.
    pub part: Named,
    /// Where it begins in that part, in bytes of UTF-8.
    pub start: u32,
    /// Where it ends, excluded.
    pub end: u32,
    /// The sentence it stands in; empty where its place is not in the text.
    pub sentence: String,
    /// Its words; empty where its place is not in the text.
    pub words: String,
    /// What it states.
    #[schema(value_type = Object)]
    pub value: Value,
    /// What it states, in words.
    pub said: String,
    /// What it rests on.
    pub support: SupportView,
    /// Why it is not marked in the text; absent where it is.
    pub unmarked: Option<Named>,
    /// What is marked of the text: its words, or the whole text of its fact around them.
    #[serde(skip)]
    pub mark: Range<usize>,
    /// The words that are marked.
    #[serde(skip)]
    pub shown: String,
    /// The id of its explanation in the page.
    #[serde(skip)]
    pub tip: String,
}

/// What a claim rests on.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SupportView {
    /// The fact's id; absent where the claim rests on approved wording.
    pub fact: Option<String>,
    /// The fact as it stands in a text; absent where the message does not keep it.
    pub text: Option<String>,
    /// Where the fact comes from; absent where the claim rests on approved wording.
    #[schema(value_type = Option<Object>)]
    pub from: Option<FactSource>,
    /// Where it comes from, in words.
    pub source: String,
    /// The place of a page that shows the source.
    #[serde(skip)]
    pub href: Option<String>,
}

/// A stretch of a text: a claim, or what stands between two.
pub(crate) struct Piece<'a> {
    pub text: &'a str,
    pub claim: Option<&'a ClaimView>,
}

/// A sentence with the claims it makes.
pub(crate) struct SentenceRow<'a> {
    pub channel: &'a Named,
    pub part: &'a Named,
    pub text: &'a str,
    pub claims: Vec<&'a ClaimView>,
}

/// Puts sources into words, with the place of a page that shows each.
pub(crate) struct Sources<'a> {
    pub context: &'a Context,
    pub customer: &'a Customer,
    pub s: &'a Strings,
}

impl Sources<'_> {
    /// Returns the claims of a message, in the order of its ledger; `tips` is how their explanations are named.
    pub(crate) fn claims(&self, record: &MessageRecord, tips: &str) -> Vec<ClaimView> {
        let parts = record.content.parts();
        let texts: Vec<Option<&str>> =
            record.ledger.iter().map(|entry| parts.iter().find(|(name, _)| *name == entry.part).map(|(_, text)| *text)).collect();
        let overlaps = overlapping(&record.ledger, &texts);
        let marks = marks(record, &texts);
        let claim = |at: usize| {
            let claim = self.claim(record, &record.ledger[at], (texts[at], overlaps[at]), format!("{tips}-{at}"));
            let shown = texts[at].and_then(|text| text.get(marks[at].clone())).unwrap_or_default().to_owned();
            ClaimView { mark: marks[at].clone(), shown, ..claim }
        };
        (0..record.ledger.len()).map(claim).collect()
    }

    fn claim(&self, record: &MessageRecord, entry: &LedgerEntry, (text, overlaps): (Option<&str>, bool), tip: String) -> ClaimView {
        let s = self.s;
        let found = text.and_then(|text| Some((text, words_of(text, entry)?)));
        let unmarked = match found {
            None => Some(Named::new("outside", s.claim_outside)),
            Some(_) if overlaps => Some(Named::new("overlaps", s.claim_overlaps)),
            Some(_) => None,
        };
        let channel = record.content.channel();
        ClaimView {
            channel: Named::new(channel.tag(), s.channel(channel)),
            part: Named::new(&entry.part, &part_label(&entry.part, s)),
            start: entry.start,
            end: entry.end,
            sentence: found.map_or_else(String::new, |(text, words)| sentence(text, entry.start as usize, words.len()).to_owned()),
            words: found.map_or_else(String::new, |(_, words)| words.to_owned()),
            value: entry.value.clone(),
            said: entry.value.say(s.locale),
            support: self.support(record, &entry.bound),
            unmarked,
            mark: 0..0,
            shown: String::new(),
            tip,
        }
    }

    fn support(&self, record: &MessageRecord, bound: &Binding) -> SupportView {
        match bound {
            Binding::Phrase { file, line } => {
                let source = fill(self.s.fact_phrase, &[("file", file), ("line", &line.to_string())]);
                SupportView { fact: None, text: None, from: None, source, href: None }
            }
            Binding::Fact { id } => match record.facts.iter().find(|fact| fact.id == *id) {
                Some(fact) => SupportView {
                    fact: Some(id.clone()),
                    text: Some(fact.text.clone()),
                    from: Some(fact.source.clone()),
                    source: self.words(&fact.source),
                    href: self.href(&fact.source),
                },
                None => {
                    let source = fill(self.s.fact_lost, &[("id", id)]);
                    SupportView { fact: Some(id.clone()), text: None, from: None, source, href: None }
                }
            },
        }
    }

    /// Returns a source in words: `line 1,234 of the table, column MonthlyCharges`.
    pub(crate) fn words(&self, source: &FactSource) -> String {
        match source {
            FactSource::Cell { line, column } => {
                fill(self.s.fact_cell, &[("line", &group_thousands(&line.to_string())), ("column", column)])
            }
            FactSource::Offer { offer, field } => fill(self.s.fact_offer, &[("offer", &offer.0), ("field", field)]),
            FactSource::Company { field } => fill(self.s.fact_company, &[("field", field)]),
        }
    }

    /// Returns the place that shows a source: the field among this customer's basics, or the offer in the catalogue.
    fn href(&self, source: &FactSource) -> Option<String> {
        match source {
            FactSource::Cell { line, column } if *line == self.customer.line => {
                self.context.table.index_of(column).map(|column| format!("#{}", field_anchor(column)))
            }
            FactSource::Offer { offer, .. } => {
                let known = self.context.catalogue.offer(offer)?;
                Some(format!("/strategy#{}", url::encode(&offer_anchor(&known.id.0))))
            }
            FactSource::Cell { .. } | FactSource::Company { .. } => None,
        }
    }
}

/// Returns what a field of the basics is named in the page.
pub(crate) fn field_anchor(column: usize) -> String {
    format!("field-{column}")
}

/// Returns what an offer of the catalogue is named in the strategy page.
pub(crate) fn offer_anchor(id: &str) -> String {
    format!("offer-{id}")
}

/// Returns a text of a message cut where its marked claims begin and end; together the pieces are the text.
pub(crate) fn pieces<'a>(claims: &'a [ClaimView], channel: &str, part: &str, text: &'a str) -> Vec<Piece<'a>> {
    let here = |claim: &&ClaimView| claim.unmarked.is_none() && claim.channel.tag == channel && claim.part.tag == part;
    let mut marked: Vec<&ClaimView> = claims.iter().filter(here).collect();
    marked.sort_by_key(|claim| claim.mark.start);
    let (mut pieces, mut done) = (Vec::new(), 0);
    for claim in marked {
        let Range { start, end } = claim.mark;
        let (Some(before), Some(words)) = (text.get(done..start), text.get(start..end)) else { continue };
        pieces.push(Piece { text: before, claim: None });
        pieces.push(Piece { text: words, claim: Some(claim) });
        done = end;
    }
    pieces.push(Piece { text: text.get(done..).unwrap_or_default(), claim: None });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// Returns the claims by the sentence they stand in, in the order of the ledger.
pub(crate) fn by_sentence(claims: &[ClaimView]) -> Vec<SentenceRow<'_>> {
    let mut rows: Vec<SentenceRow<'_>> = Vec::new();
    for claim in claims {
        match rows.last_mut() {
            Some(row) if (row.channel, row.part, row.text) == (&claim.channel, &claim.part, claim.sentence.as_str()) => {
                row.claims.push(claim);
            }
            _ => rows.push(SentenceRow { channel: &claim.channel, part: &claim.part, text: &claim.sentence, claims: vec![claim] }),
        }
    }
    rows
}

/// Returns the words of a claim; `None` where its place is not in the text.
fn words_of<'a>(text: &'a str, entry: &LedgerEntry) -> Option<&'a str> {
    text.get(entry.start as usize..entry.end as usize).filter(|words| !words.is_empty())
}

/// Returns for each claim whether it overlaps one that begins before it, or a longer one that begins where it does.
fn overlapping(ledger: &[LedgerEntry], texts: &[Option<&str>]) -> Vec<bool> {
    let fits = |at: &usize| texts[*at].is_some_and(|text| words_of(text, &ledger[*at]).is_some());
    let mut order: Vec<usize> = (0..ledger.len()).filter(fits).collect();
    order.sort_by_key(|&at| (&ledger[at].part, ledger[at].start, Reverse(ledger[at].end)));
    let mut overlaps = vec![false; ledger.len()];
    let mut last: Option<&LedgerEntry> = None;
    for at in order {
        let entry = &ledger[at];
        match last {
            Some(before) if before.part == entry.part && entry.start < before.end => overlaps[at] = true,
            _ => last = Some(entry),
        }
    }
    overlaps
}

/// Returns what is marked of its text for each claim: the whole text of its fact where that stands around its words
/// and reaches into no other mark, else its words.
fn marks(record: &MessageRecord, texts: &[Option<&str>]) -> Vec<Range<usize>> {
    let ledger = &record.ledger;
    let mut marks: Vec<Range<usize>> = ledger.iter().map(|entry| entry.start as usize..entry.end as usize).collect();
    for (at, entry) in ledger.iter().enumerate() {
        let Some(wide) = texts[at].and_then(|text| whole_fact(record, entry, text)) else { continue };
        let others = ledger.iter().zip(&marks).enumerate().filter(|(other, (one, _))| *other != at && one.part == entry.part);
        let free = others.into_iter().all(|(_, (_, mark))| mark.end <= wide.start || wide.end <= mark.start);
        if free {
            marks[at] = wide;
        }
    }
    marks
}

/// Returns where the whole text of a claim's fact stands around the claim's words.
fn whole_fact(record: &MessageRecord, entry: &LedgerEntry, text: &str) -> Option<Range<usize>> {
    let Binding::Fact { id } = &entry.bound else { return None };
    words_of(text, entry)?;
    let fact = record.facts.iter().find(|fact| fact.id == *id)?.text.as_str();
    let mut places = text.match_indices(fact).map(|(start, fact)| start..start + fact.len());
    places.find(|place| place.start <= entry.start as usize && entry.end as usize <= place.end)
}

/// Returns the sentence around the words that begin at a byte.
fn sentence(text: &str, start: usize, length: usize) -> &str {
    let ends = |(at, mark): (usize, char)| {
        let after = &text[at + mark.len_utf8()..];
        let stop = match mark {
            '。' | '！' | '？' | '\n' => true,
            '.' | '!' | '?' => after.is_empty() || after.starts_with(char::is_whitespace),
            _ => false,
        };
        stop.then_some(at + mark.len_utf8())
    };
    let ends: Vec<usize> = text.char_indices().filter_map(ends).collect();
    let from = ends.iter().rev().find(|end| **end <= start).copied().unwrap_or(0);
    let to = ends.iter().find(|end| **end >= start + length).copied().unwrap_or(text.len());
    text[from..to].trim()
}

/// Returns a part of a message in words: `Subject`, `Our answer 2`.
pub(crate) fn part_label(part: &str, s: &Strings) -> String {
    let (name, number) = part.split_once(' ').map_or((part, ""), |(name, number)| (name, number));
    let label = match name {
        "subject" => s.mail_subject,
        "preheader" => s.mail_preheader,
        "text" => s.part_text,
        "opening" => s.call_opening,
        "reason" => s.call_reason,
        "offer" => s.call_offer,
        "objection" => s.call_objections,
        "answer" => s.call_answer,
        "forbidden" => s.call_forbidden,
        "close" => s.call_close,
        "outcome" => s.call_outcomes,
        _ => return part.to_owned(),
    };
    if number.is_empty() { label.to_owned() } else { format!("{label} {number}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_at_its_mark_or_its_line() {
        let check = |text: &str, words: &str, expected: &str| {
            assert_eq!(sentence(text, text.find(words).unwrap(), words.len()), expected, "{words}");
        };
        check("您好。月費 85 折！謝謝", "85 折", "月費 85 折！");
        check("Hello Mei,\n\nyou pay $89.85 a month. It stays so.", "$89.85", "you pay $89.85 a month.");
        check("Only 15% less. Call us.", "15%", "Only 15% less.");
        check("one line", "one line", "one line");
        check("今天。", "今天。", "今天。");
    }
}
