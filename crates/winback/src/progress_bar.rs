//! A progress bar on standard error; silent when nobody looks at a terminal.
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;
use std::time::Duration;
use winback_core::progress::{Progress, Work};

/// Shows the piece of work at hand as a bar, once it has taken a second.
pub struct Bar {
    quiet: bool,
    bar: Mutex<ProgressBar>,
}

impl Bar {
    /// Returns a bar; `quiet` shows nothing, as does a standard error that is no terminal.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, bar: Mutex::new(ProgressBar::hidden()) }
    }

    /// Returns whether nothing is to be shown.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    fn with(&self, act: impl FnOnce(&mut ProgressBar)) {
        act(&mut self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

fn words(work: Work) -> &'static str {
    match work {
        Work::Import => "reading rows",
        Work::Features => "computing features",
        Work::Train => "training",
        Work::Assess => "assessing customers",
        Work::Segment => "segmenting customers",
        Work::Plan => "planning",
        Work::Write => "writing messages",
        Work::Export => "exporting",
        Work::Sample => "making sample rows",
        Work::Fetch => "downloading",
        Work::Verify => "checking files",
    }
}

impl Progress for Bar {
    fn begin(&self, work: Work, total: Option<u64>) {
        if self.quiet {
            return;
        }
        let template = match total {
            Some(_) if matches!(work, Work::Fetch | Work::Verify) => "{msg:>20} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None if work == Work::Fetch => "{msg:>20} {spinner} {bytes} {bytes_per_sec}",
            Some(_) => "{msg:>20} {bar:30} {human_pos}/{human_len} {eta}",
            None => "{msg:>20} {spinner} {human_pos} {per_sec}",
        };
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(words(work));
        bar.enable_steady_tick(Duration::from_millis(250));
        self.with(|shown| *shown = bar);
    }

    fn advance(&self, rows: u64) {
        self.with(|bar| bar.inc(rows));
    }

    fn done(&self) {
        self.with(|bar| bar.finish_and_clear());
    }
}
