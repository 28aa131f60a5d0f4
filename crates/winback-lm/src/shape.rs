//! Which matrices a dense Qwen3 has, what they are called in files, and their sizes.
use crate::config::Config;

/// Matrices of a layer that take the same rows and are computed as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fused {
    /// Queries, keys and values.
    Qkv,
    /// What attention gives back.
    O,
    /// The gate of the feed-forward part and its way up.
    GateUp,
    /// Its way down.
    Down,
}

impl Fused {
    /// All four, in the order of `as usize`.
    pub const ALL: [Self; 4] = [Self::Qkv, Self::O, Self::GateUp, Self::Down];

    /// Returns its matrices, in the order of their outputs.
    pub fn parts(self) -> &'static [Projection] {
        match self {
            Self::Qkv => &[Projection::Q, Projection::K, Projection::V],
            Self::O => &[Projection::O],
            Self::GateUp => &[Projection::Gate, Projection::Up],
            Self::Down => &[Projection::Down],
        }
    }

    /// Returns how many outputs and inputs its matrices have together.
    pub fn shape(self, config: &Config) -> [usize; 2] {
        let shapes = self.parts().iter().map(|part| part.shape(config));
        shapes.fold([0, 0], |[outputs, _], [more, inputs]| [outputs + more, inputs])
    }
}

/// One of the seven matrices of a layer: the places where an adapter may add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Queries.
    Q,
    /// Keys.
    K,
    /// Values.
    V,
    /// What attention gives back.
    O,
    /// The gate of the feed-forward part.
    Gate,
    /// Its way up.
    Up,
    /// Its way down.
    Down,
}

impl Projection {
    /// All seven, in the order of `as usize`.
    pub const ALL: [Self; 7] = [Self::Q, Self::K, Self::V, Self::O, Self::Gate, Self::Up, Self::Down];

    /// Returns its name inside a layer: `self_attn.q_proj`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q => "self_attn.q_proj",
            Self::K => "self_attn.k_proj",
            Self::V => "self_attn.v_proj",
            Self::O => "self_attn.o_proj",
            Self::Gate => "mlp.gate_proj",
            Self::Up => "mlp.up_proj",
            Self::Down => "mlp.down_proj",
        }
    }

    /// Returns how many outputs and inputs it has.
    pub fn shape(self, config: &Config) -> [usize; 2] {
        match self {
            Self::Q => [config.q_dim(), config.hidden_size],
            Self::K | Self::V => [config.kv_dim(), config.hidden_size],
            Self::O => [config.hidden_size, config.q_dim()],
            Self::Gate | Self::Up => [config.intermediate_size, config.hidden_size],
            Self::Down => [config.hidden_size, config.intermediate_size],
        }
    }
}
