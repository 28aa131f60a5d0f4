//! Rows sent down a tree by the bytes of a matrix.
use super::code_set::CodeSet;
use super::exits::Exits;
use super::matrix::Matrix;
use super::node::{Node, Tree};
use std::ops::Range;

/// A question about a column as it is asked of the bytes of a matrix.
pub(crate) struct Route {
    pub block: usize,
    pub place: usize,
    /// The bytes that go left.
    pub left: CodeSet,
}

impl Route {
    pub fn of(matrix: &Matrix, column: usize, left: &CodeSet) -> Self {
        let (bundle, member) = matrix.places[column].unwrap_or_default();
        let (block, place) = matrix.locate(bundle);
        let means = &matrix.bundles[bundle].members[member].code_of;
        Self { block, place, left: CodeSet::of(|byte| means.get(usize::from(byte)).is_some_and(|&code| left.contains(code))) }
    }
}

/// Finds the leaves of a matrix's rows.
pub(crate) struct Router<'a> {
    matrix: &'a Matrix,
    way: Way,
}

enum Way {
    /// Of a tree with few leaves.
    Exits(Exits),
    /// Of any tree: by node, a question and the nodes to its left and right.
    Steps(Vec<Option<(Route, [u32; 2])>>),
}

impl<'a> Router<'a> {
    pub fn of(matrix: &'a Matrix, tree: &Tree) -> Self {
        let stream = |column: usize| {
            let (bundle, member) = matrix.places[column].unwrap_or_default();
            (bundle, Some(matrix.bundles[bundle].members[member].code_of.as_slice()))
        };
        let step = |node: &Node| match node {
            Node::Split(split) => Some((Route::of(matrix, usize::from(split.column), &split.left), split.children)),
            Node::Leaf(_) => None,
        };
        let way = match Exits::of(tree, stream) {
            Some(exits) => Way::Exits(exits),
            None => Way::Steps(tree.nodes.iter().map(step).collect()),
        };
        Self { matrix, way }
    }

    /// Writes the nodes where some rows end.
    pub fn leaves(&self, rows: Range<usize>, out: &mut [u32]) {
        match &self.way {
            Way::Exits(exits) => {
                let mut reachable = vec![u64::MAX; rows.len()];
                for (bundle, table) in &exits.tables {
                    let (block, place) = self.matrix.locate(*bundle);
                    let block = &self.matrix.blocks[block];
                    let bytes = block.codes[rows.start * block.width + place..].iter().step_by(block.width);
                    reachable.iter_mut().zip(bytes).for_each(|(reachable, &byte)| *reachable &= table[usize::from(byte)]);
                }
                out.iter_mut().zip(&reachable).for_each(|(out, &reachable)| *out = exits.leaf(reachable));
            }
            Way::Steps(steps) => rows.zip(out).for_each(|(row, out)| *out = self.walk(steps, row)),
        }
    }

    fn walk(&self, steps: &[Option<(Route, [u32; 2])>], row: usize) -> u32 {
        let mut at = 0;
        while let Some((route, children)) = &steps[at as usize] {
            let block = &self.matrix.blocks[route.block];
            at = children[usize::from(!route.left.contains(block.codes[row * block.width + route.place]))];
        }
        at
    }
}
