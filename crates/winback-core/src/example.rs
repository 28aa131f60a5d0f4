//! Examples to learn from: what was asked for, and the mail that a person or the built-in writer wrote.
mod made;
mod personal;
mod told;

use crate::id::CustomerId;
use crate::likeness::Alike;
use crate::segment::SegmentId;
use std::collections::{BTreeMap, HashMap, HashSet};

pub use made::{Made, MailSource, Maker, NotMade, PastMail};
pub use personal::Personal;
pub use told::{KeptFact, MadeWith, ReviewBasis, Told};

/// One example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The line of the file it stands on, counted from 1.
    pub line: u64,
    /// Whose voice it teaches.
    pub segment: SegmentId,
    /// Who the writer is and what always holds; absent where the file tells none.
    pub role: Option<String>,
    /// What was asked for.
    pub input: String,
    /// What was written.
    pub output: String,
    /// To whom, where the file tells it.
    pub customer: Option<CustomerId>,
}

/// Examples to learn from, and examples that are kept back to see how well it goes. Places are those of the list that
/// was split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// What is learned from, in the order of the list.
    pub learned_from: Vec<usize>,
    /// What is kept back, in the order of the list.
    pub kept_back: Vec<usize>,
}

/// Splits examples: at most `share` of them are kept back, and where even the smallest group of near-duplicates is more than
/// that, that group; never one whose mail nearly repeats one that is learned from (see [`crate::likeness::NEARLY_ALIKE`]), nor
/// one to a customer of whom another is, since that would be no test. The same examples and seed give the same split, in
/// whatever order they stand, as long as [`Alike`] finds the same groups. All mails of a kind leave nothing to keep back.
pub fn split(examples: &[Example], share: f64, seed: u64) -> Split {
    let mut groups = groups(examples);
    // Whole groups go one way, in the order of a draw that is made by what their members say, not by where they stand.
    groups.sort_by(|a, b| of_group(a, examples, seed).total_cmp(&of_group(b, examples, seed)));
    let most = (share * examples.len() as f64).round() as usize;
    let (mut split, mut left) = (Split::default(), groups.len());
    let mut apart: Vec<bool> = groups.iter().map(|_| false).collect();
    for (group, apart) in groups.iter().zip(&mut apart) {
        if left > 1 && split.kept_back.len() + group.len() <= most {
            (*apart, left) = (true, left - 1);
            split.kept_back.extend(group);
        }
    }
    // Where every group is more than the share, the smallest is kept back all the same.
    let smallest = (0..groups.len()).min_by_key(|at| groups[*at].len()).filter(|_| share > 0.0 && groups.len() > 1);
    if let Some(smallest) = smallest.filter(|_| split.kept_back.is_empty()) {
        apart[smallest] = true;
        split.kept_back.extend(&groups[smallest]);
    }
    split.learned_from = groups.iter().zip(&apart).filter(|(_, apart)| !**apart).flat_map(|(group, _)| group).copied().collect();
    split.learned_from.sort_unstable();
    split.kept_back.sort_unstable();
    split
}

/// Returns those of `places` whose mails nearly repeat none of `others` and are to none of their customers: what an adapter
/// for all segments may learn from, so that what each segment keeps back stays a test of it, too.
pub fn unlike(examples: &[Example], places: &[usize], others: &[usize]) -> Vec<usize> {
    let mut group_of = vec![0; examples.len()];
    for (group, members) in groups(examples).iter().enumerate() {
        members.iter().for_each(|member| group_of[*member] = group);
    }
    let kept: HashSet<usize> = others.iter().map(|place| group_of[*place]).collect();
    places.iter().copied().filter(|place| !kept.contains(&group_of[*place])).collect()
}

/// Returns the examples that must go one way: mails that nearly repeat each other, and mails to one customer.
fn groups(examples: &[Example]) -> Vec<Vec<usize>> {
    let mut alike = Alike::default();
    examples.iter().for_each(|example| alike.push(&example.output));
    let groups = alike.groups();
    // To which of the groups before it each one belongs, by a customer they share.
    let mut root: Vec<usize> = (0..groups.len()).collect();
    let mut of_customer: HashMap<&CustomerId, usize> = HashMap::new();
    for (group, members) in groups.iter().enumerate() {
        for customer in members.iter().filter_map(|member| examples[*member].customer.as_ref()) {
            let (one, other) = (top(&mut root, group), top(&mut root, *of_customer.entry(customer).or_insert(group)));
            root[one.max(other)] = one.min(other);
        }
    }
    let mut joined: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (group, members) in groups.into_iter().enumerate() {
        joined.entry(top(&mut root, group)).or_default().extend(members);
    }
    joined.into_values().collect()
}

/// Returns the first of the groups that belong together with one, and shortens the way to it.
fn top(root: &mut [usize], mut group: usize) -> usize {
    while root[group] != group {
        root[group] = root[root[group]];
        group = root[group];
    }
    group
}

/// Returns a number from 0 up to 1 that a group decides, whatever its size: that of the member a second draw picks.
fn of_group(group: &[usize], examples: &[Example], seed: u64) -> f64 {
    let picked = group.iter().min_by(|a, b| drawn(&examples[**a], !seed).total_cmp(&drawn(&examples[**b], !seed)));
    picked.map_or(1.0, |at| drawn(&examples[*at], seed))
}

/// Returns a number from 0 up to 1 that an example and a seed decide.
fn drawn(example: &Example, seed: u64) -> f64 {
    let hash = crate::brief::mix(crate::brief::mix(seed, &example.input), &example.output);
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(outputs: &[String]) -> Vec<Example> {
        let example = |(at, output): (usize, &String)| Example {
            line: at as u64 + 1,
            segment: SegmentId::parse("Dormant").unwrap(),
            role: None,
            input: format!("brief {at}"),
            output: output.clone(),
            customer: None,
        };
        outputs.iter().enumerate().map(example).collect()
    }

    fn mail(at: usize) -> String {
        let words = ["plan", "line", "support", "bill", "month", "offer", "phone", "data", "fibre", "advice"];
        let word = |word: usize| words[(crate::brief::mix(word as u64, &at.to_string()) % 10) as usize];
        (0..40).map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn about_the_share_is_kept_back_whatever_the_order() {
        let all = examples(&(0..400).map(mail).collect::<Vec<_>>());
        let found = split(&all, 0.1, 7);
        assert_eq!(found.learned_from.len() + found.kept_back.len(), 400);
        assert_eq!(found.kept_back.len(), 40);
        let mut turned = all.clone();
        turned.reverse();
        let lines = |split: &Split, all: &[Example]| {
            let mut lines: Vec<u64> = split.kept_back.iter().map(|at| all[*at].line).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(lines(&split(&turned, 0.1, 7), &turned), lines(&found, &all));
        assert_ne!(split(&all, 0.1, 8), found);
    }

    #[test]
    fn near_duplicates_are_on_one_side() {
        let mails: Vec<String> = (0..60).flat_map(|at| [mail(at), format!("{} x", mail(at))]).collect();
        let found = split(&examples(&mails), 0.3, 1);
        assert!(!found.kept_back.is_empty());
        for at in &found.kept_back {
            assert!(found.kept_back.contains(&(at ^ 1)), "{at} and its twin are on two sides");
        }
    }

    /// Two mails each to two hundred customers: whoever is kept back is kept back whole, and others stay where they were.
    #[test]
    fn mails_to_one_customer_are_on_one_side() {
        let mut all = examples(&(0..400).map(mail).collect::<Vec<_>>());
        let without = split(&all, 0.2, 5);
        for (at, example) in all.iter_mut().enumerate() {
            example.customer = CustomerId::parse(&format!("C-{}", at % 200)).ok();
        }
        let found = split(&all, 0.2, 5);
        assert_ne!(found, without);
        assert_eq!((found.kept_back.len(), found.learned_from.len()), (80, 320));
        let kept: HashSet<usize> = found.kept_back.iter().map(|at| at % 200).collect();
        assert!(found.learned_from.iter().all(|at| !kept.contains(&(at % 200))));
        assert_eq!(unlike(&all, &[1, 2, 201, 202], &[1]), [2, 202]);
        // A customer with one mail decides nothing.
        for (at, example) in all.iter_mut().enumerate() {
            example.customer = CustomerId::parse(&format!("C-{at}")).ok();
        }
        assert_eq!(split(&all, 0.2, 5), without);
        // One chain: A and B share a customer, B and C nearly repeat each other.
        let mut chain = examples(&[mail(1), mail(2), format!("{} x", mail(2)), mail(3), mail(4)]);
        for at in [0, 1] {
            chain[at].customer = CustomerId::parse("C-1").ok();
        }
        assert_eq!(groups(&chain), [vec![0, 1, 2], vec![3], vec![4]]);
    }

    #[test]
    fn most_are_learned_from_even_where_most_are_alike() {
        let mails: Vec<String> = (0..190).map(|at| format!("{} {at}", mail(1))).chain((2..12).map(mail)).collect();
        for seed in 0..50 {
            let found = split(&examples(&mails), 0.1, seed);
            assert!((1..=10).contains(&found.kept_back.len()), "seed {seed} keeps back {}", found.kept_back.len());
        }
    }

    #[test]
    fn two_mails_are_split_the_same_way_in_either_order() {
        let mut two = examples(&[mail(1), format!("{} entirely another one about nothing of the kind", mail(9))]);
        for seed in 0..50 {
            let kept = two[split(&two, 0.1, seed).kept_back[0]].line;
            two.reverse();
            assert_eq!(two[split(&two, 0.1, seed).kept_back[0]].line, kept, "seed {seed}");
        }
    }

    #[test]
    fn what_nearly_repeats_another_is_left_out() {
        let mails: Vec<String> = (0..10).flat_map(|at| [mail(at), format!("{} x", mail(at))]).collect();
        let all = examples(&mails);
        assert_eq!(unlike(&all, &[1, 2, 3, 5, 8], &[0, 4]), [2, 3, 8]);
        assert_eq!(unlike(&all, &[1, 2], &[]), [1, 2]);
    }

    #[test]
    fn something_is_kept_back_where_anything_can_be() {
        let two = examples(&[mail(1), format!("{} entirely another one about nothing of the kind", mail(9))]);
        for seed in 0..20 {
            let found = split(&two, 0.1, seed);
            assert_eq!((found.learned_from.len(), found.kept_back.len()), (1, 1));
        }
        let same = split(&examples(&[mail(1), mail(1), mail(1)]), 0.5, 3);
        assert_eq!((same.learned_from.len(), same.kept_back.len()), (3, 0));
        assert_eq!(split(&[], 0.1, 0), Split::default());
    }
}
