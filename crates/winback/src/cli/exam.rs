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
    /// Show every mail, as Markdown, with what was asked in short
    #[arg(long)]
    show: bool,
}

#[derive(Debug, Serialize)]
struct Marks {
    mails: usize,
    passed: usize,
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
    let marks = Marks {
        mails: answers.len(),
        passed: passed(&answers.iter().collect::<Vec<_>>()),
        languages: Locale::ALL.map(|locale| (locale, of(locale).len(), passed(&of(locale)))).into(),
        findings: answers.iter().filter_map(|answer| answer.judged.as_ref().err().cloned()).collect(),
    };
    report::print(at.json, &marks, || {
        let shown = answers.iter().zip(1..).filter(|_| args.show).map(told).collect::<String>();
        let languages = marks.languages.iter().map(|(locale, mails, passed)| format!("{locale} {passed} of {mails}"));
        let languages = languages.collect::<Vec<_>>().join(", ");
        format!("{shown}{} of {} mails pass the review: {languages}", marks.passed, marks.mails)
    })?;
    Ok(ExitCode::SUCCESS)
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
