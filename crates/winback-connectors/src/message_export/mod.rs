//! Messages that passed review, handed out in the form their users work with: drafts for
//! a mail program, a table for a mailing tool, sheets for a caller, a sheet to read.
//!
//! Nothing is computed or written anew here. Customers are handed over one by one, so the
//! size of a portfolio does not matter, and the output stands under its name only when all of it is there.
mod call_sheets;
mod drafts;
mod lines;
mod reading;
mod table;
mod words;

use crate::file::WriteError;
use crate::mail_address::MailAddress;
use crate::recipient::Recipient;
use jiff::Timestamp;
use std::path::Path;
use winback_core::campaign::{ApprovalState, CampaignPlan};
use winback_core::customer::Customer;
use winback_core::id::RunId;
use winback_core::locale::Locale;
use winback_core::message::{Channel, Company, Content, MessageRecord};
use winback_core::offer::Catalogue;
use winback_core::schema::TableSchema;
use winback_core::store::Standing;

pub use drafts::holds_drafts;

/// In what form messages are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A folder of mails that a mail program opens as drafts.
    Eml,
    /// A table, a row for each customer and language.
    Csv,
    /// The same for Excel.
    ExcelCsv,
    /// JSON Lines: an object for each customer and language.
    Json,
    /// Call sheets to print.
    Html,
    /// A sheet to read messages with what they claim.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 6] = [Format::Eml, Format::Csv, Format::ExcelCsv, Format::Json, Format::Html, Format::Markdown];

    /// Returns the name used on the command line: `xlsx-csv`.
    pub fn tag(self) -> &'static str {
        match self {
            Format::Eml => "eml",
            Format::Csv => "csv",
            Format::ExcelCsv => "xlsx-csv",
            Format::Json => "json",
            Format::Html => "html",
            Format::Markdown => "markdown",
        }
    }

    /// Returns the channels a format can hold.
    pub fn channels(self) -> &'static [Channel] {
        match self {
            Format::Eml => &[Channel::Email],
            Format::Html => &[Channel::Call],
            _ => &Channel::ALL,
        }
    }
}

/// What every message of an export has in common.
#[derive(Clone, Copy, Debug)]
pub struct Letterhead<'a> {
    /// The run the messages are of.
    pub run: RunId,
    /// The file the customers came from, by name.
    pub source: &'a str,
    /// The customers' table.
    pub schema: &'a TableSchema,
    /// The offers.
    pub catalogue: &'a Catalogue,
    /// Who writes.
    pub company: &'a Company,
    /// The address mails come from, where the configuration gives one.
    pub sender: Option<&'a MailAddress>,
    /// The moment of the export.
    pub at: Timestamp,
    /// How many customers are to come; many are spread over folders.
    pub customers: u64,
}

/// One customer in one language.
#[derive(Clone, Debug)]
pub struct Dispatch<'a> {
    /// The customer's row.
    pub customer: &'a Customer,
    /// The language.
    pub locale: Locale,
    /// The score.
    pub standing: Option<&'a Standing>,
    /// The plan.
    pub plan: Option<&'a CampaignPlan>,
    /// What a person decided.
    pub approval: Option<ApprovalState>,
    /// Where the customer can be reached.
    pub recipient: &'a Recipient,
    /// The messages to hand out, at most one a channel.
    pub messages: Vec<&'a MessageRecord>,
    /// What was kept back, in words: `email: the cell is empty`.
    pub kept_back: Vec<String>,
}

impl<'a> Dispatch<'a> {
    fn content(&self, channel: Channel) -> Option<&'a Content> {
        self.messages.iter().map(|record| &record.content).find(|content| content.channel() == channel)
    }
}

/// What became of one customer's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// They are in the export.
    Written,
    /// They cannot be told in this form; the reason in words.
    Refused(String),
}

/// An export on its way.
pub struct Export<'a> {
    head: Letterhead<'a>,
    form: Form,
}

enum Form {
    Drafts(drafts::Drafts),
    Table(Box<table::Table>),
    Lines(lines::Lines),
    CallSheets(call_sheets::CallSheets),
    Reading(reading::ReadingSheet),
}

impl<'a> Export<'a> {
    /// Begins an export at a path; nothing stands there before [`Export::finish`].
    ///
    /// # Errors
    /// When nothing can be written beside the path.
    pub fn begin(path: &Path, format: Format, head: Letterhead<'a>) -> Result<Self, WriteError> {
        let form = match format {
            Format::Eml => Form::Drafts(drafts::Drafts::create(path, &head)?),
            Format::Csv => Form::Table(Box::new(table::Table::create(path, table::Reader::Program)?)),
            Format::ExcelCsv => Form::Table(Box::new(table::Table::create(path, table::Reader::Excel)?)),
            Format::Json => Form::Lines(lines::Lines::create(path)?),
            Format::Html => Form::CallSheets(call_sheets::CallSheets::create(path, &head)?),
            Format::Markdown => Form::Reading(reading::ReadingSheet::create(path, &head)?),
        };
        Ok(Self { head, form })
    }

    /// Adds one customer in one language.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub fn push(&mut self, dispatch: &Dispatch<'_>) -> Result<Pushed, WriteError> {
        match &mut self.form {
            Form::Drafts(drafts) => return drafts.push(&self.head, dispatch),
            Form::Table(table) => table.push(&self.head, dispatch)?,
            Form::Lines(lines) => lines.push(&self.head, dispatch)?,
            Form::CallSheets(sheets) => sheets.push(&self.head, dispatch)?,
            Form::Reading(sheet) => sheet.push(dispatch)?,
        }
        Ok(Pushed::Written)
    }

    /// Puts the whole under its name.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub fn finish(self) -> Result<(), WriteError> {
        match self.form {
            Form::Drafts(drafts) => drafts.finish(&self.head),
            Form::Table(table) => table.finish(),
            Form::Lines(lines) => lines.finish(),
            Form::CallSheets(sheets) => sheets.finish(),
            Form::Reading(sheet) => sheet.finish(),
        }
    }
}

/// Returns how a decision is called in files; nothing where nobody decided.
fn decided(approval: Option<ApprovalState>) -> &'static str {
    match approval {
        Some(ApprovalState::Approved) => "approved",
        Some(ApprovalState::Declined) => "declined",
        None => "",
    }
}

/// Returns how a planned action is called in files.
fn action(plan: Option<&CampaignPlan>) -> &'static str {
    match plan.map(|plan| plan.decision.choice()) {
        Some(Some(_)) => "offer",
        Some(None) => "service contact",
        None => "",
    }
}
