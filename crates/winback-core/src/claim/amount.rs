//! What a number counts: percent, money, a span of time, or something else.
use super::around::{period, sense};
use super::compare::Compare;
use super::context::{floor, sentence};
use super::numeral::{self, Numeral};
use super::reader::Reading;
use super::value::{Sense, Unit, Value};
use crate::money::Currency;
use std::ops::Range;

/// A number with its unit.
pub(super) struct Amount {
    pub span: Range<usize>,
    pub value: Value,
    pub compare: Compare,
}

/// Returns the amount a numeral at a place states; `None` where a Chinese numeral alone counts nothing.
pub(super) fn at(text: &str, start: usize, mut number: Numeral, reading: &Reading) -> Option<Amount> {
    multiply(text, &mut number);
    let prefix = currency_before(text, start, reading);
    let span_start = prefix.as_ref().map_or(start, |(at, _)| *at);
    if let Some((denominator, end)) = part_of(text, &number) {
        return Some(percent(text, start..end, share(number.thousandths, denominator)));
    }
    if let Some((currency, end)) = prefix.map(|(_, currency)| (currency, number.end)).or_else(|| currency_after(text, &number, reading)) {
        return Some(money(text, span_start..end, &number, currency));
    }
    if let Some((end, hundredths, off)) = percent_after(text, &number) {
        let mut amount = percent(text, start..end, hundredths);
        if let (true, Value::Percent { sense, .. }) = (off, &mut amount.value) {
            *sense = Sense::Off;
        }
        return Some(amount);
    }
    if let Some((unit, end)) = unit_after(text, number.end) {
        return time(text, start..end, &number, unit, reading);
    }
    let counted = counted_after(text, number.end);
    if number.weak && counted.is_none() {
        return None;
    }
    let one = number.weak && number.thousandths == Some(1_000);
    if one && counted.as_deref() != Some("倍") {
        return None;
    }
    let value = Value::Number { thousandths: number.thousandths.unwrap_or(i64::MIN), of: counted };
    Some(Amount { compare: Compare::around(text, &(start..number.end)), span: start..number.end, value })
}

fn multiply(text: &str, number: &mut Numeral) {
    let rest = text[number.end..].trim_start_matches([' ', '\u{A0}']);
    let words = [
        ("萬", 10_000),
        ("万", 10_000),
        ("億", 100_000_000),
        ("亿", 100_000_000),
        ("千", 1_000),
        ("百", 100),
        ("hundred", 100),
        ("thousand", 1_000),
        ("million", 1_000_000),
    ];
    for (word, factor) in words {
        if rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            number.end = text.len() - rest.len() + word.len();
            number.thousandths = number.thousandths.and_then(|value| value.checked_mul(factor));
            number.weak = false;
            return;
        }
    }
}

/// Returns the percentage behind `分之`: `百分之十五`, `三分之一`.
fn part_of(text: &str, number: &Numeral) -> Option<(Option<i64>, usize)> {
    let rest = text[number.end..].strip_prefix("分之")?;
    let start = text.len() - rest.len();
    let of = numeral::at(text, start)?;
    Some((of.thousandths, of.end))
}

fn share(of: Option<i64>, part: Option<i64>) -> Option<i64> {
    let (of, part) = (of?, part?);
    part.checked_mul(10_000)?.checked_add(of / 2)?.checked_div(of)
}

fn percent(text: &str, span: Range<usize>, hundredths: Option<i64>) -> Amount {
    let sense = if of_people(text, span.end) { Sense::Paid } else { sense(text, &span) };
    let compare = Compare::around(text, &span);
    Amount { value: Value::Percent { hundredths: hundredths.unwrap_or(i64::MIN), sense }, compare, span }
}

/// Returns whether a percentage is a share of people, not of a price.
fn of_people(text: &str, end: usize) -> bool {
    let rest = text[end..].trim_start();
    let after = |word: &str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let of_bill = ["of your bill", "of your monthly", "of the monthly", "of the price", "of your price", "of the charge", "of your charge"];
    (after("of ") && !of_bill.iter().any(|words| after(words)))
        || after("的客戶")
        || after("的客户")
        || after("的用戶")
        || after("的用户")
        || after("的人")
}

/// Returns the end, the hundredths of a percent, and whether it is taken off: `%`, `成`, `折`.
fn percent_after(text: &str, number: &Numeral) -> Option<(usize, Option<i64>, bool)> {
    let rest = text[number.end..].trim_start_matches([' ', '\u{A0}', '\u{3000}', '-']);
    let start = text.len() - rest.len();
    let words = [
        "%",
        "％",
        "﹪",
        "percentage points",
        "percentage point",
        "percent",
        "per cent",
        "per-cent",
        "pct",
        "個百分點",
        "个百分点",
        "百分點",
        "百分点",
        "趴",
    ];
    if let Some(word) = words.iter().find(|word| rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))) {
        return Some((start + word.len(), number.thousandths.and_then(|value| value.checked_mul(100)?.checked_div(1_000)), false));
    }
    if rest.starts_with('折') && !rest.starts_with("折騰") {
        let tenths = number.thousandths.map(|value| if number.digits >= 2 && value >= 10_000 { value / 10 } else { value });
        return Some((start + '折'.len_utf8(), tenths.map(|tenths| 10_000 - tenths), true));
    }
    let after = rest.strip_prefix('成')?;
    if after.starts_with(['為', '为', '功', '長', '长', '立', '本', '果', '員', '员', '交', '就', '品', '熟', '分']) {
        return None;
    }
    // 三成五 is 35 %.
    let five = after
        .chars()
        .next()
        .filter(|c| numeral::is_chinese_numeral(*c))
        .and_then(|_| numeral::at(text, start + 3))
        .filter(|next| next.digits == 1);
    let end = five.map_or(start + 3, |next| next.end);
    let more = five.and_then(|next| next.whole()).unwrap_or(0);
    Some((end, number.thousandths.and_then(|value| value.checked_add(more * 100)), false))
}

const BEFORE: [(&str, &str); 26] = [
    ("nt$", "TWD"),
    ("nt＄", "TWD"),
    ("us$", "USD"),
    ("hk$", "HKD"),
    ("a$", "AUD"),
    ("c$", "CAD"),
    ("s$", "SGD"),
    ("$", "$"),
    ("＄", "$"),
    ("￥", "¥"),
    ("¥", "¥"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("ntd", "TWD"),
    ("twd", "TWD"),
    ("usd", "USD"),
    ("rmb", "CNY"),
    ("cny", "CNY"),
    ("eur", "EUR"),
    ("人民幣", "CNY"),
    ("人民币", "CNY"),
    ("新臺幣", "TWD"),
    ("新台幣", "TWD"),
    ("新台币", "TWD"),
    ("美元", "USD"),
    ("美金", "USD"),
];
const AFTER: [(&str, &str); 44] = [
    ("美元", "USD"),
    ("美金", "USD"),
    ("新臺幣", "TWD"),
    ("新台幣", "TWD"),
    ("臺幣", "TWD"),
    ("台幣", "TWD"),
    ("台币", "TWD"),
    ("人民幣", "CNY"),
    ("人民币", "CNY"),
    ("港幣", "HKD"),
    ("港币", "HKD"),
    ("港元", "HKD"),
    ("歐元", "EUR"),
    ("欧元", "EUR"),
    ("日圓", "JPY"),
    ("日元", "JPY"),
    ("元", "元"),
    ("塊錢", "元"),
    ("块钱", "元"),
    ("塊", "元"),
    ("块", "元"),
    ("圓", "元"),
    ("us dollar", "USD"),
    ("dollar", "$"),
    ("buck", "$"),
    ("usd", "USD"),
    ("twd", "TWD"),
    ("ntd", "TWD"),
    ("nt dollar", "TWD"),
    ("rmb", "CNY"),
    ("cny", "CNY"),
    ("yuan", "CNY"),
    ("renminbi", "CNY"),
    ("euro", "EUR"),
    ("eur", "EUR"),
    ("pound", "GBP"),
    ("gbp", "GBP"),
    ("quid", "GBP"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("yen", "JPY"),
    ("角", "元"),
    ("$", "$"),
    ("hkd", "HKD"),
];

fn currency_before(text: &str, start: usize, reading: &Reading) -> Option<(usize, Option<Currency>)> {
    let before = text[..start].trim_end_matches([' ', '\u{A0}']);
    let ends = |sign: &str| {
        let at = before.len().checked_sub(sign.len())?;
        before.get(at..)?.eq_ignore_ascii_case(sign).then_some(at)
    };
    let letter_before = |at: usize| before[..at].ends_with(|c: char| c.is_ascii_alphabetic());
    let found = BEFORE.iter().filter_map(|(sign, code)| Some((ends(sign)?, *code, sign.starts_with(|c: char| c.is_ascii_alphabetic()))));
    found.filter(|(at, _, word)| !(*word && letter_before(*at))).map(|(at, code, _)| (at, named(code, reading))).next()
}

fn currency_after(text: &str, number: &Numeral, reading: &Reading) -> Option<(Option<Currency>, usize)> {
    let rest = text[number.end..].trim_start_matches([' ', '\u{A0}', '\u{3000}', '-']);
    let start = text.len() - rest.len();
    let cents = ["cents", "cent", "¢", "分錢", "分钱"].iter().find(|word| begins(rest, word));
    if let Some(word) = cents {
        return Some((None, start + word.len()));
    }
    let (word, code) = AFTER.iter().find(|(word, _)| begins(rest, word) || begins_plural(rest, word))?;
    if *word == "元" && rest.starts_with("元旦") {
        return None;
    }
    let plural = usize::from(begins_plural(rest, word));
    Some((named(code, reading), start + word.len() + plural))
}

fn begins(text: &str, word: &str) -> bool {
    if text.bytes().next().map(|b| b | 0x20) != word.bytes().next().map(|b| b | 0x20) {
        return false;
    }
    let found = text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    found && !(word.ends_with(|c: char| c.is_ascii_alphabetic()) && text[word.len()..].starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn begins_plural(text: &str, word: &str) -> bool {
    if text.bytes().next().map(|b| b | 0x20) != word.bytes().next().map(|b| b | 0x20) {
        return false;
    }
    let Some((stem, rest)) = text.split_at_checked(word.len()) else { return false };
    word.is_ascii()
        && stem.eq_ignore_ascii_case(word)
        && rest.strip_prefix('s').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Returns the currency of a sign; `$`, `¥` and `元` mean the company's own where that is one they can stand for.
fn named(code: &str, reading: &Reading) -> Option<Currency> {
    let own = reading.currency.filter(|currency| match code {
        "$" => matches!(currency.code(), "USD" | "TWD" | "HKD" | "AUD" | "CAD" | "SGD"),
        "¥" => matches!(currency.code(), "CNY" | "JPY"),
        "元" => matches!(currency.code(), "TWD" | "CNY" | "HKD"),
        _ => false,
    });
    let usual = match code {
        "$" => "USD",
        "¥" => "CNY",
        "元" if reading.locale == crate::locale::Locale::ZhCn => "CNY",
        "元" => "TWD",
        code => code,
    };
    own.or_else(|| Currency::parse(usual).ok())
}

fn money(text: &str, span: Range<usize>, number: &Numeral, currency: Option<Currency>) -> Amount {
    let exponent = currency.map_or(2, |currency| currency.exponent());
    // Cents are named without a currency and are minor units already.
    let factor = if currency.is_none() { 1 } else { 10_i64.pow(exponent.into()) };
    let minor = number
        .thousandths
        .and_then(|value| value.checked_mul(factor))
        .filter(|value| value % 1_000 == 0)
        .map_or(i64::MIN, |value| value / 1_000);
    let value = Value::Money { minor, currency, per: period(text, &span), sense: sense(text, &span) };
    Amount { compare: Compare::around(text, &span), value, span }
}

const UNITS: [(&str, Unit); 44] = [
    ("個月", Unit::Month),
    ("个月", Unit::Month),
    ("月份", Unit::Month),
    ("期", Unit::Month),
    ("個季度", Unit::Quarter),
    ("季度", Unit::Quarter),
    ("個季", Unit::Quarter),
    ("季", Unit::Quarter),
    ("個年頭", Unit::Year),
    ("年", Unit::Year),
    ("週年", Unit::Year),
    ("個星期", Unit::Week),
    ("个星期", Unit::Week),
    ("星期", Unit::Week),
    ("個禮拜", Unit::Week),
    ("个礼拜", Unit::Week),
    ("禮拜", Unit::Week),
    ("週", Unit::Week),
    ("周", Unit::Week),
    ("個工作天", Unit::Day),
    ("个工作日", Unit::Day),
    ("工作天", Unit::Day),
    ("工作日", Unit::Day),
    ("天", Unit::Day),
    ("日", Unit::Day),
    ("個小時", Unit::Hour),
    ("个小时", Unit::Hour),
    ("小時", Unit::Hour),
    ("小时", Unit::Hour),
    ("個鐘頭", Unit::Hour),
    ("个钟头", Unit::Hour),
    ("鐘頭", Unit::Hour),
    ("分鐘", Unit::Minute),
    ("分钟", Unit::Minute),
    ("minute", Unit::Minute),
    ("min", Unit::Minute),
    ("hour", Unit::Hour),
    ("hr", Unit::Hour),
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("mo", Unit::Month),
    ("quarter", Unit::Quarter),
    ("year", Unit::Year),
];

/// Returns the unit of time behind a number.
pub(super) fn unit_after(text: &str, end: usize) -> Option<(Unit, usize)> {
    let mut rest = text[end..].trim_start_matches([' ', '\u{A0}', '\u{3000}', '-', '\n']);
    for word in ["business", "working", "calendar", "full", "whole", "consecutive", "more", "long", "further", "straight", "整", "整個"]
    {
        if begins(rest, word) {
            rest = rest[word.len()..].trim_start_matches([' ', '-']);
        }
    }
    let start = text.len() - rest.len();
    let (word, unit) = UNITS.iter().find(|(word, _)| begins(rest, word) || begins_plural(rest, word))?;
    if *word == "期" && rest.starts_with("期待") || *word == "天" && (rest.starts_with("天氣") || rest.starts_with("天生")) {
        return None;
    }
    Some((*unit, start + word.len() + usize::from(begins_plural(rest, word))))
}

fn time(text: &str, mut span: Range<usize>, number: &Numeral, mut unit: Unit, reading: &Reading) -> Option<Amount> {
    let before = &text[..span.start];
    let one = number.weak && number.thousandths == Some(1_000);
    if one && ["每", "有", "某", "哪", "另", "這", "那", "这", "同", "的", "新"].iter().any(|word| before.ends_with(word)) {
        return None;
    }
    let mut count = number.whole();
    if let Some(half) = text[span.end..].strip_prefix('半') {
        let months = match unit {
            Unit::Year => Some((12, 6)),
            _ => None,
        };
        if let Some((of, half_of)) = months {
            count = count.and_then(|years| years.checked_mul(of)?.checked_add(half_of));
            unit = Unit::Month;
            span.end = text.len() - half.len();
        }
    }
    let compare = Compare::around(text, &span);
    let value = match count {
        None => {
            Value::Number { thousandths: number.thousandths.unwrap_or(i64::MIN), of: Some(text[number.end..span.end].trim().to_owned()) }
        }
        Some(count) => match later(text, &span) {
            Some(way) => super::date::moved(reading.day, count.saturating_mul(way), unit),
            None if past(text, &span) => Value::Promise { of: "about_you".into(), words: text[span.clone()].to_owned() },
            None => Value::Span { count, unit },
        },
    };
    Some(Amount { span, value, compare })
}

/// Returns 1 for a span counted from now on (`in three days`, `三天後`), -1 for one that is over (`ago`).
fn later(text: &str, span: &Range<usize>) -> Option<i64> {
    let (before, after) = (text[..span.start].trim_end(), text[span.end..].trim_start());
    let clause = text[super::context::clause(text, span)].to_ascii_lowercase();
    if ["結束", "结束", "終止", "终止", "停止", "ends", "stops"].iter().any(|word| clause.contains(word)) {
        return None;
    }
    let starts = |words: &[&str]| words.iter().any(|word| begins(after, word));
    if starts(&["ago", "前", "以前", "之前", "earlier"]) {
        return Some(-1);
    }
    let in_front = before.get(before.len().saturating_sub(3)..).is_some_and(|word| word.trim_start().eq_ignore_ascii_case("in"));
    (in_front || starts(&["from now", "from today", "後", "后", "以後", "以后", "之後", "之后", "later"])).then_some(1)
}

/// Returns whether a span lies in the past, so that it speaks of the customer.
fn past(text: &str, span: &Range<usize>) -> bool {
    let from = floor(text, span.start.saturating_sub(24)).max(sentence(text, span).start);
    let before = text[from..span.start].trim_end().to_ascii_lowercase();
    let ends = |word: &str| before.ends_with(word);
    [
        "past",
        "last",
        "previous",
        "過去",
        "过去",
        "最近",
        "近",
        "已經",
        "已经",
        "已",
        "滿",
        "满",
        "been with us for",
        "been a customer for",
        "customer for",
        "for over",
        "長達",
        "长达",
    ]
    .iter()
    .any(|word| ends(word))
        && !ends("the last")
        || ends("the past")
        || ends("over the last")
}

/// Returns what a number counts, where a word or a measure follows it.
fn counted_after(text: &str, end: usize) -> Option<String> {
    let rest = text[end..].trim_start_matches([' ', '\u{A0}', '-']);
    let first = rest.chars().next()?;
    if first.is_ascii_alphabetic() {
        let word: String = rest.chars().take_while(char::is_ascii_alphabetic).take(24).collect();
        return Some(word.to_ascii_lowercase());
    }
    const MEASURES: [&str; 43] = [
        "個", "个", "倍", "次", "條", "条", "張", "张", "支", "份", "台", "臺", "人", "位", "名", "家", "件", "款", "種", "种", "檔", "档",
        "組", "组", "級", "级", "盒", "瓶", "本", "杯", "場", "场", "顆", "颗", "輛", "辆", "間", "间", "項", "项", "點", "线", "線",
    ];
    MEASURES.iter().find(|measure| rest.starts_with(**measure)).map(|measure| (*measure).to_owned())
}
