//! `winback lm chat`
use crate::cli::Place;
use crate::cli::lm::written::{Pen, Writing, prompt_text};
use crate::exit::{Exit, OrExit};
use crate::report;
use std::io::{self, IsTerminal as _, Write as _};
use winback_lm::{ChatTemplate, Conversation, Message, Role, prompt};

/// Answer as a chat: one message, or turn by turn at the terminal
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    writing: Writing,
    /// The message [default: standard input; at a terminal, turn by turn until Ctrl-D]
    message: Option<String>,
    /// What the model is told before the message
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Answer at once, without thinking first
    #[arg(long)]
    no_think: bool,
}

/// Answers.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    let turns = args.message.is_none() && !at.json && io::stdin().is_terminal();
    let message = if turns { String::new() } else { prompt_text(args.message.as_deref())? };
    let mut pen = Pen::load(&args.writing, at.quiet)?;
    let template = pen.loaded.template()?;
    let mut said = begin(args);
    if turns {
        return converse(&mut pen, &template, &mut said);
    }
    said.messages.push(Message::new(Role::User, message));
    let ids = ids(&pen, &template, &said)?;
    if at.json {
        let written = pen.write(ids, |_| Ok(()))?;
        return report::print(true, &written, String::new);
    }
    pen.show(ids, at.quiet)?;
    Ok(())
}

fn begin(args: &Args) -> Conversation {
    let system = args.system.iter().map(|text| Message::new(Role::System, text.as_str()));
    // JSON comes from the first letter on, so there is no thought before it.
    let thinking = (args.no_think || args.writing.schema.is_some()).then_some(false);
    Conversation { messages: system.collect(), tools: Vec::new(), add_generation_prompt: true, thinking }
}

fn ids(pen: &Pen, template: &ChatTemplate, said: &Conversation) -> anyhow::Result<Vec<u32>> {
    let now = jiff::Zoned::now().datetime();
    prompt(&pen.loaded.tokens, template, said, Some(now)).or_exit(Exit::BadInput)
}

/// Answers line by line until there are none.
fn converse(pen: &mut Pen, template: &ChatTemplate, said: &mut Conversation) -> anyhow::Result<()> {
    loop {
        let mut out = io::stdout();
        out.write_all(b"> ").and_then(|()| out.flush())?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        said.messages.push(Message::new(Role::User, line.trim_end()));
        let Some(written) = pen.show(ids(pen, template, said)?, true)? else { return Ok(()) };
        said.messages.push(Message::new(Role::Assistant, written.text));
    }
}
