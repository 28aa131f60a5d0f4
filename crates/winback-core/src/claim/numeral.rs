//! Numerals of any script: digits of any width, circled and Roman numbers, fractions, Chinese numerals.

/// A numeral found at a place of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numeral {
    /// Where it ends.
    pub end: usize,
    /// Thousandths; `None` where it is a number nobody can read for sure.
    pub thousandths: Option<i64>,
    /// How many digits stand before the decimal mark.
    pub digits: usize,
    /// Whether it is one Chinese numeral alone, which is a number only before a unit.
    pub weak: bool,
}

impl Numeral {
    /// Returns the value where it is whole.
    pub(super) fn whole(&self) -> Option<i64> {
        self.thousandths.filter(|value| value % 1_000 == 0).map(|value| value / 1_000)
    }
}

/// Returns the value of a decimal digit of any script.
pub(super) fn digit(c: char) -> Option<u32> {
    const ZEROS: [u32; 22] = [
        0x30, 0xFF10, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0,
        0x0F20, 0x1040, 0x17E0, 0x1810, 0x1D7CE, 0x1FBF0,
    ];
    if c.is_ascii() {
        return c.to_digit(10);
    }
    if is_han(c) {
        return None;
    }
    let code = u32::from(c);
    match c {
        '\u{1D7CE}'..='\u{1D7FF}' => Some((code - 0x1D7CE) % 10),
        '⁰' | '⁴'..='⁹' => Some(code - 0x2070),
        '₀'..='₉' => Some(code - 0x2080),
        '¹' => Some(1),
        '²' => Some(2),
        '³' => Some(3),
        _ => ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).map(|zero| code - zero),
    }
}

/// Returns the thousandths of a character that is a whole number or a fraction by itself.
fn single(c: char) -> Option<i64> {
    let code = i64::from(u32::from(c));
    let counted = |first: i64, value: i64| Some((code - first + value) * 1_000);
    match c {
        '①'..='⑳' => counted(0x2460, 1),
        '⑴'..='⒇' => counted(0x2474, 1),
        '⒈'..='⒛' => counted(0x2488, 1),
        '❶'..='❿' => counted(0x2776, 1),
        '➀'..='➉' => counted(0x2780, 1),
        '➊'..='➓' => counted(0x278A, 1),
        '⓫'..='⓴' => counted(0x24EB, 11),
        '㉑'..='㉟' => counted(0x3251, 21),
        '㈠'..='㈩' => counted(0x3220, 1),
        '㊀'..='㊉' => counted(0x3280, 1),
        'Ⅰ'..='Ⅻ' => counted(0x2160, 1),
        'ⅰ'..='ⅻ' => counted(0x2170, 1),
        '½' => Some(500),
        '⅓' => Some(333),
        '⅔' => Some(667),
        '¼' => Some(250),
        '¾' => Some(750),
        '⅕' => Some(200),
        '⅒' => Some(100),
        _ => None,
    }
}

/// Returns whether a character is a Chinese character; Unicode calls none of them a number.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' | '〇' | '々')
}

/// Returns the numeral that begins at a place, if one does.
pub(super) fn at(text: &str, start: usize) -> Option<Numeral> {
    let c = text.get(start..)?.chars().next()?;
    if digit(c).is_some() {
        return Some(digits(text, start));
    }
    if let Some(thousandths) = single(c) {
        return Some(Numeral { end: start + c.len_utf8(), thousandths: Some(thousandths), digits: 1, weak: false });
    }
    if is_han(c) {
        return chinese(text, start);
    }
    (c.is_numeric()).then_some(Numeral { end: start + c.len_utf8(), thousandths: None, digits: 1, weak: false })
}

fn digits(text: &str, start: usize) -> Numeral {
    let (mut whole, mut fraction, mut scale, mut count, mut end) = (Some(0_i64), 0_i64, 0_u32, 0, start);
    let mut rest = text[start..].chars().peekable();
    let mut point = false;
    while let Some(c) = rest.next() {
        if let Some(value) = digit(c) {
            end += c.len_utf8();
            if !point {
                count += 1;
                whole = whole.and_then(|whole| whole.checked_mul(10)?.checked_add(value.into()));
            } else if scale < 3 {
                scale += 1;
                fraction = fraction * 10 + i64::from(value);
            } else if value != 0 {
                whole = None;
            }
            continue;
        }
        if matches!(c, '\u{FE0F}' | '\u{20E3}') {
            end += c.len_utf8();
            continue;
        }
        let next_is_digit = rest.peek().is_some_and(|next| digit(*next).is_some());
        let groups = matches!(c, ',' | '，' | '\'') && !point && next_is_digit && groups_of_three(&text[end + c.len_utf8()..]);
        if groups {
            end += c.len_utf8();
        } else if matches!(c, '.' | '．' | '·') && !point && next_is_digit {
            point = true;
            end += c.len_utf8();
        } else {
            break;
        }
    }
    let mut thousandths = whole.and_then(|whole| whole.checked_mul(1_000)?.checked_add(fraction * 10_i64.pow(3_u32.saturating_sub(scale))));
    if let Some(part) = text[end..].chars().next().and_then(|c| Some((c, single(c).filter(|part| *part < 1_000)?))) {
        end += part.0.len_utf8();
        thousandths = thousandths.and_then(|whole| whole.checked_add(part.1));
    }
    Numeral { end, thousandths, digits: count, weak: false }
}

/// Returns whether a text begins with exactly three digits, as after a separator of thousands.
fn groups_of_three(text: &str) -> bool {
    let count = text.chars().take(4).take_while(|c| digit(*c).is_some()).count();
    count == 3
}

fn chinese_digit(c: char) -> Option<i64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' | '壱' => 1,
        '二' | '兩' | '两' | '貳' | '贰' => 2,
        '三' | '參' | '叁' | '叄' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陸' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        '廿' => 20,
        '卅' => 30,
        _ => return None,
    })
}

fn chinese_place(c: char) -> Option<i64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '萬' | '万' => 10_000,
        '億' | '亿' => 100_000_000,
        _ => return None,
    })
}

/// Returns whether a character may begin a Chinese numeral.
pub(super) fn is_chinese_numeral(c: char) -> bool {
    chinese_digit(c).is_some() || chinese_place(c).is_some()
}

fn chinese(text: &str, start: usize) -> Option<Numeral> {
    let (mut end, mut count, mut places) = (start, 0_usize, false);
    let (mut total, mut section, mut digit, mut spelled) = (0_i64, 0_i64, None::<i64>, 0_i64);
    for c in text[start..].chars() {
        if let Some(value) = chinese_digit(c) {
            spelled = spelled.saturating_mul(10).saturating_add(value);
            digit = Some(value);
        } else if let Some(place) = chinese_place(c) {
            places = true;
            if place >= 10_000 {
                let below = section.saturating_add(digit.take().unwrap_or(i64::from(section == 0)));
                total = total.saturating_add(below.saturating_mul(place));
                section = 0;
            } else {
                section = section.saturating_add(digit.take().unwrap_or(1).saturating_mul(place));
            }
        } else {
            break;
        }
        end += c.len_utf8();
        count += 1;
    }
    if count == 0 {
        return None;
    }
    let value = if places { total.saturating_add(section).saturating_add(digit.unwrap_or(0)) } else { spelled };
    let tail = &text[end..];
    let mut thousandths = value.checked_mul(1_000);
    if let Some(after) = tail.strip_prefix(['點', '点'])
        && let Some(part) = after.chars().next().and_then(chinese_digit).filter(|part| *part < 10)
    {
        end = text.len() - after.len() + after.chars().next().map_or(0, char::len_utf8);
        thousandths = thousandths.and_then(|whole| whole.checked_add(part * 100));
    }
    let idiom = matches!(&text[start..end], "千萬" | "千万" | "萬一" | "万一" | "一一" | "百千" | "萬千" | "万千");
    Some(Numeral { end, thousandths, digits: count, weak: count == 1 || idiom })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_of_every_script_are_read() {
        let check = |text: &str, thousandths: i64| {
            let found = at(text, 0).map(|numeral| (numeral.thousandths, &text[numeral.end..]));
            assert_eq!(found, Some((Some(thousandths), "")), "{text}");
        };
        for (text, value) in [
            ("15", 15),
            ("１５", 15),
            ("٣", 3),
            ("③", 3),
            ("Ⅻ", 12),
            ("1,234", 1_234),
            ("𝟏𝟓", 15),
            ("一百二十", 120),
            ("十二", 12),
            ("二十", 20),
            ("兩", 2),
            ("壹貳參", 123),
            ("壹佰貳拾", 120),
            ("二〇二七", 2027),
            ("三萬五千", 35_000),
            ("一億", 100_000_000),
            ("1️⃣5️⃣", 15),
            ("一千零五", 1_005),
            ("1,234,567", 1_234_567),
        ] {
            check(text, value * 1_000);
        }
        check("½", 500);
        check("1½", 1_500);
        check("12.50", 12_500);
        check("三點五", 3_500);
    }

    #[test]
    fn a_number_nobody_can_read_is_still_a_number() {
        assert_eq!(at("99999999999999999999", 0).map(|numeral| numeral.thousandths), Some(None));
        assert_eq!(at("𒐕", 0).map(|numeral| numeral.thousandths), Some(None));
        assert_eq!(at("x", 0), None);
    }
}
