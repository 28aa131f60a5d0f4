//! The words of the interface, one file per language, natively written.
mod adapters;
#[cfg(test)]
mod by_name;
mod en;
mod fields;
mod model;
mod sayings;
mod zh_cn;
mod zh_tw;

pub(crate) use fields::Strings;
pub(crate) use sayings::said;

use crate::view::Named;
use winback_core::campaign::ApprovalState;
use winback_core::defect::{Outcome, Problem};
use winback_core::locale::Locale;
use winback_core::message::Channel;
use winback_core::offer::OfferKind;
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::run::Stage;

impl Strings {
    pub(crate) fn of(locale: Locale) -> &'static Strings {
        match locale {
            Locale::ZhTw => &zh_tw::ZH_TW,
            Locale::ZhCn => &zh_cn::ZH_CN,
            Locale::En => &en::EN,
        }
    }

    /// Returns sentences as one text: Chinese puts no blank between them.
    pub(crate) fn joined(&self, sentences: &[String]) -> String {
        sentences.join(if self.locale == Locale::En { " " } else { "" })
    }

    pub(crate) fn level(&self, level: RiskLevel) -> &'static str {
        match level {
            RiskLevel::High => self.level_high,
            RiskLevel::Medium => self.level_medium,
            RiskLevel::Low => self.level_low,
        }
    }

    pub(crate) fn tier(&self, tier: ValueTier) -> &'static str {
        match tier {
            ValueTier::High => self.tier_high,
            ValueTier::Mid => self.tier_mid,
            ValueTier::Low => self.tier_low,
        }
    }

    pub(crate) fn approval(&self, state: ApprovalState) -> Named {
        match state {
            ApprovalState::Approved => Named::new("approved", self.approved),
            ApprovalState::Declined => Named::new("declined", self.declined),
        }
    }

    pub(crate) fn offer_kind(&self, kind: OfferKind) -> Named {
        match kind {
            OfferKind::Discount => Named::new("discount", self.kind_discount),
            OfferKind::Upgrade => Named::new("upgrade", self.kind_upgrade),
            OfferKind::PlanChange => Named::new("plan_change", self.kind_plan_change),
            OfferKind::FreeTrial => Named::new("free_trial", self.kind_free_trial),
            OfferKind::Service => Named::new("service", self.kind_service),
        }
    }

    /// Returns what was found in a row.
    pub(crate) fn issue(&self, problem: Problem) -> &'static str {
        match problem {
            Problem::RaggedRow => self.issue_ragged,
            Problem::NotUtf8 => self.issue_utf8,
            Problem::CellTooLong => self.issue_long,
            Problem::Missing => self.issue_missing,
            Problem::NotANumber => self.issue_number,
            Problem::UnclearNumber => self.issue_unclear,
            Problem::OutOfRange => self.issue_range,
            Problem::NotAFlag => self.issue_flag,
            Problem::NotADate => self.issue_date,
            Problem::UnknownLabel => self.issue_label,
            Problem::BadId => self.issue_id,
            Problem::DuplicateId => self.issue_duplicate,
            Problem::TwinRow => self.issue_twin,
            Problem::NumberNormalised => self.issue_normalised,
            Problem::WordNormalised => self.issue_word,
            Problem::MissingFilled => self.issue_filled,
            Problem::NewCategory => self.issue_category,
            Problem::NotASegment => self.issue_segment,
            Problem::Contradiction => self.issue_contradiction,
        }
    }

    /// Returns what a number of a stage's report counts, by its name in the report.
    pub(crate) fn report(&self, name: &str) -> Option<&'static str> {
        Some(match name {
            "source_rows" => self.report_source_rows,
            "accepted" => self.report_accepted,
            "rejected" => self.report_rejected,
            "changed_cells" => self.report_changed_cells,
            "labelled" => self.report_labelled,
            "left" => self.report_left,
            "trained" => self.report_trained,
            "assessed" => self.report_assessed,
            "imputed" => self.report_imputed,
            "without_tier" => self.report_without_tier,
            "planned" => self.report_planned,
            "service_contacts" => self.report_service_contacts,
            "low_risk" => self.report_low_risk,
            "already_left" => self.report_already_left,
            "cost_minor" => self.report_cost,
            "net_minor" => self.report_net,
            "customers" => self.report_customers,
            "ready" => self.report_ready,
            "held" => self.report_held,
            "neutral_greetings" => self.report_neutral,
            "not_selected" => self.report_not_selected,
            "messages" => self.report_messages,
            "unreachable" => self.report_unreachable,
            "moved" => self.report_moved,
            "budget_minor" => self.report_budget,
            _ => return None,
        })
    }

    pub(crate) fn stage(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::Import => self.stage_import,
            Stage::Train => self.stage_train,
            Stage::Assess => self.stage_assess,
            Stage::Plan => self.stage_plan,
            Stage::Write => self.stage_write,
        }
    }

    /// Returns what was done about a defect, with its tag.
    pub(crate) fn outcome(&self, outcome: Outcome) -> (&'static str, &'static str) {
        match outcome {
            Outcome::RowRejected => (self.outcome_rejected, "rejected"),
            Outcome::CellChanged => (self.outcome_changed, "changed"),
            Outcome::Noted => (self.outcome_noted, "noted"),
        }
    }

    pub(crate) fn channel(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::Email => self.channel_email,
            Channel::Sms => self.channel_sms,
            Channel::Call => self.channel_call,
        }
    }

    /// Returns a language's own name for itself, the same in every language.
    pub(crate) fn language(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::ZhTw => "繁體中文",
            Locale::ZhCn => "简体中文",
            Locale::En => "English",
        }
    }
}

/// Returns a sentence with its values in place of `{name}`. Values are put in once and never searched again.
pub(crate) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named =
            after.split_once('}').and_then(|(name, tail)| values.iter().find(|(known, _)| *known == name).map(|found| (found.1, tail)));
        match named {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(locale: Locale) -> Vec<(&'static str, &'static str)> {
        by_name::all().map(|(name, text)| (*name, text(Strings::of(locale)))).collect()
    }

    fn places(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn every_number_of_a_report_has_a_name() {
        use winback_core::pipeline::{plan::PlanReport, write::WriteReport};
        let plans = serde_json::to_value(PlanReport { budget_minor: Some(1), ..PlanReport::default() }).unwrap();
        for report in [plans, serde_json::to_value(WriteReport::default()).unwrap()] {
            let numbers = report.as_object().unwrap().iter().filter(|(_, value)| value.is_number());
            let unnamed: Vec<&String> =
                numbers.map(|(name, _)| name).filter(|name| Strings::of(Locale::En).report(name).is_none()).collect();
            assert_eq!(unnamed, [""; 0]);
        }
    }

    #[test]
    fn every_language_says_everything_with_the_same_values() {
        let english = all(Locale::En);
        for locale in [Locale::ZhTw, Locale::ZhCn] {
            for ((name, en), (other, text)) in english.iter().zip(all(locale)) {
                assert_eq!((*name, places(en)), (other, places(text)), "{locale}");
                assert!(!text.trim().is_empty(), "{locale} {name}");
            }
        }
    }

    #[test]
    fn each_chinese_is_written_in_its_own_characters() {
        let check = |locale: Locale, foreign: &str| {
            for (name, text) in all(locale) {
                assert_eq!(text.chars().find(|c| foreign.contains(*c)), None, "{locale} {name}: {text}");
            }
        };
        check(Locale::ZhCn, "這個們來為與無資戶訊頁單設開關費價險據機應請嗎會說點選對");
        check(Locale::ZhTw, "这们为无资户讯页单设开关费价险据机应请吗会说点选对");
    }

    #[test]
    fn values_are_put_in_once() {
        assert_eq!(fill("{a} and {b} {c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2 {c}");
    }
}
