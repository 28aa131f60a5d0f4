//! Models and adapters of a given shape with weights drawn by a seed: they write nonsense at exactly the speed and in
//! exactly the memory of a real one, so that a machine can be measured before anything is downloaded.
use crate::adapter::{Adapter, Lora, Up};
use crate::config::Config;
use crate::kernels::{Linear, Numerics};
use crate::model::{Layer, Model};
use crate::shape::Fused;
use crate::table::Table;
use crate::tensor::{Numbers, Tensor};
use half::bf16;
use std::sync::Arc;
use winback_core::digest::Digest;

/// Numbers drawn by a seed (xorshift64*, Vigna 2016).
struct Draw(u64);

impl Draw {
    fn new(seed: u64, part: u64) -> Self {
        Self((seed ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1)
    }

    /// Returns a number between −1 and 1.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        drawn as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// Returns a matrix whose products keep the size of what they are multiplied with.
    fn matrix(&mut self, outputs: usize, inputs: usize) -> Tensor {
        let size = (3.0 / inputs as f32).sqrt();
        let numbers = (0..outputs * inputs).map(|_| bf16::from_f32(self.next() * size)).collect();
        Tensor::of(outputs, inputs, Numbers::Bf16(numbers))
    }
}

impl Model {
    /// Returns a model of a shape with drawn weights.
    pub fn drawn(config: Config, seed: u64, numerics: Numerics) -> Self {
        let embedding = Arc::new(Draw::new(seed, 0).matrix(config.vocab_size, config.hidden_size));
        let head = if config.tied { embedding.clone() } else { Arc::new(Draw::new(seed, 1).matrix(config.vocab_size, config.hidden_size)) };
        let layer = |layer: usize| {
            let mut draw = Draw::new(seed, 2 + layer as u64);
            let linears = Fused::ALL.map(|fused| {
                let parts: Vec<Tensor> = fused.parts().iter().map(|part| part.shape(&config)).map(|[o, i]| draw.matrix(o, i)).collect();
                Linear::pack(numerics, &parts.iter().collect::<Vec<_>>())
            });
            let ones = |width: usize| vec![1.0; width];
            Layer {
                attention_norm: ones(config.hidden_size),
                query_norm: ones(config.head_dim),
                key_norm: ones(config.head_dim),
                mlp_norm: ones(config.hidden_size),
                linears,
            }
        };
        let layers = (0..config.layers).map(layer).collect();
        let final_norm = vec![1.0; config.hidden_size];
        let digest = Digest::of(format!("drawn {config:?} {seed}").as_bytes());
        Self {
            head: Some(Linear::pack(numerics, &[&head])),
            embedding: Table::Read(embedding),
            layers,
            final_norm,
            config,
            numerics,
            digest,
        }
    }
}

impl Adapter {
    /// Returns an adapter of all seven matrices of a model with drawn weights.
    pub fn drawn(model: &Model, rank: usize, seed: u64) -> Self {
        let (config, numerics) = (model.config(), model.numerics().at_least_bf16());
        let lora = |layer: usize, fused: Fused| {
            let mut draw = Draw::new(seed, (layer * Fused::ALL.len() + fused as usize) as u64);
            let (mut downs, mut ups, mut to) = (Vec::new(), Vec::new(), 0);
            for (at, which) in fused.parts().iter().enumerate() {
                let [outputs, inputs] = which.shape(config);
                downs.push(draw.matrix(rank, inputs));
                ups.push(Up {
                    which: *which,
                    linear: Linear::pack(numerics, &[&draw.matrix(outputs, rank)]),
                    scale: 0.1,
                    from: at * rank,
                    to,
                });
                to += outputs;
            }
            Lora { down: Linear::pack(numerics, &downs.iter().collect::<Vec<_>>()), ups }
        };
        let layers = (0..config.layers).map(|layer| Fused::ALL.map(|fused| Some(lora(layer, fused)))).collect();
        Self { base: model.digest().clone(), digest: Digest::of(format!("drawn {rank} {seed}").as_bytes()), numerics, layers }
    }
}
