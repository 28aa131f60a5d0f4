//! `winback templates preview`
use crate::cli::{GoalChoice, Language, Place, parse_goal, show};
use crate::desk::context;
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::workbench::{OrStorage, Workbench};
use serde_json::json;
use std::process::ExitCode;
use winback_core::agents::communication::{self, Origin};
use winback_core::brief::brief;
use winback_core::campaign::{CampaignPlan, Decision};
use winback_core::customer::Customer;
use winback_core::locale::Locale;
use winback_core::message::{Brief, Channel, Content, Message};
use winback_core::pipeline::write::Scribe;
use winback_core::run::Stage;
use winback_core::segment::SegmentId;
use winback_core::store::Writing;
use winback_core::template::Templates;

/// Show what one customer would be written, and which wording each part comes from; nothing is stored
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The customer's id
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// Only this language [default: write.languages of winback.toml]
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
    /// Only this channel: email, sms or call
    #[arg(long, value_parser = parse_channel, conflicts_with = "html")]
    pub channel: Option<Channel>,
    /// Another goal: activation, recall or push; auto chooses
    #[arg(long, value_name = "GOAL", value_parser = parse_goal)]
    pub goal: Option<GoalChoice>,
    /// The voice of another segment
    #[arg(long, value_name = "SEGMENT", value_parser = SegmentId::parse)]
    pub segment: Option<SegmentId>,
    /// Print the HTML of the mail and nothing else; of the first language, where none is named
    #[arg(long, conflicts_with = "json")]
    pub html: bool,
}

fn parse_channel(text: &str) -> Result<Channel, String> {
    Channel::ALL.into_iter().find(|channel| channel.tag() == text).ok_or_else(|| "expected email, sms or call".to_owned())
}

/// What one customer would be written in one language.
struct Trial {
    brief: Brief,
    writing: Writing,
    origins: Vec<Origin>,
}

/// Writes and reviews for one customer of the newest run, and shows what came of it.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Plan).await?;
    let context = context(&run).or_storage()?;
    let file = show::find(&bench, &context, &args.id).await?;
    let plan = file.plan.ok_or_else(|| stop(Exit::Usage, "nothing is planned for this customer yet", "winback plan"))?;
    if let Decision::NoContact { .. } = plan.decision {
        let hint = "choose a customer who is to be contacted; winback show tells why this one is not";
        return Err(stop(Exit::Usage, "the plan leaves this customer alone, so there is nothing to preview", hint));
    }
    let mut scribe = bench.scribe(&context.table, &context.catalogue, &context.company);
    scribe.sources.goal = args.goal.map_or(bench.run_settings.goal, |GoalChoice(goal)| goal);
    let languages = args.lang.map_or(bench.settings.languages.clone(), |language| vec![language.into()]);
    let languages = languages.into_iter().take(if args.html { 1 } else { Locale::ALL.len() });
    let mut trials = languages.map(|locale| try_out(&scribe, (&file.customer, &plan), locale, args)).collect::<anyhow::Result<Vec<_>>>()?;
    for origin in trials.iter_mut().flat_map(|trial| &mut trial.origins) {
        let own = bench.home.join("templates").join(&origin.file).exists();
        origin.file = format!("{}/{}", if own { "templates" } else { "built-in" }, origin.file);
    }
    if args.html {
        report::line(html(&trials)?)?;
    } else {
        let all = trials.iter().map(|trial| json_of(trial, &bench.templates)).collect::<Vec<_>>();
        report::print(at.json, &json!({ "customer": file.customer.id, "previews": all }), || text(&trials, &bench.templates))?;
    }
    let held = trials.iter().any(|trial| !trial.writing.findings.is_empty());
    Ok(if held { ExitCode::from(Exit::Partial as u8) } else { ExitCode::SUCCESS })
}

fn try_out(scribe: &Scribe<'_>, (customer, plan): (&Customer, &CampaignPlan), locale: Locale, args: &Args) -> anyhow::Result<Trial> {
    let mut brief =
        brief(&scribe.sources, customer, plan, locale, scribe.seed).or_hint(Exit::Findings, "try another --goal, or --goal auto")?;
    if let Some(segment) = &args.segment {
        brief.segment = Some(segment.clone());
    }
    let mut writing = communication::write_and_review(scribe.templates, &brief);
    let mut origins = communication::origins(scribe.templates, &brief);
    if let Some(only) = args.channel.or(args.html.then_some(Channel::Email)) {
        writing.messages.retain(|message| message.record().content.channel() == only);
        writing.findings.retain(|finding| finding.channel == only);
        origins.retain(|origin| origin.channel == only);
    }
    Ok(Trial { brief, writing, origins })
}

fn html(trials: &[Trial]) -> anyhow::Result<&str> {
    let contents = trials.iter().flat_map(|trial| &trial.writing.messages).map(|message| &message.record().content);
    let found = contents.into_iter().find_map(|content| if let Content::Email(mail) = content { Some(mail.html.as_str()) } else { None });
    let findings = trials.iter().flat_map(|trial| &trial.writing.findings).map(|finding| format!("{}: {}", finding.part, finding.detail));
    let held = || stop(Exit::Findings, findings.collect::<Vec<_>>().join("\n"), "winback templates preview without --html shows the rest");
    found.ok_or_else(held)
}

fn json_of(trial: &Trial, templates: &Templates) -> serde_json::Value {
    json!({
        "language": trial.brief.locale,
        "goal": trial.brief.goal,
        "segment": trial.brief.segment,
        "voice": trial.brief.segment.as_ref().is_some_and(|segment| templates.segments().contains(segment)),
        "facts": trial.brief.facts,
        "messages": trial.writing.messages.iter().map(Message::record).collect::<Vec<_>>(),
        "findings": trial.writing.findings,
        "wordings": trial.origins,
    })
}

fn text(trials: &[Trial], templates: &Templates) -> String {
    trials.iter().map(|trial| text_of(trial, templates)).collect::<Vec<_>>().join("\n")
}

fn text_of(Trial { brief, writing, origins }: &Trial, templates: &Templates) -> String {
    let voice = match &brief.segment {
        None => "no segment, the general voice".to_owned(),
        Some(segment) if templates.segments().contains(segment) => format!("the voice of {segment}"),
        Some(segment) => {
            let own = templates.segments().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("the general voice: {segment} has none of its own; those that have are {own}")
        }
    };
    let mut text =
        format!("══ {} ══\ngoal: {}, {voice}\n\n{}", brief.locale, brief.goal, show::writings_text(std::slice::from_ref(writing)));
    text.push_str("facts that may be said\n");
    let facts = brief.facts.iter().map(|fact| vec![format!("  {}", fact.id), fact.text.clone()]);
    text.push_str(&format!("{}\n\nwordings\n", report::table(&[], facts)));
    let wordings = origins
        .iter()
        .map(|origin| vec![format!("  {} {}", origin.channel.tag(), origin.part), format!("{}:{}", origin.file, origin.line)]);
    text.push_str(&format!("{}\n", report::table(&[], wordings)));
    text
}
