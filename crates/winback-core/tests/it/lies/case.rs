//! One brief as a liar sees it: what is true, and what is close to it and false.
use super::words::{self, counted, digit_by_digit, disguised, financial, in_words, roman, split};
use jiff::ToSpan;
use jiff::civil::Date;
use winback_core::claim::Value;
use winback_core::locale::{Locale, Localized};
use winback_core::message::Brief;
use winback_core::money::{Currency, Money};

/// A brief with the names of all offers of its catalogue.
#[derive(Clone, Debug)]
pub struct Case {
    pub brief: Brief,
    pub offers: Vec<Localized>,
    pub currency: Currency,
}

/// Returns a number from 0 to `n - 1` that depends on every bit of a seed and on what it is for.
pub fn pick(seed: u64, what_for: u64, n: usize) -> usize {
    let mut z = seed.wrapping_add(what_for.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap_or_default()
}

fn one_of(seed: u64, what_for: u64, from: &[i64], fits: impl Fn(i64) -> bool) -> i64 {
    let fitting: Vec<i64> = from.iter().copied().filter(|&n| fits(n)).collect();
    fitting[pick(seed, what_for, fitting.len())]
}

impl Case {
    pub fn locale(&self) -> Locale {
        self.brief.locale
    }

    pub fn text(&self, id: &str) -> Option<&str> {
        self.brief.facts.iter().find(|fact| fact.id == id).map(|fact| fact.text.as_str())
    }

    fn value(&self, id: &str) -> Option<&Value> {
        self.brief.facts.iter().find(|fact| fact.id == id).and_then(|fact| fact.value.as_ref())
    }

    pub fn percent(&self) -> Option<i64> {
        match self.value("offer.percent")? {
            Value::Percent { hundredths, .. } => Some(hundredths / 100),
            _ => None,
        }
    }

    pub fn months(&self) -> Option<i64> {
        match self.value("offer.months")? {
            Value::Span { count, .. } => Some(*count),
            _ => None,
        }
    }

    fn until(&self) -> Option<Date> {
        match self.value("offer.until")? {
            Value::Day { year, month, day } => Date::new((*year)?, (*month)?, (*day)?).ok(),
            _ => None,
        }
    }

    fn saving(&self) -> Option<i64> {
        match self.value("offer.saving")? {
            Value::Money { minor, .. } => Some(*minor),
            _ => None,
        }
    }

    /// Returns a percentage that the offer does not give, nor leaves to pay.
    pub fn wrong_percent(&self, seed: u64) -> i64 {
        let truth = self.percent();
        one_of(seed, 1, &[5, 7, 10, 18, 20, 22, 25, 28, 33, 35, 40, 45, 60, 65, 72, 85, 90], |n| {
            truth.is_none_or(|p| n != p && n != 100 - p && n != p * 10 && n * 10 != p)
        })
    }

    /// Returns a number of months that the offer does not last.
    pub fn wrong_months(&self, seed: u64) -> i64 {
        let truth = self.months();
        one_of(seed, 2, &[2, 4, 5, 7, 8, 9, 10, 15, 16, 18, 20, 30, 36], |n| Some(n) != truth)
    }

    fn wrong_years(&self, seed: u64) -> i64 {
        let truth = self.months();
        one_of(seed, 3, &[2, 3, 4, 5, 10], |n| Some(n * 12) != truth)
    }

    /// Returns tenths of a price that are neither taken off nor left to pay.
    fn wrong_tenths(&self, seed: u64) -> i64 {
        let truth = self.percent();
        one_of(seed, 4, &[2, 3, 4, 6, 7], |n| truth.is_none_or(|p| n * 10 != p && n * 10 != 100 - p))
    }

    /// Returns the digits before 折: 8 and 80 % to pay are the same, as are 75 and 75 %.
    fn wrong_fold(&self, seed: u64) -> i64 {
        let truth = self.percent();
        let to_pay = |n: i64| if n < 10 { n * 10 } else { n };
        one_of(seed, 5, &[6, 7, 8, 9, 55, 65, 75, 78, 88, 95], |n| truth.is_none_or(|p| to_pay(n) != 100 - p))
    }

    fn wrong_money(&self, seed: u64) -> String {
        let known: Vec<Option<&str>> = vec![self.text("offer.saving"), self.text("charge.monthly")];
        let unit = self.currency.minor_per_major();
        let sizes = [9 * unit + unit / 2, 19 * unit, 39 * unit + 99, 99 * unit, 149 * unit, 399 * unit];
        let made: Vec<String> = sizes.map(|minor| Money::new(minor, self.currency).to_string()).into_iter().collect();
        let wrong: Vec<&String> = made.iter().filter(|text| !known.contains(&Some(text.as_str()))).collect();
        wrong[pick(seed, 6, wrong.len())].clone()
    }

    /// Returns the true saving with the sign of another currency.
    fn saving_in_another_currency(&self, seed: u64) -> Option<String> {
        let decimal = Money::new(self.saving()?, self.currency).to_string().replace(&self.currency.sign(), "");
        let signs = match self.currency.code() {
            "USD" => ["€{}", "£{}", "{} euros", "NT${}"],
            "TWD" => ["US${}", "€{}", "{} 美元", "¥{}"],
            _ => ["US${}", "€{}", "{} 美元", "HK${}"],
        };
        Some(signs[pick(seed, 7, signs.len())].replace("{}", &decimal))
    }

    /// Returns a day that is not the last one of the offer, not even without its year.
    fn wrong_day(&self, seed: u64) -> Date {
        let from = self.until().unwrap_or(self.brief.day);
        let shift = one_of(seed, 8, &[-31, -7, 1, 10, 25, 40, 92], |n| self.until().is_some() || n > 0);
        from.checked_add(shift.days()).unwrap_or(from)
    }

    fn wrong_phone(&self, seed: u64) -> String {
        let known = &self.brief.company.phone;
        let numbers = ["0800-123-456", "02-2345-6789", "400-820-1234", "0912-345-678", "+1 555 867 5309"];
        let wrong: Vec<&&str> = numbers.iter().filter(|number| *number != known).collect();
        (*wrong[pick(seed, 9, wrong.len())]).to_owned()
    }

    /// Returns the name of another offer of the catalogue.
    fn other_offer(&self, seed: u64) -> Option<String> {
        let own = self.text("offer.name").unwrap_or_default();
        let others: Vec<&String> = self.offers.iter().map(|name| name.get(self.locale())).filter(|name| *name != own).collect();
        others.get(pick(seed, 10, others.len())).map(|name| (*name).clone())
    }

    /// Returns a sentence with its names filled in; `None` where the brief lacks a value it needs.
    pub fn fill(&self, sentence: &str, seed: u64) -> Option<String> {
        let mut text = String::with_capacity(sentence.len() + 16);
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            text.push_str(before);
            text.push_str(&self.named(name, seed)?);
            rest = after;
        }
        text.push_str(rest);
        Some(capitalised(&text))
    }

    fn named(&self, name: &str, seed: u64) -> Option<String> {
        if let Some(text) = self.truth(name) {
            return text;
        }
        let locale = self.locale();
        let percent = self.wrong_percent(seed);
        Some(match name {
            "q" => self.percent().unwrap_or(percent).to_string(),
            "P" => percent.to_string(),
            "Pw" => in_words(percent, locale),
            "Pfw" => disguised(percent, "０１２３４５６７８９"),
            "Psp" => split(percent, [" ", "\u{a0}", "\u{2009}", "·"][pick(seed, 11, 4)]),
            "Par" => disguised(percent, "٠١٢٣٤٥٦٧٨٩"),
            "Pci" => disguised(percent, "⓪①②③④⑤⑥⑦⑧⑨"),
            "Psu" => disguised(percent, "⁰¹²³⁴⁵⁶⁷⁸⁹"),
            "Pro" => roman(percent),
            "Pfin" => financial(percent, locale),
            "R" => (100 - percent).to_string(),
            "Z" => self.wrong_fold(seed).to_string(),
            "Zc" => digit_by_digit(self.wrong_fold(seed)),
            "T" => self.wrong_tenths(seed).to_string(),
            "Tw" => counted(self.wrong_tenths(seed), locale),
            "M" => self.wrong_months(seed).to_string(),
            "Mw" => counted(self.wrong_months(seed), locale),
            "Y" => self.wrong_years(seed).to_string(),
            "Yw" => counted(self.wrong_years(seed), locale),
            "W" => one_of(seed, 12, &[6, 10, 16, 20], |_| true).to_string(),
            "S" => self.wrong_money(seed),
            "Sx" => self.saving_in_another_currency(seed)?,
            "Zero" => Money::new(0, self.currency).to_string(),
            "Date" => words::date(self.wrong_day(seed), locale, pick(seed, 13, 4) as u64),
            "Dshort" => words::short_date(self.wrong_day(seed), locale),
            "Roc" => (117 + pick(seed, 14, 3)).to_string(),
            "Rocw" => digit_by_digit(117 + pick(seed, 14, 3) as i64),
            "Phone" => self.wrong_phone(seed),
            "Other" => self.other_offer(seed)?,
            other => panic!("no such name in a sentence: {other}"),
        })
    }

    /// Returns a value of the brief, `Some(None)` where it has none, `None` for a name of something false.
    fn truth(&self, name: &str) -> Option<Option<String>> {
        let fact = |id: &str| Some(self.text(id).map(str::to_owned));
        match name {
            "p" => Some(self.percent().map(|n| n.to_string())),
            "m" => Some(self.months().map(|n| n.to_string())),
            "months" => fact("offer.months"),
            "saving" => fact("offer.saving"),
            "charge" => fact("charge.monthly"),
            "until" => fact("offer.until"),
            "offer" => fact("offer.name"),
            "phone" => fact("company.phone"),
            "address" => fact("company.address"),
            _ => None,
        }
    }
}

/// Returns a text that begins with a capital letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
