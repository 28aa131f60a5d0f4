//! `winback model exam`
use crate::cli::Place;
use crate::exit::{Exit, OrExit};
use crate::mini::{
    self,
    exam::{Answer, candidate},
};
use crate::report;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use winback_core::interval::wilson;
use winback_core::locale::Locale;
use winback_lm::Model;
use winback_lm::kernels::{Level, Numerics, Precision};

/// Which model, and to how many customers it writes.
#[derive(Debug, clap::Args)]
pub struct ExamArgs {
    /// The model directory
    dir: PathBuf,
    /// How many made-up customers it writes to
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    mails: u16,
    /// What customers and texts are drawn by
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Leave with 7 where a smaller share of its mails passes, such as 0.9
    #[arg(long, value_name = "SHARE", value_parser = share)]
    least: Option<f64>,
    /// Show every mail, as Markdown, with what was asked in short
    #[arg(long)]
    show: bool,
}

#[derive(Debug, Serialize)]
struct Marks {
    mails: usize,
    passed: usize,
    /// The 95 % interval of the share that passed (Wilson 1927).
    interval: [f64; 2],
    /// Of each language: mails, and how many passed.
    languages: Vec<(Locale, usize, usize)>,
    /// What the review found, the mails apart.
    findings: Vec<Vec<String>>,
}

/// Lets a model write to customers that nobody learned from, and tells how many of its mails pass the review.
pub fn run(at: &Place, args: &ExamArgs) -> anyhow::Result<ExitCode> {
    let folder = at.home.join(&args.dir);
    let numerics = Numerics { level: "auto".parse::<Level>()?, precision: Precision::Bf16 };
    let model = Model::load(&folder, numerics).or_exit(Exit::BadInput)?;
    let templates = mini::templates()?;
    let answers = candidate(&folder, model).or_exit(Exit::BadInput)?.sit(&templates, args.mails.into(), args.seed)?;
    let passed = |answers: &[&Answer]| answers.iter().filter(|answer| answer.judged.is_ok()).count();
    let of = |locale: Locale| answers.iter().filter(|answer| answer.locale == locale).collect::<Vec<_>>();
    let all = passed(&answers.iter().collect::<Vec<_>>());
    let marks = Marks {
        mails: answers.len(),
        passed: all,
        interval: <[f64; 2]>::from(wilson(all as u64, answers.len() as u64)),
        languages: Locale::ALL.map(|locale| (locale, of(locale).len(), passed(&of(locale)))).into(),
        findings: answers.iter().filter_map(|answer| answer.judged.as_ref().err().cloned()).collect(),
    };
    report::print(at.json, &marks, || {
        let shown = answers.iter().zip(1..).filter(|_| args.show).map(told).collect::<String>();
        let languages = marks.languages.iter().map(|(locale, mails, passed)| format!("{locale} {passed} of {mails}"));
        let languages = languages.collect::<Vec<_>>().join(", ");
        let [low, high] = marks.interval.map(|end| 100.0 * end);
        let passed = format!("{} of {} mails pass the review", marks.passed, marks.mails);
        format!("{shown}{passed} (95 % interval {low:.0} to {high:.0} %): {languages}")
    })?;
    let is_less = args.least.is_some_and(|least| (marks.passed as f64) < least * marks.mails as f64);
    Ok(if is_less { ExitCode::from(Exit::Findings as u8) } else { ExitCode::SUCCESS })
}

/// Reads a share from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    found.ok_or_else(|| "expected a share from 0 to 1, such as 0.9".to_owned())
}

/// Returns what was asked of one mail, in short, and the mail: as it would be sent, or as it was written with what is wrong.
fn told((answer, number): (&Answer, usize)) -> String {
    let case = answer.user.split("\n\n").next().unwrap_or_default();
    let mail = match &answer.judged {
        Ok(mail) => mail.clone(),
        Err(findings) => format!("HELD: {}\n\n{}", findings.join("; "), answer.reply),
    };
    format!("## {number} · {}\n\n> {case}\n\n```\n{}\n```\n\n", answer.locale, mail.trim_end())
}
