//! What a version is tried on: the examples that its own training kept back, of customers whom no training knows.
use crate::exit::{Exit, stop};
use crate::tutor::plan::{Class, Course};
use crate::tutor::recipe_file::{RecipeFile, Rows};
use std::collections::{BTreeMap, HashSet};
use winback_core::digest::Digest;
use winback_core::example::Told;
use winback_core::id::CustomerId;
use winback_core::locale::Locale;
use winback_core::mail_form::{MailForm, Markers};
use winback_core::message::Brief;
use winback_core::segment::SegmentId;
use winback_lm::shelf::{Kind, Manifest};

/// A way to split the examples: that of the trainings with one seed and one share.
pub struct Parting {
    /// What each segment by itself learns from and keeps back.
    courses: BTreeMap<SegmentId, (usize, Course)>,
    /// What the shared adapter learns from.
    common: Course,
    /// Whom some training learned from.
    learned: HashSet<CustomerId>,
    share: f64,
}

/// One example that a version is tried on.
pub struct Case {
    /// Its place among the examples.
    pub place: usize,
    /// The customer, as a person finds them.
    pub customer: String,
    /// The language, where it is known.
    pub locale: Option<Locale>,
    /// What else stands beside the example.
    pub told: Told,
    /// What mails to this customer are reviewed by.
    pub brief: Option<Brief>,
    /// What may stand in a mail between double braces.
    pub markers: Markers,
}

/// The examples that a version is tried on.
pub struct HeldOut {
    /// The examples, in the order of the file.
    pub cases: Vec<Case>,
    /// How many were left out, since their customer was learned from.
    pub known: usize,
}

/// Splits examples as the training of a version did: by the seed of its recipe, and by the share that its manifest notes,
/// else by `otherwise`.
pub fn parting(class: &Class, manifest: &Manifest, otherwise: f64) -> anyhow::Result<Parting> {
    let share = manifest.data.share.unwrap_or(otherwise);
    let file = RecipeFile { recipe: manifest.recipe.clone(), segments: Rows { kept_back: share, ..Rows::default() } };
    let courses = class.courses(&file);
    let common = class.common(&courses);
    let mut learned = HashSet::new();
    for place in courses.values().flat_map(|(_, course)| &course.learned_from) {
        learned.extend(told(class, *place)?.customer);
    }
    Ok(Parting { courses, common, learned, share })
}

impl Parting {
    /// Returns what decides a split, besides the examples.
    pub fn key(manifest: &Manifest, otherwise: f64) -> (u64, u64) {
        (manifest.recipe.seed, manifest.data.share.unwrap_or(otherwise).to_bits())
    }

    /// Returns whether a version of a segment, or the shared adapter, learned from these examples split in this way.
    pub fn is_of(&self, class: &Class, manifest: &Manifest) -> bool {
        let course = match manifest.kind {
            Kind::Own => self.courses.get(&manifest.segment).map(|(_, course)| course),
            Kind::Shared => Some(&self.common),
        };
        course.is_some_and(|course| class.data(course, &manifest.segment, self.share).sha256 == manifest.data.sha256)
    }

    /// Returns the examples that a segment's versions are tried on; those that are copies of the shared adapter on all that
    /// was kept back of it, since such a segment has few of its own.
    pub fn held_out(&self, class: &Class, segment: &SegmentId, kind: Kind) -> anyhow::Result<HeldOut> {
        let places = match kind {
            Kind::Own => self.courses.get(segment).map_or(&[][..], |(_, course)| &course.kept_back),
            Kind::Shared => &self.common.kept_back,
        };
        let mut held_out = HeldOut { cases: Vec::with_capacity(places.len()), known: 0 };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for place in places {
            let told = told(class, *place)?;
            if told.customer.as_ref().is_some_and(|customer| self.learned.contains(customer)) {
                held_out.known += 1;
                continue;
            }
            let case = case(class, *place, told);
            let count = seen.entry(case.customer.clone()).or_default();
            *count += 1;
            let customer = if *count == 1 { case.customer } else { format!("{} ({count})", case.customer) };
            held_out.cases.push(Case { customer, ..case });
        }
        Ok(held_out)
    }
}

/// Returns what stands beside an example, or refuses the line.
fn told(class: &Class, place: usize) -> anyhow::Result<Told> {
    let Some(own) = &class.own[place] else { return Ok(Told::default()) };
    serde_json::from_str(own).map_err(|error| {
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        let what = format!("line {}: what stands under \"winback\" cannot be read: {why}", class.examples[place].line);
        stop(Exit::BadInput, what, "winback prompts writes that key; take it out of lines that are made otherwise")
    })
}

fn case(class: &Class, place: usize, told: Told) -> Case {
    let example = &class.examples[place];
    let locale = told.locale.or_else(|| Locale::ALL.into_iter().find(|locale| MailForm::parse(&example.output, *locale).is_ok()));
    let brief = told.brief(&example.segment);
    let markers = match &brief {
        Some(brief) => Markers::of(&brief.facts, brief.slots.first_name.is_some()),
        None => Markers::in_prompt(&example.input),
    };
    let customer = told.customer.as_ref().map_or_else(|| format!("line {}", example.line), |customer| customer.as_str().to_owned());
    Case { place, customer, locale, brief, told, markers }
}

impl Case {
    /// Returns the hash of what was asked.
    pub fn prompt_digest(&self, class: &Class) -> Digest {
        let example = &class.examples[self.place];
        Digest::of_parts([example.role.as_deref().unwrap_or_default(), &example.input].map(str::as_bytes))
    }
}
