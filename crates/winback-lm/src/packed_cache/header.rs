//! The first part of a file of packed weights: what it was packed from, and a checksum of what follows. It is text, so
//! that `head -c 300` tells what a file is.
use super::Unusable;
use crate::config::Config;
use crate::kernels::{LAYOUT, Precision};
use crate::shards::Identity;
use crate::source::Source;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use winback_core::digest::Digest;

/// How long the first part is; what is not text is zeros.
pub(super) const HEADER_BYTES: usize = 1 << 16;
/// The first line.
const FIRST_LINE: &str = "Winback packed weights 1";
/// How many bytes are summed up by themselves, as a multiple of the bytes that are summed up at once.
const PIECE_BYTES: usize = 1 << 20;

/// What decides the content of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Key {
    layout: u32,
    precision: String,
    /// Vocabulary, width, width inside, layers, heads, heads of keys, width of a head.
    shape: [usize; 7],
    tied: bool,
    head: bool,
    /// The number format of the embedding table.
    pub(super) table: Option<String>,
    sources: Vec<Identity>,
}

/// The first part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub key: Key,
    /// The hash of the weights, as [`crate::Model::digest`] tells it.
    pub digest: Digest,
    /// The checksum of what follows.
    pub checksum: String,
}

impl Key {
    pub(super) fn of(config: &Config, source: &Source, precision: Precision, sources: Vec<Identity>) -> Self {
        let Config { vocab_size, hidden_size, intermediate_size, layers, heads, kv_heads, head_dim, tied, .. } = *config;
        Self {
            layout: LAYOUT,
            precision: precision.name().to_owned(),
            shape: [vocab_size, hidden_size, intermediate_size, layers, heads, kv_heads, head_dim],
            tied,
            head: source.has_head(),
            table: source.table_format().map(|format| format.name().to_owned()),
            sources,
        }
    }

    /// Returns whether the model has an output head.
    pub(super) fn has_head(&self) -> bool {
        self.head
    }

    /// Says in which way a file was packed from something else.
    fn compare(&self, found: &Self) -> Result<(), Unusable> {
        match () {
            () if found.layout != self.layout || found.precision != self.precision => Err(Unusable::Outdated("by another version")),
            () if found.sources != self.sources => Err(Unusable::Outdated("before the model's files changed or were moved")),
            () if found != self => Err(Unusable::Outdated("for another config.json")),
            () => Ok(()),
        }
    }
}

impl Header {
    /// Returns the first part as bytes; `None` where it would be too long.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let json = serde_json::to_string(self).ok()?;
        let mut bytes = format!("{FIRST_LINE}\n{}\n{json}\n", Digest::of(json.as_bytes())).into_bytes();
        (bytes.len() <= HEADER_BYTES).then(|| bytes.resize(HEADER_BYTES, 0))?;
        Some(bytes)
    }

    /// Reads the first part and compares it with what is wanted.
    pub(super) fn read(bytes: &[u8], wanted: &Key) -> Result<Self, Unusable> {
        let text = bytes.split(|byte| *byte == 0).next().and_then(|text| std::str::from_utf8(text).ok()).ok_or(Unusable::Beginning)?;
        let mut lines = text.lines();
        let (first, hash, json) = (lines.next(), lines.next(), lines.next());
        if first != Some(FIRST_LINE) {
            return Err(Unusable::Beginning);
        }
        let json = json.filter(|json| Some(Digest::of(json.as_bytes()).0.as_str()) == hash).ok_or(Unusable::Beginning)?;
        let header: Self = serde_json::from_str(json).map_err(|_| Unusable::Beginning)?;
        wanted.compare(&header.key)?;
        Ok(header)
    }
}

/// Returns a checksum of bytes. It finds what went wrong by chance; who may write the file is looked at elsewhere.
///
/// Eight sums of 64 bits take a word each in turn, as FNV-1a does with bytes; every step is a permutation of the sum and
/// of the word, so no single changed word goes unseen.
pub(super) fn checksum(bytes: &[u8]) -> String {
    let sums: Vec<u64> = bytes.par_chunks(PIECE_BYTES).map(sum_of_piece).collect();
    let whole = sums.iter().fold(bytes.len() as u64, |sum, piece| step(sum, *piece));
    format!("{whole:016x}")
}

fn step(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

fn sum_of_piece(piece: &[u8]) -> u64 {
    let mut sums = [0_u64; 8];
    let (lines, rest) = piece.as_chunks::<64>();
    for line in lines {
        let (words, _) = line.as_chunks::<8>();
        sums.iter_mut().zip(words).for_each(|(sum, word)| *sum = step(*sum, u64::from_le_bytes(*word)));
    }
    let whole = sums.into_iter().fold(0, step);
    rest.iter().fold(whole, |sum, byte| step(sum, u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_sees_every_byte_and_every_length() {
        let bytes: Vec<u8> = (0..3 * PIECE_BYTES / 2 + 77).map(|at| (at * 31 % 251) as u8).collect();
        let right = checksum(&bytes);
        assert_eq!(right, checksum(&bytes));
        for at in [0, 1, 63, 64, PIECE_BYTES - 1, PIECE_BYTES, bytes.len() - 78, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(right, checksum(&other), "byte {at}");
            assert_ne!(right, checksum(&bytes[..at]), "length {at}");
        }
        assert_ne!(checksum(&[]), checksum(&[0]));
    }
}
