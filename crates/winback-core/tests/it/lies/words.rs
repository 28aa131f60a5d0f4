//! Numbers and dates as people write them, in three languages and in disguise.
use jiff::civil::Date;
use winback_core::locale::Locale;

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const HAN: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Returns a number below 200 in words: `twenty-five`, `二十五`.
pub fn in_words(n: i64, locale: Locale) -> String {
    let n = usize::try_from(n).unwrap_or_default();
    match locale {
        Locale::En if n < 20 => SMALL[n].into(),
        Locale::En if n < 100 && n.is_multiple_of(10) => TENS[n / 10].into(),
        Locale::En if n < 100 => format!("{}-{}", TENS[n / 10], SMALL[n % 10]),
        Locale::En => format!("one hundred and {}", in_words(n as i64 - 100, locale)),
        _ => han(n),
    }
}

/// Returns a number of things in words: 2 is 兩 before a measure word.
pub fn counted(n: i64, locale: Locale) -> String {
    match (n, locale) {
        (2, Locale::ZhTw) => "兩".into(),
        (2, Locale::ZhCn) => "两".into(),
        _ => in_words(n, locale),
    }
}

fn han(n: usize) -> String {
    let ones = |n: usize| if n == 0 { String::new() } else { HAN[n].to_string() };
    match n {
        0..10 => HAN[n].to_string(),
        10..20 => format!("十{}", ones(n - 10)),
        20..100 => format!("{}十{}", HAN[n / 10], ones(n % 10)),
        _ => format!("一百{}{}", HAN[n / 10 % 10], if n % 100 < 10 { ones(n % 10) } else { format!("十{}", ones(n % 10)) }),
    }
}

/// Returns digits in the numerals of contracts: `貳拾伍`.
pub fn financial(n: i64, locale: Locale) -> String {
    let from = "一二三四五六七八九十".chars();
    let to: Vec<char> = if locale == Locale::ZhCn { "壹贰叁肆伍陆柒捌玖拾" } else { "壹貳參肆伍陸柒捌玖拾" }.chars().collect();
    let table: Vec<(char, char)> = from.zip(to).collect();
    han(usize::try_from(n).unwrap_or_default()).chars().map(|c| table.iter().find(|pair| pair.0 == c).map_or(c, |pair| pair.1)).collect()
}

/// Returns the digits of a number, each as another character.
pub fn disguised(n: i64, digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    n.to_string().chars().map(|c| c.to_digit(10).and_then(|d| digits.get(d as usize)).copied().unwrap_or(c)).collect()
}

/// Returns the digits of a number one by one in Chinese: `七五`.
pub fn digit_by_digit(n: i64) -> String {
    disguised(n, "零一二三四五六七八九")
}

/// Returns the digits of a number with a gap between them.
pub fn split(n: i64, gap: &str) -> String {
    n.to_string().chars().map(String::from).collect::<Vec<_>>().join(gap)
}

/// Returns a number below 100 in Roman numerals.
pub fn roman(n: i64) -> String {
    let steps = [(90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")];
    let mut rest = n;
    let mut text = String::new();
    for (size, letters) in steps {
        while rest >= size {
            text.push_str(letters);
            rest -= size;
        }
    }
    text
}

/// Returns a date in one of the forms people write.
pub fn date(day: Date, locale: Locale, form: u64) -> String {
    let (y, m, d) = (day.year(), day.month(), day.day());
    let name = MONTHS[usize::try_from(m - 1).unwrap_or_default()];
    match (locale, form % 4) {
        (Locale::En, 0) => format!("{d} {name} {y}"),
        (Locale::En, 1) => format!("{name} {d}, {y}"),
        (Locale::En, 2) => format!("{d} {name}"),
        (Locale::En, _) => format!("{y}-{m:02}-{d:02}"),
        (_, 0) => format!("{y} 年 {m} 月 {d} 日"),
        (_, 1) => format!("{m}月{d}日"),
        (_, 2) => format!("{}月{}日", han(usize::try_from(m).unwrap_or_default()), han(usize::try_from(d).unwrap_or_default())),
        (_, _) => format!("{y}/{m}/{d} "),
    }
}

/// Returns a date in a short form.
pub fn short_date(day: Date, locale: Locale) -> String {
    let (m, d) = (day.month(), day.day());
    match locale {
        Locale::En => format!("{d} {}", MONTHS[usize::try_from(m - 1).unwrap_or_default()].get(..3).unwrap_or_default()),
        _ => format!("{m}/{d}"),
    }
}
