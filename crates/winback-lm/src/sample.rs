//! From logits to the next token.
//!
//! The steps and their order are those of transformers: the penalty on tokens that occurred (Keskar et al. 2019,
//! "CTRL"), temperature, top-k, top-p (Holtzman et al. 2020), min-p (Nguyen et al. 2024), then one draw. A draw is
//! decided by the seed of the request and by how many tokens were drawn before, and by nothing else: so a request
//! gives the same text whatever else is computed with it.
use crate::generation_config::GenerationConfig;
use std::cmp::Ordering;

/// How tokens are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// By what logits are divided; 0 takes the likeliest token and draws nothing.
    pub temperature: f32,
    /// How many of the likeliest tokens may be drawn; 0 for all. Of equals the lower id comes first.
    pub top_k: usize,
    /// The fewest of the likeliest tokens that hold this probability may be drawn; 1 for all.
    pub top_p: f32,
    /// Tokens below this share of the likeliest one's probability are not drawn; 0 for none.
    pub min_p: f32,
    /// Logits of tokens that occurred are divided by this where positive and multiplied where negative; 1 for neither.
    pub repetition_penalty: f32,
    /// What decides the draws.
    pub seed: u64,
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{setting} is {found} and must be {expected}")]
pub struct SamplingError {
    setting: &'static str,
    found: f32,
    expected: &'static str,
}

impl Sampling {
    /// Returns the settings that always take the likeliest token.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, repetition_penalty: 1.0, seed: 0 }
    }

    /// Returns what the makers of a model recommend.
    pub fn recommended(config: &GenerationConfig, seed: u64) -> Self {
        let drawn = config.do_sample.unwrap_or(false);
        Self {
            temperature: if drawn { config.temperature.unwrap_or(1.0) as f32 } else { 0.0 },
            top_k: config.top_k.unwrap_or(0),
            top_p: config.top_p.unwrap_or(1.0) as f32,
            min_p: config.min_p.unwrap_or(0.0) as f32,
            repetition_penalty: config.repetition_penalty.unwrap_or(1.0) as f32,
            seed,
        }
    }

    /// Refuses settings that cannot be, by name.
    pub fn check(&self) -> Result<(), SamplingError> {
        let refuse = |setting, found, expected| Err(SamplingError { setting, found, expected });
        match self {
            Self { temperature: t, .. } if !(0.0..=100.0).contains(t) => refuse("temperature", *t, "from 0 to 100"),
            Self { top_p: p, .. } if !(*p > 0.0 && *p <= 1.0) => refuse("top_p", *p, "above 0 and at most 1"),
            Self { min_p: p, .. } if !(0.0..=1.0).contains(p) => refuse("min_p", *p, "from 0 to 1"),
            Self { repetition_penalty: r, .. } if !(1e-3..=1e3).contains(r) => refuse("repetition_penalty", *r, "from 0.001 to 1000"),
            _ => Ok(()),
        }
    }

    /// Returns the next token. `occurred` are the tokens of the prompt and of the text so far, `drawn` is how many tokens
    /// this request has drawn; logits of −∞ are never drawn. `None` where no token may be, or a logit is NaN or +∞.
    pub fn next(&self, logits: &[f32], occurred: &[u32], drawn: u64) -> Option<u32> {
        let choices = || logits.iter().zip(0..).map(|(logit, id)| Choice { id, weight: *logit });
        let can_be = |choice: &Choice| choice.weight > f32::NEG_INFINITY;
        if self.temperature == 0.0 && self.repetition_penalty == 1.0 {
            let all_numbers = are_numbers(logits);
            return choices().filter(|choice| all_numbers && can_be(choice)).reduce(likeliest).map(|choice| choice.id);
        }
        let mut choices: Vec<Choice> = choices().collect();
        self.penalise(&mut choices, occurred);
        if !all_numbers(choices.iter().map(|choice| choice.weight)) {
            return None;
        }
        choices.retain(can_be);
        if self.temperature == 0.0 {
            return choices.into_iter().reduce(likeliest).map(|choice| choice.id);
        }
        self.keep_likeliest(&mut choices);
        self.draw(&choices, drawn)
    }

    fn penalise(&self, choices: &mut [Choice], occurred: &[u32]) {
        if self.repetition_penalty == 1.0 {
            return;
        }
        let mut ids = occurred.to_vec();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            // Ids are places, since every logit is still there.
            if let Some(Choice { weight, .. }) = choices.get_mut(id as usize) {
                *weight = if *weight > 0.0 { *weight / self.repetition_penalty } else { *weight * self.repetition_penalty };
            }
        }
    }

    /// Keeps what top-k, top-p and min-p leave, as probabilities relative to the likeliest one.
    fn keep_likeliest(&self, choices: &mut Vec<Choice>) {
        let Some(most) = choices.iter().copied().reduce(likeliest).map(|choice| choice.weight) else { return };
        // The highest logit is taken away before the rest is divided: divided by a small temperature it would be infinite.
        let share = |choice: &Choice| ((choice.weight - most) / self.temperature).exp();
        if self.top_k > 0 {
            *choices = first(choices, self.top_k);
        }
        if self.top_p < 1.0 {
            let enough = f64::from(self.top_p) * choices.iter().map(|choice| f64::from(share(choice))).sum::<f64>();
            let mut count = FEW;
            loop {
                let likely = first(choices, count);
                let mut held = 0.0;
                let missing = |choice: &&Choice| {
                    let before = held;
                    held += f64::from(share(choice));
                    before < enough
                };
                let kept = likely.iter().take_while(missing).count();
                if kept < likely.len() || likely.len() == choices.len() {
                    *choices = likely;
                    choices.truncate(kept.max(1));
                    break;
                }
                count *= 8;
            }
        }
        choices.iter_mut().for_each(|choice| choice.weight = share(choice));
        choices.retain(|choice| choice.weight >= self.min_p);
    }

    fn draw(&self, choices: &[Choice], drawn: u64) -> Option<u32> {
        let mut left = uniform(self.seed, drawn) * total(choices);
        for choice in choices {
            left -= f64::from(choice.weight);
            if left < 0.0 {
                return Some(choice.id);
            }
        }
        choices.last().map(|choice| choice.id)
    }
}

/// A token that may be drawn.
#[derive(Clone, Copy, Debug)]
struct Choice {
    id: u32,
    weight: f32,
}

/// How many of the likeliest tokens are put in order at first.
const FEW: usize = 64;

/// Orders the likelier token first, and of equals the lower id.
fn likelier(a: &Choice, b: &Choice) -> Ordering {
    b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id))
}

/// Returns the likelier of two tokens, of equals the lower id.
fn likeliest(a: Choice, b: Choice) -> Choice {
    if likelier(&b, &a) == Ordering::Less { b } else { a }
}

/// Returns the likeliest tokens, in order. Most tokens are left out at one comparison each.
fn first(choices: &[Choice], count: usize) -> Vec<Choice> {
    let count = count.clamp(1, choices.len().max(1));
    let mut kept: Vec<Choice> = Vec::with_capacity((2 * count).min(choices.len()));
    let mut floor: Option<Choice> = None;
    for choice in choices {
        if floor.is_some_and(|floor| likelier(&floor, choice) == Ordering::Less) {
            continue;
        }
        kept.push(*choice);
        if kept.len() >= 2 * count {
            kept.select_nth_unstable_by(count - 1, likelier);
            kept.truncate(count);
            floor = kept.last().copied();
        }
    }
    kept.sort_unstable_by(likelier);
    kept.truncate(count);
    kept
}

/// Returns whether a token can be drawn from logits: none is NaN or +∞.
pub(crate) fn are_numbers(logits: &[f32]) -> bool {
    all_numbers(logits.iter().copied())
}

/// Returns whether none is NaN or +∞. No number is left out early, so that the compiler can go through many together.
fn all_numbers(weights: impl Iterator<Item = f32>) -> bool {
    !weights.fold(false, |odd, weight| odd | (weight.is_nan() | (weight == f32::INFINITY)))
}

fn total(choices: &[Choice]) -> f64 {
    choices.iter().map(|choice| f64::from(choice.weight)).sum()
}

/// Returns a number in [0, 1) for a seed and a place: two rounds of SplitMix64 (Steele et al. 2014).
fn uniform(seed: u64, place: u64) -> f64 {
    let mix = |mut state: u64| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^ (state >> 31)
    };
    (mix(mix(seed) ^ place) >> 11) as f64 / (1_u64 << 53) as f64
}
