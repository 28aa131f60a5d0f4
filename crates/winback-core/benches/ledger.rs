//! How many megabytes of text a second are read for claims, on one thread, from the texts of the built-in writer.
//! Run with `cargo bench -p winback-core --bench ledger`; `--bench write` tells what a customer costs in all.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark reports to the terminal and may stop")]
#[path = "../tests/it/sample.rs"]
mod sample;

use sample::{House, JULIA, OFFERS, Who};
use std::time::Instant;
use winback_core::agents::communication::write;
use winback_core::claim::{Reading, read};
use winback_core::locale::Locale;
use winback_core::money::Currency;
use winback_core::schema::Theme;
use winback_core::template::Templates;

const CUSTOMERS: usize = 2_000;
const ROUNDS: usize = 5;

fn main() {
    let house = House::new();
    let templates = Templates::built_in().unwrap();
    for locale in Locale::ALL {
        let texts = texts(&house, &templates, locale);
        let reading = Reading { locale, day: sample::DAY, currency: Currency::parse("USD").ok() };
        let bytes: usize = texts.iter().map(String::len).sum();
        let start = Instant::now();
        let claims: usize = (0..ROUNDS).flat_map(|_| &texts).map(|text| read(text, &reading).len()).sum();
        let megabytes = (bytes * ROUNDS) as f64 / 1e6;
        println!("{locale}: {:.0} MB/s, {} claims in {megabytes:.0} MB", megabytes / start.elapsed().as_secs_f64(), claims);
    }
}

/// Returns every text of many customers, of all three channels.
fn texts(house: &House, templates: &Templates, locale: Locale) -> Vec<String> {
    let mut texts = Vec::new();
    for n in 0..CUSTOMERS {
        let id = n.to_string();
        let who = Who { id: &id, offer: OFFERS[n % OFFERS.len()], theme: Some(Theme::ALL[n % Theme::ALL.len()]), ..JULIA };
        for draft in write(templates, &house.brief(who, locale, 1)).drafts {
            texts.extend(draft.content.parts().into_iter().map(|(_, text)| text.to_owned()));
        }
    }
    texts
}
