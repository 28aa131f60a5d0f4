//! JSON Lines: one object for each customer and language.
use super::{Dispatch, Letterhead, action, decided};
use crate::file::{NewFile, WriteError, unwritten};
use serde::Serialize;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use winback_core::id::{CustomerId, RunId};
use winback_core::locale::Locale;
use winback_core::message::{Content, Fact, LedgerEntry, MessageRecord, WriterVersion};
use winback_core::money::Money;
use winback_core::offer::OfferId;
use winback_core::segment::SegmentId;

/// The version of the layout; a field may be added under it, none renamed or left out.
const LAYOUT: &str = "winback.export.1";

/// The file on its way.
pub(super) struct Lines {
    path: PathBuf,
    file: NewFile,
}

/// One line. Fields that are not known are null.
#[derive(Serialize)]
struct Line<'a> {
    layout: &'static str,
    run: RunId,
    source: &'a str,
    customer: &'a CustomerId,
    line: u64,
    language: Locale,
    risk: Option<&'static str>,
    probability: Option<f64>,
    value: Option<&'static str>,
    currency: &'a str,
    monthly_charge: Option<String>,
    action: &'static str,
    offer: Option<&'a OfferId>,
    cost: Option<String>,
    expected_net_assumed: Option<String>,
    owner: Option<&'a str>,
    due: Option<String>,
    approval: &'static str,
    email: Option<String>,
    phone: Option<&'a str>,
    messages: Vec<Text<'a>>,
    kept_back: &'a [String],
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(flatten)]
    content: &'a Content,
    goal: &'static str,
    segment: Option<&'a SegmentId>,
    offer: Option<&'a OfferId>,
    facts: &'a [Fact],
    ledger: &'a [LedgerEntry],
    checks: &'a [String],
    writer: &'a WriterVersion,
}

impl Lines {
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        Ok(Self { path: path.to_owned(), file: NewFile::create(path)? })
    }

    pub fn push(&mut self, head: &Letterhead<'_>, dispatch: &Dispatch<'_>) -> Result<(), WriteError> {
        let written = serde_json::to_writer(&mut self.file, &line(head, dispatch)).map_err(io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(|error| unwritten(&self.path, error))
    }

    pub fn finish(self) -> Result<(), WriteError> {
        self.file.commit()
    }
}

fn line<'a>(head: &Letterhead<'a>, dispatch: &'a Dispatch<'_>) -> Line<'a> {
    let choice = dispatch.plan.and_then(|plan| plan.decision.choice());
    let planned = |minor: i64| Money::new(minor, head.catalogue.currency).decimal();
    let standing = dispatch.standing;
    let recipient = dispatch.recipient;
    let phone = |number: &'a Result<Option<String>, _>| number.as_ref().ok().and_then(Option::as_deref);
    Line {
        layout: LAYOUT,
        run: head.run,
        source: head.source,
        customer: &dispatch.customer.id,
        line: dispatch.customer.line,
        language: dispatch.locale,
        risk: standing.map(|standing| standing.level.tag()),
        probability: standing.map(|standing| standing.assessment.probability.value()),
        value: standing.and_then(|standing| standing.tier).map(winback_core::risk::ValueTier::tag),
        currency: head.schema.currency.code(),
        monthly_charge: dispatch.customer.monthly_charge(head.schema).map(Money::decimal),
        action: action(dispatch.plan),
        offer: choice.map(|choice| &choice.offer),
        cost: choice.map(|choice| planned(choice.cost_minor)),
        expected_net_assumed: choice.map(|choice| planned(choice.effect.net_minor)),
        owner: dispatch.plan.map(|plan| plan.owner.get(dispatch.locale).as_str()),
        due: dispatch.plan.and_then(|plan| plan.due).map(|due| due.to_string()),
        approval: decided(dispatch.approval),
        email: recipient.email.as_ref().ok().and_then(Option::as_ref).map(ToString::to_string),
        phone: phone(&recipient.call).or_else(|| phone(&recipient.sms)),
        messages: dispatch.messages.iter().copied().map(text).collect(),
        kept_back: &dispatch.kept_back,
    }
}

fn text(record: &MessageRecord) -> Text<'_> {
    Text {
        content: &record.content,
        goal: record.goal.tag(),
        segment: record.segment.as_ref(),
        offer: record.offer.as_ref(),
        facts: &record.facts,
        ledger: &record.ledger,
        checks: &record.checks,
        writer: &record.writer,
    }
}
