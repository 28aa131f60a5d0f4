//! `winback show` and what `winback write --id` shows.
use crate::cli::{Language, Place};
use crate::config::settings::writer::WriterKind;
use crate::desk::context;
use crate::example;
use crate::exit::{Exit, OrExit, stop};
use crate::local_writer::{OrWriter as _, hired};
use crate::report;
use crate::stages;
use crate::workbench::{Desktop, OrStorage, Overrides, Workbench};
use std::process::ExitCode;
use std::time::Instant;
use winback_core::agents::campaign_designer::describe;
use winback_core::agents::churn_reasoning::Voice;
use winback_core::author::Author;
use winback_core::brief::brief;
use winback_core::customer::Cell;
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Locale;
use winback_core::message::{CallScript, Channel, Content, LanguageModelVersion, Message, MessageRecord, Objection, WriterVersion};
use winback_core::pipeline::assess::Explainer;
use winback_core::pipeline::segment::day_of;
use winback_core::pipeline::write::{self, Scribe, Selection, WriteReport};
use winback_core::portfolio::{Context, CustomerFile, Filter, PortfolioReader};
use winback_core::progress::Silent;
use winback_core::prompt::{Prompt, prompt};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::run::{Run, Stage};
use winback_core::segment::words::describe as describe_segment;
use winback_core::store::{MessageStore, Writing};
use winback_core::template::BY_EDITED;

/// Show everything about one customer
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The customer's id
    #[arg(required_unless_present = "random")]
    pub id: Option<String>,
    /// Draw a customer, every one with the same chance
    #[arg(long, conflicts_with = "id")]
    pub random: bool,
    /// The same seed draws the same customer [default: the clock]
    #[arg(long, requires = "random")]
    pub seed: Option<u64>,
    /// Draw among customers of this risk only: high, medium or low
    #[arg(long, requires = "random", value_parser = parse_level)]
    pub risk: Option<RiskLevel>,
    /// Draw among customers of this value only: high, mid or low
    #[arg(long, requires = "random", value_parser = parse_tier)]
    pub value: Option<ValueTier>,
    /// The language
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// Show what a language model would be asked to write, without personal data
    #[arg(long)]
    pub prompt: bool,
}

/// Returns the risk level of a word.
pub fn parse_level(text: &str) -> Result<RiskLevel, String> {
    RiskLevel::from_tag(text).ok_or_else(|| "expected high, medium or low".to_owned())
}

/// Returns the value tier of a word.
pub fn parse_tier(text: &str) -> Result<ValueTier, String> {
    ValueTier::from_tag(text).ok_or_else(|| "expected high, mid or low".to_owned())
}

/// Shows a customer of the newest run.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let bench = Workbench::open(&at.home, at.quiet, &Overrides::default()).await?;
    let run = bench.newest(Stage::Assess).await?;
    let context = context(&run).or_storage()?;
    let (id, seed) = match &args.id {
        Some(id) => (id.clone(), None),
        None => draw(&bench, &context, args).await?,
    };
    let file = find(&bench, &context, &id).await?;
    let locale = args.lang.into();
    if args.prompt {
        return prompts(at, &bench, &context, (&file, locale));
    }
    let shown = Shown { context: &context, file: &file, locale };
    report::print(at.json, &shown.json()?, || shown.text(seed))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows what a language model would be asked, for each channel on which the customer can be reached.
fn prompts(at: &Place, bench: &Workbench, context: &Context, (file, locale): (&CustomerFile, Locale)) -> anyhow::Result<ExitCode> {
    let scribe = bench.scribe(&Desktop::of(context));
    let plan = file.plan.as_ref().ok_or_else(|| stop(Exit::Usage, "nothing is planned for this customer yet", "winback plan"))?;
    let brief = brief(&scribe.sources, &file.customer, plan, locale, scribe.seed);
    let brief = brief.or_hint(Exit::Usage, "winback show ID tells what is planned, and why")?;
    let withheld = write::reach(&context.run, &context.table).or_storage()?.withheld(&file.customer);
    let open = Channel::ALL.into_iter().filter(|channel| withheld.iter().all(|one| one.channel != *channel));
    let prompts: Vec<Prompt> = open.map(|channel| prompt(&bench.templates, &brief, &context.table, channel)).collect();
    report::print(at.json, &prompts, || {
        let asked = prompts
            .iter()
            .map(|one| format!("── {} · {} · {} ──\n{}\n\n{}", one.channel.tag(), one.locale, one.digest.short(), one.system, one.user));
        let unasked = withheld.iter().map(|one| format!("── {} · {locale} ──\n{}", one.channel.tag(), one.text(locale)));
        asked.chain(unasked).collect::<Vec<_>>().join("\n\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn draw(bench: &Workbench, context: &Context, args: &Args) -> anyhow::Result<(String, Option<u64>)> {
    let seed = args.seed.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond().unsigned_abs() % 1_000_000);
    let filter = Filter { level: args.risk, tier: args.value.map(Some), ..Filter::default() };
    let drawn = bench.store.random(context.run.id, &filter, seed).await.or_storage()?;
    let nobody = || stop(Exit::Usage, "no customer fits the filter", "leave out --risk or --value");
    Ok((drawn.ok_or_else(nobody)?.to_string(), Some(seed)))
}

/// Returns a customer's file, or names the ids that come nearest.
pub async fn find(bench: &Workbench, context: &Context, id: &str) -> anyhow::Result<CustomerFile> {
    let parsed = CustomerId::parse(id).or_exit(Exit::Usage)?;
    if let Some(file) = bench.store.file(context.run.id, &parsed, &context.table).await.or_storage()? {
        return Ok(file);
    }
    let near = bench.store.nearest_ids(context.run.id, id, 5).await.or_storage()?;
    let near = near.iter().map(CustomerId::as_str).collect::<Vec<_>>().join(", ");
    let hint = if near.is_empty() { "winback show --random draws one".to_owned() } else { format!("the nearest ids: {near}") };
    Err(stop(Exit::Usage, format!("there is no customer {id:?} in run {}", context.run.id), hint))
}

/// Writes for one customer now and shows the result with the facts used, the checks passed and the seconds taken.
pub async fn written(
    at: &Place,
    (bench, run): (&Workbench, &mut Run),
    id: &str,
    (writer, only): (Option<WriterKind>, Option<Locale>),
) -> anyhow::Result<ExitCode> {
    let context = context(run).or_storage()?;
    let file = find(bench, &context, id).await?;
    let local = hired(&bench.home, &bench.settings.writer, writer, at.quiet)?;
    let start = Instant::now();
    let author = local.as_ref().map(|local| &local.author);
    let writings = write_to((bench, run), (&context, file.customer.position), author).await?;
    let seconds = start.elapsed().as_secs_f64();
    let writings: Vec<Writing> = writings.into_iter().filter(|writing| only.is_none_or(|locale| writing.locale == locale)).collect();
    let json = serde_json::json!({ "customer": file.customer.id, "seconds": seconds, "writings": writings_json(&writings) });
    report::print(at.json, &json, || match writings.is_empty() {
        true => "This customer is not to be contacted, so nothing is written; winback show tells why.".to_owned(),
        false => format!("{}\nwritten and reviewed in {seconds:.3} s", writings_text(&writings)),
    })?;
    example::note_for_real_customers(bench, run, &bench.rules.company).await?;
    let held = writings.iter().any(|writing| !writing.findings.is_empty());
    let messages = writings.iter().flat_map(|writing| &writing.messages);
    let stepped_in = messages.filter(|message| message.record().stepped_in_for().is_some()).count() > 0;
    Ok(if held || stepped_in { ExitCode::from(Exit::Partial as u8) } else { ExitCode::SUCCESS })
}

/// Writes for one customer now, in every language, and keeps it in the store and in the report of the run. Without an author
/// the built-in writer writes the mails, too.
pub async fn write_to(
    (bench, run): (&Workbench, &mut Run),
    (context, position): (&Context, Position),
    author: Option<&Author>,
) -> anyhow::Result<Vec<Writing>> {
    let start = Instant::now();
    let scribe = Scribe { author, ..bench.scribe(&Desktop::of(context)) };
    let before = bench.store.writings(run.id, position).await.or_storage()?;
    write::write(run, &scribe, Selection::One(position), &*bench.store, &Silent).await.or_writer()?;
    let writings = bench.store.writings(run.id, position).await.or_storage()?;
    if run.has(Stage::Write) {
        let mut all: WriteReport = stages::report(run, Stage::Write)?;
        all.exchange(&before, &writings, &bench.templates);
        stages::keep_written(bench, run, start, &all).await?;
    }
    Ok(writings)
}

struct Shown<'a> {
    context: &'a Context,
    file: &'a CustomerFile,
    locale: Locale,
}

impl Shown<'_> {
    fn explainer(&self) -> Explainer<'_> {
        let context = self.context;
        Explainer {
            table: &context.table,
            features: &context.features,
            peers: &context.peers,
            model: &context.model,
            thresholds: context.thresholds,
            bounds: context.bounds,
        }
    }

    fn json(&self) -> anyhow::Result<serde_json::Value> {
        let explanation = match &self.file.assessment {
            Some(assessment) => Some(self.explainer().explain(&self.file.customer, assessment)?),
            None => None,
        };
        let cells = self.context.table.columns.iter().enumerate().map(|(place, column)| {
            (column.name.clone(), serde_json::Value::from(self.file.customer.display(&self.context.table, place, self.locale)))
        });
        Ok(serde_json::json!({
            "customer": self.file.customer.id,
            "line": self.file.customer.line,
            "cells": cells.collect::<serde_json::Map<_, _>>(),
            "risk": explanation.as_ref().map(|e| &e.risk),
            "causes": explanation.as_ref().map(|e| &e.causes),
            "segment": self.context.segmenter.assign(&self.file.customer, day_of(&self.context.run)),
            "plan": self.file.plan,
            "writings": writings_json(&self.file.writings),
        }))
    }

    fn text(&self, seed: Option<u64>) -> String {
        let mut text =
            format!("Customer {} (line {} of {})\n", self.file.customer.id, self.file.customer.line, self.context.run.origin.source);
        if let Some(seed) = seed {
            text.push_str(&format!("drawn with --seed {seed}\n"));
        }
        let known = |place: usize| self.file.customer.cells.get(place).is_some_and(|cell| *cell != Cell::Missing);
        let cells = self.context.table.columns.iter().enumerate().filter(|(place, column)| !column.optional || known(*place));
        let rows = cells.map(|(place, column)| {
            vec![column.label.get(self.locale).clone(), self.file.customer.display(&self.context.table, place, self.locale)]
        });
        text.push_str(&format!("\n{}\n", report::table(&[], rows)));
        text.push_str(&self.judgement());
        if !self.file.writings.is_empty() {
            let own = self.file.writings.iter().filter(|writing| writing.locale == self.locale).cloned().collect::<Vec<_>>();
            text.push_str(&format!("\n{}", writings_text(&own)));
        }
        text
    }

    /// Returns the customer's segment and what made it so, as a line.
    fn segment(&self) -> String {
        let told = self.context.segmenter.assign(&self.file.customer, day_of(&self.context.run));
        let words = describe_segment(&told, &self.context.segmenter, self.locale);
        let title = match self.locale {
            Locale::ZhTw => "分群：",
            Locale::ZhCn => "分群：",
            Locale::En => "Segment: ",
        };
        let rest = [words.why, words.also].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        format!("{title}{} ({rest})", words.name)
    }

    fn judgement(&self) -> String {
        let customer = &self.file.customer;
        let mut text = format!("\n{}\n", self.segment());
        if let Some(Ok(explained)) = self.file.assessment.as_ref().map(|assessment| self.explainer().explain(customer, assessment)) {
            let voice = Voice { table: &self.context.table, features: &self.context.features, customer, locale: self.locale };
            let background = explained.risk.background(&self.context.table, self.locale).into_iter().map(|line| format!("  {line}\n"));
            text.push_str(&format!("\n{}\n{}", explained.risk.text(&self.context.table, self.locale), background.collect::<String>()));
            let details = explained.causes.details(&explained.risk, &voice).into_iter().map(|line| format!("  {line}\n"));
            text.push_str(&format!("\n{}\n{}", explained.causes.text(&explained.risk, &voice), details.collect::<String>()));
        }
        if let Some(plan) = &self.file.plan {
            let said = describe(plan, &self.context.catalogue, &self.context.table, self.context.bounds.by(), self.locale);
            let lines = [said.what, said.why, said.cost, said.effect, said.effect_source, said.owner, said.due];
            let others = said.others.into_iter().map(|other| other.text);
            let lines = lines.into_iter().chain(others).chain(said.notes).filter(|line| !line.is_empty());
            text.push_str(&format!("\n{}\n", lines.collect::<Vec<_>>().join("\n")));
        }
        text
    }
}

fn writings_json(writings: &[Writing]) -> serde_json::Value {
    let one = |writing: &Writing| {
        serde_json::json!({
            "language": writing.locale,
            "messages": writing.messages.iter().map(Message::record).collect::<Vec<_>>(),
            "findings": writing.findings,
            "withheld": writing.withheld,
        })
    };
    writings.iter().map(one).collect()
}

/// Returns messages as people read them, with the facts used and the checks passed, and what was held back.
pub fn writings_text(writings: &[Writing]) -> String {
    let mut text = String::new();
    for writing in writings {
        for message in &writing.messages {
            let record = message.record();
            let title = format!("{} · {}", record.content.channel().tag(), writing.locale);
            let facts = record.facts.iter().map(|fact| format!("{} = {}", fact.id, fact.text)).collect::<Vec<_>>().join("; ");
            text.push_str(&format!(
                "── {title} ──\n{}\n\nwritten by: {}\nfacts: {facts}\nchecks passed: {}\n{}\n",
                content_text(&record.content, writing.locale),
                writer_text(&record.writer),
                record.checks.join(", "),
                refused_text(record)
            ));
        }
        for withheld in &writing.withheld {
            text.push_str(&format!("── {} · {} ──\n{}\n\n", withheld.channel.tag(), writing.locale, withheld.text(writing.locale)));
        }
        for finding in &writing.findings {
            text.push_str(&format!(
                "── held · {} · {} ──\n{}: {}\n\n",
                finding.channel.tag(),
                writing.locale,
                finding.part,
                finding.detail
            ));
        }
    }
    text
}

/// Returns who wrote a message, with the versions of a model and of its prompt.
fn writer_text(WriterVersion { name, model, .. }: &WriterVersion) -> String {
    match model {
        Some(LanguageModelVersion { version, prompt, .. }) => format!("{name} (model {version}, prompt {})", prompt.short()),
        None if name == BY_EDITED => "the built-in writer, with templates of this folder".to_owned(),
        None => name.clone(),
    }
}

/// Returns the mails of a model that the review refused before a message, a line a finding.
fn refused_text(record: &MessageRecord) -> String {
    let mut text = String::new();
    for (mail, attempt) in record.refused.iter().zip(1..) {
        for finding in &mail.findings {
            let (writer, part, detail, check) = (&mail.writer.name, &finding.part, &finding.detail, &finding.check);
            text.push_str(&format!("refused before, {writer}, mail {attempt}: {part}: {detail} ({check})\n"));
        }
    }
    text
}

/// Returns what a message says, as people read it.
pub fn content_text(content: &Content, locale: Locale) -> String {
    match content {
        Content::Email(mail) => format!("{}\n[{}]\n\n{}", mail.subject, mail.preheader, mail.text.trim_end()),
        Content::Sms(sms) => sms.text.clone(),
        Content::Call(script) => script_text(script, locale),
    }
}

fn script_text(script: &CallScript, locale: Locale) -> String {
    let (open, close) = if locale == Locale::ZhTw { ("「", "」") } else { ("“", "”") };
    let said = |objection: &Objection| format!("  {open}{}{close}\n    → {}\n", objection.customer, objection.answer);
    let answers = script.objections.iter().map(said);
    let forbidden = script.forbidden.iter().map(|never| format!("  × {never}\n"));
    let outcomes = script.outcomes.iter().map(|outcome| format!("  [ ] {} ({})\n", outcome.label, outcome.code));
    format!(
        "{}\n\n{}\n\n{}\n\n{}\n{}\n{}\n\n{}",
        script.opening,
        script.reason,
        script.offer,
        answers.collect::<String>(),
        forbidden.collect::<String>(),
        script.close,
        outcomes.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::script::{CallStep, Next};

    #[test]
    fn what_a_customer_says_stands_in_the_quotation_marks_of_the_region() {
        let objection =
            Objection {
                id: "a".into(), after: Vec::new(), then: Next::Step(CallStep::Close), customer: "…".into(), answer: "好".into()
            };
        let (opening, reason, offer, close) = Default::default();
        let script = CallScript { opening, reason, offer, objections: vec![objection], forbidden: Vec::new(), close, outcomes: Vec::new() };
        let check = |locale, said: &str| assert!(script_text(&script, locale).contains(said), "{locale}");
        check(Locale::ZhTw, "  「…」\n    → 好");
        check(Locale::ZhCn, "  “…”\n    → 好");
        check(Locale::En, "  “…”\n    → 好");
    }
}
