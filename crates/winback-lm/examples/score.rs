//! Prints scores of texts, for comparison with sacreBLEU (`bench/peers/lm_scores.py`).
//!
//! `score < CASES > SCORES`: each line of the input is a JSON array of a text and its references. For each line it
//! prints the BLEU of the text by each tokenizer and its chrF, and at last the same of all together, as JSON arrays.
#![expect(clippy::print_stdout, reason = "an example prints its result")]
use std::error::Error;
use std::io::BufRead;
use winback_lm::text_metrics::{Tokenizer, corpus_bleu, corpus_chrf, sentence_bleu, sentence_chrf};

fn main() -> Result<(), Box<dyn Error>> {
    let cases: Vec<(String, Vec<String>)> =
        std::io::stdin().lock().lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect::<Result<_, Box<dyn Error>>>()?;
    let cases: Vec<(&str, Vec<&str>)> =
        cases.iter().map(|(text, references)| (text.as_str(), references.iter().map(String::as_str).collect())).collect();
    for (text, references) in &cases {
        let mut scores = Vec::new();
        for tokenizer in Tokenizer::ALL {
            scores.push(sentence_bleu(text, references, tokenizer)?.score);
        }
        scores.push(sentence_chrf(text, references)?.score);
        println!("{}", serde_json::to_string(&scores)?);
    }
    let (texts, references): (Vec<&str>, Vec<Vec<&str>>) = cases.into_iter().unzip();
    let mut scores = Vec::new();
    for tokenizer in Tokenizer::ALL {
        scores.push(corpus_bleu(&texts, &references, tokenizer)?.score);
    }
    scores.push(corpus_chrf(&texts, &references)?.score);
    println!("{}", serde_json::to_string(&scores)?);
    Ok(())
}
