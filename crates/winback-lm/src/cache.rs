//! What a sequence has said so far: its keys and values in every layer.
use crate::config::Config;
use crate::kernels::History;

/// The keys and values of one sequence.
#[derive(Clone, Debug)]
pub struct Cache {
    width: usize,
    length: usize,
    layers: Vec<KeysAndValues>,
}

#[derive(Clone, Debug, Default)]
struct KeysAndValues {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Cache {
    /// Returns the cache of a sequence that has said nothing, for a model of this shape.
    pub fn new(config: &Config) -> Self {
        Self { width: config.kv_dim(), length: 0, layers: vec![KeysAndValues::default(); config.layers] }
    }

    /// Returns how many tokens it holds.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets all but the first `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        for layer in &mut self.layers {
            layer.keys.truncate(self.length * self.width);
            layer.values.truncate(self.length * self.width);
        }
    }

    /// Returns whether it fits a model of this shape.
    pub(crate) fn fits(&self, config: &Config) -> bool {
        self.width == config.kv_dim() && self.layers.len() == config.layers
    }

    /// Adds the keys and values of new tokens to one layer; [`Self::advance`] counts them when all layers have them.
    pub(crate) fn extend(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        self.layers[layer].keys.extend_from_slice(keys);
        self.layers[layer].values.extend_from_slice(values);
    }

    pub(crate) fn advance(&mut self, tokens: usize) {
        self.length += tokens;
    }

    /// Returns the first `length` keys and values of a layer.
    pub(crate) fn history(&self, layer: usize, length: usize) -> History<'_> {
        let KeysAndValues { keys, values } = &self.layers[layer];
        History { keys: &keys[..length * self.width], values: &values[..length * self.width] }
    }
}
