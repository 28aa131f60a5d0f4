//! The weights of an adapter while it learns, in f32.
use super::sums::Draw;
use super::weights::Weights;
use crate::adapter::{Adapter, AdapterConfig, AdapterConfigError, AdapterError, Lora, Up, module};
use crate::kernels::{Linear, Numerics};
use crate::model::Model;
use crate::shape::{Fused, Projection};
use crate::shards::Shards;
use crate::tensor::{Numbers, Tensor};
use rayon::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};
use std::collections::HashMap;
use std::path::Path;
use winback_core::digest::Digest;

/// The two matrices of every adapted module.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraWeights {
    /// Per layer, in the order of [`Fused`].
    pub(super) layers: Vec<[Option<Group>; 4]>,
}

/// What adds to matrices that take the same rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) inputs: usize,
    /// The ways down of all of them, one after the other, `[ranks, inputs]`.
    pub(super) down: Vec<f32>,
    pub(super) parts: Vec<Part>,
}

/// The way up to the outputs of one matrix.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) which: Projection,
    pub(super) rank: usize,
    pub(super) outputs: usize,
    pub(super) scale: f32,
    /// Where its rank begins in what comes down.
    pub(super) from: usize,
    /// Where its outputs begin.
    pub(super) to: usize,
    /// Turned, so that all its products read it row by row: `[rank, outputs]`.
    pub(super) up: Vec<f32>,
}

/// Returns as many zeros as a layer's weights for some of its products.
pub(super) fn zeros(of: &[Option<Group>; 4], which: &[Fused]) -> [Option<Group>; 4] {
    let group = |group: &Group| {
        let part = |part: &Part| Part { up: vec![0.0; part.up.len()], ..*part };
        Group { down: vec![0.0; group.down.len()], parts: group.parts.iter().map(part).collect(), ..*group }
    };
    let wanted = |fused: Fused| of[fused as usize].as_ref().filter(|_| which.contains(&fused));
    Fused::ALL.map(|fused| wanted(fused).map(group))
}

/// Adds a layer's gradients to others.
pub(super) fn add(to: &mut [Option<Group>; 4], what: &[Option<Group>; 4]) {
    let sum = |to: &mut [f32], what: &[f32]| to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
    for (to, what) in to.iter_mut().zip(what).filter_map(|(to, what)| Some((to.as_mut()?, what.as_ref()?))) {
        sum(&mut to.down, &what.down);
        to.parts.iter_mut().zip(&what.parts).for_each(|(to, what)| sum(&mut to.up, &what.up));
    }
}

impl Group {
    /// Returns which matrices it changes, with their ranks and sizes.
    fn place(&self) -> Vec<(Projection, usize, usize, usize)> {
        self.parts.iter().map(|part| (part.which, part.rank, self.inputs, part.outputs)).collect()
    }
}

impl LoraWeights {
    /// Returns weights as PEFT begins with: the way down drawn evenly (Kaiming uniform, a = √5, which is ±1/√inputs),
    /// the way up 0, so that the adapter changes nothing yet.
    pub fn begin(model: &Model, config: &AdapterConfig, seed: u64) -> Result<Self, AdapterConfigError> {
        let mut draw = Draw::new(seed);
        let drawn = |_, _, [rank, inputs]: [usize; 2], [_, outputs]: [usize; 2]| {
            let most = 1.0 / (inputs as f32).sqrt();
            let down = (0..rank * inputs).map(|_| (2.0 * draw.unit() - 1.0) * most).collect();
            Ok::<_, AdapterConfigError>((down, vec![0.0; rank * outputs]))
        };
        Self::of(model, config, drawn)
    }

    /// Loads an adapter directory, to go on learning.
    pub fn load(dir: &Path, model: &Model) -> Result<Self, AdapterError> {
        Adapter::load(dir, model)?;
        let config = AdapterConfig::load(&dir.join("adapter_config.json"))?;
        let shards = Shards::open_file(&dir.join("adapter_model.safetensors"))?;
        let read = |layer: usize, which: Projection, down: [usize; 2], up: [usize; 2]| {
            let name = |half| format!("base_model.model.{}.lora_{half}.weight", module(layer, which));
            let (a, _) = shards.read(&name("A"), &down)?;
            let [rank, outputs] = up;
            let b = shards.read(&name("B"), &[outputs, rank])?.0.to_f32();
            let up = (0..rank).flat_map(|row| (0..outputs).map(move |output| (row, output))).map(|(row, output)| b[output * rank + row]);
            Ok::<_, AdapterError>((a.to_f32(), up.collect()))
        };
        let weights = Self::of(model, &config, read)?;
        shards.unchanged()?;
        Ok(weights)
    }

    /// Returns the weights that `halves` gives for each module: the way down `[rank, inputs]` and, turned, the way up
    /// `[rank, outputs]`.
    fn of<E: From<AdapterConfigError>>(
        model: &Model,
        config: &AdapterConfig,
        mut halves: impl FnMut(usize, Projection, [usize; 2], [usize; 2]) -> Result<(Vec<f32>, Vec<f32>), E>,
    ) -> Result<Self, E> {
        let shape = model.config();
        let mut group = |layer: usize, fused: Fused| -> Result<Option<Group>, E> {
            let mut group = Group { inputs: 0, down: Vec::new(), parts: Vec::new() };
            let (mut from, mut to) = (0, 0);
            for which in fused.parts() {
                let [outputs, inputs] = which.shape(shape);
                if let Some((rank, scale)) = config.rank_and_scale(&module(layer, *which))? {
                    let (down, up) = halves(layer, *which, [rank, inputs], [rank, outputs])?;
                    group.down.extend(down);
                    group.parts.push(Part { which: *which, rank, outputs, scale, from, to, up });
                    from += rank;
                }
                (group.inputs, to) = (inputs, to + outputs);
            }
            Ok((!group.parts.is_empty()).then_some(group))
        };
        let mut layers = Vec::with_capacity(shape.layers);
        for layer in 0..shape.layers {
            let [qkv, o, gate_up, down] = Fused::ALL;
            layers.push([group(layer, qkv)?, group(layer, o)?, group(layer, gate_up)?, group(layer, down)?]);
        }
        Ok(Self { layers })
    }

    /// Returns the weights of an adapter that adapts nothing.
    pub(super) fn none(model: &Model) -> Self {
        Self { layers: model.layers.iter().map(|_| [const { None }; 4]).collect() }
    }

    /// Returns the two matrices of each module, as PEFT keeps them: its layer, which it is, A `[rank, inputs]` and
    /// B `[outputs, rank]`.
    pub fn modules(&self) -> impl Iterator<Item = (usize, Projection, Tensor, Tensor)> {
        let groups = self.layers.iter().enumerate().flat_map(|(layer, groups)| groups.iter().flatten().map(move |group| (layer, group)));
        groups.flat_map(|(layer, group)| {
            group.parts.iter().map(move |part| {
                let (rank, inputs) = (part.rank, group.inputs);
                let down = group.down[part.from * inputs..(part.from + rank) * inputs].to_vec();
                let up = (0..part.outputs).flat_map(|output| (0..rank).map(move |row| part.up[row * part.outputs + output])).collect();
                let [a, b] = [(rank, inputs, down), (part.outputs, rank, up)]
                    .map(|(rows, columns, numbers)| Tensor::of(rows, columns, Numbers::F32(numbers)));
                (layer, part.which, a, b)
            })
        })
    }

    /// Returns the bytes of PEFT's `adapter_model.safetensors`.
    pub fn to_peft(&self) -> Result<Vec<u8>, SafeTensorError> {
        let bytes = |tensor: Tensor| tensor.to_f32().into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
        let half = |(layer, which), half: &str, tensor: Tensor| {
            let shape = vec![tensor.rows(), tensor.columns()];
            (format!("base_model.model.{}.lora_{half}.weight", module(layer, which)), shape, bytes(tensor))
        };
        let halves: Vec<_> =
            self.modules().flat_map(|(layer, which, a, b)| [half((layer, which), "A", a), half((layer, which), "B", b)]).collect();
        let mut views = Vec::with_capacity(halves.len());
        for (name, shape, bytes) in &halves {
            views.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?));
        }
        safetensors::serialize(views, Some(HashMap::from([("format".to_owned(), "pt".to_owned())])))
    }

    /// Returns an adapter to write with, in the numbers of its model.
    pub fn adapter(&self, model: &Model) -> Adapter {
        let numerics = model.numerics().at_least_bf16();
        Adapter { base: model.digest().clone(), digest: self.digest(), numerics, layers: self.loras(numerics) }
    }

    /// Returns what it adds to each matrix, packed.
    pub(super) fn loras(&self, numerics: Numerics) -> Vec<[Option<Lora>; 4]> {
        let turned = |part: &Part| {
            let numbers = (0..part.outputs).flat_map(|output| (0..part.rank).map(move |row| part.up[row * part.outputs + output]));
            Linear::pack(numerics, &[&Tensor::of(part.outputs, part.rank, Numbers::F32(numbers.collect()))])
        };
        let up = |part: &Part| Up { which: part.which, linear: turned(part), scale: part.scale, from: part.from, to: part.to };
        let lora = |group: &Group| {
            let down = Tensor::of(group.down.len() / group.inputs, group.inputs, Numbers::F32(group.down.clone()));
            Lora { down: Linear::pack(numerics, &[&down]), ups: group.parts.iter().map(up).collect() }
        };
        self.layers.par_iter().map(|groups| groups.each_ref().map(|group| group.as_ref().map(lora))).collect()
    }

    /// Returns the hash of all numbers and scales.
    pub fn digest(&self) -> Digest {
        let bytes = |slice: &[f32]| slice.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let parts = self.layers.iter().flatten().flatten().flat_map(|group| &group.parts);
        let scales: Vec<f32> = parts.map(|part| part.scale).collect();
        let layers = self.layers.iter().map(|groups| groups.each_ref().map(|group| group.as_ref().map(Group::place)));
        let places = format!("{:?}", layers.collect::<Vec<_>>()).into_bytes();
        let parts: Vec<Vec<u8>> = self.slices().into_iter().chain([&*scales]).map(bytes).chain([places]).collect();
        Digest::of_parts(parts.iter().map(Vec::as_slice))
    }
}

impl Weights for LoraWeights {
    /// Down and up of each group of a layer.
    fn slices(&self) -> Vec<&[f32]> {
        let groups = self.layers.iter().flatten().flatten();
        groups.flat_map(|group| std::iter::once(&*group.down).chain(group.parts.iter().map(|part| &*part.up))).collect()
    }

    fn slices_mut(&mut self) -> Vec<&mut [f32]> {
        let groups = self.layers.iter_mut().flatten().flatten();
        groups.flat_map(|group| std::iter::once(&mut *group.down).chain(group.parts.iter_mut().map(|part| &mut *part.up))).collect()
    }

    fn shrinks(&self) -> Vec<bool> {
        vec![true; self.slices().len()]
    }
}
