//! What became of everybody whose messages were to be handed out.
use serde::Serialize;
use winback_connectors::message_export::Pushed;
use winback_core::customer::Customer;
use winback_core::locale::Locale;
use winback_core::message::Message;

/// How many reasons are told in full.
const FIRST_REASONS: usize = 20;

/// What became of everybody. Each customer is counted once:
/// `exported + held + unreachable + not_written + not_chosen + left_alone + filtered_out = customers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Customers of the run.
    pub customers: u64,
    /// Customers with a message in the export.
    pub exported: u64,
    /// Of them, those who lack some message that was asked for.
    pub partly: u64,
    /// Customers none of whose messages passed review.
    pub held: u64,
    /// Customers with messages, but without an address or consent for them.
    pub unreachable: u64,
    /// Customers to be contacted, for whom nothing is written in their language.
    pub not_written: u64,
    /// Customers whom the filter leaves, beyond those asked for by number.
    pub not_chosen: u64,
    /// Customers whom the plan leaves alone.
    pub left_alone: u64,
    /// Customers whom the filter leaves out.
    pub filtered_out: u64,
    /// Messages in the export.
    pub messages: u64,
    /// The first reasons for which something was kept back, by id and line.
    pub first_reasons: Vec<String>,
}

/// What is written in one language, sorted.
#[derive(Default)]
pub struct Sorted<'w> {
    /// What can be handed out.
    pub messages: Vec<&'w Message>,
    /// Why a channel is closed.
    pub unreached: Vec<String>,
    /// Why a channel has no message.
    pub held: Vec<String>,
}

impl Sorted<'_> {
    /// Returns every reason.
    pub fn kept_back(&self) -> Vec<String> {
        self.unreached.iter().chain(&self.held).cloned().collect()
    }
}

/// What became of one customer, over all languages.
#[derive(Default)]
pub struct Fate {
    messages: u64,
    /// The languages in which nothing is written.
    pub unwritten: Vec<Locale>,
    unreached: Vec<String>,
    held: Vec<String>,
}

impl Fate {
    /// Adds what is written in one language and what became of it.
    pub fn add(&mut self, sorted: Sorted<'_>, pushed: Pushed) {
        match pushed {
            Pushed::Written => self.messages += sorted.messages.len() as u64,
            Pushed::Refused(why) => self.held.push(why),
        }
        self.held.extend(sorted.held);
        // A missing address is the same in every language.
        self.unreached.extend(sorted.unreached.into_iter().filter(|why| !self.unreached.contains(why)).collect::<Vec<_>>());
    }
}

impl Count {
    /// Counts one customer.
    pub fn add(&mut self, customer: &Customer, fate: Fate) {
        let whole = fate.held.is_empty() && fate.unreached.is_empty() && fate.unwritten.is_empty();
        match (fate.messages > 0, fate.held.is_empty(), fate.unreached.is_empty()) {
            (true, ..) => {
                self.exported += 1;
                self.partly += u64::from(!whole);
                self.messages += fate.messages;
            }
            (false, false, _) => self.held += 1,
            (false, true, false) => self.unreachable += 1,
            (false, true, true) => self.not_written += 1,
        }
        for why in fate.unreached.into_iter().chain(fate.held) {
            if self.first_reasons.len() < FIRST_REASONS {
                self.first_reasons.push(format!("{} (line {}): {why}", customer.id, customer.line));
            }
        }
    }
}
