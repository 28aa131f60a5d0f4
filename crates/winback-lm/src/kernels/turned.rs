//! Matrices turned round, as the way back through a model needs them: a packed weight by which gradients go back, and rows
//! as a weight or as rows of their own, to be added up over all of them.
//!
//! Nothing is kept turned. It is done where it is needed, into memory that is used again, and costs little beside the
//! product, which then is one like any other.
use super::inputs::{Inputs, RowNumbers, at_least, to_bf16};
use super::level::{Level, widely};
use super::packed::{Numbers, PANEL, Packed, Precision, wide};
use super::shared::Shared;
use rayon::prelude::*;
use std::ops::Range;

/// How many panels are filled together, so that rows are read in lines that lie side by side.
const PANELS_AT_ONCE: usize = 4;
/// How many rows are filled together: a step of 4096 bytes from one to the next would use the same place of the first
/// cache for all of them.
const ROWS_AT_ONCE: usize = 8;
/// The numbers of a row that are moved at once.
const FOUR: usize = 4;

/// Returns the precision in which rows are taken on the way back through a weight: 8-bit weights meet bf16 rows there.
pub fn back_precision(weight: &Packed) -> Precision {
    match weight.precision() {
        Precision::F32 => Precision::F32,
        Precision::Bf16 | Precision::Int8 => Precision::Bf16,
    }
}

impl Packed {
    /// Returns a weight of nothing, to be filled.
    pub fn room() -> Self {
        Self { outputs: 0, inputs: 0, numbers: Numbers::F32(Vec::new().into()) }
    }

    /// Makes it the transpose of some outputs of a weight, `[inputs, outputs]`, in [`back_precision`]. Memory that is there
    /// already is used again.
    ///
    /// # Panics
    /// Where the weight has no such outputs.
    pub fn turn(&mut self, weight: &Self, outputs: Range<usize>) {
        assert!(outputs.start <= outputs.end && outputs.end <= weight.outputs, "outputs that are not there");
        let (floats, brains) = self.spare();
        (self.outputs, self.inputs) = (weight.inputs, outputs.len());
        let (length, deep) = (self.panels() * PANEL * self.wide(), self.wide());
        let lie = Lie { wide: weight.wide(), inputs: weight.inputs, outputs };
        self.numbers = match &weight.numbers {
            Numbers::F32(from) => {
                let number = |output, input| from[lie.at(output, input, 1)];
                let tile = |first: usize, own: &mut [f32]| turn_floats(&from[first..first + PANEL * PANEL], own);
                Numbers::F32(panels(floats, (length, deep), |panel, own| lie.turn((panel, 1), own, tile, number)).into())
            }
            Numbers::Bf16(from) => {
                let number = |output, input| from[lie.at(output, input, 2)];
                let tile = |first: usize, own: &mut [u16]| turn_brains(&from[first..first + PANEL * PANEL], own);
                Numbers::Bf16(panels(brains, (length, deep), |panel, own| lie.turn((panel, 2), own, tile, number)).into())
            }
            Numbers::Int8 { numbers: from, scales, .. } => {
                let number = |output: usize, input| to_bf16(f32::from(from[lie.at(output, input, 4)]) * scales[output]);
                let tile = |first: usize, own: &mut [u16]| lie.number_by_number((first, 2), own, number);
                Numbers::Bf16(panels(brains, (length, deep), |panel, own| lie.turn((panel, 2), own, tile, number)).into())
            }
        };
    }

    /// Makes it the weight whose outputs are the columns of some rows, and whose inputs are these rows.
    ///
    /// # Panics
    /// Where the rows are of 8 bits.
    pub fn of_columns(&mut self, level: Level, rows: &Inputs) {
        refuse_bytes(rows);
        let (level, (floats, brains)) = (level.held(), self.spare());
        (self.outputs, self.inputs) = (rows.inputs(), rows.rows());
        let (length, deep) = (self.panels() * PANEL * self.wide(), self.wide());
        let columns = Columns { rows: rows.rows(), wide: wide(rows.inputs()), deep };
        self.numbers = match rows.numbers() {
            RowNumbers::F32(x) => {
                let own = some_panels(floats, (length, deep), |first, own| wide_lay_floats(level, (x, &columns), first, own));
                Numbers::F32(own.into())
            }
            RowNumbers::Bf16(x) => {
                let own = some_panels(brains, (length, deep), |first, own| wide_lay_brains(level, (x, &columns), first, own));
                Numbers::Bf16(own.into())
            }
            RowNumbers::Int8(_) => Numbers::F32(floats.into()),
        };
    }

    /// Returns the memory that it holds, if nobody else does.
    fn spare(&mut self) -> (Vec<f32>, Vec<u16>) {
        match &mut self.numbers {
            Numbers::F32(numbers) => (take(numbers), Vec::new()),
            Numbers::Bf16(numbers) => (Vec::new(), take(numbers)),
            Numbers::Int8 { .. } => (Vec::new(), Vec::new()),
        }
    }
}

fn take<T>(numbers: &mut Shared<T>) -> Vec<T> {
    std::mem::replace(numbers, Vec::new().into()).into_own()
}

/// Refuses rows that are not added up.
fn refuse_bytes(rows: &Inputs) {
    assert_ne!(rows.precision(), Precision::Int8, "rows of 8 bits are not added up");
}

/// Fills panel by panel, each `deep` inputs long.
fn panels<T: Copy + Default + Send>(
    mut own: Vec<T>,
    (length, deep): (usize, usize),
    fill: impl Fn(usize, &mut [T]) + Sync + Send,
) -> Vec<T> {
    at_least(&mut own, length).par_chunks_mut((deep * PANEL).max(1)).enumerate().for_each(|(panel, own)| fill(panel, own));
    own
}

/// Fills some panels at a time, and tells the first of them.
fn some_panels<T: Copy + Default + Send>(
    mut own: Vec<T>,
    (length, deep): (usize, usize),
    fill: impl Fn(usize, &mut [T]) + Sync + Send,
) -> Vec<T> {
    let each = |(at, own): (usize, &mut [T])| fill(at * PANELS_AT_ONCE, own);
    at_least(&mut own, length).par_chunks_mut((PANELS_AT_ONCE * deep * PANEL).max(1)).enumerate().for_each(each);
    own
}

/// How the numbers of a weight lie that is turned.
struct Lie {
    wide: usize,
    inputs: usize,
    outputs: Range<usize>,
}

impl Lie {
    /// Returns the place of a number in a weight of which so many inputs stand together.
    fn at(&self, output: usize, input: usize, group: usize) -> usize {
        (output / PANEL) * PANEL * self.wide + (input / group) * PANEL * group + (output % PANEL) * group + input % group
    }

    /// Fills a panel of 32 inputs, output by output: `tile` where 32 outputs of a panel meet it, from where they lie.
    fn turn<T: Copy + Default>(
        &self,
        (panel, group): (usize, usize),
        own: &mut [T],
        tile: impl Fn(usize, &mut [T]),
        number: impl Fn(usize, usize) -> T,
    ) {
        let inputs = panel * PANEL..self.inputs.min((panel + 1) * PANEL);
        for (at, own) in own.chunks_mut(PANEL * PANEL).enumerate() {
            let first = self.outputs.start + at * PANEL;
            let outputs = first..self.outputs.end.min(first + PANEL);
            if outputs.len() == PANEL && inputs.len() == PANEL && first.is_multiple_of(PANEL) {
                tile(self.at(first, inputs.start, 1), own);
                continue;
            }
            own.fill(T::default());
            for (row, output) in outputs.enumerate() {
                inputs.clone().enumerate().for_each(|(column, input)| own[turned(row, column, group)] = number(output, input));
            }
        }
    }

    /// Fills the place of 32 outputs and 32 inputs that begin at `first`.
    fn number_by_number<T>(&self, (first, group): (usize, usize), own: &mut [T], number: impl Fn(usize, usize) -> T) {
        let (output, input) = (first / (PANEL * self.wide) * PANEL, first % (PANEL * self.wide) / PANEL);
        for row in 0..PANEL {
            (0..PANEL).for_each(|column| own[turned(row, column, group)] = number(output + row, input + column));
        }
    }
}

/// Returns the place of a number in a turned panel.
fn turned(row: usize, column: usize, group: usize) -> usize {
    (row / group) * PANEL * group + column * group + row % group
}

/// Turns 32 outputs of 32 inputs.
fn turn_floats(from: &[f32], own: &mut [f32]) {
    for (input, from) in from.chunks_exact(PANEL).enumerate() {
        from.iter().enumerate().for_each(|(output, number)| own[output * PANEL + input] = *number);
    }
}

/// Turns the same in bf16: of two outputs and two inputs, which are four numbers side by side in both, the middle ones
/// change places.
fn turn_brains(from: &[u16], own: &mut [u16]) {
    const PAIRS: usize = PANEL / 2;
    let (from, own) = (from.as_chunks::<FOUR>().0, own.as_chunks_mut::<FOUR>().0);
    for (output, own) in own.chunks_exact_mut(PAIRS).enumerate() {
        for (input, own) in own.iter_mut().enumerate() {
            let [a, b, c, d] = from[input * PAIRS + output];
            *own = [a, c, b, d];
        }
    }
}

/// Rows of which columns are made panels.
struct Columns {
    rows: usize,
    /// How long a row is, zeros included.
    wide: usize,
    /// How many inputs a panel has, zeros included.
    deep: usize,
}

impl Columns {
    /// Returns the numbers of a row in a panel; none behind the last row.
    #[inline(always)]
    fn line<'x, T>(&self, x: &'x [T], row: usize, panel: usize) -> &'x [T] {
        let (start, end) = (panel * PANEL, self.wide.min((panel + 1) * PANEL));
        if row < self.rows { &x[row * self.wide + start..row * self.wide + end] } else { &[] }
    }
}

widely!(fn wide_lay_floats(x: (&[f32], &Columns), first: usize, own: &mut [f32]) = lay_floats);
widely!(fn wide_lay_brains(x: (&[u16], &Columns), first: usize, own: &mut [u16]) = lay_brains);

/// Writes rows into some panels.
#[inline(always)]
fn lay_floats((x, columns): (&[f32], &Columns), first: usize, own: &mut [f32]) {
    for row in 0..columns.deep {
        for (at, own) in own.chunks_exact_mut(columns.deep * PANEL).enumerate() {
            let (own, line) = (&mut own[row * PANEL..(row + 1) * PANEL], columns.line(x, row, first + at));
            own[..line.len()].copy_from_slice(line);
            own[line.len()..].fill(0.0);
        }
    }
}

/// Writes rows into some panels, two rows together.
#[inline(always)]
fn lay_brains((x, columns): (&[u16], &Columns), first: usize, own: &mut [u16]) {
    for pair in 0..columns.deep / 2 {
        for (at, own) in own.chunks_exact_mut(columns.deep * PANEL).enumerate() {
            let own = &mut own[pair * 2 * PANEL..(pair + 1) * 2 * PANEL];
            let [a, b] = [2 * pair, 2 * pair + 1].map(|row| columns.line(x, row, first + at));
            match (a.as_chunks::<PANEL>(), b.as_chunks::<PANEL>()) {
                (([a], []), ([b], [])) => {
                    own.as_chunks_mut::<2>().0.iter_mut().zip(a).zip(b).for_each(|((own, a), b)| *own = [*a, *b]);
                }
                _ => {
                    let number = |line: &[u16], at: usize| line.get(at).copied().unwrap_or_default();
                    own.as_chunks_mut::<2>().0.iter_mut().enumerate().for_each(|(at, own)| *own = [number(a, at), number(b, at)]);
                }
            }
        }
    }
}

impl Inputs {
    /// Makes it the columns of other rows, each as a row.
    ///
    /// # Panics
    /// Where the rows are of 8 bits.
    pub fn turn(&mut self, rows: &Self) {
        refuse_bytes(rows);
        let (from_wide, own_wide) = (wide(rows.inputs()), wide(rows.rows()));
        let length = rows.inputs() * own_wide;
        match rows.numbers() {
            RowNumbers::F32(x) => {
                let mut own = self.spare_floats();
                turn_rows((&x[..rows.rows() * from_wide], from_wide), (&mut own, own_wide), length);
                self.set(rows.inputs(), rows.rows(), RowNumbers::F32(own));
            }
            RowNumbers::Bf16(x) => {
                let mut own = self.spare_brains();
                turn_rows((&x[..rows.rows() * from_wide], from_wide), (&mut own, own_wide), length);
                self.set(rows.inputs(), rows.rows(), RowNumbers::Bf16(own));
            }
            RowNumbers::Int8(_) => {}
        }
    }
}

/// Writes the columns of rows as rows, four by four numbers at a time.
fn turn_rows<T: Copy + Default + Send + Sync>((x, from): (&[T], usize), (own, wide): (&mut Vec<T>, usize), length: usize) {
    let zeros = [T::default(); FOUR];
    at_least(own, length).par_chunks_mut((ROWS_AT_ONCE * wide).max(1)).enumerate().for_each(|(some, own)| {
        for (at, own) in own.chunks_mut(FOUR * wide).enumerate() {
            let column = some * ROWS_AT_ONCE + at * FOUR;
            for first in (0..wide).step_by(FOUR) {
                let mut fours = [zeros; FOUR];
                for (row, four) in fours.iter_mut().enumerate() {
                    let from = (first + row) * from + column;
                    if let Some(Some(there)) = x.get(from..from + FOUR).map(|there| there.first_chunk::<FOUR>()) {
                        *four = *there;
                    }
                }
                let [a, b, c, d] = fours;
                for (at, own) in own.chunks_exact_mut(wide).enumerate() {
                    own[first..first + FOUR].copy_from_slice(&[a[at], b[at], c[at], d[at]]);
                }
            }
        }
    });
}
