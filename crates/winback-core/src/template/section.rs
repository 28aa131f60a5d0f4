//! One section of a template file: for which cases it is, and what it uses.
use super::{Case, MAX_FILE_BYTES, TemplateError, TemplateProblem};
use crate::goal::Goal;
use crate::locale::Locale;
use crate::offer::OfferKind;
use crate::risk::ValueTier;
use crate::schema::Theme;
use crate::script::{CallStep, Next};
use crate::segment::SegmentId;
use std::collections::HashSet;

/// What a section is a wording of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Subject,
    Preheader,
    Greeting,
    Opening,
    Offer,
    Saving,
    Action,
    Until,
    Button,
    Thanks,
    Signature,
    Why,
    Refuse,
    RefuseLabel,
    Text,
    Html,
    Sms,
    CallOpening,
    CallReason,
    CallOffer,
    Objection,
    Forbidden,
    CallClose,
    Outcome,
}

impl Part {
    pub(crate) const COUNT: usize = Self::ALL.len();
    /// Every part in the order of the enum.
    pub(crate) const ALL: [Part; 24] = [
        Part::Subject,
        Part::Preheader,
        Part::Greeting,
        Part::Opening,
        Part::Offer,
        Part::Saving,
        Part::Action,
        Part::Until,
        Part::Button,
        Part::Thanks,
        Part::Signature,
        Part::Why,
        Part::Refuse,
        Part::RefuseLabel,
        Part::Text,
        Part::Html,
        Part::Sms,
        Part::CallOpening,
        Part::CallReason,
        Part::CallOffer,
        Part::Objection,
        Part::Forbidden,
        Part::CallClose,
        Part::Outcome,
    ];
    /// The parts a mail is put together from before its layout.
    pub(crate) const OF_EMAIL: [Part; 14] = [
        Part::Subject,
        Part::Preheader,
        Part::Greeting,
        Part::Opening,
        Part::Offer,
        Part::Saving,
        Part::Action,
        Part::Until,
        Part::Button,
        Part::Thanks,
        Part::Signature,
        Part::Why,
        Part::Refuse,
        Part::RefuseLabel,
    ];

    /// Returns the name of the section.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Part::Subject => "subject",
            Part::Preheader => "preheader",
            Part::Greeting => "greeting",
            Part::Opening | Part::CallOpening => "opening",
            Part::Offer | Part::CallOffer => "offer",
            Part::Saving => "saving",
            Part::Action => "action",
            Part::Until => "until",
            Part::Button => "button",
            Part::Thanks => "thanks",
            Part::Signature => "signature",
            Part::Why => "why",
            Part::Refuse => "refuse",
            Part::RefuseLabel => "refuse_label",
            Part::Text => "text",
            Part::Html => "html",
            Part::Sms => "sms",
            Part::CallReason => "reason",
            Part::Objection => "objection",
            Part::Forbidden => "forbidden",
            Part::CallClose => "close",
            Part::Outcome => "outcome",
        }
    }

    /// Returns the file the part stands in.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Part::Html => "email.html.jinja",
            Part::Sms => "sms.jinja",
            Part::CallOpening
            | Part::CallReason
            | Part::CallOffer
            | Part::Objection
            | Part::Forbidden
            | Part::CallClose
            | Part::Outcome => "call.jinja",
            _ => "email.jinja",
        }
    }

    /// Returns whether a layout of parts, which may ask for things that are missing.
    pub(crate) fn is_layout(self) -> bool {
        matches!(self, Part::Text | Part::Html)
    }

    /// Returns whether a text can do without the part.
    pub(crate) fn is_optional(self) -> bool {
        matches!(self, Part::Saving | Part::Until)
    }

    /// Returns whether there are several of the part, each with an id.
    pub(crate) fn has_ids(self) -> bool {
        matches!(self, Part::Objection | Part::Forbidden | Part::Outcome)
    }
}

/// The names a wording may use; a fact's place is its bit.
pub(crate) const NAMES: [&str; 18] = [
    "company.name",
    "company.short_name",
    "company.address",
    "company.phone",
    "company.team",
    "offer.name",
    "offer.promise",
    "offer.percent",
    "offer.months",
    "offer.saving",
    "offer.until",
    "charge.monthly",
    "slot.first_name",
    "slot.unsubscribe_url",
    "slot.agent_name",
    "company.tel",
    "customer.days_inactive",
    "customer.favourites",
];
/// The names every brief has: the company's.
pub(crate) const ALWAYS: u32 = 0b1000_0000_0001_1111 | 1 << 14;
/// The names every brief with an offer has besides.
pub(crate) const WITH_OFFER: u32 = 0b110_0000;

/// Returns the bit of a name, or 0 for an unknown one.
pub(crate) fn bit(name: &str) -> u32 {
    NAMES.iter().position(|known| *known == name).map_or(0, |at| 1 << at)
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
    /// For an objection: the steps after which it may come; all where none is said.
    pub after: Vec<CallStep>,
    /// For an objection: where the call goes afterwards.
    pub then: Option<Next>,
    goals: u32,
    kinds: u32,
    themes: u32,
    tiers: u32,
    /// How many conditions it has.
    pub conditions: u32,
    needs: u32,
    /// The name under which it is compiled.
    pub key: String,
    pub text: String,
    /// Whether there is nothing to put in, so that the text is the wording.
    pub is_plain: bool,
    pub file: String,
    /// The line on which the text begins.
    pub line: usize,
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
    }

    /// Returns how closely it fits: a segment's own voice first, then by conditions, then by how much it uses of
    /// what may be missing.
    pub(crate) fn rank(&self) -> (bool, u32, u32) {
        (self.segment.is_some(), self.conditions, (self.needs & !(ALWAYS | WITH_OFFER)).count_ones())
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
        Err(unknown
            .into_iter()
            .map(|name| self.problem(line_of(name), TemplateProblem::UnknownName(name.clone(), NAMES.join(", "))))
            .collect())
    }

    fn problem(&self, line: usize, problem: TemplateProblem) -> TemplateError {
        TemplateError { file: self.file.clone(), line, problem }
    }

    /// Returns the wording if it can be read, with its conditions and tags checked.
    fn close(mut self, found: &mut Vec<Section>, errors: &mut Vec<TemplateError>) {
        if self.text.replace("{##}", "").trim().is_empty() {
            errors.push(self.problem(self.line.saturating_sub(1), TemplateProblem::Empty));
            return;
        }
        self.line += self.text.lines().take_while(|line| line.trim().is_empty()).count();
        self.text = self.text.trim().to_owned();
        self.is_plain = !["{{", "{%", "{#"].iter().any(|mark| self.text.contains(mark));
        if self.part == Part::Objection && self.then.is_none() {
            errors.push(self.problem(self.line, TemplateProblem::NoThen));
            return;
        }
        if self.part.has_ids() && self.id.is_none() {
            errors.push(self.problem(self.line, TemplateProblem::NoId(self.part.tag())));
            return;
        }
        self.key = format!("{}:{}", self.file, self.line);
        let refused: Vec<TemplateError> = self
            .text
            .lines()
            .enumerate()
            .flat_map(|(at, line)| refused_tags(line).map(move |tag| (at, tag)))
            .map(|(at, tag)| self.problem(self.line + at, TemplateProblem::TagNotAllowed(tag.to_owned())))
            .collect();
        if refused.is_empty() {
            found.push(self);
        }
        errors.extend(refused);
    }
}

fn is_part(name: &str) -> bool {
    name.strip_prefix("part.").is_some_and(|tag| Part::OF_EMAIL.iter().any(|part| part.tag() == tag))
}

fn refused_tags(line: &str) -> impl Iterator<Item = &str> {
    line.split("{%").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches(['-', '+']).trim_start();
        let tag = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        (!["if", "elif", "else", "endif", "set"].contains(&tag)).then_some(tag)
    })
}

/// Returns the place of a tier among low, mid and high.
fn tier_at(tier: ValueTier) -> u32 {
    tier as u32
}

/// Returns the sections of a file, or everything wrong with it.
pub(super) fn read(file: &str, segment: Option<u16>, text: &str) -> Result<Vec<Section>, Vec<TemplateError>> {
    let error = |line, problem| TemplateError { file: file.to_owned(), line, problem };
    if text.len() > MAX_FILE_BYTES {
        return Err(vec![error(1, TemplateProblem::TooLarge(text.len()))]);
    }
    let (mut found, mut errors, mut open) = (Vec::new(), Vec::new(), None::<Section>);
    let mut skipping = false;
    for (number, line) in text.strip_prefix('\u{FEFF}').unwrap_or(text).lines().enumerate().map(|(at, line)| (at + 1, line)) {
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.trim_end().strip_suffix(']')) {
            if let Some(section) = open.take() {
                section.close(&mut found, &mut errors);
            }
            let section = head_of(file, segment, head, number + 1);
            skipping = section.is_err();
            open = section.map_err(|problem| errors.push(error(number, problem))).ok();
        } else if let Some(section) = &mut open {
            // A note leaves an empty template comment, so that line numbers stay those of the file.
            section.text.push_str(if line.starts_with('#') { "{##}" } else { line });
            section.text.push('\n');
        } else if !skipping && !line.trim().is_empty() && !line.starts_with('#') {
            errors.push(error(number, TemplateProblem::NoSection));
        }
    }
    if let Some(section) = open {
        section.close(&mut found, &mut errors);
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

/// Returns the segment whose voice a file holds: `segments/Dormant.jinja`.
pub(super) fn segment_of(file: &str) -> Option<SegmentId> {
    SegmentId::parse(file.strip_prefix("segments/")?.strip_suffix(".jinja")?).ok()
}

fn head_of(file: &str, segment: Option<u16>, head: &str, line: usize) -> Result<Section, TemplateProblem> {
    let (folder, mut base) = file.rsplit_once('/').map_or(("", file.to_owned()), |(folder, base)| (folder, base.to_owned()));
    let mut words = head.split_whitespace();
    let mut name = words.next().unwrap_or_default();
    let mut locale = Locale::from_tag(folder);
    if segment.is_some() {
        let language = words.clone().find_map(|word| word.strip_prefix("lang=")).and_then(Locale::from_tag);
        let (of, part) = name.split_once('.').filter(|_| language.is_some()).ok_or(TemplateProblem::NoLanguage)?;
        (base, name, locale) = (format!("{of}.jinja"), part, language);
    }
    let here = || Part::ALL.into_iter().filter(|part| part.file() == base && !(segment.is_some() && part.is_layout()));
    let part = here().find(|part| part.tag() == name).ok_or_else(|| TemplateProblem::UnknownSection {
        name: name.to_owned(),
        known: here().map(Part::tag).collect::<Vec<_>>().join(", "),
    })?;
    let mut section = Section {
        part,
        locale,
        id: None,
        segment,
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
        is_plain: false,
        file: file.to_owned(),
        line,
    };
    words.try_for_each(|word| condition(&mut section, word).ok_or_else(|| TemplateProblem::UnknownCondition(word.to_owned())))?;
    Ok(section)
}

fn condition(section: &mut Section, word: &str) -> Option<()> {
    let (key, values) = word.split_once('=')?;
    let mask = |at: fn(&str) -> Option<u32>| values.split(',').try_fold(0, |mask, value| Some(mask | 1 << at(value)?));
    match key {
        "id" if section.part.has_ids() => {
            section.id = Some(values.to_owned());
            return Some(());
        }
        "lang" if section.segment.is_some() => return Some(()),
        "after" if section.part == Part::Objection => {
            section.after = values.split(',').map(CallStep::from_tag).collect::<Option<_>>()?;
            return Some(());
        }
        "then" if section.part == Part::Objection => {
            section.then = Some(Next::of(values));
            return Some(());
        }
        "goal" => section.goals = mask(goal_of)?,
        "kind" => section.kinds = mask(kind_of)?,
        "theme" => section.themes = mask(theme_of)?,
        "tier" => section.tiers = mask(tier_of)?,
        _ => return None,
    }
    section.conditions += 1;
    Some(())
}

fn kind_of(word: &str) -> Option<u32> {
    Some(match word {
        "discount" => OfferKind::Discount as u32,
        "upgrade" => OfferKind::Upgrade as u32,
        "plan_change" => OfferKind::PlanChange as u32,
        "free_trial" => OfferKind::FreeTrial as u32,
        "service" => OfferKind::Service as u32,
        "none" => 5,
        _ => return None,
    })
}

fn goal_of(word: &str) -> Option<u32> {
    Goal::parse(word).ok().map(|goal| goal as u32)
}

fn theme_of(word: &str) -> Option<u32> {
    if word == "none" {
        return Some(8);
    }
    Theme::ALL.into_iter().find(|theme| theme.tag() == word).map(|theme| theme as u32)
}

fn tier_of(word: &str) -> Option<u32> {
    Some(match word {
        "low" => tier_at(ValueTier::Low),
        "mid" => tier_at(ValueTier::Mid),
        "high" => tier_at(ValueTier::High),
        "unknown" => 3,
        _ => return None,
    })
}
