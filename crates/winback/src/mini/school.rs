//! How the small model learns: the lessons, the tokenizer made of them, and the steps, with states that a run goes on from.
use super::corpus::{Lesson as Text, case, exercise, lesson};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use winback_connectors::file::write_atomically;
use winback_core::digest::Digest;
use winback_core::template::Templates;
use winback_lm::finetune::{Lesson, Sample, State, Step, WholeRecipe, WholeRun, WholeWeights};
use winback_lm::kernels::{Numerics, Precision};
use winback_lm::publish::CHAT_TEMPLATE;
use winback_lm::{CONTROL, ChatTemplate, Config, Conversation, Message, Role, Tokens, prompt_and_reply, train_tokens};

/// The entries of the vocabulary, control tokens included.
const VOCABULARY: usize = 6_000;
/// How many lessons the vocabulary is made of.
const LESSONS_OF_WORDS: usize = 3_000;
/// How many customers are kept back.
const KEPT_BACK: usize = 120;
/// Numbers of the customers that are kept back; nobody that is learned from has one of them.
pub const FIRST_KEPT_BACK: u64 = 1 << 31;
/// Where the numbers of the customers of each part begin: those of whole mails, and those of exercises.
const FIRST_OF_PARTS: [[u64; 2]; 2] = [[0, 4 << 28], [6 << 28, 7 << 28]];
/// The share of all tokens that the first part has, and how large its steps are; the same of the second.
const PARTS: [(f64, f64); 2] = [(5.0 / 7.0, 2e-3), (2.0 / 7.0, 1e-3)];
/// Small steps, many of them: what goes with what is learned by the step.
const TOKENS_PER_STEP: usize = 2_048;
/// How long a state is at most ahead of the one on disk.
const STATE_AFTER: Duration = Duration::from_secs(120);

/// What a person may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// How many tokens, of prompts and replies, are learned from.
    pub tokens: usize,
    /// What customers, weights and their order are drawn by.
    pub seed: u64,
}

/// Everything that is learned from: first in the neutral voice alone, then half of the mails in the voice of the segment
/// that the prompt names.
pub struct School {
    pub tokenizer: String,
    pub config: Config,
    pub parts: [Part; 2],
}

/// What is learned at a stretch.
pub struct Part {
    pub lesson: Lesson,
    pub recipe: WholeRecipe,
}

/// Returns the shape: about six million weights.
fn shape(tokens: &Tokens) -> Config {
    Config {
        vocab_size: VOCABULARY,
        hidden_size: 256,
        intermediate_size: 768,
        layers: 6,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        rms_norm_eps: 1e-6,
        rope_theta: 10_000.0,
        tied: true,
        context: 2_048,
        eos: [CONTROL[2], CONTROL[0]].iter().filter_map(|token| tokens.id(token)).collect(),
    }
}

impl School {
    /// Makes the lessons of a course.
    pub fn open(course: &Course) -> anyhow::Result<Self> {
        let templates = super::templates()?;
        let words: Vec<Text> =
            Drawn { templates: &templates, course, voices: false }.lessons(0).take(LESSONS_OF_WORDS).map(|(_, text)| text).collect();
        let texts = words.iter().flat_map(|text| [&*text.system, &*text.user, &*text.reply]);
        let tokenizer = train_tokens(texts, VOCABULARY)?;
        let desk = Desk::new(&tokenizer)?;
        let part = |at: usize| Drawn { templates: &templates, course, voices: at == 1 }.part(&desk, at);
        let parts = [part(0)?, part(1)?];
        Ok(Self { config: shape(&desk.tokens), tokenizer, parts })
    }

    /// Takes the steps that are left, and returns the state at the end of each part. States lie in a folder of the part's
    /// own in `folder`, which a later call of the same course goes on from; those of other courses are not touched.
    pub fn run(
        &self,
        numerics: Numerics,
        folder: &Path,
        told: &mut dyn FnMut(&WholeRun<'_>, &Step),
    ) -> anyhow::Result<[State<WholeWeights>; 2]> {
        let [first, second] = &self.parts;
        let identity = |part: &Part| WholeRun::identity(&self.config, numerics, &part.lesson, &part.recipe);
        let run = WholeRun::begin(&self.config, numerics, &first.lesson, &first.recipe)?;
        let state = first.run(run, numerics, (folder, &identity(first)), told)?;
        // What it begins with decides the second part, too.
        let begun = Digest::of(&state.weights().to_safetensors(Precision::F32)?);
        let own = Digest::of_value(&(identity(second), begun));
        let run = WholeRun::begin_with(state.weights().clone(), numerics, &second.lesson, &second.recipe)?;
        let last = second.run(run, numerics, (folder, &own), told)?;
        Ok([state, last])
    }
}

impl Part {
    fn run<'a>(
        &'a self,
        mut run: WholeRun<'a>,
        numerics: Numerics,
        (folder, identity): (&Path, &Digest),
        told: &mut dyn FnMut(&WholeRun<'_>, &Step),
    ) -> anyhow::Result<State<WholeWeights>> {
        let own = &folder.join(identity.short());
        std::fs::create_dir_all(own).with_context(|| format!("{} cannot be made", own.display()))?;
        let (mut found, damaged) = newest(own, identity, run.state())?;
        // They would count among the newest.
        for path in damaged {
            std::fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
        if found.is_none() {
            // A run that began before runs had folders of their own left its states beside them, with those of others.
            found = newest(folder, identity, run.state())?.0;
        }
        if let Some(state) = found {
            run = WholeRun::resume(numerics, &self.lesson, &self.recipe, state)?;
        }
        let mut kept = Instant::now();
        while let Some(step) = run.step()? {
            told(&run, &step);
            if kept.elapsed() >= STATE_AFTER || run.state().steps() == run.steps() {
                keep(own, identity, run.state())?;
                kept = Instant::now();
            }
        }
        Ok(run.state().clone())
    }
}

/// What lessons are drawn from.
struct Drawn<'a> {
    templates: &'a Templates,
    course: &'a Course,
    /// Whether half of the mails are in the voice of the segment that the prompt names.
    voices: bool,
}

impl Drawn<'_> {
    /// Returns the lessons of the customers from a number on, each with its number.
    fn lessons(&self, from: u64) -> impl Iterator<Item = (u64, Text)> {
        (from..from + (1 << 28)).filter_map(|number| {
            let case = case(number, self.course.seed)?;
            let voice = case.brief.segment.as_ref().filter(|_| self.voices && number.is_multiple_of(2));
            Some((number, lesson(self.templates, &case, voice)?))
        })
    }

    /// Returns what is learned in a part.
    fn part(&self, desk: &Desk, at: usize) -> anyhow::Result<Part> {
        let ([of_mails, of_exercises], (share, learning_rate)) = (FIRST_OF_PARTS[at], PARTS[at]);
        let most = (share * self.course.tokens as f64).round() as usize;
        let mut exercises = self.lessons(of_exercises).map(|(number, text)| exercise(&text, number));
        let mut lesson = Lesson::default();
        let mut tokens = [0, 0];
        for (_, text) in self.lessons(of_mails) {
            let mail = desk.sample(&text)?;
            tokens[0] += mail.tokens.len();
            lesson.learned_from.push(mail);
            while let Some(text) = (tokens[1] < tokens[0]).then(|| exercises.next()).flatten() {
                let exercise = desk.sample(&text)?;
                tokens[1] += exercise.tokens.len();
                lesson.learned_from.push(exercise);
            }
            if tokens[0] + tokens[1] >= most {
                break;
            }
        }
        lesson.kept_back = self.lessons(FIRST_KEPT_BACK).take(KEPT_BACK).map(|(_, text)| desk.sample(&text)).collect::<Result<_, _>>()?;
        let recipe = WholeRecipe { seed: self.course.seed, tokens_per_step: TOKENS_PER_STEP, learning_rate, ..WholeRecipe::default() };
        Ok(Part { lesson, recipe })
    }
}

/// What turns a lesson into tokens.
struct Desk {
    tokens: Tokens,
    template: ChatTemplate,
}

impl Desk {
    fn new(tokenizer: &str) -> anyhow::Result<Self> {
        let tokens = Tokens::parse(tokenizer, Path::new("tokenizer.json"))?;
        Ok(Self { tokens, template: ChatTemplate::parse(CHAT_TEMPLATE.to_owned(), Path::new("chat_template"))? })
    }

    /// Returns the tokens of a lesson; only the reply, with the token that ends it, is learned.
    fn sample(&self, text: &Text) -> anyhow::Result<Sample> {
        let messages = [(Role::System, &text.system), (Role::User, &text.user), (Role::Assistant, &text.reply)];
        let messages =
            messages.into_iter().filter(|(_, text)| !text.is_empty()).map(|(role, text)| Message::new(role, text.clone())).collect();
        let conversation = Conversation { messages, ..Conversation::default() };
        let end: Vec<u32> = self.tokens.id(CONTROL[2]).into_iter().collect();
        let (mut tokens, reply) = prompt_and_reply(&self.tokens, &self.template, &conversation, None, &end)?;
        let asked = tokens.len();
        tokens.extend(reply);
        Ok(Sample { learned: (0..tokens.len()).map(|at| at >= asked).collect(), tokens })
    }
}

/// Returns the files of states, the newest first.
fn states(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut states: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|end| end == "state")).collect();
    states.sort();
    states.reverse();
    Ok(states)
}

/// Returns the newest state of this run that is whole, and newer ones that are not, which are told.
fn newest(folder: &Path, identity: &Digest, like: &State<WholeWeights>) -> anyhow::Result<(Option<State<WholeWeights>>, Vec<PathBuf>)> {
    let mut passed = Vec::new();
    for path in states(folder)? {
        let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        match State::from_bytes(&bytes, identity, like) {
            Ok(state) => return Ok((Some(state), passed)),
            Err(error) => crate::telemetry::say(&format!("note: {} is not used: {error}", path.display())),
        }
        passed.push(path);
    }
    Ok((None, passed))
}

/// Writes a state beside the last one, and removes those before.
fn keep(folder: &Path, identity: &Digest, state: &State<WholeWeights>) -> anyhow::Result<()> {
    let bytes = state.to_bytes(identity)?;
    let path = folder.join(format!("{:08}.state", state.steps()));
    write_atomically(&path, |out| out.write_all(&bytes))?;
    for old in states(folder)?.into_iter().skip(2) {
        std::fs::remove_file(&old).with_context(|| format!("{} cannot be removed", old.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A school whose model has a few weights and whose lessons are drawn by a number.
    fn school(seed: u64) -> School {
        let sample = |text: u64| {
            let tokens: Vec<u32> = (0..12).map(|at| ((seed + text * 7 + at * 5) % 29) as u32).collect();
            Sample { learned: (0..tokens.len()).map(|at| at > 3).collect(), tokens }
        };
        let config = Config {
            vocab_size: 32,
            hidden_size: 32,
            intermediate_size: 32,
            layers: 1,
            heads: 2,
            kv_heads: 1,
            head_dim: 16,
            rms_norm_eps: 1e-6,
            rope_theta: 10_000.0,
            tied: true,
            context: 64,
            eos: vec![0],
        };
        let lesson = Lesson { learned_from: (0..6).map(sample).collect(), kept_back: (6..8).map(sample).collect() };
        let recipe = WholeRecipe { seed, tokens_per_step: 24, ..WholeRecipe::default() };
        let part = || Part { lesson: lesson.clone(), recipe: recipe.clone() };
        School { tokenizer: String::new(), config, parts: [part(), part()] }
    }

    #[test]
    fn a_course_goes_on_from_its_own_states_whatever_others_left() {
        let folder = tempfile::tempdir().unwrap();
        let steps = |seed: u64| {
            let mut steps = 0;
            let states = school(seed).run(Numerics::PLAIN, folder.path(), &mut |_, _| steps += 1).unwrap();
            (steps, states.iter().map(State::steps).sum())
        };
        let (taken, all) = steps(1);
        assert!(taken > 0 && taken == all);
        assert_eq!(steps(1), (0, all), "it was done");
        // What another course left, in the way of before and in its own folder, is in nobody's way.
        std::fs::write(folder.path().join("00009000.state"), "of another").unwrap();
        std::fs::write(folder.path().join("00009001.state"), "of another").unwrap();
        assert_eq!(steps(2), (all, all));
        assert_eq!((steps(2), steps(1)), ((0, all), (0, all)));
        // One that is damaged does not count among the newest.
        let own = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        for folder in own {
            for step in ["00009000.state", "00009001.state"] {
                std::fs::write(folder.join(step), "damaged").unwrap();
            }
            std::fs::remove_file(folder.join(format!("{:08}.state", all / 2))).unwrap();
        }
        assert_eq!(steps(1), (all, all));
        assert_eq!(steps(1), (0, all), "the new state was kept");
    }
}
