//! `winback model make-mini`
use crate::cli::Place;
use crate::exit::{Exit, OrExit, stop};
use crate::mini::school::{Course, Part, School};
use crate::progress_bar::Bar;
use crate::report;
use crate::telemetry::say;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use winback_connectors::file::write_atomically;
use winback_core::progress::{Progress, Work};
use winback_lm::finetune::{State, Weights, WholeWeights};
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::publish;

/// How far, and where to.
#[derive(Debug, clap::Args)]
pub struct MakeMiniArgs {
    /// The folder of the model; it must not be there yet
    #[arg(long, default_value = "models/winback/mini", value_name = "FOLDER")]
    output: PathBuf,
    /// How many tokens, of prompts and mails, are learned from
    #[arg(long, default_value_t = 28_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..=1_000_000_000))]
    tokens: u64,
    /// What customers, weights and their order are drawn by
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// The instructions to use, by name; `auto` takes the fastest this machine has
    #[arg(long, default_value = "auto", value_name = "NAME")]
    level: Level,
}

/// What came of it; it stands beside the model, too.
#[derive(Debug, Serialize)]
struct Made {
    tokens: u64,
    seed: u64,
    parameters: usize,
    /// First the neutral voice, then the segments' voices, too.
    parts: Vec<PartMade>,
}

/// What came of one part.
#[derive(Debug, Serialize)]
struct PartMade {
    texts: usize,
    steps: u32,
    /// The mean loss of the last hundred steps, in nats a token of a mail.
    loss: f64,
    /// The steps after which customers kept back were tried, and the mean loss of their mails.
    kept_back: Vec<(u32, f64)>,
}

/// Makes the small model that comes with Winback.
pub fn run(at: &Place, args: &MakeMiniArgs) -> anyhow::Result<ExitCode> {
    let folder = at.home.join(&args.output);
    if folder.exists() {
        let hint = "name another with --output, or remove it";
        return Err(stop(Exit::Usage, format!("{} is there already", folder.display()), hint));
    }
    let start = Instant::now();
    say("making up customers, and reading the mails that the built-in writer writes them …");
    let tokens = usize::try_from(args.tokens).unwrap_or(usize::MAX);
    let school = School::open(&Course { tokens, seed: args.seed })?;
    let numerics = Numerics { level: args.level, precision: Precision::Bf16 };
    let (bar, mut told) = (Bar::new(at.quiet), Told::default());
    bar.begin(Work::Train, Some(args.tokens));
    let states = school.run(numerics, &beside(&folder), &mut |run, step| {
        bar.advance(step.tokens as u64);
        told.step(step, (run.steps(), run.tokens_from(step.step)));
    });
    bar.done();
    let states = states.or_exit(Exit::Failure)?;
    let made = made(args, &school, &states);
    write(&folder, &school, &states[1], &made)?;
    std::fs::remove_dir_all(beside(&folder)).or_exit(Exit::Storage)?;
    report::print(at.json, &made, || {
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        let told = |part: &PartMade| {
            let kept_back = part.kept_back.last().map_or(f64::NAN, |(_, loss)| *loss);
            format!("{} steps, loss {:.4}, of customers kept back {kept_back:.4}", report::count(part.steps.into()), part.loss)
        };
        let parts = made.parts.iter().map(told).collect::<Vec<_>>().join("; then ");
        format!("{} in {minutes:.1} minutes: {parts}", folder.display())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the hidden folder in which states lie until the model is there.
fn beside(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folder.with_file_name(format!(".{name}.making"))
}

/// Tells a line every half minute.
#[derive(Default)]
struct Told {
    last: Option<Instant>,
    tokens: usize,
}

impl Told {
    fn step(&mut self, step: &winback_lm::finetune::Step, (steps, left): (u32, usize)) {
        let last = *self.last.get_or_insert_with(Instant::now);
        self.tokens += step.tokens;
        let seconds = last.elapsed().as_secs_f64();
        if seconds < 30.0 && step.trial.is_none() && step.step != steps {
            return;
        }
        let speed = self.tokens as f64 / seconds.max(1e-3);
        let trial = step.trial.map_or(String::new(), |trial| format!(", kept back {trial:.4}"));
        let minutes = left as f64 / speed / 60.0;
        say(&format!("step {} of {steps}: loss {:.4}{trial}, {speed:.0} tokens/s, {minutes:.0} minutes left", step.step, step.loss));
        (self.last, self.tokens) = (Some(Instant::now()), 0);
    }
}

fn made(args: &MakeMiniArgs, school: &School, states: &[State<WholeWeights>; 2]) -> Made {
    let part = |(part, state): (&Part, &State<WholeWeights>)| {
        let last = &state.losses()[state.losses().len().saturating_sub(100)..];
        PartMade {
            texts: part.lesson.learned_from.len(),
            steps: state.steps(),
            loss: last.iter().sum::<f64>() / last.len().max(1) as f64,
            kept_back: state.trials().to_vec(),
        }
    };
    Made {
        tokens: args.tokens,
        seed: args.seed,
        parameters: states[1].weights().parameters(),
        parts: school.parts.iter().zip(states).map(part).collect(),
    }
}

/// Writes the model beside its place, and puts it there in one step.
fn write(folder: &Path, school: &School, state: &State<WholeWeights>, made: &Made) -> anyhow::Result<()> {
    let whole = beside(folder).join("model");
    std::fs::create_dir_all(&whole).or_exit(Exit::Storage)?;
    let mut files = publish::files(state.weights(), &school.tokenizer)?;
    files.push(("mini.json", format!("{:#}\n", serde_json::to_value(made)?).into_bytes()));
    for (name, bytes) in files {
        write_atomically(&whole.join(name), |out| out.write_all(&bytes)).or_exit(Exit::Storage)?;
    }
    std::fs::rename(&whole, folder).or_exit(Exit::Storage)
}
