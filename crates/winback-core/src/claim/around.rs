//! What the words around an amount say: whether it is paid or saved, and for which period.
use super::context::{clause, floor, sentence};
use super::numeral;
use super::value::{Sense, Unit};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::ops::Range;
use std::sync::LazyLock;

const WORDS: &str = include_str!("around.txt");

/// What a word beside an amount says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Sense(Sense),
    /// It is paid, where the word stands before the amount.
    To,
    Each(Unit),
    Once,
}

static MARKS: LazyLock<Option<(AhoCorasick, Vec<Mark>)>> = LazyLock::new(|| {
    let lines = WORDS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    let (mut words, mut marks) = (Vec::new(), Vec::new());
    for (head, listed) in lines {
        let mark = mark_of(head)?;
        words.extend(listed.split(" | "));
        marks.resize(words.len(), mark);
    }
    // A period also says whether an amount is paid: 月費 holds 費.
    let build = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true).build(words);
    build.ok().map(|automaton| (automaton, marks))
});

fn mark_of(head: &str) -> Option<Mark> {
    Some(match head {
        "off" => Mark::Sense(Sense::Off),
        "added" => Mark::Sense(Sense::Added),
        "paid" => Mark::Sense(Sense::Paid),
        "to" => Mark::To,
        "year" => Mark::Each(Unit::Year),
        "week" => Mark::Each(Unit::Week),
        "day" => Mark::Each(Unit::Day),
        "quarter" => Mark::Each(Unit::Quarter),
        "month" => Mark::Each(Unit::Month),
        "once" => Mark::Once,
        _ => return None,
    })
}

/// Returns the marks of a range of a text, with their places.
fn marks(text: &str, within: Range<usize>) -> impl Iterator<Item = (Range<usize>, Mark)> {
    let offset = within.start;
    let slice = text.get(within).unwrap_or_default();
    let mut at = 0;
    std::iter::from_fn(move || {
        let (automaton, marks) = MARKS.as_ref()?;
        loop {
            let found = automaton.find(Input::new(slice).range(at..))?;
            if is_whole(slice.as_bytes(), found.start(), found.end()) {
                at = found.end();
                return Some((offset + found.start()..offset + found.end(), *marks.get(found.pattern().as_usize())?));
            }
            // "a month" in "a monthly saving" must not hide "monthly".
            at = found.start() + slice[found.start()..].chars().next().map_or(1, char::len_utf8);
        }
    })
}

fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let ascii = letter(Some(start)) || letter(end.checked_sub(1));
    !ascii || !(letter(start.checked_sub(1)) || letter(Some(end)))
}

/// Returns whether an amount is paid, saved or put on top, by the words around it.
pub(super) fn sense(text: &str, span: &Range<usize>) -> Sense {
    let clause = clause(text, span);
    let from = floor(text, span.start.saturating_sub(64)).max(clause.start);
    let until = floor(text, span.end + 40).min(clause.end).max(span.end);
    // What stands beyond another number belongs to that number.
    let next = text[span.end..until].find(|c| numeral::digit(c).is_some());
    let after = span.end..next.map_or(until, |length| span.end + length);
    let behind = marks(text, after).find_map(|(at, mark)| match mark {
        Mark::Sense(sense) => Some((at.start - span.end, sense)),
        _ => None,
    });
    if let Some((distance, sense)) = behind
        && (distance <= 16 || (distance <= 26 && sense == Sense::Off))
    {
        return sense;
    }
    let by = text[from..span.start].trim_end().to_ascii_lowercase().ends_with(" by");
    let ahead = marks(text, from..span.start).filter_map(|(_, mark)| match mark {
        Mark::Sense(sense) => Some(sense),
        Mark::To => Some(Sense::Paid),
        Mark::Each(_) | Mark::Once => None,
    });
    let ahead = ahead.filter(|sense| !(by && *sense == Sense::Paid)).last();
    let monthly = || text[from..span.start].contains(['費', '费']).then_some(Sense::Paid);
    ahead.or_else(monthly).or(behind.map(|(_, sense)| sense)).unwrap_or(Sense::Plain)
}

/// Returns the period an amount is paid or saved for; `None` for once, and where the sentence names none.
pub(super) fn period(text: &str, span: &Range<usize>) -> Option<Unit> {
    let (clause, sentence) = (clause(text, span), sentence(text, span));
    let (mut monthly, mut once) = (false, false);
    for (at, mark) in marks(text, sentence) {
        let within = clause.contains(&at.start);
        match mark {
            Mark::Each(Unit::Month) => monthly = true,
            Mark::Each(unit) if within && at.end + 16 >= span.start && at.start <= span.end + 24 => return Some(unit),
            Mark::Once => once |= within,
            _ => {}
        }
    }
    (monthly && !once).then_some(Unit::Month)
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
}
