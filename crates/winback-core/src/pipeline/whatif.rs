//! `whatif`: what the offers of the catalogue would change for one customer of a run, scored again by the model that
//! scored the run. Nothing is stored: the answer follows from the row, the offers, the model and the day.
use crate::agents::campaign_designer::{Designer, OtherCurrency};
use crate::counterfactual::{BadChange, Chosen, Counterfactual, Moves, Question, SearchError};
use crate::model::ChurnModel;
use crate::offer::OfferId;
use crate::portfolio::{Context, CustomerFile};
use crate::risk::ModelVersion;
use crate::store::Standing;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::error::Error;

/// What is asked about one customer.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The probability to get under, above 0 and up to 1; see [`is_line`].
    pub line: f64,
    /// Offers that somebody wants to see together; empty for none.
    pub chosen: &'a [OfferId],
    /// The day, which decides which offers are valid.
    pub today: Date,
}

/// What the offers would change for one customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WhatIf {
    /// The cheapest way under the line, and each offer by itself.
    #[serde(flatten)]
    pub found: Counterfactual,
    /// What became of the offers that somebody chose; `None` where nobody chose any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// The customer has no score.
    #[error("this customer has no score yet")]
    NotAssessed,
    /// The model that scored the run is not there any more, or was refused.
    #[error("the model {model} that scored this run cannot be loaded")]
    NoModel {
        /// The model.
        model: ModelVersion,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The amounts cannot be compared.
    #[error(transparent)]
    Currency(#[from] OtherCurrency),
    /// The catalogue changes what no offer can.
    #[error(transparent)]
    Change(#[from] BadChange),
    /// The rows could not be scored.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The search ended before it had an answer.
    #[error("the search ended before it had an answer")]
    Ended(#[source] Box<dyn Error + Send + Sync>),
}

/// Returns whether a number is a probability that somebody can want to get under.
pub fn is_line(line: f64) -> bool {
    line > 0.0 && line <= 1.0
}

/// Returns what the offers would change for a customer.
pub fn what_if(context: &Context, file: &CustomerFile, model: &dyn ChurnModel, asked: Asked<'_>) -> Result<WhatIf, WhatIfError> {
    let assessment = file.assessment.clone().ok_or(WhatIfError::NotAssessed)?;
    let charge = file.customer.monthly_charge(&context.table);
    let standing = Standing {
        level: context.thresholds.level(assessment.probability),
        tier: file.customer.tier(&context.table, &context.bounds).ok(),
        monthly_minor: charge.map(|charge| charge.minor),
        main_group: None,
        segment: None,
        assessment,
    };
    let input = Designer::new(&context.table, &context.peers, &[&context.catalogue])?.input(&file.customer, &standing, None);
    let moves = Moves::of(&context.table, &context.catalogue)?;
    let question = Question { input: &input, customer: &file.customer, line: asked.line, today: asked.today };
    let found = moves.search(question, model, &context.features)?;
    let score = || moves.score(question, asked.chosen, model, &context.features);
    let chosen = (!asked.chosen.is_empty()).then(score).transpose()?;
    Ok(WhatIf { found, chosen })
}
