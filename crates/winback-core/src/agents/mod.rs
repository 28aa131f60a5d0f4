//! The four agents: the judgement inside the verbs. Each has a typed input, a
//! typed output with a JSON schema, and a deterministic implementation that
//! needs no model.
pub mod campaign_designer;
pub mod churn_reasoning;
pub mod communication;
pub mod comparison;
pub mod data_analyst;
pub mod trace;
