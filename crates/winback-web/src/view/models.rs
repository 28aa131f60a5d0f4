//! The models of the folder side by side, and what the run shown tells about its own.
use crate::problem::Problem;
use crate::state::WebState;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use winback_core::drift::RunDrift;
use winback_core::fairness::FlipReport;
use winback_core::model::{Metrics, ModelCard};
use winback_core::portfolio::Context;
use winback_core::run::Stage;
use winback_core::store::StoreError;

/// The models of the folder, the one that scored the run shown first, then by log loss.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ModelsView {
    /// The models.
    pub models: Vec<ModelRowView>,
    /// How many cards of the folder cannot be read.
    pub unread: u64,
}

/// A model of the folder.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ModelRowView {
    /// The version: family and hash of the model file.
    pub version: String,
    /// The family: `logistic`.
    pub family: String,
    /// The first characters of the hash of the data.
    pub data: String,
    /// Labelled rows.
    pub rows: u64,
    /// Whether it scored the run that is shown.
    pub shown: bool,
    /// The mean over the folds; absent where nothing was held out.
    pub mean: Option<MeasuresView>,
}

/// The usual measures of a probability.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MeasuresView {
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Area under the precision–recall curve.
    pub pr_auc: f64,
    /// Mean negative log-likelihood.
    pub log_loss: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error over ten bins.
    pub ece10: f64,
}

impl From<&Metrics> for MeasuresView {
    fn from(measures: &Metrics) -> Self {
        let Metrics { roc_auc, pr_auc, log_loss, brier, ece10 } = *measures;
        Self { roc_auc, pr_auc, log_loss, brier, ece10 }
    }
}

/// Reads the cards of the folder.
pub(crate) async fn read(state: &WebState, context: &Context) -> Result<ModelsView, Problem> {
    let cards = state.desk.cards().await?;
    let mut models: Vec<ModelRowView> = cards.cards.iter().map(|card| row(card, context)).collect();
    let loss = |row: &ModelRowView| row.mean.as_ref().map_or(f64::INFINITY, |mean| mean.log_loss);
    models.sort_by(|a, b| (!a.shown).cmp(&!b.shown).then(loss(a).total_cmp(&loss(b))).then_with(|| a.version.cmp(&b.version)));
    Ok(ModelsView { models, unread: cards.unread })
}

fn row(card: &ModelCard, context: &Context) -> ModelRowView {
    ModelRowView {
        version: card.version.to_string(),
        family: card.family.clone(),
        data: card.data.short().to_owned(),
        rows: card.rows,
        shown: card.version == context.model,
        mean: card.validation.as_ref().map(|validation| (&validation.mean).into()),
    }
}

/// What a run keeps of its model beside the scores: runs of before the figures were measured lack them.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Watched {
    /// What the scores would be if nothing but a trait were different.
    #[serde(default)]
    pub fairness: Option<FlipReport>,
    /// Why that could not be measured.
    #[serde(default)]
    pub fairness_failed: Option<String>,
    /// How the customers moved from those of an earlier run.
    #[serde(default)]
    pub drift: Option<RunDrift>,
    /// Why they could not be compared.
    #[serde(default)]
    pub drift_failed: Option<String>,
    /// What the customers look like; absent in runs of a program that did not compare them.
    #[serde(default, skip_serializing)]
    pub profile: Option<Value>,
}

/// Returns what the run shown keeps.
///
/// # Errors
/// When what stands in the store is damaged.
pub(crate) fn watched(context: &Context) -> Result<Watched, Problem> {
    let Some(kept) = context.run.report(Stage::Assess) else { return Ok(Watched::default()) };
    let damaged = |error: serde_json::Error| StoreError::Damaged { what: "run", run: context.run.id, why: error.to_string() };
    Ok(serde_json::from_value(kept.report.clone()).map_err(damaged)?)
}
