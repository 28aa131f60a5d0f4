//! What a sequence has said so far: its keys and values in every layer.
use crate::adapter::Adapter;
use crate::kernels::{Numerics, Stretch};
use crate::model::Model;
use std::sync::Arc;
use winback_core::digest::Digest;

/// The keys and values of one sequence: perhaps a beginning that it shares with others, and its own.
#[derive(Clone, Debug)]
pub struct Cache {
    shape: Shape,
    reader: Box<Reader>,
    before: Option<Arc<Prefix>>,
    /// The own tokens.
    tokens: Vec<u32>,
    /// Per layer and key head.
    layers: Vec<Vec<Stretch>>,
}

/// A beginning that many sequences share. It is computed once, and read once a step for all of them.
#[derive(Debug)]
pub struct Prefix {
    whole: Cache,
}

/// Who reads the tokens of a cache.
#[derive(Clone, Debug)]
struct Reader {
    /// The hash of the model's weights.
    model: Digest,
    /// The hash of the adapter that the own tokens were read with; `None` for the base.
    adapter: Option<Digest>,
}

/// What a cache is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    layers: usize,
    kv_heads: usize,
    head_dim: usize,
    /// How keys are turned and what they are normed with: the same weights give other ones with other numbers here.
    rope_theta: f64,
    rms_norm_eps: f32,
    numerics: Numerics,
}

impl Shape {
    fn of(model: &Model) -> Self {
        let config = model.config();
        Self {
            layers: config.layers,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            rope_theta: config.rope_theta,
            rms_norm_eps: config.rms_norm_eps,
            numerics: model.numerics(),
        }
    }
}

impl Cache {
    /// Returns the cache of a sequence that has said nothing. It grows with what is said.
    pub fn new(model: &Model) -> Self {
        Self::with_room(model, 0)
    }

    /// Returns the cache of a sequence that has said nothing, with room for some tokens.
    pub fn with_room(model: &Model, tokens: usize) -> Self {
        let shape = Shape::of(model);
        let stretch = || Stretch::new(shape.head_dim, tokens, shape.numerics.precision);
        let layers = (0..shape.layers).map(|_| (0..shape.kv_heads).map(|_| stretch()).collect()).collect();
        let reader = Box::new(Reader { model: model.digest().clone(), adapter: None });
        Self { shape, reader, before: None, tokens: Vec::with_capacity(tokens), layers }
    }

    /// Returns the cache of a sequence that begins with a prefix, with room for some tokens of its own.
    pub fn after(prefix: &Arc<Prefix>, model: &Model, tokens: usize) -> Self {
        Self { before: Some(prefix.clone()), ..Self::with_room(model, tokens) }
    }

    /// Returns the bytes that the cache of so many own tokens takes.
    pub fn bytes(model: &Model, tokens: usize) -> usize {
        let shape = Shape::of(model);
        shape.layers * shape.kv_heads * Stretch::bytes(shape.head_dim, tokens, shape.numerics.precision)
    }

    /// Makes what was said the beginning of other sequences; gives the cache back where it has such a beginning itself.
    pub fn into_prefix(self) -> Result<Arc<Prefix>, Self> {
        if self.before.is_some() { Err(self) } else { Ok(Arc::new(Prefix { whole: self })) }
    }

    /// Returns how many tokens it holds, those of its beginning included.
    pub fn len(&self) -> usize {
        self.beginning() + self.own()
    }

    /// Returns whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all but the first `length` tokens; a shared beginning stays.
    pub fn truncate(&mut self, length: usize) {
        self.tokens.truncate(length.saturating_sub(self.beginning()));
        self.layers.iter_mut().flatten().for_each(|stretch| stretch.truncate(self.tokens.len()));
    }

    /// Returns how many tokens the shared beginning has.
    fn beginning(&self) -> usize {
        self.before.as_ref().map_or(0, |prefix| prefix.len())
    }

    /// Returns whether it fits a model.
    pub(crate) fn fits(&self, model: &Model) -> bool {
        let before = self.before.as_ref().is_none_or(|prefix| prefix.whole.fits(model));
        self.shape == Shape::of(model) && self.reader.model == *model.digest() && before
    }

    /// Returns whether what it holds was read with an adapter.
    pub(crate) fn is_read_with(&self, adapter: Option<&Adapter>) -> bool {
        let before = self.before.as_ref().is_none_or(|prefix| prefix.whole.is_read_with(adapter));
        before && (self.tokens.is_empty() || self.reader.adapter.as_ref() == adapter.map(Adapter::digest))
    }

    /// Returns the shared beginning.
    pub(crate) fn before(&self) -> Option<&Arc<Prefix>> {
        self.before.as_ref()
    }

    /// Returns the own keys and values of a layer, per key head.
    pub(crate) fn layer(&self, layer: usize) -> &[Stretch] {
        &self.layers[layer]
    }

    /// Returns the same, to add to; [`Self::advance`] counts what was added when all layers have it.
    pub(crate) fn layer_mut(&mut self, layer: usize) -> &mut [Stretch] {
        &mut self.layers[layer]
    }

    pub(crate) fn advance(&mut self, tokens: &[u32], adapter: Option<&Adapter>) {
        if self.tokens.is_empty() {
            self.reader.adapter = adapter.map(Adapter::digest).cloned();
        }
        self.tokens.extend_from_slice(tokens);
    }

    /// Returns how many own tokens it holds.
    pub(crate) fn own(&self) -> usize {
        self.tokens.len()
    }
}

impl Prefix {
    /// Returns how many tokens it has.
    pub fn len(&self) -> usize {
        self.whole.own()
    }

    /// Returns its tokens.
    pub fn tokens(&self) -> &[u32] {
        &self.whole.tokens
    }

    /// Returns whether sequences of a model can begin with it: one with these weights that computes in the same way.
    pub fn fits(&self, model: &Model) -> bool {
        self.whole.fits(model)
    }

    /// Returns whether it was read with an adapter; `None` for the base.
    pub fn is_read_with(&self, adapter: Option<&Adapter>) -> bool {
        self.whole.is_read_with(adapter)
    }

    /// Returns whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the keys and values of a layer, per key head.
    pub(crate) fn layer(&self, layer: usize) -> &[Stretch] {
        self.whole.layer(layer)
    }
}
