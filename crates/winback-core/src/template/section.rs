//! One section of a template file: for which cases it is, and what it uses.
use super::file::{Block, NOTE};
use super::part::{ALWAYS, NAMES, Part, WITH_OFFER, bit, is_part};
use super::texts::{Texts, place_of};
use super::{Case, TemplateError, TemplateProblem, head};
use crate::locale::Locale;
use crate::risk::ValueTier;
use crate::script::{CallStep, Next};
use crate::segment::SegmentId;
use crate::spelling::nearest;
use std::collections::HashSet;
use std::ops::Range;

/// The tags a wording may have; a layout may also give names to its styles.
const TAGS: [&str; 5] = ["if", "elif", "else", "endif", "set"];

/// The most conditions of one wording, whose forms are all learned: two to the fifth at most.
pub(super) const MOST_CONDITIONS: usize = 5;

/// A piece of a wording.
#[derive(Clone, Debug)]
enum Piece {
    /// Words as they stand in the text.
    Words(Range<usize>),
    /// What a name stands for, by its place.
    Name(usize),
}

/// One wording.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub part: Part,
    /// `None` for a file that serves every language.
    pub locale: Option<Locale>,
    pub id: Option<String>,
    /// The segment whose voice it is, by its place among the templates' segments; `None` for everyone.
    pub segment: Option<u16>,
    /// The segments for which it is passed over, because it says what they avoid.
    pub avoided: Vec<u16>,
    /// For an objection: the steps after which it may come; all where none is said.
    pub after: Vec<CallStep>,
    /// For an objection: where the call goes afterwards.
    pub then: Option<Next>,
    pub(super) goals: u32,
    pub(super) kinds: u32,
    pub(super) themes: u32,
    pub(super) tiers: u32,
    /// How many conditions it has.
    pub conditions: u32,
    pub(super) needs: u32,
    /// The name under which it is compiled.
    pub key: String,
    pub text: String,
    /// The text in pieces; `None` where it has conditions or filters, which are left to the template engine.
    pieces: Option<Vec<Piece>>,
    /// Whether it has a tag that is not allowed, so that only its names are still looked at.
    pub(super) refused: bool,
    pub file: String,
    /// The line on which the text begins.
    pub line: usize,
    /// The line between the brackets, and where it stands.
    head: (String, usize),
}

impl Section {
    /// Returns whether the wording is for a case and everything it uses is there.
    pub(crate) fn fits(&self, case: Case) -> bool {
        let kind = 1 << case.kind.map_or(5, |kind| kind as u32);
        let theme = 1 << case.theme.map_or(8, |theme| theme as u32);
        let tier = 1 << case.tier.map_or(3, tier_at);
        let segment = self.segment.is_none() || self.segment == case.segment;
        segment
            && self.goals & (1 << case.goal as u32) != 0
            && self.kinds & kind != 0
            && self.themes & theme != 0
            && self.tiers & tier != 0
            && self.needs & !case.has == 0
            && (self.avoided.is_empty() || case.segment.is_none_or(|segment| !self.avoided.contains(&segment)))
    }

    /// Returns how closely it fits: a segment's own voice first, then by conditions, then by how much it uses of
    /// what may be missing.
    pub(crate) fn rank(&self) -> (bool, u32, u32) {
        (self.segment.is_some(), self.conditions, (self.needs & !(ALWAYS | WITH_OFFER)).count_ones())
    }

    /// Returns whether two sections are wordings of the same part in the same language for the same cases.
    pub(super) fn same_head(&self, other: &Self) -> bool {
        let of = |section: &Self| (section.part, section.locale, section.segment, section.goals, section.kinds);
        of(self) == of(other) && (self.themes, self.tiers, &self.id) == (other.themes, other.tiers, &other.id)
    }

    /// Returns the wording with its texts put in, where it has neither conditions nor filters and every text is there.
    pub(super) fn put_together(&self, texts: &Texts<'_>) -> Option<String> {
        let mut wording = String::with_capacity(self.text.len() + 64);
        for piece in self.pieces.as_ref()? {
            wording.push_str(match piece {
                Piece::Words(words) => self.text.get(words.clone())?,
                Piece::Name(at) => texts.text(*at)?,
            });
        }
        Some(wording)
    }

    /// Returns the line of its head.
    pub(super) fn head_line(&self) -> usize {
        self.head.1
    }

    /// Returns for whom it is and what it uses, for people.
    pub(super) fn conditions_told(&self) -> String {
        let conditions = self.head.0.split_whitespace().skip(1).filter(|word| !word.starts_with("lang="));
        let used = NAMES.iter().enumerate().filter(|(at, _)| self.needs & !(ALWAYS) & (1 << at) != 0).map(|(_, name)| *name);
        conditions.chain(used).collect::<Vec<_>>().join(" with ")
    }

    /// Returns an error of the template engine with the line of the file.
    pub(crate) fn error(&self, error: &minijinja::Error) -> TemplateError {
        let line = self.line + error.line().unwrap_or(1).saturating_sub(1);
        self.problem(line, TemplateProblem::Syntax(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)))
    }

    /// Notes which names the wording uses, or names the unknown ones with their lines.
    pub(crate) fn learn_names(&mut self, used: &HashSet<String>) -> Result<(), Vec<TemplateError>> {
        let part_of_email = |name: &str| self.part.is_layout() && (name == "lang" || is_part(name));
        let mut unknown: Vec<&String> = used.iter().filter(|name| bit(name) == 0 && !part_of_email(name)).collect();
        unknown.sort();
        if unknown.is_empty() {
            self.needs = if self.part.is_layout() { 0 } else { used.iter().fold(0, |needs, name| needs | bit(name)) };
            return Ok(());
        }
        let line_of = |name: &str| self.text.lines().position(|line| line.contains(name)).unwrap_or(0) + self.line;
        Err(unknown.into_iter().map(|name| self.problem(line_of(name), self.unknown_name(name))).collect())
    }

    fn unknown_name(&self, name: &str) -> TemplateProblem {
        let parts: Vec<String> =
            Part::OF_EMAIL.iter().filter(|_| self.part.is_layout()).map(|part| format!("part.{}", part.tag())).collect();
        let known = || NAMES.into_iter().chain(parts.iter().map(String::as_str));
        // A name without its group is the likeliest slip of all: {{ first_name }}.
        let grouped = known().find(|known| known.split_once('.').is_some_and(|(_, field)| field == name));
        let hint = match grouped.or_else(|| nearest(name, known())) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("use one of {}", known().collect::<Vec<_>>().join(", ")),
        };
        TemplateProblem::UnknownName(name.to_owned(), hint)
    }

    pub(super) fn problem(&self, line: usize, problem: TemplateProblem) -> TemplateError {
        TemplateError { file: self.file.clone(), line, problem }
    }

    /// Takes the text of a block as the wording, or says what is wrong with it.
    fn take(mut self, block: &Block<'_>, errors: &mut Vec<TemplateError>) -> Option<Self> {
        let before = errors.len();
        let head = |problem| TemplateError { file: self.file.clone(), line: block.line, problem };
        let (skipped, text) = without_notes(&block.text);
        if text.is_empty() {
            errors.push(head(TemplateProblem::Empty));
        }
        if self.part == Part::Objection && self.then.is_none() {
            errors.push(head(TemplateProblem::NoThen));
        }
        if self.part.has_ids() && self.id.is_none() {
            errors.push(head(TemplateProblem::NoId(self.part.tag())));
        }
        self.line += skipped;
        self.text = text;
        self.pieces = pieces(&self.text);
        self.key = format!("{}:{}", self.file, self.line);
        let whole = errors.len() == before;
        let tags = self.text.lines().enumerate().flat_map(|(at, line)| refused_tags(line, self.part.is_layout()).map(move |tag| (at, tag)));
        errors.extend(tags.map(|(at, tag)| self.problem(self.line + at, TemplateProblem::TagNotAllowed(tag.to_owned()))));
        let conditions = self.text.split("{%").skip(1).filter(|rest| first_word(rest) == "if" || first_word(rest) == "elif").count();
        if conditions > MOST_CONDITIONS {
            errors.push(self.problem(self.line, TemplateProblem::TooManyConditions(conditions)));
        }
        let odd = self.text.lines().enumerate().flat_map(|(at, line)| no_names(line).map(move |put_in| (at, put_in)));
        errors.extend(odd.map(|(at, put_in)| self.problem(self.line + at, TemplateProblem::NoName(put_in.to_owned()))));
        self.refused = whole && errors.len() > before;
        whole.then_some(self)
    }
}

/// Returns a text in words and names; `None` where it has anything else.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    while let Some(at) = text[start..].find('{').map(|at| start + at) {
        let name = text[at..].strip_prefix("{{")?.split_once("}}")?.0;
        pieces.extend([Piece::Words(start..at), Piece::Name(place_of(name.trim())?)]);
        start = at + name.len() + 4;
    }
    pieces.push(Piece::Words(start..text.len()));
    Some(pieces)
}

/// Returns how many lines stand before a wording, and the wording without the notes around it. A note inside it
/// becomes a comment that takes its line break with it, so that no line of the text is lost or added and those of
/// an error stay the lines of the file.
fn without_notes(block: &str) -> (usize, String) {
    let nothing = |line: &&str| line.trim().is_empty() || *line == NOTE;
    let lines: Vec<&str> = block.lines().collect();
    let skipped = lines.iter().take_while(|line| nothing(line)).count();
    let after = lines.iter().rev().take_while(|line| nothing(line)).count();
    let (mut text, mut gap, mut noted) = (String::with_capacity(block.len()), false, false);
    for line in lines.get(skipped..lines.len().saturating_sub(after)).unwrap_or_default() {
        let blank = line.trim().is_empty();
        // Of the blank lines around a note one is left, as without it.
        if *line == NOTE || (blank && gap && noted) {
            text.push_str("{#\n#}");
            noted = true;
        } else {
            text.push_str(line);
            text.push('\n');
            (gap, noted) = (blank, false);
        }
    }
    (skipped, text.trim().to_owned())
}

/// Returns what a line puts in that is neither a name nor a name with a filter. Only names are looked at before they
/// are sent: the words of a literal would be nobody's.
fn no_names(line: &str) -> impl Iterator<Item = &str> {
    let between = move |open: &'static str, close: &'static str| {
        line.split(open)
            .skip(1)
            .filter_map(move |rest: &str| rest.split_once(close).map(|(inside, _)| inside.trim_matches(['-', '+', ' '])))
    };
    let named = |put_in: &&str| put_in.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '|' | ' '));
    // A brace in the words of a condition would hide what stands behind it.
    let braced = |condition: &&str| condition.contains(['{', '}', '#']);
    between("{{", "}}").filter(move |put_in| !named(put_in)).chain(between("{%", "%}").filter(braced))
}

fn first_word(rest: &str) -> &str {
    let rest = rest.trim_start_matches(['-', '+']).trim_start();
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn refused_tags(line: &str, layout: bool) -> impl Iterator<Item = &str> {
    line.split("{%").skip(1).filter_map(move |rest| {
        let tag = first_word(rest);
        (!TAGS.contains(&tag) || (tag == "set" && !layout)).then_some(tag)
    })
}

/// Returns the place of a tier among low, mid and high.
pub(super) fn tier_at(tier: ValueTier) -> u32 {
    tier as u32
}

/// Returns the wording of a block, if it can be read.
pub(super) fn read(file: &str, segment: Option<u16>, block: &Block<'_>, errors: &mut Vec<TemplateError>) -> Option<Section> {
    let error = |problem| TemplateError { file: file.to_owned(), line: block.line, problem };
    let (name, words) = block.words();
    let words: Vec<&str> = words.collect();
    let (part, locale) = head::part_of(file, name, segment.is_some(), words.iter()).map_err(|problem| errors.push(error(problem))).ok()?;
    let mut section = Section {
        part,
        locale,
        id: None,
        segment,
        avoided: Vec::new(),
        after: Vec::new(),
        then: None,
        goals: u32::MAX,
        kinds: u32::MAX,
        themes: u32::MAX,
        tiers: u32::MAX,
        conditions: 0,
        needs: 0,
        key: String::new(),
        text: String::new(),
        pieces: None,
        refused: false,
        file: file.to_owned(),
        line: block.line + 1,
        head: (block.head.to_owned(), block.line),
    };
    let before = errors.len();
    let mut seen = HashSet::new();
    for word in words {
        let key = word.split('=').next().unwrap_or(word);
        if !seen.insert(key) {
            errors.push(error(TemplateProblem::Repeated(key.to_owned())));
        }
        if let Err(problem) = head::condition(&mut section, word) {
            errors.push(error(problem));
        }
    }
    if errors.len() == before { section.take(block, errors) } else { None }
}

/// Returns the segment whose voice a file holds: `segments/Dormant.jinja`.
pub(super) fn segment_of(file: &str) -> Option<SegmentId> {
    SegmentId::parse(file.strip_prefix("segments/")?.strip_suffix(".jinja")?).ok()
}

#[cfg(test)]
mod tests {
    use super::without_notes;

    #[test]
    fn a_note_leaves_no_line_in_the_text() {
        let check = |block: &str, skipped: usize, text: &str| {
            let (lines, wording) = without_notes(block);
            let rendered = minijinja::Environment::empty().render_str(&wording, ()).unwrap();
            assert_eq!((lines, rendered.trim_end()), (skipped, text), "{block:?}");
        };
        check("one\n", 0, "one");
        check("{##}\none\n{##}\n\n", 1, "one");
        check("\n{##}\n\none\ntwo\n", 3, "one\ntwo");
        check("one\n{##}\n{##}\ntwo\n", 0, "one\ntwo");
        check("one\n\n{##}\n\ntwo\n", 0, "one\n\ntwo");
        check("one\n\n{##}\ntwo\n", 0, "one\n\ntwo");
        check("{##}\n\n", 2, "");
        assert_eq!(without_notes("one\n{##}\n").1, "one", "a wording with a note after it stays plain");
    }

    #[test]
    fn the_lines_after_a_note_keep_their_numbers() {
        let (_, wording) = without_notes("one\n{##}\n{##}\n\ntwo {{ broken }\n");
        let error = minijinja::Environment::empty().render_str(&wording, ()).unwrap_err();
        assert_eq!(error.line(), Some(5));
    }
}
