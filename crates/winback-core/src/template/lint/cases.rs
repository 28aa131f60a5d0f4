//! Every case that can happen, and those without a wording.
use crate::goal::{Goal, GoalInputs};
use crate::locale::Locale;
use crate::offer::OfferKind;
use crate::risk::ValueTier;
use crate::schema::Theme;
use crate::segment::SegmentId;
use crate::template::part::{ALWAYS, Part, WITH_OFFER};
use crate::template::{Case, TemplateError, TemplateProblem, Templates};
use std::collections::HashSet;

impl Templates {
    /// Returns an error for each part that has no usable wording in some case; the first such case is named.
    pub(super) fn uncovered(&self, broken: &HashSet<String>) -> Vec<TemplateError> {
        let cases: Vec<Case> = cases().collect();
        // A segment has wordings of its own besides the general ones, so only what it avoids can leave a gap.
        let avoiding = |at: &u16| self.shelves.iter().flatten().any(|section| section.avoided.contains(at));
        let segments = (0..self.segments.len()).filter_map(|at| u16::try_from(at).ok()).filter(avoiding).map(Some);
        let segments: Vec<Option<u16>> = [None].into_iter().chain(segments).collect();
        let needed = || Part::ALL.into_iter().filter(|part| !part.is_optional());
        let places = Locale::ALL.into_iter().flat_map(|locale| needed().map(move |part| (locale, part)));
        let places = places.filter(|(locale, part)| !broken.contains(&file_of(*locale, *part)));
        places.filter_map(|(locale, part)| segments.iter().find_map(|segment| self.first_gap(locale, part, *segment, &cases))).collect()
    }

    fn first_gap(&self, locale: Locale, part: Part, segment: Option<u16>, cases: &[Case]) -> Option<TemplateError> {
        let ids = if part.has_ids() { self.ids(locale, part).into_iter().map(Some).collect() } else { vec![None] };
        let least = if part == Part::Objection { crate::review::MIN_OBJECTIONS } else { 1 };
        let gap = |case: &Case| ids.iter().filter(|id| self.choose(locale, part, **id, *case).is_some()).count() < least;
        let case = cases.iter().map(|case| Case { segment, ..*case }).find(gap)?;
        let Some(avoiding) = segment.and_then(|at| self.segments.get(usize::from(at))) else {
            let problem = TemplateProblem::Uncovered { part: part.tag(), case: words(case) };
            return Some(TemplateError { file: file_of(locale, part), line: 1, problem });
        };
        let head = format!("{}.{} lang={locale}", part.file().trim_end_matches(".jinja"), part.tag());
        let (line, phrase) = self.first_phrase(locale, part, avoiding, case).unwrap_or_default();
        let problem = TemplateProblem::AllAvoided { phrase, head, case: words(case) };
        Some(TemplateError { file: format!("segments/{avoiding}.jinja"), line, problem })
    }

    /// Returns the first line of a segment's `[avoid]` because of which a wording for a case is passed over, with its
    /// phrase.
    fn first_phrase(&self, locale: Locale, part: Part, avoiding: &SegmentId, case: Case) -> Option<(usize, String)> {
        let own = self.phrases.house.segments.get(avoiding)?;
        // A wording is passed over for the segment alone, so those that fit nobody in particular are all there were.
        let general = self.shelf(locale, part).iter().filter(|section| section.fits(Case { segment: None, ..case }));
        let avoided = general.flat_map(|section| own.find(locale, &super::spoken(section)));
        avoided.filter_map(|offence| Some((own.line_of(locale, &offence.phrase)?, offence.phrase))).min()
    }
}

fn file_of(locale: Locale, part: Part) -> String {
    if part == Part::Html { part.file().to_owned() } else { format!("{locale}/{}", part.file()) }
}

fn words(case: Case) -> String {
    let kind = case.kind.map_or("none", OfferKind::tag);
    format!(
        "goal={} kind={kind} theme={} tier={}",
        case.goal,
        case.theme.map_or("none", Theme::tag),
        case.tier.map_or("unknown", ValueTier::tag)
    )
}

/// Returns every case, with only what is known of every customer.
pub(super) fn cases() -> impl Iterator<Item = Case> {
    let themes = || Theme::ALL.into_iter().map(Some).chain([None]);
    let tiers = || [Some(ValueTier::Low), Some(ValueTier::Mid), Some(ValueTier::High), None].into_iter();
    let tiers_of = move |goal, kind: Option<OfferKind>, theme| {
        tiers().map(move |tier| {
            let has = if kind.is_some() { ALWAYS | WITH_OFFER } else { ALWAYS };
            Case { goal, segment: None, kind, theme, tier, has, seed: 0 }
        })
    };
    let kinds = || OfferKind::ALL.into_iter().map(Some).chain([None]);
    let goals = Goal::ALL.into_iter();
    goals.flat_map(move |goal| {
        kinds().flat_map(move |kind| {
            let possible = move |theme: &Option<Theme>| goal.check(GoalInputs { kind, theme: *theme, days_inactive: None }).is_ok();
            themes().filter(possible).flat_map(move |theme| tiers_of(goal, kind, theme))
        })
    })
}
