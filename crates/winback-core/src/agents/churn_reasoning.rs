//! Churn reasoning: risk summary → cause summary. It adds no fact that is not in
//! the summary, and never tells a factor that lowers the risk as a cause.
use crate::agents::data_analyst::{PointedReason, RiskSummary, display_points};
use crate::customer::{Cell, Customer};
use crate::feature::FeatureSchema;
use crate::locale::{Locale, mid_sentence};
use crate::risk::Points;
use crate::schema::{Column, Role, TableSchema, Theme};
use serde::{Deserialize, Serialize};

/// A reason below one percentage point is not named as a cause.
pub const LEAST_TENTHS: i32 = 10;
/// Two causes whose points differ by at most a twentieth weigh the same.
const EQUAL_SHARE: i32 = 20;
const MOST_CAUSES: usize = 3;
const MOST_PROTECTIONS: usize = 2;
/// More values than these are counted instead of told: a reason is read in a few seconds.
const MOST_VALUES: usize = 3;

/// Why a customer may leave, in order of weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CauseSummary {
    /// Whether there is a story to tell.
    pub verdict: CauseVerdict,
    /// At most three reasons that raise the risk, the strongest first.
    pub causes: Vec<PointedReason>,
    /// At most two reasons that lower it, the strongest first.
    pub protections: Vec<PointedReason>,
}

/// Whether there is a story to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseVerdict {
    /// One reason stands out.
    OneMain,
    /// Two reasons weigh (nearly) the same.
    TwoEqual,
    /// No reason raises the risk enough to be named.
    NoDominantReason,
}

/// Returns why a customer may leave.
pub fn reason(summary: &RiskSummary) -> CauseSummary {
    let mut causes: Vec<PointedReason> = summary.reasons.iter().filter(|r| r.tenths >= LEAST_TENTHS).cloned().collect();
    causes.sort_by_key(|r| (-r.tenths, r.group));
    causes.truncate(MOST_CAUSES);
    let mut protections: Vec<PointedReason> = summary.reasons.iter().filter(|r| r.tenths <= -LEAST_TENTHS).cloned().collect();
    protections.sort_by_key(|r| (r.tenths, r.group));
    protections.truncate(MOST_PROTECTIONS);
    let verdict = match causes.as_slice() {
        [] => CauseVerdict::NoDominantReason,
        [first, second, ..] if (first.tenths - second.tenths) * EQUAL_SHARE <= first.tenths => CauseVerdict::TwoEqual,
        _ => CauseVerdict::OneMain,
    };
    CauseSummary { verdict, causes, protections }
}

/// Returns the group of the strongest reason that raises the risk and that an offer can answer. Who a customer
/// is (theme [`Theme::Profile`]) is never the reason for an offer.
pub fn main_group(points: &[Points], features: &FeatureSchema) -> Option<u16> {
    let answerable = |points: &&Points| points.tenths >= LEAST_TENTHS && features.groups[usize::from(points.group)].theme != Theme::Profile;
    points.iter().filter(answerable).max_by_key(|points| (points.tenths, std::cmp::Reverse(points.group))).map(|points| points.group)
}

/// What words for reasons are taken from.
pub struct Voice<'a> {
    /// The table.
    pub table: &'a TableSchema,
    /// The features and reasons.
    pub features: &'a FeatureSchema,
    /// The customer.
    pub customer: &'a Customer,
    /// The language.
    pub locale: Locale,
}

impl Voice<'_> {
    /// Returns a reason's name and the customer's own values behind it: `Contract: month-to-month`.
    pub fn reason(&self, reason: &PointedReason) -> String {
        let colon = if self.locale == Locale::En { ": " } else { "：" };
        format!("{}{colon}{}", self.label(reason), self.values(reason))
    }

    /// Returns the customer's own values behind a reason. Where there are several, one whose words do not say what
    /// it is gets its column's label: `Fiber optic, $92.90 a month`, `11 months, total charged $1,183.05`.
    pub fn values(&self, reason: &PointedReason) -> String {
        if let [column] = reason.columns.as_slice() {
            return self.customer.display(self.table, *column, self.locale);
        }
        let plain = |column: &&usize| self.speaks_for_itself(**column);
        let (mut shown, labelled): (Vec<&usize>, Vec<&usize>) = reason.columns.iter().partition(plain);
        shown.extend(labelled);
        let more = shown.len().saturating_sub(MOST_VALUES);
        let told: Vec<String> = shown.into_iter().take(MOST_VALUES).map(|&column| self.value(column)).collect();
        let told = told.join(if self.locale == Locale::En { ", " } else { "，" });
        match (more, self.locale) {
            (0, _) => told,
            (_, Locale::En) => format!("{told}, and {more} more"),
            (_, Locale::ZhTw) => format!("{told}，另有 {more} 項"),
            (_, Locale::ZhCn) => format!("{told}，另有 {more} 项"),
        }
    }

    /// Returns whether a value says what it is without its column's label, as `Fiber optic` and `11 months` do;
    /// a word that several columns share (yes, no) does not, nor does a bare number.
    fn speaks_for_itself(&self, column: usize) -> bool {
        let about = &self.table.columns[column];
        match self.customer.cells.get(column) {
            Some(Cell::Number(_)) => about.role == Role::Tenure,
            Some(Cell::Category(_)) => {
                let shown = self.customer.display(self.table, column, self.locale);
                let shares = |known: &Column| known.value_labels.values().any(|label| *label.get(self.locale) == shown);
                !self.table.columns.iter().enumerate().any(|(other, known)| other != column && shares(known))
            }
            _ => false,
        }
    }

    fn value(&self, column: usize) -> String {
        let about = &self.table.columns[column];
        let (label, shown) = (about.label.get(self.locale), self.customer.display(self.table, column, self.locale));
        if self.speaks_for_itself(column) {
            return shown;
        }
        let counted = matches!(self.customer.cells.get(column), Some(Cell::Number(_) | Cell::Money(_)));
        match (counted, self.locale) {
            (true, Locale::En) if about.role == Role::MonthlyCharge => format!("{shown} a month"),
            (true, Locale::En) => format!("{} {shown}", mid_sentence(label)),
            (true, _) => format!("{label} {shown}"),
            (false, Locale::En) => format!("{}: {shown}", mid_sentence(label)),
            (false, _) => format!("{label}：{shown}"),
        }
    }

    fn label(&self, reason: &PointedReason) -> &str {
        self.features.groups[usize::from(reason.group)].label.get(self.locale)
    }

    fn pointed(&self, reason: &PointedReason) -> String {
        let (label, values) = (self.label(reason), self.values(reason));
        let points = display_points(reason.tenths);
        match self.locale {
            Locale::En => format!("{} ({values}), {points} points", mid_sentence(label)),
            Locale::ZhTw => format!("{label}（{values}），{points} 個百分點"),
            Locale::ZhCn => format!("{label}（{values}），{points} 个百分点"),
        }
    }
}

impl CauseSummary {
    /// Returns the causes as text; each clause is one reason of the summary.
    pub fn text(&self, voice: &Voice<'_>) -> String {
        let list = |reasons: &[PointedReason]| {
            let separator = if voice.locale == Locale::En { "; " } else { "；" };
            reasons.iter().map(|reason| voice.pointed(reason)).collect::<Vec<_>>().join(separator)
        };
        let mut text = self.cause_text(voice.locale, list);
        if !self.protections.is_empty() {
            let kept = list(&self.protections);
            text.push_str(&match voice.locale {
                Locale::En => format!(" In favour of staying: {kept}."),
                Locale::ZhTw => format!("有助於留住客戶的因素：{kept}。"),
                Locale::ZhCn => format!("有助于留住客户的因素：{kept}。"),
            });
        }
        text
    }

    fn cause_text(&self, locale: Locale, list: impl Fn(&[PointedReason]) -> String) -> String {
        let leading = match self.verdict {
            CauseVerdict::NoDominantReason => {
                return match locale {
                    Locale::En => {
                        "No dominant reason: nothing known about this customer raises the risk by a percentage point or more.".into()
                    }
                    Locale::ZhTw => "沒有突出的原因：已知資料中，沒有任何一項使風險提高 1 個百分點或更多。".into(),
                    Locale::ZhCn => "没有突出的原因：已知数据中，没有任何一项使风险提高 1 个百分点或更多。".into(),
                };
            }
            CauseVerdict::OneMain => 1,
            CauseVerdict::TwoEqual => 2,
        };
        let (first, rest) = self.causes.split_at(leading);
        let (first, rest) = (list(first), (!rest.is_empty()).then(|| list(rest)));
        let heading = match (self.verdict, locale) {
            (CauseVerdict::TwoEqual, Locale::En) => "Two reasons weigh about the same: ",
            (_, Locale::En) => "Main reason: ",
            (CauseVerdict::TwoEqual, Locale::ZhTw) => "兩個主要原因，影響相當：",
            (CauseVerdict::TwoEqual, Locale::ZhCn) => "两个主要原因，影响相当：",
            (_, _) => "主要原因：",
        };
        match (rest, locale) {
            (Some(rest), Locale::En) => format!("{heading}{first}. Also: {rest}."),
            (None, Locale::En) => format!("{heading}{first}."),
            (Some(rest), _) => format!("{heading}{first}。其次：{rest}。"),
            (None, _) => format!("{heading}{first}。"),
        }
    }
}
