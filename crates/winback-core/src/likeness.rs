//! How alike the texts of a batch are. A reader who gets one mail cannot see
//! it, a person who sends ten thousand must: variety of words is no variety of
//! content, so both are counted.
//!
//! Two texts are near-duplicates when at least nine tenths of their runs of
//! eight characters are the same (Jaccard similarity; Broder 1997). The
//! share is estimated with one-permutation hashing (Li, Owen and Zhang 2012) of
//! 128 bins, whose standard error at 0.9 is below three points; candidates
//! are found by bands of bins instead of comparing every pair.
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// The similarity from which two texts count as near-duplicates.
pub const NEARLY_ALIKE: f64 = 0.9;
/// How many texts are compared; later ones of a larger batch are left out, and the report says so.
pub const MOST_COMPARED: usize = 100_000;
/// How many characters a run has.
const WINDOW: usize = 8;
const BINS: usize = 128;
/// Bins of one band: two texts that agree in a whole band are compared.
const BAND: usize = 8;

/// How alike the texts of a batch are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    /// Texts that were compared.
    pub compared: u64,
    /// Texts beyond [`MOST_COMPARED`] that were not.
    pub left_out: u64,
    /// Different contents: two texts with the same content state the same facts for the same goal.
    pub contents: u64,
    /// Different texts, to the letter.
    pub texts: u64,
    /// Texts that have at least one near-duplicate.
    pub near_duplicates: u64,
}

impl Likeness {
    /// Returns the share of the texts compared that have a near-duplicate; 0 where none were.
    pub fn share(&self) -> f64 {
        if self.compared == 0 { 0.0 } else { self.near_duplicates as f64 / self.compared as f64 }
    }
}

/// Gathers texts and tells how alike they are.
#[derive(Default)]
pub struct Batch {
    sketches: Vec<[u16; BINS]>,
    alike: Vec<bool>,
    /// The first and the newest text that has the bins of a band.
    bands: HashMap<(u8, u64), (u32, u32)>,
    contents: HashSet<u64>,
    texts: HashSet<u64>,
    left_out: u64,
}

impl Batch {
    /// Adds a text; `content` is any text that is the same where the same facts are stated for the same goal.
    pub fn push(&mut self, text: &str, content: &str) {
        if self.sketches.len() >= MOST_COMPARED {
            self.left_out += 1;
            return;
        }
        self.texts.insert(crate::brief::mix(0, text));
        self.contents.insert(crate::brief::mix(0, content));
        let place = u32::try_from(self.sketches.len()).unwrap_or(u32::MAX);
        let sketch = sketch(text);
        self.sketches.push(sketch);
        self.alike.push(false);
        for (band, bins) in sketch.chunks(BAND).enumerate() {
            let key = bins.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, bin| finish(hash ^ u64::from(*bin)));
            let (first, newest) = *self.bands.entry((band as u8, key)).or_insert((place, place));
            for other in [first, newest] {
                self.compare(place, other);
            }
            self.bands.insert((band as u8, key), (first, place));
        }
    }

    /// Returns how alike the texts are.
    pub fn finish(&self) -> Likeness {
        Likeness {
            compared: self.sketches.len() as u64,
            left_out: self.left_out,
            contents: self.contents.len() as u64,
            texts: self.texts.len() as u64,
            near_duplicates: self.alike.iter().filter(|alike| **alike).count() as u64,
        }
    }

    fn compare(&mut self, place: u32, other: u32) {
        let (one, two) = (place as usize, other as usize);
        if one == two || (self.alike[one] && self.alike[two]) {
            return;
        }
        if similarity(&self.sketches[one], &self.sketches[two]) >= NEARLY_ALIKE {
            self.alike[one] = true;
            self.alike[two] = true;
        }
    }
}

/// Gathers texts and tells which belong together: each is nearly alike another of its group.
#[derive(Default)]
pub struct Alike {
    sketches: Vec<[u16; BINS]>,
    /// The text that stands for the group of each; its own place where it is alone or the first.
    leader: Vec<usize>,
    /// The first texts that have the bins of a band.
    bands: HashMap<(u8, u64), Vec<usize>>,
}

/// How many texts of a band a new one is compared with.
const MOST_OF_A_BAND: usize = 64;

impl Alike {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let (place, sketch) = (self.sketches.len(), sketch(text));
        self.sketches.push(sketch);
        self.leader.push(place);
        for (band, bins) in sketch.chunks(BAND).enumerate() {
            let key = bins.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, bin| finish(hash ^ u64::from(*bin)));
            let others = self.bands.entry((band as u8, key)).or_default();
            let alike: Vec<usize> =
                others.iter().copied().filter(|other| similarity(&self.sketches[*other], &sketch) >= NEARLY_ALIKE).collect();
            if others.len() < MOST_OF_A_BAND {
                others.push(place);
            }
            alike.into_iter().for_each(|other| self.join(place, other));
        }
    }

    /// Returns the groups, each in the order of its texts, the groups in the order of their first.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.leader.len()];
        (0..self.leader.len()).for_each(|place| groups[self.leader_of(place)].push(place));
        groups.retain(|group| !group.is_empty());
        groups
    }

    fn leader_of(&self, mut place: usize) -> usize {
        while self.leader[place] != place {
            place = self.leader[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.leader_of(one), self.leader_of(other));
        self.leader[one.max(other)] = one.min(other);
    }
}

/// Returns the estimated share of common runs.
fn similarity(one: &[u16; BINS], two: &[u16; BINS]) -> f64 {
    let (mut same, mut filled) = (0_u32, 0_u32);
    for (a, b) in one.iter().zip(two) {
        let both_empty = *a == u16::MAX && *b == u16::MAX;
        filled += u32::from(!both_empty);
        same += u32::from(a == b && !both_empty);
    }
    f64::from(same) / f64::from(filled.max(1))
}

/// Returns the least hash of the text's runs in each bin; `u16::MAX` for an empty bin.
fn sketch(text: &str) -> [u16; BINS] {
    const BASE: u64 = 0x0100_0000_01b3;
    let leaving = (0..WINDOW).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut bins = [u16::MAX; BINS];
    let mut last = [0_u64; WINDOW];
    let (mut hash, mut letters) = (0_u64, 0);
    for (at, c) in text.chars().filter(|c| !c.is_whitespace()).enumerate() {
        let new = u64::from(u32::from(c)) + 1;
        hash = hash.wrapping_mul(BASE).wrapping_add(new).wrapping_sub(last[at % WINDOW].wrapping_mul(leaving));
        last[at % WINDOW] = new;
        letters = at + 1;
        if letters >= WINDOW {
            put(&mut bins, hash);
        }
    }
    // A text that is shorter than a run is one.
    if letters < WINDOW {
        put(&mut bins, hash);
    }
    bins
}

/// Notes a run in its bin.
fn put(bins: &mut [u16; BINS], run: u64) {
    let mixed = finish(run);
    let bin = &mut bins[(mixed >> 57) as usize];
    *bin = (*bin).min((mixed & 0xFFFF) as u16);
}

/// Returns a number each bit of which depends on every bit of the other (the finaliser of splitmix64).
fn finish(hash: u64) -> u64 {
    let once = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let twice = (once ^ (once >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    twice ^ (twice >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LETTER: &str = "Dear Julia, a monthly bill should feel fair for what it brings you. We would like yours to be easier to \
        live with. That is why we would like to offer you the annual plan. Switch to an annual plan and take a share off your \
        monthly charge. If you would like it, call us and mention the plan. Nothing changes unless you say yes.";

    fn exact(one: &str, two: &str) -> f64 {
        let runs = |text: &str| -> HashSet<String> {
            let letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
            letters.windows(WINDOW).map(|run| run.iter().collect()).collect()
        };
        let (one, two) = (runs(one), runs(two));
        one.intersection(&two).count() as f64 / one.union(&two).count() as f64
    }

    #[test]
    fn another_name_is_a_near_duplicate_and_another_letter_is_not() {
        let mut batch = Batch::default();
        batch.push(LETTER, "same");
        batch.push(&LETTER.replace("Julia", "Anna"), "same");
        batch.push("您好：合約應該配合您現在的生活。如果目前的安排不再合用，換一個方式也應該很簡單。", "other");
        assert_eq!(batch.finish(), Likeness { compared: 3, left_out: 0, contents: 2, texts: 3, near_duplicates: 2 });
    }

    #[test]
    fn short_texts_are_alike_where_they_are_equal() {
        let pairs = [("好的", "好的", true), ("好的", "不行", false), ("", "", true), ("", "ok", false)];
        for (one, two, alike) in pairs {
            assert_eq!(similarity(&sketch(one), &sketch(two)) >= NEARLY_ALIKE, alike, "{one} {two}");
        }
    }

    #[test]
    fn equal_profiles_in_different_words_are_told_as_one_content() {
        let mut batch = Batch::default();
        let (one, two) = LETTER.split_at(150);
        batch.push(one, "recall discount");
        batch.push(two, "recall discount");
        assert_eq!(batch.finish(), Likeness { compared: 2, left_out: 0, contents: 1, texts: 2, near_duplicates: 0 });
    }

    proptest! {
        #[test]
        fn the_estimate_is_near_the_share_of_common_runs(cut in 20_usize..300, other in "[a-z ]{40,400}") {
            let two = format!("{}{other}", &LETTER[..cut]);
            let estimate = similarity(&sketch(LETTER), &sketch(&two));
            prop_assert!((estimate - exact(LETTER, &two)).abs() < 0.2, "{estimate} {}", exact(LETTER, &two));
        }
    }
}
