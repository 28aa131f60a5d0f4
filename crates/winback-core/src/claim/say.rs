//! Saying a value in words, for the pages that show what a text claims.
use super::value::{Sense, Unit, Value};
use crate::locale::Locale;
use crate::money::Money;

impl Value {
    /// Returns the value in words of a language: `15% off`, `減 15%`, `12 months`.
    pub fn say(&self, locale: Locale) -> String {
        match self {
            Value::Percent { hundredths, sense } => sensed(&format!("{}%", decimal(*hundredths, 100)), *sense, locale),
            Value::Money { minor, currency, per, sense } => {
                let amount = currency.map_or_else(|| decimal(*minor, 100), |currency| Money::new(*minor, currency).to_string());
                let sensed = sensed(&amount, *sense, locale);
                match per {
                    // A price for a month is what is paid; only a saving needs its direction told.
                    Some(unit) if *sense == Sense::Paid => paid_per(&amount, *unit, locale),
                    Some(unit) => paid_per(&sensed, *unit, locale),
                    None => sensed,
                }
            }
            Value::Span { count, unit } => span(*count, *unit, locale),
            Value::Day { year, month, day } => date(*year, *month, *day, locale),
            Value::Number { thousandths, of } => {
                let number = if *thousandths == i64::MIN { "?".to_owned() } else { decimal(*thousandths, 1_000) };
                of.as_ref().map_or(number.clone(), |of| format!("{number} {of}"))
            }
            Value::Contact { text } => text.clone(),
            Value::Name { name } => name.clone(),
            Value::Promise { of, .. } => promise(of, locale),
        }
    }
}

fn decimal(value: i64, of: i64) -> String {
    if value == i64::MIN {
        return "?".to_owned();
    }
    let (whole, part) = (value / of, (value % of).abs());
    let width = of.ilog10() as usize;
    let fraction = format!("{part:0width$}");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
}

fn sensed(amount: &str, sense: Sense, locale: Locale) -> String {
    match (sense, locale) {
        (Sense::Off, Locale::ZhTw) => format!("減 {amount}"),
        (Sense::Off, Locale::ZhCn) => format!("减 {amount}"),
        (Sense::Off, Locale::En) => format!("{amount} off"),
        (Sense::Added, Locale::ZhTw | Locale::ZhCn) => format!("加 {amount}"),
        (Sense::Added, Locale::En) => format!("{amount} more"),
        (Sense::Paid, Locale::ZhTw) => format!("付 {amount}"),
        (Sense::Paid, Locale::ZhCn) => format!("付 {amount}"),
        (Sense::Paid, Locale::En) => format!("{amount} to pay"),
        (Sense::Plain, _) => amount.to_owned(),
    }
}

fn paid_per(amount: &str, unit: Unit, locale: Locale) -> String {
    let name = unit_name(unit, locale, 1);
    match locale {
        Locale::En => format!("{amount} a {name}"),
        _ => {
            let gap = if amount.starts_with(|c: char| c.is_ascii()) { " " } else { "" };
            format!("每{}{gap}{amount}", name.trim_start_matches(['個', '个']))
        }
    }
}

fn span(count: i64, unit: Unit, locale: Locale) -> String {
    format!("{count} {}", unit_name(unit, locale, count))
}

fn unit_name(unit: Unit, locale: Locale, count: i64) -> String {
    let [tw, cn, en] = match unit {
        Unit::Minute => ["分鐘", "分钟", "minute"],
        Unit::Hour => ["小時", "小时", "hour"],
        Unit::Day => ["天", "天", "day"],
        Unit::Week => ["週", "周", "week"],
        Unit::Month => ["個月", "个月", "month"],
        Unit::Quarter => ["季", "季", "quarter"],
        Unit::Year => ["年", "年", "year"],
    };
    match locale {
        Locale::ZhTw => tw.to_owned(),
        Locale::ZhCn => cn.to_owned(),
        Locale::En if count == 1 => en.to_owned(),
        Locale::En => format!("{en}s"),
    }
}

fn date(year: Option<i16>, month: Option<i8>, day: Option<i8>, locale: Locale) -> String {
    if year.is_none() && month.is_none() && day.is_none() {
        return match locale {
            Locale::ZhTw => "未說明確的日子".into(),
            Locale::ZhCn => "未说明确的日子".into(),
            Locale::En => "a day that is not named".into(),
        };
    }
    if locale != Locale::En {
        let part = |value: Option<String>, unit: &str| value.map(|value| format!("{value} {unit}"));
        let parts =
            [part(year.map(|y| y.to_string()), "年"), part(month.map(|m| m.to_string()), "月"), part(day.map(|d| d.to_string()), "日")];
        return parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    }
    let name = month.and_then(|month| usize::try_from(month - 1).ok()).and_then(|at| super::lexicon::MONTHS.get(at));
    let name = name.map(|name| format!("{}{}", name[..1].to_ascii_uppercase(), &name[1..]));
    let parts = [day.map(|day| day.to_string()), name, year.map(|year| year.to_string())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Returns what kind of promise it is; a thing is named by its own kind.
fn promise(of: &str, locale: Locale) -> String {
    let (denied, kind) = of.strip_prefix("not ").map_or((false, of), |kind| (true, kind));
    let [tw, cn, en] = match kind {
        "free" => ["免費", "免费", "something free"],
        "no_fee" => ["免某項費用", "免某项费用", "no fee"],
        "lower_price" => ["較低的費用", "较低的费用", "a lower price"],
        "same_price" => ["費用不變", "费用不变", "an unchanged price"],
        "price_rise" => ["漲價", "涨价", "a higher price"],
        "upgrade" => ["升級", "升级", "an upgrade"],
        "more_for_less" => ["更多內容", "更多内容", "more for the money"],
        "gift" => ["贈品", "赠品", "a gift"],
        "refund" => ["退費", "退款", "a refund"],
        "no_contract" => ["不綁約", "不绑约", "no contract"],
        "cancel" => ["隨時取消", "随时取消", "leaving at any time"],
        "ends_by_itself" => ["到期自動結束", "到期自动结束", "that it ends by itself"],
        "unlimited" => ["無上限", "无上限", "no limit"],
        "whole_range" => ["適用全部", "适用全部", "that it is for everything"],
        "first_ones" => ["首次或首月", "首次或首月", "something for the first ones"],
        "guarantee" => ["保證", "保证", "a guarantee"],
        "superlative" => ["最高級", "最高级", "a superlative"],
        "better" => ["更好", "更好", "something better"],
        "rivals" => ["與其他公司比較", "与其他公司比较", "something about other companies"],
        "urgency" => ["催促", "催促", "urgency"],
        "scarcity" => ["數量有限", "数量有限", "scarcity"],
        "exclusive" => ["專屬", "专属", "something exclusive"],
        "automatic" => ["已生效或自動生效", "已生效或自动生效", "something automatic or already done"],
        "award" => ["獎項或評分", "奖项或评分", "an award or a rating"],
        "lottery" => ["抽獎", "抽奖", "a prize draw"],
        "approval" => ["核准、法律或研究", "批准、法律或研究", "an approval, a law or a study"],
        "social_proof" => ["其他客戶的選擇", "其他客户的选择", "what other customers do"],
        "threat" => ["不利的後果", "不利的后果", "a threat"],
        "about_you" => ["關於客戶的事", "关于客户的事", "something about the customer"],
        "extension" => ["延長或續約", "延长或续约", "an extension"],
        "holiday" => ["節日", "节日", "a holiday"],
        "giving" => ["給予某物", "给予某物", "something to be got"],
        other => return other.replace('_', " "),
    };
    let said = match locale {
        Locale::ZhTw => tw,
        Locale::ZhCn => cn,
        Locale::En => en,
    };
    match (denied, locale) {
        (false, _) => said.to_owned(),
        (true, Locale::ZhTw) => format!("沒有：{said}"),
        (true, Locale::ZhCn) => format!("没有：{said}"),
        (true, Locale::En) => format!("not {said}"),
    }
}
