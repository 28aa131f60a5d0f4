//! The wording of the built-in writer: text files that a marketer edits.
//!
//! A file is a list of sections. A section begins with a line such as
//! `[opening theme=price,contract tier=high]` and holds one wording; lines that
//! begin with `#` are notes. Several sections for the same case are variants,
//! and the customer's seed chooses among them; a section with more conditions
//! goes before one with fewer, and one that uses more of what is known of the
//! customer before one that uses less. A wording that uses a fact the brief does
//! not have is passed over. `{{ offer.name }}` puts a fact,
//! `{{ slot.first_name }}` a slot. There are no loops, macros or includes.
//!
//! A file `segments/NAME.jinja` holds the voice of one segment in every language:
//! `[email.opening lang=zh-TW]` replaces the opening of the mail for that segment.
mod lint;
mod section;

use crate::claim::Phrases;
use crate::digest::Digest;
use crate::goal::Goal;
use crate::locale::Locale;
use crate::offer::OfferKind;
use crate::risk::ValueTier;
use crate::schema::Theme;
use crate::segment::SegmentId;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use section::{Part, Section};
use std::collections::BTreeMap;

pub(crate) use section::{Part as TemplatePart, Section as TemplateSection};

/// The largest template file accepted, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

const BUILT_IN: [(&str, &str); 15] = [
    ("email.html.jinja", include_str!("../templates/email.html.jinja")),
    ("en/call.jinja", include_str!("../templates/en/call.jinja")),
    ("en/email.jinja", include_str!("../templates/en/email.jinja")),
    ("en/sms.jinja", include_str!("../templates/en/sms.jinja")),
    ("segments/Dormant.jinja", include_str!("../templates/segments/Dormant.jinja")),
    ("segments/HighValue_Active.jinja", include_str!("../templates/segments/HighValue_Active.jinja")),
    ("segments/Need_Reengagement.jinja", include_str!("../templates/segments/Need_Reengagement.jinja")),
    ("segments/Parent_Active.jinja", include_str!("../templates/segments/Parent_Active.jinja")),
    ("segments/Regular_Active.jinja", include_str!("../templates/segments/Regular_Active.jinja")),
    ("zh-CN/call.jinja", include_str!("../templates/zh-CN/call.jinja")),
    ("zh-CN/email.jinja", include_str!("../templates/zh-CN/email.jinja")),
    ("zh-CN/sms.jinja", include_str!("../templates/zh-CN/sms.jinja")),
    ("zh-TW/call.jinja", include_str!("../templates/zh-TW/call.jinja")),
    ("zh-TW/email.jinja", include_str!("../templates/zh-TW/email.jinja")),
    ("zh-TW/sms.jinja", include_str!("../templates/zh-TW/sms.jinja")),
];

/// What is wrong with a template file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct TemplateError {
    /// The file, below the template folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: TemplateProblem,
}

/// What is wrong with a template file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// A file that is not one of the known ones.
    #[error("Winback has no template of this name; the names are those that `winback init` writes, such as en/email.jinja")]
    UnknownFile,
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("the file has {0} bytes; at most {MAX_FILE_BYTES} are read. Shorten it")]
    TooLarge(usize),
    /// Words before the first section.
    #[error("this text stands before the first section; put a line such as [opening] above it, or # in front of it")]
    NoSection,
    /// A section that the file cannot have.
    #[error("there is no section [{name}] in this file; the sections are {known}")]
    UnknownSection {
        /// The section's name.
        name: String,
        /// The names the file can have.
        known: String,
    },
    /// A condition that is not understood.
    #[error(
        "the condition {0:?} is not known; the conditions are goal=, theme=, kind=, tier= and id=, for objections also after= and then=, each with the words of the file format"
    )]
    UnknownCondition(String),
    /// A section that needs an id has none.
    #[error("a section [{0}] needs an id, as in [{0} id=no-time]")]
    NoId(&'static str),
    /// An objection that does not say where the call goes.
    #[error(
        "an objection needs to say where the call goes after the answer: then= with an outcome's id (then=call_back) or a step (then=reason)"
    )]
    NoThen,
    /// A section of a segment's voice that does not say its language.
    #[error(
        "a section of a segment's voice names the file and the language: [email.opening lang=zh-TW], [sms.sms lang=en], [call.reason lang=zh-CN]"
    )]
    NoLanguage,
    /// A section without text.
    #[error("the section is empty; write its text below the line or remove it")]
    Empty,
    /// Loops, macros, includes and the like.
    #[error("{{% {0} %}} is not allowed in a template; only if, elif, else, endif and set are")]
    TagNotAllowed(String),
    /// A name that is neither a fact, a slot nor a part.
    #[error("{0:?} is no fact, slot or part; use one of {1}")]
    UnknownName(String, String),
    /// Not a valid template.
    #[error("the template is not valid: {0}")]
    Syntax(String),
    /// A claim that a template cannot approve.
    #[error("{0:?} is a promise the company must approve first; add the phrase to the company's approved phrases, or take it out")]
    NeedsApproval(String),
    /// A case for which no wording can be used.
    #[error("no wording of [{part}] fits {case} without facts that may be missing; add a section [{part}] without conditions")]
    Uncovered {
        /// The section's name.
        part: &'static str,
        /// The case: `kind=discount theme=price`.
        case: String,
    },
}

/// Compiled templates of every language.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    /// Sections by place in [`slot_of`]: locale, then part, in file order.
    shelves: Vec<Vec<Section>>,
    /// The segments that have a voice of their own, in the order of their files.
    segments: Vec<SegmentId>,
    phrases: Phrases,
    unapproved: Vec<TemplateError>,
    digest: Digest,
    built_in: bool,
}

/// The case a wording is chosen for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub goal: Goal,
    /// The segment's place among [`Templates::segments`]; `None` for a segment without a voice of its own.
    pub segment: Option<u16>,
    pub kind: Option<OfferKind>,
    pub theme: Option<Theme>,
    pub tier: Option<ValueTier>,
    /// The known names that have a value, one bit each.
    pub has: u32,
    pub seed: u64,
}

impl Templates {
    /// Returns the templates that are part of Winback.
    pub fn built_in() -> Result<Self, Vec<TemplateError>> {
        Self::from_files(&BTreeMap::new())
    }

    /// Returns the built-in templates with some files replaced, by their name below the template folder
    /// (`en/email.jinja`), or everything that is wrong with them.
    pub fn from_files(files: &BTreeMap<String, String>) -> Result<Self, Vec<TemplateError>> {
        let own = files.iter().filter(|(name, _)| !BUILT_IN.iter().any(|(known, _)| known == name));
        let (voices, strange): (Vec<_>, Vec<_>) = own.partition(|(name, _)| section::segment_of(name).is_some());
        let unknown = |(name, _): (&String, _)| TemplateError { file: name.clone(), line: 1, problem: TemplateProblem::UnknownFile };
        let mut errors: Vec<TemplateError> = strange.into_iter().map(unknown).collect();
        let known = BUILT_IN.iter().map(|(name, text)| (*name, files.get(*name).map_or(*text, String::as_str)));
        let texts: Vec<(&str, &str)> = known.chain(voices.iter().map(|(name, text)| (name.as_str(), text.as_str()))).collect();
        let mut templates = Self {
            environment: environment(),
            shelves: vec![Vec::new(); Locale::ALL.len() * Part::COUNT],
            segments: texts.iter().filter_map(|(name, _)| section::segment_of(name)).collect(),
            phrases: Phrases::default(),
            unapproved: Vec::new(),
            digest: Digest::of_parts(texts.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()])),
            built_in: texts == BUILT_IN,
        };
        for (name, text) in texts {
            let segment = section::segment_of(name).and_then(|segment| templates.segment(&segment));
            match section::read(name, segment, text) {
                Ok(sections) => sections.into_iter().for_each(|section| templates.add(section, &mut errors)),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            errors.extend(templates.uncovered());
            templates.learn_phrases();
        }
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }

    /// Returns the names and texts of the built-in files, for a person to edit.
    pub fn built_in_files() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILT_IN.into_iter()
    }

    /// Returns the segments that have a voice of their own.
    pub fn segments(&self) -> &[SegmentId] {
        &self.segments
    }

    /// Returns the phrases a person approved by writing them into a template.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// Returns the place of a segment that has a voice of its own.
    pub(crate) fn segment(&self, segment: &SegmentId) -> Option<u16> {
        self.segments.iter().position(|known| known == segment).and_then(|at| u16::try_from(at).ok())
    }

    /// Returns the hash of every file.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns `built-in`, or `edited` where a file was replaced.
    pub fn name(&self) -> &'static str {
        if self.built_in { "built-in" } else { "edited" }
    }

    /// Returns the wordings for a case that can be used, all equally fitting, in file order.
    fn best(&self, locale: Locale, part: Part, id: Option<&str>, case: Case) -> Vec<&Section> {
        let fitting = || self.shelf(locale, part).iter().filter(|section| section.id.as_deref() == id && section.fits(case));
        let rank = fitting().map(Section::rank).max();
        fitting().filter(|section| Some(section.rank()) == rank).collect()
    }

    /// Returns the wording of a part for a case; `None` where none can be used.
    pub(crate) fn choose(&self, locale: Locale, part: Part, id: Option<&str>, case: Case) -> Option<&Section> {
        let best = self.best(locale, part, id, case);
        let turn = crate::brief::mix(case.seed, id.unwrap_or(part.tag())) % (best.len().max(1) as u64);
        usize::try_from(turn).ok().and_then(|turn| best.get(turn).copied())
    }

    /// Returns every wording of a part that can be used for a case, those with more conditions first.
    pub(crate) fn all(&self, locale: Locale, part: Part, case: Case) -> Vec<&Section> {
        let mut fitting: Vec<&Section> = self.shelf(locale, part).iter().filter(|section| section.fits(case)).collect();
        fitting.sort_by_key(|section| std::cmp::Reverse(section.conditions));
        fitting
    }

    /// Returns the ids of a part's sections, each once, in file order.
    pub(crate) fn ids(&self, locale: Locale, part: Part) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        for id in self.shelf(locale, part).iter().filter_map(|section| section.id.as_deref()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// Returns a wording with its facts put in, or the error with its file and line.
    pub(crate) fn render(&self, section: &Section, page: Value) -> Result<String, TemplateError> {
        if section.is_plain {
            return Ok(section.text.clone());
        }
        let text = self.environment.get_template(&section.key).and_then(|template| template.render(page));
        text.map_err(|error| section.error(&error))
    }

    /// Reads the claims of every wording once, so that a review need not.
    fn learn_phrases(&mut self) {
        let mut phrases = Phrases::of_segments(self.segments.clone());
        for section in self.shelves.iter().flatten().filter(|section| section.part != Part::Html) {
            let refused = phrases.learn(section);
            self.unapproved.extend(refused.into_iter().map(|(line, words)| TemplateError {
                file: section.file.clone(),
                line,
                problem: TemplateProblem::NeedsApproval(words),
            }));
        }
        self.phrases = phrases;
    }

    /// Returns the claims that a template cannot approve (superlatives, guarantees, urgency, gifts, refunds), except
    /// those that stand in a phrase the company approved.
    pub fn unapproved(&self, approved: &[&str]) -> Vec<TemplateError> {
        let known = |error: &&TemplateError| !matches!(&error.problem, TemplateProblem::NeedsApproval(words) if approved.iter().any(|phrase| phrase.contains(words.as_str())));
        self.unapproved.iter().filter(known).cloned().collect()
    }

    fn shelf(&self, locale: Locale, part: Part) -> &[Section] {
        self.shelves.get(shelf_at(locale, part)).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, mut section: Section, errors: &mut Vec<TemplateError>) {
        if let Err(error) = self.environment.add_template_owned(section.key.clone(), section.text.clone()) {
            errors.push(section.error(&error));
            return;
        }
        if let Ok(template) = self.environment.get_template(&section.key)
            && let Err(found) = section.learn_names(&template.undeclared_variables(true))
        {
            errors.extend(found);
            return;
        }
        let locales = section.locale.map_or(Locale::ALL.to_vec(), |locale| vec![locale]);
        for locale in locales {
            if let Some(shelf) = self.shelves.get_mut(shelf_at(locale, section.part)) {
                shelf.push(section.clone());
            }
        }
    }
}

fn shelf_at(locale: Locale, part: Part) -> usize {
    locale as usize * Part::COUNT + part as usize
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|name| if name.starts_with("email.html") { AutoEscape::Html } else { AutoEscape::None });
    environment.add_filter("lines", |text: &str| {
        let mut escaped = String::with_capacity(text.len() + 16);
        crate::slot::escape_html(text, &mut escaped);
        Value::from_safe_string(escaped.replace('\n', "<br>"))
    });
    environment
}

/// Returns the bit, group and field of a known name: `offer.name` has the group `offer` and the field `name`.
pub(crate) fn name_bit(name: &str) -> Option<(u32, &'static str, &'static str)> {
    let at = section::NAMES.iter().position(|known| *known == name)?;
    let (group, field) = section::NAMES.get(at)?.split_once('.')?;
    Some((1 << at, group, field))
}
