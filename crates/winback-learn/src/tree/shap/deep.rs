//! Path-dependent Shapley values of a tree of any depth, in time linear in its nodes.
//!
//! The value of a leaf's game is an integral over t of a product with one factor t m + (1 - t) r per column on the
//! path ([`super::quadrature`]). At each point t the products are carried down the tree and the sums over the leaves
//! beneath carried back up, so each node costs a few operations a point (compare Yu and others, "Linear TreeSHAP",
//! 2022, which interpolates instead). No factor is 0, as some training row went every way.
use super::super::bins::Codes;
use super::super::node::{Node, Tree};
use super::BLOCK;
use super::quadrature::points;
use std::ops::Range;

/// The most nodes whose edges are kept; those of larger forests are made anew for every block of rows.
pub(crate) const MOST_KEPT: usize = 250_000;

/// A deep tree and, unless it is one of very many nodes, what every edge does.
#[derive(Clone, Debug)]
pub(crate) struct Deep {
    tree: Tree,
    edges: Option<Edges>,
}

/// The ways to every node but the root, with as many points as the depth of the tree takes.
#[derive(Clone, Debug)]
enum Edges {
    Four(Vec<Edge<4>>),
    Five(Vec<Edge<5>>),
    Six(Vec<Edge<6>>),
    Eight(Vec<Edge<8>>),
}

/// How a node is come by, for each of three cases: the row leaves the path at an earlier question about the same
/// column, at this one, or not at all.
#[derive(Clone, Debug)]
struct Edge<const Q: usize> {
    parent: usize,
    column: usize,
    left: bool,
    /// The node under the nearest earlier question about the same column; the root where there is none.
    earlier: usize,
    cases: [Case<Q>; 3],
}

#[derive(Clone, Copy, Debug)]
struct Case<const Q: usize> {
    /// What the product is multiplied with.
    ratio: [f64; Q],
    /// What the sum over leaves beneath counts for the column.
    part: [f64; Q],
}

impl Deep {
    /// Prepares a tree, keeping its edges where `keep`.
    pub fn of(tree: &Tree, keep: bool) -> Self {
        Self { tree: tree.clone(), edges: keep.then(|| Edges::of(tree)) }
    }

    /// Returns the tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Adds the contributions to the scores of at most [`BLOCK`] rows.
    pub fn explain(&self, codes: &Codes, rows: Range<usize>, by_column: &mut [f64]) {
        match &self.edges {
            Some(edges) => edges.explain(&self.tree, codes, rows, by_column),
            None => Edges::of(&self.tree).explain(&self.tree, codes, rows, by_column),
        }
    }
}

impl Edges {
    fn of(tree: &Tree) -> Self {
        match tree.depths().iter().max().map_or(0, |depth| depth.div_ceil(2)) {
            0..=4 => Self::Four(edges(tree)),
            5 => Self::Five(edges(tree)),
            6 => Self::Six(edges(tree)),
            _ => Self::Eight(edges(tree)),
        }
    }

    fn explain(&self, tree: &Tree, codes: &Codes, rows: Range<usize>, by_column: &mut [f64]) {
        match self {
            Self::Four(edges) => explain(tree, edges, (codes, rows), by_column),
            Self::Five(edges) => explain(tree, edges, (codes, rows), by_column),
            Self::Six(edges) => explain(tree, edges, (codes, rows), by_column),
            Self::Eight(edges) => explain(tree, edges, (codes, rows), by_column),
        }
    }
}

fn explain<const Q: usize>(tree: &Tree, edges: &[Edge<Q>], (codes, rows): (&Codes, Range<usize>), by_column: &mut [f64]) {
    // The root is never left by an earlier question.
    let mut agrees = vec![true; tree.nodes.len()];
    let mut goes_left = vec![false; tree.nodes.len()];
    let mut products = vec![[1.0; Q]; tree.nodes.len()];
    for (place, row) in rows.enumerate() {
        for (node, goes_left) in tree.nodes.iter().zip(&mut goes_left) {
            if let Node::Split(split) = node {
                *goes_left = split.left.contains(codes.columns[usize::from(split.column)][row]);
            }
        }
        products[0] = [1.0; Q];
        for (above, edge) in edges.iter().enumerate() {
            let before = agrees[edge.earlier];
            let now = before & (goes_left[edge.parent] == edge.left);
            agrees[above + 1] = now;
            let ratio = &edge.cases[usize::from(before) + usize::from(now)].ratio;
            let mut product = products[edge.parent];
            product.iter_mut().zip(ratio).for_each(|(product, ratio)| *product *= ratio);
            products[above + 1] = product;
        }
        for (node, product) in tree.nodes.iter().zip(&mut products) {
            match node {
                Node::Leaf(leaf) => product.iter_mut().for_each(|product| *product *= leaf.value),
                Node::Split(_) => *product = [0.0; Q],
            }
        }
        for (above, edge) in edges.iter().enumerate().rev() {
            let part = &edge.cases[usize::from(agrees[edge.earlier]) + usize::from(agrees[above + 1])].part;
            let sums = products[above + 1];
            by_column[edge.column * BLOCK + place] += sums.iter().zip(part).map(|(sum, part)| sum * part).sum::<f64>();
            products[edge.parent].iter_mut().zip(sums).for_each(|(above, sum)| *above += sum);
        }
    }
}

/// Returns the way to every node but the root, in their order.
fn edges<const Q: usize>(tree: &Tree) -> Vec<Edge<Q>> {
    let points = points(Q);
    let mut ways: Vec<(usize, bool)> = vec![(0, false); tree.nodes.len()];
    let mut shares = vec![1.0; tree.nodes.len()];
    let mut edges = Vec::with_capacity(tree.nodes.len());
    for (at, node) in tree.nodes.iter().enumerate() {
        if let Node::Split(split) = node {
            ways[split.children[0] as usize] = (at, true);
            ways[split.children[1] as usize] = (at, false);
        }
    }
    let column = |at: usize| if let Node::Split(split) = &tree.nodes[at] { usize::from(split.column) } else { usize::MAX };
    for child in 1..tree.nodes.len() {
        let (parent, left) = ways[child];
        let own = column(parent);
        let mut above = parent;
        while above != 0 && column(ways[above].0) != own {
            above = ways[above].0;
        }
        let earlier = above;
        let before = shares[earlier];
        shares[child] = before * tree.nodes[child].cover() / tree.nodes[parent].cover();
        let case = |(old, new): (f64, f64)| Case::of(&points, (old, before), (new, shares[child]));
        edges.push(Edge { parent, column: own, left, earlier, cases: [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)].map(case) });
    }
    edges
}

impl<const Q: usize> Case<Q> {
    fn of(points: &[(f64, f64)], old: (f64, f64), new: (f64, f64)) -> Self {
        let mut case = Self { ratio: [0.0; Q], part: [0.0; Q] };
        for (place, (t, weight)) in points.iter().enumerate() {
            let factor = |(agrees, share): (f64, f64)| t * agrees + (1.0 - t) * share;
            case.ratio[place] = factor(new) / factor(old);
            case.part[place] = weight * ((new.0 - new.1) / factor(new) - (old.0 - old.1) / factor(old));
        }
        case
    }
}
