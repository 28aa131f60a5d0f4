//! What a person should know before believing an effect, in the words of the reader.
use crate::locale::Locale;
use crate::schema::Expectation;
use serde::{Deserialize, Serialize};

/// Something about a model that would mislead whoever does not know it. Columns stand by their names in the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// The effect of a number runs against what the business expects.
    SignAgainstSense {
        /// The column.
        column: String,
        /// What the business expects of leaving as the number grows.
        expected: Expectation,
        /// The least value of the effect curve.
        from: f64,
        /// The greatest value.
        to: f64,
        /// The mean probability at the least value.
        probability_from: f64,
        /// The mean probability at the greatest value.
        probability_to: f64,
        /// How far the curve moves as expected, all its stretches together, as a probability.
        along: f64,
        /// How far it moves the other way.
        against: f64,
        /// The columns that give this one nearly exactly, where there are such: then its effect is shared with theirs.
        explained_by: Vec<String>,
        /// Whether it is their product.
        product: bool,
    },
    /// Other columns give a number nearly exactly, so that its own effect cannot be told from theirs. Not told of a column
    /// whose sign is against business sense, for that warning says it already.
    Collinear {
        /// The column.
        column: String,
        /// The columns that give it, the one that tells most first.
        explained_by: Vec<String>,
        /// Whether it is their product (`tenure × MonthlyCharges`) rather than a sum of parts.
        product: bool,
        /// The share of its variance that they explain (adjusted R²).
        r_squared: f64,
    },
}

impl Warning {
    /// Returns the column the warning is about.
    pub fn column(&self) -> &str {
        match self {
            Self::SignAgainstSense { column, .. } | Self::Collinear { column, .. } => column,
        }
    }

    /// Returns the warning as sentences for people; `label` gives a column's name in that language.
    pub fn told(&self, locale: Locale, label: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::SignAgainstSense { column, expected, from, to, probability_from, probability_to, explained_by, product, .. } => {
                let ends = Ends { from: *from, to: *to, percent_from: 100.0 * probability_from, percent_to: 100.0 * probability_to };
                let mut text = against(locale, &label(column), *expected, &ends);
                if !explained_by.is_empty() {
                    text.push_str(&why(locale, &label(column), &together(locale, explained_by, *product, label)));
                }
                text
            }
            Self::Collinear { column, explained_by, product, r_squared } => {
                let percent = if *r_squared >= 0.9995 { 99.9 } else { 100.0 * r_squared };
                collinear(locale, &label(column), &together(locale, explained_by, *product, label), percent)
            }
        }
    }
}

struct Ends {
    from: f64,
    to: f64,
    percent_from: f64,
    percent_to: f64,
}

fn against(locale: Locale, label: &str, expected: Expectation, ends: &Ends) -> String {
    let Ends { from, to, percent_from, percent_to } = ends;
    let rises = expected == Expectation::Rises;
    match locale {
        Locale::En => {
            let should = if rises { "more customers should leave" } else { "fewer customers should leave" };
            format!(
                "{label}: by business sense {should} as it grows, but the model says otherwise: it gives a mean probability \
                 of leaving of {percent_from:.1} % at {from} and {percent_to:.1} % at {to}."
            )
        }
        Locale::ZhTw => {
            let should = if rises { "流失應該增加" } else { "流失應該減少" };
            format!(
                "{label}：依業務常識，數值越大，{should}，模型的結果卻相反：數值為 {from} 時，平均流失機率為 {percent_from:.1}%；{to} 時為 {percent_to:.1}%。"
            )
        }
        Locale::ZhCn => {
            let should = if rises { "流失应该增加" } else { "流失应该减少" };
            format!(
                "{label}：按业务常识，数值越大，{should}，模型的结果却相反：数值为 {from} 时，平均流失概率为 {percent_from:.1}%；{to} 时为 {percent_to:.1}%。"
            )
        }
    }
}

fn why(locale: Locale, label: &str, others: &str) -> String {
    match locale {
        Locale::En => format!(
            " {label} can be worked out almost entirely from {others}, so part of its effect is counted there: do not read this \
             curve by itself."
        ),
        Locale::ZhTw => format!("{label}幾乎可由{others}推算出來，部分影響已算在那些欄位裡，請勿單獨解讀這條曲線。"),
        Locale::ZhCn => format!("{label}几乎可由{others}推算出来，部分影响已算在那些字段里，请勿单独解读这条曲线。"),
    }
}

fn collinear(locale: Locale, label: &str, others: &str, percent: f64) -> String {
    match locale {
        Locale::En => format!(
            "{label} can be worked out almost entirely from {others} ({percent:.1} % of its differences). The model cannot tell their \
             effects apart: read them together."
        ),
        Locale::ZhTw => format!("{label}幾乎可由{others}推算出來（可解釋其 {percent:.1}% 的差異），模型無法分辨各自的影響，請合併解讀。"),
        Locale::ZhCn => format!("{label}几乎可由{others}推算出来（可解释其 {percent:.1}% 的差异），模型无法分辨各自的影响，请合并解读。"),
    }
}

fn together(locale: Locale, columns: &[String], product: bool, label: &dyn Fn(&str) -> String) -> String {
    let names: Vec<String> = columns.iter().map(|column| label(column)).collect();
    let and = match locale {
        _ if product => " × ",
        Locale::En => " and ",
        Locale::ZhTw => "與",
        Locale::ZhCn => "和",
    };
    match (names.split_last(), product) {
        (Some((last, first)), false) if !first.is_empty() => {
            let comma = if locale == Locale::En { ", " } else { "、" };
            format!("{}{and}{last}", first.join(comma))
        }
        _ => names.join(and),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(column: &str) -> String {
        format!("<{column}>")
    }

    #[test]
    fn a_warning_is_told_in_every_language() {
        let check = |warning: &Warning, locale: Locale, expected: &str| assert_eq!(warning.told(locale, &label), expected);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let sums = Warning::Collinear { column: "c".into(), explained_by: names(&["x", "y", "z"]), product: false, r_squared: 0.99993 };
        check(
            &sums,
            Locale::En,
            "<c> can be worked out almost entirely from <x>, <y> and <z> (99.9 % of its differences). The model cannot tell their effects \
             apart: read them together.",
        );
        check(&sums, Locale::ZhTw, "<c>幾乎可由<x>、<y>與<z>推算出來（可解釋其 99.9% 的差異），模型無法分辨各自的影響，請合併解讀。");
        let product = Warning::Collinear { column: "c".into(), explained_by: names(&["x", "y"]), product: true, r_squared: 0.998 };
        check(&product, Locale::ZhCn, "<c>几乎可由<x> × <y>推算出来（可解释其 99.8% 的差异），模型无法分辨各自的影响，请合并解读。");
        let sign = |explained_by: &[&str]| Warning::SignAgainstSense {
            column: "c".into(),
            expected: Expectation::Rises,
            from: 18.25,
            to: 118.6,
            probability_from: 0.312,
            probability_to: 0.204,
            along: 0.0,
            against: 0.108,
            explained_by: names(explained_by),
            product: false,
        };
        check(
            &sign(&[]),
            Locale::En,
            "<c>: by business sense more customers should leave as it grows, but the model says otherwise: it gives a mean \
             probability of leaving of 31.2 % at 18.25 and 20.4 % at 118.6.",
        );
        check(
            &sign(&["x"]),
            Locale::ZhTw,
            "<c>：依業務常識，數值越大，流失應該增加，模型的結果卻相反：數值為 18.25 時，平均流失機率為 31.2%；118.6 時為 20.4%。<c>幾乎可由<x>推算出來，\
             部分影響已算在那些欄位裡，請勿單獨解讀這條曲線。",
        );
    }
}
