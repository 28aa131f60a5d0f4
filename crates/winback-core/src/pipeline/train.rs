//! `train`: labelled customers become a model with its card.
use crate::feature::{FeatureBuilder, FeatureSchema, FeatureTable, TooManyLevels};
use crate::id::{CustomerId, Position, RunId};
use crate::model::{ChurnTrainer, TrainError, TrainOptions, Trained};
use crate::peer::{PeerBuilder, PeerTable};
use crate::pipeline::import::PAGE_ROWS;
use crate::progress::{Progress, Work};
use crate::schema::TableSchema;
use crate::store::{CustomerStore, StoreError};
use std::sync::Arc;

/// The customers of a run as columns, with what is usual among them.
pub struct Portfolio {
    /// One row per customer, in order of position.
    pub features: FeatureTable,
    /// Who stands in each row.
    pub who: Vec<(Position, CustomerId)>,
    /// What is usual among peers.
    pub peers: PeerTable,
}

/// Why features or a model could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A category has too many words.
    #[error(transparent)]
    TooManyLevels(#[from] TooManyLevels),
    /// The model could not be made.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Reads the customers of a run back as features, page by page.
pub async fn portfolio(
    run: RunId,
    table: &TableSchema,
    schema: &Arc<FeatureSchema>,
    store: &dyn CustomerStore,
    progress: &dyn Progress,
) -> Result<Portfolio, TrainingError> {
    let mut builder = FeatureBuilder::new(table, schema.clone());
    let mut peers = PeerBuilder::new(table);
    let mut who = Vec::new();
    progress.begin(Work::Features, None);
    loop {
        let from = Position(u32::try_from(who.len()).unwrap_or(u32::MAX));
        let page = store.customers(run, table, from, PAGE_ROWS as u64).await?;
        if page.is_empty() {
            break;
        }
        progress.advance(page.len() as u64);
        for customer in page {
            builder.push(&customer)?;
            peers.push(&customer);
            who.push((customer.position, customer.id));
        }
    }
    progress.done();
    Ok(Portfolio { features: builder.finish(), who, peers: peers.finish() })
}

/// Fits a model to the labelled customers of a portfolio.
pub fn train(
    portfolio: &Portfolio,
    trainer: &dyn ChurnTrainer,
    options: &TrainOptions,
    progress: &dyn Progress,
) -> Result<Trained, TrainError> {
    trainer.train(&portfolio.features, options, progress)
}
