//! What it takes to load a model: from its own files, while its weights are packed into a file, and from that file.
//!
//! `cargo bench -p winback-lm --bench load -- FOLDER [--precision bf16|int8|f32] [--way read|cache] [--decode]`; where the
//! folder holds no model, one of the shape of Qwen3-0.6B is drawn and written there first (1.2 GB). One way a process,
//! because the peak of memory is the process's.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark run by hand")]
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;
use winback_lm::kernels::{Level, Numerics, Precision};
use winback_lm::shape::Projection;
use winback_lm::{Cache, Config, Model, PackedCache, Piece, Want};

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).filter(|arg| !arg.starts_with("--")).unwrap());
    if !dir.join("model.safetensors").exists() {
        write_drawn(&dir);
    }
    let precision = match argument("--precision").as_deref() {
        Some("f32") => Precision::F32,
        Some("int8") => Precision::Int8,
        _ => Precision::Bf16,
    };
    let numerics = Numerics { level: Level::best(), precision };
    let folders = if argument("--way").as_deref() == Some("read") { vec![] } else { vec![dir.join(".winback")] };
    let start = Instant::now();
    let config = Config::load(&dir.join("config.json")).unwrap();
    let loaded = Model::with_cache(&dir, config, numerics, &PackedCache { folders }).unwrap();
    println!("{precision:?}: {:?} in {:.2} s", loaded.origin, start.elapsed().as_secs_f64());
    told_memory();
    if std::env::args().any(|arg| arg == "--decode") {
        decode(&loaded.model);
        told_memory();
    }
}

/// Writes 16 tokens one after the other.
fn decode(model: &Model) {
    let mut cache = Cache::with_room(model, 32);
    let mut step = |token: u32| {
        let mut pieces = [Piece { cache: &mut cache, tokens: &[token], adapter: None, want: Want::Last }];
        let hidden = model.forward(&mut pieces).unwrap();
        model.logits(&hidden.rows).unwrap()
    };
    let start = Instant::now();
    step(0);
    println!("first token {:.0} ms", 1e3 * start.elapsed().as_secs_f64());
    let start = Instant::now();
    (1..17).for_each(|token| drop(step(token)));
    println!("next 16 tokens {:.1} ms each", 1e3 * start.elapsed().as_secs_f64() / 16.0);
}

fn told_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|line| ["VmHWM", "RssAnon", "RssFile"].iter().any(|name| line.starts_with(name)));
    println!("  {}", lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", "));
}

/// Writes a model of the shape of Qwen3-0.6B with drawn weights.
fn write_drawn(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let config = json!({
        "model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_act": "silu", "attention_bias": false,
        "vocab_size": 151_936, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000, "tie_word_embeddings": true, "max_position_embeddings": 40_960, "eos_token_id": 151_645,
    });
    std::fs::write(dir.join("config.json"), config.to_string()).unwrap();
    let config = Config::load(&dir.join("config.json")).unwrap();
    let mut tensors = vec![("model.embed_tokens".to_owned(), vec![config.vocab_size, config.hidden_size])];
    tensors.push(("model.norm".to_owned(), vec![config.hidden_size]));
    for layer in 0..config.layers {
        let mut put = |part: &str, shape: Vec<usize>| tensors.push((format!("model.layers.{layer}.{part}"), shape));
        put("input_layernorm", vec![config.hidden_size]);
        put("post_attention_layernorm", vec![config.hidden_size]);
        put("self_attn.q_norm", vec![config.head_dim]);
        put("self_attn.k_norm", vec![config.head_dim]);
        Projection::ALL.iter().for_each(|which| put(which.name(), which.shape(&config).to_vec()));
    }
    let (mut header, mut at) = (serde_json::Map::new(), 0);
    for (name, shape) in &tensors {
        let end = at + 2 * shape.iter().product::<usize>();
        header.insert(format!("{name}.weight"), json!({ "dtype": "BF16", "shape": shape, "data_offsets": [at, end] }));
        at = end;
    }
    let header = serde_json::to_string(&header).unwrap();
    let mut out = BufWriter::new(File::create(dir.join("model.safetensors")).unwrap());
    out.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    out.write_all(header.as_bytes()).unwrap();
    // Numbers between −1/16 and 1/16, xorshift64* (Vigna 2016); the norms are as good as any.
    let mut state = 1_u64;
    for _ in 0..at / 2 {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let drawn = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1_u64 << 27) as f32 - 1.0 / 16.0;
        out.write_all(&half::bf16::from_f32(drawn).to_le_bytes()).unwrap();
    }
    out.into_inner().unwrap().sync_all().unwrap();
}
