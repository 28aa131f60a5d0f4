//! A run that is not done: a hidden folder with its two newest checkpoints.
use super::error::ShelfError;
use super::folder::{make, remove, remove_folder, write_alone};
use crate::finetune::{CheckpointError, State};
use std::fs;
use std::path::{Path, PathBuf};
use winback_core::digest::Digest;

/// How the folder's name begins; the run's identity follows.
pub(super) const PREFIX: &str = ".training-";
/// How many checkpoints are kept.
const KEPT: usize = 2;

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct Training {
    folder: PathBuf,
    identity: Digest,
}

/// What the folder of a run had to go on from.
#[derive(Debug, Default)]
pub struct Found {
    /// The newest state that is whole.
    pub state: Option<State>,
    /// Newer checkpoints that are damaged, with why; they were removed.
    pub broken: Vec<(PathBuf, CheckpointError)>,
}

impl Training {
    /// Returns the folder of a run in that of its segment.
    pub fn new(of_segment: &Path, identity: &Digest) -> Self {
        Self { folder: of_segment.join(format!("{PREFIX}{identity}")), identity: identity.clone() }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the newest state that is whole; `like` is any state of the run. Damaged checkpoints are removed, so that they
    /// do not count among the newest.
    pub fn newest(&self, like: &State) -> Result<Found, ShelfError> {
        let mut found = Found::default();
        for (_, path) in self.checkpoints()? {
            let bytes = fs::read(&path).map_err(|source| ShelfError::Disk { path: path.clone(), what: "read", source })?;
            match State::from_bytes(&bytes, &self.identity, like) {
                Ok(state) => {
                    found.state = Some(state);
                    break;
                }
                Err(why) => {
                    remove(&path)?;
                    found.broken.push((path, why));
                }
            }
        }
        Ok(found)
    }

    /// Keeps a state. Older ones but one go, once it is on the disk.
    pub fn keep(&self, state: &State) -> Result<(), ShelfError> {
        make(&self.folder)?;
        let path = self.folder.join(format!("step-{:08}.checkpoint", state.steps()));
        let bytes = state.to_bytes(&self.identity);
        let bytes = bytes.map_err(|error| ShelfError::Manifest { path: path.clone(), why: error.to_string() })?;
        write_alone(&path, &bytes)?;
        self.checkpoints()?.into_iter().skip(KEPT).try_for_each(|(_, path)| remove(&path))
    }

    /// Removes the folder once the run is done.
    pub fn done(&self) -> Result<(), ShelfError> {
        remove_folder(&self.folder).map_err(|source| ShelfError::Disk { path: self.folder.clone(), what: "removed", source })
    }

    /// Returns the checkpoints, the newest first.
    fn checkpoints(&self) -> Result<Vec<(u32, PathBuf)>, ShelfError> {
        let read = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(|source| ShelfError::Disk { path: self.folder.clone(), what: "read", source })?,
        };
        let step = |path: &Path| path.file_name()?.to_str()?.strip_prefix("step-")?.strip_suffix(".checkpoint")?.parse::<u32>().ok();
        let mut found: Vec<(u32, PathBuf)> =
            read.filter_map(Result::ok).map(|entry| entry.path()).filter_map(|path| Some((step(&path)?, path))).collect();
        found.sort_by(|a, b| b.cmp(a));
        Ok(found)
    }
}
