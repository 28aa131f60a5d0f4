//! What the benchmarks share: the shape of Qwen3-0.6B, and arguments by name.
use winback_lm::Config;

/// Returns what stands behind a name on the command line.
pub fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

/// Returns the shape of Qwen3-0.6B.
pub fn shape() -> Config {
    Config {
        vocab_size: 151_936,
        hidden_size: 1024,
        intermediate_size: 3072,
        layers: 28,
        heads: 16,
        kv_heads: 8,
        head_dim: 128,
        rms_norm_eps: 1e-6,
        rope_theta: 1e6,
        tied: true,
        context: 40_960,
        eos: vec![],
    }
}
