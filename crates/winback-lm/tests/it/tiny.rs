//! Tiny models made up here, of odd sizes and in every number format, written as Hugging Face directories.
use half::{bf16, f16};
use safetensors::{Dtype, View};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// One tensor on its way into a file.
#[derive(Clone, Debug)]
pub struct Stored {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

pub type Tensors = BTreeMap<String, Stored>;

/// Returns the text of the configuration of a model of odd sizes.
pub fn config() -> Value {
    json!({
        "model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_act": "silu", "attention_bias": false,
        "vocab_size": 37, "hidden_size": 20, "intermediate_size": 23, "num_hidden_layers": 3, "num_attention_heads": 6,
        "num_key_value_heads": 3, "head_dim": 6, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true,
        "max_position_embeddings": 64, "eos_token_id": [2, 5], "sliding_window": null, "rope_scaling": null,
    })
}

/// Returns numbers that look drawn by chance, of a mean square of about `scale²`.
pub fn numbers(count: usize, seed: u64, scale: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next() * 3.4 * scale).collect()
}

/// Returns numbers as bytes of a format.
pub fn stored(numbers: &[f32], shape: &[usize], dtype: Dtype) -> Stored {
    let bytes = match dtype {
        Dtype::BF16 => numbers.iter().flat_map(|number| bf16::from_f32(*number).to_le_bytes()).collect(),
        Dtype::F16 => numbers.iter().flat_map(|number| f16::from_f32(*number).to_le_bytes()).collect(),
        _ => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
    };
    Stored { dtype, shape: shape.to_vec(), bytes }
}

/// Returns the weights of the model of [`config`].
pub fn weights(dtype: Dtype) -> Tensors {
    let mut tensors = Tensors::new();
    let mut put = |name: String, shape: &[usize]| {
        let seed = 1 + tensors.len() as u64;
        let count = shape.iter().product();
        let mut drawn = numbers(count, seed, if shape.len() == 1 { 0.2 } else { 1.0 / (shape[1] as f32).sqrt() });
        if shape.len() == 1 {
            drawn.iter_mut().for_each(|number| *number += 1.0);
        }
        tensors.insert(name, stored(&drawn, shape, dtype));
    };
    put("model.embed_tokens.weight".into(), &[37, 20]);
    put("model.norm.weight".into(), &[20]);
    for layer in 0..3 {
        let parts: [(&str, &[usize]); 11] = [
            ("input_layernorm", &[20]),
            ("post_attention_layernorm", &[20]),
            ("self_attn.q_norm", &[6]),
            ("self_attn.k_norm", &[6]),
            ("self_attn.q_proj", &[36, 20]),
            ("self_attn.k_proj", &[18, 20]),
            ("self_attn.v_proj", &[18, 20]),
            ("self_attn.o_proj", &[20, 36]),
            ("mlp.gate_proj", &[23, 20]),
            ("mlp.up_proj", &[23, 20]),
            ("mlp.down_proj", &[20, 23]),
        ];
        parts.iter().for_each(|(part, shape)| put(format!("model.layers.{layer}.{part}.weight"), shape));
    }
    tensors
}

/// Returns weights that are numbers, each, and give none: those of one norm are near the largest there is, as they are
/// beside the final one (`model.norm`, 20 numbers) or where queries are made (`…q_norm`, 6).
pub fn too_large(mut weights: Tensors, (norm, width): (&str, usize)) -> Tensors {
    let numbers: Vec<f32> = (0..width).map(|at| if at % 2 == 0 { 3e38 } else { -3e38 }).collect();
    weights.insert(format!("{norm}.weight"), stored(&numbers, &[width], Dtype::F32));
    weights
}

/// The norms that [`too_large`] makes too large.
pub const NORMS: [(&str, usize); 2] = [("model.norm", 20), ("model.layers.1.self_attn.q_norm", 6)];

/// Returns the adapter of rank 3 that changes these projections of all layers.
pub fn lora(projections: &[(&str, usize, usize)], seed: u64) -> Tensors {
    let mut tensors = Tensors::new();
    for layer in 0..3 {
        for (at, (name, outputs, inputs)) in projections.iter().enumerate() {
            let seed = seed + 100 * layer + at as u64;
            let name = |half: &str| format!("base_model.model.model.layers.{layer}.{name}.lora_{half}.weight");
            tensors.insert(name("A"), stored(&numbers(3 * inputs, seed, 0.3), &[3, *inputs], Dtype::F32));
            tensors.insert(name("B"), stored(&numbers(3 * outputs, seed + 7, 0.3), &[*outputs, 3], Dtype::F32));
        }
    }
    tensors
}

/// Returns the text of an adapter configuration of rank 3.
pub fn lora_config(targets: &[&str]) -> Value {
    json!({ "peft_type": "LORA", "r": 3, "lora_alpha": 6, "target_modules": targets, "bias": "none", "task_type": "CAUSAL_LM" })
}

pub fn write_json(dir: &Path, name: &str, value: &Value) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join(name), serde_json::to_vec_pretty(value).unwrap()).unwrap();
}

pub fn write_tensors(path: &Path, tensors: &Tensors) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, safetensors::serialize(tensors, None).unwrap()).unwrap();
}

/// Writes the model of [`config`] into a directory.
pub fn write_model(dir: &Path, dtype: Dtype) {
    write_json(dir, "config.json", &config());
    write_tensors(&dir.join("model.safetensors"), &weights(dtype));
}

/// Returns an error and what caused it, as one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
