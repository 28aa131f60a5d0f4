//! Numbers as people and spreadsheets write them, read exactly.
//!
//! `1889.5` is plain; `1,889.50`, `$20` and `１２３` are understood but count as
//! *normalised*, so that the import can name each cell it had to interpret.

/// An exact decimal number: `mantissa / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits as an integer, with the sign.
    pub mantissa: i64,
    /// How many of the digits stand after the decimal mark.
    pub scale: u8,
}

/// A number read from a text, and whether the text had to be interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadNumber {
    /// The value.
    pub value: Decimal,
    /// True when separators, a currency sign or full-width digits were understood.
    pub normalised: bool,
}

/// The character between whole and fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1,234.5`
    #[default]
    Point,
    /// `1.234,5`
    Comma,
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Holds something other than digits, one decimal mark, separators of thousands and a leading sign.
    #[error("not a number")]
    NotANumber,
    /// More than eighteen digits.
    #[error("more than 18 digits")]
    TooLong,
    /// Separators that do not part groups of three, so the meaning is unclear.
    #[error("its separators do not part groups of three digits, so it could be read two ways")]
    Ambiguous,
    /// Money with more decimal places than its currency has.
    #[error("more decimal places than the currency has")]
    TooPrecise,
}

impl Decimal {
    /// Returns the nearest f64.
    pub fn to_f64(self) -> f64 {
        self.mantissa as f64 / 10_f64.powi(i32::from(self.scale))
    }

    /// Returns the amount in minor units of a currency with `exponent` decimal places, exactly.
    pub fn to_minor(self, exponent: u8) -> Result<i64, NumberError> {
        if self.scale <= exponent {
            let factor = 10_i64.pow(u32::from(exponent - self.scale));
            return self.mantissa.checked_mul(factor).ok_or(NumberError::TooLong);
        }
        let factor = 10_i64.pow(u32::from(self.scale - exponent));
        if self.mantissa % factor == 0 { Ok(self.mantissa / factor) } else { Err(NumberError::TooPrecise) }
    }
}

/// Reads a number; white space around it is ignored.
pub fn read(text: &str, mark: DecimalMark) -> Result<ReadNumber, NumberError> {
    let trimmed = text.trim();
    if mark == DecimalMark::Point
        && let Some(value) = read_plain(trimmed)
    {
        return Ok(ReadNumber { value, normalised: false });
    }
    let folded: String = trimmed.chars().map(fold_width).collect();
    let (negative, unsigned) = split_sign(&folded);
    let (whole, fraction) = split_fraction(unsigned, mark);
    let separator = if mark == DecimalMark::Point { ',' } else { '.' };
    let mut digits = join_groups(whole, separator)?;
    if digits.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberError::NotANumber);
    }
    digits.push_str(fraction);
    if digits.len() > 18 {
        return Err(NumberError::TooLong);
    }
    let magnitude: i64 = digits.parse().map_err(|_| NumberError::NotANumber)?;
    let scale = u8::try_from(fraction.len()).map_err(|_| NumberError::TooLong)?;
    let mantissa = if negative { -magnitude } else { magnitude };
    let plain_comma = mark == DecimalMark::Comma && folded == trimmed && !whole.contains('.') && !folded.contains(['$', '¥', '€', '£']);
    Ok(ReadNumber { value: Decimal { mantissa, scale }, normalised: !plain_comma })
}

/// Reads what nearly every cell holds, ASCII digits with at most one point, without allocating.
fn read_plain(text: &str) -> Option<Decimal> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mut mantissa, mut scale, mut point, mut count) = (0_i64, 0_u8, false, 0_u8);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' if count < 18 => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                count += 1;
                scale += u8::from(point);
            }
            b'.' if !point && count > 0 => point = true,
            _ => return None,
        }
    }
    let complete = count > 0 && (!point || scale > 0);
    complete.then_some(Decimal { mantissa: if negative { -mantissa } else { mantissa }, scale })
}

fn fold_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{2212}' => '-',
        '￥' => '¥',
        _ => c,
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let bare = ["NT$", "US$", "$", "¥", "€", "£"].iter().find_map(|sign| rest.strip_prefix(sign)).unwrap_or(rest);
    (negative, bare.trim_start())
}

fn split_fraction(text: &str, mark: DecimalMark) -> (&str, &str) {
    let mark = if mark == DecimalMark::Point { '.' } else { ',' };
    text.split_once(mark).unwrap_or((text, ""))
}

fn join_groups(whole: &str, separator: char) -> Result<String, NumberError> {
    if !whole.chars().all(|c| c.is_ascii_digit() || c == separator) {
        return Err(NumberError::NotANumber);
    }
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let grouped = whole.contains(separator);
    // "0,123" is 123 thousandths to some readers and nothing to the others: no thousands begin with 0.
    if grouped && (first.is_empty() || first.starts_with('0') || first.len() > 3 || groups.any(|group| group.len() != 3)) {
        return Err(NumberError::Ambiguous);
    }
    Ok(whole.chars().filter(|&c| c != separator).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly_or_refused() {
        let check = |text: &str, expected: Result<(i64, u8, bool), NumberError>| {
            let found = read(text, DecimalMark::Point).map(|n| (n.value.mantissa, n.value.scale, n.normalised));
            assert_eq!(found, expected, "{text:?}");
        };
        check("29.85", Ok((2985, 2, false)));
        check("-1", Ok((-1, 0, false)));
        check(" 7 ", Ok((7, 0, false)));
        check("1,234.5", Ok((12345, 1, true)));
        check("$20", Ok((20, 0, true)));
        check("NT$ 1,200", Ok((1200, 0, true)));
        check("１２３", Ok((123, 0, true)));
        check("1.200,50", Err(NumberError::NotANumber));
        check("12,34", Err(NumberError::Ambiguous));
        check(",123", Err(NumberError::Ambiguous));
        check("0,123", Err(NumberError::Ambiguous));
        check("-0,500", Err(NumberError::Ambiguous));
        check("0", Ok((0, 0, false)));
        for text in ["", "-", ".", "abc", "1e5", "NaN", "inf", "30歲", "1.2.3", "--1", "0x10"] {
            check(text, Err(NumberError::NotANumber));
        }
        check("1234567890123456789", Err(NumberError::TooLong));
    }

    #[test]
    fn a_comma_can_be_the_decimal_mark_when_the_schema_says_so() {
        let read = |text| read(text, DecimalMark::Comma).map(|n| (n.value.to_f64(), n.normalised));
        assert_eq!(read("12,5"), Ok((12.5, false)));
        assert_eq!(read("1.200,50"), Ok((1200.5, true)));
        assert_eq!(read("1,200.50"), Err(NumberError::NotANumber));
    }

    #[test]
    fn money_never_loses_a_cent() {
        let minor = |text: &str| read(text, DecimalMark::Point).and_then(|n| n.value.to_minor(2));
        assert_eq!(minor("79.99"), Ok(7999));
        assert_eq!(minor("80"), Ok(8000));
        assert_eq!(minor("80.000"), Ok(8000));
        assert_eq!(minor("80.005"), Err(NumberError::TooPrecise));
        assert_eq!(minor("999999999999999999"), Err(NumberError::TooLong));
    }
}
