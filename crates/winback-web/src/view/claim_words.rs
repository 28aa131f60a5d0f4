//! What a claim states, in words: `減 15%`, `$89.85 a month`, `31 December 2026`.
use winback_core::claim::{Sense, Unit, Value};
use winback_core::locale::Locale;
use winback_core::money::Money;

/// Returns what was read of a claim, in a language.
pub(crate) fn say(value: &Value, locale: Locale) -> String {
    match value {
        Value::Percent { hundredths, sense } => sensed(&format!("{}%", decimal(*hundredths, 2)), *sense, locale),
        Value::Money { minor, currency, per, sense } => {
            let amount = currency.map_or_else(|| decimal(*minor, 2), |currency| Money::new(*minor, currency).to_string());
            match per {
                // What is paid every month is a price; the word for paying would say it twice.
                Some(unit) if *sense != Sense::Off => paid_per(&amount, *unit, locale),
                Some(unit) => paid_per(&sensed(&amount, *sense, locale), *unit, locale),
                None => sensed(&amount, *sense, locale),
            }
        }
        Value::Span { count, unit } => span(*count, *unit, locale),
        Value::Day { year, month, day } => calendar_day(*year, *month, *day, locale),
        Value::Number { thousandths, of } => match of {
            Some(of) => format!("{} {of}", decimal(*thousandths, 3)),
            None => decimal(*thousandths, 3),
        },
        Value::Contact { text } => text.clone(),
        Value::Name { name } => name.clone(),
        Value::Promise { words, .. } => words.clone(),
    }
}

/// Returns an amount with whether it is paid or taken off.
fn sensed(amount: &str, sense: Sense, locale: Locale) -> String {
    match (sense, locale) {
        (Sense::Plain, _) => amount.to_owned(),
        (Sense::Off, Locale::En) => format!("{amount} off"),
        (Sense::Off, Locale::ZhTw) => format!("減 {amount}"),
        (Sense::Off, Locale::ZhCn) => format!("减 {amount}"),
        (Sense::Paid, Locale::En) => format!("{amount} to pay"),
        (Sense::Paid, Locale::ZhTw | Locale::ZhCn) => format!("付 {amount}"),
    }
}

fn paid_per(amount: &str, unit: Unit, locale: Locale) -> String {
    match locale {
        Locale::En => format!("{amount} a {}", unit_words(unit, locale)),
        Locale::ZhTw | Locale::ZhCn => {
            let space = if amount.starts_with(['減', '减']) { "" } else { " " };
            format!("每{}{space}{amount}", unit_words(unit, locale).trim_start_matches(['個', '个']))
        }
    }
}

fn span(count: i64, unit: Unit, locale: Locale) -> String {
    let plural = if locale == Locale::En && count != 1 { "s" } else { "" };
    format!("{count} {}{plural}", unit_words(unit, locale))
}

/// Returns a unit of time as it stands after a number.
fn unit_words(unit: Unit, locale: Locale) -> &'static str {
    let [zh_tw, zh_cn, en] = match unit {
        Unit::Minute => ["分鐘", "分钟", "minute"],
        Unit::Hour => ["小時", "小时", "hour"],
        Unit::Day => ["天", "天", "day"],
        Unit::Week => ["週", "周", "week"],
        Unit::Month => ["個月", "个月", "month"],
        Unit::Quarter => ["季", "季", "quarter"],
        Unit::Year => ["年", "年", "year"],
    };
    match locale {
        Locale::ZhTw => zh_tw,
        Locale::ZhCn => zh_cn,
        Locale::En => en,
    }
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Returns a day as far as it is named.
fn calendar_day(year: Option<i16>, month: Option<i8>, day: Option<i8>, locale: Locale) -> String {
    if locale == Locale::En {
        let named = month.map(|month| {
            let place = usize::try_from(month - 1).ok();
            place.and_then(|place| MONTHS.get(place)).map_or_else(|| month.to_string(), |name| (*name).to_owned())
        });
        return [day.map(|day| day.to_string()), named, year.map(|year| year.to_string())]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
    }
    let part = |number: Option<i16>, unit: &str| number.map(|number| format!("{number} {unit}"));
    [part(year, "年"), part(month.map(i16::from), "月"), part(day.map(i16::from), "日")].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Returns a number kept in decimals without its trailing zeros: 1,350 hundredths are `13.5`.
fn decimal(number: i64, places: usize) -> String {
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    let rest = rest.trim_end_matches('0');
    let sign = if number < 0 { "−" } else { "" };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_core::money::Currency;

    #[test]
    fn every_value_is_said_in_every_language() {
        let check = |value: Value, expected: [&str; 3]| {
            assert_eq!(Locale::ALL.map(|locale| say(&value, locale)), expected, "{value:?}");
        };
        let money = |minor, currency: Option<&str>, per, sense| {
            let currency = currency.map(|code| Currency::parse(code).unwrap());
            Value::Money { minor, currency, per, sense }
        };
        check(Value::Percent { hundredths: 1_500, sense: Sense::Off }, ["減 15%", "减 15%", "15% off"]);
        check(Value::Percent { hundredths: 8_550, sense: Sense::Paid }, ["付 85.5%", "付 85.5%", "85.5% to pay"]);
        check(Value::Percent { hundredths: i64::MIN, sense: Sense::Plain }, ["−92233720368547758.08%"; 3]);
        check(money(8_985, Some("USD"), Some(Unit::Month), Sense::Paid), ["每月 $89.85", "每月 $89.85", "$89.85 a month"]);
        check(money(1_000, None, Some(Unit::Month), Sense::Off), ["每月減 10", "每月减 10", "10 off a month"]);
        check(money(1_350, None, None, Sense::Off), ["減 13.5", "减 13.5", "13.5 off"]);
        check(Value::Span { count: 1, unit: Unit::Year }, ["1 年", "1 年", "1 year"]);
        check(Value::Span { count: 6, unit: Unit::Month }, ["6 個月", "6 个月", "6 months"]);
        check(
            Value::Day { year: Some(2026), month: Some(12), day: Some(31) },
            ["2026 年 12 月 31 日", "2026 年 12 月 31 日", "31 December 2026"],
        );
        check(Value::Day { year: None, month: Some(99), day: None }, ["99 月", "99 月", "99"]);
        check(Value::Number { thousandths: 2_000, of: Some("lines".into()) }, ["2 lines"; 3]);
        check(Value::Contact { text: "0800000123".into() }, ["0800000123"; 3]);
    }
}
