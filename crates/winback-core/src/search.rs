//! Finding a customer by a part of the id, by a mistyped id, or by chance.
use crate::chance::number_at;
use crate::id::CustomerId;
use std::collections::BTreeSet;

/// Returns a text as searches compare it: in lower case, without outer white space.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Returns which of `total` things a seed draws, each equally likely; `None` of nothing.
/// A number of the seed's sequence is scaled down, without the bias of a remainder.
pub fn draw(seed: u64, total: u64) -> Option<u64> {
    let scaled = (u128::from(number_at(0, seed)) * u128::from(total)) >> 64;
    u64::try_from(scaled).ok().filter(|_| total > 0)
}

/// Returns a text in three parts. Whatever differs from the text in at most two places holds at least one of
/// them unchanged, so stores look for the parts and compare letter by letter only what has one.
pub fn thirds(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let border = |third: usize| chars.len() * third / 3;
    let parts = (0..3).map(|third| chars[border(third)..border(third + 1)].iter().collect());
    parts.filter(|part: &String| !part.is_empty()).collect()
}

/// Returns up to `limit` ids that come closest to a folded text, the closest first: the text itself, what begins
/// with it, what holds it, what differs in a third of its letters at most. Ties go by id.
pub fn nearest(text: &str, candidates: impl IntoIterator<Item = CustomerId>, limit: usize) -> Vec<CustomerId> {
    let ranked: BTreeSet<((u8, usize), CustomerId)> =
        candidates.into_iter().filter_map(|id| rank(text, &fold(id.as_str())).map(|rank| (rank, id))).collect();
    ranked.into_iter().take(limit).map(|(_, id)| id).collect()
}

fn rank(text: &str, id: &str) -> Option<(u8, usize)> {
    let longer = id.chars().count().saturating_sub(text.chars().count());
    match id.find(text) {
        Some(0) if longer == 0 => Some((0, 0)),
        Some(0) => Some((1, longer)),
        Some(_) => Some((2, longer)),
        None => {
            let distance = edits(text, id);
            let most = (text.chars().count() / 3).max(2);
            (distance <= most).then_some((3, distance))
        }
    }
}

/// Returns how many letters must be added, removed or replaced to turn one text into the other (Levenshtein 1966).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edits_are_counted_letter_by_letter() {
        let check = |from: &str, to: &str, count: usize| assert_eq!((edits(from, to), edits(to, from)), (count, count), "{from} {to}");
        check("", "", 0);
        check("abc", "", 3);
        check("kitten", "sitting", 3);
        check("7590-vhveg", "7590-vhvge", 2);
        check("客戶一", "客戶二", 1);
    }

    #[test]
    fn the_closest_id_stands_first() {
        let check = |text: &str, expected: &[&str]| {
            let ids = ["7590-VHVEG", "7590", "17590", "7591", "ABCD"].map(|id| CustomerId::parse(id).unwrap());
            let found = nearest(text, ids, 10);
            assert_eq!(found.iter().map(CustomerId::as_str).collect::<Vec<_>>(), expected, "{text}");
        };
        check("7590", &["7590", "7590-VHVEG", "17590", "7591"]);
        check("7590-vhvge", &["7590-VHVEG"]);
        check("zzzzzzzz", &[]);
    }

    #[test]
    fn every_place_is_drawn_about_equally_often() {
        let mut counts = [0_u32; 7];
        for seed in 0..70_000 {
            counts[draw(seed, 7).unwrap() as usize] += 1;
        }
        // 10,000 each; 5 standard deviations of a binomial count are 463.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 463), "{counts:?}");
        assert_eq!(draw(5, 0), None);
        assert_eq!(draw(5, 1), Some(0));
    }

    proptest! {
        #[test]
        fn what_is_drawn_exists_and_is_drawn_again(seed: u64, total in 1..=u64::MAX) {
            prop_assert!(draw(seed, total).unwrap() < total);
            prop_assert_eq!(draw(seed, total), draw(seed, total));
        }

        #[test]
        fn two_edits_leave_a_third_unchanged(text in "[a-d]{3,12}", first in 0usize..12, second in 0usize..12) {
            let mut mistyped: Vec<char> = text.chars().collect();
            for place in [first, second] {
                let place = place % mistyped.len();
                mistyped[place] = 'z';
            }
            let mistyped: String = mistyped.into_iter().collect();
            let parts = thirds(&text);
            prop_assert_eq!(parts.len(), 3);
            prop_assert!(parts.iter().any(|part| mistyped.contains(part.as_str())), "{:?} {}", parts, mistyped);
            prop_assert_eq!(parts.concat(), text);
        }
    }
}
