//! A model that learned here as a directory of Hugging Face, which our own loader and transformers both read.
use crate::config::Config;
use crate::finetune::WholeWeights;
use crate::kernels::Precision;
use crate::token_trainer::CONTROL;
use serde_json::json;

/// How a conversation becomes text: each message between control tokens, and the beginning of the reply.
pub const CHAT_TEMPLATE: &str = "\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
";

/// Why a model could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the weights of the model could not be written: {0}")]
pub struct PublishError(String);

/// Returns the files of a model directory, by name, from weights and a `tokenizer.json` of [`crate::train_tokens`].
pub fn files(weights: &WholeWeights, tokenizer: &str) -> Result<Vec<(&'static str, Vec<u8>)>, PublishError> {
    let config = weights.config();
    let safetensors = weights.to_safetensors(Precision::Bf16).map_err(|error| PublishError(error.to_string()))?;
    let text = |json: serde_json::Value| format!("{json:#}\n").into_bytes();
    Ok(vec![
        ("config.json", text(config_json(config))),
        ("generation_config.json", text(generation_json(config))),
        ("model.safetensors", safetensors),
        ("tokenizer.json", tokenizer.as_bytes().to_vec()),
        ("tokenizer_config.json", text(tokenizer_json(config))),
    ])
}

fn config_json(config: &Config) -> serde_json::Value {
    json!({
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": false,
        "attention_dropout": 0.0,
        "bos_token_id": null,
        "dtype": "bfloat16",
        "eos_token_id": config.eos,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.context,
        "model_type": "qwen3",
        "num_attention_heads": config.heads,
        "num_hidden_layers": config.layers,
        "num_key_value_heads": config.kv_heads,
        "rms_norm_eps": f64::from(config.rms_norm_eps),
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tied,
        "use_cache": true,
        "use_sliding_window": false,
        "vocab_size": config.vocab_size,
    })
}

/// A small model writes best when it is sure: little is drawn by chance.
fn generation_json(config: &Config) -> serde_json::Value {
    json!({ "do_sample": true, "temperature": 0.3, "top_p": 0.9, "top_k": 40, "eos_token_id": config.eos })
}

fn tokenizer_json(config: &Config) -> serde_json::Value {
    json!({
        "add_bos_token": false,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": false,
        "eos_token": CONTROL[2],
        "model_max_length": config.context,
        "pad_token": CONTROL[0],
        "tokenizer_class": "PreTrainedTokenizerFast",
    })
}
