//! The words of a prompt in one language: a file `LANGUAGE/prompt.jinja` that a company can replace.
use super::hole::{Gap, gaps, put};
use super::role;
use crate::digest::Digest;
use crate::segment::SegmentId;
use crate::spelling::nearest;
use crate::template::{Block, NOTE, TemplateError, TemplateProblem as Problem, blocks};
use std::collections::BTreeMap;

/// The name of the file below a language's folder.
pub const FILE: &str = "prompt.jinja";
/// The most characters of a section.
pub const LONGEST_SECTION: usize = 2_000;
/// The most characters of the role line.
pub const LONGEST_ROLE: usize = 600;

/// A section that every file has.
struct Known {
    name: &'static str,
    /// The names it must put in.
    needs: &'static [&'static str],
    /// The names it may put in besides.
    may: &'static [&'static str],
}

const fn plain(name: &'static str) -> Known {
    Known { name, needs: &[], may: &[] }
}

const fn putting(name: &'static str, needs: &'static [&'static str], may: &'static [&'static str]) -> Known {
    Known { name, needs, may }
}

/// Every section that a file must have.
const SECTIONS: [Known; 36] = [
    putting("role", &["company.name"], &["company.team"]),
    plain("never_heading"),
    plain("never"),
    plain("no_deadline"),
    plain("goal.activation"),
    plain("goal.recall"),
    plain("goal.push"),
    putting("offer.discount", &["offer.name"], &[]),
    putting("offer.upgrade", &["offer.name"], &[]),
    putting("offer.plan_change", &["offer.name"], &[]),
    putting("offer.free_trial", &["offer.name"], &[]),
    putting("offer.service", &["offer.name"], &[]),
    plain("no_offer"),
    putting("topic", &["theme"], &[]),
    plain("no_topic"),
    putting("segment", &["segment"], &[]),
    putting("own_segment", &["segment"], &[]),
    plain("tone.high"),
    plain("tone.mid"),
    plain("tone.low"),
    plain("tone.unknown"),
    plain("facts"),
    putting("facts.email", &[], &["marker"]),
    plain("data"),
    putting("about", &["label", "value"], &[]),
    plain("slots"),
    plain("slot.first_name"),
    plain("slot.agent_name"),
    plain("slot.offer.promise"),
    plain("slot.offer.saving"),
    plain("slot.charge.monthly"),
    plain("no_name"),
    putting("email", &[], &["limit.subject", "limit.subject_half"]),
    putting("sms", &["limit.sms"], &[]),
    putting("call", &["limit.objections"], &[]),
    plain("first_contact"),
];
/// A column told in words of its own.
const ABOUT: Known = putting("about.COLUMN", &["value"], &["label"]);
/// What a segment's reader is.
const SEGMENT: Known = plain("segment.NAME");

/// The words of a prompt in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptWords {
    sections: BTreeMap<String, String>,
    digest: Digest,
}

impl PromptWords {
    /// Returns the words of a file, and adds whatever is wrong with it to the errors. What is wrong is left out.
    pub(crate) fn read(file: &str, text: &str, errors: &mut Vec<TemplateError>) -> Self {
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sections = BTreeMap::new();
        let before = errors.len();
        let blocks = blocks(file, text, errors);
        for block in &blocks {
            let mut error = |line, problem| errors.push(TemplateError { file: file.to_owned(), line, problem });
            match lines.get(block.head) {
                Some(first) => error(block.line, Problem::Duplicate(*first)),
                None => match section(block, &mut error) {
                    Some(words) => drop(sections.insert(block.head.trim().to_owned(), words)),
                    None => continue,
                },
            }
            lines.entry(block.head).or_insert(block.line);
        }
        // A file that cannot be read at all lacks nothing in particular.
        let lacking = SECTIONS.iter().filter(|known| !blocks.iter().any(|block| block.head.trim() == known.name));
        let unread = blocks.is_empty() && errors.len() > before;
        let lacking = lacking.filter(|_| !unread).map(|known| Problem::LacksSection(known.name));
        errors.extend(lacking.map(|problem| TemplateError { file: file.to_owned(), line: 1, problem }));
        Self { sections, digest: Digest::of_parts([file.as_bytes(), text.as_bytes()]) }
    }

    /// Returns the hash of the file.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns the words of a section; nothing where the file has none.
    pub(super) fn get(&self, section: &str) -> &str {
        self.sections.get(section).map_or("", String::as_str)
    }

    /// Returns the words of a section that the file may lack.
    pub(super) fn find(&self, section: &str) -> Option<&str> {
        self.sections.get(section).map(String::as_str)
    }

    /// Returns the words of a section with what its names stand for.
    pub(super) fn with(&self, section: &str, values: &[(&str, &str)]) -> String {
        put(self.get(section), values)
    }
}

/// Returns the words of a block, or tells what is wrong with them.
fn section(block: &Block<'_>, error: &mut impl FnMut(usize, Problem)) -> Option<String> {
    let known = match known(block.head.trim()) {
        Ok(known) => known,
        Err(problem) => {
            error(block.line, problem);
            return None;
        }
    };
    let lines: Vec<(usize, &str)> = block.text.lines().enumerate().map(|(at, line)| (block.line + 1 + at, line)).collect();
    let words: Vec<(usize, &str)> = lines.iter().copied().filter(|(_, line)| !line.trim().is_empty() && *line != NOTE).collect();
    let (Some((first, _)), Some((last, _))) = (words.first(), words.last()) else {
        error(block.line, Problem::Empty);
        return None;
    };
    let inside = lines.iter().filter(|(line, text)| (first..=last).contains(&line) && *text != NOTE);
    let text = inside.map(|(_, text)| *text).collect::<Vec<_>>().join("\n").trim().to_owned();
    let mut faults = 0;
    let mut told = |line, problem| {
        faults += 1;
        error(line, problem);
    };
    let most = if known.name == "role" { LONGEST_ROLE } else { LONGEST_SECTION };
    let characters = text.chars().count();
    if characters > most {
        told(*first, Problem::TooLong { section: known.name, characters, most });
    }
    if known.name == "role" {
        role::faults(&words).into_iter().for_each(|(line, problem)| told(line, problem));
    }
    role::orders(known.name, &words).into_iter().for_each(|(line, problem)| told(line, problem));
    let mut put_in: Vec<&str> = Vec::new();
    for (line, gap) in words.iter().flat_map(|(line, text)| gaps(text).map(|gap| (*line, gap))) {
        match gap {
            Gap::Name(name) if known.needs.contains(&name) || known.may.contains(&name) => put_in.push(name),
            // The role's own fault is told above.
            Gap::Name(name) if known.name == "role" && role::is_slot(name) => {}
            Gap::Name(name) => told(line, unknown(name, known)),
            Gap::Tag(tag) => told(line, Problem::TagNotAllowed(tag.to_owned())),
            Gap::NoName(words) => told(line, Problem::NoName(words.to_owned())),
        }
    }
    let lacking = known.needs.iter().filter(|name| !put_in.contains(name));
    lacking.for_each(|name| told(*first, Problem::LacksName { section: known.name, name }));
    (faults == 0).then_some(text)
}

/// Returns what is known of a section by its name.
fn known(name: &str) -> Result<&'static Known, Problem> {
    if let Some(known) = SECTIONS.iter().find(|known| known.name == name) {
        return Ok(known);
    }
    match (name.strip_prefix("segment."), name.strip_prefix("about.")) {
        (Some(segment), _) => SegmentId::parse(segment).map(|_| &SEGMENT).map_err(|error| Problem::BadSegmentSection(error.to_string())),
        (_, Some(column)) if !column.trim().is_empty() => Ok(&ABOUT),
        _ => {
            let names = || SECTIONS.iter().map(|known| known.name);
            let known = names().chain([SEGMENT.name, ABOUT.name]).collect::<Vec<_>>().join(", ");
            Err(Problem::UnknownSection { name: name.to_owned(), known, nearest: nearest(name, names()).map(str::to_owned) })
        }
    }
}

fn unknown(name: &str, known: &Known) -> Problem {
    let names = || known.needs.iter().chain(known.may).copied();
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean {near}?"),
        None if names().next().is_none() => format!("[{}] puts nothing in; write words alone", known.name),
        None => format!("[{}] can put in {}", known.name, names().collect::<Vec<_>>().join(", ")),
    };
    Problem::UnknownName(name.to_owned(), hint)
}
