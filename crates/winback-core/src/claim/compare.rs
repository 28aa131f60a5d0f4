//! How an amount is compared, by the words directly around it.
use super::context::floor;
use super::numeral;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How an amount is compared: `15 %`, `at least 15 %`, `up to 15 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// That and no other.
    Exactly,
    /// At least that, or from that on.
    AtLeast,
    /// At most that, or until then.
    AtMost,
    /// More than that.
    More,
    /// Less than that.
    Less,
    /// About that.
    About,
}

const AT_MOST: &[&str] = &[
    "up to",
    "as much as",
    "as many as",
    "maximum",
    "max",
    "max.",
    "at most",
    "no more than",
    "not more than",
    "最多",
    "最高",
    "高達",
    "高达",
    "至多",
    "上限",
    "不超過",
    "不超过",
    "可達",
    "可达",
    "多達",
    "達",
    "长达",
    "長達",
];
const AT_LEAST: &[&str] = &[
    "at least",
    "a minimum of",
    "minimum",
    "min.",
    "starting at",
    "starting from",
    "no less than",
    "not less than",
    "至少",
    "起碼",
    "起码",
    "最少",
    "不少於",
    "不少于",
    "from",
    "starts on",
    "begins on",
    "starting on",
    "starting",
    "beginning",
    "since",
    "as of",
];
const MORE: &[&str] = &["more than", "over", "above", "exceeding", "beyond", "超過", "超过", "逾", "不止", "不只"];
const LESS: &[&str] = &[
    "less than",
    "under",
    "below",
    "fewer than",
    "低於",
    "低于",
    "不到",
    "不足",
    "未滿",
    "未满",
    "almost",
    "nearly",
    "close to",
    "將近",
    "将近",
    "接近",
];
const ABOUT: &[&str] = &["about", "around", "roughly", "approximately", "some", "大約", "大约"];
const BEFORE: [(Compare, &[&str]); 5] =
    [(Compare::AtMost, AT_MOST), (Compare::AtLeast, AT_LEAST), (Compare::More, MORE), (Compare::Less, LESS), (Compare::About, ABOUT)];
const OR_MORE: &[&str] = &["or more", "or above", "and up", "and more", "plus or", "+", "＋", "起", "以上", "起跳", "開始", "开始"];
const OR_LESS: &[&str] = &["or less", "or fewer", "or below", "以下", "–", "—", "~", "～", "至", "到"];
/// What stands between the ends of a range: `10–15 %`.
const RANGE: [char; 7] = ['–', '—', '~', '～', '至', '到', '-'];

impl Compare {
    /// Returns how an amount is compared, by the words directly around it.
    pub(super) fn around(text: &str, span: &Range<usize>) -> Self {
        let before = text[floor(text, span.start.saturating_sub(24))..span.start].trim_end_matches([' ', '\u{A0}', '$']);
        // 最多少 15 %: what is taken off may stand between.
        let bare = before.trim_end_matches(['少', '省', '減', '减', '降', '付']);
        if let Some((compare, _)) = BEFORE.iter().find(|(_, words)| words.iter().any(|word| ends(bare, word) || ends(before, word))) {
            return *compare;
        }
        let after = text[span.end..].trim_start_matches([' ', '\u{A0}']);
        let begins =
            |words: &[&str]| words.iter().any(|word| after.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
        if begins(OR_MORE) {
            return Compare::AtLeast;
        }
        let digit = |c: char| numeral::digit(c).is_some() || matches!(c, '%' | '％');
        let ranged = before.ends_with(RANGE) && before.trim_end_matches(|c| c == ' ' || RANGE.contains(&c)).ends_with(digit);
        if ranged || begins(OR_LESS) { Compare::AtMost } else { Compare::Exactly }
    }
}

/// Returns whether a text ends with a word that is not the end of a longer one.
fn ends(text: &str, word: &str) -> bool {
    if text.bytes().next_back().map(|b| b | 0x20) != word.bytes().next_back().map(|b| b | 0x20) {
        return false;
    }
    let Some((rest, end)) = text.len().checked_sub(word.len()).and_then(|at| text.split_at_checked(at)) else { return false };
    end.eq_ignore_ascii_case(word) && !(word.is_ascii() && rest.ends_with(|c: char| c.is_ascii_alphabetic()))
}
