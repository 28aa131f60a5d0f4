//! The one tree grower of boosting and forest: histograms by code, the larger child's got by taking the smaller
//! one's from their parent's, rows kept in order of their node.
use super::best_split::{Question, SplitOptions, real};
use super::bins::Bins;
use super::histogram::{Histogram, Pair, Rows, Sum};
use super::matrix::Matrix;
use super::node::{Leaf, Node, Split, Tree};
use super::partition::partition;
use super::route::Route;
use crate::split::SplitMix64;
use rayon::prelude::*;

/// How trees grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GrowOptions {
    pub max_depth: usize,
    /// How many columns are drawn for each node to choose from; `None` for all that the tree has.
    pub columns_per_node: Option<usize>,
    pub split: SplitOptions,
}

/// Grows trees on the rows of a matrix.
pub(crate) struct Grower<'a> {
    pub matrix: &'a Matrix,
    pub bins: &'a Bins,
    pub options: GrowOptions,
    /// The value of a leaf by the gradient and the second derivative of the rows drawn for it.
    pub value: &'a (dyn Fn(f64, f64) -> f64 + Sync),
}

/// A node that may be split yet.
struct Bud {
    node: usize,
    rows: std::ops::Range<usize>,
    depth: usize,
    sums: Histogram,
}

/// The rows of a tree in order of their node, and room to sort them.
struct Order {
    rows: Vec<u32>,
    spare: Vec<u32>,
}

impl Grower<'_> {
    /// Grows a tree on `rows`, or on all rows, choosing among `columns`. Its numbers of rows are not counted yet.
    pub fn grow(&self, pairs: &[Pair], rows: Option<Vec<u32>>, columns: &[usize], random: &mut SplitMix64) -> Tree {
        let sums = Histogram::of(self.matrix, pairs, rows.as_deref().map_or(Rows::All, Rows::Some));
        let rows = rows.unwrap_or_else(|| (0..self.matrix.rows as u32).into_par_iter().collect());
        let mut order = Order { spare: vec![0; rows.len()], rows };
        let total = sums.bundle(0).iter().fold([0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
        let mut tree = Tree { nodes: vec![self.leaf(total)] };
        let mut buds = vec![Bud { node: 0, rows: 0..order.rows.len(), depth: 0, sums }];
        while let Some(bud) = buds.pop() {
            if let Some(question) = self.ask(&bud.sums, columns, random) {
                let children = [tree.nodes.len(), tree.nodes.len() + 1];
                tree.nodes.extend(question.sums.map(|sum| self.leaf(sum)));
                let (column, links) = (question.column as u16, children.map(|child| child as u32));
                tree.nodes[bud.node] = Node::Split(Split { column, left: question.left, children: links, cover: 0.0 });
                self.branch(bud, (&question, children), (pairs, &mut order), &mut buds);
            }
        }
        tree
    }

    fn leaf(&self, sum: Sum) -> Node {
        let (gradient, weight) = real(sum);
        Node::Leaf(Leaf { value: (self.value)(gradient, weight), cover: 0.0 })
    }

    fn ask(&self, sums: &Histogram, columns: &[usize], random: &mut SplitMix64) -> Option<Question> {
        let drawn = self.options.columns_per_node.map(|count| draw(columns, count, random));
        self.options.split.best(self.matrix, self.bins, sums, drawn.as_deref().unwrap_or(columns))
    }

    /// Sorts the rows of a split node and prepares its children, unless they must stay leaves.
    fn branch(&self, bud: Bud, (question, children): (&Question, [usize; 2]), work: (&[Pair], &mut Order), buds: &mut Vec<Bud>) {
        let (pairs, order) = work;
        let heavy = |sum: Sum| real(sum).1 >= 2.0 * self.options.split.min_weight;
        let may_split = question.sums.map(|sum| bud.depth + 1 < self.options.max_depth && heavy(sum));
        if may_split == [false, false] {
            return;
        }
        let route = Route::of(self.matrix, question.column, &question.left);
        let block = &self.matrix.blocks[route.block];
        let left = partition(&mut order.rows[bud.rows.clone()], &mut order.spare[bud.rows.clone()], |row| {
            route.left.contains(block.codes[row as usize * block.width + route.place])
        });
        let middle = bud.rows.start + left;
        let ranges = [bud.rows.start..middle, middle..bud.rows.end];
        let smaller = usize::from(ranges[1].len() < ranges[0].len());
        let near = Histogram::of(self.matrix, pairs, Rows::Some(&order.rows[ranges[smaller].clone()]));
        let far = bud.sums.minus(&near);
        let mut sums = [Some(near), Some(far)];
        // The left one is split first, so it is put on top.
        for side in [1, 0] {
            let own = usize::from(side != smaller);
            if let (true, Some(sums)) = (may_split[side], sums[own].take()) {
                buds.push(Bud { node: children[side], rows: ranges[side].clone(), depth: bud.depth + 1, sums });
            }
        }
    }
}

/// Draws `count` of some columns, in the order they are given in.
pub(crate) fn draw(columns: &[usize], count: usize, random: &mut SplitMix64) -> Vec<usize> {
    let mut drawn: Vec<usize> = (0..columns.len()).collect();
    let count = count.clamp(1, drawn.len().max(1)).min(drawn.len());
    for place in 0..count {
        let other = place + random.below((drawn.len() - place) as u32) as usize;
        drawn.swap(place, other);
    }
    drawn.truncate(count);
    drawn.sort_unstable();
    drawn.into_iter().map(|place| columns[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::bins::{Codes, ColumnBins};
    use super::super::route::Router;
    use super::*;

    /// Rows of five columns: numbers of many and of few codes, and words.
    fn drawn(rows: usize, random: &mut SplitMix64) -> (Bins, Matrix) {
        let number = |codes: usize| ColumnBins::Number { borders: (0..codes - 2).map(|at| at as f64).collect(), missing_rows: 0 };
        let words = |count: usize| ColumnBins::Words {
            words: (0..count - 2).map(|at| format!("w{at}")).collect(),
            other_rows: 1,
            rare_words: 1,
            missing_rows: 1,
        };
        let columns = vec![number(255), number(3), words(4), words(90), number(40)];
        let mut column = |bins: &ColumnBins| (0..rows).map(|_| random.below(bins.codes() as u32) as u8).collect();
        let codes = Codes { columns: columns.iter().map(&mut column).collect() };
        let bins = Bins { columns };
        let matrix = Matrix::of(&bins, codes, rows);
        (bins, matrix)
    }

    /// Every leaf must be worth what the rows that end there say, which no wrong histogram or lost row would leave.
    #[test]
    fn a_leaf_is_worth_what_its_rows_say() {
        let split = SplitOptions { lambda: 2.0, gamma: 0.0, min_weight: 1.0, word_smoothing: 1.0 };
        let value = |gradient: f64, weight: f64| gradient / (weight + 2.0);
        for (rows, max_depth, columns_per_node) in [(90_000, 5, None), (3_000, 12, Some(2)), (400, 3, None), (2, 4, None)] {
            let mut random = SplitMix64::new(rows as u64);
            let (bins, matrix) = drawn(rows, &mut random);
            let pair = |random: &mut SplitMix64| [random.next_u64() as i32 >> 1, (random.next_u64() >> 34) as i32];
            let pairs: Vec<Pair> = (0..rows).map(|_| pair(&mut random)).collect();
            let grower =
                Grower { matrix: &matrix, bins: &bins, options: GrowOptions { max_depth, columns_per_node, split }, value: &value };
            for some in [None, Some((0..rows as u32).filter(|row| row % 3 > 0).collect::<Vec<_>>())] {
                let tree = grower.grow(&pairs, some.clone(), &[0, 1, 2, 3, 4], &mut random);
                assert!(tree.depths().iter().all(|&depth| depth <= max_depth));
                let mut leaves = vec![0; rows];
                let router = Router::of(&matrix, &tree);
                router.leaves(0..rows, &mut leaves);
                let mut later = vec![0; rows / 2];
                router.leaves(rows - rows / 2..rows, &mut later);
                assert_eq!(later, leaves[rows - rows / 2..]);
                let mut sums = vec![[0_i64; 2]; tree.nodes.len()];
                for row in some.unwrap_or_else(|| (0..rows as u32).collect()) {
                    let sum = &mut sums[leaves[row as usize] as usize];
                    *sum = [sum[0] + i64::from(pairs[row as usize][0]), sum[1] + i64::from(pairs[row as usize][1])];
                }
                for (node, sum) in tree.nodes.iter().zip(sums) {
                    let (gradient, weight) = real(sum);
                    match node {
                        Node::Leaf(leaf) => assert_eq!(leaf.value, value(gradient, weight)),
                        Node::Split(_) => assert_eq!(sum, [0, 0], "no row ends at a question"),
                    }
                }
            }
        }
    }
}
