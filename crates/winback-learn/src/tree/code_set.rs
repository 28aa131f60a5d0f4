//! A set of the 256 codes a column can have, kept as bits and written as rising ranges.
use serde::{Deserialize, Serialize};

/// Some of the codes 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u8, u8)>", into = "Vec<(u8, u8)>")]
pub(crate) struct CodeSet([u64; 4]);

impl CodeSet {
    /// Returns whether a code is in the set.
    pub fn contains(&self, code: u8) -> bool {
        self.0[usize::from(code >> 6)] >> (code & 63) & 1 == 1
    }

    /// Adds a code.
    pub fn insert(&mut self, code: u8) {
        self.0[usize::from(code >> 6)] |= 1 << (code & 63);
    }

    /// Returns the codes for which `holds`.
    pub fn of(holds: impl Fn(u8) -> bool) -> Self {
        (0..=u8::MAX).filter(|&code| holds(code)).collect()
    }
}

impl FromIterator<u8> for CodeSet {
    fn from_iter<I: IntoIterator<Item = u8>>(codes: I) -> Self {
        let mut set = Self::default();
        codes.into_iter().for_each(|code| set.insert(code));
        set
    }
}

impl From<CodeSet> for Vec<(u8, u8)> {
    fn from(set: CodeSet) -> Self {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for code in (0..=u8::MAX).filter(|&code| set.contains(code)) {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == code => *last = code,
                _ => ranges.push((code, code)),
            }
        }
        ranges
    }
}

/// Ranges that overlap, touch or fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the codes of a split are no rising ranges")]
pub(crate) struct NoRanges;

impl TryFrom<Vec<(u8, u8)>> for CodeSet {
    type Error = NoRanges;
    fn try_from(ranges: Vec<(u8, u8)>) -> Result<Self, NoRanges> {
        let set: Self = ranges.iter().flat_map(|&(from, to)| from..=to).collect();
        if Vec::from(set) == ranges { Ok(set) } else { Err(NoRanges) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_ranges_and_read_back() {
        let check = |codes: &[u8], expected: &str| {
            let set: CodeSet = codes.iter().copied().collect();
            let text = serde_json::to_string(&set).unwrap();
            assert_eq!(text, expected);
            assert_eq!(serde_json::from_str::<CodeSet>(&text).unwrap(), set);
            assert!((0..=u8::MAX).all(|code| set.contains(code) == codes.contains(&code)));
        };
        check(&[], "[]");
        check(&[0, 1, 2, 255], "[[0,2],[255,255]]");
        check(&[63, 64, 66], "[[63,64],[66,66]]");
        for wrong in ["[[2,1]]", "[[0,1],[2,3]]", "[[5,6],[1,2]]", "[[0,300]]"] {
            assert!(serde_json::from_str::<CodeSet>(wrong).is_err(), "{wrong}");
        }
    }
}
