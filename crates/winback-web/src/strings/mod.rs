//! The words of the interface, one file per language, natively written.
#[cfg(test)]
mod by_name;
mod en;
mod fields;
mod zh_cn;
mod zh_tw;

pub(crate) use fields::Strings;

use crate::view::Named;
use winback_core::campaign::{ApprovalState, Verdict};
use winback_core::defect::Outcome;
use winback_core::locale::Locale;
use winback_core::message::Channel;
use winback_core::offer::OfferKind;
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::schema::Theme;

impl Strings {
    pub(crate) fn of(locale: Locale) -> &'static Strings {
        match locale {
            Locale::ZhTw => &zh_tw::ZH_TW,
            Locale::ZhCn => &zh_cn::ZH_CN,
            Locale::En => &en::EN,
        }
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

    pub(crate) fn theme(&self, theme: Theme) -> &'static str {
        match theme {
            Theme::Contract => self.theme_contract,
            Theme::Price => self.theme_price,
            Theme::Support => self.theme_support,
            Theme::Product => self.theme_product,
            Theme::Payment => self.theme_payment,
            Theme::Loyalty => self.theme_loyalty,
            Theme::Usage => self.theme_usage,
            Theme::Profile => self.theme_profile,
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

    pub(crate) fn verdict(&self, verdict: Verdict) -> Named {
        match verdict {
            Verdict::Chosen => Named::new("chosen", self.verdict_chosen),
            Verdict::RunnerUp => Named::new("runner_up", self.verdict_runner_up),
            Verdict::NotNeeded => Named::new("not_needed", self.verdict_not_needed),
            Verdict::OtherRisk => Named::new("other_risk", self.verdict_other_risk),
            Verdict::OtherValue => Named::new("other_value", self.verdict_other_value),
            Verdict::OtherTenure => Named::new("other_tenure", self.verdict_other_tenure),
            Verdict::ChargeTooLow => Named::new("charge_too_low", self.verdict_charge),
            Verdict::OtherColumn => Named::new("other_column", self.verdict_column),
            Verdict::NotValidToday => Named::new("not_valid_today", self.verdict_date),
            Verdict::OutOfStock => Named::new("out_of_stock", self.verdict_stock),
            Verdict::NotWorthIt => Named::new("not_worth_it", self.verdict_not_worth),
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
        by_name::ALL.iter().map(|(name, text)| (*name, text(Strings::of(locale)))).collect()
    }

    fn places(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect();
        found.sort_unstable();
        found.dedup();
        found
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
