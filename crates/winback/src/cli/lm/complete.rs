//! `winback lm complete`
use crate::cli::Place;
use crate::cli::lm::written::{Pen, Writing, prompt_text};
use crate::report;

/// Go on with a text
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    writing: Writing,
    /// The text to go on with [default: standard input]
    prompt: Option<String>,
}

/// Writes what follows a text.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    let prompt = prompt_text(args.prompt.as_deref())?;
    let mut pen = Pen::load(&args.writing, at.quiet)?;
    let ids = pen.loaded.tokens.encode_text(&prompt)?;
    if at.json {
        let written = pen.write(ids, |_| Ok(()))?;
        return report::print(true, &written, String::new);
    }
    pen.show(ids, at.quiet)?;
    Ok(())
}
