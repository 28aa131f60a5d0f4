//! `winback explain`
use crate::cli::Place;
use crate::report;
use crate::workbench::load_settings;
use schemars::{Schema, schema_for};
use std::process::ExitCode;
use winback_core::agents::campaign_designer::DesignInput;
use winback_core::agents::churn_reasoning::CauseSummary;
use winback_core::agents::data_analyst::{AnalystInput, RiskSummary};
use winback_core::campaign::CampaignPlan;
use winback_core::message::{Brief, Draft};

/// Say where each setting comes from, or print the agents' JSON schemas
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Every setting, its value and where it comes from
    Config,
    /// The JSON schemas of what each agent takes and gives
    Agents,
}

/// Explains.
pub fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Config => config(at)?,
        Action::Agents => report::line(&serde_json::to_string_pretty(&agents())?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn config(at: &Place) -> anyhow::Result<()> {
    let settings = load_settings(&at.home)?;
    let json =
        settings.explained.iter().map(|one| serde_json::json!({ "key": one.key, "value": one.value, "origin": one.origin.to_string() }));
    report::print(at.json, &json.collect::<Vec<_>>(), || {
        let rows = settings.explained.iter().map(|one| vec![one.key.clone(), one.value.clone(), one.origin.to_string()]);
        report::table(&["setting", "value", "from"], rows)
    })
}

fn agents() -> serde_json::Value {
    let agent = |takes: Schema, gives: Schema| serde_json::json!({ "takes": takes, "gives": gives });
    serde_json::json!({
        "data_analyst": agent(schema_for!(AnalystInput), schema_for!(RiskSummary)),
        "churn_reasoning": agent(schema_for!(RiskSummary), schema_for!(CauseSummary)),
        "campaign_designer": agent(schema_for!(DesignInput), schema_for!(CampaignPlan)),
        "communication": agent(schema_for!(Brief), schema_for!(Draft)),
    })
}
