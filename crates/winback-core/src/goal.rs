//! What a message wants to happen: the three goals, what each needs to be
//! possible, and the event that counts as success.
use crate::locale::Localized;
use crate::offer::OfferKind;
use crate::schema::Theme;
use serde::{Deserialize, Serialize};
use std::fmt;

/// From how many days without a visit a customer is asked back.
pub const RECALL_DAYS: u32 = 30;

/// What a message wants to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The customer begins to use something: a trial, an upgrade, help.
    Activation,
    /// A customer who has become quiet, or may leave without an offer that answers it, is asked back.
    Recall,
    /// The customer takes the offer that answers their own main reason.
    Push,
}

/// Why a goal cannot be pursued with what is known of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GoalNeeds {
    /// Activation without something to begin with.
    #[error(
        "the goal activation needs an offer of kind free_trial, upgrade or service, something to begin with; choose another goal or offer"
    )]
    SomethingToBegin,
    /// A personal push without an offer.
    #[error("the goal push needs an offer, and the plan makes none; choose recall, or give the catalogue an offer for this case")]
    AnOffer,
    /// A personal push without a reason of the customer's own.
    #[error("the goal push needs a main reason of the customer's own, and none stands out; choose recall or activation")]
    AReason,
}

/// A word that is no goal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no goal; the goals are activation, recall and push, and auto chooses for each customer")]
pub struct UnknownGoal(pub String);

/// What is known of a customer when a goal is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalInputs {
    /// The kind of the planned offer.
    pub kind: Option<OfferKind>,
    /// The theme of the main reason.
    pub theme: Option<Theme>,
    /// Days since the last visit, where the table says it.
    pub days_inactive: Option<u32>,
}

impl Goal {
    /// Every goal.
    pub const ALL: [Goal; 3] = [Goal::Activation, Goal::Recall, Goal::Push];

    /// Returns the name used in files and on the command line: `activation`.
    pub fn tag(self) -> &'static str {
        match self {
            Goal::Activation => "activation",
            Goal::Recall => "recall",
            Goal::Push => "push",
        }
    }

    /// Returns the goal of a name, or the list of names.
    pub fn parse(text: &str) -> Result<Self, UnknownGoal> {
        let wanted = text.trim().to_ascii_lowercase();
        Goal::ALL.into_iter().find(|goal| goal.tag() == wanted).ok_or_else(|| UnknownGoal(text.to_owned()))
    }

    /// Returns the goal that fits a customer best; one whose needs are met.
    pub fn for_customer(inputs: GoalInputs) -> Self {
        if inputs.days_inactive.is_some_and(|days| days >= RECALL_DAYS) || inputs.kind.is_none() {
            return Goal::Recall;
        }
        let begins = matches!(inputs.theme, None | Some(Theme::Usage | Theme::Product | Theme::Support | Theme::Profile));
        if begins && Goal::Activation.check(inputs).is_ok() {
            return Goal::Activation;
        }
        if Goal::Push.check(inputs).is_ok() { Goal::Push } else { Goal::Recall }
    }

    /// Returns whether the goal can be pursued, or what it lacks.
    pub fn check(self, inputs: GoalInputs) -> Result<(), GoalNeeds> {
        match self {
            Goal::Activation => match inputs.kind {
                Some(OfferKind::FreeTrial | OfferKind::Upgrade | OfferKind::Service) => Ok(()),
                _ => Err(GoalNeeds::SomethingToBegin),
            },
            Goal::Recall => Ok(()),
            Goal::Push if inputs.kind.is_none() => Err(GoalNeeds::AnOffer),
            Goal::Push if inputs.theme.is_none() => Err(GoalNeeds::AReason),
            Goal::Push => Ok(()),
        }
    }

    /// Returns the event that counts as success, for the campaign's measurement: `offer_started`.
    pub fn success_event(self) -> &'static str {
        match self {
            Goal::Activation => "offer_started",
            Goal::Recall => "came_back",
            Goal::Push => "offer_accepted",
        }
    }

    /// Returns the goal's name for people.
    pub fn label(self) -> Localized {
        match self {
            Goal::Activation => Localized::new("促進啟用", "促进启用", "Activation"),
            Goal::Recall => Localized::new("喚回關係", "唤回关系", "Recall"),
            Goal::Push => Localized::new("個人化推薦", "个性化推荐", "Personal push"),
        }
    }

    /// Returns what counts as success, for people.
    pub fn success_label(self) -> Localized {
        match self {
            Goal::Activation => Localized::new("客戶開始使用這項優惠", "客户开始使用这项优惠", "The customer begins to use the offer"),
            Goal::Recall => Localized::new(
                "客戶回覆、來電或再次使用服務",
                "客户回复、来电或再次使用服务",
                "The customer answers, calls or uses the service again",
            ),
            Goal::Push => Localized::new("客戶接受這項優惠", "客户接受这项优惠", "The customer accepts the offer"),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_goal_chosen_for_a_customer_can_always_be_pursued() {
        let kinds = OfferKind::ALL.into_iter().map(Some).chain([None]);
        for kind in kinds {
            for theme in Theme::ALL.into_iter().map(Some).chain([None]) {
                for days_inactive in [None, Some(0), Some(29), Some(30), Some(99_999)] {
                    let inputs = GoalInputs { kind, theme, days_inactive };
                    assert_eq!(Goal::for_customer(inputs).check(inputs), Ok(()), "{inputs:?}");
                }
            }
        }
    }

    #[test]
    fn a_goal_that_lacks_something_says_what() {
        let check = |goal: Goal, kind, theme, needs| {
            assert_eq!(goal.check(GoalInputs { kind, theme, days_inactive: None }), needs, "{goal} {kind:?} {theme:?}");
        };
        check(Goal::Activation, Some(OfferKind::Discount), Some(Theme::Price), Err(GoalNeeds::SomethingToBegin));
        check(Goal::Activation, None, Some(Theme::Usage), Err(GoalNeeds::SomethingToBegin));
        check(Goal::Push, None, Some(Theme::Price), Err(GoalNeeds::AnOffer));
        check(Goal::Push, Some(OfferKind::Discount), None, Err(GoalNeeds::AReason));
        check(Goal::Recall, None, None, Ok(()));
    }

    #[test]
    fn an_unknown_goal_gets_the_list() {
        assert_eq!(Goal::parse(" Recall "), Ok(Goal::Recall));
        let error = Goal::parse("reactivate").unwrap_err().to_string();
        assert!(Goal::ALL.iter().all(|goal| error.contains(goal.tag())), "{error}");
    }
}
