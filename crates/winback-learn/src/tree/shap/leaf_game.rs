//! One leaf as a game: it pays its value where all columns on its path agree.
use super::super::bins::Codes;
use super::super::node::{Node, Tree};
use super::quadrature::points;

/// A column on the path to a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Player {
    pub column: usize,
    /// Which part of the rows above goes on, over all questions about this column.
    pub share: f64,
    /// Which of the path's questions are about this column, by bit.
    pub questions: u32,
    /// Which of them must be answered "left", by bit.
    pub lefts: u32,
}

/// What the columns that are not told are taken for.
pub(crate) struct LeafGame<'a> {
    pub background: Option<&'a Background>,
}

/// Rows whose values untold columns take.
#[derive(Clone, Debug)]
pub(crate) struct Background {
    pub codes: Codes,
    pub rows: usize,
}

impl Background {
    pub fn of(codes: Codes) -> Self {
        let rows = codes.columns.iter().map(Vec::len).max().unwrap_or_default();
        Self { codes, rows }
    }

    /// Returns a tree's mean value.
    pub fn mean(&self, tree: &Tree) -> f64 {
        (0..self.rows).map(|row| tree.value(&self.codes, row)).sum::<f64>() / self.rows as f64
    }
}

impl LeafGame<'_> {
    /// Returns the contributions of a leaf worth 1 to each player (inner) by which players agree (outer, by bit).
    /// `path` lists the nodes above the leaf, each with whether the path goes left.
    pub fn table(&self, players: &[Player], tree: &Tree, path: &[(usize, bool)]) -> Vec<Vec<f64>> {
        match self.background {
            None => (0..1 << players.len()).map(|agreeing| by_shares(players, agreeing)).collect(),
            Some(background) => {
                let counts = background.count(players, tree, path);
                (0..1 << players.len()).map(|agreeing| by_rows(players.len(), agreeing, &counts)).collect()
            }
        }
    }
}

/// Path-dependent: (m_j - r_j) ∫ Π_{i ≠ j} (t m_i + (1 - t) r_i) dt, where m tells who agrees and r is the share.
fn by_shares(players: &[Player], agreeing: usize) -> Vec<f64> {
    let points = points(players.len().div_ceil(2));
    let agrees = |place: usize| f64::from(u8::from(agreeing >> place & 1 == 1));
    let contribution = |(place, player): (usize, &Player)| {
        let others = |t: f64| {
            let factor = |(other, player): (usize, &Player)| t * agrees(other) + (1.0 - t) * player.share;
            players.iter().enumerate().filter(|(other, _)| *other != place).map(factor).product::<f64>()
        };
        (agrees(place) - player.share) * points.iter().map(|(t, weight)| weight * others(*t)).sum::<f64>()
    };
    players.iter().enumerate().map(contribution).collect()
}

/// Interventional: over background rows, by which players agree in them.
fn by_rows(players: usize, agreeing: usize, counts: &[f64]) -> Vec<f64> {
    let mut contributions = vec![0.0; players];
    let all = (1 << players) - 1;
    for (theirs, count) in counts.iter().enumerate().filter(|(theirs, count)| **count > 0.0 && (theirs | agreeing) == all) {
        let (ours, only_theirs) = (agreeing & !theirs, theirs & !agreeing);
        let (a, b) = (ours.count_ones(), only_theirs.count_ones());
        for (place, contribution) in contributions.iter_mut().enumerate() {
            if ours >> place & 1 == 1 {
                *contribution += count * weight(a - 1, b);
            } else if only_theirs >> place & 1 == 1 {
                *contribution -= count * weight(a, b - 1);
            }
        }
    }
    contributions
}

/// Returns a! b! / (a + b + 1)!.
pub(crate) fn weight(a: u32, b: u32) -> f64 {
    (1..=b).fold(1.0 / f64::from(a + 1), |weight, k| weight * f64::from(k) / f64::from(a + 1 + k))
}

impl Background {
    /// Returns the part of the rows in which exactly these players agree, by bit.
    fn count(&self, players: &[Player], tree: &Tree, path: &[(usize, bool)]) -> Vec<f64> {
        let mut counts = vec![0.0; 1 << players.len()];
        for row in 0..self.rows {
            let mut agreeing = (1_usize << players.len()) - 1;
            for &(node, left) in path {
                let Node::Split(split) = &tree.nodes[node] else { continue };
                let column = usize::from(split.column);
                if split.left.contains(self.codes.columns[column][row]) != left
                    && let Some(player) = players.iter().position(|player| player.column == column)
                {
                    agreeing &= !(1 << player);
                }
            }
            counts[agreeing] += 1.0 / self.rows as f64;
        }
        counts
    }
}
