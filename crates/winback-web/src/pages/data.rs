//! The data page: what came in, which rows were rejected or changed, and why.
use super::{Page, context_or_empty, render};
use crate::guard::Visit;
use crate::list_query::ListState;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill, said};
use crate::view::runs::{self, OtherRunView};
use crate::view::{Amount, seconds};
use crate::words;
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize as _;
use winback_core::defect::Defect;
use winback_core::likeness::Likeness;
use winback_core::locale::Locale;
use winback_core::money::group_thousands;
use winback_core::portfolio::Context;
use winback_core::run::StageReport;

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    page: Page,
    other_run: Option<OtherRunView>,
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
    /// The line as the title of a card, on a narrow screen.
    row: String,
    column: String,
    issue: &'static str,
    outcome: &'static str,
    tag: &'static str,
    detail: String,
    /// Whether the detail stands in English although the page does not.
    english: bool,
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
        other_run: runs::other(&state, &context, page.s).await?,
        source: run.origin.source.clone(),
        digest: run.origin.source_digest.short().to_owned(),
        started: run.started_at.to_string(),
        rows_in: count(progress.source_rows),
        rows_kept: count(progress.customers),
        rows_left_out: count(progress.source_rows.saturating_sub(progress.customers)),
        stages: stages(&context, &page),
        defects: defects.iter().map(|defect| defect_row(defect, &page)).collect(),
        number: list.page,
        more,
        page,
    };
    render(StatusCode::OK, &template)
}

fn stages(context: &Context, page: &Page) -> Vec<StageRow> {
    let row = |report: &StageReport| StageRow {
        name: page.s.stage(report.stage),
        finished: report.finished_at.to_string(),
        seconds: seconds(report.duration_ms, page.s),
        report: flat(&report.report, context, page.s),
    };
    context.run.stages.iter().map(row).collect()
}

/// The numbers that lead a report, in the order in which a person asks for them.
const LEADING: [&str; 8] = ["source_rows", "accepted", "customers", "planned", "assessed", "ready", "held", "messages"];

/// Returns the plain values of a report in words, and how alike its mails are; other lists and objects stand in the API.
fn flat(report: &serde_json::Value, context: &Context, s: &Strings) -> Vec<(String, String)> {
    let plain = |(name, value): (&String, &serde_json::Value)| {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) if name.ends_with("_minor") => Amount::spent(context, number.as_i64()?).text,
            serde_json::Value::Number(number) => group_thousands(&number.to_string()),
            serde_json::Value::Bool(answer) => if *answer { s.yes } else { s.no }.to_owned(),
            _ => return None,
        };
        Some((s.report(name).map_or_else(|| name.replace('_', " "), str::to_owned), text))
    };
    let mut values: Vec<_> = report.as_object().into_iter().flatten().collect();
    values.sort_by_key(|(name, _)| (LEADING.iter().position(|leading| leading == name).unwrap_or(LEADING.len()), *name));
    values.into_iter().filter_map(plain).chain(likeness(report, s)).collect()
}

/// Returns how alike the mails of a report are, a language each.
fn likeness(report: &serde_json::Value, s: &Strings) -> Vec<(String, String)> {
    let count = |number: u64| group_thousands(&number.to_string());
    let told = |locale: Locale| {
        let likeness = Likeness::deserialize(report.get("likeness")?.get(locale.tag())?).ok()?;
        let (mails, contents, texts) = (count(likeness.compared), count(likeness.contents), count(likeness.texts));
        let share = words::percent(likeness.share());
        let values = [("mails", &mails), ("contents", &contents), ("texts", &texts), ("share", &share)];
        let name = fill(s.report_mails, &[("language", s.language(locale))]);
        Some((name, fill(s.report_likeness, &values.map(|(name, value)| (name, value.as_str())))))
    };
    Locale::ALL.into_iter().filter_map(told).collect()
}

fn defect_row(defect: &Defect, page: &Page) -> DefectRow {
    let column = match (&defect.column, &defect.column_name) {
        (Some(number), Some(name)) => format!("{number} ({name})"),
        (Some(number), None) => number.to_string(),
        _ => "—".to_owned(),
    };
    let (outcome, tag) = page.s.outcome(defect.outcome);
    let detail = said(&defect.detail, page.s.locale);
    let english = page.s.locale != Locale::En && detail == defect.detail;
    let row = fill(page.s.defect_row, &[("line", &defect.line.to_string())]);
    DefectRow { line: defect.line, row, column, issue: page.s.issue(defect.problem), outcome, tag, detail, english }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeness_of_mails_is_told_for_each_language_there_is() {
        let en = serde_json::json!({ "compared": 1200, "left_out": 0, "contents": 61, "texts": 148, "near_duplicates": 408 });
        let report = serde_json::json!({ "ready": 400, "likeness": { "en": en } });
        let told = |locale: Locale| likeness(&report, Strings::of(locale));
        assert_eq!(
            told(Locale::En),
            [("mails in English".into(), "1,200; different contents: 61, different texts: 148, nearly like another: 34.0%".into())]
        );
        assert_eq!(told(Locale::ZhTw), [("電子郵件（English）".into(), "1,200 封，61 種內容、148 種文字；34.0% 與其他郵件近似".into())]);
        assert_eq!(likeness(&serde_json::json!({ "ready": 1 }), Strings::of(Locale::En)), []);
    }
}
