//! The shapes of the published Qwen3 models, and how many parameters a shape has.
use winback_lm::Config;
use winback_lm::kernels::Precision;
use winback_lm::shape::Projection;

/// A published shape, to be measured with drawn weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Published {
    /// Qwen3-0.6B
    #[value(name = "0.6b")]
    Small,
    /// Qwen3-1.7B
    #[value(name = "1.7b")]
    Medium,
    /// Qwen3-4B
    #[value(name = "4b")]
    Large,
}

impl Published {
    /// Returns the name of the published model.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "Qwen3-0.6B",
            Self::Medium => "Qwen3-1.7B",
            Self::Large => "Qwen3-4B",
        }
    }

    /// Returns the shape, as the `config.json` of the published model has it.
    pub fn config(self) -> Config {
        let (hidden_size, intermediate_size, layers, heads) = match self {
            Self::Small => (1024, 3072, 28, 16),
            Self::Medium => (2048, 6144, 28, 16),
            Self::Large => (2560, 9728, 36, 32),
        };
        Config {
            vocab_size: 151_936,
            hidden_size,
            intermediate_size,
            layers,
            heads,
            kv_heads: 8,
            head_dim: 128,
            rms_norm_eps: 1e-6,
            rope_theta: 1e6,
            tied: true,
            context: 40_960,
            eos: Vec::new(),
        }
    }
}

/// Returns how many parameters the matrices that are multiplied with have: those of all layers and the output head.
pub fn multiplied(config: &Config) -> usize {
    let layer: usize = Projection::ALL.iter().map(|which| which.shape(config)).map(|[outputs, inputs]| outputs * inputs).sum();
    config.layers * layer + table(config)
}

/// Returns how many parameters the embedding table has.
pub fn table(config: &Config) -> usize {
    config.vocab_size * config.hidden_size
}

/// Returns how many bytes the weights of a shape take: the matrices packed, and the embedding table, which stays as it
/// is in the files, with so many bytes for a number.
pub fn weight_bytes(config: &Config, precision: Precision, table_number_bytes: usize) -> u64 {
    (multiplied(config) * precision.bytes() + table(config) * table_number_bytes) as u64
}

/// Returns how many bytes an adapter of all seven matrices takes; it is kept in bf16 where the model is kept in less.
pub fn adapter_bytes(config: &Config, precision: Precision, rank: usize) -> u64 {
    let sides: usize = Projection::ALL.iter().map(|which| which.shape(config)).map(|[outputs, inputs]| outputs + inputs).sum();
    (config.layers * sides * rank * precision.bytes().max(Precision::Bf16.bytes())) as u64
}

/// Returns how many parameters a model has; a tied head counts once.
pub fn parameters(config: &Config) -> usize {
    let norms = config.layers * 2 * (config.hidden_size + config.head_dim) + config.hidden_size;
    multiplied(config) + norms + if config.tied { 0 } else { table(config) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_models_have_the_parameters_they_are_published_with() {
        let check = |shape: Published, expected: usize| assert_eq!(parameters(&shape.config()), expected, "{shape:?}");
        check(Published::Small, 596_049_920);
        check(Published::Medium, 1_720_574_976);
        check(Published::Large, 4_022_468_096);
        // As PEFT writes one of rank 16 in 16 bits: 20.2 MB.
        assert_eq!(adapter_bytes(&Published::Small.config(), Precision::Int8, 16), 20_185_088);
    }
}
