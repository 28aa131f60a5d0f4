//! The model's card: how well it scores customers it has not seen, which columns it uses, what it cannot tell.
mod rows;

use super::{Page, context_or_empty, render};
use crate::charts::{self, CostCurve, Dot};
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill, said};
use crate::view::models::{self, ModelsView};
use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use rows::{DriftTold, EffectRow, Flips, GroupRow, ImportanceRow, Teller};
use winback_core::model::CurvePoint;
use winback_core::model::{Balance, CalibrationMethod, Metrics, ModelCard, Validation};
use winback_core::money::group_thousands;
use winback_core::portfolio::Context;
use winback_core::schema::{Column, Role};

#[derive(Template)]
#[template(path = "model.html")]
struct ModelPage {
    page: Page,
    version: String,
    card: Option<ModelCard>,
    dots: Vec<Dot>,
    columns: Vec<ColumnRow>,
    left_share: String,
    importance: Vec<ImportanceRow>,
    /// The effects, and the probability at which their scale ends.
    effects: (Vec<EffectRow>, String),
    warnings: Vec<String>,
    groups: Vec<(String, Vec<GroupRow>)>,
    /// Whether the table says of a column that it tells who a customer is.
    any_trait: bool,
    flips: Flips,
    drift: DriftTold,
    cost: Option<CostCurve>,
    others: ModelsView,
}

/// A column and what the model does with it.
struct ColumnRow {
    label: String,
    name: String,
    used: bool,
    how: String,
    missing: String,
}

impl ModelPage {
    fn count(&self, number: &u64) -> String {
        group_thousands(&number.to_string())
    }

    fn share(&self, number: &f64) -> String {
        format!("{:.1}%", number * 100.0)
    }

    /// Returns what the card says the model cannot tell, in the page's language where it is known there.
    fn limit(&self, limit: &str) -> String {
        said(limit, self.page.s.locale)
    }

    fn family(&self, family: &str) -> String {
        let s = self.page.s;
        let known =
            [("logistic", s.family_logistic), ("boosted", s.family_boosted), ("forest", s.family_forest), ("blend", s.family_blend)];
        known.iter().find(|(known, _)| *known == family).map_or_else(|| family.to_owned(), |(_, words)| (*words).to_owned())
    }

    fn measure(&self, value: &f64) -> String {
        format!("{value:.4}")
    }

    /// Returns what the card says of calibration, as sentences.
    fn calibration(&self, card: &ModelCard) -> String {
        let m = self.page.s.models;
        let told = match card.calibration.as_ref().map(|note| note.method) {
            None => m.calibration_none.to_owned(),
            Some(CalibrationMethod::None) => m.calibration_unchanged.to_owned(),
            Some(known) => fill(m.calibration_told, &[("method", method(known, self.page.s))]),
        };
        let balance = (card.balance == Balance::Oversample).then(|| m.calibration_balance.to_owned());
        self.page.s.joined(&[Some(told), balance].into_iter().flatten().collect::<Vec<_>>())
    }

    fn method(&self, known: &CalibrationMethod) -> &'static str {
        method(*known, self.page.s)
    }

    fn curve(&self, points: &[CurvePoint]) -> String {
        charts::curve(points)
    }

    fn down(&self, share: &f64) -> String {
        charts::down(*share)
    }

    fn roc_told(&self, validation: &Validation) -> String {
        fill(self.page.s.models.roc_told, &[("area", &self.measure(&validation.pooled.roc_auc))])
    }

    fn pr_told(&self, validation: &Validation) -> String {
        fill(self.page.s.models.pr_told, &[("base", &self.left_share), ("area", &self.measure(&validation.pooled.pr_auc))])
    }

    fn base(&self, card: &ModelCard) -> f64 {
        card.left as f64 / card.rows.max(1) as f64
    }

    fn importance_told(&self, validation: &Validation) -> String {
        let (rows, repeats) = (self.count(&validation.importance_rows), validation.importance_repeats.to_string());
        fill(self.page.s.models.importance_told, &[("rows", &rows), ("repeats", &repeats)])
    }

    fn others_unread(&self) -> String {
        fill(self.page.s.models.others_unread, &[("n", &self.others.unread.to_string())])
    }

    fn lift(&self, lift: &f64) -> String {
        format!("{lift:.2}")
    }

    fn metrics(&self, validation: &Validation) -> Vec<MetricRow> {
        let s = self.page.s;
        let row = |name: &'static str, told: &'static str, pick: fn(&Metrics) -> f64| MetricRow {
            name,
            told,
            mean: format!("{:.4}", pick(&validation.mean)),
            deviation: format!("{:.4}", pick(&validation.deviation)),
            pooled: format!("{:.4}", pick(&validation.pooled)),
            interval: validation.intervals.as_ref().map(|ends| format!("{:.4}–{:.4}", pick(&ends.low), pick(&ends.high))),
        };
        vec![
            row("ROC-AUC", s.metric_roc, |m| m.roc_auc),
            row("PR-AUC", s.metric_pr, |m| m.pr_auc),
            row("Log loss", s.metric_log_loss, |m| m.log_loss),
            row("Brier", s.metric_brier, |m| m.brier),
            row("ECE (10)", s.metric_ece, |m| m.ece10),
        ]
    }
}

/// A measure with what it means.
struct MetricRow {
    name: &'static str,
    told: &'static str,
    mean: String,
    deviation: String,
    pooled: String,
    /// The 95 % interval of the mean; absent on earlier cards.
    interval: Option<String>,
}

fn method(method: CalibrationMethod, s: &Strings) -> &'static str {
    match method {
        CalibrationMethod::None => s.models.method_none,
        CalibrationMethod::Platt => s.models.method_platt,
        CalibrationMethod::Beta => s.models.method_beta,
        CalibrationMethod::Isotonic => s.models.method_isotonic,
    }
}

pub(crate) async fn show(state: State<WebState>, visit: Extension<Visit>) -> Result<Response, Problem> {
    let context = match context_or_empty(&state, &visit).await? {
        Ok(context) => context,
        Err(empty) => return Ok(empty),
    };
    let page = Page::new(&visit, Some(&context));
    let card: Option<ModelCard> = serde_json::from_value(context.card.as_ref().clone()).ok();
    let dots = card.iter().filter_map(|card| card.validation.as_ref()).flat_map(|v| charts::reliability(&v.reliability)).collect();
    let share = card.as_ref().map_or(0.0, |card| card.left as f64 / card.rows.max(1) as f64);
    let columns = columns(&context, card.as_ref(), &page);
    let version = context.model.to_string();
    let watched = models::watched(&context)?;
    let others = models::read(&state, &context).await?;
    let teller = Teller { context: &context, s: page.s };
    let validation = card.as_ref().and_then(|card| card.validation.as_ref());
    let page = ModelPage {
        importance: validation.map(|held_out| teller.importance(&held_out.importance)).unwrap_or_default(),
        effects: teller.effects(card.as_ref().map_or(&[], |card| card.effects.as_slice())),
        warnings: card.as_ref().map(|card| rows::warnings(card, &context, page.s)).unwrap_or_default(),
        groups: validation.map(|held_out| teller.groups(&held_out.groups)).unwrap_or_default(),
        any_trait: context.table.columns.iter().any(|column| column.role == Role::Trait),
        flips: teller.flips(&watched),
        drift: teller.drift(&watched),
        cost: validation.and_then(|held_out| charts::cost(&held_out.calls)),
        others,
        left_share: format!("{:.1}%", share * 100.0),
        page,
        version,
        dots,
        columns,
        card,
    };
    render(StatusCode::OK, &page)
}

fn columns(context: &Context, card: Option<&ModelCard>, page: &Page) -> Vec<ColumnRow> {
    let note = |column: &Column| card.and_then(|card| card.columns.iter().find(|note| note.name == column.name));
    let row = |column: &Column| ColumnRow {
        label: column.label.get(page.s.locale).clone(),
        name: column.name.clone(),
        used: column.role.is_feature() && !note(column).is_some_and(|note| note.used_as.starts_with("not used")),
        how: how(column, note(column).map(|note| note.used_as.as_str()), page),
        missing: note(column).map_or_else(|| "—".to_owned(), |note| said(&note.missing, page.s.locale)),
    };
    let mut rows: Vec<ColumnRow> = context.table.columns.iter().map(row).collect();
    rows.sort_by_key(|row| !row.used);
    rows
}

fn how(column: &Column, noted: Option<&str>, page: &Page) -> String {
    let s = page.s;
    match &column.role {
        Role::Id => s.unused_id.to_owned(),
        Role::Label => s.unused_label.to_owned(),
        Role::ContractEnd => s.unused_date.to_owned(),
        Role::FirstName | Role::Email | Role::Phone => s.unused_personal.to_owned(),
        Role::Language => s.unused_language.to_owned(),
        Role::Unused { why } => why.clone(),
        _ => noted.map_or_else(|| s.used_feature.to_owned(), |noted| said(noted, s.locale)),
    }
}
