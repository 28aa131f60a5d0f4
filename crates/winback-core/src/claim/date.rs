//! Dates: `2027-06-30`, `30 June 2027`, `3月12日`, `民國116年`, `next Friday`, `月底`.
use super::lexicon::{MONTHS, Relative};
use super::numeral::{self, Numeral};
use super::value::{Unit, Value};
use jiff::civil::Date;
use jiff::{Span, ToSpan};

/// Returns the date that begins with a numeral, and where it ends.
pub(super) fn at(text: &str, start: usize, first: &Numeral) -> Option<(usize, Value)> {
    let number = first.whole()?;
    let rest = &text[first.end..];
    numeric(text, number, first)
        .or_else(|| chinese(text, start, number, first))
        .or_else(|| day_of_month(text, number, first.end))
        .or_else(|| year_alone(text, start, number, first, rest))
}

/// `2027-06-30`, `2027/6/30`, `30.6.2027`, `12/3`.
fn numeric(text: &str, number: i64, first: &Numeral) -> Option<(usize, Value)> {
    // The numeral itself may have taken `30.6` for a decimal; dates with points are read from the text.
    let mark = text[first.end..].chars().next().filter(|c| matches!(c, '-' | '/' | '.' | '／' | '－' | '‑'))?;
    let second = numeral::at(text, first.end + mark.len_utf8()).filter(|next| !next.weak)?;
    let month = second.whole()?;
    let third = text[second.end..].strip_prefix(mark).and_then(|_| numeral::at(text, second.end + mark.len_utf8()));
    if let Some(third) = third {
        let last = third.whole()?;
        if first.digits == 4 {
            return day(Some(number), month, last).map(|value| (third.end, value));
        }
        let year = if third.digits == 2 { 2_000 + last } else { last };
        let value = if month > 12 { day(Some(year), number, month) } else { day(Some(year), month, number) };
        return value.filter(|_| third.digits == 4 || third.digits == 2).map(|value| (third.end, value));
    }
    let slash = matches!(mark, '/' | '／') && first.digits <= 2 && second.digits <= 2;
    let (month, date) = if number > 12 { (month, number) } else { (number, month) };
    slash.then(|| day(None, month, date).map(|value| (second.end, value))).flatten()
}

/// `2027 年 6 月 30 日`, `民國116年6月`, `6月30日`, `30 號`.
fn chinese(text: &str, start: usize, number: i64, first: &Numeral) -> Option<(usize, Value)> {
    let (after, rest) = skip(text, first.end);
    if let Some(rest) = rest.strip_prefix('年') {
        let republic = ["民國", "民国"].iter().any(|word| text[..start].trim_end().ends_with(word));
        let year_end = text.len() - rest.len();
        let month = month_and_day(text, year_end);
        let year = match number {
            year if republic => year + 1_911,
            year @ 1_900..=2_200 => year,
            year @ 80..=200 if month.is_some() => year + 1_911,
            _ => return None,
        };
        return match month {
            Some((end, month, date)) => Some((end, Value::Day { year: i16::try_from(year).ok(), month: Some(month), day: date })),
            None => Some((year_end, Value::Day { year: i16::try_from(year).ok(), month: None, day: None })),
        };
    }
    if rest.starts_with('月') && (1..=12).contains(&number) && !first.weak_month(text, after) {
        let (end, month, date) = month_and_day(text, start)?;
        return Some((end, Value::Day { year: None, month: Some(month), day: date }));
    }
    let date = rest.strip_prefix(['號', '号'])?;
    let value = day_alone(number)?;
    Some((text.len() - date.len(), value))
}

fn skip(text: &str, at: usize) -> (usize, &str) {
    let rest = text[at..].trim_start_matches([' ', '\u{A0}', '\u{3000}']);
    (text.len() - rest.len(), rest)
}

impl Numeral {
    /// Returns whether `月` behind the numeral belongs to another word: 一月 stays a month, 一月費 does not.
    fn weak_month(&self, text: &str, at: usize) -> bool {
        self.weak && text[at..].strip_prefix('月').is_some_and(|rest| rest.starts_with(['費', '费', '租', '亮', '球']))
    }
}

/// Returns the end, the month and the day of `6 月 30 日`.
fn month_and_day(text: &str, start: usize) -> Option<(usize, i8, Option<i8>)> {
    let (at, _) = skip(text, start);
    let month = numeral::at(text, at)?;
    let value = i8::try_from(month.whole()?).ok().filter(|month| (1..=12).contains(month))?;
    let (_, rest) = skip(text, month.end);
    let rest = rest.strip_prefix('月')?;
    let end = text.len() - rest.len();
    let (at, _) = skip(text, end);
    let date = numeral::at(text, at).and_then(|date| {
        let (_, rest) = skip(text, date.end);
        let rest = rest.strip_prefix(['日', '號', '号'])?;
        Some((text.len() - rest.len(), i8::try_from(date.whole()?).ok()?))
    });
    Some(date.map_or((end, value, None), |(end, date)| (end, value, Some(date))))
}

/// `30 June 2027`, `30th of June`.
fn day_of_month(text: &str, number: i64, end: usize) -> Option<(usize, Value)> {
    let mut rest = &text[end..];
    for ordinal in ["st", "nd", "rd", "th"] {
        rest = rest.strip_prefix(ordinal).unwrap_or(rest);
    }
    let ordinal = rest.len() < text[end..].len();
    rest = rest.trim_start_matches([' ', '\u{A0}', '-']);
    rest = rest.strip_prefix("of ").unwrap_or(rest);
    if let Some((month, length)) = month_name(rest) {
        let after = text.len() - rest.len() + length;
        let (end, year) = year_after(text, after).map_or((after, None), |(end, year)| (end, Some(year)));
        return day(year, month.into(), number).map(|value| (end, value));
    }
    let alone = day_alone(number).filter(|_| ordinal)?;
    Some((end + 2, alone))
}

/// Returns the date that begins with the name of a month: `June 30, 2027`, `June 2027`.
pub(super) fn after_month(text: &str, month: i8, end: usize) -> Option<(usize, Value)> {
    let start = end + text[end..].len() - text[end..].trim_start_matches([' ', '.']).len();
    if let Some(number) = numeral::at(text, start).filter(|number| number.digits <= 2) {
        let mut end = number.end;
        for ordinal in ["st", "nd", "rd", "th"] {
            end += text[end..].strip_prefix(ordinal).map_or(0, |_| 2);
        }
        let (end, year) = year_after(text, end).map_or((end, None), |(end, year)| (end, Some(year)));
        return day(year, month.into(), number.whole()?).map(|value| (end, value));
    }
    let (end, year) = year_after(text, end)?;
    Some((end, Value::Day { year: i16::try_from(year).ok(), month: Some(month), day: None }))
}

/// Returns the month whose name a text begins with, and the length of the name.
fn month_name(text: &str) -> Option<(i8, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..length).filter(|word| word.len() >= 3)?;
    let same = |name: &str| {
        name.eq_ignore_ascii_case(word)
            || (length == 3 || word.eq_ignore_ascii_case("sept"))
                && name.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let at = MONTHS.iter().position(|name| same(name))?;
    Some((i8::try_from(at + 1).ok()?, length))
}

fn year_after(text: &str, end: usize) -> Option<(usize, i64)> {
    let rest = text[end..].trim_start_matches([' ', ',', '.', '\u{A0}']);
    let year = numeral::at(text, text.len() - rest.len()).filter(|year| year.digits == 4)?;
    let value = year.whole().filter(|year| (1_900..=2_200).contains(year))?;
    Some((year.end, value))
}

/// `in 2027`, `since 2019`, `2027年` without a month.
fn year_alone(text: &str, start: usize, number: i64, first: &Numeral, rest: &str) -> Option<(usize, Value)> {
    let before = text[..start].trim_end();
    let named =
        ["in", "since", "until", "till", "by", "of", "from", "西元", "公元"].iter().any(|word| before.to_ascii_lowercase_ends(word));
    let year = first.digits == 4 && !first.weak && (1_900..=2_200).contains(&number) && named && !rest.starts_with(['%', '％']);
    year.then(|| (first.end, Value::Day { year: i16::try_from(number).ok(), month: None, day: None }))
}

trait EndsWord {
    fn to_ascii_lowercase_ends(&self, word: &str) -> bool;
}

impl EndsWord for str {
    fn to_ascii_lowercase_ends(&self, word: &str) -> bool {
        let at = self.len().checked_sub(word.len());
        at.and_then(|at| self.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    }
}

fn day(year: Option<i64>, month: i64, date: i64) -> Option<Value> {
    let fits = (1..=12).contains(&month) && (1..=31).contains(&date);
    let year = match year {
        Some(year) => Some(i16::try_from(year).ok()?),
        None => None,
    };
    fits.then_some(())?;
    Some(Value::Day { year, month: i8::try_from(month).ok(), day: i8::try_from(date).ok() })
}

fn day_alone(date: i64) -> Option<Value> {
    (1..=31).contains(&date).then(|| Value::Day { year: None, month: None, day: i8::try_from(date).ok() })
}

fn value_of(day: Date) -> Value {
    Value::Day { year: Some(day.year()), month: Some(day.month()), day: Some(day.day()) }
}

/// Returns the day that lies so many units from a day.
pub(super) fn moved(from: Date, count: i64, unit: Unit) -> Value {
    let span: Option<Span> = match unit {
        Unit::Minute | Unit::Hour => Some(0.days()),
        Unit::Day => Span::new().try_days(count).ok(),
        Unit::Week => Span::new().try_weeks(count).ok(),
        Unit::Month => Span::new().try_months(count).ok(),
        Unit::Quarter => Span::new().try_months(count.saturating_mul(3)).ok(),
        Unit::Year => Span::new().try_years(count).ok(),
    };
    let unknown = Value::Day { year: None, month: None, day: None };
    span.and_then(|span| from.checked_add(span).ok()).map_or(unknown, value_of)
}

/// Returns the day a relative name means.
pub(super) fn relative(from: Date, name: Relative) -> Value {
    match name {
        Relative::Days(count) => moved(from, count.into(), Unit::Day),
        Relative::MonthEnd => value_of(from.last_of_month()),
        Relative::YearEnd => value_of(from.last_of_year()),
        Relative::Some => Value::Day { year: None, month: None, day: None },
    }
}

/// Returns the coming day of a weekday, or the one of next week.
pub(super) fn weekday(from: Date, weekday: i8, next_week: bool) -> Value {
    let today = from.weekday().to_monday_zero_offset();
    let ahead = i64::from((weekday - today).rem_euclid(7));
    let days = if next_week { i64::from(7 - today + weekday) } else { ahead };
    moved(from, days, Unit::Day)
}
