//! The data analyst: assessment → risk summary. Every number in its summary is
//! the model's or the table's own.
use crate::agents::campaign_designer::price_sensitivity;
use crate::agents::comparison::{self, Comparison, WordComparison};
use crate::campaign::PriceSensitivity;
use crate::customer::Customer;
use crate::feature::UnknownGroup;
use crate::id::CustomerId;
use crate::locale::Locale;
use crate::money::Money;
use crate::pipeline::assess::Explainer;
use crate::risk::{
    Measure, ModelVersion, Probability, Reason, RiskAssessment, RiskLevel, RiskThresholds, ValueBounds, ValueBy, ValueTier, logistic,
    points,
};
use crate::schema::{Role, TableSchema, Theme};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Everything the data analyst looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnalystInput {
    /// The customer.
    pub customer: CustomerId,
    /// The model that scored.
    pub model: ModelVersion,
    /// The model's score in log-odds.
    pub log_odds: f64,
    /// The score of the average customer in log-odds.
    pub base: f64,
    /// Every reason group with its part of the score, in the order of the feature schema.
    pub reasons: Vec<RawReason>,
    /// From which probability a customer is at medium and at high risk.
    pub risk_thresholds: [f64; 2],
    /// What the customer's value is measured by.
    pub value_by: ValueBy,
    /// From where on a customer is of mid and of high value.
    pub value_bounds: [Measure; 2],
    /// What the customer has of what the value is measured by.
    pub value: Option<Measure>,
    /// The monthly charge in minor units.
    pub monthly_minor: Option<i64>,
    /// The customer's numbers beside the peers'.
    pub comparisons: Vec<Comparison>,
    /// How many customers with the same words left.
    pub words: Vec<WordComparison>,
    /// How the customer takes to prices, as far as the peers tell.
    pub price_sensitivity: PriceSensitivity,
    /// The day the contract ends, where the table says it.
    #[schemars(with = "Option<String>")]
    pub contract_end: Option<Date>,
    /// How many features were empty.
    pub imputed: u16,
}

/// One reason group's part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RawReason {
    /// The group's place in the feature schema.
    pub group: u16,
    /// The group's name in files.
    pub name: String,
    /// What the reason is about.
    pub theme: Theme,
    /// The signed part of the score, in log-odds.
    pub log_odds: f64,
    /// The columns behind it with their places in the table, the leading one first.
    pub columns: Vec<usize>,
    /// Whether the values were invented for demonstration.
    pub synthetic: bool,
}

/// What is known about a customer's risk, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RiskSummary {
    /// The customer.
    pub customer: CustomerId,
    /// The model that scored.
    pub model: ModelVersion,
    /// The probability of leaving.
    pub probability: Probability,
    /// The probability of the average customer.
    pub base_probability: f64,
    /// The level under the run's thresholds.
    pub level: RiskLevel,
    /// What the customer's value is measured by.
    pub value_by: ValueBy,
    /// What the customer has of it.
    pub value: Option<Measure>,
    /// The value tier; `None` when nothing is known of what it is measured by.
    pub tier: Option<ValueTier>,
    /// The monthly charge in minor units.
    pub monthly_minor: Option<i64>,
    /// Every reason in points, the strongest first.
    pub reasons: Vec<PointedReason>,
    /// How the customer's numbers compare with the peers'.
    pub comparisons: Vec<Comparison>,
    /// How many customers with the same words left.
    pub words: Vec<WordComparison>,
    /// How the customer takes to prices, as far as the peers tell.
    pub price_sensitivity: PriceSensitivity,
    /// The day the contract ends; without one nothing is said about the contract ending.
    #[schemars(with = "Option<String>")]
    pub contract_end: Option<Date>,
    /// How many features were empty and filled by what the model learned; above 0 the score is less certain.
    pub imputed: u16,
}

/// One reason with its points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PointedReason {
    /// The reason group's place in the feature schema.
    pub group: u16,
    /// The group's name in files.
    pub name: String,
    /// What the reason is about.
    pub theme: Theme,
    /// Tenths of a percentage point, signed; above 0 raises the risk.
    pub tenths: i32,
    /// The columns behind it with their places in the table, the leading one first.
    pub columns: Vec<usize>,
    /// Whether the values were invented for demonstration.
    pub synthetic: bool,
}

impl AnalystInput {
    /// Gathers what is stored about a customer; an error where the score has reasons that the schema does not have.
    pub fn gather(explainer: &Explainer<'_>, customer: &Customer, assessment: &RiskAssessment) -> Result<Self, AnalystError> {
        let reasons: Result<_, _> = assessment.reasons.iter().map(|reason| raw_reason(explainer, reason)).collect();
        Ok(Self {
            customer: customer.id.clone(),
            model: explainer.model.clone(),
            log_odds: assessment.log_odds,
            base: assessment.base,
            reasons: reasons.map_err(|source| AnalystError::OtherSchema { customer: customer.id.clone(), source })?,
            risk_thresholds: [explainer.thresholds.medium(), explainer.thresholds.high()],
            value_by: explainer.bounds.by(),
            value_bounds: [explainer.bounds.mid(), explainer.bounds.high()],
            value: customer.measure(explainer.table, explainer.bounds.by()),
            monthly_minor: customer.monthly_charge(explainer.table).map(|money| money.minor),
            comparisons: comparison::numbers(explainer, customer),
            words: comparison::words(explainer, customer),
            price_sensitivity: price_sensitivity(explainer.table, explainer.peers, customer),
            contract_end: customer.text(explainer.table, &Role::ContractEnd).and_then(|day| day.parse().ok()),
            imputed: assessment.imputed,
        })
    }
}

fn raw_reason(explainer: &Explainer<'_>, reason: &Reason) -> Result<RawReason, UnknownGroup> {
    let group = explainer.features.group(reason.group)?;
    let features: Vec<_> = group.features.iter().filter_map(|&feature| explainer.features.features.get(feature)).collect();
    Ok(RawReason {
        group: reason.group,
        name: group.name.clone(),
        theme: group.theme,
        log_odds: reason.log_odds,
        columns: features.iter().map(|feature| feature.column).collect(),
        synthetic: features.iter().any(|feature| feature.synthetic),
    })
}

/// Why an input cannot be analysed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalystError {
    /// The score is no number.
    #[error("the score of customer {0} is no number")]
    NoScore(CustomerId),
    /// The score was made with another schema.
    #[error("the reasons of customer {customer} cannot be told")]
    OtherSchema {
        /// The customer.
        customer: CustomerId,
        /// The reason that the schema does not have.
        #[source]
        source: UnknownGroup,
    },
    /// The thresholds leave a level empty.
    #[error(transparent)]
    Thresholds(#[from] crate::risk::ThresholdError),
    /// The value bounds leave a tier empty, or are in another unit than the value.
    #[error(transparent)]
    Bounds(#[from] crate::risk::BoundsError),
}

/// Returns the summary of what is known about a customer's risk.
pub fn analyse(input: &AnalystInput) -> Result<RiskSummary, AnalystError> {
    let probability = Probability::from_log_odds(input.log_odds).map_err(|_| AnalystError::NoScore(input.customer.clone()))?;
    let ([medium, high], [mid, top]) = (input.risk_thresholds, input.value_bounds);
    let mut reasons = pointed_reasons(input);
    reasons.sort_by_key(|reason| (-reason.tenths.abs(), reason.group));
    Ok(RiskSummary {
        customer: input.customer.clone(),
        model: input.model.clone(),
        probability,
        base_probability: logistic(input.base),
        level: RiskThresholds::new(medium, high)?.level(probability),
        value_by: input.value_by,
        value: input.value,
        tier: ValueBounds::new(input.value_by, mid, top)?.tier(input.value).ok(),
        monthly_minor: input.monthly_minor,
        reasons,
        comparisons: input.comparisons.clone(),
        words: input.words.clone(),
        price_sensitivity: input.price_sensitivity,
        contract_end: input.contract_end,
        imputed: input.imputed,
    })
}

fn pointed_reasons(input: &AnalystInput) -> Vec<PointedReason> {
    let parts: Vec<Reason> = input.reasons.iter().map(|raw| Reason { group: raw.group, log_odds: raw.log_odds }).collect();
    let points = points(input.log_odds, input.base, &parts);
    let pointed = input.reasons.iter().zip(points).map(|(raw, points)| PointedReason {
        group: raw.group,
        name: raw.name.clone(),
        theme: raw.theme,
        tenths: points.tenths,
        columns: raw.columns.clone(),
        synthetic: raw.synthetic,
    });
    pointed.collect()
}

/// Returns tenths of a percentage point as people read them: `+12.3`, `−0.4`.
pub fn display_points(tenths: i32) -> String {
    let sign = if tenths < 0 { "−" } else { "+" };
    let size = tenths.unsigned_abs();
    format!("{sign}{}.{}", size / 10, size % 10)
}

/// Returns a risk level in a language.
pub fn level_word(level: RiskLevel, locale: Locale) -> &'static str {
    match (level, locale) {
        (RiskLevel::High, Locale::En) => "high",
        (RiskLevel::Medium, Locale::En) => "medium",
        (RiskLevel::Low, Locale::En) => "low",
        (RiskLevel::High, _) => "高",
        (RiskLevel::Medium, _) => "中",
        (RiskLevel::Low, _) => "低",
    }
}

/// Returns a value tier in a language; without one, that the value is unknown.
pub fn tier_word(tier: Option<ValueTier>, locale: Locale) -> &'static str {
    match (tier, locale) {
        (Some(ValueTier::High), Locale::En) => "high",
        (Some(ValueTier::Mid), Locale::En) => "mid",
        (Some(ValueTier::Low), Locale::En) => "low",
        (None, Locale::En) => "unknown",
        (Some(ValueTier::High), _) => "高",
        (Some(ValueTier::Mid), _) => "中",
        (Some(ValueTier::Low), _) => "低",
        (None, _) => "未知",
    }
}

impl RiskSummary {
    /// Returns the summary in a sentence or two, in a language.
    pub fn text(&self, table: &TableSchema, locale: Locale) -> String {
        let mut text = self.score_sentence(locale);
        text.push_str(&self.value_sentence(table, locale));
        if self.imputed > 0 {
            text.push_str(&match locale {
                Locale::En if self.imputed == 1 => " One input was empty, so the score is less certain.".into(),
                Locale::En => format!(" {} inputs were empty, so the score is less certain.", self.imputed),
                Locale::ZhTw => format!("有 {} 項資料空白，因此這個分數較不確定。", self.imputed),
                Locale::ZhCn => format!("有 {} 项数据为空，因此这个分数的把握较低。", self.imputed),
            });
        }
        text
    }

    /// Returns what makes the numbers understandable, a sentence each: comparisons with named peers, and the end of
    /// the contract where it is known.
    pub fn background(&self, table: &TableSchema, locale: Locale) -> Vec<String> {
        let end = self.contract_end.map(|day| match locale {
            Locale::En => format!("End of the contract: {}.", day.strftime("%-d %B %Y")),
            Locale::ZhTw => format!("合約到期日：{} 年 {} 月 {} 日。", day.year(), day.month(), day.day()),
            Locale::ZhCn => format!("合约到期日：{} 年 {} 月 {} 日。", day.year(), day.month(), day.day()),
        });
        self.comparisons.iter().map(|comparison| comparison.text(table, locale)).chain(end).collect()
    }

    fn score_sentence(&self, locale: Locale) -> String {
        let (p, level) = (self.probability, level_word(self.level, locale));
        let base = Probability::new(self.base_probability).map(|base| base.to_string()).unwrap_or_default();
        match locale {
            Locale::En => format!("The probability of leaving is {p} ({level} risk); for a typical customer it is {base}."),
            Locale::ZhTw => format!("流失機率為 {p}，屬{level}風險；一般客戶為 {base}。"),
            Locale::ZhCn => format!("流失概率为 {p}，属{level}风险；一般客户为 {base}。"),
        }
    }

    fn value_sentence(&self, table: &TableSchema, locale: Locale) -> String {
        let tier = tier_word(self.tier, locale);
        let charge = self.monthly_minor.map(|minor| Money::new(minor, table.currency));
        match (charge, locale) {
            _ if !self.value_by.is_monthly() => {
                charge.map(|charge| pays(charge, locale)).unwrap_or_default() + &self.measured(table, locale)
            }
            (Some(charge), Locale::En) => format!(" Pays {charge} a month ({tier} value)."),
            (Some(charge), Locale::ZhTw) => format!("每月支付 {charge}，價值等級為{tier}。"),
            (Some(charge), Locale::ZhCn) => format!("每月支付 {charge}，价值等级为{tier}。"),
            (None, Locale::En) => " The monthly charge is not known, so neither is the value tier.".into(),
            (None, Locale::ZhTw) => "月費未知，因此無法判定價值等級。".into(),
            (None, Locale::ZhCn) => "月费未知，因此无法判定价值等级。".into(),
        }
    }

    /// Returns the tier with what it is measured by, where that is not the monthly charge.
    fn measured(&self, table: &TableSchema, locale: Locale) -> String {
        let (label, tier) = (self.value_by.label(table), tier_word(self.tier, locale));
        let label = label.get(locale);
        let value = self.value.map(|value| value.display(self.value_by, table, locale));
        match (value, locale) {
            (Some(value), Locale::En) => format!(" {label}: {value} ({tier} value)."),
            (Some(value), Locale::ZhTw) => format!("{label}：{value}，價值等級為{tier}。"),
            (Some(value), Locale::ZhCn) => format!("{label}：{value}，价值等级为{tier}。"),
            (None, Locale::En) => format!(" {label}: not known, so neither is the value tier."),
            (None, Locale::ZhTw) => format!("{label}：未知，因此無法判定價值等級。"),
            (None, Locale::ZhCn) => format!("{label}：未知，因此无法判定价值等级。"),
        }
    }
}

fn pays(charge: Money, locale: Locale) -> String {
    match locale {
        Locale::En => format!(" Pays {charge} a month."),
        Locale::ZhTw => format!("每月支付 {charge}。"),
        Locale::ZhCn => format!("每月支付 {charge}。"),
    }
}
