//! The words around a number or a word: its clause, its sentence, whether it is denied.
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

/// What denies the Chinese words behind it.
const DENIALS: &str = "不 不是 不會 不会 不能 沒有 没有 沒 没 無 无 未 非 不用 不必 不再 不需 不需要 無法 无法 不提供 不包含 不包括 不含 未必 不算 別 别 不可 不得 不予 不享 不保 不給 不给 不能算 拒絕";

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
        return DENIALS.split(' ').any(|word| before.ends_with(word));
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

#[cfg(test)]
mod tests {
    use super::*;

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
