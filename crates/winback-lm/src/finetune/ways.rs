//! The way back through one of a layer's four products: what is turned for it once a layer, and the gradients by what went
//! in, by the adapter's two matrices or by the weight itself, some rows at a time.
use super::layer::Learner;
use super::lora::Group;
use super::sums::Dropout;
use crate::adapter::Lora;
use crate::config::Config;
use crate::kernels::{Inputs, Level, Linear, Numerics, Output, for_rows, wide_add};
use crate::shape::Fused;
use std::ops::Range;

/// How many outputs gradients are taken through at once, of heads all or none: with these, some hundred rows stay in the
/// second cache.
const OUTPUTS_AT_ONCE: usize = 1024;

/// A product turned round.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) which: Fused,
    blocks: Vec<Block>,
    /// The adapter's way down, turned: `[inputs, ranks]`.
    down: Linear,
}

/// Some outputs of one matrix.
#[derive(Debug)]
struct Block {
    outputs: Range<usize>,
    /// Where the outputs of their matrix begin.
    part_first: usize,
    /// `[inputs, outputs]`.
    turned: Linear,
    /// The adapter's way up to them, turned: `[rank, outputs]`.
    up: Linear,
}

/// Memory that all products use.
#[derive(Debug)]
pub(super) struct Room {
    /// Gradients by some outputs, what comes down, and what goes in, as products take them.
    y: Inputs,
    x: Inputs,
    by_down: Inputs,
    /// Any of them turned.
    rows: Inputs,
    columns: Linear,
    columns_of_x: Linear,
    floats: Vec<f32>,
    down: Vec<f32>,
    by_down_floats: Vec<f32>,
}

impl Room {
    pub(super) fn new(level: Level) -> Self {
        let inputs = || Inputs::default();
        let (columns, columns_of_x) = (Linear::room(level), Linear::room(level));
        let (floats, down, by_down_floats) = (Vec::new(), Vec::new(), Vec::new());
        Self { y: inputs(), x: inputs(), by_down: inputs(), rows: inputs(), columns, columns_of_x, floats, down, by_down_floats }
    }
}

/// Writes a row, by its place in its chunk.
pub(super) type Row<'a> = &'a (dyn Fn(usize, &mut [f32]) + Sync);
/// Writes some columns of a row.
pub(super) type Part<'a> = &'a (dyn Fn(usize, Range<usize>, &mut [f32]) + Sync);

/// Some rows on their way back through a product. What went in and the gradient by what came out are written row by row
/// where a product takes them, and never stand in a table of their own.
pub(super) struct Rows<'a> {
    pub(super) numerics: Numerics,
    /// The place of the first, and how many there are.
    pub(super) first: usize,
    pub(super) count: usize,
    /// Writes what went in of a row, `[inputs]`.
    pub(super) x: Row<'a>,
    /// Writes some columns of the gradient by what came out of a row; of a head all or none.
    pub(super) by_outputs: Part<'a>,
    pub(super) dropout: Dropout,
}

impl Rows<'_> {
    /// Takes what went into an adapter: what went into the product, less what was left out.
    fn take_dropped(&self, inputs: usize, into: &mut Inputs) {
        let Numerics { level, precision } = self.numerics;
        into.fill_rows(level, (self.count, inputs), precision, |row, own| {
            (self.x)(row, own);
            self.dropout.leave_out(level, self.first + row, own);
        });
    }

    /// Takes some columns of the gradient by what came out.
    fn take_gradient(&self, columns: &Range<usize>, into: &mut Inputs) {
        let Numerics { level, precision } = self.numerics;
        into.fill_rows(level, (self.count, columns.len()), precision, |row, own| (self.by_outputs)(row, columns.clone(), own));
    }
}

impl Way {
    pub(super) fn new(which: Fused, config: &Config, level: Level) -> Self {
        let (mut blocks, mut part_first) = (Vec::new(), 0);
        for matrix in which.parts() {
            let [outputs, _] = matrix.shape(config);
            let end = part_first + outputs;
            let whole = if which == Fused::Qkv { config.head_dim } else { 1 };
            let at_once = (OUTPUTS_AT_ONCE / whole).max(1) * whole;
            for first in (part_first..end).step_by(at_once) {
                let outputs = first..end.min(first + at_once);
                blocks.push(Block { outputs, part_first, turned: Linear::room(level), up: Linear::room(level) });
            }
            part_first = end;
        }
        Self { which, blocks, down: Linear::room(level) }
    }

    /// Turns a layer's weight, and what an adapter adds to it.
    pub(super) fn turn(&mut self, linear: &Linear, lora: Option<&Lora>) {
        for block in &mut self.blocks {
            block.turned.turn(linear, block.outputs.clone());
            if let Some(up) = lora.and_then(|lora| lora.ups.iter().find(|up| up.to == block.part_first)) {
                let own = block.outputs.start - block.part_first..block.outputs.end - block.part_first;
                block.up.turn(&up.linear, own);
            }
        }
        if let Some(lora) = lora {
            self.down.turn(&lora.down, 0..lora.down.outputs());
        }
    }

    /// Writes the gradient by what went in, `[rows, inputs]`, and adds those by what learns.
    pub(super) fn back(&self, rows: &Rows, lora: Option<&Lora>, learner: &mut Learner<'_>, (by_x, room): (&mut [f32], &mut Room)) {
        match (learner, lora) {
            (Learner::Whole(own), _) => self.back_whole(rows, &mut own.linears[self.which as usize], (by_x, room)),
            (Learner::Adapter(gradients), Some(lora)) => match &mut gradients[self.which as usize] {
                Some(gradients) => self.back_adapter(rows, (lora, gradients), (by_x, room)),
                None => self.back_through(rows, by_x, room, |_, _| {}),
            },
            (Learner::Adapter(_), None) => self.back_through(rows, by_x, room, |_, _| {}),
        }
    }

    /// Writes the gradient by what went in, and lets each block's gradients by outputs be looked at in passing.
    fn back_through(&self, rows: &Rows, by_x: &mut [f32], room: &mut Room, mut look: impl FnMut(&Block, &mut Room)) {
        for (at, block) in self.blocks.iter().enumerate() {
            rows.take_gradient(&block.outputs, &mut room.y);
            let add = (at > 0).then_some(1.0);
            block.turned.apply_to(&room.y, 0..rows.count, Output { table: &mut *by_x, stride: self.inputs(), add });
            look(block, room);
        }
    }

    fn back_whole(&self, rows: &Rows, own: &mut [f32], (by_x, room): (&mut [f32], &mut Room)) {
        let inputs = self.inputs();
        rows.take_dropped(inputs, &mut room.x);
        room.columns_of_x.of_columns(&room.x);
        self.back_through(rows, by_x, room, |block, room| {
            room.rows.turn(&room.y);
            let table = &mut own[block.outputs.start * inputs..block.outputs.end * inputs];
            room.columns_of_x.apply_to(&room.rows, 0..block.outputs.len(), Output { table, stride: inputs, add: Some(1.0) });
        });
    }

    fn back_adapter(&self, rows: &Rows, (lora, gradients): (&Lora, &mut Group), (by_x, room): (&mut [f32], &mut Room)) {
        let Numerics { level, precision } = rows.numerics;
        let (inputs, ranks, count) = (self.inputs(), lora.down.outputs(), rows.count);
        // What came down is made once more: it is little work, and as much memory would have to be kept for it.
        rows.take_dropped(inputs, &mut room.x);
        room.down.resize(count * ranks, 0.0);
        lora.down.apply_to(&room.x, 0..count, Output { table: &mut room.down, stride: ranks, add: None });
        let parted = lora.parted(&room.down);
        room.by_down_floats.clear();
        room.by_down_floats.resize(count * ranks, 0.0);
        self.back_through(rows, by_x, room, |block, room| {
            let Some(at) = lora.ups.iter().position(|up| up.to == block.part_first) else { return };
            let (up, part) = (&lora.ups[at], &mut gradients.parts[at]);
            let table = &mut room.by_down_floats[up.from..];
            block.up.apply_to(&room.y, 0..count, Output { table, stride: ranks, add: Some(up.scale) });
            room.rows.turn(&parted[at]);
            room.columns.of_columns(&room.y);
            let table = &mut part.up[block.outputs.start - block.part_first..];
            room.columns.apply_to(&room.rows, 0..part.rank, Output { table, stride: part.outputs, add: Some(up.scale) });
        });
        let Room { x, by_down, rows: turned, columns, floats, by_down_floats, .. } = room;
        by_down.fill(level, by_down_floats, ranks, precision);
        turned.turn(by_down);
        columns.of_columns(x);
        columns.apply_to(turned, 0..ranks, Output { table: &mut gradients.down, stride: inputs, add: Some(1.0) });
        if rows.dropout.share <= 0.0 {
            return self.down.apply_to(by_down, 0..count, Output { table: by_x, stride: inputs, add: Some(1.0) });
        }
        floats.resize(count * inputs, 0.0);
        self.down.apply_to(by_down, 0..count, Output { table: floats, stride: inputs, add: None });
        for_rows(floats, inputs, |(row, own)| rows.dropout.leave_out(level, rows.first + row, own));
        for_rows(by_x, inputs, |(row, by_x)| wide_add(level, by_x, &floats[row * inputs..(row + 1) * inputs]));
    }

    fn inputs(&self) -> usize {
        self.blocks.first().map_or(0, |block| block.turned.outputs())
    }
}
