//! `winback actions`
use crate::cli::Place;
use crate::desk::context;
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::workbench::{OrStorage, Overrides, Workbench, now};
use std::path::PathBuf;
use std::process::ExitCode;
use winback_connectors::export::{ExportCell, write_table};
use winback_connectors::webhook::{RetryPolicy, post_json};
use winback_core::campaign::{Approval, ApprovalState, CampaignPlan};
use winback_core::money::Money;
use winback_core::portfolio::Context;
use winback_core::run::Stage;
use winback_core::store::CampaignStore;

/// Approve, decline or list planned actions, and hand them over
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Approve actions: of the customers most worth keeping, or of those named
    Approve(Decide),
    /// Decline actions
    Decline(Decide),
    /// List the approved actions with cost, owner, due date and expected value
    List {
        /// Write them as CSV
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Send the approved actions to a webhook, signed with the secret in WINBACK_WEBHOOK_SECRET
    Post {
        /// The address
        url: String,
    },
}

/// Whose actions, and who decides.
#[derive(Debug, clap::Args)]
pub struct Decide {
    /// The customers' ids
    #[arg(required_unless_present = "top")]
    pub ids: Vec<String>,
    /// So many of those most worth keeping
    #[arg(long, value_name = "N", conflicts_with = "ids")]
    pub top: Option<u64>,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

/// One approved action as it is handed over.
#[derive(Debug, serde::Serialize)]
struct Row {
    customer: String,
    action: String,
    offer: Option<String>,
    cost: Option<String>,
    expected_net: Option<String>,
    currency: String,
    owner: String,
    due: Option<String>,
    approved_by: String,
    approved_at: String,
}

/// Decides, lists or sends.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    let bench = Workbench::open(&at.home, at.quiet, &Overrides::default()).await?;
    let run = bench.newest(Stage::Plan).await?;
    let context = context(&run).or_storage()?;
    match action {
        Action::Approve(who) => decide(at, &bench, &context, (who, ApprovalState::Approved)).await?,
        Action::Decline(who) => decide(at, &bench, &context, (who, ApprovalState::Declined)).await?,
        Action::List { out } => list(at, &bench, &context, out.as_ref()).await?,
        Action::Post { url } => post(at, &bench, &context, url).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn decide(at: &Place, bench: &Workbench, context: &Context, (who, state): (&Decide, ApprovalState)) -> anyhow::Result<()> {
    let positions = match who.top {
        Some(top) => bench.store.best(context.run.id, top).await.or_storage()?,
        None => {
            let mut positions = Vec::with_capacity(who.ids.len());
            for id in &who.ids {
                let file = super::show::find(bench, context, id).await?;
                if !file.plan.as_ref().is_some_and(|plan| plan.decision.is_contact()) {
                    let why = format!("no contact is planned for customer {id}, so there is nothing to decide");
                    return Err(stop(Exit::Usage, why, format!("winback show {id} tells why")));
                }
                positions.push(file.customer.position);
            }
            positions
        }
    };
    let at_once = now();
    let decisions: Vec<Approval> =
        positions.into_iter().map(|position| Approval { position, state, by: who.by.clone(), at: at_once }).collect();
    bench.store.decide(context.run.id, &decisions).await.or_storage()?;
    report::print(at.json, &serde_json::json!({ "decided": decisions.len(), "state": state }), || {
        let word = if state == ApprovalState::Approved { "approved" } else { "declined" };
        let actions = if decisions.len() == 1 { "action" } else { "actions" };
        format!("{} {actions} {word} by {}", report::count(decisions.len() as u64), who.by)
    })
}

async fn approved(bench: &Workbench, context: &Context) -> anyhow::Result<Vec<Row>> {
    let approvals = bench.store.decisions(context.run.id, ApprovalState::Approved).await.or_storage()?;
    let mut rows = Vec::with_capacity(approvals.len());
    for approval in &approvals {
        let plan = bench.store.plans(context.run.id, approval.position, 1).await.or_storage()?;
        rows.extend(plan.into_iter().next().filter(|plan| plan.decision.is_contact()).map(|plan| row(context, approval, &plan)));
    }
    Ok(rows)
}

fn row(context: &Context, approval: &Approval, plan: &CampaignPlan) -> Row {
    let choice = plan.decision.choice();
    let currency = context.catalogue.currency;
    let decimal = |minor: i64| Money::new(minor, currency).decimal();
    Row {
        customer: plan.customer.to_string(),
        action: if choice.is_some() { "offer" } else { "service contact" }.to_owned(),
        offer: choice.map(|choice| choice.offer.to_string()),
        cost: choice.map(|choice| decimal(choice.cost_minor)),
        expected_net: choice.map(|choice| decimal(choice.effect.net_minor)),
        currency: currency.code().to_owned(),
        owner: plan.owner.en.clone(),
        due: plan.due.map(|due| due.to_string()),
        approved_by: approval.by.clone(),
        approved_at: approval.at.to_string(),
    }
}

const HEADER: [&str; 10] =
    ["customer", "action", "offer", "cost", "expected_net_assumed", "currency", "owner", "due", "approved_by", "approved_at"];

impl Row {
    fn cells(&self) -> [&str; 10] {
        [
            &self.customer,
            &self.action,
            or_empty(self.offer.as_ref()),
            or_empty(self.cost.as_ref()),
            or_empty(self.expected_net.as_ref()),
            &self.currency,
            &self.owner,
            or_empty(self.due.as_ref()),
            &self.approved_by,
            &self.approved_at,
        ]
    }
}

fn or_empty(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

async fn list(at: &Place, bench: &Workbench, context: &Context, out: Option<&PathBuf>) -> anyhow::Result<()> {
    let rows = approved(bench, context).await?;
    if let Some(file) = out {
        let exported = rows.iter().map(|row| row.cells().into_iter().map(ExportCell::from).collect());
        write_table(file, &HEADER, exported).or_hint(Exit::Storage, "close the program that has the file open, or name another")?;
    }
    report::print(at.json, &rows, || match (out, rows.is_empty()) {
        (Some(file), _) => format!("{} approved actions in {}", report::count(rows.len() as u64), file.display()),
        (None, true) => "No action is approved yet: winback actions approve --top 20 --by NAME".to_owned(),
        (None, false) => report::table(&HEADER, rows.iter().map(|row| row.cells().map(str::to_owned).to_vec())),
    })
}

async fn post(at: &Place, bench: &Workbench, context: &Context, url: &str) -> anyhow::Result<()> {
    let secret = std::env::var("WINBACK_WEBHOOK_SECRET").ok().filter(|secret| !secret.is_empty());
    let missing =
        || stop(Exit::Usage, "there is no secret to sign with", "set WINBACK_WEBHOOK_SECRET to the secret that the receiver knows");
    let secret = secret.ok_or_else(missing)?;
    let rows = approved(bench, context).await?;
    let body = serde_json::json!({ "run": context.run.id, "source_sha256": context.run.origin.source_digest, "actions": rows });
    let accepted = post_json(url, secret.as_bytes(), &body, &RetryPolicy::default()).await;
    let accepted = accepted.or_hint(Exit::Failure, "nothing was lost; the same command sends the same actions again under the same key")?;
    report::print(at.json, &serde_json::json!({ "actions": rows.len(), "status": accepted.status, "attempts": accepted.attempts }), || {
        format!("{} approved actions accepted by {url} (attempt {})", report::count(rows.len() as u64), accepted.attempts)
    })
}
