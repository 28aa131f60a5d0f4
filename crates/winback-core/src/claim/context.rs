//! The words around a number or a word: its clause, its sentence, whether it is denied,
//! whether it is paid or saved.
use super::value::{Sense, Unit};
use std::ops::Range;

/// How far around a place a clause is looked for, in bytes.
const REACH: usize = 240;

/// Returns the clause a span stands in: what lies between two marks of punctuation.
pub(crate) fn clause(text: &str, span: &Range<usize>) -> Range<usize> {
    between(text, span, ends_clause)
}

/// Returns the sentence a span stands in.
pub(crate) fn sentence(text: &str, span: &Range<usize>) -> Range<usize> {
    between(text, span, |c, next| matches!(c, '。' | '！' | '？' | '\n' | '!' | '?') || (c == '.' && next.is_none_or(char::is_whitespace)))
}

fn ends_clause(c: char, next: Option<char>) -> bool {
    match c {
        '.' | ',' | ':' => next.is_none_or(char::is_whitespace),
        ';' | '!' | '?' | '(' | ')' | '\n' | '|' | '，' | '。' | '；' | '：' | '！' | '？' | '、' | '（' | '）' | '「' | '」' | '『'
        | '』' | '“' | '”' | '"' | '【' | '】' | '—' | '–' | '…' => true,
        _ => false,
    }
}

fn between(text: &str, span: &Range<usize>, ends: impl Fn(char, Option<char>) -> bool) -> Range<usize> {
    let least = floor(text, span.start.saturating_sub(REACH));
    let most = floor(text, (span.end + REACH).min(text.len()));
    let mut next = text[span.start..].chars().next();
    let mut start = least;
    for (at, c) in text[least..span.start].char_indices().rev() {
        if ends(c, next) {
            start = least + at + c.len_utf8();
            break;
        }
        next = Some(c);
    }
    let mut after = text[span.end..most].char_indices().peekable();
    while let Some((at, c)) = after.next() {
        if ends(c, after.peek().map(|(_, next)| *next)) {
            return start..span.end + at;
        }
    }
    start..most
}

/// Returns the nearest character boundary at or before a place.
pub(super) fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

const DENIALS: [&str; 42] = [
    "不",
    "不是",
    "不會",
    "不会",
    "不能",
    "並非",
    "并非",
    "沒有",
    "没有",
    "沒",
    "没",
    "無",
    "无",
    "未",
    "非",
    "不用",
    "不必",
    "不再",
    "不需",
    "不需要",
    "無法",
    "无法",
    "不提供",
    "不包含",
    "不包括",
    "不含",
    "未必",
    "不算",
    "別",
    "别",
    "不可",
    "不得",
    "不予",
    "尚未",
    "不享",
    "並不",
    "并不",
    "不保",
    "不給",
    "不给",
    "不能算",
    "拒絕",
];

/// Returns whether the words before a place deny what follows.
pub(crate) fn denied(text: &str, start: usize) -> bool {
    denied_within(text, start, 4)
}

/// Returns whether the last so many words before a place deny what follows.
pub(crate) fn denied_within(text: &str, start: usize, words: usize) -> bool {
    let clause = clause(text, &(start..start));
    let before = text[clause.start..start].trim_end();
    if before.is_empty() {
        return false;
    }
    if before.ends_with(|c: char| !c.is_ascii()) {
        return DENIALS.iter().any(|word| before.ends_with(word));
    }
    let mut after = "";
    for word in before.rsplit(|c: char| c.is_ascii_whitespace()).filter(|word| !word.is_empty()).take(words) {
        if is_denial(word) {
            return !after.eq_ignore_ascii_case("only") && !after.eq_ignore_ascii_case("just");
        }
        after = word;
    }
    false
}

fn is_denial(word: &str) -> bool {
    let ends = |end: &str| word.len() >= end.len() && word.get(word.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end));
    const WORDS: [&str; 10] = ["not", "no", "never", "without", "nor", "neither", "cannot", "hardly", "none", "nothing"];
    WORDS.iter().any(|denial| denial.eq_ignore_ascii_case(word)) || ends("n't") || ends("n\u{2019}t")
}

const OFF: [&str; 48] = [
    "less",
    "off",
    "save",
    "saves",
    "saving",
    "savings",
    "discount",
    "discounted",
    "reduce",
    "reduces",
    "reduced",
    "reduction",
    "cut",
    "cuts",
    "lower",
    "lowers",
    "lowered",
    "cheaper",
    "drop",
    "drops",
    "knock",
    "knocks",
    "minus",
    "deduct",
    "rebate",
    "back",
    "pocket",
    "smaller",
    "down",
    "fall",
    "falls",
    "taken",
    "省",
    "少",
    "少付",
    "少繳",
    "少交",
    "少收",
    "減",
    "减",
    "減免",
    "减免",
    "折扣",
    "優惠",
    "优惠",
    "便宜",
    "折抵",
    "降",
];
const ADDED: [&str; 28] = [
    "up by",
    "goes up",
    "go up",
    "grows",
    "more",
    "extra",
    "increase",
    "increases",
    "increased",
    "rise",
    "rises",
    "raise",
    "raised",
    "higher",
    "add",
    "added",
    "plus",
    "bonus",
    "faster",
    "surcharge",
    "漲",
    "涨",
    "增",
    "增加",
    "加",
    "多",
    "提高",
    "調高",
];
const PAID: [&str; 40] = [
    "pay",
    "pays",
    "paying",
    "paid",
    "charge",
    "charges",
    "charged",
    "bill",
    "bills",
    "billed",
    "cost",
    "costs",
    "price",
    "priced",
    "fee",
    "fees",
    "rate",
    "owe",
    "comes to",
    "instead of",
    "only",
    "just",
    "to",
    "付",
    "費",
    "费",
    "繳",
    "缴",
    "交",
    "帳單",
    "账单",
    "價",
    "价",
    "只要",
    "只需",
    "降到",
    "降至",
    "減至",
    "减到",
    "收取",
];

/// Returns whether an amount is paid, saved or put on top, by the words around it.
pub(super) fn sense(text: &str, span: &Range<usize>) -> Sense {
    let clause = clause(text, span);
    let from = floor(text, span.start.saturating_sub(64)).max(clause.start);
    let until = floor(text, span.end + 40).min(clause.end);
    let (before, after) = (text[from..span.start].to_ascii_lowercase(), text[span.end..until.max(span.end)].to_ascii_lowercase());
    // What stands beyond another number belongs to that number.
    let after = after.split(|c: char| super::numeral::digit(c).is_some()).next().unwrap_or_default();
    let behind = [(Sense::Off, &OFF[..]), (Sense::Added, &ADDED[..]), (Sense::Paid, &PAID[..15])]
        .into_iter()
        .filter_map(|(sense, words)| Some((first(after, words)?, sense)))
        .min_by_key(|(at, _)| *at);
    if let Some((at, sense)) = behind
        && (at <= 16 || (at <= 26 && sense == Sense::Off))
    {
        return sense;
    }
    let by = before.trim_end().ends_with(" by");
    let ahead = [(Sense::Off, &OFF[..]), (Sense::Added, &ADDED[..]), (Sense::Paid, &PAID[..])]
        .into_iter()
        .filter(|(sense, _)| !(by && *sense == Sense::Paid))
        .filter_map(|(sense, words)| Some((last(&before, words)?, sense)))
        .max_by_key(|(at, _)| *at);
    let chinese_behind = first(after, &["優惠", "优惠", "折扣", "回饋", "減免", "减免", "折抵"]).map(|_| Sense::Off);
    ahead.map(|(_, sense)| sense).or(chinese_behind).or(behind.map(|(_, sense)| sense)).unwrap_or(Sense::Plain)
}

/// Returns where the first of some words begins in a lower-case text.
fn first(text: &str, words: &[&str]) -> Option<usize> {
    words.iter().filter_map(|word| text.match_indices(word).map(|(at, _)| at).find(|&at| whole(text, at, word))).min()
}

/// Returns where the last of some words ends in a lower-case text, and how long it is.
fn last(text: &str, words: &[&str]) -> Option<(usize, usize)> {
    let found = |word: &&str| {
        text.rmatch_indices(*word).map(|(at, _)| at).find(|&at| whole(text, at, word)).map(|at| (at + word.len(), word.len()))
    };
    words.iter().filter_map(found).max()
}

fn whole(text: &str, at: usize, word: &str) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphabetic);
    !word.is_ascii() || (!letter(at.checked_sub(1)) && !letter(Some(at + word.len())))
}

/// Returns the period an amount is paid or saved for: a month, unless the words say another or none.
pub(super) fn period(text: &str, span: &Range<usize>) -> Option<Unit> {
    let clause = clause(text, span);
    let near =
        &text[floor(text, span.start.saturating_sub(16)).max(clause.start)..floor(text, span.end + 24).min(clause.end).max(span.end)];
    let near = near.to_ascii_lowercase();
    let words = [
        (Unit::Year, &["a year", "per year", "each year", "every year", "yearly", "annually", "/year", "/yr", "每年", "/年", "一年省"][..]),
        (Unit::Week, &["a week", "per week", "each week", "every week", "weekly", "/week", "每週", "每周", "每星期"][..]),
        (Unit::Day, &["a day", "per day", "each day", "every day", "daily", "/day", "每天", "每日"][..]),
        (Unit::Quarter, &["a quarter", "per quarter", "each quarter", "every quarter", "quarterly", "每季"][..]),
    ];
    if let Some((unit, _)) = words.into_iter().find(|(_, words)| first(&near, words).is_some()) {
        return Some(unit);
    }
    let within = text[clause].to_ascii_lowercase();
    const ONCE: [&str; 16] = [
        "once",
        "one-off",
        "one-time",
        "one time",
        "in total",
        "total",
        "altogether",
        "overall",
        "一次",
        "總共",
        "总共",
        "共省",
        "合計",
        "合计",
        "累計",
        "累计",
    ];
    if first(&within, &ONCE).is_some() {
        return None;
    }
    const MONTHLY: [&str; 17] = [
        "a month",
        "per month",
        "each month",
        "every month",
        "monthly",
        "/month",
        "/mo",
        "month after month",
        "每月",
        "每個月",
        "每个月",
        "月費",
        "月费",
        "月租",
        "/月",
        "個月都",
        "按月",
    ];
    let sentence = text[sentence(text, span)].to_ascii_lowercase();
    (first(&within, &MONTHLY).is_some() || first(&sentence, &MONTHLY).is_some()).then_some(Unit::Month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_around_an_amount_say_whether_it_is_saved() {
        let check = |text: &str, number: &str, expected: (Sense, Option<Unit>)| {
            let at = text.find(number).unwrap();
            let span = at..at + number.len();
            assert_eq!((sense(text, &span), period(text, &span)), expected, "{text}");
        };
        let month = Some(Unit::Month);
        let sentence = "Your monthly charge is $85.35 now; while the offer runs, you pay $12.80 less each month.";
        check(sentence, "$85.35", (Sense::Paid, month));
        check(sentence, "$12.80", (Sense::Off, month));
        check("您目前的月費是 $85.35，優惠期間每月少付 $12.80。", "$85.35", (Sense::Paid, month));
        check("您目前的月費是 $85.35，優惠期間每月少付 $12.80。", "$12.80", (Sense::Off, month));
        check("You save $12.80 once.", "$12.80", (Sense::Off, None));
        check("You save $12.80 a year.", "$12.80", (Sense::Off, Some(Unit::Year)));
        check("Pay just $12.80 a month.", "$12.80", (Sense::Paid, month));
        check("Your monthly bill drops to $12.80.", "$12.80", (Sense::Paid, month));
        check("This lowers your monthly bill by $12.80.", "$12.80", (Sense::Off, month));
        check("Your bill goes up by 15%.", "15%", (Sense::Added, None));
        check("That is $12.80 off your monthly bill.", "$12.80", (Sense::Off, month));
        check("月費漲 15%", "15%", (Sense::Added, month));
        check("月費減免 15%", "15%", (Sense::Off, month));
        check("15% more each month", "15%", (Sense::Added, month));
    }

    #[test]
    fn a_denial_is_seen() {
        let check = |text: &str, word: &str, expected: bool| assert_eq!(denied(text, text.find(word).unwrap()), expected, "{text}");
        check("It is not free.", "free", true);
        check("It isn’t free.", "free", true);
        check("Not only free, but quick.", "free", false);
        check("No, it is, however, free.", "free", false);
        check("這不是免費", "免費", true);
        check("免費", "免費", false);
        check("不貴，免費", "免費", false);
    }
}
