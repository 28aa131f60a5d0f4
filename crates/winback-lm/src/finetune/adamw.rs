//! The step: AdamW, how large it is, and how far gradients may go.
use super::lora::LoraWeights;
use super::weights::Weights;

/// Adam with weight decay of its own (Loshchilov & Hutter 2019), as `torch.optim.AdamW` computes it.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW<W = LoraWeights> {
    /// How slowly the means of gradients and of their squares change.
    pub betas: (f32, f32),
    /// What keeps the divisor from 0.
    pub eps: f32,
    /// The share of the step by which weights shrink.
    pub weight_decay: f32,
    steps: u32,
    means: W,
    squares: W,
}

impl<W: Weights> AdamW<W> {
    /// Returns the state before the first step.
    pub fn new(weights: &W, weight_decay: f32) -> Self {
        Self { betas: (0.9, 0.999), eps: 1e-8, weight_decay, steps: 0, means: weights.zeros(), squares: weights.zeros() }
    }

    /// Returns the means of gradients and of their squares.
    pub(super) fn moments(&self) -> (&W, &W) {
        (&self.means, &self.squares)
    }

    /// Returns the same after so many steps with these means.
    pub(super) fn resumed(&self, steps: u32, means: W, squares: W) -> Self {
        Self { steps, means, squares, ..self.clone() }
    }

    /// Takes a step of size `rate` against the gradients.
    pub fn step(&mut self, weights: &mut W, gradients: &W, rate: f32) {
        self.steps += 1;
        let (first, second) = self.betas;
        let corrected = |beta: f32| 1.0 - f64::from(beta).powi(self.steps.cast_signed());
        let (size, root) = ((f64::from(rate) / corrected(first)) as f32, corrected(second).sqrt() as f32);
        let shrinks = weights.shrinks();
        let moments = self.means.slices_mut().into_iter().zip(self.squares.slices_mut()).zip(shrinks);
        for ((weights, gradients), ((means, squares), shrinks)) in weights.slices_mut().into_iter().zip(gradients.slices()).zip(moments) {
            let decay = if shrinks { self.weight_decay } else { 0.0 };
            for (((weight, gradient), mean), square) in weights.iter_mut().zip(gradients).zip(means).zip(squares) {
                *weight -= rate * decay * *weight;
                *mean += (1.0 - first) * (gradient - *mean);
                *square = second * *square + (1.0 - second) * gradient * gradient;
                *weight -= size * *mean / (square.sqrt() / root + self.eps);
            }
        }
    }
}

/// Makes gradients smaller where their length is over `most`, as `clip_grad_norm_` of torch does, and returns the length
/// they had.
pub fn clip<W: Weights>(gradients: &mut W, most: f64) -> f64 {
    let squares = gradients.slices().into_iter().map(|slice| slice.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>());
    let length = squares.sum::<f64>().sqrt();
    let times = (most / (length + 1e-6)).min(1.0) as f32;
    if times < 1.0 {
        gradients.slices_mut().into_iter().flatten().for_each(|number| *number *= times);
    }
    length
}

/// The size of each step: rising from 0, then falling along a cosine (Loshchilov & Hutter 2017), as
/// `get_cosine_schedule_with_warmup` of transformers computes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The largest size.
    pub peak: f64,
    /// How many steps it rises.
    pub warmup: u32,
    /// How many steps there are.
    pub steps: u32,
}

impl Schedule {
    /// Returns that of so many steps of which a share is for rising. The last step is never one of these: the first has the
    /// size 0, and a run of one step would learn nothing.
    pub(super) fn of(peak: f64, share: f64, steps: u32) -> Self {
        let warmup = (share * f64::from(steps)).ceil() as u32;
        Self { peak, warmup: warmup.min(steps.saturating_sub(1)), steps }
    }

    /// Returns the size of a step, counted from 0.
    pub fn rate(&self, step: u32) -> f64 {
        if step < self.warmup {
            return self.peak * f64::from(step) / f64::from(self.warmup.max(1));
        }
        let done = f64::from(step - self.warmup) / f64::from(self.steps.saturating_sub(self.warmup).max(1));
        self.peak * (0.5 * (1.0 + (std::f64::consts::PI * done).cos())).max(0.0)
    }
}
