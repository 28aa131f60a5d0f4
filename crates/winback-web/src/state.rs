//! What every handler needs.
use crate::auth::Person;
use crate::problem::Problem;
use jiff::Timestamp;
use std::sync::Arc;
use winback_core::gallery::AdapterGallery;
use winback_core::portfolio::{Context, Desk};
use winback_core::store::Store;

/// What every handler needs. Time and chance come in as functions.
#[derive(Clone)]
pub struct WebState {
    /// Everything that is kept.
    pub store: Arc<dyn Store>,
    /// The newest run, and writing on demand.
    pub desk: Arc<dyn Desk>,
    /// The adapters, their evaluations and what people chose.
    pub gallery: Arc<dyn AdapterGallery>,
    /// Who may come in; empty for a dashboard that is open to whoever reaches its address.
    pub people: Arc<[Person]>,
    /// Host names, without a port, under which the dashboard answers besides the loopback names.
    pub hosts: Arc<[String]>,
    /// Returns the present time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Returns a fresh seed for a random draw.
    pub random_seed: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl WebState {
    /// Returns the newest run's context, or the problem that there is none yet.
    pub(crate) async fn context(&self) -> Result<Arc<Context>, Problem> {
        self.desk.context().await?.ok_or(Problem::NoRun)
    }
}
