//! What became of the customers of whom examples were to be made.
use crate::prompts::people::Page;
use crate::report::{count, table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use winback_core::customer::Customer;
use winback_core::defect::{Defect, Outcome, Problem};
use winback_core::example::{Made, MailSource, NotMade};
use winback_core::likeness::{Likeness, NEARLY_ALIKE};
use winback_core::locale::Locale;

/// How many faults are named; all are counted.
const NAMED: usize = 20;

/// What became of everybody; also what a broken-off job goes on from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Pages that are done.
    #[serde(default)]
    pub pages: u64,
    /// Customers of whom this start found an earlier one's work.
    #[serde(default)]
    pub went_on_after: u64,
    /// Rows of the file, or customers of the run.
    pub customers: u64,
    /// Examples written.
    pub written: u64,
    /// Of these, with a mail that the company sent.
    pub past_mails: u64,
    /// Examples by segment.
    pub segments: BTreeMap<String, u64>,
    /// Rows that cannot be read.
    pub rejected: u64,
    /// Customers of whom no example was made.
    pub left_out: u64,
    /// Customers whom the plan leaves alone, or who did not agree to mails.
    pub left_alone: BTreeMap<String, u64>,
    /// Rows that contradict themselves; what does is not told.
    pub contradictions: u64,
    /// Cells that were changed by a rule or are worth a look.
    pub noted: u64,
    /// The first faults, by line.
    pub faults: Vec<String>,
    /// Customers who have a past mail.
    #[serde(default)]
    pub past_mails_seen: u64,
    /// Past mails of nobody among the customers.
    #[serde(default)]
    pub unused_mails: u64,
    /// How alike the mails are.
    #[serde(default)]
    pub likeness: BTreeMap<Locale, Likeness>,
}

impl Report {
    /// Counts a page that was read.
    pub(super) fn page(&mut self, page: &Page) {
        self.pages += 1;
        self.customers += page.rows;
        for defect in &page.defects {
            self.defect(defect);
        }
        self.rejected += page.rows - page.people.len() as u64;
    }

    fn defect(&mut self, defect: &Defect) {
        let contradicts = defect.problem == Problem::Contradiction;
        self.contradictions += u64::from(contradicts);
        self.noted += u64::from(defect.outcome != Outcome::RowRejected);
        if contradicts || defect.outcome == Outcome::RowRejected {
            self.name(defect.to_string());
        }
    }

    fn name(&mut self, fault: String) {
        if self.faults.len() < NAMED {
            self.faults.push(fault);
        }
    }

    pub(super) fn made(&mut self, locale: Locale, made: &Made) {
        self.written += 1;
        self.past_mails += u64::from(made.source == MailSource::PastMail);
        *self.segments.entry(made.segment.to_string()).or_default() += 1;
        self.likeness.entry(locale).or_default();
    }

    pub(super) fn not_made(&mut self, customer: &Customer, why: &NotMade) {
        self.left_out += 1;
        self.name(format!("line {}: {why}", customer.line));
    }

    pub(super) fn left_alone(&mut self, why: &str) {
        *self.left_alone.entry(why.to_owned()).or_default() += 1;
    }

    /// Returns whether everybody who was to get a prompt got one.
    pub fn is_whole(&self) -> bool {
        self.rejected + self.left_out == 0
    }

    /// Returns why nobody got a prompt.
    pub(super) fn nobody(&self) -> String {
        let alone = self.left_alone.iter().map(|(why, customers)| format!("\n  {} left alone: {why}", count(*customers)));
        let faults = self.faults.iter().map(|fault| format!("\n  {fault}"));
        let told: String = alone.chain(faults).collect();
        format!("no prompt could be made of any of the {} customers, and nothing was written{told}", count(self.customers))
    }

    /// Returns the report as text.
    pub fn text(&self, out: &Path) -> String {
        let rows = [
            (self.written, format!("prompts with their mails in {}", out.display())),
            (self.past_mails, "of these with a mail that the company sent".to_owned()),
            (self.rejected, "rows left out, because they cannot be read".to_owned()),
            (self.left_out, "customers left out, because nothing could be made of them".to_owned()),
            (self.contradictions, "rows that contradict themselves; what does is not told".to_owned()),
            (self.noted, "cells read by a rule, or worth a look".to_owned()),
            (self.unused_mails, "past mails of nobody among them".to_owned()),
        ];
        let alone = self.left_alone.iter().map(|(why, customers)| (*customers, format!("left alone: {why}")));
        let rows = rows.into_iter().chain(alone).filter(|(number, _)| *number > 0);
        let rows = rows.map(|(number, what)| vec![format!("  {}", count(number)), what]);
        let mut text = format!("{} customers:\n{}", count(self.customers), table(&[], rows));
        let segments: Vec<String> = self.segments.iter().map(|(segment, number)| format!("{segment} {}", count(*number))).collect();
        text.push_str(&format!("\nby segment: {}", segments.join(", ")));
        if self.went_on_after > 0 {
            text.push_str(&format!("\nan earlier start was broken off; this one went on after {} customers", count(self.went_on_after)));
        }
        for (locale, alike) in self.likeness.iter().filter(|(_, alike)| alike.compared > 1) {
            let (contents, texts, share) = (count(alike.contents), count(alike.texts), alike.share() * 100.0);
            text.push_str(&format!(
                "\n{locale}: {} mails for {contents} different briefs, {texts} different texts; {} near-duplicates ({share:.0}% read nearly like another, ≥ {:.0}% of the same phrases)",
                count(alike.compared),
                count(alike.near_duplicates),
                NEARLY_ALIKE * 100.0
            ));
        }
        text.extend(self.faults.iter().map(|fault| format!("\n  {fault}")));
        text
    }
}
