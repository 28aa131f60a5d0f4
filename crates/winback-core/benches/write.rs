//! How many customers a second are written for and reviewed, all three channels, in each language.
//! Run with `cargo bench -p winback-core --bench write`.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark reports to the terminal and may stop")]
#[path = "../tests/it/sample.rs"]
mod sample;

use sample::{House, JULIA, OFFERS, Who};
use std::time::Instant;
use winback_core::agents::communication::write_and_review;
use winback_core::locale::Locale;
use winback_core::schema::Theme;
use winback_core::template::Templates;

const CUSTOMERS: usize = 20_000;
const THREADS: usize = 2;

fn main() {
    let house = House::new();
    let templates = Templates::built_in().unwrap();
    for locale in Locale::ALL {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (house, templates) = (&house, &templates);
                scope.spawn(move || {
                    for n in (thread..CUSTOMERS).step_by(THREADS) {
                        let id = n.to_string();
                        let who = Who { id: &id, offer: OFFERS[n % OFFERS.len()], theme: Some(Theme::ALL[n % Theme::ALL.len()]), ..JULIA };
                        let writing = write_and_review(templates, &house.brief(who, locale, 1));
                        assert_eq!(writing.messages.len(), 3, "{:?}", writing.findings);
                    }
                });
            }
        });
        println!("{locale}: {:.0} customers/s on {THREADS} threads", CUSTOMERS as f64 / start.elapsed().as_secs_f64());
    }
}
