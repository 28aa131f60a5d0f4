//! A part of a shallow tree: at most eight questions, and the contributions for every way to answer them.
use super::super::bins::Codes;
use super::super::node::{Node, Tree};
use super::BLOCK;
use super::leaf_game::{LeafGame, Player};
use std::ops::Range;

/// The most questions of a part; their answers are the bits of a byte.
pub(crate) const MOST_QUESTIONS: usize = 8;

/// Some leaves of a tree: the questions above them, and what they contribute together.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    questions: Vec<Question>,
    effects: Vec<Effect>,
}

/// All questions about one column.
#[derive(Clone, Debug)]
struct Question {
    column: usize,
    /// The answers ("left" is 1) by code.
    answers: Box<[u8; 256]>,
}

/// The contribution of one column by the answers.
#[derive(Clone, Debug)]
struct Effect {
    column: usize,
    values: Box<[f64; 256]>,
}

impl Part {
    /// Cuts a tree into parts, each under the highest node whose own questions and those above it are few enough.
    pub fn of(tree: &Tree, game: &LeafGame) -> Vec<Self> {
        let mut parts = Vec::new();
        cut(tree, 0, &mut Vec::new(), &mut |top, above| parts.push(Self::under(tree, game, top, above)));
        parts
    }

    fn under(tree: &Tree, game: &LeafGame, top: usize, above: &[(usize, bool)]) -> Self {
        let mut nodes: Vec<usize> = above.iter().map(|&(node, _)| node).collect();
        walk(tree, top, &mut above.to_vec(), &mut |at, _| {
            if matches!(tree.nodes[at], Node::Split(_)) {
                nodes.push(at);
            }
        });
        let mut part = Self { questions: Vec::new(), effects: Vec::new() };
        for (bit, &node) in nodes.iter().enumerate() {
            let Node::Split(split) = &tree.nodes[node] else { continue };
            let answers = part.question(usize::from(split.column));
            (0..=u8::MAX).filter(|&code| split.left.contains(code)).for_each(|code| answers[usize::from(code)] |= 1 << bit);
        }
        walk(tree, top, &mut above.to_vec(), &mut |at, path| {
            if let Node::Leaf(leaf) = &tree.nodes[at] {
                let players = players(tree, path, &nodes, at);
                part.add(&players, &game.table(&players, tree, path), leaf.value);
            }
        });
        part
    }

    fn question(&mut self, column: usize) -> &mut [u8; 256] {
        let place = self.questions.iter().position(|question| question.column == column).unwrap_or(self.questions.len());
        if place == self.questions.len() {
            self.questions.push(Question { column, answers: Box::new([0; 256]) });
        }
        &mut self.questions[place].answers
    }

    fn effect(&mut self, column: usize) -> &mut [f64; 256] {
        let place = self.effects.iter().position(|effect| effect.column == column).unwrap_or(self.effects.len());
        if place == self.effects.len() {
            self.effects.push(Effect { column, values: Box::new([0.0; 256]) });
        }
        &mut self.effects[place].values
    }

    /// Adds a leaf's contributions to those of every way to answer.
    fn add(&mut self, players: &[Player], table: &[Vec<f64>], value: f64) {
        let agreeing = |answers: u32| {
            let agrees = |player: &Player| answers & player.questions == player.lefts;
            players.iter().enumerate().fold(0, |bits, (place, player)| bits | usize::from(agrees(player)) << place)
        };
        let rows: Vec<usize> = (0..256).map(agreeing).collect();
        for (place, player) in players.iter().enumerate() {
            let values = self.effect(player.column);
            values.iter_mut().zip(&rows).for_each(|(sum, &agreeing)| *sum += value * table[agreeing][place]);
        }
    }

    /// Adds the contributions to the scores of at most [`BLOCK`] rows.
    pub fn explain(&self, codes: &Codes, rows: Range<usize>, by_column: &mut [f64]) {
        let mut answers = [0_u8; BLOCK];
        let answers = &mut answers[..rows.len()];
        for question in &self.questions {
            let codes = &codes.columns[question.column][rows.clone()];
            answers.iter_mut().zip(codes).for_each(|(answers, &code)| *answers |= question.answers[usize::from(code)]);
        }
        for effect in &self.effects {
            let sums = &mut by_column[effect.column * BLOCK..][..rows.len()];
            sums.iter_mut().zip(answers.iter()).for_each(|(sum, &answers)| *sum += effect.values[usize::from(answers)]);
        }
    }
}

/// Calls `each` with the top of every part and the path above it.
fn cut(tree: &Tree, at: usize, path: &mut Vec<(usize, bool)>, each: &mut impl FnMut(usize, &[(usize, bool)])) {
    let mut questions = path.len();
    walk(tree, at, &mut Vec::new(), &mut |node, _| questions += usize::from(matches!(tree.nodes[node], Node::Split(_))));
    match &tree.nodes[at] {
        Node::Split(split) if questions > MOST_QUESTIONS => {
            for (child, left) in split.children.into_iter().zip([true, false]) {
                path.push((at, left));
                cut(tree, child as usize, path, each);
                path.pop();
            }
        }
        _ => each(at, path),
    }
}

/// Calls `each` with every node from `at` downward and the path to it.
fn walk(tree: &Tree, at: usize, path: &mut Vec<(usize, bool)>, each: &mut impl FnMut(usize, &[(usize, bool)])) {
    each(at, path);
    if let Node::Split(split) = &tree.nodes[at] {
        for (child, left) in split.children.into_iter().zip([true, false]) {
            path.push((at, left));
            walk(tree, child as usize, path, each);
            path.pop();
        }
    }
}

/// Returns the columns on a path that ends at `leaf`; bits are places in `nodes`.
fn players(tree: &Tree, path: &[(usize, bool)], nodes: &[usize], leaf: usize) -> Vec<Player> {
    let mut players: Vec<Player> = Vec::new();
    for (step, &(node, left)) in path.iter().enumerate() {
        let Node::Split(split) = &tree.nodes[node] else { continue };
        let below = path.get(step + 1).map_or(leaf, |&(below, _)| below);
        let share = tree.nodes[below].cover() / split.cover;
        let bit = nodes.iter().position(|&known| known == node).map_or(0, |bit| 1 << bit);
        let column = usize::from(split.column);
        let lefts = if left { bit } else { 0 };
        match players.iter_mut().find(|player| player.column == column) {
            Some(player) => {
                *player = Player { share: player.share * share, questions: player.questions | bit, lefts: player.lefts | lefts, column };
            }
            None => players.push(Player { column, share, questions: bit, lefts }),
        }
    }
    players
}
