//! Finding every number of a text and binding it to a fact. A number is bound
//! where it stands inside a fact's own words: `15%` binds the 15 of "15% off",
//! not that of "15 months".
use crate::message::Fact;
use std::collections::BTreeSet;
use std::ops::Range;

const CHINESE: [char; 21] =
    ['零', '〇', '一', '二', '兩', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '萬', '万', '億', '亿', '半'];
/// Units after which a Chinese numeral is a claim; 一個 or 一次 is not.
const UNITS: [&str; 23] = [
    "折", "成", "個月", "个月", "年", "天", "日", "週", "周", "元", "塊", "块", "倍", "小時", "小时", "分鐘", "分钟", "期", "價", "价",
    "%", "％", "GB",
];

/// The facts that state numbers.
pub(super) struct Stated<'a> {
    texts: Vec<&'a str>,
}

impl<'a> Stated<'a> {
    pub(super) fn new(facts: &'a [Fact]) -> Self {
        let states = |text: &&str| text.chars().any(|c| is_numeric(c) || is_chinese_digit(c));
        Self { texts: facts.iter().map(|fact| fact.text.as_str()).filter(states).collect() }
    }

    /// Returns the numbers of a text that no fact states, as they stand there.
    pub(super) fn unbound<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let numbers = numbers(text);
        if numbers.is_empty() {
            return Vec::new();
        }
        let covered: Vec<Range<usize>> = self.texts.iter().flat_map(|fact| occurrences(text, fact)).collect();
        let bound = |number: &Range<usize>| covered.iter().any(|fact| fact.start <= number.start && number.end <= fact.end);
        numbers.into_iter().filter(|number| !bound(number)).map(|number| &text[number]).collect()
    }
}

/// Returns every run of digits of a text, each once.
pub(super) fn digit_runs(text: &str) -> BTreeSet<String> {
    runs(text, is_numeric).map(|run| text[run].to_owned()).collect()
}

fn numbers(text: &str) -> Vec<Range<usize>> {
    let chinese = runs(text, is_chinese_digit).filter(|run| {
        let after = text[run.end..].trim_start_matches(' ');
        UNITS.iter().any(|unit| after.starts_with(unit)) || text[..run.start].ends_with("分之")
    });
    runs(text, is_numeric).filter(|run| !text[run.clone()].chars().all(is_chinese_digit)).chain(chinese).collect()
}

/// Returns whether a character is a digit or number of any script. Chinese characters never are (Unicode calls
/// them letters); saying so first spares a slow look-up for nearly every character of a Chinese text.
fn is_numeric(c: char) -> bool {
    !matches!(c, '\u{3001}'..='\u{3006}' | '\u{4E00}'..='\u{9FFF}') && c.is_numeric()
}

fn is_chinese_digit(c: char) -> bool {
    c > '\u{3000}' && CHINESE.contains(&c)
}

fn runs(text: &str, of: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(of)?;
        let end = text[start..].find(|c| !of(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

/// Returns where a fact's words stand in a text, not as a piece of a longer number.
fn occurrences<'t>(text: &'t str, fact: &'t str) -> impl Iterator<Item = Range<usize>> {
    let part_of_number = |c: Option<char>| c.is_some_and(is_numeric);
    text.match_indices(fact).map(|(at, found)| at..at + found.len()).filter(move |span| {
        let mut before = text[..span.start].chars().rev();
        let mut after = text[span.end..].chars();
        let (near, far) = (before.next(), before.next());
        let (next, then) = (after.next(), after.next());
        let joined_before =
            part_of_number(fact.chars().next()) && (part_of_number(near) || matches!(near, Some('.' | ',')) && part_of_number(far));
        let joined_after =
            part_of_number(fact.chars().next_back()) && (part_of_number(next) || matches!(next, Some('.' | ',')) && part_of_number(then));
        !joined_before && !joined_after
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::FactSource;

    #[test]
    fn a_number_is_bound_only_by_the_words_of_a_fact() {
        let facts: Vec<Fact> = ["15%", "12 months", "$12.50", "0800-555-0100", "一年約"]
            .iter()
            .map(|text| Fact { id: String::new(), text: (*text).into(), value: None, source: FactSource::Company { field: String::new() } })
            .collect();
        let check = |text: &str, unbound: &[&str]| assert_eq!(Stated::new(&facts).unbound(text), unbound, "{text}");
        check("15% off for 12 months, $12.50 less. Call 0800-555-0100.", &[]);
        check("15 months", &["15"]);
        check("115% off", &["115"]);
        check("1.15% off", &["1", "15"]);
        check("$12.500", &["12", "500"]);
        check("１５％ 折扣", &["１５"]);
        check("打八折，送十二個月", &["八", "十二"]);
        check("百分之十五", &["十五"]);
        check("半價優惠", &["半"]);
        check("簽一年約，我們一起想辦法，打一通電話就好", &[]);
        check("③ 個月 and ٣", &["③", "٣"]);
    }
}
