//! Writes the logits of batches of texts, for comparison with transformers and PEFT (`bench/peers/lm_parity.py`).
//!
//! `logits MODEL_DIR f32|bf16|int8 LEVEL [ADAPTER_DIR ...] < BATCHES > LOGITS`: each line of the input is a batch, a JSON
//! array of rows; a row is the number of its adapter (1 for the first, 0 for the base) and its token ids. For each batch
//! the logits of all tokens of all rows are written, `[tokens, vocab_size]`, as 32-bit floats, little endian.
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use winback_lm::kernels::{Numerics, Precision};
use winback_lm::{Adapter, Cache, Model, Piece, Want};

/// The number of an adapter, 0 for the base, and the tokens of a text.
type Row = (usize, Vec<u32>);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or_else(|| format!("{what} is missing"));
    let (dir, precision, level) = (next("the model directory")?, next("the precision")?, next("the level")?);
    let precision = match precision.as_str() {
        "f32" => Precision::F32,
        "bf16" => Precision::Bf16,
        "int8" => Precision::Int8,
        other => return Err(format!("{other:?} is none of f32, bf16 and int8").into()),
    };
    let model = Model::load(Path::new(&dir), Numerics { level: level.parse()?, precision })?;
    let adapters: Vec<Adapter> = args.map(|dir| Adapter::load(Path::new(&dir), &model)).collect::<Result<_, _>>()?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let rows: Vec<Row> = serde_json::from_str(&line?)?;
        let bytes: Vec<u8> = logits(&model, &adapters, &rows)?.iter().flat_map(|logit| logit.to_le_bytes()).collect();
        out.write_all(&bytes)?;
    }
    Ok(out.flush()?)
}

/// Returns the logits of all tokens of a batch.
fn logits(model: &Model, adapters: &[Adapter], rows: &[Row]) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut caches: Vec<Cache> = rows.iter().map(|(_, ids)| Cache::with_room(model, ids.len())).collect();
    let mut pieces = Vec::with_capacity(rows.len());
    for (cache, (adapter, tokens)) in caches.iter_mut().zip(rows) {
        let absent = || format!("a row names the adapter {adapter}; {} were given", adapters.len());
        let adapter = adapter.checked_sub(1).map(|at| adapters.get(at).ok_or_else(absent)).transpose()?;
        pieces.push(Piece { cache, tokens, adapter, want: Want::All });
    }
    let hidden = model.forward(&mut pieces)?;
    Ok(model.logits(&hidden.rows)?)
}
