//! What writing comes to, counted.
use crate::author::Effort;
use crate::consent::Withheld;
use crate::goal::Goal;
use crate::likeness::Likeness;
use crate::locale::Locale;
use crate::message::{Channel, Finding, MessageRecord};
use crate::review::NEUTRAL_GREETING;
use crate::segment::SegmentId;
use crate::store::Writing;
use crate::template::Templates;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FIRST_FINDINGS: usize = 20;

/// What the messages of a run come to, those written earlier included. Every customer is counted once:
/// `ready + held + unreachable + low_risk + already_left + not_selected = customers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteReport {
    /// Customers of the portfolio.
    pub customers: u64,
    /// Customers all of whose messages passed review, in every language, on every channel not withheld.
    pub ready: u64,
    /// Customers of whom some message was kept back for a person.
    pub held: u64,
    /// Customers to be contacted for whom no channel is left, for want of consent or address.
    #[serde(default)]
    pub unreachable: u64,
    /// How many customers are not written to on a channel, and why, those without any channel included.
    #[serde(default)]
    pub withheld: Vec<WithheldCount>,
    /// Customers left alone because the risk is low.
    pub low_risk: u64,
    /// Customers left alone because they have left already.
    pub already_left: u64,
    /// Customers to be contacted for whom nothing is written yet.
    pub not_selected: u64,
    /// Messages that passed review.
    pub messages: u64,
    /// Customers greeted without the name the table has, because it cannot stand in a message.
    pub neutral_greetings: u64,
    /// Customers with a message, by what it wants to happen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub goals: BTreeMap<Goal, u64>,
    /// Customers with a message in the voice of their segment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub voices: BTreeMap<SegmentId, u64>,
    /// Customers with a message in the general voice, because their segment has none of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_voice: BTreeMap<SegmentId, u64>,
    /// Mails by what wrote them: `built-in`, or the name of a model with its adapter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub writers: BTreeMap<String, u64>,
    /// Mails for which another writer stepped in, by the check that the last one refused failed first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stepped_in: BTreeMap<String, u64>,
    /// What the mails of this command took of a model; `None` where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// How alike the mails of the batch are, by language, those stored before included; their footers are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub likeness: BTreeMap<Locale, Likeness>,
    /// The first findings, for a person to look at; the store keeps all.
    pub findings: Vec<Finding>,
}

/// How many customers are not written to on a channel, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldCount {
    /// The channel and the reason.
    #[serde(flatten)]
    pub withheld: Withheld,
    /// How many customers.
    pub customers: u64,
}

impl WriteReport {
    pub(super) fn count(&mut self, writings: &[Writing], templates: &Templates) {
        if writings.is_empty() {
            return;
        }
        let withheld = writings.first().map_or(&[][..], |writing| &writing.withheld);
        withheld.iter().for_each(|&one| self.count_withheld(one));
        if withheld.len() == Channel::ALL.len() {
            self.unreachable += 1;
            return;
        }
        let findings = writings.iter().flat_map(|writing| &writing.findings);
        let held = findings.clone().next().is_some();
        self.held += u64::from(held);
        self.ready += u64::from(!held);
        self.messages += writings.iter().map(|writing| writing.messages.len() as u64).sum::<u64>();
        let mut records = writings.iter().flat_map(|writing| &writing.messages).map(|message| message.record());
        self.neutral_greetings += u64::from(records.any(|record| record.checks.iter().any(|check| check == NEUTRAL_GREETING)));
        if let Some(first) = writings.iter().flat_map(|writing| &writing.messages).next() {
            *self.goals.entry(first.record().goal).or_default() += 1;
            if let Some(segment) = &first.record().segment {
                let told = if templates.segments().contains(segment) { &mut self.voices } else { &mut self.without_voice };
                *told.entry(segment.clone()).or_default() += 1;
            }
        }
        writings.iter().flat_map(|writing| &writing.messages).for_each(|message| self.count_writer(message.record()));
        let room = FIRST_FINDINGS.saturating_sub(self.findings.len());
        self.findings.extend(findings.take(room).cloned());
    }

    fn count_writer(&mut self, record: &MessageRecord) {
        if record.content.channel() != Channel::Email {
            return;
        }
        *self.writers.entry(record.writer.name.clone()).or_default() += 1;
        if let Some(refused) = record.stepped_in_for() {
            let why = refused.findings.first().map_or("no reason", |finding| finding.check.as_str());
            *self.stepped_in.entry(why.to_owned()).or_default() += 1;
        }
    }

    /// Counts what is written for one customer now in place of what was before. How alike the mails are stays as the
    /// last batch told it.
    pub fn exchange(&mut self, before: &[Writing], after: &[Writing], templates: &Templates) {
        let of = |writings: &[Writing]| {
            let mut one = Self::default();
            one.count(writings, templates);
            one
        };
        let (old, new) = (of(before), of(after));
        let all = |report: &Self| report.ready + report.held + report.unreachable;
        let moved = |number: &mut u64, less: u64, more: u64| *number = (*number + more).saturating_sub(less);
        moved(&mut self.not_selected, all(&new), all(&old));
        moved(&mut self.ready, old.ready, new.ready);
        moved(&mut self.held, old.held, new.held);
        moved(&mut self.unreachable, old.unreachable, new.unreachable);
        moved(&mut self.messages, old.messages, new.messages);
        moved(&mut self.neutral_greetings, old.neutral_greetings, new.neutral_greetings);
        exchanged(&mut self.goals, &old.goals, new.goals);
        exchanged(&mut self.voices, &old.voices, new.voices);
        exchanged(&mut self.writers, &old.writers, new.writers);
        exchanged(&mut self.stepped_in, &old.stepped_in, new.stepped_in);
        exchanged(&mut self.without_voice, &old.without_voice, new.without_voice);
        for kept in &mut self.withheld {
            let gone = old.withheld.iter().any(|count| count.withheld == kept.withheld);
            kept.customers = kept.customers.saturating_sub(u64::from(gone));
        }
        self.withheld.retain(|count| count.customers > 0);
        new.withheld.iter().for_each(|count| self.count_withheld(count.withheld));
        for finding in &old.findings {
            if let Some(place) = self.findings.iter().position(|kept| kept == finding) {
                self.findings.remove(place);
            }
        }
        self.findings.extend(new.findings);
        self.findings.truncate(FIRST_FINDINGS);
    }

    fn count_withheld(&mut self, withheld: Withheld) {
        match self.withheld.binary_search_by_key(&withheld, |count| count.withheld) {
            Ok(place) => self.withheld[place].customers += 1,
            Err(place) => self.withheld.insert(place, WithheldCount { withheld, customers: 1 }),
        }
    }
}

/// Takes some counts out of others and puts new ones in; what nobody has is left out.
fn exchanged<K: Ord>(counts: &mut BTreeMap<K, u64>, old: &BTreeMap<K, u64>, new: BTreeMap<K, u64>) {
    for (name, less) in old {
        if let Some(count) = counts.get_mut(name) {
            *count = count.saturating_sub(*less);
        }
    }
    for (name, more) in new {
        *counts.entry(name).or_default() += more;
    }
    counts.retain(|_, count| *count > 0);
}
