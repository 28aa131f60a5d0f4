//! What is counted, as Prometheus reads it.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use winback_core::text_service::TextLoad;

/// What was answered since the server started.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    prompt_tokens: AtomicU64,
    written_tokens: AtomicU64,
    embedded_tokens: AtomicU64,
    cancelled: AtomicU64,
    done: AtomicU64,
    milliseconds: AtomicU64,
}

impl Metrics {
    /// Counts an answer.
    pub(super) fn answered(&self, endpoint: &'static str, status: u16) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner).entry((endpoint, status)).or_default() += 1;
    }

    /// Counts a prompt that was taken.
    pub(super) fn took(&self, prompt_tokens: usize) {
        self.prompt_tokens.fetch_add(prompt_tokens as u64, Ordering::Relaxed);
    }

    /// Counts the tokens of inputs that were embedded.
    pub(super) fn embedded(&self, tokens: usize) {
        self.embedded_tokens.fetch_add(tokens as u64, Ordering::Relaxed);
    }

    /// Counts a text that was written to its end.
    pub(super) fn wrote(&self, tokens: usize, milliseconds: u64) {
        self.written_tokens.fetch_add(tokens as u64, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Counts a text that nobody waits for any more, or that failed.
    pub(super) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns everything in Prometheus's text format 0.0.4.
    pub(super) fn text(&self, load: TextLoad) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP winback_lm_{name} {help}\n# TYPE winback_lm_{name} {kind}");
        };
        head(&mut text, "requests_total", "counter", "Answers, by endpoint and HTTP status.");
        for ((endpoint, status), count) in &*self.answers.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "winback_lm_requests_total{{endpoint=\"{endpoint}\",status=\"{status}\"}} {count}");
        }
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let figures = [
            ("prompt_tokens_total", "counter", "Tokens of prompts that were taken.", read(&self.prompt_tokens)),
            ("written_tokens_total", "counter", "Tokens of texts that were written to their end.", read(&self.written_tokens)),
            ("embedded_tokens_total", "counter", "Tokens of texts that were embedded.", read(&self.embedded_tokens)),
            ("cancelled_total", "counter", "Texts that were not written to their end.", read(&self.cancelled)),
            ("shared_total", "counter", "Texts that went on from a beginning another one had read.", load.shared),
            ("shared_tokens_total", "counter", "Tokens of prompts that were not read for that.", load.shared_tokens),
            ("shared_bytes", "gauge", "Bytes of the beginnings that are kept.", load.shared_bytes as u64),
            ("waiting", "gauge", "Texts that wait for their turn.", load.waiting as u64),
            ("running", "gauge", "Texts that are being written.", load.running as u64),
            ("taken", "gauge", "Requests for which something is being done, or which wait for it.", load.taken as u64),
            ("most", "gauge", "The most texts that are written or wait.", load.most as u64),
        ];
        for (name, kind, help, figure) in figures {
            head(&mut text, name, kind, help);
            let _ = writeln!(text, "winback_lm_{name} {figure}");
        }
        head(&mut text, "text_seconds", "summary", "How long texts took from request to end.");
        let seconds = read(&self.milliseconds) as f64 / 1e3;
        let _ = writeln!(text, "winback_lm_text_seconds_sum {seconds}\nwinback_lm_text_seconds_count {}", read(&self.done));
        text
    }
}
