//! Who learns from what: checked and planned whole before the first step.
use super::recipe_file::{FewRows, MOST_KEPT_BACK, RecipeFile};
use crate::exit::{Exit, OrExit, stop};
use crate::telemetry::say;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use winback_connectors::examples::{Examples, read_examples};
use winback_core::digest::Digest;
use winback_core::example::{Example, split, unlike};
use winback_core::gallery::gate::LEAST_CUSTOMERS;
use winback_core::id::CustomerId;
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;
use winback_lm::finetune::{Lesson, Reader, Recipe, Sample, lesson_bytes};
use winback_lm::shelf::{Data, SHARED};

/// How many lines at fault are told.
const MOST_TOLD: usize = 20;

/// What a text takes while texts nearly alike are found: its sketch, its bands, and its hash among the lines seen.
const OF_A_SPLIT: usize = 2048;

/// The examples of a file, each with its tokens.
pub struct Class {
    /// What was read.
    pub examples: Vec<Example>,
    /// The tokens of each.
    pub samples: Vec<Sample>,
    /// What stands under Winback's own key of each, as JSON.
    pub own: Vec<Option<Box<str>>>,
    /// Lines that repeat an earlier one and are left out.
    pub repeated: usize,
}

/// What one adapter learns from, by the places of its examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// What is learned from.
    pub learned_from: Vec<usize>,
    /// What is kept back.
    pub kept_back: Vec<usize>,
}

/// What becomes of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It learns by itself.
    Own(Course),
    /// It gets the shared adapter; these are the examples it is tried on.
    Shared(Vec<usize>),
    /// It gets none, for this reason.
    Refused(String),
}

/// What stands under Winback's own key of an example about the words of its prompt.
#[derive(Deserialize)]
struct PromptedBy {
    locale: String,
    versions: PromptVersions,
}

#[derive(Deserialize)]
struct PromptVersions {
    prompt_words: Digest,
}

/// Who learns from what.
pub struct Plan {
    /// The segments with examples, by name, with how many each has.
    pub segments: BTreeMap<SegmentId, (usize, Fate)>,
    /// The course of the shared adapter, where anybody needs it or it was asked for.
    pub shared: Option<Course>,
    /// Segments whose version the gate could not let through, since too few customers are kept back, with what would help.
    pub too_few: BTreeMap<SegmentId, String>,
}

impl Class {
    /// Reads a file; every line is checked, and none is learned from where one is at fault.
    pub fn read(path: &Path, known: &[SegmentId], reader: &Reader<'_>) -> anyhow::Result<Self> {
        let missing = if path.exists() { Exit::BadInput } else { Exit::Usage };
        let Examples { examples, own, refused, repeated, ignored, .. } = read_examples(path, known)
            .or_hint(missing, "a line is {\"input\": …, \"output\": …, \"segment\": …}; winback prompts writes such a file")?;
        for (key, lines) in &ignored {
            say(&format!("note: {}: {key:?} means nothing here; {lines} lines have it", path.display()));
        }
        let mut faults: Vec<(u64, String)> = refused.iter().map(|refused| (refused.line, refused.why.to_string())).collect();
        let mut samples = Vec::with_capacity(examples.len());
        for example in &examples {
            match reader.sample(example) {
                Ok(sample) => samples.push(sample),
                Err(unread) => faults.push((unread.line, unread.why.to_string())),
            }
        }
        if !faults.is_empty() {
            faults.sort();
            return Err(stop(Exit::BadInput, told(path, &faults), "correct these lines or take them out; nothing was written"));
        }
        if examples.is_empty() {
            return Err(stop(Exit::BadInput, format!("{} holds no example", path.display()), "winback prompts writes examples"));
        }
        Ok(Self { examples, samples, own, repeated: repeated.len() })
    }

    /// Returns how many bytes the examples take at most: their texts, once more while they are split, their tokens, and the
    /// steps of a run of all of them.
    pub fn bytes(&self, recipe: &Recipe) -> u64 {
        let texts = self.examples.iter().map(|example| {
            let of_texts = example.input.len() + example.output.len() + example.role.as_ref().map_or(0, String::len);
            2 * (of_texts + size_of::<Example>()) + OF_A_SPLIT
        });
        let own = self.own.iter().map(|own| own.as_ref().map_or(0, |own| own.len()) + size_of::<Option<Box<str>>>());
        texts.chain(own).sum::<usize>() as u64 + lesson_bytes(recipe, &self.samples)
    }

    /// Returns who learns from what. `asked` are the segments to teach; all where there are none. With `shared` the shared
    /// adapter is taught, too, although nobody needs it.
    pub fn plan(&self, asked: &[String], file: &RecipeFile, shared: bool) -> anyhow::Result<Plan> {
        let of: std::collections::BTreeSet<&SegmentId> = self.examples.iter().map(|example| &example.segment).collect();
        for name in asked {
            if !of.iter().any(|segment| segment.as_str() == name) {
                let names: Vec<&str> = of.iter().map(|segment| segment.as_str()).collect();
                let hint = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("was {near:?} meant?"),
                    None => format!("it has examples of {}", names.join(", ")),
                };
                return Err(stop(Exit::Usage, format!("the file has no example of the segment {name:?}"), hint));
            }
        }
        let courses = self.courses(file);
        let all = self.common(&courses);
        let learned: HashSet<&CustomerId> =
            courses.values().flat_map(|(_, course)| &course.learned_from).filter_map(|at| self.examples[*at].customer.as_ref()).collect();
        let wanted = |segment: &SegmentId| asked.is_empty() || asked.iter().any(|name| name == segment.as_str());
        let segments: BTreeMap<SegmentId, (usize, Fate)> = courses
            .iter()
            .filter(|(segment, _)| wanted(segment))
            .map(|(segment, (rows, course))| (segment.clone(), (*rows, fate(*rows, course.clone(), file))))
            .collect();
        let tried_on = |fate: &Fate| match fate {
            Fate::Own(course) => Some(self.customers(&course.kept_back, &learned)),
            Fate::Shared(_) => Some(self.customers(&all.kept_back, &learned)),
            Fate::Refused(_) => None,
        };
        let few = |(segment, (_, fate)): (&SegmentId, &(usize, Fate))| {
            Some((segment.clone(), too_few(tried_on(fate)?, file.segments.kept_back, matches!(fate, Fate::Shared(_)))?))
        };
        let too_few = segments.iter().filter_map(few).collect();
        let needed = shared || segments.values().any(|(_, fate)| matches!(fate, Fate::Shared(_)));
        Ok(Plan { segments, shared: needed.then_some(all), too_few })
    }

    /// Returns to how many customers examples are whom nobody learned from; one that names none counts as one.
    fn customers(&self, places: &[usize], learned: &HashSet<&CustomerId>) -> usize {
        let customers = || places.iter().map(|at| self.examples[*at].customer.as_ref());
        let known: HashSet<&CustomerId> = customers().flatten().filter(|customer| !learned.contains(customer)).collect();
        known.len() + customers().filter(Option::is_none).count()
    }

    /// Returns what each segment by itself learns from and keeps back, with how many examples it has.
    pub fn courses(&self, file: &RecipeFile) -> BTreeMap<SegmentId, (usize, Course)> {
        let mut of: BTreeMap<SegmentId, Vec<usize>> = BTreeMap::new();
        self.examples.iter().enumerate().for_each(|(at, example)| of.entry(example.segment.clone()).or_default().push(at));
        of.into_iter().map(|(segment, places)| (segment, (places.len(), self.course(&places, file)))).collect()
    }

    /// Returns what the shared adapter learns from: what no segment keeps back, nor anything nearly like it.
    pub fn common(&self, courses: &BTreeMap<SegmentId, (usize, Course)>) -> Course {
        let mut all = Course::default();
        for (_, course) in courses.values() {
            all.learned_from.extend(&course.learned_from);
            all.kept_back.extend(&course.kept_back);
        }
        all.learned_from = unlike(&self.examples, &all.learned_from, &all.kept_back);
        all.learned_from.sort_unstable();
        all.kept_back.sort_unstable();
        all
    }

    fn course(&self, places: &[usize], file: &RecipeFile) -> Course {
        let own: Vec<Example> = places.iter().map(|at| self.examples[*at].clone()).collect();
        let split = split(&own, file.segments.kept_back, file.recipe.seed);
        let back = |within: Vec<usize>| within.into_iter().map(|at| places[at]).collect();
        Course { learned_from: back(split.learned_from), kept_back: back(split.kept_back) }
    }

    /// Returns the tokens of a course.
    pub fn lesson(&self, course: &Course) -> Lesson {
        let of = |places: &[usize]| places.iter().map(|at| self.samples[*at].clone()).collect();
        Lesson { learned_from: of(&course.learned_from), kept_back: of(&course.kept_back) }
    }

    /// Returns what a manifest tells of the examples of a course for a segment.
    pub fn data(&self, course: &Course, segment: &SegmentId, share: f64) -> Data {
        let digest = |at: &usize| {
            let Example { role, input, output, segment, .. } = &self.examples[*at];
            Digest::of_parts([role.as_deref().unwrap_or_default(), input, output, segment.as_str()].map(str::as_bytes))
        };
        let of = |places: &[usize]| Digest::of_value(&places.iter().map(digest).collect::<Vec<_>>());
        let halves = [of(&course.learned_from), of(&course.kept_back)];
        Data {
            sha256: Digest::of_parts(halves.iter().map(|half| half.0.as_bytes())),
            learned_from: course.learned_from.len(),
            kept_back: course.kept_back.len(),
            own: course.learned_from.iter().filter(|at| self.examples[**at].segment == *segment).count(),
            share: Some(share),
            prompt_words: self.prompt_words(&course.learned_from),
            licence: None,
            origin: None,
        }
    }

    /// Returns the hash of the words of the prompts of examples, by language; none of a language that has several.
    fn prompt_words(&self, places: &[usize]) -> BTreeMap<String, Digest> {
        let mut found: BTreeMap<String, HashSet<Digest>> = BTreeMap::new();
        let own = places.iter().filter_map(|at| serde_json::from_str::<PromptedBy>(self.own[*at].as_deref()?).ok());
        for PromptedBy { locale, versions } in own {
            found.entry(locale).or_default().insert(versions.prompt_words);
        }
        found
            .into_iter()
            .filter(|(_, words)| words.len() == 1)
            .filter_map(|(locale, words)| Some((locale, words.into_iter().next()?)))
            .collect()
    }
}

fn fate(rows: usize, course: Course, file: &RecipeFile) -> Fate {
    let least = file.segments.least_rows;
    match file.segments.few_rows {
        FewRows::Shared if rows < least => Fate::Shared(course.kept_back),
        FewRows::Refuse if rows < least => Fate::Refused(format!("it has {rows} examples, and the recipe asks for {least} (least_rows)")),
        _ if course.kept_back.is_empty() => {
            Fate::Refused(format!("its {rows} examples nearly repeat one another, so none can be kept back to see how well it goes"))
        }
        _ => Fate::Own(course),
    }
}

/// Returns what a person must know where a version will be tried on too few customers to be put to use: how many there are,
/// and what share to keep back instead. `None` where there are enough.
fn too_few(tried_on: usize, share: f64, is_shared: bool) -> Option<String> {
    if tried_on >= LEAST_CUSTOMERS {
        return None;
    }
    let of = if is_shared { " of all segments" } else { "" };
    let found =
        format!("{tried_on} customers{of} are kept back to try it on, and {LEAST_CUSTOMERS} are the least before it may be put to use");
    // Rounded up to a hundredth; the small number keeps 0.35 from becoming 0.36.
    let enough = (100.0 * share * LEAST_CUSTOMERS as f64 / tried_on as f64 - 1e-9).ceil() / 100.0;
    Some(match enough <= MOST_KEPT_BACK {
        true => format!("{found}; about kept_back = {enough} in [segments] of the recipe would be enough"),
        false => format!("{found}; even kept_back = {MOST_KEPT_BACK} would not be enough, so it takes more examples"),
    })
}

/// Returns lines at fault as a person reads them.
fn told(path: &Path, faults: &[(u64, String)]) -> String {
    let lines = if faults.len() == 1 { "line" } else { "lines" };
    let mut text = format!("{} {lines} of {} cannot be learned from", faults.len(), path.display());
    for (line, why) in faults.iter().take(MOST_TOLD) {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n  line {line}: {why}");
    }
    if faults.len() > MOST_TOLD {
        let _ = write!(text, "\n  and {} more", faults.len() - MOST_TOLD);
    }
    text
}

/// Returns the name under which the shared adapter is kept.
pub fn shared() -> anyhow::Result<SegmentId> {
    SegmentId::parse(SHARED).or_exit(Exit::Failure)
}
