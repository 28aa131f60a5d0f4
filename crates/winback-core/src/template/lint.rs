//! Whether there is a wording for every case that can happen.
use super::section::{ALWAYS, Part, WITH_OFFER};
use super::{Case, TemplateError, TemplateProblem, Templates};
use crate::goal::{Goal, GoalInputs};
use crate::locale::Locale;
use crate::offer::OfferKind;
use crate::risk::ValueTier;
use crate::schema::Theme;

const KINDS: [Option<OfferKind>; 6] = [
    Some(OfferKind::Discount),
    Some(OfferKind::Upgrade),
    Some(OfferKind::PlanChange),
    Some(OfferKind::FreeTrial),
    Some(OfferKind::Service),
    None,
];

impl Templates {
    /// Returns an error for each part that has no usable wording in some case; the first such case is named.
    pub(super) fn uncovered(&self) -> Vec<TemplateError> {
        let needed = || Part::ALL.into_iter().filter(|part| !part.is_optional());
        Locale::ALL.into_iter().flat_map(|locale| needed().filter_map(move |part| self.first_gap(locale, part))).collect()
    }

    fn first_gap(&self, locale: Locale, part: Part) -> Option<TemplateError> {
        let ids = if part.has_ids() { self.ids(locale, part).into_iter().map(Some).collect() } else { vec![None] };
        let cases: Vec<Case> = cases().collect();
        let least = if part == Part::Objection { crate::review::MIN_OBJECTIONS } else { 1 };
        let gap = |case: &&Case| ids.iter().filter(|id| self.choose(locale, part, **id, **case).is_some()).count() < least;
        let case = cases.iter().find(gap)?;
        let theme = case.theme.map_or("none", Theme::tag);
        let case = format!("goal={} kind={} theme={theme}", case.goal, case.kind.map_or("none", OfferKind::tag));
        let file = if part == Part::Html { part.file().to_owned() } else { format!("{locale}/{}", part.file()) };
        Some(TemplateError { file, line: 1, problem: TemplateProblem::Uncovered { part: part.tag(), case } })
    }
}

/// Returns every case, with only what is known of every customer.
fn cases() -> impl Iterator<Item = Case> {
    let themes = || Theme::ALL.into_iter().map(Some).chain([None]);
    let tiers = || [Some(ValueTier::Low), Some(ValueTier::Mid), Some(ValueTier::High), None].into_iter();
    let tiers_of = move |goal, kind: Option<OfferKind>, theme| {
        tiers().map(move |tier| {
            let has = if kind.is_some() { ALWAYS | WITH_OFFER } else { ALWAYS };
            Case { goal, segment: None, kind, theme, tier, has, seed: 0 }
        })
    };
    let goals = Goal::ALL.into_iter();
    goals.flat_map(move |goal| {
        KINDS.into_iter().flat_map(move |kind| {
            let possible = move |theme: &Option<Theme>| goal.check(GoalInputs { kind, theme: *theme, days_inactive: None }).is_ok();
            themes().filter(possible).flat_map(move |theme| tiers_of(goal, kind, theme))
        })
    })
}
