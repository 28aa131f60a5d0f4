//! What a column is for.
use serde::{Deserialize, Serialize};

/// What a column is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The customer's id.
    Id,
    /// Whether the customer left; the words for yes and no are the flag's.
    Label,
    /// A feature without a special part.
    Feature,
    /// A feature whose values were invented for demonstration, without looking at who left.
    Synthetic,
    /// What a person is, such as gender or age: a feature that no offer changes, and by which fairness is looked at.
    Trait,
    /// The amount charged each month; a feature, and what the customer's value is measured by where nothing else is said.
    MonthlyCharge,
    /// All that was charged so far; a feature.
    TotalCharge,
    /// How much the customer uses of what the company sells, in the column's own unit; a feature.
    Usage,
    /// How long the customer has stayed, in months; a feature.
    Tenure,
    /// The kind of contract; a feature, and open to offers.
    Contract,
    /// The day the contract ends; never a feature.
    ContractEnd,
    /// The name a message greets with; personal, never a feature.
    FirstName,
    /// The e-mail address; personal, never a feature.
    Email,
    /// The telephone number; personal, never a feature.
    Phone,
    /// The language the customer reads, as a tag such as zh-TW; never a feature.
    Language,
    /// The customer's segment, by name; never a feature.
    Segment,
    /// Days since the customer's last visit; a feature.
    DaysInactive,
    /// What the customer liked before, as text; never a feature.
    Favourites,
    /// Whether the customer agreed to mails; never a feature.
    EmailConsent,
    /// Whether the customer agreed to short messages; never a feature.
    SmsConsent,
    /// Whether the customer agreed to calls; never a feature.
    CallConsent,
    /// Kept with the customer and not used by the model; the reason is told.
    Unused {
        /// Why the model does not use it.
        why: String,
    },
}

impl Role {
    /// Returns whether the column is an input of the churn model.
    pub fn is_feature(&self) -> bool {
        matches!(
            self,
            Role::Feature
                | Role::Synthetic
                | Role::Trait
                | Role::MonthlyCharge
                | Role::TotalCharge
                | Role::Usage
                | Role::Tenure
                | Role::Contract
                | Role::DaysInactive
        )
    }

    /// Returns whether something a company does may change the column: not who the customer is, nor what has happened.
    pub fn is_movable(&self) -> bool {
        matches!(self, Role::Feature | Role::Synthetic | Role::MonthlyCharge | Role::Contract)
    }

    /// Returns whether the column holds personal data that never enters a prompt, a feature or a log.
    pub fn is_personal(&self) -> bool {
        matches!(self, Role::FirstName | Role::Email | Role::Phone)
    }
}
