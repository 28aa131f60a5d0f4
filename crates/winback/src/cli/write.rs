//! `winback write`
use crate::cli::{GoalChoice, Place, parse_goal, show};
use crate::config::settings::writer::WriterKind;
use crate::example;
use crate::exit::{Exit, stop};
use crate::local_writer::hired;
use crate::newest::need;
use crate::report;
use crate::stages;
use crate::workbench::Workbench;
use std::collections::BTreeMap;
use std::process::ExitCode;
use winback_core::author::Effort;
use winback_core::likeness::{Likeness, NEARLY_ALIKE};
use winback_core::locale::Locale;
use winback_core::pipeline::write::{Selection, WriteReport};
use winback_core::run::Stage;
use winback_core::segment::SegmentId;

/// How many segments a line of the report names.
const SEGMENTS_SHOWN: usize = 10;

/// Write e-mails, short messages and call scripts
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write for this customer and show the result with the facts used, the checks passed and the seconds taken
    #[arg(long, value_name = "ID", conflicts_with_all = ["top", "all", "again"])]
    pub id: Option<String>,
    /// Write for so many customers, those most worth keeping [default: write.customers of winback.toml]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub top: Option<u64>,
    /// Write for everyone who is to be contacted
    #[arg(long)]
    pub all: bool,
    /// Write anew, although messages are there already
    #[arg(long)]
    pub again: bool,
    /// What the messages want to happen: activation, recall or push; auto chooses for each customer
    /// [default: write.goal of winback.toml]
    #[arg(long, value_name = "GOAL", value_parser = parse_goal)]
    pub goal: Option<GoalChoice>,
    /// Who writes the mails: the wordings of the templates, or the language model of `writer` [default: writer.kind of
    /// winback.toml]
    #[arg(long, value_enum, value_name = "WRITER")]
    pub writer: Option<WriterKind>,
    /// Show only this language
    #[arg(long, value_name = "LANGUAGE", requires = "id")]
    pub lang: Option<crate::cli::Language>,
}

/// Writes for customers of the newest import.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(id) = &args.id {
        let (mut bench, _lock, mut run) = Workbench::at_work(at, Stage::Plan).await?;
        asks(&mut bench, args.goal);
        return show::written(at, (&bench, &mut run), id, (args.writer, args.lang.map(Into::into))).await;
    }
    let (mut bench, _lock, mut run) = Workbench::at_work(at, Stage::Import).await?;
    let other_goal = asks(&mut bench, args.goal);
    if other_goal && run.has(Stage::Write) && !args.again {
        let hint = "add --again, which writes every message of the run anew";
        return Err(stop(Exit::Usage, "messages with another goal are there already, and a run has one goal at a time", hint));
    }
    need(&run, Stage::Plan)?;
    // Before anything is forgotten: a model that is not there writes nothing.
    let local = hired(&bench.home, &bench.settings.writer, args.writer, at.quiet)?;
    let author = local.as_ref().map(|local| &local.author);
    if args.again {
        bench.reopen(&mut run, Stage::Write).await?;
    }
    let selection = if args.all { Selection::All } else { Selection::Best(args.top.unwrap_or(bench.settings.customers)) };
    if run.has(Stage::Write) {
        stages::write_more(&bench, &mut run, selection, author).await?;
    } else {
        stages::write(&bench, &mut run, selection, author).await?;
    }
    let done: WriteReport = stages::report(&run, Stage::Write)?;
    report::print(at.json, &done, || text(&done))?;
    example::note_for_real_customers(&bench, &run, &bench.rules.company).await?;
    Ok(if done.held > 0 || stepped_in(&done) { ExitCode::from(Exit::Partial as u8) } else { ExitCode::SUCCESS })
}

/// Takes the goal that was asked for; returns whether it is another one than the run's.
fn asks(bench: &mut Workbench, goal: Option<GoalChoice>) -> bool {
    let asked = goal.map_or(bench.run_settings.goal, |GoalChoice(goal)| goal);
    std::mem::replace(&mut bench.run_settings.goal, asked) != asked
}

/// Returns the report as text.
pub fn text(done: &WriteReport) -> String {
    let rows = [
        (done.ready, "ready to send, in every language, on every channel open to them"),
        (done.held, "held for a person: some message did not pass its review"),
        (done.not_selected, "to be contacted, not written for yet (winback write --all)"),
        (done.unreachable, "skipped: no channel is left, for want of consent or address"),
        (done.low_risk, "skipped: low risk"),
        (done.already_left, "skipped: they have left already"),
    ];
    let rows = rows.into_iter().map(|(customers, what)| vec![report::count(customers), what.to_owned()]);
    let mut text =
        format!("{} customers, {} messages:\n{}", report::count(done.customers), report::count(done.messages), report::table(&[], rows));
    if done.neutral_greetings > 0 {
        text.push_str(&format!(
            "\n  {} greeted without the name in the table, which cannot stand in a message",
            report::count(done.neutral_greetings)
        ));
    }
    for count in &done.withheld {
        text.push_str(&format!("\n  {} × {}", report::count(count.customers), count.withheld.text(Locale::En)));
    }
    text.push_str(&voices(done));
    text.push_str(&writers(done));
    text.extend(done.likeness.iter().filter(|(_, likeness)| likeness.compared > 1).map(|(locale, likeness)| alike(*locale, likeness)));
    for finding in &done.findings {
        text.push_str(&format!("\n  {} {}: {} ({})", finding.channel.tag(), finding.part, finding.detail, finding.check));
    }
    text
}

/// Returns how alike the mails of a language are, as a line of its own.
pub fn alike(locale: Locale, likeness: &Likeness) -> String {
    let left_out = match likeness.left_out {
        0 => String::new(),
        more => format!("; {} more were not compared", report::count(more)),
    };
    format!(
        "\n{locale}: {} mails, {}, {}; {:.0}% read nearly like another (≥ {:.0}% of the same phrases){left_out}",
        report::count(likeness.compared),
        different(likeness.contents, "content"),
        different(likeness.texts, "text"),
        likeness.share() * 100.0,
        NEARLY_ALIKE * 100.0,
    )
}

fn different(number: u64, what: &str) -> String {
    if number == 1 { format!("the same {what}") } else { format!("{} different {what}s", report::count(number)) }
}

/// Returns the goals and voices of the messages, a line each; nothing where the table has no segments and no goal.
fn voices(done: &WriteReport) -> String {
    let list = |counts: Vec<(String, u64)>| {
        let (shown, rest) = counts.split_at(counts.len().min(SEGMENTS_SHOWN));
        let shown = shown.iter().map(|(name, customers)| format!("{name} {}", report::count(*customers)));
        let rest = (!rest.is_empty()).then(|| format!("{} more", rest.len()));
        shown.chain(rest).collect::<Vec<_>>().join(", ")
    };
    let named = |counts: &BTreeMap<SegmentId, u64>| counts.iter().map(|(segment, customers)| (segment.to_string(), *customers)).collect();
    let goals = done.goals.iter().map(|(goal, customers)| (goal.to_string(), *customers)).collect();
    let lines = [
        (list(goals), "what the messages want to happen"),
        (list(named(&done.voices)), "in their segment's own voice"),
        (list(named(&done.without_voice)), "in the general voice: these segments have no file in templates/segments/"),
    ];
    lines.into_iter().filter(|(counts, _)| !counts.is_empty()).map(|(counts, what)| format!("\n{what}: {counts}")).collect()
}

/// Returns whether a model was asked and the built-in writer stepped in for some mail.
pub fn stepped_in(done: &WriteReport) -> bool {
    done.effort.is_some() && !done.stepped_in.is_empty()
}

/// Returns who wrote the mails and what that took, a line each; nothing where the built-in writer wrote all of them.
fn writers(done: &WriteReport) -> String {
    let asked = done.effort.filter(|effort| effort.mails > 0);
    if asked.is_none() && done.writers.len() < 2 && done.stepped_in.is_empty() {
        return String::new();
    }
    let list = |counts: &BTreeMap<String, u64>| {
        counts.iter().map(|(name, mails)| format!("{name} {}", report::count(*mails))).collect::<Vec<_>>().join(", ")
    };
    let stepped_in = match done.stepped_in.is_empty() {
        true => String::new(),
        false => {
            let mails = report::count(done.stepped_in.values().sum());
            format!(
                "\nthe built-in writer stepped in for {mails} mails of a model, by the first check they failed: {}",
                list(&done.stepped_in)
            )
        }
    };
    let effort = asked.map_or_else(String::new, |effort| format!("\n{}", effort_text(&effort)));
    format!("\nmails by writer: {}{stepped_in}{effort}", list(&done.writers))
}

/// Returns what mails took of a model, as a sentence.
pub fn effort_text(effort: &Effort) -> String {
    let Effort { mails, tries, prompt_tokens, cached_tokens, written_tokens } = effort;
    let [mails, tries, prompts, cached, written] = [mails, tries, prompt_tokens, cached_tokens, written_tokens].map(|n| report::count(*n));
    let read = match effort.cached_tokens {
        0 => format!("it read {prompts} tokens of prompts"),
        _ => format!("of {prompts} tokens of prompts it did not read {cached}, because other prompts begin alike"),
    };
    format!("tries of the model: {tries}, for mails: {mails}; it wrote {written} tokens; {read}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_told_in_one_line_a_language() {
        let likeness = Likeness { compared: 1_200, left_out: 0, contents: 61, texts: 148, near_duplicates: 408 };
        let one = Likeness { compared: 1, contents: 1, texts: 1, ..Likeness::default() };
        let cut = Likeness { left_out: 2_000, contents: 1, ..likeness };
        let done =
            WriteReport { likeness: [(Locale::ZhTw, one), (Locale::ZhCn, cut), (Locale::En, likeness)].into(), ..WriteReport::default() };
        let text = text(&done);
        let told: Vec<&str> = text.lines().filter(|line| line.contains("mails")).collect();
        let words = "148 different texts; 34% read nearly like another (≥ 90% of the same phrases)";
        let cut = format!("zh-CN: 1,200 mails, the same content, {words}; 2,000 more were not compared");
        assert_eq!(told, [cut, format!("en: 1,200 mails, 61 different contents, {words}")]);
    }
}
