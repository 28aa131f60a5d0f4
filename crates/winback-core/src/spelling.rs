//! Suggestions for misspelled names.

/// Returns the candidate that is nearest to a word, if it is near enough to be what was meant:
/// at most one edit in three characters (insert, delete, replace or swap two neighbours), in any case.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edits(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the number of edits between two words (optimal string alignment, Damerau 1964).
pub fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replace = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_far_ones_are_not() {
        let check = |word: &str, expected: Option<&str>| {
            assert_eq!(nearest(word, ["percent", "months", "annual-plan"]), expected, "{word}");
        };
        check("percnt", Some("percent"));
        check("precent", Some("percent"));
        check("Month", Some("months"));
        check("anual-plan", Some("annual-plan"));
        check("stock", None);
        check("", None);
    }
}
