//! `winback lm eval`
use crate::cli::Place;
use crate::cli::lm::replies::{self, Judging, judge};
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::workbench::read_text;
use serde::Serialize;
use std::path::PathBuf;
use winback_lm::text_metrics::{Bleu, Chrf, Tokenizer, Variety, corpus_bleu, corpus_chrf, variety};

/// What these figures do not say.
const CAUTION: &str = "BLEU and chrF tell how alike texts are in their words, not which is the better one: two good mails can share \
    hardly a word.";

/// Compare texts with references, or tell how likely a model finds replies
///
/// Texts are compared by BLEU and chrF, and measured by variety and length. Replies are measured by perplexity, over their
/// own tokens only.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The texts, one a line
    #[arg(long, value_name = "FILE", required_unless_present = "model", conflicts_with = "model", requires = "references")]
    hypotheses: Option<PathBuf>,
    /// What they are compared with, one a line; given several times, each text has several references
    #[arg(long, value_name = "FILE", requires = "hypotheses")]
    references: Vec<PathBuf>,
    /// How texts become words, as sacreBLEU names it: 13a (languages with spaces), zh (Chinese), char
    #[arg(long, value_name = "NAME", default_value_t = Tokenizer::Thirteen)]
    tokenize: Tokenizer,
    #[command(flatten)]
    judging: Judging,
}

/// How texts compare with references.
#[derive(Serialize)]
struct Compared {
    texts: usize,
    bleu: Bleu,
    chrf: Chrf,
    variety: Variety,
    reference_variety: Variety,
    caution: &'static str,
}

/// Compares, or asks the model.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<()> {
    if let Some(dir) = &args.judging.model {
        let judged = judge(dir, &args.judging, at.quiet)?;
        return report::print(at.json, &judged, || replies::told(&judged));
    }
    let hypotheses = args.hypotheses.clone().unwrap_or_default();
    let text = read_text(&hypotheses)?;
    let texts: Vec<&str> = text.lines().collect();
    let files = args.references.iter().map(|path| read_text(path)).collect::<anyhow::Result<Vec<String>>>()?;
    let columns: Vec<Vec<&str>> = files.iter().map(|file| file.lines().collect()).collect();
    if let Some((path, column)) = args.references.iter().zip(&columns).find(|(_, column)| column.len() != texts.len()) {
        let (ours, name) = (hypotheses.display(), path.display());
        let what = format!("{ours} has {} lines and {name} has {}", texts.len(), column.len());
        return Err(stop(Exit::BadInput, what, "line 7 of one file is compared with line 7 of the other; both need as many lines"));
    }
    let references: Vec<Vec<&str>> = (0..texts.len()).map(|line| columns.iter().map(|column| column[line]).collect()).collect();
    let all: Vec<&str> = columns.concat();
    let compared = Compared {
        texts: texts.len(),
        bleu: corpus_bleu(&texts, &references, args.tokenize).or_exit(Exit::BadInput)?,
        chrf: corpus_chrf(&texts, &references).or_exit(Exit::BadInput)?,
        variety: variety(&texts, args.tokenize),
        reference_variety: variety(&all, args.tokenize),
        caution: CAUTION,
    };
    report::print(at.json, &compared, || told(&compared))
}

fn told(compared: &Compared) -> String {
    let Compared { bleu, chrf, variety: own, reference_variety: reference, .. } = compared;
    let precisions = bleu.precisions.map(|precision| format!("{precision:.1}")).join("/");
    let [words, known] = [bleu.words, bleu.reference_words].map(report::count);
    let score = |name: &str, score: f64, how: String| vec![name.to_owned(), format!("{score:.2}"), how];
    let scores = report::table(
        &["", "score", "how"],
        [
            score("BLEU", bleu.score, bleu.signature.clone()),
            score("", bleu.brevity_penalty, format!("brevity penalty: {words} words, references {known}; precisions {precisions}")),
            score("chrF", chrf.score, chrf.signature.clone()),
        ],
    );
    let row = |name: &str, own: f64, reference: f64, places: usize| {
        vec![name.to_owned(), format!("{own:.places$}"), format!("{reference:.places$}")]
    };
    let varied = report::table(
        &["", "texts", "references"],
        [
            row("distinct-1", own.distinct_1, reference.distinct_1, 3),
            row("distinct-2", own.distinct_2, reference.distinct_2, 3),
            row("words, on average", own.mean_words, reference.mean_words, 1),
            row("characters, on average", own.mean_characters, reference.mean_characters, 1),
        ],
    );
    format!("{} texts\n{scores}\n\n{varied}\n\n{}", report::count(compared.texts as u64), compared.caution)
}
