#![forbid(unsafe_code)]
#[expect(dead_code, reason = "the commands that read the configuration come beside it")]
mod config;
#[cfg_attr(not(test), expect(dead_code, reason = "the commands that make samples come beside it"))]
mod sample;

fn main() {}
