//! Where many rows leave a tree of at most 64 leaves, without a branch (Lucchese and others, "QuickScorer", 2015).
//!
//! Every leaf is a bit. An answer to a question rules out the leaves on the other side; the answers to all questions
//! leave one bit. What a code rules out by all questions about its column is one look-up.
use super::node::{Node, Tree};

/// Leaves that can still be reached, by code.
type Reachable = Box<[u64; 256]>;

/// Finds the leaves of rows.
pub(crate) struct Exits {
    /// By stream of bytes, what each byte leaves.
    pub tables: Vec<(usize, Reachable)>,
    /// The leaves' nodes, by bit.
    leaves: Vec<u32>,
}

impl Exits {
    /// Prepares a tree; `None` where it has more than 64 leaves. `stream` tells where a column's codes stand and what
    /// code each byte there means.
    pub fn of<'a>(tree: &Tree, stream: impl Fn(usize) -> (usize, Option<&'a [u8]>)) -> Option<Self> {
        let leaves: Vec<u32> = (0..tree.nodes.len() as u32).filter(|&at| matches!(tree.nodes[at as usize], Node::Leaf(_))).collect();
        if leaves.len() > 64 {
            return None;
        }
        let mut under = vec![0_u64; tree.nodes.len()];
        leaves.iter().enumerate().for_each(|(bit, &leaf)| under[leaf as usize] = 1 << bit);
        let mut tables: Vec<(usize, Reachable)> = Vec::new();
        for (at, node) in tree.nodes.iter().enumerate().rev() {
            let Node::Split(split) = node else { continue };
            let [left, right] = split.children.map(|child| under[child as usize]);
            under[at] = left | right;
            let (place, means) = stream(usize::from(split.column));
            let known = tables.iter().position(|(known, _)| *known == place).unwrap_or(tables.len());
            if known == tables.len() {
                tables.push((place, Box::new([u64::MAX; 256])));
            }
            for (byte, reachable) in tables[known].1.iter_mut().enumerate() {
                let code = means.map_or(byte as u8, |means| means.get(byte).copied().unwrap_or_default());
                *reachable &= !if split.left.contains(code) { right } else { left };
            }
        }
        Some(Self { tables, leaves })
    }

    /// Returns the node of the leaf that is left.
    pub fn leaf(&self, reachable: u64) -> u32 {
        // A tree of one leaf has no table, and its one bit is the lowest.
        self.leaves.get(reachable.trailing_zeros() as usize).copied().unwrap_or_default()
    }
}
