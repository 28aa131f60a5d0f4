//! Mails in the mail form: how the built-in writer's stand in examples, and how a model's become drafts.
use super::Page;
use crate::locale::Locale;
use crate::mail_form::{MailForm, MailFormError, marker, misplaced_name, unknown_markers};
use crate::message::{Brief, Channel, Content, Draft, Email, Finding, Message, WriterVersion};
use crate::review::review;
use crate::slot::Slot;
use crate::template::{TemplatePart as Part, Templates};

/// The parts that the house adds to whatever a model writes.
const OF_THE_HOUSE: [Part; 4] = [Part::Button, Part::Why, Part::Refuse, Part::RefuseLabel];
/// Where the paragraphs between greeting and signature stand in the layout.
const BETWEEN: [Part; 5] = [Part::Opening, Part::Offer, Part::Saving, Part::Action, Part::Thanks];

/// Returns the mail of the built-in writer in the mail form: a slot for personal data, the marker of each fact in place of
/// what it says, no footer.
///
/// # Errors
/// What keeps this customer without a mail.
pub fn mail_form(templates: &Templates, brief: &Brief) -> Result<MailForm, Finding> {
    let page = Page::saying(templates, brief, |fact| marker(&fact.id).into());
    let parts = page.mail_parts(&Part::OF_EMAIL)?;
    let said = |part: Part| parts.get(part.tag()).map_or("", String::as_str);
    let gap = if brief.locale == Locale::En && !said(Part::Until).is_empty() { " " } else { "" };
    let action = [said(Part::Action), gap, said(Part::Until)].concat();
    let paragraphs = [
        said(Part::Greeting),
        said(Part::Opening),
        said(Part::Offer),
        said(Part::Saving),
        &action,
        said(Part::Thanks),
        said(Part::Signature),
    ];
    let body = paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n");
    let form = MailForm::new(said(Part::Subject), said(Part::Preheader), &body, brief.locale);
    form.map_err(|error| broken_form(&error))
}

/// Returns the draft of a mail that a model wrote, in the layout of the built-in mails: facts in place of their markers, the
/// house's button and footer added.
///
/// # Errors
/// Each marker that names neither a fact of the brief nor a slot; or what keeps the house from adding its part.
pub fn mail_draft(templates: &Templates, brief: &Brief, form: &MailForm, writer: WriterVersion) -> Result<Draft, Vec<Finding>> {
    let unknown = unknown_markers(form, &brief.facts);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let page = Page::new(templates, brief);
    let written = placed(&form.filled(&brief.facts)).into_iter().map(|(part, text)| (part.tag(), text));
    let unsaid = Part::OF_EMAIL.into_iter().map(|part| (part.tag(), String::new()));
    let mail = page.mail_parts(&OF_THE_HOUSE).and_then(|house| page.mail(unsaid.chain(house).chain(written).collect()));
    let mail = mail.map_err(|finding| vec![finding])?;
    let mail = Email { text: without_gaps(&mail.text), html: without_empty_rows(&mail.html), ..mail };
    Ok(Draft { content: Content::Email(mail), offer: brief.offer.clone(), writer })
}

/// Returns the message that a model's reply is, or everything that is wrong with it: with its form, its markers, or what the
/// review finds.
pub fn review_reply(templates: &Templates, brief: &Brief, reply: &str, writer: WriterVersion) -> Result<Message, Vec<Finding>> {
    let form = MailForm::parse(reply.trim_start_matches('\n'), brief.locale).map_err(|error| vec![broken_form(&error)])?;
    review_mail(templates, brief, &form, writer)
}

/// Returns the message that a mail in the mail form is, or everything that is wrong with it: with its markers, or else what
/// the review finds. Whether a model put the name into the greeting is seen here, where the greeting is known, and not in the
/// house's layout, which may put something before it. In a mail of the templates a person chose where it stands.
pub fn review_mail(templates: &Templates, brief: &Brief, form: &MailForm, writer: WriterVersion) -> Result<Message, Vec<Finding>> {
    let judged = brief.slots.usable(Slot::FirstName).is_some() && !templates.phrases().are_of(&writer.words);
    let reviewed = review(brief, templates.phrases(), mail_draft(templates, brief, form, writer)?);
    match misplaced_name(form).filter(|_| judged) {
        None => reviewed,
        Some(finding) => Err(reviewed.err().into_iter().flatten().chain([finding]).collect()),
    }
}

fn broken_form(error: &MailFormError) -> Finding {
    Finding { channel: Channel::Email, part: "text".into(), check: "mail-form".into(), detail: error.to_string() }
}

/// Returns the subject, the preview text and the paragraphs of a form with the parts of the layout they stand in: the first
/// is the greeting, the last the signature. What is more than the layout has places for stands with the offer.
fn placed(form: &MailForm) -> Vec<(Part, String)> {
    let paragraphs: Vec<&str> = form.paragraphs().collect();
    let (greeting, rest) = match paragraphs.as_slice() {
        [greeting, rest @ ..] if !rest.is_empty() => (*greeting, rest),
        all => ("", all),
    };
    let (mut between, signature) = match rest {
        [between @ .., signature] if !between.is_empty() => (between, *signature),
        all => (all, ""),
    };
    let ends = [(Part::Subject, form.subject()), (Part::Preheader, form.preheader()), (Part::Greeting, greeting)];
    let mut placed: Vec<(Part, String)> =
        ends.into_iter().chain([(Part::Signature, signature)]).map(|(part, text)| (part, text.to_owned())).collect();
    let (all, more) = (between.len() >= BETWEEN.len(), between.len().saturating_sub(BETWEEN.len()));
    for part in BETWEEN.into_iter().filter(|part| all || *part != Part::Saving) {
        let count = if part == Part::Offer { 1 + more } else { 1 };
        let (here, after) = between.split_at(count.min(between.len()));
        placed.push((part, here.join("\n\n")));
        between = after;
    }
    placed
}

/// Returns a text without the empty lines that parts without words leave: one is enough between paragraphs.
fn without_gaps(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        if !(line.is_empty() && kept.last().is_none_or(|before| before.is_empty())) {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// Returns HTML without the rows of the layout that hold no words.
fn without_empty_rows(html: &str) -> String {
    let empty = |line: &&str| line.starts_with("<tr><td") && line.ends_with("\"></td></tr>") && line.matches("<td").count() == 1;
    html.split('\n').filter(|line| !empty(line)).collect::<Vec<_>>().join("\n")
}
