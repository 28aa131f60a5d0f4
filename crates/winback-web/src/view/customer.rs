//! Everything about one customer.
use super::claims::{ClaimView, Piece, SentenceRow, Sources, by_sentence, field_anchor, part_label, pieces};
use super::course::{CourseView, course_view};
use super::writer::WriterView;
use super::{Amount, Named};
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, said};
use crate::words;
use serde::Serialize;
use winback_core::agents::campaign_designer::{PlanText, describe};
use winback_core::agents::data_analyst::PointedReason;
use winback_core::campaign::{CampaignPlan, Considered, Decision, Verdict, WhyNoContact};
use winback_core::customer::{Cell, Customer};
use winback_core::goal::Goal;
use winback_core::id::CustomerId;
use winback_core::locale::Locale;
use winback_core::message::{CallScript, Channel, Content, Email, Finding, MessageRecord};
use winback_core::pipeline::segment::day_of;
use winback_core::portfolio::{Context, CustomerFile};
use winback_core::risk::tenths;
use winback_core::segment::assign::AssignedBy;
use winback_core::segment::words::describe as describe_segment;
use winback_core::sms::{SmsCount, first_beyond_gsm7};
use winback_core::store::Writing;

/// Everything about one customer.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CustomerView {
    /// The id.
    pub id: String,
    /// The line of the file on which the row begins.
    pub line: u64,
    /// Every column of the row.
    pub fields: Vec<FieldView>,
    /// The score; absent before the customer was assessed.
    pub risk: Option<RiskView>,
    /// The plan; absent before the customer was planned for.
    pub plan: Option<PlanView>,
    /// The segment and what made it so; absent where there are no rules.
    pub segment: Option<SegmentView>,
    /// What writing came to, one part for each language.
    pub writings: Vec<WritingView>,
    /// What a person decided.
    pub approval: Option<Named>,
}

/// The customer's segment.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SegmentView {
    /// The segment's name in files; absent where the customer has none.
    pub id: Option<String>,
    /// Its name for people, or that there is none.
    pub label: String,
    /// What made it so: the table's column, the rule, or what is missing.
    pub why: String,
    /// Which later segments fit, too; empty where none does.
    pub also: String,
}

/// One column of the row.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FieldView {
    /// The column's name in the file.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// The value as people read it.
    pub value: String,
    /// What the field is named in the page.
    #[serde(skip)]
    pub anchor: String,
}

/// The score with its reasons.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RiskView {
    /// The probability of leaving, from 0 to 1.
    pub probability: f64,
    /// The probability as people read it.
    pub probability_text: String,
    /// The risk level.
    pub level: Named,
    /// The value tier; absent where nothing is known of what it is measured by.
    pub tier: Option<Named>,
    /// The monthly charge.
    pub monthly: Option<Amount>,
    /// The model that scored.
    pub model: String,
    /// The probability of the average customer, in tenths of a percentage point.
    pub base_tenths: i32,
    /// The customer's probability, in tenths of a percentage point: base plus all reasons.
    pub total_tenths: i32,
    /// Every reason, the strongest first.
    pub reasons: Vec<ReasonView>,
    /// What the data analyst says.
    pub analyst: ToldView,
    /// What churn reasoning says.
    pub causes: ToldView,
}

/// One reason with its points.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ReasonView {
    /// The reason's name in files and for people.
    pub reason: Named,
    /// The customer's values behind it, the leading column first.
    pub value: String,
    /// Tenths of a percentage point, signed; above 0 raises the risk.
    pub tenths: i32,
    /// Whether the values were invented for demonstration.
    pub synthetic: bool,
}

/// What an agent says.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ToldView {
    /// In one or two sentences.
    pub summary: String,
    /// In detail.
    pub details: Vec<String>,
}

/// What is planned.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PlanView {
    /// Whether the customer is to be contacted.
    pub contact: bool,
    /// The offer; absent for a contact without an offer and for no contact.
    pub offer: Option<Named>,
    /// The next best offer.
    pub runner_up: Option<Named>,
    /// What the offer costs if taken.
    pub cost: Option<Amount>,
    /// What it is expected to bring net, as assumed.
    pub net: Option<Amount>,
    /// Who is to do it.
    pub owner: String,
    /// The day by which it is to be done (YYYY-MM-DD).
    pub due: Option<String>,
    /// The rule; absent where the default was taken.
    pub rule: Option<String>,
    /// What the plan was chosen by.
    pub inputs: Vec<InputView>,
    /// Every offer the rule named and what became of it.
    pub considered: Vec<ConsideredView>,
    /// What the campaign designer says.
    pub designer: DesignerView,
    /// Whether nothing is done because the customer has left already.
    pub already_left: bool,
}

/// What the campaign designer says. Texts that do not apply are empty.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DesignerView {
    /// What is to be done.
    pub what: String,
    /// Why this.
    pub why: String,
    /// What it costs.
    pub cost: String,
    /// What it is expected to bring, said as an assumption.
    pub effect: String,
    /// Where the assumption comes from.
    pub effect_source: String,
    /// By when.
    pub due: String,
    /// What a person should know: an unknown value, the part that price or use played.
    pub notes: Vec<String>,
}

impl From<PlanText> for DesignerView {
    fn from(text: PlanText) -> Self {
        let PlanText { what, why, cost, effect, effect_source, due, notes, .. } = text;
        Self { what, why, cost, effect, effect_source, due, notes }
    }
}

/// One thing the plan was chosen by.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct InputView {
    /// What it is.
    pub label: String,
    /// Its value in words.
    pub value: String,
}

/// An offer the rule named.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConsideredView {
    /// The offer.
    pub offer: Named,
    /// What became of it, in a word for programs.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// Its name and what became of it, as a sentence.
    pub text: String,
}

/// What writing in one language came to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WritingView {
    /// The language.
    pub language: Named,
    /// What the messages want to happen; absent where no message passed.
    pub goal: Option<GoalView>,
    /// The segment in whose voice they are written.
    pub segment: Option<String>,
    /// The mail.
    pub email: Option<EmailView>,
    /// The short message.
    pub sms: Option<SmsView>,
    /// What to say in a call.
    pub call: Option<CallView>,
    /// Every claim of the texts and what it rests on, channel by channel in the order of the text.
    pub ledger: Vec<ClaimView>,
    /// The facts the texts use.
    pub facts: Vec<FactView>,
    /// The checks they passed.
    pub checks: Vec<String>,
    /// What wrote the mail; absent where there is none.
    pub writer: Option<WriterView>,
    /// What kept other texts back.
    pub findings: Vec<FindingView>,
    /// The channels that may not be used, as sentences.
    pub withheld: Vec<String>,
}

impl WritingView {
    /// Returns a text of a message cut where its claims begin and end.
    pub(crate) fn pieces<'a>(&'a self, channel: &str, part: &str, text: &'a str) -> Vec<Piece<'a>> {
        pieces(&self.ledger, channel, part, text)
    }

    /// Returns the claims by the sentence they stand in.
    pub(crate) fn sentences(&self) -> Vec<SentenceRow<'_>> {
        by_sentence(&self.ledger)
    }

    /// Returns whether any message passed.
    pub(crate) fn any(&self) -> bool {
        self.email.is_some() || self.sms.is_some() || self.call.is_some()
    }

    /// Returns whether nothing was written because nothing may or can be sent.
    pub(crate) fn left_alone(&self) -> bool {
        !self.any() && self.findings.is_empty() && !self.withheld.is_empty()
    }

    /// Returns the channels that passed.
    pub(crate) fn ready(&self, s: &Strings) -> Vec<&'static str> {
        let passed = [(Channel::Email, self.email.is_some()), (Channel::Sms, self.sms.is_some()), (Channel::Call, self.call.is_some())];
        passed.into_iter().filter(|(_, passed)| *passed).map(|(channel, _)| s.channel(channel)).collect()
    }

    /// Returns the channels that were held back.
    pub(crate) fn held(&self, s: &Strings) -> Vec<&'static str> {
        let held = |channel: &Channel| self.findings.iter().any(|finding| finding.channel.tag == channel.tag());
        Channel::ALL.into_iter().filter(held).map(|channel| s.channel(channel)).collect()
    }
}

/// What the messages want to happen.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GoalView {
    /// The goal.
    pub goal: Named,
    /// The event that counts as success.
    pub success: Named,
}

/// A mail.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EmailView {
    /// The subject line.
    pub subject: String,
    /// The line that mail programs show after the subject.
    pub preheader: String,
    /// The plain-text body.
    pub text: String,
    /// The HTML body.
    pub html: String,
}

/// A short message.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SmsView {
    /// The text.
    pub text: String,
    /// Its length in UTF-16 units.
    pub units: usize,
    /// How it is sent: `GSM-7`, 160 characters a segment, or `UCS-2`, 70.
    pub encoding: String,
    /// The segments it is sent and billed as.
    pub segments: usize,
    /// The character that turns an English text into UCS-2; absent where none does.
    pub ucs2_because: Option<String>,
}

/// What to say in a call.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CallView {
    /// Who calls, and may we speak.
    pub opening: String,
    /// Why we call.
    pub reason: String,
    /// What we offer.
    pub offer: String,
    /// What the customer may answer, and our answer.
    pub objections: Vec<ObjectionView>,
    /// What the caller must not say.
    pub forbidden: Vec<String>,
    /// How the call ends.
    pub close: String,
    /// What the caller ticks afterwards.
    pub outcomes: Vec<Named>,
    /// The same in the order of the call, each answer with where it leads.
    pub course: CourseView,
}

/// What the customer may answer, and our answer.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ObjectionView {
    /// What the customer says.
    pub customer: String,
    /// What we answer.
    pub answer: String,
}

/// A fact the texts use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct FactView {
    /// The fact's name.
    pub id: String,
    /// The fact as it stands in the text.
    pub text: String,
    /// Where it comes from.
    pub source: String,
}

/// What kept a text back.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FindingView {
    /// The channel.
    pub channel: Named,
    /// The part of the text.
    pub part: Named,
    /// The check that failed.
    pub check: String,
    /// What was found and what to do.
    pub detail: String,
}

/// Reads a customer; the problem for an id that is not there names the nearest ones.
pub(crate) async fn file(state: &WebState, context: &Context, id: &str) -> Result<CustomerFile, Problem> {
    let run = context.run.id;
    let found = match CustomerId::parse(id) {
        Ok(id) => state.store.file(run, &id, &context.table).await?,
        Err(_) => None,
    };
    match found {
        Some(file) => Ok(file),
        None => {
            let nearest = state.store.nearest_ids(run, id, 5).await?.iter().map(ToString::to_string).collect();
            Err(Problem::NoCustomer { id: id.to_owned(), nearest })
        }
    }
}

/// Returns the view; the problem where the stored score is no number.
pub(crate) fn view(context: &Context, file: &CustomerFile, s: &Strings) -> Result<CustomerView, Problem> {
    let customer = &file.customer;
    Ok(CustomerView {
        id: customer.id.to_string(),
        line: customer.line,
        fields: fields(context, customer, s),
        risk: risk(context, file, s)?,
        plan: file.plan.as_ref().map(|plan| plan_view(context, customer, plan, s)),
        segment: segment_view(context, customer, s),
        writings: file.writings.iter().map(|writing| writing_view(writing, &Sources { context, customer, s })).collect(),
        approval: file.approval.map(|approval| s.approval(approval)),
    })
}

fn segment_view(context: &Context, customer: &Customer, s: &Strings) -> Option<SegmentView> {
    let told = context.segmenter.assign(customer, day_of(&context.run));
    let words = describe_segment(&told, &context.segmenter, s.locale);
    let id = told.segment.as_ref().map(ToString::to_string);
    (told.by != AssignedBy::NoRules).then_some(SegmentView { id, label: words.name, why: words.why, also: words.also })
}

/// Returns every column that the row fills, or that every row must have.
fn fields(context: &Context, customer: &Customer, s: &Strings) -> Vec<FieldView> {
    let columns = context.table.columns.iter().enumerate();
    let told = columns.filter(|(index, column)| !column.optional || customer.cells.get(*index).is_some_and(|cell| *cell != Cell::Missing));
    told.map(|(index, column)| FieldView {
        name: column.name.clone(),
        label: column.label.get(s.locale).clone(),
        value: customer.display(&context.table, index, s.locale),
        anchor: field_anchor(index),
    })
    .collect()
}

fn risk(context: &Context, file: &CustomerFile, s: &Strings) -> Result<Option<RiskView>, Problem> {
    let Some(told) = words::explain(context, file)? else { return Ok(None) };
    let (summary, causes) = (&told.risk, &told.causes);
    let voice = words::voice(context, &file.customer, s.locale);
    Ok(Some(RiskView {
        probability: summary.probability.value(),
        probability_text: summary.probability.to_string(),
        level: Named::new(summary.level.tag(), s.level(summary.level)),
        tier: summary.tier.map(|tier| Named::new(tier.tag(), s.tier(tier))),
        monthly: summary.monthly_minor.map(|minor| Amount::paid(context, minor)),
        model: summary.model.to_string(),
        base_tenths: tenths(summary.base_probability),
        total_tenths: tenths(summary.probability.value()),
        reasons: summary.reasons.iter().map(|reason| reason_view(context, &file.customer, reason, s)).collect(),
        analyst: ToldView { summary: summary.text(&context.table, s.locale), details: summary.background(&context.table, s.locale) },
        causes: ToldView { summary: causes.text(summary, &voice), details: causes.details(summary, &voice) },
    }))
}

fn reason_view(context: &Context, customer: &Customer, reason: &PointedReason, s: &Strings) -> ReasonView {
    let label = context.features.groups.get(usize::from(reason.group)).map_or(reason.name.as_str(), |group| group.label.get(s.locale));
    ReasonView {
        reason: Named::new(&reason.name, label),
        value: words::reason_value(context, customer, reason, s),
        tenths: reason.tenths,
        synthetic: reason.synthetic,
    }
}

fn plan_view(context: &Context, customer: &Customer, plan: &CampaignPlan, s: &Strings) -> PlanView {
    let choice = plan.decision.choice();
    let offer = |id: &winback_core::offer::OfferId| Named::new(&id.0, &words::offer_name(context, id, s.locale));
    let text = describe(plan, &context.catalogue, &context.table, context.bounds.by(), s.locale);
    let considered = |one: &Considered| {
        let other = text.others.iter().find(|other| other.offer == one.offer).map(|other| other.text.clone());
        let offer = offer(&one.offer);
        let text = other.unwrap_or_else(|| format!("{}{}{}", offer.label, s.colon, s.verdict_chosen));
        ConsideredView { offer, verdict: one.verdict, text }
    };
    PlanView {
        contact: plan.decision.is_contact(),
        offer: choice.map(|choice| offer(&choice.offer)),
        runner_up: choice.and_then(|choice| choice.runner_up.as_ref()).map(offer),
        cost: choice.map(|choice| Amount::spent(context, choice.cost_minor)),
        net: choice.map(|choice| Amount::spent(context, choice.effect.net_minor)),
        owner: plan.owner.get(s.locale).clone(),
        due: plan.due.map(|due| due.to_string()),
        rule: plan.rule.clone(),
        inputs: words::inputs(plan, customer, context, s).into_iter().map(|(label, value)| InputView { label, value }).collect(),
        considered: plan.considered.iter().map(considered).collect(),
        already_left: matches!(plan.decision, Decision::NoContact { why: WhyNoContact::AlreadyLeft }),
        designer: text.into(),
    }
}

fn writing_view(writing: &Writing, sources: &Sources<'_>) -> WritingView {
    let s = sources.s;
    let records: Vec<&MessageRecord> = writing.messages.iter().map(|message| message.record()).collect();
    let content = |pick: fn(&Content) -> bool| records.iter().map(|record| &record.content).find(|content| pick(content));
    let mut facts: Vec<FactView> = Vec::new();
    for fact in records.iter().flat_map(|record| &record.facts) {
        let shown = FactView { id: fact.id.clone(), text: fact.text.clone(), source: sources.words(&fact.source) };
        if !facts.contains(&shown) {
            facts.push(shown);
        }
    }
    let mut checks: Vec<String> = records.iter().flat_map(|record| &record.checks).map(|check| checked(check, s)).collect();
    checks.sort();
    checks.dedup();
    let email = match content(|content| matches!(content, Content::Email(_))) {
        Some(Content::Email(email)) => Some(email_view(email)),
        _ => None,
    };
    let sms = match content(|content| matches!(content, Content::Sms(_))) {
        Some(Content::Sms(sms)) => Some(sms_view(&sms.text, writing.locale)),
        _ => None,
    };
    let call = match content(|content| matches!(content, Content::Call(_))) {
        Some(Content::Call(script)) => Some(call_view(script, writing.locale, s)),
        _ => None,
    };
    let language = Named::new(writing.locale.tag(), s.language(writing.locale));
    let findings = writing.findings.iter().map(|finding| finding_view(finding, s)).collect();
    let tips = |record: &MessageRecord| format!("claim-{}-{}", writing.locale.tag(), record.content.channel().tag());
    WritingView {
        goal: records.first().map(|record| goal_view(record.goal, s)),
        segment: records.first().and_then(|record| record.segment.as_ref()).map(ToString::to_string),
        ledger: records.iter().flat_map(|record| sources.claims(record, &tips(record))).collect(),
        language,
        email,
        sms,
        call,
        facts,
        checks,
        writer: records.iter().find(|record| matches!(record.content, Content::Email(_))).map(|record| WriterView::of(record, s)),
        findings,
        withheld: writing.withheld.iter().map(|one| one.text(s.locale).to_owned()).collect(),
    }
}

fn goal_view(goal: Goal, s: &Strings) -> GoalView {
    GoalView {
        goal: Named::new(goal.tag(), goal.label().get(s.locale)),
        success: Named::new(goal.success_event(), goal.success_label().get(s.locale)),
    }
}

/// Returns a check in words.
fn checked(check: &str, s: &Strings) -> String {
    if s.locale == Locale::En { check.replace('-', " ") } else { said(check, s.locale) }
}

fn email_view(email: &Email) -> EmailView {
    EmailView { subject: email.subject.clone(), preheader: email.preheader.clone(), text: email.text.clone(), html: email.html.clone() }
}

fn sms_view(text: &str, locale: Locale) -> SmsView {
    let count = SmsCount::of(text);
    SmsView {
        text: text.to_owned(),
        units: text.encode_utf16().count(),
        encoding: count.encoding.label().to_owned(),
        segments: count.segments,
        ucs2_because: first_beyond_gsm7(text).filter(|_| locale == Locale::En).map(String::from),
    }
}

fn call_view(script: &CallScript, spoken: Locale, s: &Strings) -> CallView {
    let objection = |objection: &winback_core::message::Objection| ObjectionView {
        customer: objection.customer.clone(),
        answer: objection.answer.clone(),
    };
    CallView {
        opening: script.opening.clone(),
        reason: script.reason.clone(),
        offer: script.offer.clone(),
        objections: script.objections.iter().map(objection).collect(),
        forbidden: script.forbidden.clone(),
        close: script.close.clone(),
        outcomes: script.outcomes.iter().map(|outcome| Named::new(&outcome.code, &outcome.label)).collect(),
        course: course_view(script, spoken, s),
    }
}

pub(super) fn finding_view(finding: &Finding, s: &Strings) -> FindingView {
    FindingView {
        channel: Named::new(finding.channel.tag(), s.channel(finding.channel)),
        part: Named::new(&finding.part, &part_label(&finding.part, s)),
        check: finding.check.clone(),
        detail: finding.detail.clone(),
    }
}
