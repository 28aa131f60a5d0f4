//! BLEU (Papineni et al. 2002) as sacreBLEU computes it (Post 2018): exponential smoothing, case kept.
use super::ngrams::counts;
use super::{MetricError, Tokenizer, check};
use serde::Serialize;

/// The longest runs of words that are compared.
pub const MOST_WORDS: usize = 4;

/// A BLEU score with what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bleu {
    /// The score, from 0 to 100.
    pub score: f64,
    /// Per length of run, the share found in a reference, smoothed, from 0 to 100.
    pub precisions: [f64; MOST_WORDS],
    /// The brevity penalty.
    pub brevity_penalty: f64,
    /// Words of the texts.
    pub words: u64,
    /// Words of the references nearest in length.
    pub reference_words: u64,
    /// How it was computed, in sacreBLEU's form: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`.
    pub signature: String,
}

/// What is counted in texts. Those of several texts add up to that of all together, so that resamples need no second look
/// at the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BleuCounts {
    correct: [u64; MOST_WORDS],
    total: [u64; MOST_WORDS],
    words: u64,
    reference_words: u64,
}

impl BleuCounts {
    /// Counts one text; `references` is not empty.
    pub fn of(text: &str, references: &[&str], tokenizer: Tokenizer) -> Self {
        matches(text, references, tokenizer)
    }

    /// Returns the score of all texts that were counted, from 0 to 100.
    pub fn score(&self) -> f64 {
        score(self, false, (1, Tokenizer::default())).score
    }

    /// Returns how many words the texts have.
    pub fn words(&self) -> u64 {
        self.words
    }
}

impl std::ops::AddAssign<&Self> for BleuCounts {
    fn add_assign(&mut self, other: &Self) {
        for n in 0..MOST_WORDS {
            self.correct[n] += other.correct[n];
            self.total[n] += other.total[n];
        }
        self.words += other.words;
        self.reference_words += other.reference_words;
    }
}

/// Returns the BLEU of all texts together; `references` holds those of each text.
pub fn corpus_bleu(texts: &[&str], references: &[Vec<&str>], tokenizer: Tokenizer) -> Result<Bleu, MetricError> {
    let of_each = check(texts, references)?;
    let mut all = BleuCounts::default();
    for (text, references) in texts.iter().zip(references) {
        all += &matches(text, references, tokenizer);
    }
    Ok(score(&all, false, (of_each, tokenizer)))
}

/// Returns the BLEU of one text; runs longer than it has are left out (the effective order).
pub fn sentence_bleu(text: &str, references: &[&str], tokenizer: Tokenizer) -> Result<Bleu, MetricError> {
    let of_each = check(&[text], &[references.to_vec()])?;
    Ok(score(&matches(text, references, tokenizer), true, (of_each, tokenizer)))
}

fn matches(text: &str, references: &[&str], tokenizer: Tokenizer) -> BleuCounts {
    let (text, references): (String, Vec<String>) =
        (tokenizer.words(text), references.iter().map(|reference| tokenizer.words(reference)).collect());
    let words = |text: &'_ str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let (text, references): (Vec<String>, Vec<Vec<String>>) = (words(&text), references.iter().map(|one| words(one)).collect());
    let mut found = BleuCounts { words: text.len() as u64, ..BleuCounts::default() };
    for n in 1..=MOST_WORDS {
        let known: Vec<_> = references.iter().map(|reference| counts(reference, n)).collect();
        for (run, count) in counts(&text, n) {
            let most = known.iter().filter_map(|known| known.get(run)).max().copied().unwrap_or_default();
            found.correct[n - 1] += count.min(most);
            found.total[n - 1] += count;
        }
    }
    let nearest = references.iter().map(Vec::len).min_by_key(|length| (length.abs_diff(text.len()), *length));
    found.reference_words = nearest.unwrap_or_default() as u64;
    found
}

fn score(found: &BleuCounts, effective: bool, (of_each, tokenizer): (usize, Tokenizer)) -> Bleu {
    let (words, reference_words) = (found.words as f64, found.reference_words as f64);
    let brevity_penalty = match words {
        0.0 if reference_words > 0.0 => 0.0,
        words if words < reference_words => (1.0 - reference_words / words).exp(),
        _ => 1.0,
    };
    let eff = if effective { "yes" } else { "no" };
    let mut bleu = Bleu {
        score: 0.0,
        precisions: [0.0; MOST_WORDS],
        brevity_penalty,
        words: found.words,
        reference_words: found.reference_words,
        signature: format!("nrefs:{of_each}|case:mixed|eff:{eff}|tok:{tokenizer}|smooth:exp"),
    };
    if found.correct.iter().all(|correct| *correct == 0) {
        return bleu;
    }
    let (mut halving, mut order) = (1.0, if effective { 0 } else { MOST_WORDS });
    for n in 0..MOST_WORDS {
        let (correct, total) = (found.correct[n] as f64, found.total[n] as f64);
        if total == 0.0 {
            break;
        }
        if effective {
            order = n + 1;
        }
        bleu.precisions[n] = if correct == 0.0 {
            halving *= 2.0;
            100.0 / (halving * total)
        } else {
            100.0 * correct / total
        };
    }
    // A length of run that no text has makes the whole 0, as sacreBLEU's logarithm of 0 does.
    let logs = bleu.precisions[..order].iter().map(|precision| if *precision == 0.0 { -9_999_999_999.0 } else { precision.ln() });
    bleu.score = brevity_penalty * (logs.sum::<f64>() / order as f64).exp();
    bleu
}
