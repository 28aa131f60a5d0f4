//! Where the program speaks: results on standard output, everything else on standard error.
use std::io::{self, IsTerminal as _, Write as _};
use tracing_subscriber::EnvFilter;

/// Starts the log: warnings by default, more with `WINBACK_LOG`. Ids may appear in it, people never.
pub fn start() {
    let filter = EnvFilter::try_from_env("WINBACK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colours).init();
}

/// Says something to the person at the terminal. A closed standard error is no reason to fail.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
