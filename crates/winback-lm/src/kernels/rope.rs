//! Rotary positions (Su et al. 2021, "RoFormer"), in the half-and-half order of Hugging Face's weights: number `i`
//! of a head turns with number `i + head_dim / 2`.

use super::level::{Level, widely};

/// The cosines and sines of the positions of some rows.
#[derive(Clone, Debug)]
pub struct Rope {
    half: usize,
    /// `[rows, head_dim / 2]` pairs of cosine and sine.
    turns: Vec<(f32, f32)>,
}

impl Rope {
    /// Returns the turns of these positions. Angles are products in f32, as they are in transformers, and their
    /// cosine and sine are exact for that angle.
    pub fn new(head_dim: usize, theta: f64, positions: &[usize]) -> Self {
        let half = head_dim / 2;
        let speed = |i: usize| (1.0 / theta.powf((2 * i) as f64 / head_dim as f64)) as f32;
        let speeds: Vec<f32> = (0..half).map(speed).collect();
        let turn = |position: &usize, speed: &f32| {
            let angle = f64::from(*position as f32 * speed);
            (angle.cos() as f32, angle.sin() as f32)
        };
        let turns = positions.iter().flat_map(|position| speeds.iter().map(move |speed| turn(position, speed))).collect();
        Self { half, turns }
    }

    /// Turns every head of a row, which is `[heads * head_dim]`.
    pub fn apply(&self, level: Level, row: usize, heads: &mut [f32]) {
        self.turn(level, row, (heads, 1.0));
    }

    /// Turns every head of a row back.
    pub fn undo(&self, level: Level, row: usize, heads: &mut [f32]) {
        self.turn(level, row, (heads, -1.0));
    }

    fn turn(&self, level: Level, row: usize, (heads, way): (&mut [f32], f32)) {
        let turns = &self.turns[row * self.half..(row + 1) * self.half];
        wide_turn(level.held(), turns, heads, way);
    }
}

widely!(fn wide_turn(turns: &[(f32, f32)], heads: &mut [f32], way: f32) = turn);

/// Turns heads by the cosines and sines of a place, or back where `way` is -1.
#[inline(always)]
fn turn(turns: &[(f32, f32)], heads: &mut [f32], way: f32) {
    for head in heads.chunks_exact_mut(2 * turns.len()) {
        let (first, second) = head.split_at_mut(turns.len());
        for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(turns) {
            let sin = way * sin;
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}
