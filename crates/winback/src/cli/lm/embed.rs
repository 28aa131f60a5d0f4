//! `winback lm embed`
use crate::cli::Place;
use crate::cli::lm::model::{Computing, Loaded};
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use serde::Serialize;
use std::path::PathBuf;
use winback_lm::embed::{instructed, passes};

/// Tell what texts mean, as vectors of length 1: one JSON line a text
///
/// For models of the kind of Qwen3-Embedding: the row of a text's last token, which their tokenizers put there.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The texts [default: the lines of standard input]
    text: Vec<String>,
    /// What is looked for, in a sentence, where the texts are questions; texts that are to be found have none
    #[arg(long, value_name = "TASK")]
    instruct: Option<String>,
    /// How many numbers a vector has, the first ones [default: as many as the model is wide]
    #[arg(long, value_name = "COUNT")]
    dimensions: Option<usize>,
    /// An adapter directory, as PEFT writes it
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
    #[command(flatten)]
    computing: Computing,
}

/// The vector of a text.
#[derive(Serialize)]
struct Embedded {
    /// Its place, counted from 0.
    index: usize,
    /// How many tokens it has, those of the tokenizer included.
    tokens: usize,
    embedding: Vec<f32>,
}

/// Embeds.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    let texts = if args.text.is_empty() { lines()? } else { args.text.clone() };
    let loaded = Loaded::load(&args.dir, &args.computing, at.quiet)?;
    let adapter = args.adapter.as_deref().map(|dir| loaded.adapter(dir)).transpose()?;
    let ids = |text: &String| match &args.instruct {
        Some(task) => loaded.tokens.encode_whole_text(&instructed(task, text)),
        None => loaded.tokens.encode_whole_text(text),
    };
    let texts: Vec<Vec<u32>> = texts.iter().map(ids).collect::<Result<_, _>>()?;
    let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    loaded.model.can_embed(&texts, args.dimensions).or_hint(Exit::BadInput, "texts count from 0, in the order they were given")?;
    for pass in passes(texts.iter().map(|text| text.len())) {
        let vectors = loaded.model.embed(&texts[pass.clone()], adapter.as_deref(), args.dimensions)?;
        for (index, embedding) in pass.zip(vectors) {
            report::line(&serde_json::to_string(&Embedded { index, tokens: texts[index].len(), embedding })?)?;
        }
    }
    Ok(())
}

/// Returns the lines of standard input.
fn lines() -> anyhow::Result<Vec<String>> {
    let text = std::io::read_to_string(std::io::stdin()).or_hint(Exit::BadInput, "the texts on standard input must be UTF-8")?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(stop(Exit::Usage, "there is no text", "give texts as arguments, or as lines on standard input"));
    }
    Ok(lines)
}
