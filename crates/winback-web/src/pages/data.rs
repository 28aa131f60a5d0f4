//! The data page: what came in, which rows were rejected or changed, and why.
use super::{Page, context_or_empty, render};
use crate::guard::Visit;
use crate::list_query::ListState;
use crate::problem::Problem;
use crate::state::WebState;
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use winback_core::defect::Defect;
use winback_core::money::group_thousands;
use winback_core::run::{Run, Stage};

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    page: Page,
    source: String,
    digest: String,
    started: String,
    rows_in: String,
    rows_kept: String,
    rows_left_out: String,
    stages: Vec<StageRow>,
    defects: Vec<DefectRow>,
    number: u64,
    more: bool,
}

/// A finished stage.
struct StageRow {
    name: &'static str,
    finished: String,
    seconds: String,
    /// The report, as (what, how much).
    report: Vec<(String, String)>,
}

/// A row or cell that was rejected, changed or noted.
struct DefectRow {
    line: u64,
    column: String,
    outcome: &'static str,
    tag: &'static str,
    detail: String,
}

pub(crate) async fn show(state: State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    let context = match context_or_empty(&state, &visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let list = ListState::parse(&visit.query)?;
    let page = Page::new(&visit, Some(&context));
    let run = &context.run;
    let progress = state.store.progress(run.id).await?;
    let mut defects = state.store.defects(run.id, (list.page - 1) * list.size, list.size + 1).await?;
    let shown = usize::try_from(list.size).unwrap_or(usize::MAX);
    let more = defects.len() > shown;
    defects.truncate(shown);
    let count = |number: u64| group_thousands(&number.to_string());
    let template = DataPage {
        source: run.origin.source.clone(),
        digest: run.origin.source_digest.short().to_owned(),
        started: run.started_at.to_string(),
        rows_in: count(progress.source_rows),
        rows_kept: count(progress.customers),
        rows_left_out: count(progress.source_rows.saturating_sub(progress.customers)),
        stages: stages(run, &page),
        defects: defects.iter().map(|defect| defect_row(defect, &page)).collect(),
        number: list.page,
        more,
        page,
    };
    render(StatusCode::OK, &template)
}

fn stages(run: &Run, page: &Page) -> Vec<StageRow> {
    let row = |report: &winback_core::run::StageReport| StageRow {
        name: stage_name(report.stage, page),
        finished: report.finished_at.to_string(),
        seconds: format!("{:.1}", report.duration_ms as f64 / 1000.0),
        report: flat(&report.report),
    };
    run.stages.iter().map(row).collect()
}

fn stage_name(stage: Stage, page: &Page) -> &'static str {
    match stage {
        Stage::Import => page.s.stage_import,
        Stage::Train => page.s.stage_train,
        Stage::Assess => page.s.stage_assess,
        Stage::Plan => page.s.stage_plan,
        Stage::Write => page.s.stage_write,
    }
}

/// Returns the plain values of a report; its lists and objects stand in the API.
fn flat(report: &serde_json::Value) -> Vec<(String, String)> {
    let plain = |(name, value): (&String, &serde_json::Value)| {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(answer) => answer.to_string(),
            _ => return None,
        };
        Some((name.replace('_', " "), text))
    };
    report.as_object().into_iter().flatten().filter_map(plain).collect()
}

fn defect_row(defect: &Defect, page: &Page) -> DefectRow {
    let column = match (&defect.column, &defect.column_name) {
        (Some(number), Some(name)) => format!("{number} ({name})"),
        (Some(number), None) => number.to_string(),
        _ => "—".to_owned(),
    };
    let (outcome, tag) = page.s.outcome(defect.outcome);
    DefectRow { line: defect.line, column, outcome, tag, detail: defect.detail.clone() }
}
