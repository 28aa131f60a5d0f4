//! Reasons in words: a summary that is read in ten seconds, and the detail that
//! adds up to the score.
use super::{Against, CauseSummary, CauseVerdict, Contradiction};
use crate::agents::comparison::Leaning;
use crate::agents::data_analyst::{PointedReason, RiskSummary, display_points};
use crate::campaign::PriceSensitivity;
use crate::customer::{Cell, Customer};
use crate::feature::FeatureSchema;
use crate::locale::{Locale, mid_sentence};
use crate::schema::{Column, Role, TableSchema, Theme};

/// The most words of an English summary: what is read aloud in about ten seconds at a glance.
pub const MOST_WORDS: usize = 60;
/// The most characters of a Chinese summary; a number counts as one.
pub const MOST_CHARACTERS: usize = 120;
/// More values than these are counted instead of told: a reason is read in a few seconds.
const MOST_VALUES: usize = 3;
/// A label is cut to so many words and characters where nothing else makes the summary short enough.
const CUT_WORDS: usize = 6;
const CUT_CHARACTERS: usize = 14;

/// A longer English word counts as two.
const LONG_WORD: usize = 20;

/// Returns how long a text takes to read: words in English, characters in Chinese, where each number or foreign word
/// counts as one and punctuation as nothing.
pub fn reading_length(text: &str, locale: Locale) -> usize {
    if locale == Locale::En {
        return text.split_whitespace().map(|word| word.chars().count().div_ceil(LONG_WORD)).sum();
    }
    let mut length = 0;
    let mut in_run = false;
    for c in text.chars() {
        let run = c.is_ascii_graphic();
        length += usize::from(if run { !in_run } else { c.is_alphanumeric() });
        in_run = run;
    }
    length
}

fn most(locale: Locale) -> usize {
    if locale == Locale::En { MOST_WORDS } else { MOST_CHARACTERS }
}

fn pick(locale: Locale, zh_tw: String, zh_cn: String, en: String) -> String {
    match locale {
        Locale::ZhTw => zh_tw,
        Locale::ZhCn => zh_cn,
        Locale::En => en,
    }
}

fn say<'a>(locale: Locale, zh_tw: &'a str, zh_cn: &'a str, en: &'a str) -> &'a str {
    match locale {
        Locale::ZhTw => zh_tw,
        Locale::ZhCn => zh_cn,
        Locale::En => en,
    }
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
    /// Returns the customer's own values behind a reason. Where there are several, one whose words do not say what
    /// it is gets its column's label: `Fiber optic, $92.90 a month`, `11 months, total charged $1,183.05`.
    pub fn values(&self, reason: &PointedReason) -> String {
        if let [column] = reason.columns.as_slice() {
            return self.value(*column, true);
        }
        let plain = |column: &&usize| self.speaks_for_itself(**column);
        let (mut shown, labelled): (Vec<&usize>, Vec<&usize>) = reason.columns.iter().partition(plain);
        shown.extend(labelled);
        let more = shown.len().saturating_sub(MOST_VALUES);
        let told: Vec<String> = shown.into_iter().take(MOST_VALUES).map(|&column| self.value(column, false)).collect();
        let told = told.join(say(self.locale, "，", "，", ", "));
        match more {
            0 => told,
            _ => {
                pick(self.locale, format!("{told}，另有 {more} 項"), format!("{told}，另有 {more} 项"), format!("{told}, and {more} more"))
            }
        }
    }

    /// Returns whether a value says what it is without its column's label, as `Fiber optic` and `11 months` do;
    /// a word that several columns share (yes, no) does not, nor does a bare number.
    fn speaks_for_itself(&self, column: usize) -> bool {
        let Some(about) = self.table.columns.get(column) else { return false };
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

    /// Returns a value; `named` where its column's name stands before it already.
    fn value(&self, column: usize, named: bool) -> String {
        let Some(about) = self.table.columns.get(column) else { return String::new() };
        let (label, shown) = (about.label.get(self.locale), self.customer.display(self.table, column, self.locale));
        let cell = self.customer.cells.get(column);
        if about.role == Role::MonthlyCharge && matches!(cell, Some(Cell::Money(_))) {
            return pick(self.locale, format!("每月 {shown}"), format!("每月 {shown}"), format!("{shown} a month"));
        }
        if named || self.speaks_for_itself(column) {
            return shown;
        }
        match (matches!(cell, Some(Cell::Number(_) | Cell::Money(_))), self.locale) {
            (true, Locale::En) => format!("{} {shown}", mid_sentence(label)),
            (true, _) => format!("{label} {shown}"),
            (false, Locale::En) => format!("{}: {shown}", mid_sentence(label)),
            (false, _) => format!("{label}：{shown}"),
        }
    }

    /// Returns what a reason is called; its name in files where the features no longer have it.
    fn label<'r>(&'r self, reason: &'r PointedReason) -> &'r str {
        self.features.group(reason.group).map_or(reason.name.as_str(), |group| group.label.get(self.locale))
    }

    /// Returns what the values behind a reason are compared with: first a comparison that goes the reason's way, then
    /// that of the leading column, if it is another one.
    fn beside(&self, reason: &PointedReason, risk: &RiskSummary) -> Vec<String> {
        let mut known: Vec<(Option<Leaning>, String)> = Vec::new();
        for &column in &reason.columns {
            let numbers = risk.comparisons.iter().filter(|one| one.column == column);
            // Of several columns, one whose value does not say what it is gets its name.
            let several = reason.columns.len() > 1;
            let name = self.name_of(column).filter(|_| several && !self.speaks_for_itself(column)).unwrap_or_default();
            known.extend(numbers.map(|one| (one.leaning, format!("{}{name}", one.beside(self.table, self.locale)))));
            let words = risk.words.iter().filter(|one| one.column == column);
            known.extend(words.map(|one| (one.leaning, one.beside(self.table, self.locale, several))));
        }
        let way = if reason.tenths > 0 { Leaning::More } else { Leaning::Less };
        let best = known.iter().position(|(leaning, _)| *leaning == Some(way)).unwrap_or_default();
        let chosen = if best == 0 { vec![0] } else { vec![best, 0] };
        chosen.into_iter().filter_map(|place| known.get(place)).map(|(_, words)| words.clone()).collect()
    }

    /// Returns a column's name in brackets; nothing for the monthly charge, which is known by its amount.
    fn name_of(&self, column: usize) -> Option<String> {
        let about = self.table.columns.get(column).filter(|column| column.role != Role::MonthlyCharge)?;
        let label = about.label.get(self.locale);
        Some(pick(self.locale, format!("（{label}）"), format!("（{label}）"), format!(" ({})", mid_sentence(label))))
    }

    /// Returns what a clue's period is, or that nobody said it; nothing where the name tells it already.
    fn period(&self, reason: &PointedReason) -> String {
        let columns: Vec<&Column> = reason.columns.iter().filter_map(|&column| self.table.columns.get(column)).collect();
        let mut periods: Vec<&str> =
            columns.iter().filter_map(|column| column.period.as_ref()).map(|p| p.get(self.locale).as_str()).collect();
        periods.dedup();
        if periods.is_empty() {
            let behaves = columns.first().is_some_and(|column| column.is_behaviour());
            return if behaves {
                say(self.locale, "期間未註明。", "期间未注明。", " Which period it covers is not known.").into()
            } else {
                String::new()
            };
        }
        let name = self.label(reason).to_lowercase();
        periods.retain(|period| !name.contains(&period.to_lowercase()));
        if periods.is_empty() {
            return String::new();
        }
        let periods = periods.join(say(self.locale, "、", "、", "; "));
        pick(self.locale, format!("期間：{periods}。"), format!("期间：{periods}。"), format!(" Period: {periods}."))
    }

    /// Returns one line of the detail: the reason's points and values, what they are compared with, and what to know
    /// about them.
    fn line(&self, reason: &PointedReason, causes: &CauseSummary, risk: &RiskSummary) -> String {
        let (label, values, points) = (self.label(reason), self.values(reason), display_points(reason.tenths));
        let beside: String =
            self.beside(reason, risk).into_iter().map(|beside| format!("{}{beside}", say(self.locale, "；", "；", "; "))).collect();
        let mut line = pick(
            self.locale,
            format!("{label}（{points} 個百分點）：{values}{beside}。"),
            format!("{label}（{points} 个百分点）：{values}{beside}。"),
            format!("{label} ({points} points): {values}{beside}."),
        );
        line.push_str(&self.period(reason));
        if reason.synthetic {
            line.push_str(say(
                self.locale,
                "這是模擬資料，不是這位客戶的實際行為。",
                "这是模拟数据，不是该客户的实际行为。",
                " Synthetic data, invented for demonstration: not what this customer did.",
            ));
        }
        let against = causes.contradictions.iter().find(|one| one.group == reason.group);
        line.push_str(against.map(|one| self.against(*one)).unwrap_or_default());
        line
    }

    fn against(&self, contradiction: Contradiction) -> &'static str {
        match contradiction.against {
            Against::Usual(Leaning::More) => say(
                self.locale,
                "與常見情況相反：這類客戶通常較常流失，但在這個分數裡卻降低了風險。",
                "与常见情况相反：这类客户通常更容易流失，但在这个分数里却降低了风险。",
                " This goes against the usual: such customers leave more often, yet here it lowers the score.",
            ),
            Against::Usual(Leaning::Less) => say(
                self.locale,
                "與常見情況相反：這類客戶通常較少流失，但在這個分數裡卻提高了風險。",
                "与常见情况相反：这类客户通常较少流失，但在这个分数里却提高了风险。",
                " This goes against the usual: such customers leave less often, yet here it raises the score.",
            ),
            Against::LowPrice => say(
                self.locale,
                "與比較結果相反：金額低於中位數，卻仍提高了風險。",
                "与比较结果相反：金额低于中位数，却仍提高了风险。",
                " This goes against the comparison: the amount is below the middle, yet it raises the score.",
            ),
            Against::HighPrice => say(
                self.locale,
                "與比較結果相反：金額高於中位數，卻仍降低了風險。",
                "与比较结果相反：金额高于中位数，却仍降低了风险。",
                " This goes against the comparison: the amount is above the middle, yet it lowers the score.",
            ),
        }
    }
}

/// How much of the reasons a summary says.
#[derive(Clone, Copy)]
struct Form {
    values: bool,
    comparisons: bool,
    protections: bool,
    cut: bool,
}

/// The forms, from the fullest to one that always fits.
const FORMS: [Form; 5] = [
    Form { values: true, comparisons: true, protections: true, cut: false },
    Form { values: true, comparisons: true, protections: false, cut: false },
    Form { values: true, comparisons: false, protections: false, cut: false },
    Form { values: false, comparisons: false, protections: false, cut: false },
    Form { values: false, comparisons: false, protections: false, cut: true },
];

impl CauseSummary {
    /// Returns the causes as a text of at most [`MOST_WORDS`] English words or [`MOST_CHARACTERS`] Chinese characters;
    /// each clause is one reason of the summary. What does not fit is left to [`CauseSummary::details`].
    pub fn text(&self, risk: &RiskSummary, voice: &Voice<'_>) -> String {
        let mut text = String::new();
        for form in FORMS {
            text = self.in_form(form, risk, voice);
            if reading_length(&text, voice.locale) <= most(voice.locale) {
                break;
            }
        }
        text
    }

    /// Returns the detail, a line each: every named reason, how all add up to the score, and what the data do not say.
    pub fn details(&self, risk: &RiskSummary, voice: &Voice<'_>) -> Vec<String> {
        let named = self.causes.iter().chain(&self.protections).map(|reason| voice.line(reason, self, risk));
        named.chain([self.sum_line(risk, voice.locale)]).chain(self.unsaid(risk, voice)).collect()
    }

    fn in_form(&self, form: Form, risk: &RiskSummary, voice: &Voice<'_>) -> String {
        let separator = say(voice.locale, "；", "；", "; ");
        let list = |reasons: &[PointedReason], compared: bool| {
            let one = |reason: &PointedReason| {
                clause(reason, form, voice, if compared { voice.beside(reason, risk).into_iter().next() } else { None })
            };
            reasons.iter().map(one).collect::<Vec<_>>().join(separator)
        };
        let (first, rest) = self.causes.split_at(self.verdict.leading().min(self.causes.len()));
        let mut text = format!("{}{}", self.heading(voice.locale), list(first, form.comparisons));
        if self.equals_left_out > 0 {
            text.push_str(&equals_words(self.equals_left_out, voice.locale));
        }
        if !first.is_empty() {
            text.push_str(say(voice.locale, "。", "。", "."));
        }
        if !rest.is_empty() {
            let rest = list(rest, false);
            text.push_str(&pick(voice.locale, format!("其次：{rest}。"), format!("其次：{rest}。"), format!(" Also: {rest}.")));
        }
        if form.protections && !self.protections.is_empty() {
            let kept = list(&self.protections, false);
            let (tw, cn) = (format!("有助於留住客戶的因素：{kept}。"), format!("有助于留住客户的因素：{kept}。"));
            text.push_str(&pick(voice.locale, tw, cn, format!(" In favour of staying: {kept}.")));
        }
        text
    }

    fn heading(&self, locale: Locale) -> &'static str {
        match self.verdict {
            CauseVerdict::NoDominantReason => say(
                locale,
                "沒有突出的原因：已知資料中，沒有任何一項使風險提高 1 個百分點或更多。",
                "没有突出的原因：已知数据中，没有任何一项使风险提高 1 个百分点或更多。",
                "No dominant reason: nothing known about this customer raises the risk by a percentage point or more.",
            ),
            CauseVerdict::OneMain => say(locale, "主要原因：", "主要原因：", "Main reason: "),
            CauseVerdict::TwoEqual => {
                say(locale, "兩個主要原因，影響相當：", "两个主要原因，影响相当：", "Two reasons weigh about the same: ")
            }
            CauseVerdict::ThreeEqual => {
                say(locale, "三個主要原因，影響相當：", "三个主要原因，影响相当：", "Three reasons weigh about the same: ")
            }
        }
    }

    /// Says how the named reasons and the others lead from the average customer to this one.
    fn sum_line(&self, risk: &RiskSummary, locale: Locale) -> String {
        let sum = self.sum;
        let (others, all) = (display_points(sum.others_tenths), display_points(sum.total_tenths - sum.base_tenths));
        let (base, total) = (plain_percent(sum.base_tenths), risk.probability);
        pick(
            locale,
            format!("其他因素合計：{others} 個百分點。由一般客戶的 {base} 到這位客戶的 {total}，合計 {all} 個百分點。"),
            format!("其他因素合计：{others} 个百分点。由一般客户的 {base} 到该客户的 {total}，合计 {all} 个百分点。"),
            format!(
                "All other reasons together: {others} points. From {base} for a typical customer to {total} for this one: {all} points."
            ),
        )
    }

    /// Says what the data leave open, so that nobody reads it into the reasons.
    fn unsaid(&self, risk: &RiskSummary, voice: &Voice<'_>) -> Vec<String> {
        let about = |theme: Theme| self.causes.iter().any(|cause| cause.theme == theme);
        let price = about(Theme::Price) && risk.price_sensitivity == PriceSensitivity::Unknown;
        let contract = about(Theme::Contract) && risk.contract_end.is_none();
        let lines = [
            (
                price,
                "這位客戶是否在意價格：資料看不出來。",
                "该客户是否在意价格：数据看不出来。",
                "Whether this customer minds the price: the data do not show it.",
            ),
            (contract, "合約何時到期：資料中沒有。", "合约何时到期：数据中没有。", "When the contract ends: the data do not say."),
            (
                true,
                "資料只是某一時點的狀況：看不出客戶何時可能離開。",
                "数据只是某一时点的情况：看不出客户何时可能离开。",
                "The data show one moment: when the customer may leave cannot be told.",
            ),
        ];
        lines.into_iter().filter(|(open, ..)| *open).map(|(_, tw, cn, en)| say(voice.locale, tw, cn, en).to_owned()).collect()
    }
}

fn clause(reason: &PointedReason, form: Form, voice: &Voice<'_>, beside: Option<String>) -> String {
    let label = if form.cut { cut(voice.label(reason), voice.locale) } else { voice.label(reason).to_owned() };
    let points = display_points(reason.tenths);
    // A label that is marked itself needs no second mark.
    let marked = label.contains(say(voice.locale, "模擬", "模拟", "synthetic"));
    let mark = if reason.synthetic && !marked { say(voice.locale, "，模擬資料", "，模拟数据", ", synthetic data") } else { "" };
    let beside = beside.map(|beside| format!("{}{beside}", say(voice.locale, "，", "，", ": "))).unwrap_or_default();
    let values = match (form.values, voice.locale) {
        (false, _) => String::new(),
        (true, Locale::En) => format!(" ({}{mark})", voice.values(reason)),
        (true, _) => format!("（{}{mark}）", voice.values(reason)),
    };
    pick(
        voice.locale,
        format!("{label}{values}，{points} 個百分點{beside}"),
        format!("{label}{values}，{points} 个百分点{beside}"),
        format!("{}{values}, {points} points{beside}", mid_sentence(&label)),
    )
}

fn equals_words(more: usize, locale: Locale) -> String {
    let en = if more == 1 { "; one more weighs the same".to_owned() } else { format!("; {more} more weigh the same") };
    pick(locale, format!("；另有 {more} 項影響相當"), format!("；另有 {more} 项影响相当"), en)
}

fn cut(label: &str, locale: Locale) -> String {
    let short = match locale {
        Locale::En => label.split_whitespace().take(CUT_WORDS).collect::<Vec<_>>().join(" "),
        Locale::ZhTw | Locale::ZhCn => label.chars().take(CUT_CHARACTERS).collect(),
    };
    let short: String = short.chars().take(CUT_CHARACTERS * 3).collect();
    if short.len() < label.trim().len() { format!("{short}…") } else { short }
}

/// Returns displayed tenths of a percent as a probability is shown.
fn plain_percent(tenths: i32) -> String {
    match tenths {
        ..1 => "<0.1%".into(),
        1000.. => ">99.9%".into(),
        _ => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}
