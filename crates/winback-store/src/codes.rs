//! Small enums as the numbers the tables hold. The numbers never change their
//! meaning: stores made by older versions hold them.
use winback_core::campaign::ApprovalState;
use winback_core::locale::Locale;
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::run::Stage;

/// An enum with a fixed number for each value.
pub(crate) trait Code: Copy + PartialEq + Sized + 'static {
    /// Every value with its number.
    const TABLE: &'static [(Self, i16)];

    /// Returns the number of a value.
    fn code(self) -> i16 {
        Self::TABLE.iter().find(|(value, _)| *value == self).map_or(-1, |(_, code)| *code)
    }

    /// Returns the value of a number, or says that there is none.
    fn from_code(code: i16) -> Result<Self, String> {
        Self::TABLE
            .iter()
            .find(|(_, known)| *known == code)
            .map(|(value, _)| *value)
            .ok_or_else(|| format!("the code {code} means nothing"))
    }
}

impl Code for RiskLevel {
    const TABLE: &'static [(Self, i16)] = &[(RiskLevel::Low, 0), (RiskLevel::Medium, 1), (RiskLevel::High, 2)];
}

impl Code for ValueTier {
    const TABLE: &'static [(Self, i16)] = &[(ValueTier::Low, 0), (ValueTier::Mid, 1), (ValueTier::High, 2)];
}

impl Code for Stage {
    const TABLE: &'static [(Self, i16)] = &[(Stage::Import, 0), (Stage::Train, 1), (Stage::Assess, 2), (Stage::Plan, 3), (Stage::Write, 4)];
}

impl Code for ApprovalState {
    const TABLE: &'static [(Self, i16)] = &[(ApprovalState::Approved, 0), (ApprovalState::Declined, 1)];
}

impl Code for Locale {
    const TABLE: &'static [(Self, i16)] = &[(Locale::ZhTw, 0), (Locale::ZhCn, 1), (Locale::En, 2)];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_number_of_its_own() {
        fn check<T: Code + std::fmt::Debug>(all: &[T]) {
            for &value in all {
                assert_eq!(T::from_code(value.code()), Ok(value));
            }
            assert_eq!(T::TABLE.len(), all.len());
        }
        check(&RiskLevel::ALL);
        check(&ValueTier::ALL);
        check(&Locale::ALL);
        check(&[ApprovalState::Approved, ApprovalState::Declined]);
        check(&[Stage::Import, Stage::Train, Stage::Assess, Stage::Plan, Stage::Write]);
        assert!(RiskLevel::from_code(9).is_err());
    }
}
