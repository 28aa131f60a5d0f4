//! The segments' voices in the demo: the small model with its adapters, as they come with Winback or taught anew, what each
//! learned, and the mails that they write.
use crate::cli::Place;
use crate::cli::adapters::{OrShelf as _, eval, train};
use crate::exit::{Exit, OrExit, stop};
use crate::mini::{self, shipped, voices};
use crate::report;
use crate::sample::Order;
use crate::telemetry::say;
use serde::Serialize;
use std::path::{Path, PathBuf};
use winback_connectors::file::write_atomically;
use winback_core::gallery::gate::Claims;
use winback_core::gallery::{Evaluation, Figure, MailWriter, Measure};
use winback_core::segment::SegmentId;
use winback_lm::shelf::{Shelf, ShelfError};

/// How many made-up mails the five adapters learn from together.
const EXAMPLES: u64 = 2_000;
/// What the examples, and everything learned from them, are drawn by.
const SEED: u64 = 7;
/// Where the adapters lie in the folder of the demo.
pub const ADAPTERS: &str = "adapters";
/// What is told of each adapter.
const MEASURES: [Measure; 4] = [Measure::Perplexity, Measure::Bleu, Measure::Chrf, Measure::ReviewPass];

/// What an adapter changed, on customers that nobody learned from.
#[derive(Debug, Serialize)]
pub struct Voice {
    segment: SegmentId,
    version: String,
    customers: usize,
    /// Each measure of the base's mails and of the adapter's.
    measures: Vec<(Measure, Option<Figure>, Option<Figure>)>,
}

/// Puts the adapters that come with Winback into a folder, where they are not there yet.
pub fn put(home: &Path) -> anyhow::Result<()> {
    shipped::unpack_adapters(&home.join(ADAPTERS)).or_hint(Exit::Storage, "make room, or name another folder with --home")
}

/// Teaches the five adapters anew, evaluates them, and puts those to use that do better than the base; of the others it is
/// told why the base goes on writing. Their examples and
/// recipe lie in `data/`.
pub async fn teach(at: &Place, home: &Path, base: &Path) -> anyhow::Result<()> {
    let (data, recipe) = (home.join("data").join("made-up-mails.jsonl"), home.join("data").join("adapters.toml"));
    let templates = mini::templates()?;
    let order = Order { rows: EXAMPLES, seed: SEED, contacts: None };
    crate::cli::sample::write_file(&data, |out| voices::write_examples(&templates, &order, out))?;
    write_atomically(&recipe, |out| out.write_all(shipped::RECIPE.as_bytes())).or_exit(Exit::Storage)?;
    let (base, adapters) = (base.to_path_buf(), home.join(ADAPTERS));
    let args = train::Args::of(data.clone(), base.clone(), adapters.clone(), recipe);
    let (taught, ended) = train::teach(&Place { home: home.to_owned(), ..at.clone() }, &args).await?;
    if let Some(step) = ended {
        let what = format!("interrupted after step {step}, which is kept");
        return Err(stop(Exit::Failure, what, "run the command again, and it goes on"));
    }
    if let Some((row, why)) = taught.segments.iter().find_map(|row| Some((row, row.why.as_ref()?))) {
        return Err(stop(Exit::Failure, format!("the adapter of {}: {why}", row.segment), "winback adapters train --help"));
    }
    promote(at, (&Shelf::new(adapters), &data, &base))
}

fn promote(at: &Place, (shelf, data, base): (&Shelf, &PathBuf, &PathBuf)) -> anyhow::Result<()> {
    let how = eval::How::default();
    let found = tokio::task::block_in_place(|| eval::Exam { shelf, data, base, how: &how }.sit(at, None))?;
    for evaluation in &found.evaluations {
        match shelf.promote(&evaluation.segment, &evaluation.version, Claims::Needed) {
            Err(ShelfError::NotBetter { segment, version, why }) => {
                say(&format!("note: the base goes on writing to {segment}; {version} is not put to use: {why}"));
            }
            promoted => drop(promoted.or_shelf()?),
        }
    }
    Ok(())
}

/// Returns what each adapter in use changed.
pub fn learned(home: &Path) -> anyhow::Result<Vec<Voice>> {
    let shelf = Shelf::new(home.join(ADAPTERS));
    let mut voices = Vec::new();
    for segment in shelf.segments().or_shelf()? {
        if let Some(version) = shelf.current(&segment).or_shelf()?
            && let Some(found) = shelf.evaluation(&segment, version).or_shelf()?
        {
            voices.push(voice(&found));
        }
    }
    Ok(voices)
}

fn voice(found: &Evaluation) -> Voice {
    let figure = |writer: MailWriter, measure: Measure| found.figure(writer, measure);
    Voice {
        segment: found.segment.clone(),
        version: found.version.clone(),
        customers: found.customers,
        measures: MEASURES.map(|measure| (measure, figure(MailWriter::Base, measure), figure(MailWriter::Adapter, measure))).into(),
    }
}

/// Returns the voices as a table, before and after.
pub fn table(voices: &[Voice]) -> String {
    let number = |measure: Measure, figure: &Option<Figure>| match figure {
        None => "-".to_owned(),
        Some(figure) if measure.is_share() => format!("{:.0} %", figure.value * 100.0),
        Some(figure) if measure == Measure::Perplexity => format!("{:.2}", figure.value),
        Some(figure) => format!("{:.1}", figure.value),
    };
    let row = |voice: &Voice| {
        let changes = voice.measures.iter().map(|(measure, base, own)| format!("{} → {}", number(*measure, base), number(*measure, own)));
        let named = [voice.segment.to_string(), voice.version.clone(), report::count(voice.customers as u64)];
        named.into_iter().chain(changes).collect::<Vec<_>>()
    };
    let header: Vec<&str> = ["segment", "adapter", "customers"].into_iter().chain(MEASURES.map(Measure::name)).collect();
    report::table(&header, voices.iter().map(row))
}
