//! `winback adapters eval`
use super::figures::{self, Found};
use super::{On, OrShelf as _};
use crate::cli::Place;
use crate::cli::lm::model::{Computing, Loaded, read_config};
use crate::evaluation::{Candidate, Desk, Examiner, Parting, Partings};
use crate::exit::{Exit, OrExit, stop};
use crate::progress_bar::Bar;
use crate::report;
use crate::tutor::plan::Class;
use crate::tutor::recipe_file::RecipeFile;
use crate::wordings;
use crate::workbench::load_settings;
use std::path::PathBuf;
use std::process::ExitCode;
use winback_core::segment::SegmentId;
use winback_core::template::Templates;
use winback_lm::finetune::Reader;
use winback_lm::shelf::{Kind, Manifest, SHARED, Shelf, Version};
use winback_lm::{ChatTemplate, Tokens};

/// Evaluate versions beside the base and the shared adapter, on customers that nobody learned from
///
/// On the examples that a version's training kept back: how well each writer foresees the mails (perplexity), and what it
/// writes itself: how like the reference (chrF, BLEU), whether slots and claims are right. Every figure has its 95 %
/// interval. The evaluation stands beside the version, with every mail; `winback adapters promote` goes by it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The segment [default: all of them]
    segment: Option<String>,
    /// The versions, such as v1 v2 [default: all of the segment]
    version: Vec<String>,
    /// The examples that the versions learned from, the same file: what was kept back of it is what they are tried on
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The model directory of the base
    #[arg(long, value_name = "DIR")]
    base_model_path: PathBuf,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    on: On,
}

/// How an evaluation is made.
#[derive(Debug, Default, clap::Args)]
pub struct How {
    /// The recipe of the training, for versions whose manifest does not note what share was kept back
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// What every draw depends on: the mails, and the resamples of the intervals
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    computing: Computing,
}

/// What is to be evaluated, on what and with what.
pub struct Exam<'a> {
    /// Where the versions stand.
    pub shelf: &'a Shelf,
    /// The examples.
    pub data: &'a PathBuf,
    /// The base.
    pub base: &'a PathBuf,
    /// How.
    pub how: &'a How,
}

/// On what a version is tried: how its training split the examples, and of whom.
type Tried = ((u64, u64), Kind);

/// A version of a segment that may be evaluated, or why not.
struct Wanted {
    segment: SegmentId,
    version: Version,
    told: Result<Manifest, String>,
}

/// Evaluates, and tells what was found.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let shelf = args.on.shelf(at)?;
    let exam = Exam { shelf: &shelf, data: &args.data, base: &args.base_model_path, how: &args.how };
    let asked = args.segment.as_deref().map(|segment| (segment, &args.version[..]));
    let found = tokio::task::block_in_place(|| exam.sit(at, asked))?;
    report::print(at.json, &figures::as_json(&found), || figures::told(&found))?;
    Ok(if found.left_out.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Partial as u8) })
}

impl Exam<'_> {
    /// Evaluates versions and keeps what was found of each. A version that was asked for by its name and cannot be
    /// evaluated is an error; of all others it is told.
    pub fn sit(&self, at: &Place, asked: Option<(&str, &[String])>) -> anyhow::Result<Found> {
        let mut wanted = self.wanted(asked)?;
        let share = RecipeFile::read(self.how.recipe.as_deref())?.segments.kept_back;
        let (class, mut partings) = (self.class(&mut wanted)?, Partings::default());
        for one in &mut wanted {
            if let Ok(manifest) = &one.told
                && !partings.of(&class, manifest, share)?.is_of(&class, manifest)
            {
                let data = self.data.display();
                let why =
                    format!("it learned from other examples than {data} holds, so it may know any of these; give the file it learned from");
                one.told = Err(why);
            }
        }
        self.refuse(&wanted, asked)?;
        let loaded = Loaded::load(self.base, &self.how.computing, at.quiet)?;
        for one in &mut wanted {
            if one.told.as_ref().is_ok_and(|manifest| manifest.base_sha256 != *loaded.model.digest()) {
                one.told = Err("it was made for another base".to_owned());
            }
        }
        self.refuse(&wanted, asked)?;
        let named = asked.is_some_and(|(_, versions)| !versions.is_empty());
        let settings = load_settings(&at.home)?;
        let templates = wordings::load(&at.home, &settings.company)?;
        let bar = Bar::new(at.quiet || at.json);
        let desk = Desk { loaded: &loaded, class: &class, seed: self.how.seed, bar: &bar };
        let examiner = self.examiner((desk, &templates), &loaded)?;
        let mut found = Found::default();
        for (segment, candidates) in self.groups(&loaded, wanted, (share, named, &mut found))? {
            let Some(first) = candidates.first() else { continue };
            let evaluations = match examiner.evaluate(&segment, &candidates, partings.of(&class, &first.manifest, share)?) {
                Ok(evaluations) => evaluations,
                Err(error) if named => return Err(error),
                // What fails of one segment costs the others nothing.
                Err(error) => {
                    found.leave_out(&segment, &candidates, &format!("{error:#}"));
                    continue;
                }
            };
            if evaluations.is_empty() {
                let none = "no customer is left to try it on: none was kept back whom no training learned from";
                found.leave_out(&segment, &candidates, none);
            }
            for evaluation in evaluations {
                self.shelf.keep_evaluation(&evaluation).or_shelf()?;
                found.evaluations.push(evaluation);
            }
        }
        Ok(found)
    }

    /// Returns who evaluates, with the newest shared adapter where it can be loaded and is what was written.
    fn examiner<'e>(&self, (desk, templates): (Desk<'e>, &'e Templates), loaded: &Loaded) -> anyhow::Result<Examiner<'e>> {
        let (newest_shared, damaged) = self.shelf.newest_shared().or_shelf()?;
        let of_base = newest_shared.as_ref().filter(|(_, manifest)| manifest.base_sha256 == *loaded.model.digest());
        let checked = |(version, manifest): &(Version, Manifest)| {
            let whole = manifest.verify(&self.shelf.place(&manifest.segment, *version)).map_err(|error| error.to_string());
            whole.and_then(|()| self.candidate(loaded, (*version, manifest.clone())).map_err(|error| format!("{error:#}")))
        };
        let shared = of_base.map(checked);
        let passed_over = damaged.into_iter().map(|(version, why)| format!("the shared adapter {version} is passed over: {why}")).collect();
        Ok(Examiner { desk, templates, newest_shared, shared, passed_over })
    }

    /// Reads the examples as the base does, and notes which versions were taught through another tokenizer or template.
    fn class(&self, wanted: &mut [Wanted]) -> anyhow::Result<Class> {
        let (config, _) = read_config(self.base)?;
        let hint = "a base needs tokenizer.json and a chat template; docs/language-model.md says where to get one";
        let tokens = Tokens::load(&self.base.join("tokenizer.json"), config.vocab_size, &config.eos).or_hint(Exit::BadInput, hint)?;
        let template = ChatTemplate::load(self.base).or_hint(Exit::BadInput, hint)?;
        for one in wanted {
            let Ok(manifest) = &one.told else { continue };
            if manifest.tokenizer_sha256 != *tokens.digest() {
                one.told = Err("it was taught with another tokenizer than the base has now".to_owned());
            } else if manifest.template_sha256 != *template.digest() {
                one.told = Err("it was taught through another chat template than the base has now".to_owned());
            }
        }
        Class::read(self.data, &[], &Reader { tokens: &tokens, template: &template, context: config.context, ends: &config.eos })
    }

    /// Returns the versions, loaded, of each segment and way of splitting the examples; those that cannot be evaluated are
    /// noted.
    fn groups(
        &self,
        loaded: &Loaded,
        wanted: Vec<Wanted>,
        (share, named, found): (f64, bool, &mut Found),
    ) -> anyhow::Result<Vec<(SegmentId, Vec<Candidate>)>> {
        let mut groups: Vec<(SegmentId, Tried, Vec<Candidate>)> = Vec::new();
        for Wanted { segment, version, told } in wanted {
            let manifest = match told {
                Ok(manifest) => manifest,
                Err(why) => {
                    found.left_out.push((segment, version.to_string(), why));
                    continue;
                }
            };
            let key = (Parting::key(&manifest, share), manifest.kind);
            let candidate = match self.candidate(loaded, (version, manifest)) {
                Ok(candidate) => candidate,
                Err(error) if named => return Err(error),
                Err(error) => {
                    found.left_out.push((segment, version.to_string(), format!("{error:#}")));
                    continue;
                }
            };
            match groups.iter_mut().find(|(of, its, _)| *of == segment && *its == key) {
                Some((_, _, group)) => group.push(candidate),
                None => groups.push((segment, key, vec![candidate])),
            }
        }
        Ok(groups.into_iter().map(|(segment, _, candidates)| (segment, candidates)).collect())
    }

    /// Returns the versions that were asked for.
    fn wanted(&self, asked: Option<(&str, &[String])>) -> anyhow::Result<Vec<Wanted>> {
        let segments = match asked {
            Some((name, _)) => vec![self.shelf.named(name).or_shelf()?],
            None => self.shelf.segments().or_shelf()?,
        };
        let mut wanted = Vec::new();
        for segment in segments {
            if segment.as_str() == SHARED {
                if asked.is_some() {
                    let what = "the shared adapter is of no segment; it is evaluated beside each segment's versions";
                    return Err(stop(Exit::Usage, what, "winback adapters eval evaluates all segments"));
                }
                continue;
            }
            let versions = match asked {
                Some((_, names)) if !names.is_empty() => names
                    .iter()
                    .map(|name| self.shelf.version(&segment, name).map(|(version, manifest)| (version, Ok(manifest))))
                    .collect::<Result<Vec<_>, _>>()
                    .or_shelf()?,
                _ => self.shelf.look(&segment).or_shelf()?.versions,
            };
            for (version, manifest) in versions {
                let whole = manifest.and_then(|manifest| manifest.verify(&self.shelf.place(&segment, version)).map(|()| manifest));
                wanted.push(Wanted { segment: segment.clone(), version, told: whole.map_err(|error| error.to_string()) });
            }
        }
        match wanted.is_empty() {
            true => Err(stop(
                Exit::Usage,
                format!("there is no version to evaluate in {}", self.shelf.root().display()),
                "winback adapters train teaches them",
            )),
            false => Ok(wanted),
        }
    }

    /// Refuses where a version that was asked for by its name cannot be evaluated, or none can.
    fn refuse(&self, wanted: &[Wanted], asked: Option<(&str, &[String])>) -> anyhow::Result<()> {
        let named = asked.is_some_and(|(_, versions)| !versions.is_empty());
        let faults: Vec<String> = wanted
            .iter()
            .filter_map(|one| one.told.as_ref().err().map(|why| format!("{} of {} cannot be evaluated: {why}", one.version, one.segment)))
            .collect();
        if faults.is_empty() || (!named && faults.len() < wanted.len()) {
            return Ok(());
        }
        Err(stop(Exit::BadInput, faults.join("\n"), "nothing was written; winback adapters list shows what each learned from"))
    }

    fn candidate(&self, loaded: &Loaded, (version, manifest): (Version, Manifest)) -> anyhow::Result<Candidate> {
        let adapter = loaded.adapter(&self.shelf.place(&manifest.segment, version))?;
        Ok(Candidate { version, manifest, adapter })
    }
}
