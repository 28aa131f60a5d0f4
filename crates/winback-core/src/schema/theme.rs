//! What columns, reasons and offers are about.
use serde::{Deserialize, Serialize};

/// What a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// The contract and its length.
    Contract,
    /// What the customer pays.
    Price,
    /// Support, security and other help around the main product.
    Support,
    /// The main product itself.
    Product,
    /// How the customer pays and is billed.
    Payment,
    /// How long the customer has stayed.
    Loyalty,
    /// How the customer uses the product.
    Usage,
    /// Who the customer is; never a theme of an offer.
    Profile,
}

impl Theme {
    /// Every theme, in the order the strategy matrix shows them.
    pub const ALL: [Theme; 8] =
        [Theme::Contract, Theme::Price, Theme::Support, Theme::Product, Theme::Payment, Theme::Loyalty, Theme::Usage, Theme::Profile];

    /// Returns the name used in files: `contract`.
    pub fn tag(self) -> &'static str {
        match self {
            Theme::Contract => "contract",
            Theme::Price => "price",
            Theme::Support => "support",
            Theme::Product => "product",
            Theme::Payment => "payment",
            Theme::Loyalty => "loyalty",
            Theme::Usage => "usage",
            Theme::Profile => "profile",
        }
    }
}
