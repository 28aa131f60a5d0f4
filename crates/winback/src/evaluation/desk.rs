//! Writing and foreseeing: what each writer makes of each customer, and how surprised it is by the reference.
use super::held_out::Case;
use crate::cli::lm::model::Loaded;
use crate::exit::{Exit, OrExit as _};
use crate::progress_bar::Bar;
use crate::tutor::plan::Class;
use std::collections::HashMap;
use std::sync::Arc;
use winback_core::digest::Digest;
use winback_core::progress::{Progress as _, Work};
use winback_lm::sample::Sampling;
use winback_lm::text_metrics::Perplexity;
use winback_lm::{Adapter, Ended, Engine, Event, Limits, Request, RequestId};

/// What the engine does at once. Keys and values of a model of 0.6 B parameters take 112 KiB a token.
const LIMITS: Limits = Limits { rows: 64, prompt_tokens: 1024, cache_bytes: 2 << 30, shared_bytes: 1 << 29 };
/// A mail may have so many times the tokens of the longest reference, and a few more.
const LONGER: usize = 2;
const MORE_TOKENS: usize = 32;

/// A writer: the base, or the base with an adapter.
pub type Hand = Option<Arc<Adapter>>;

/// What a writer made of a customer.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Whether it came to no end.
    pub is_cut_off: bool,
    /// How surprised the writer is by the reference.
    pub reference: Perplexity,
}

/// Writers at work.
pub struct Desk<'a> {
    /// The base and what belongs to it.
    pub loaded: &'a Loaded,
    /// The examples.
    pub class: &'a Class,
    /// What every draw depends on.
    pub seed: u64,
    /// Shows how far it has come.
    pub bar: &'a Bar,
}

impl Desk<'_> {
    /// Lets every writer write to every customer, all in one batch, each text drawn by a seed that its prompt decides; and
    /// asks each how likely it finds the reference. Returns `[writers, cases]`.
    pub fn sit(&self, hands: &[Hand], cases: &[Case]) -> anyhow::Result<Vec<Vec<Written>>> {
        let mut written = vec![vec![Written::default(); cases.len()]; hands.len()];
        // Each is written and foreseen.
        self.bar.begin(Work::Write, Some((2 * hands.len() * cases.len()) as u64));
        self.write(hands, cases, &mut written)?;
        for (hand, written) in hands.iter().zip(&mut written) {
            for (case, written) in cases.iter().zip(written) {
                let (prompt, reply) = self.tokens(case);
                let line = || format!("line {} cannot be foreseen", self.class.examples[case.place].line);
                let found = self.loaded.model.log_probabilities(prompt, reply, hand.as_deref()).or_hint(Exit::BadInput, line())?;
                written.reference.add(&found);
                self.bar.advance(1);
            }
        }
        self.bar.done();
        Ok(written)
    }

    fn write(&self, hands: &[Hand], cases: &[Case], written: &mut [Vec<Written>]) -> anyhow::Result<()> {
        let mut engine = Engine::new(self.loaded.model.clone(), self.loaded.tokens.clone(), LIMITS);
        let longest = cases.iter().map(|case| self.tokens(case).1.len()).max().unwrap_or_default();
        let mut places: HashMap<RequestId, (usize, usize)> = HashMap::new();
        for (at, case) in cases.iter().enumerate() {
            for (hand, adapter) in hands.iter().enumerate() {
                let (prompt, _) = self.tokens(case);
                let room = self.loaded.model.config().context.saturating_sub(prompt.len()).max(1);
                let request = Request {
                    prompt: prompt.to_vec(),
                    prefix: None,
                    adapter: adapter.clone(),
                    sampling: Sampling::recommended(&self.loaded.generation, self.seed_of(case)),
                    most_tokens: (LONGER * longest + MORE_TOKENS).min(room),
                    stops: Vec::new(),
                    grammar: None,
                };
                let hint = "take a smaller model, or shorter examples";
                places.insert(engine.submit(request).or_hint(Exit::BadInput, hint)?, (hand, at));
            }
        }
        while engine.waiting() + engine.running() > 0 {
            for event in engine.step().or_exit(Exit::Failure)? {
                let (request, text, why) = match event {
                    Event::Text { request, text } => (request, text, None),
                    Event::Done { request, why, .. } => (request, String::new(), Some(why)),
                    Event::Failed { why, .. } => return Err(why).or_hint(Exit::BadInput, "winback adapters verify checks the files"),
                };
                let Some((hand, at)) = places.get(&request) else { continue };
                let own = &mut written[*hand][*at];
                own.text.push_str(&text);
                own.is_cut_off |= why == Some(Ended::Length);
                self.bar.advance(u64::from(why.is_some()));
            }
        }
        Ok(())
    }

    /// Returns the tokens of what was asked, and those of the reference.
    fn tokens(&self, case: &Case) -> (&[u32], &[u32]) {
        let sample = &self.class.samples[case.place];
        let first = sample.learned.iter().position(|learned| *learned).unwrap_or(sample.tokens.len());
        sample.tokens.split_at(first)
    }

    /// Returns the seed of all mails that answer one prompt.
    fn seed_of(&self, case: &Case) -> u64 {
        let hash = Digest::of_parts([&self.seed.to_le_bytes()[..], self.class.examples[case.place].input.as_bytes()]);
        hash.0.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(self.seed)
    }
}
