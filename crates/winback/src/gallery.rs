//! The adapters of a folder for the dashboard: cards and evaluations from the shelf, votes in a file of lines beside it.
use async_trait::async_trait;
use serde::Deserialize;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use winback_core::gallery::{AdapterCard, AdapterFacts, AdapterGallery, AdapterVersion, Evaluation, GalleryError, Vote, Votes};
use winback_core::segment::SegmentId;
use winback_lm::shelf::{Kind, Manifest, Shelf, ShelfError, Shelved, Version};

/// The file of votes in the folder of adapters, one JSON object a line.
const VOTES: &str = "votes.jsonl";
/// The longest file of votes, and the longest file of a version, that is read, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// The gallery of a folder of adapters.
#[derive(Clone, Debug)]
pub struct ShelfGallery(Arc<Files>);

#[derive(Debug)]
struct Files {
    shelf: Shelf,
    /// Held while a vote is written, so that two of this process do not mix; processes do not, since a line is written at once.
    writing: Mutex<()>,
}

/// What `run.json` of a version tells.
#[derive(Deserialize)]
struct Learning {
    losses: Vec<f64>,
    trials: Vec<(u32, f64)>,
}

impl ShelfGallery {
    /// Returns the gallery of a shelf, which need not be there yet.
    pub fn new(shelf: Shelf) -> Self {
        Self(Arc::new(Files { shelf, writing: Mutex::new(()) }))
    }

    /// Does something with the files, beside the threads that answer.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, GalleryError> + Send + 'static,
    ) -> Result<T, GalleryError> {
        let files = self.0.clone();
        let ended = |error| GalleryError::Unavailable { doing: "read", source: Box::new(error) };
        tokio::task::spawn_blocking(move || work(&files)).await.map_err(ended)?
    }
}

impl Files {
    fn cards(&self) -> Result<Vec<AdapterCard>, GalleryError> {
        let segments = self.shelf.segments().map_err(unread)?;
        Ok(segments.into_iter().map(|segment| self.card(segment)).collect())
    }

    fn strays(&self) -> Result<Vec<String>, GalleryError> {
        Ok(self.shelf.strays().map_err(unread)?.into_iter().map(|(_, why)| why.to_string()).collect())
    }

    fn vote(&self, vote: &Vote) -> Result<(), GalleryError> {
        let unknown = || GalleryError::Unknown(format!("{} of {} was not evaluated", vote.version, vote.segment));
        let evaluation = self.found(&vote.segment, &vote.version)?.ok_or_else(unknown)?;
        if let Some(fault) = vote.fault(&evaluation) {
            return Err(GalleryError::Unknown(fault));
        }
        let line = serde_json::to_string(vote).map_err(|error| unwritten(error.into()))?;
        let _one_at_a_time = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        append(&self.shelf.root().join(VOTES), &line).map_err(unwritten)
    }

    fn votes(&self) -> Result<Votes, GalleryError> {
        read_votes(&self.shelf.root().join(VOTES)).map_err(|error| unavailable("read", error))
    }

    /// Returns the card of a segment; of a folder that cannot be read, one that says so.
    fn card(&self, segment: SegmentId) -> AdapterCard {
        let Shelved { current, versions, training, faults, .. } = match self.shelf.look(&segment) {
            Ok(found) => found,
            Err(why) => {
                return AdapterCard { segment, in_use: None, versions: Vec::new(), trainings_under_way: 0, faults: vec![why.to_string()] };
            }
        };
        let version = |(version, manifest): (Version, Result<Manifest, ShelfError>)| AdapterVersion {
            version: version.to_string(),
            told: manifest.map_err(|error| error.to_string()).and_then(|manifest| self.facts(&segment, version, &manifest)),
        };
        let versions = versions.into_iter().map(version).collect();
        let faults = faults.iter().map(ToString::to_string).collect();
        let in_use = current.map(|version| version.to_string());
        AdapterCard { in_use, versions, trainings_under_way: training.len(), segment, faults }
    }

    /// Returns what a version is and how it learned, or what of its folder cannot be read.
    fn facts(&self, segment: &SegmentId, version: Version, manifest: &Manifest) -> Result<AdapterFacts, String> {
        let place = self.shelf.place(segment, version);
        let learning = place.join("run.json");
        let text = read(&learning)?;
        let Learning { losses, trials } = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", learning.display()))?;
        // One that cannot be read says so where it is shown, and takes nothing else with it.
        let is_evaluated = self.shelf.evaluation(segment, version).map_or(true, |found| found.is_some_and(|found| is_of(&found, manifest)));
        Ok(AdapterFacts {
            base: base(&place)?,
            base_sha256: manifest.base_sha256.clone(),
            is_shared: manifest.kind == Kind::Shared,
            rank: manifest.recipe.rank,
            learned_from: manifest.data.learned_from,
            kept_back: manifest.data.kept_back,
            loss_before: manifest.metrics.loss_before,
            loss_after: manifest.metrics.loss_after,
            losses: (1..).zip(losses).collect(),
            trials,
            date: manifest.date.clone(),
            is_evaluated,
        })
    }

    fn found(&self, segment: &SegmentId, version: &str) -> Result<Option<Evaluation>, GalleryError> {
        if !self.shelf.of(segment).is_dir() {
            return Err(GalleryError::Unknown(format!("there is no adapter of the segment {segment}")));
        }
        let (version, manifest) = self.shelf.version(segment, version).map_err(unread)?;
        let found = self.shelf.evaluation(segment, version).map_err(unread)?;
        Ok(found.filter(|found| is_of(found, &manifest)))
    }
}

/// Returns whether an evaluation is of the files that a version has now.
fn is_of(found: &Evaluation, manifest: &Manifest) -> bool {
    found.of.adapter_sha256 == manifest.adapter_digest() && found.of.base_sha256 == manifest.base_sha256
}

/// Returns the text of a file of a version, which is at most as long as one of votes.
fn read(path: &Path) -> Result<String, String> {
    let told = |error: io::Error| format!("{}: {error}", path.display());
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text)).map_err(told)?;
    match read as u64 > MOST_BYTES {
        true => Err(format!("{}: it is longer than {MOST_BYTES} bytes", path.display())),
        false => Ok(text),
    }
}

/// Returns what the base of a version is called.
fn base(place: &Path) -> Result<String, String> {
    let path = place.join("adapter_config.json");
    let text = read(&path)?;
    let config: serde_json::Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(config["base_model_name_or_path"].as_str().unwrap_or_default().to_owned())
}

#[async_trait]
impl AdapterGallery for ShelfGallery {
    async fn cards(&self) -> Result<Vec<AdapterCard>, GalleryError> {
        self.with(Files::cards).await
    }

    async fn strays(&self) -> Result<Vec<String>, GalleryError> {
        self.with(Files::strays).await
    }

    async fn evaluation(&self, segment: &SegmentId, version: &str) -> Result<Option<Evaluation>, GalleryError> {
        let (segment, version) = (segment.clone(), version.to_owned());
        self.with(move |files| files.found(&segment, &version)).await
    }

    async fn vote(&self, vote: Vote) -> Result<(), GalleryError> {
        self.with(move |files| files.vote(&vote)).await
    }

    async fn votes(&self) -> Result<Votes, GalleryError> {
        self.with(Files::votes).await
    }
}

/// Puts a line behind a file and on the disk. Half a line that a break left there becomes a line of its own.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let begin = if last == *b"\n" { "" } else { "\n" };
    file.write_all(format!("{begin}{line}\n").as_bytes())?;
    file.sync_all()
}

fn read_votes(path: &Path) -> io::Result<Votes> {
    let mut bytes = Vec::new();
    match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        file => drop(file?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?),
    }
    let is_cut = bytes.len() as u64 > MOST_BYTES;
    let mut found = Votes::default();
    let mut last = 0;
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')).filter(|(_, bytes)| !bytes.trim_ascii().is_empty()) {
        match serde_json::from_slice(bytes) {
            Ok(vote) => found.votes.push(vote),
            Err(error) => found.damaged.push((line, error.to_string())),
        }
        last = line;
    }
    if is_cut {
        found.damaged.push((last, format!("the file is longer than {MOST_BYTES} bytes; what stands here and behind is not read")));
    }
    Ok(found)
}

fn unread(error: ShelfError) -> GalleryError {
    match error {
        ShelfError::Unknown { .. } | ShelfError::UnknownVersion { .. } | ShelfError::Name { .. } => {
            GalleryError::Unknown(error.to_string())
        }
        error @ ShelfError::Evaluation { .. } => GalleryError::Damaged(error.to_string()),
        error => GalleryError::Unavailable { doing: "read", source: Box::new(error) },
    }
}

fn unwritten(error: io::Error) -> GalleryError {
    unavailable("written", error)
}

fn unavailable(doing: &'static str, error: io::Error) -> GalleryError {
    GalleryError::Unavailable { doing, source: Box::new(error) }
}

#[cfg(test)]
mod tests;
