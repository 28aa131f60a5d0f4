//! Prints the token ids of texts, for comparison with Hugging Face (`bench/peers/lm_tokens.py`).
//!
//! `encode TOKENIZER.json < TEXTS > IDS`: each line of the input is a JSON string, each line of the output its ids and,
//! behind them, the text they decode to.
#![expect(clippy::print_stdout, reason = "an example prints its result")]
use std::error::Error;
use std::io::BufRead;
use winback_lm::Tokens;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which tokenizer.json?")?;
    let tokens = Tokens::load(path.as_ref(), 1 << 22, &[])?;
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let ids = tokens.encode_with_control(&text)?;
        println!("{}", serde_json::to_string(&(&ids, tokens.decode(&ids, true)?))?);
    }
    Ok(())
}
