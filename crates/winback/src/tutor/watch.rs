//! How a run goes, told to whoever waits: a bar at a terminal, a line now and then elsewhere.
use crate::report;
use crate::telemetry::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};
use winback_core::segment::SegmentId;
use winback_lm::finetune::Step;

/// How long nothing is said where nobody looks at a terminal.
const SILENCE: Duration = Duration::from_secs(15);

/// The eye on one run.
pub struct Watch {
    segment: SegmentId,
    steps: u32,
    /// The step it goes on from.
    from: u32,
    began: Instant,
    said: Instant,
    tokens: usize,
    kept_back: Option<f64>,
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl Watch {
    /// Begins to look at a run that goes on from a step.
    pub fn new(segment: &SegmentId, (from, steps): (u32, u32), quiet: bool) -> Self {
        let bar = (!quiet && io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(u64::from(steps)), ProgressDrawTarget::stderr()).with_position(u64::from(from));
            let style = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(segment.to_string());
            bar
        });
        let now = Instant::now();
        Self { segment: segment.clone(), steps, from, began: now, said: now, tokens: 0, kept_back: None, bar, quiet }
    }

    /// Tells of a step.
    pub fn step(&mut self, step: &Step) {
        self.tokens += step.tokens;
        self.kept_back = step.trial.or(self.kept_back);
        let kept_back = self.kept_back.map_or(String::new(), |loss| format!(", kept back {loss:.4}"));
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        let left = seconds / f64::from(step.step - self.from) * f64::from(self.steps - step.step);
        let speed = report::count((self.tokens as f64 / seconds) as u64);
        let told = format!("loss {:.4}{kept_back}, {speed} tokens/s, {} left", step.loss, report::seconds((left * 1000.0) as u64));
        match &self.bar {
            Some(bar) => {
                bar.set_position(u64::from(step.step));
                bar.set_message(told);
            }
            None if !self.quiet && (step.trial.is_some() || self.said.elapsed() >= SILENCE) => {
                say(&format!("{}: step {} of {}, {told}", self.segment, step.step, self.steps));
                self.said = Instant::now();
            }
            None => {}
        }
    }

    /// Says something above the bar.
    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
