//! A customer, a company and what was written: something to hand out.
use std::sync::Arc;
use winback_connectors::mail_address::MailAddress;
use winback_connectors::message_export::{Dispatch, Letterhead};
use winback_connectors::recipient::{ContactColumns, Recipient};
use winback_core::campaign::{ApprovalState, CampaignPlan};
use winback_core::claim::{Sense, Value};
use winback_core::customer::{Cell, Customer};
use winback_core::digest::Digest;
use winback_core::fakes::samples;
use winback_core::goal::Goal;
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::locale::{Locale, Localized};
use winback_core::message::{
    Binding, CallOutcome, CallScript, Company, Content, Email, Fact, FactSource, LedgerEntry, MessageRecord, Objection, Sms, WriterVersion,
};
use winback_core::offer::{Catalogue, OfferId};
use winback_core::schema::{ColumnKind, Role, TableSchema};
use winback_core::script::{CallStep, Next};
use winback_core::segment::SegmentId;
use winback_core::store::Standing;

/// Everything of one customer.
pub struct Parcel {
    pub schema: TableSchema,
    pub catalogue: Catalogue,
    pub company: Company,
    pub sender: Option<MailAddress>,
    pub customer: Customer,
    pub standing: Standing,
    pub plan: CampaignPlan,
    pub recipient: Recipient,
    pub records: Vec<MessageRecord>,
}

/// The cells of the columns e-mail, phone, e-mail consent.
pub type Contact<'a> = (Option<&'a str>, Option<&'a str>, Option<bool>);

impl Parcel {
    pub fn new(id: &str, locale: Locale) -> Self {
        Self::reached_at(id, locale, (Some("julia@example.com"), Some("+1 202-555-0140"), Some(true)))
    }

    pub fn reached_at(id: &str, locale: Locale, (email, phone, agreed): Contact<'_>) -> Self {
        let schema = schema();
        let text = |text: Option<&str>| text.map_or(Cell::Missing, |text| Cell::Text(Arc::from(text)));
        let cells = vec![text(Some(id)), Cell::Money(8_535), text(email), text(phone), agreed.map_or(Cell::Missing, Cell::Flag)];
        let customer = Customer { id: CustomerId::parse(id).unwrap(), position: Position(0), line: 2, cells };
        Self {
            catalogue: Catalogue {
                budget: None,
                currency: schema.currency,
                margin: 0.4,
                horizon_months: 12,
                due_days: [3, 14],
                offers: Vec::new(),
                rules: Vec::new(),
                cases: Vec::new(),
                digest: Digest::of(b"sample"),
            },
            company: Company {
                approved: Vec::new(),
                name: Localized::new("北辰電信", "北辰通信", "Northwind Telecom"),
                short_name: Localized::same("Northwind"),
                address: Localized::same("12 Harbour Street"),
                phone: "0800-555-010".into(),
                team: Localized::same("Care"),
                unsubscribe_url: "https://northwind.example/stop?t=".into(),
            },
            sender: Some(MailAddress::parse("care@northwind.example").unwrap()),
            recipient: Recipient::of(&schema, &ContactColumns::of(&schema), &customer),
            schema,
            standing: samples::standing(0),
            plan: samples::plan(0),
            records: [email_of(), sms_of(), call_of()].map(|content| record(&customer, locale, content)).to_vec(),
            customer,
        }
    }

    pub fn head(&self) -> Letterhead<'_> {
        Letterhead {
            run: RunId(3),
            source: "customers.csv",
            schema: &self.schema,
            catalogue: &self.catalogue,
            company: &self.company,
            sender: self.sender.as_ref(),
            at: samples::time(),
            customers: 1,
        }
    }

    pub fn dispatch(&self) -> Dispatch<'_> {
        Dispatch {
            customer: &self.customer,
            locale: self.records[0].locale,
            standing: Some(&self.standing),
            plan: Some(&self.plan),
            approval: Some(ApprovalState::Approved),
            recipient: &self.recipient,
            messages: self.records.iter().collect(),
            kept_back: Vec::new(),
        }
    }

    pub fn email(&mut self) -> &mut Email {
        match &mut self.records[0].content {
            Content::Email(mail) => mail,
            _ => panic!("the first record is the mail"),
        }
    }

    pub fn script(&mut self) -> &mut CallScript {
        match &mut self.records[2].content {
            Content::Call(script) => script,
            _ => panic!("the last record is the script"),
        }
    }
}

fn schema() -> TableSchema {
    let mut schema = samples::schema();
    let like = schema.columns[0].clone();
    let flag = ColumnKind::Flag { yes: vec!["Yes".into()], no: vec!["No".into()] };
    let kinds = [
        ("customerID", ColumnKind::Text, Role::Id),
        ("MonthlyCharges", ColumnKind::Money, Role::MonthlyCharge),
        ("Email", ColumnKind::Text, Role::Email),
        ("Phone", ColumnKind::Text, Role::Phone),
        ("AgreedToMail", flag, Role::EmailConsent),
    ];
    schema.columns = kinds
        .into_iter()
        .map(|(name, kind, role)| {
            let mut column = like.clone();
            (column.name, column.kind, column.role) = (name.into(), kind, role);
            column
        })
        .collect();
    schema.peer_column = None;
    schema
}

fn email_of() -> Content {
    Content::Email(Email {
        subject: "15% off your monthly charge".into(),
        preheader: "For 12 months, if you like.".into(),
        text: "Dear Julia,\n\nYour monthly charge is 15% lower for 12 months.\n\n--\nNorthwind Telecom".into(),
        html: "<!DOCTYPE html>\n<html><body><p>Dear Julia,</p><p>Your monthly charge is 15% lower for 12 months.</p></body></html>".into(),
    })
}

fn sms_of() -> Content {
    Content::Sms(Sms { text: "Northwind: 15% off for 12 months. Call 0800-555-010, or reply N to stop.".into() })
}

fn call_of() -> Content {
    let objection = |id: &str, after: &[CallStep], then: Next, customer: &str, answer: &str| Objection {
        id: id.into(),
        after: after.to_vec(),
        then,
        customer: customer.into(),
        answer: answer.into(),
    };
    Content::Call(CallScript {
        opening: "Hello, this is ____ of Northwind. May I speak with Julia?".into(),
        reason: "I am calling about your monthly bill.".into(),
        offer: "It can be 15% lower for 12 months.".into(),
        objections: vec![
            objection("no-time", &CallStep::SPOKEN, Next::End("call_back".into()), "I have no time.", "When may I call again?"),
            objection("how", &[CallStep::Offer], Next::Step(CallStep::Close), "How do I get it?", "I can set it up now."),
        ],
        forbidden: vec!["That the price will rise.".into()],
        close: "Thank you for your time.".into(),
        outcomes: vec![
            CallOutcome { code: "accepted".into(), label: "Takes the offer".into() },
            CallOutcome { code: "call_back".into(), label: "Call again".into() },
        ],
    })
}

fn record(customer: &Customer, locale: Locale, content: Content) -> MessageRecord {
    let percent = Value::Percent { hundredths: 1_500, sense: Sense::Off };
    let parts = content.parts();
    let found = parts.iter().find_map(|(part, text)| Some((part.to_string(), text.find("15%")?)));
    let (part, start) = found.unwrap();
    let start = u32::try_from(start).unwrap();
    MessageRecord {
        position: customer.position,
        customer: customer.id.clone(),
        locale,
        offer: Some(OfferId("annual-15".into())),
        writer: WriterVersion::of_words("built-in", Digest::of(b"words")),
        facts: vec![Fact {
            id: "offer.percent".into(),
            text: "15%".into(),
            value: Some(percent.clone()),
            source: FactSource::Offer { offer: OfferId("annual-15".into()), field: "percent".into() },
        }],
        goal: Goal::Push,
        segment: Some(SegmentId::parse("Dormant").unwrap()),
        ledger: vec![LedgerEntry { part, start, end: start + 3, value: percent, bound: Binding::Fact { id: "offer.percent".into() } }],
        checks: vec!["slots".into()],
        refused: Vec::new(),
        content,
    }
}
