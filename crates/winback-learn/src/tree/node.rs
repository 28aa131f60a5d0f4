//! One tree: nodes that send a row left or right by the code of a column, and leaves that hold a value.
use super::bins::{Bins, Codes};
use super::code_set::CodeSet;
use serde::{Deserialize, Serialize};

/// The most splits above a leaf, which bounds the time an explanation takes.
pub const MAX_DEPTH: usize = 16;

/// A tree. The root comes first and every node before those beneath it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree {
    pub(crate) nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Node {
    Split(Split),
    Leaf(Leaf),
}

/// A question about one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Split {
    pub column: u16,
    /// The codes that go left.
    pub left: CodeSet,
    /// The nodes to the left and to the right.
    pub children: [u32; 2],
    /// How many training rows came here.
    pub cover: f64,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaf {
    /// What a row that ends here adds to its score, in log-odds.
    pub value: f64,
    /// How many training rows ended here.
    pub cover: f64,
}

impl Node {
    pub fn cover(&self) -> f64 {
        match self {
            Self::Split(split) => split.cover,
            Self::Leaf(leaf) => leaf.cover,
        }
    }
}

impl Split {
    /// Returns the node a code leads to.
    pub fn next(&self, code: u8) -> usize {
        self.children[usize::from(!self.left.contains(code))] as usize
    }
}

impl Tree {
    /// Returns the value of a row's leaf.
    pub fn value(&self, codes: &Codes, row: usize) -> f64 {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                Node::Leaf(leaf) => return leaf.value,
                Node::Split(split) => at = split.next(codes.columns[usize::from(split.column)][row]),
            }
        }
    }

    /// Returns the mean value over the training rows.
    pub fn mean(&self) -> f64 {
        let mut sum = 0.0;
        self.leaves(|leaf| sum += leaf.value * leaf.cover);
        sum / self.nodes[0].cover()
    }

    /// Notes how many training rows end at each leaf, and so come to each node.
    pub fn count(&mut self, counts: &[u32]) {
        let mut covers: Vec<f64> = counts.iter().map(|&count| f64::from(count)).collect();
        for (at, node) in self.nodes.iter_mut().enumerate().rev() {
            match node {
                Node::Leaf(leaf) => leaf.cover = covers[at],
                Node::Split(split) => {
                    covers[at] = split.children.iter().map(|&child| covers[child as usize]).sum();
                    split.cover = covers[at];
                }
            }
        }
    }

    /// Returns the value of every node, 0 where it is no leaf.
    pub fn values(&self) -> Vec<f64> {
        self.nodes.iter().map(|node| if let Node::Leaf(leaf) = node { leaf.value } else { 0.0 }).collect()
    }

    /// Changes every leaf's value.
    pub fn change(&mut self, change: impl Fn(f64) -> f64) {
        for node in &mut self.nodes {
            if let Node::Leaf(leaf) = node {
                leaf.value = change(leaf.value);
            }
        }
    }

    /// Returns the greatest distance of a leaf's value from 0.
    pub fn furthest(&self) -> f64 {
        let mut furthest = 0.0_f64;
        self.leaves(|leaf| furthest = furthest.max(leaf.value.abs()));
        furthest
    }

    fn leaves(&self, mut each: impl FnMut(&Leaf)) {
        for node in &self.nodes {
            if let Node::Leaf(leaf) = node {
                each(leaf);
            }
        }
    }

    /// Returns the number of splits above each node.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths = vec![0; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            if let Node::Split(split) = node {
                split.children.iter().for_each(|&child| depths[child as usize] = depths[at] + 1);
            }
        }
        depths
    }

    /// Says what is wrong with a tree from a file whose columns have these bins.
    pub fn check(&self, bins: &Bins) -> Result<(), &'static str> {
        let mut parents = vec![0_u8; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            match node {
                Node::Leaf(leaf) if !leaf.value.is_finite() => return Err("has a leaf without a finite value"),
                Node::Leaf(_) => {}
                Node::Split(split) => {
                    if bins.columns.get(usize::from(split.column)).is_none_or(|bins| bins.codes() == 0) {
                        return Err("splits by a column that is not used");
                    }
                    for &child in &split.children {
                        match parents.get_mut(child as usize) {
                            Some(parents) if child as usize > at => *parents += 1,
                            _ => return Err("has a branch that leads nowhere or back"),
                        }
                    }
                }
            }
        }
        if parents.first() != Some(&0) || parents[1..].iter().any(|&parents| parents != 1) {
            return Err("has a node that is not under exactly one other");
        }
        if self.depths().iter().any(|&depth| depth > MAX_DEPTH) {
            return Err("is deeper than any tree of Winback");
        }
        self.check_cover()
    }

    fn check_cover(&self) -> Result<(), &'static str> {
        let cover = |at: u32| self.nodes[at as usize].cover();
        let fits = |node: &Node| match node {
            Node::Split(split) => (split.children.iter().map(|&child| cover(child)).sum::<f64>() - split.cover).abs() <= 1e-6 * split.cover,
            Node::Leaf(_) => true,
        };
        match self.nodes.iter().all(|node| node.cover() > 0.0 && node.cover().is_finite() && fits(node)) {
            true => Ok(()),
            false => Err("has numbers of rows that do not add up"),
        }
    }
}
