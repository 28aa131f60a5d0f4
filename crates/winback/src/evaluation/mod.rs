//! Evaluating versions of adapters: on customers nobody learned from, beside the base and the shared adapter.
mod desk;
mod held_out;
mod judging;
#[cfg(test)]
mod tests;

pub use desk::{Desk, Hand};
pub use held_out::Parting;

use crate::tutor::plan::Class;
use desk::Written;
use held_out::{Case, HeldOut, parting};
use judging::Judge;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use winback_core::gallery::{
    Comparison, EVALUATION_FORMAT, EvaluatedCase, Evaluation, MailWriter, OfWhat, SharedAdapter, WriterMarks, WrittenMail,
};
use winback_core::segment::SegmentId;
use winback_core::template::Templates;
use winback_lm::Adapter;
use winback_lm::evaluation::{Sums, figures};
use winback_lm::shelf::{Kind, Manifest, Version};
use winback_lm::text_metrics::{Tokenizer, variety};

/// How many resamples the intervals are of (Koehn 2004 takes 1,000).
pub const RESAMPLES: u32 = 10_000;

/// A version that is to be evaluated, loaded.
pub struct Candidate {
    /// Its name.
    pub version: Version,
    /// What it was made from.
    pub manifest: Manifest,
    /// Its weights.
    pub adapter: Arc<Adapter>,
}

/// The ways the trainings of some versions split the examples, each made once.
#[derive(Default)]
pub struct Partings(HashMap<(u64, u64), Parting>);

/// Everything that evaluates.
pub struct Examiner<'a> {
    /// Who writes.
    pub desk: Desk<'a>,
    /// The wordings that mails are reviewed by.
    pub templates: &'a Templates,
    /// The newest shared adapter, where there is one.
    pub newest_shared: Option<(Version, Manifest)>,
    /// The same, loaded, where it was made for this base; else why it cannot be.
    pub shared: Option<Result<Candidate, String>>,
    /// What is wrong with newer ones, which are passed over.
    pub passed_over: Vec<String>,
}

/// The mails of all writers to the same customers, judged: `[writers, cases]`.
struct Judged {
    writers: Vec<(MailWriter, Vec<Mail>)>,
}

/// A mail and what is summed of it.
type Mail = (WrittenMail, Sums);

impl Partings {
    /// Returns how the training of a version split the examples; `otherwise` is the share where its manifest notes none.
    pub fn of(&mut self, class: &Class, manifest: &Manifest, otherwise: f64) -> anyhow::Result<&Parting> {
        Ok(match self.0.entry(Parting::key(manifest, otherwise)) {
            Entry::Occupied(made) => made.into_mut(),
            Entry::Vacant(place) => place.insert(parting(class, manifest, otherwise)?),
        })
    }
}

impl Examiner<'_> {
    /// Evaluates versions of a segment whose trainings split the examples in one way, all in one batch. Returns one
    /// evaluation for each version, in their order; none where no customer is left to try them on.
    pub fn evaluate(&self, segment: &SegmentId, candidates: &[Candidate], parting: &Parting) -> anyhow::Result<Vec<Evaluation>> {
        let class = self.desk.class;
        let kind = candidates.first().map_or(Kind::Own, |first| first.manifest.kind);
        let HeldOut { cases, known } = parting.held_out(class, segment, kind)?;
        if cases.is_empty() {
            return Ok(Vec::new());
        }
        let (shared, notes) = self.shared(parting);
        let hands: Vec<Hand> = [None]
            .into_iter()
            .chain(shared.map(|shared| Some(shared.adapter.clone())))
            .chain(candidates.iter().map(|one| Some(one.adapter.clone())))
            .collect();
        let mut written = self.desk.sit(&hands, &cases)?.into_iter();
        let base = written.next().unwrap_or_default();
        let shared_mails = shared.and_then(|_| written.next());
        let mut evaluations = Vec::with_capacity(candidates.len());
        for (candidate, own) in candidates.iter().zip(written) {
            let standing = self.standing(shared, candidate);
            let beside = shared_mails.as_ref().filter(|_| standing == SharedAdapter::Compared);
            let mut notes = if standing == SharedAdapter::Copied { Vec::new() } else { notes.clone() };
            notes.extend(self.passed_over.iter().cloned());
            notes.extend(copy_notes(standing, kind));
            notes.extend(self.notes(&cases, known));
            let writers = [(MailWriter::Base, Some(&base)), (MailWriter::Shared, beside), (MailWriter::Adapter, Some(&own))];
            let judged = self.judged(&cases, writers.into_iter().filter_map(|(writer, written)| Some((writer, written?))));
            evaluations.push(self.evaluation(segment, (candidate, standing), (&cases, judged, notes)));
        }
        Ok(evaluations)
    }

    /// Returns how the newest shared adapter stands to a version; `shared` is it where it may be compared.
    fn standing(&self, shared: Option<&Candidate>, candidate: &Candidate) -> SharedAdapter {
        let of_base = self.newest_shared.as_ref().filter(|_| self.shared.is_some());
        match of_base {
            None => SharedAdapter::Absent,
            Some((_, newest)) if newest.adapter_digest() == candidate.manifest.adapter_digest() => SharedAdapter::Copied,
            Some(_) if shared.is_some() => SharedAdapter::Compared,
            Some(_) => SharedAdapter::LeftOut,
        }
    }

    /// Returns the shared adapter where it learned from the same examples split in the same way, and else why it is left out.
    fn shared(&self, parting: &Parting) -> (Option<&Candidate>, Vec<String>) {
        match (&self.shared, &self.newest_shared) {
            (Some(Ok(shared)), _) if parting.is_of(self.desk.class, &shared.manifest) => (Some(shared), Vec::new()),
            (Some(Ok(shared)), _) => {
                let why = "learned from other examples, or keeps others back, so it may know these customers and is not compared";
                (None, vec![format!("the shared adapter {} {why}", shared.version)])
            }
            (Some(Err(why)), Some((version, _))) => (None, vec![format!("the shared adapter {version} is not compared: {why}")]),
            (None, Some((version, _))) => {
                (None, vec![format!("the shared adapter {version} was made for another base, and is not compared")])
            }
            (_, None) => (None, Vec::new()),
        }
    }

    fn judge(&self) -> Judge<'_> {
        Judge { templates: self.templates, model: self.desk.loaded.model.digest() }
    }

    fn judged<'w>(&self, cases: &[Case], writers: impl Iterator<Item = (MailWriter, &'w Vec<Written>)>) -> Judged {
        let judge = self.judge();
        let reference = |case: &Case| self.desk.class.examples[case.place].output.as_str();
        let of = |(writer, written): (MailWriter, &Vec<Written>)| {
            let judge_one = |(case, written): (&Case, &Written)| judge.judge(case, reference(case), (writer, written));
            (writer, cases.iter().zip(written).map(judge_one).collect())
        };
        let mut all: Vec<_> = writers.map(of).collect();
        all.push((MailWriter::Reference, cases.iter().map(|case| judge.reference(case, reference(case))).collect()));
        Judged { writers: all }
    }

    /// Returns what a reader must know of how the figures came about.
    fn notes(&self, cases: &[Case], known: usize) -> Vec<String> {
        let mut notes = Vec::new();
        if known > 0 {
            notes.push(format!("{known} examples were left out, since their customers were learned from"));
        }
        let unnamed = cases.iter().filter(|case| case.told.customer.is_none()).count();
        if unnamed > 0 {
            notes.push(format!(
                "{unnamed} of {} examples name no customer: each counts as one of its own, and whether it was learned from another mail to \
                 the same customer is not known",
                cases.len()
            ));
        }
        let unreviewed = cases.iter().filter(|case| case.brief.is_none()).count();
        if unreviewed > 0 {
            notes.push(format!(
                "{unreviewed} of {} examples carry no brief: claims are not measured of them, and their slots by what the prompt names",
                cases.len()
            ));
        }
        let of_none = cases.iter().filter(|case| case.locale.is_none()).count();
        if of_none > 0 {
            notes.push(format!("{of_none} of {} examples are in no language that is known: their slots are not measured", cases.len()));
        }
        let words = |case: &&Case| {
            case.told.versions.as_ref().and_then(|versions| versions.words.as_ref()).is_some_and(|words| words != self.templates.digest())
        };
        if cases.iter().any(|case| words(&case)) {
            notes.push("the examples were made with other wordings than this folder's, by which the mails are reviewed".to_owned());
        }
        notes
    }

    fn evaluation(
        &self,
        segment: &SegmentId,
        (candidate, shared): (&Candidate, SharedAdapter),
        (cases, judged, notes): (&[Case], Judged, Vec<String>),
    ) -> Evaluation {
        let Gathered { customers, slotted, reviewed, writers, comparisons } = gathered(cases, &judged, self.desk.seed);
        let numerics = self.desk.loaded.model.numerics();
        let manifest = &candidate.manifest;
        Evaluation {
            format: EVALUATION_FORMAT,
            segment: segment.clone(),
            version: candidate.version.to_string(),
            of: OfWhat {
                data_sha256: manifest.data.sha256.clone(),
                base_sha256: manifest.base_sha256.clone(),
                adapter_sha256: manifest.adapter_digest(),
                shared_sha256: self.newest_shared.as_ref().map(|(_, manifest)| manifest.adapter_digest()),
                words_sha256: self.templates.digest().clone(),
                numerics: format!("{} {}", numerics.precision.name(), numerics.level.name()),
                seed: self.desk.seed,
                resamples: RESAMPLES,
            },
            customers,
            examples: cases.len(),
            slotted,
            reviewed,
            shared,
            notes,
            writers,
            comparisons,
            cases: self.cases(cases, judged),
        }
    }

    fn cases(&self, cases: &[Case], judged: Judged) -> Vec<EvaluatedCase> {
        let mut mails: Vec<_> = judged.writers.into_iter().map(|(_, judged)| judged.into_iter()).collect();
        let judge = self.judge();
        let case = |case: &Case| EvaluatedCase {
            customer: case.customer.clone(),
            locale: case.locale,
            prompt_sha256: case.prompt_digest(self.desk.class),
            source: case.told.source,
            mails: mails.iter_mut().filter_map(|mails| mails.next().map(|(mail, _)| mail)).chain(judge.built_in(case)).collect(),
        };
        cases.iter().map(case).collect()
    }
}

/// The figures of judged mails.
struct Gathered {
    customers: usize,
    /// Of these, those whose mails' slots could be looked at.
    slotted: usize,
    /// Of these, those whose mails could be reviewed.
    reviewed: usize,
    writers: Vec<WriterMarks>,
    comparisons: Vec<Comparison>,
}

/// Returns the figures of all writers, and what sets the version apart from the base and the shared adapter.
fn gathered(cases: &[Case], judged: &Judged, seed: u64) -> Gathered {
    let customers = customers(cases);
    let sums: Vec<Vec<Sums>> = judged.writers.iter().map(|(_, judged)| by_customer(judged, &customers)).collect();
    let place = |wanted: MailWriter| judged.writers.iter().position(|(writer, _)| *writer == wanted);
    let version = place(MailWriter::Adapter);
    let others = [MailWriter::Base, MailWriter::Shared].into_iter().filter_map(place);
    let pairs: Vec<(usize, usize)> = others.filter_map(|other| Some((version?, other))).collect();
    let (of_each, of_pairs) = figures(&sums, &pairs, (RESAMPLES, seed));
    let writers = judged.writers.iter().zip(of_each).map(|((writer, judged), figures)| marks(*writer, judged, figures)).collect();
    let comparison = |((_, other), differences): (&(usize, usize), _)| Comparison { with: judged.writers[*other].0, differences };
    let comparisons = pairs.iter().zip(of_pairs).map(comparison).collect();
    let of_those = |measured: &dyn Fn(&Case) -> bool| {
        let known = cases.iter().zip(&customers.of).filter(|(case, _)| measured(case)).map(|(_, customer)| *customer);
        known.collect::<std::collections::BTreeSet<usize>>().len()
    };
    let [slotted, reviewed] = [of_those(&|case| case.locale.is_some()), of_those(&|case| case.brief.is_some())];
    Gathered { customers: customers.count, slotted, reviewed, writers, comparisons }
}

/// Returns what a reader must know of a version that is a copy of the shared adapter.
fn copy_notes(standing: SharedAdapter, kind: Kind) -> Vec<String> {
    let copied =
        (standing == SharedAdapter::Copied).then_some("this version is a copy of the shared adapter, and is compared with the base alone");
    let of_all = (kind == Kind::Shared).then_some("it learned from all segments' examples, and is tried on the customers of all of them");
    copied.into_iter().chain(of_all).map(str::to_owned).collect()
}

/// Which customer each example is of.
struct Customers {
    of: Vec<usize>,
    count: usize,
}

fn customers(cases: &[Case]) -> Customers {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    let mut of = Vec::with_capacity(cases.len());
    for case in cases {
        let own = case.told.customer.as_ref().and_then(|customer| known.get(customer.as_str())).copied();
        let place = own.unwrap_or(count);
        if let Some(customer) = &case.told.customer {
            known.insert(customer.as_str(), place);
        }
        count += usize::from(own.is_none());
        of.push(place);
    }
    Customers { of, count }
}

fn by_customer(judged: &[Mail], customers: &Customers) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); customers.count];
    judged.iter().zip(&customers.of).for_each(|((_, own), customer)| sums[*customer] += own);
    sums
}

fn marks(writer: MailWriter, judged: &[Mail], figures: winback_lm::evaluation::Figures) -> WriterMarks {
    let texts: Vec<&str> = judged.iter().map(|(mail, _)| mail.text.as_str()).collect();
    // What takes Chinese apart leaves other languages as they are.
    let varied = variety(&texts, Tokenizer::Zh);
    let cut_off = judged.iter().filter(|(mail, _)| mail.is_cut_off).count();
    WriterMarks { writer, figures, distinct_1: varied.distinct_1, distinct_2: varied.distinct_2, cut_off }
}
