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
//! `brand.jinja` and the segments' files hold the company's own rules besides: `[avoid]` and `[limits]`.
//! Everything wrong with any file is named at once, with file and line.
mod file;
mod head;
mod lint;
mod part;
mod problem;
mod rules;
mod section;
mod texts;

use crate::claim::Phrases;
use crate::digest::Digest;
use crate::goal::Goal;
use crate::locale::{Locale, Localized};
use crate::manners::Rules;
use crate::offer::OfferKind;
use crate::prompt::PromptWords;
use crate::risk::ValueTier;
use crate::schema::Theme;
use crate::segment::SegmentId;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use part::Part;
use section::Section;
use std::collections::{BTreeMap, BTreeSet};

pub use file::decode;
pub(crate) use file::{Block, NOTE, blocks};
pub(crate) use part::Part as TemplatePart;
pub use problem::{TemplateError, TemplateProblem};
pub(crate) use section::Section as TemplateSection;
pub(crate) use texts::{Fields, Texts, place_of as place_of_name};

/// The largest template file accepted, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

const BUILT_IN: [(&str, &str); 16] = [
    ("brand.jinja", include_str!("../templates/brand.jinja")),
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

/// The words of prompts, which are no wordings of a message: another hash, other rules.
const BUILT_IN_PROMPTS: [(&str, &str); 3] = [
    ("zh-TW/prompt.jinja", include_str!("../templates/zh-TW/prompt.jinja")),
    ("zh-CN/prompt.jinja", include_str!("../templates/zh-CN/prompt.jinja")),
    ("en/prompt.jinja", include_str!("../templates/en/prompt.jinja")),
];

/// The name under which the built-in templates write.
pub const BY_BUILT_IN: &str = "built-in";
/// The name under which templates write of which the company replaced a file.
pub const BY_EDITED: &str = "edited";

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
    /// Wordings that cannot be used.
    spoilt: Vec<Section>,
    digest: Digest,
    built_in: bool,
    prompts: Localized<PromptWords>,
}

/// The case a wording is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        let own = files.iter().filter(|(name, _)| !Self::built_in_files().any(|(known, _)| known == *name));
        let (voices, strange): (Vec<_>, Vec<_>) = own.partition(|(name, _)| section::segment_of(name).is_some());
        let mut errors: Vec<TemplateError> = strange.into_iter().map(|(name, _)| unknown_file(name)).collect();
        let known = BUILT_IN.iter().map(|(name, text)| (*name, files.get(*name).map_or(*text, String::as_str)));
        let texts: Vec<(&str, &str)> = known.chain(voices.iter().map(|(name, text)| (name.as_str(), text.as_str()))).collect();
        let mut templates = Self {
            environment: environment(),
            shelves: vec![Vec::new(); Locale::ALL.len() * Part::COUNT],
            segments: texts.iter().filter_map(|(name, _)| section::segment_of(name)).collect(),
            phrases: Phrases::default(),
            unapproved: Vec::new(),
            spoilt: Vec::new(),
            digest: Digest::of_parts(texts.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()])),
            built_in: texts == BUILT_IN,
            prompts: Localized::from_fn(|locale| prompt_words(files, locale, &mut errors)),
        };
        let page = sample_page();
        texts.iter().for_each(|(name, text)| templates.read(name, text, &page, &mut errors));
        templates.pass_over_avoided();
        templates.lint(&mut errors);
        templates.learn_phrases();
        errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }

    /// Returns the names and texts of the built-in files, for a person to edit.
    pub fn built_in_files() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILT_IN.into_iter().chain(BUILT_IN_PROMPTS)
    }

    /// Returns the words of prompts in a language.
    pub fn prompt_words(&self, locale: Locale) -> &PromptWords {
        self.prompts.get(locale)
    }

    /// Returns the segments that have a voice of their own.
    pub fn segments(&self) -> &[SegmentId] {
        &self.segments
    }

    /// Returns the phrases a person approved by writing them into a template.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// Returns how many wordings a language has.
    pub fn wordings(&self, locale: Locale) -> usize {
        Part::ALL.into_iter().map(|part| self.shelf(locale, part).len()).sum()
    }

    /// Returns the place of a segment that has a voice of its own.
    pub(crate) fn segment(&self, segment: &SegmentId) -> Option<u16> {
        self.segments.iter().position(|known| known == segment).and_then(|at| u16::try_from(at).ok())
    }

    /// Returns the hash of every file that holds wordings.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns `built-in`, or `edited` where a file was replaced.
    pub fn name(&self) -> &'static str {
        if self.built_in { BY_BUILT_IN } else { BY_EDITED }
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

    /// Returns every wording of a part that can be used for a case: the segment's own, then those with more
    /// conditions first.
    pub(crate) fn all(&self, locale: Locale, part: Part, case: Case) -> Vec<&Section> {
        let mut fitting: Vec<&Section> = self.shelf(locale, part).iter().filter(|section| section.fits(case)).collect();
        fitting.sort_by_key(|section| std::cmp::Reverse((section.segment.is_some(), section.conditions)));
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

    /// Returns a wording with its texts put in, or the error with its file and line.
    pub(crate) fn render(&self, section: &Section, texts: &Texts<'_>) -> Result<String, TemplateError> {
        section.put_together(texts).map_or_else(|| self.lay_out(section, Value::from(texts.groups().clone())), Ok)
    }

    /// Returns what the template engine makes of a section, or the error with its file and line.
    pub(crate) fn lay_out(&self, section: &Section, page: Value) -> Result<String, TemplateError> {
        let text = self.environment.get_template(&section.key).and_then(|template| template.render(page));
        text.map_err(|error| section.error(&error))
    }

    /// Reads the claims of every wording once, so that a review need not.
    fn learn_phrases(&mut self) {
        let mut phrases = Phrases::of_segments(self.segments.clone(), Phrases::id_of(&self.digest));
        // A wording for every language stands on a shelf of each.
        let mut learned = BTreeSet::new();
        for section in self.shelves.iter().flatten() {
            if section.locale.is_none() && !learned.insert(section.key.clone()) {
                continue;
            }
            let error = |(line, words)| section.problem(line, TemplateProblem::NeedsApproval(words));
            self.unapproved.extend(phrases.learn(section).into_iter().map(error));
        }
        phrases.house = std::mem::take(&mut self.phrases.house);
        self.phrases = phrases;
    }

    /// Returns the claims that a template cannot approve (superlatives, guarantees, urgency, gifts, refunds), except
    /// those that stand in a phrase the company approved.
    pub fn unapproved(&self, approved: &[&str]) -> Vec<TemplateError> {
        let known = |error: &&TemplateError| !matches!(&error.problem, TemplateProblem::NeedsApproval(words) if approved.iter().any(|phrase| phrase.contains(words.as_str())));
        self.unapproved.iter().filter(known).cloned().collect()
    }

    /// Returns every wording of a part in a language, in file order.
    fn shelf(&self, locale: Locale, part: Part) -> &[Section] {
        self.shelves.get(shelf_at(locale, part)).map_or(&[], Vec::as_slice)
    }

    /// Reads one file: its wordings, and the rules it may hold.
    fn read(&mut self, name: &str, text: &str, page: &Value, errors: &mut Vec<TemplateError>) {
        let voice = section::segment_of(name);
        let segment = voice.as_ref().and_then(|voice| self.segment(voice));
        let mut rules = Rules::default();
        for block in file::blocks(name, text, errors) {
            if (name == rules::BRAND || segment.is_some()) && rules::is_rule(&block) {
                rules::read(name, &block, &mut rules, errors);
            } else if name == rules::BRAND {
                let problem = rules::unknown(block.words().0);
                errors.push(TemplateError { file: name.to_owned(), line: block.line, problem });
            } else if let Some(section) = section::read(name, segment, &block, errors) {
                self.add(section, page, errors);
            }
        }
        match voice {
            Some(voice) => drop(self.phrases.house.segments.insert(voice, rules)),
            None if name == rules::BRAND => self.phrases.house.everyone = rules,
            None => {}
        }
    }

    /// Compiles a wording, tries it out and keeps it; one that cannot be used is kept for its words to be read.
    fn add(&mut self, mut section: Section, page: &Value, errors: &mut Vec<TemplateError>) {
        let before = errors.len();
        self.try_out(&mut section, page, errors);
        if section.refused || errors.len() > before {
            self.spoilt.push(section);
            return;
        }
        let locales = section.locale.map_or(Locale::ALL.to_vec(), |locale| vec![locale]);
        for locale in locales {
            if let Some(shelf) = self.shelves.get_mut(shelf_at(locale, section.part)) {
                shelf.push(section.clone());
            }
        }
    }

    fn try_out(&mut self, section: &mut Section, page: &Value, errors: &mut Vec<TemplateError>) {
        if section.refused {
            section.text = lint::without_tags(&section.text);
        }
        if let Err(error) = self.environment.add_template_owned(section.key.clone(), section.text.clone()) {
            errors.push(section.error(&error));
            return;
        }
        let Ok(template) = self.environment.get_template(&section.key) else { return };
        if let Err(found) = section.learn_names(&template.undeclared_variables(true)) {
            errors.extend(found);
        } else if let Some(error) = template.render(page).err().filter(|_| !section.refused) {
            errors.push(section.error(&error));
        }
    }

    /// Notes for each wording the segments that avoid what it says.
    fn pass_over_avoided(&mut self) {
        let house = &self.phrases.house;
        for (at, shelf) in self.shelves.iter_mut().enumerate() {
            let Some(locale) = Locale::ALL.get(at / Part::COUNT) else { continue };
            for section in shelf.iter_mut().filter(|section| section.segment.is_none()) {
                let spoken = lint::spoken(section);
                let avoids = |segment: &SegmentId| house.segments.get(segment).is_some_and(|own| !own.find(*locale, &spoken).is_empty());
                let avoiding = self.segments.iter().enumerate().filter(|(_, segment)| avoids(segment));
                section.avoided = avoiding.filter_map(|(at, _)| u16::try_from(at).ok()).collect();
            }
        }
    }
}

fn unknown_file(name: &str) -> TemplateError {
    let voice = name.strip_prefix("segments/").map(|file| file.strip_suffix(".jinja").unwrap_or(file));
    let problem = match voice.map(SegmentId::parse) {
        Some(Err(error)) => TemplateProblem::BadSegment(error.to_string()),
        _ => {
            let known = Templates::built_in_files().map(|(known, _)| known);
            TemplateProblem::UnknownFile { nearest: crate::spelling::nearest(name, known).map(str::to_owned) }
        }
    };
    TemplateError { file: name.to_owned(), line: 1, problem }
}

/// Returns the words of prompts in a language, from the company's own file or the built-in one.
fn prompt_words(files: &BTreeMap<String, String>, locale: Locale, errors: &mut Vec<TemplateError>) -> PromptWords {
    let name = format!("{locale}/{}", crate::prompt::FILE);
    let built_in = BUILT_IN_PROMPTS.into_iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
    PromptWords::read(&name, files.get(&name).map_or(built_in, String::as_str), errors)
}

/// Returns a page on which every name has a value, to try wordings out.
fn sample_page() -> Value {
    let mut texts = Texts::default();
    part::NAMES.iter().for_each(|name| texts.put(name, "x"));
    let mut page = texts.groups().clone();
    page.insert("part", Part::OF_EMAIL.iter().map(|part| (part.tag(), Value::from("x"))).collect::<Fields>().into());
    page.insert("lang", Value::from("en"));
    Value::from(page)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wording_put_together_is_what_the_engine_makes_of_it() {
        let templates = Templates::built_in().unwrap();
        let mut texts = Texts::default();
        part::NAMES.iter().for_each(|name| texts.put(name, format!("<{name}>")));
        let sections: Vec<&Section> = templates.shelves.iter().flatten().filter(|section| !section.part.is_layout()).collect();
        let differs = |section: &&&Section| {
            let made = templates.lay_out(section, Value::from(texts.groups().clone())).unwrap();
            section.put_together(&texts).is_some_and(|text| text != made)
        };
        assert_eq!(sections.iter().find(differs).map(|section| &section.key), None);
        let together = sections.iter().filter(|section| section.put_together(&texts).is_some()).count();
        assert!(together * 10 > sections.len() * 9, "{together} of {} are put together", sections.len());
        assert!(sections.iter().all(|section| section.put_together(&Texts::default()).is_none_or(|text| text == section.text)));
    }
}
