//! Money as integer minor units, so that 79.99 and 80.00 compare as decimals.
use serde::{Deserialize, Serialize};
use std::fmt;

/// An ISO 4217 currency code with its number of decimal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// A text that is no ISO 4217 code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no currency code; expected three capital letters as in ISO 4217, such as USD, TWD or CNY")]
pub struct CurrencyError(String);

impl Currency {
    /// Returns the currency of a three-letter code.
    pub fn parse(code: &str) -> Result<Self, CurrencyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| CurrencyError(code.to_owned()))?;
        if !bytes.iter().all(u8::is_ascii_uppercase) {
            return Err(CurrencyError(code.to_owned()));
        }
        let exponent = match code {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" => 0,
            "BHD" | "KWD" | "OMR" | "JOD" | "TND" => 3,
            _ => 2,
        };
        Ok(Self { code: bytes, exponent })
    }

    /// Returns the three-letter code.
    pub fn code(&self) -> &str {
        // Three capital letters (see `parse`), so that this never is empty.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Returns the number of decimal places of the minor unit (2 for cents).
    pub fn exponent(&self) -> u8 {
        self.exponent
    }

    /// Returns the sign people write before an amount: `$`, `NT$`, `¥`, or the code and a space.
    pub fn sign(&self) -> String {
        match self.code() {
            "USD" => "$".into(),
            "TWD" => "NT$".into(),
            "CNY" => "¥".into(),
            "EUR" => "€".into(),
            "GBP" => "£".into(),
            code => format!("{code} "),
        }
    }

    /// Returns ten to the power of [`Self::exponent`].
    pub fn minor_per_major(&self) -> i64 {
        10_i64.pow(u32::from(self.exponent))
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;
    fn try_from(code: String) -> Result<Self, CurrencyError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// An amount of one currency in minor units (cents).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The amount in minor units.
    pub minor: i64,
    /// The currency of the amount.
    pub currency: Currency,
}

impl Money {
    /// Returns an amount of minor units.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Returns the amount in major units, for features and charts only; never compare money as f64.
    pub fn major(self) -> f64 {
        self.minor as f64 / self.currency.minor_per_major() as f64
    }

    /// Returns the plain decimal text without a sign or separators: `1889.50`.
    pub fn decimal(self) -> String {
        let unit = self.currency.minor_per_major().unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        let value = self.minor.unsigned_abs();
        match self.currency.exponent {
            0 => format!("{sign}{value}"),
            places => format!("{sign}{}.{:0width$}", value / unit, value % unit, width = usize::from(places)),
        }
    }
}

impl fmt::Display for Money {
    /// Writes the amount as people read it: `$1,889.50`, `NT$120`; `.00` is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.decimal();
        let decimal = decimal.trim_start_matches('-');
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        if self.minor < 0 {
            f.write_str("-")?;
        }
        f.write_str(&self.currency.sign())?;
        f.write_str(&group_thousands(whole))?;
        if fraction.bytes().any(|b| b != b'0') {
            write!(f, ".{fraction}")?;
        }
        Ok(())
    }
}

/// Returns digits with a comma before each group of three: `7043` becomes `7,043`.
pub fn group_thousands(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_as_people_write_it() {
        let check = |minor: i64, code: &str, display: &str, decimal: &str| {
            let money = Money::new(minor, Currency::parse(code).unwrap());
            assert_eq!((money.to_string().as_str(), money.decimal().as_str()), (display, decimal));
        };
        check(188_950, "USD", "$1,889.50", "1889.50");
        check(8_000, "USD", "$80", "80.00");
        check(-5, "USD", "-$0.05", "-0.05");
        check(12_000, "TWD", "NT$120", "120.00");
        check(1_200, "JPY", "JPY 1,200", "1200");
        check(i64::MIN, "USD", "-$92,233,720,368,547,758.08", "-92233720368547758.08");
        check(i64::MAX, "USD", "$92,233,720,368,547,758.07", "92233720368547758.07");
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        for code in ["", "usd", "US", "USDT", "美元"] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }
}
