//! `winback adapters list | promote | rollback | diff | verify`
use super::{OrShelf as _, VerifyArgs, figures};
use crate::cli::Place;
use crate::cli::lm::model::{Computing, Loaded, Numbers};
use crate::exit::{Exit, OrExit};
use crate::report;
use crate::wordings;
use crate::workbench::load_settings;
use serde::Serialize;
use serde_json::{Value, json};
use std::process::ExitCode;
use winback_core::digest::Digest;
use winback_core::gallery::Measure;
use winback_core::gallery::gate::Claims;
use winback_core::locale::Locale;
use winback_core::segment::SegmentId;
use winback_core::template::Templates;
use winback_lm::adapter::distance;
use winback_lm::kernels::Level;
use winback_lm::shelf::{Manifest, Shelf, ShelfError, Shelved, Unevaluated, Version};

/// A version as `list` tells of it.
#[derive(Serialize)]
struct Listed {
    segment: String,
    version: Option<String>,
    in_use: bool,
    /// `null` where it is not whole.
    manifest: Option<Manifest>,
    /// The figures of its newest evaluation; `null` where there is none of the files it has now.
    evaluation: Option<Value>,
    /// The same for people.
    #[serde(skip)]
    figures: Vec<String>,
    /// What is to be said about it.
    note: String,
}

/// Lists every version of every segment.
pub fn list(at: &Place, shelf: &Shelf) -> anyhow::Result<ExitCode> {
    let mut found = Vec::new();
    // Words that cannot be read are told by whoever needs them.
    let templates = load_settings(&at.home).and_then(|settings| wordings::load(&at.home, &settings.company)).ok();
    for segment in shelf.segments().or_shelf()? {
        let Shelved { current, versions, training, faults, .. } = shelf.look(&segment).or_shelf()?;
        for fault in faults {
            let gone = if let ShelfError::Gone { version, .. } = fault { Some(version) } else { None };
            found.push(listed(segment.as_str(), gone, gone.is_some(), Err(fault.to_string())));
        }
        for (version, manifest) in versions {
            let row = listed(segment.as_str(), Some(version), current == Some(version), manifest.map_err(|error| error.to_string()));
            found.push(with_words(evaluated(row, shelf, (&segment, version)), templates.as_ref()));
        }
        for _ in training {
            found.push(listed(segment.as_str(), None, false, Err("training not done; the same command goes on with it".to_owned())));
        }
    }
    for (name, why) in shelf.strays().or_shelf()? {
        found.push(listed(&name, None, false, Err(why.to_string())));
    }
    report::print(at.json, &found, || match found.is_empty() {
        true => format!("no adapter in {}; winback adapters train teaches them", shelf.root().display()),
        false => {
            let told = ["segment", "version", "in use", "learned from", "kept back", "loss", "rank", "date"];
            let header: Vec<&str> = told.into_iter().chain(figures::SHOWN.map(Measure::name)).chain([""]).collect();
            report::table(&header, found.iter().map(row))
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn listed(segment: &str, version: Option<Version>, in_use: bool, manifest: Result<Manifest, String>) -> Listed {
    let (manifest, note) = match manifest {
        Ok(manifest) => {
            let note = if manifest.has_learned() { String::new() } else { "no better than the base".to_owned() };
            (Some(manifest), note)
        }
        Err(why) => (None, why),
    };
    let version = version.map(|version| version.to_string());
    Listed { segment: segment.to_string(), version, in_use, manifest, evaluation: None, figures: figures::cells(None), note }
}

/// Adds a warning where the words of prompts are others than the version learned from.
fn with_words(listed: Listed, templates: Option<&Templates>) -> Listed {
    let Some(why) = listed.manifest.as_ref().zip(templates).and_then(|(manifest, templates)| other_words(manifest, templates)) else {
        return listed;
    };
    let note = if listed.note.is_empty() { why } else { format!("{}; {why}", listed.note) };
    Listed { note, ..listed }
}

/// Adds what the newest evaluation of a version found, where it is of the files that it has now.
fn evaluated(listed: Listed, shelf: &Shelf, (segment, version): (&SegmentId, Version)) -> Listed {
    let Some(manifest) = &listed.manifest else { return listed };
    let told = |note: String| if listed.note.is_empty() { note } else { format!("{}; {note}", listed.note) };
    match shelf.evaluated(segment, (version, manifest)) {
        Ok(Ok(found)) => {
            Listed { evaluation: serde_json::to_value(figures::summary(&found)).ok(), figures: figures::cells(Some(&found)), ..listed }
        }
        Ok(Err(Unevaluated::Never)) => listed,
        Ok(Err(why)) => Listed { note: told(why.to_string()), ..listed },
        Err(why) => Listed { note: told(why.to_string()), ..listed },
    }
}

fn row(listed: &Listed) -> Vec<String> {
    let of = |tell: &dyn Fn(&Manifest) -> String| listed.manifest.as_ref().map_or("-".to_owned(), tell);
    let mut row = vec![
        listed.segment.clone(),
        listed.version.clone().unwrap_or_else(|| "-".to_owned()),
        if listed.in_use { "yes".to_owned() } else { String::new() },
        of(&|manifest| report::count(manifest.data.learned_from as u64)),
        of(&|manifest| report::count(manifest.data.kept_back as u64)),
        of(&|manifest| format!("{:.4} → {:.4}", manifest.metrics.loss_before, manifest.metrics.loss_after)),
        of(&|manifest| manifest.recipe.rank.to_string()),
        of(&|manifest| manifest.date.clone().unwrap_or_else(|| "-".to_owned())),
    ];
    row.extend(listed.figures.iter().chain([&listed.note]).cloned());
    row
}

/// Returns what writes for a segment, as a person reads it.
fn name(version: Option<Version>) -> String {
    version.map_or("the base".to_owned(), |version| version.to_string())
}

/// Puts a version to use.
pub fn promote(at: &Place, shelf: &Shelf, (segment, version, claims): (&str, &str, Claims)) -> anyhow::Result<ExitCode> {
    let segment = shelf.named(segment).or_shelf()?;
    let before = shelf.promote(&segment, version, claims).or_shelf()?;
    let now = shelf.current(&segment).or_shelf()?;
    changed(at, &segment, (before, now))
}

/// Puts the version to use that was in use before.
pub fn rollback(at: &Place, shelf: &Shelf, segment: &str) -> anyhow::Result<ExitCode> {
    let segment = shelf.named(segment).or_shelf()?;
    let change = shelf.rollback(&segment).or_shelf()?;
    changed(at, &segment, change)
}

fn changed(at: &Place, segment: &SegmentId, (before, now): (Option<Version>, Option<Version>)) -> anyhow::Result<ExitCode> {
    let versions = [before, now].map(|version| version.map(|version| version.to_string()));
    report::print(at.json, &json!({ "segment": segment, "before": versions[0], "in_use": versions[1] }), || {
        format!("{segment}: {} writes now, before it was {}", name(now), name(before))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Compares two versions.
pub fn diff(at: &Place, shelf: &Shelf, [segment, first, second]: [&str; 3]) -> anyhow::Result<ExitCode> {
    let segment = shelf.named(segment).or_shelf()?;
    let (first, one) = shelf.version(&segment, first).or_shelf()?;
    let (second, two) = shelf.version(&segment, second).or_shelf()?;
    let apart =
        distance(&shelf.place(&segment, first), &shelf.place(&segment, second)).or_hint(Exit::BadInput, "winback adapters verify")?;
    let mut differs = differences("", &serde_json::to_value(&one)?, &serde_json::to_value(&two)?);
    let found = [shelf.evaluated(&segment, (first, &one)).or_shelf()?.ok(), shelf.evaluated(&segment, (second, &two)).or_shelf()?.ok()];
    let [mine, yours] = found.each_ref().map(|found| figures::cells(found.as_ref()));
    for (measure, (mine, yours)) in figures::SHOWN.into_iter().zip(mine.into_iter().zip(yours)) {
        if found.iter().any(Option::is_some) {
            differs.push((format!("evaluation.{}", measure.name()), mine, yours));
        }
    }
    let told = json!({ "segment": segment, "first": one, "second": two, "differs": differs, "weights": apart });
    report::print(at.json, &told, || {
        let [first, second] = [first, second].map(|version| version.to_string());
        let rows = differs.iter().map(|(field, one, two)| vec![field.clone(), one.clone(), two.clone()]);
        let table = report::table(&["", &first, &second], rows);
        let share = 100.0 * apart.apart / apart.first.max(f64::MIN_POSITIVE);
        let weights = format!(
            "What {second} adds to the base differs from what {first} adds by {share:.1} % of its length (lengths {:.4} and {:.4}, cosine {:.3}).",
            apart.first, apart.second, apart.cosine
        );
        format!("{table}\n\n{weights}")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the fields that differ, by their path, with what each side says.
fn differences(path: &str, one: &Value, two: &Value) -> Vec<(String, String, String)> {
    let (Value::Object(first), Value::Object(second)) = (one, two) else {
        let text = |value: &Value| match value {
            // Of hashes the beginning tells two apart.
            Value::String(text) if text.len() == 64 => text.chars().take(12).collect(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return if one == two { Vec::new() } else { vec![(path.to_owned(), text(one), text(two))] };
    };
    let mut keys: Vec<&String> = first.keys().chain(second.keys()).collect();
    keys.sort();
    keys.dedup();
    let null = Value::Null;
    let below = |key: &String| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        differences(&path, first.get(key).unwrap_or(&null), second.get(key).unwrap_or(&null))
    };
    keys.into_iter().flat_map(below).collect()
}

/// What was found about a version.
#[derive(Serialize)]
struct Checked {
    segment: String,
    version: String,
    /// `null` where everything is as it was written.
    fault: Option<String>,
}

/// Hashes every version again, and loads it for a base where one is named.
pub fn verify(at: &Place, args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let shelf = args.on.shelf(at)?;
    let segments = match &args.segment {
        Some(name) => vec![shelf.named(name).or_shelf()?],
        None => shelf.segments().or_shelf()?,
    };
    let computing = Computing { precision: Numbers::Bf16, level: Level::best(), threads: None, no_packed_cache: false };
    let base = args.base_model_path.as_deref().map(|dir| Loaded::load(dir, &computing, at.quiet)).transpose()?;
    let strays = if args.segment.is_none() { shelf.strays().or_shelf()? } else { Vec::new() };
    let stray = |(name, why): (String, ShelfError)| Checked { segment: name, version: "-".to_owned(), fault: Some(why.to_string()) };
    let mut found: Vec<Checked> = strays.into_iter().map(stray).collect();
    for segment in &segments {
        let Shelved { versions, faults, .. } = shelf.look(segment).or_shelf()?;
        let beside = |fault: ShelfError| Checked { segment: segment.to_string(), version: "-".to_owned(), fault: Some(fault.to_string()) };
        found.extend(faults.into_iter().map(beside));
        for (version, manifest) in versions {
            let place = shelf.place(segment, version);
            let whole = manifest.and_then(|manifest| whole(&manifest, segment, &place).map(|()| manifest));
            let whole = whole.and_then(|manifest| shelf.evaluation(segment, version).map(|_| manifest));
            let fault = match (whole, &base) {
                (Err(error), _) => Some(error.to_string()),
                (Ok(manifest), Some(base)) => fits(&manifest, &place, base)?,
                (Ok(_), None) => None,
            };
            found.push(Checked { segment: segment.to_string(), version: version.to_string(), fault });
        }
    }
    let faults = found.iter().filter(|one| one.fault.is_some()).count();
    report::print(at.json, &found, || match found.is_empty() {
        true => format!("no version in {}", shelf.root().display()),
        false => {
            let row =
                |one: &Checked| vec![one.segment.clone(), one.version.clone(), one.fault.clone().unwrap_or_else(|| "as written".into())];
            report::table(&["segment", "version", ""], found.iter().map(row))
        }
    })?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(Exit::Findings as u8) })
}

/// Whether a version's files are what was written, in the folder of their own segment.
fn whole(manifest: &Manifest, segment: &SegmentId, place: &std::path::Path) -> Result<(), ShelfError> {
    if manifest.segment != *segment {
        let why = format!("it is of the segment {}, and stands in the folder of {segment}", manifest.segment);
        return Err(ShelfError::Manifest { path: place.join(winback_lm::adapter::MANIFEST), why });
    }
    manifest.verify(place)
}

/// Returns why a version does not fit a base, if it does not.
fn fits(manifest: &Manifest, place: &std::path::Path, base: &Loaded) -> anyhow::Result<Option<String>> {
    if let Err(error) = base.adapter(place) {
        return Ok(Some(format!("{error:#}")));
    }
    Ok(mismatch(manifest, [base.tokens.digest(), base.template()?.digest()]).map(str::to_owned))
}

/// Returns in which languages a version learned from prompts in other words than the templates have now; it writes on, and its
/// evaluation is of the words it learned from.
pub fn other_words(manifest: &Manifest, templates: &Templates) -> Option<String> {
    let is_other = |locale: &Locale| {
        let learned = manifest.data.prompt_words.get(locale.tag());
        learned.is_some_and(|learned| learned != templates.prompt_words(*locale).digest())
    };
    let others: Vec<&str> = Locale::ALL.iter().filter(|locale| is_other(locale)).map(|locale| locale.tag()).collect();
    (!others.is_empty()).then(|| format!("it learned from prompts in other words than this folder's ({})", others.join(", ")))
}

/// Returns why a version does not belong to the tokenizer and the chat template of a base, if it does not.
pub fn mismatch(manifest: &Manifest, [tokenizer, template]: [&Digest; 2]) -> Option<&'static str> {
    match () {
        () if manifest.tokenizer_sha256 != *tokenizer => Some("it was taught with another tokenizer than the base has now"),
        () if manifest.template_sha256 != *template => Some("it was taught through another chat template than the base has now"),
        () => None,
    }
}
