//! Adapters on the disk: a folder for each segment, in it one for each version (`v1`, `v2`, …), and which is in use.
//!
//! ```text
//! adapters/Dormant/v1/            adapter_config.json, adapter_model.safetensors, manifest.json, run.json, loss.svg
//! adapters/Dormant/v2/
//! adapters/Dormant/current        the version in use: v2
//! adapters/Dormant/evaluations/   v1.json: what was found of a version, and every mail (see [`winback_core::gallery`])
//! adapters/Dormant/history        the versions that were in use before it, the oldest first
//! adapters/Dormant/.training-…/   a run that is not done
//! ```
//!
//! A version is written beside its place, synced and renamed, and never changed afterwards; so is `current`. What is
//! there whole is in its place, and what is not is nowhere.
mod error;
mod evaluations;
mod folder;
mod manifest;
mod training;

pub use error::ShelfError;
pub use evaluations::Unevaluated;
pub use folder::Held;
pub use manifest::{Data, Kind, MANIFEST_FORMAT, Manifest, Metrics, Versions};
pub use training::{Found, Training};

use folder::{Choosing, Entries, entries, write_whole};
use std::fmt;
use std::path::{Path, PathBuf};
use winback_core::gallery::gate::{Claims, may_be_promoted};
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;

/// The file that names the version in use.
const CURRENT: &str = "current";
/// The file that names those that were in use before.
const HISTORY: &str = "history";
/// What stands in the history where no version was in use.
const BASE: &str = "base";
/// The folder of the adapter that learned from the examples of all segments; no segment may be called so.
pub const SHARED: &str = "shared";

/// A version of a segment's adapter: `v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u32);

impl Version {
    /// Returns the version of a name; `None` where it is written in any other way than `v1`.
    pub fn parse(name: &str) -> Option<Self> {
        let number: u32 = name.strip_prefix('v')?.parse().ok()?;
        Some(Self(number)).filter(|version| number > 0 && version.to_string() == name)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A version that a run made, with its manifest or what is wrong with its files.
pub type Made = (Version, Result<Manifest, ShelfError>);

/// A folder of adapters.
#[derive(Clone, Debug)]
pub struct Shelf {
    root: PathBuf,
}

/// A segment's folder.
#[derive(Debug)]
pub struct Shelved {
    /// The segment.
    pub segment: SegmentId,
    /// The version in use; `None` writes with the base.
    pub current: Option<Version>,
    /// The versions, the oldest first, each with its manifest or what is wrong with it.
    pub versions: Vec<(Version, Result<Manifest, ShelfError>)>,
    /// The runs that are not done.
    pub training: Vec<PathBuf>,
    /// What is wrong with the folder besides: a folder among the versions that is none, a file that must name the version in
    /// use and names none. The versions are what they are.
    pub faults: Vec<ShelfError>,
}

/// Folders that are no segment's, by name, each with what is wrong with it.
pub type Strays = Vec<(String, ShelfError)>;

impl Shelf {
    /// Returns the shelf of a folder, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of a segment.
    pub fn of(&self, segment: &SegmentId) -> PathBuf {
        self.root.join(segment.as_str())
    }

    /// Returns the folder of a version.
    pub fn place(&self, segment: &SegmentId, version: Version) -> PathBuf {
        self.of(segment).join(version.to_string())
    }

    /// Holds the shelf for one training alone.
    ///
    /// # Errors
    /// When another process holds it, or the folder cannot be made.
    pub fn hold(&self) -> Result<Held, ShelfError> {
        Held::of(&self.root)
    }

    /// Returns the segments that have a folder, in the order of their names. Folders that can be none's are passed over
    /// ([`Self::strays`]).
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn segments(&self) -> Result<Vec<SegmentId>, ShelfError> {
        Ok(self.folders()?.0)
    }

    /// Returns the folders that are no segment's, each with what is wrong with it: another name than a segment's, or one that
    /// differs from another's in capitals alone.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn strays(&self) -> Result<Strays, ShelfError> {
        Ok(self.folders()?.1)
    }

    fn folders(&self) -> Result<(Vec<SegmentId>, Strays), ShelfError> {
        let Entries { folders, .. } = entries(&self.root)?;
        let (mut segments, mut strays): (Vec<SegmentId>, Strays) = (Vec::with_capacity(folders.len()), Vec::new());
        for name in folders {
            match segment(&name) {
                Err(why) => strays.push((name, why)),
                Ok(segment) => match clash(&segment, &segments).cloned() {
                    Some(one) => strays.push((name, ShelfError::Clash { one, other: segment })),
                    None => segments.push(segment),
                },
            }
        }
        Ok((segments, strays))
    }

    /// Refuses a segment whose folder could not be told from another's, on any file system.
    pub fn check(&self, new: &[SegmentId]) -> Result<(), ShelfError> {
        let mut known = self.segments()?;
        for segment in new {
            if segment.as_str().to_lowercase() == SHARED {
                return Err(ShelfError::Reserved { segment: segment.clone() });
            }
            if let Some(other) = clash(segment, &known) {
                return Err(ShelfError::Clash { one: other.clone(), other: segment.clone() });
            }
            known.push(segment.clone());
        }
        Ok(())
    }

    /// Returns the segment of a name that has a folder here.
    pub fn named(&self, name: &str) -> Result<SegmentId, ShelfError> {
        let (segment, known) = (segment(name)?, self.segments()?);
        if known.contains(&segment) {
            return Ok(segment);
        }
        let suggestion = nearest(name, known.iter().map(SegmentId::as_str)).map(str::to_owned);
        Err(ShelfError::Unknown { segment, root: self.root.clone(), suggestion })
    }

    /// Returns what the folder of a segment holds, and what is wrong with it.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn look(&self, segment: &SegmentId) -> Result<Shelved, ShelfError> {
        let folder = self.of(segment);
        let Entries { folders, hidden } = entries(&folder)?;
        let (mut versions, mut faults) = (Vec::new(), Vec::new());
        for name in folders.into_iter().filter(|name| name != evaluations::FOLDER) {
            match Version::parse(&name) {
                Some(version) => versions.push((version, Manifest::load(&folder.join(name)))),
                None => faults.push(ShelfError::NoVersionName { path: folder.join(&name) }),
            }
        }
        versions.sort_by_key(|(version, _)| *version);
        let training = hidden.into_iter().filter(|name| name.starts_with(training::PREFIX)).map(|name| folder.join(name));
        let current = match self.current(segment) {
            Ok(current) => {
                faults.extend(self.history(segment).err());
                current
            }
            Err(why) => {
                faults.push(why);
                None
            }
        };
        if let Some(gone) = current.filter(|current| versions.iter().all(|(version, _)| version != current)) {
            faults.push(ShelfError::Gone { segment: segment.clone(), version: gone });
        }
        Ok(Shelved { segment: segment.clone(), current, versions, training: training.collect(), faults })
    }

    /// Returns the version of a segment that is in use; `None` where the base writes for it.
    pub fn current(&self, segment: &SegmentId) -> Result<Option<Version>, ShelfError> {
        let path = self.of(segment).join(CURRENT);
        let Some(text) = folder::read_small(&path)? else { return Ok(None) };
        let version =
            Version::parse(text.trim()).ok_or(ShelfError::NoVersionNamed { path, found: text.trim().chars().take(40).collect() })?;
        Ok(Some(version))
    }

    /// Returns the folder of the version that is in use.
    ///
    /// # Errors
    /// When none is in use, or it is not whole.
    pub fn in_use(&self, segment: &SegmentId) -> Result<PathBuf, ShelfError> {
        let unused = || ShelfError::NoneInUse { segment: segment.clone() };
        let version = self.current(segment)?.ok_or_else(unused)?;
        Manifest::load(&self.place(segment, version))?;
        Ok(self.place(segment, version))
    }

    /// Returns a version's folder and manifest.
    ///
    /// # Errors
    /// When it is not there, or not whole.
    pub fn version(&self, segment: &SegmentId, version: &str) -> Result<(Version, Manifest), ShelfError> {
        let found = Version::parse(version).filter(|version| self.place(segment, *version).is_dir());
        let Some(found) = found else {
            let Shelved { versions, .. } = self.look(segment)?;
            let known = versions.into_iter().map(|(version, _)| version).collect();
            return Err(ShelfError::UnknownVersion { segment: segment.clone(), version: version.chars().take(40).collect(), known });
        };
        Ok((found, Manifest::load(&self.place(segment, found))?))
    }

    /// Puts a version to use, in one step, and returns the one that was. The version in use may be promoted again.
    ///
    /// # Errors
    /// When it is damaged, was not evaluated as it is, or the gate does not let it through
    /// ([`winback_core::gallery::gate`]).
    pub fn promote(&self, segment: &SegmentId, version: &str, claims: Claims) -> Result<Option<Version>, ShelfError> {
        let (version, manifest) = self.version(segment, version)?;
        manifest.verify(&self.place(segment, version))?;
        let evaluation = self.evaluated(segment, (version, &manifest))?;
        let evaluation = evaluation.map_err(|why| ShelfError::Unevaluated { segment: segment.clone(), version, why })?;
        let judged = may_be_promoted(&evaluation, claims);
        judged.map_err(|why| ShelfError::NotBetter { segment: segment.clone(), version, why })?;
        let _one_at_a_time = Choosing::of(&self.of(segment))?;
        let (before, mut history) = (self.current(segment)?, self.history(segment)?);
        if before == Some(version) {
            return Ok(before);
        }
        // First what was, then what is: an entry that names the version in use is no entry (see `history`).
        history.push(before);
        self.keep_history(segment, &history)?;
        self.keep_current(segment, Some(version))?;
        Ok(before)
    }

    /// Puts the version to use that was in use before, in one step, and returns both: the one that was, and the one that is,
    /// `None` being the base.
    ///
    /// # Errors
    /// When none was before, or the one that was is gone or damaged.
    pub fn rollback(&self, segment: &SegmentId) -> Result<(Option<Version>, Option<Version>), ShelfError> {
        let _one_at_a_time = Choosing::of(&self.of(segment))?;
        let (from, mut history) = (self.current(segment)?, self.history(segment)?);
        let to = history.pop().ok_or_else(|| ShelfError::NothingBefore { segment: segment.clone() })?;
        if let Some(version) = to {
            let place = self.place(segment, version);
            Manifest::load(&place)?.verify(&place)?;
        }
        self.keep_current(segment, to)?;
        self.keep_history(segment, &history)?;
        Ok((from, to))
    }

    /// Returns what was in use before, the oldest first. Entries at the end that name what is in use are left out: they
    /// are of a change that was broken off.
    fn history(&self, segment: &SegmentId) -> Result<Vec<Option<Version>>, ShelfError> {
        let path = self.of(segment).join(HISTORY);
        let text = folder::read_small(&path)?.unwrap_or_default();
        let entry = |line: &str| match line.trim() {
            BASE => Ok(None),
            name => Version::parse(name)
                .map(Some)
                .ok_or_else(|| ShelfError::NoVersionNamed { path: path.clone(), found: name.chars().take(40).collect() }),
        };
        let mut history: Vec<Option<Version>> = text.lines().map(entry).collect::<Result<_, _>>()?;
        let current = self.current(segment)?;
        while history.last() == Some(&current) {
            history.pop();
        }
        Ok(history)
    }

    fn keep_history(&self, segment: &SegmentId, history: &[Option<Version>]) -> Result<(), ShelfError> {
        let line = |version: &Option<Version>| version.map_or_else(|| format!("{BASE}\n"), |version| format!("{version}\n"));
        write_whole(&self.of(segment).join(HISTORY), history.iter().map(line).collect::<String>().as_bytes())
    }

    fn keep_current(&self, segment: &SegmentId, version: Option<Version>) -> Result<(), ShelfError> {
        let path = self.of(segment).join(CURRENT);
        match version {
            Some(version) => write_whole(&path, format!("{version}\n").as_bytes()),
            None => folder::remove(&path),
        }
    }

    /// Returns the versions that a run made, where it is done already, the newest first, each with its manifest where its
    /// files are as they were written, else with what is wrong with them.
    pub fn made_by(&self, segment: &SegmentId, run: &winback_core::digest::Digest) -> Result<Vec<Made>, ShelfError> {
        if !self.of(segment).is_dir() {
            return Ok(Vec::new());
        }
        let of_run = self.look(segment)?.versions.into_iter().rev().filter_map(|(version, manifest)| {
            let manifest = manifest.ok().filter(|manifest| manifest.run == *run)?;
            let verified = manifest.verify(&self.place(segment, version));
            Some((version, verified.map(|()| manifest)))
        });
        Ok(of_run.collect())
    }

    /// Puts a new version in its place, whole or not at all, and returns its name. The shelf must be held.
    pub fn publish(&self, segment: &SegmentId, files: &[(&str, &[u8])], _held: &Held) -> Result<Version, ShelfError> {
        let folder = self.of(segment);
        folder::make(&folder)?;
        let newest = entries(&folder)?.folders.iter().filter_map(|name| Version::parse(name)).max();
        let version = Version(newest.map_or(0, |version| version.0) + 1);
        folder::publish(&folder, &version.to_string(), files)?;
        Ok(version)
    }
}

/// Returns whether a folder is one of a segment: it holds versions, or names one in use.
pub fn is_of_segment(dir: &Path) -> bool {
    dir.join(CURRENT).is_file()
        || entries(dir).is_ok_and(|found| {
            let own = |name: &&String| Version::parse(name).is_some() || *name == evaluations::FOLDER;
            !found.folders.is_empty() && found.folders.iter().all(|name| own(&name))
        })
}

fn segment(name: &str) -> Result<SegmentId, ShelfError> {
    let no_name = || ShelfError::Name { name: name.chars().take(80).collect() };
    SegmentId::parse(name).ok().filter(|segment| segment.as_str() == name).ok_or_else(no_name)
}

/// Returns the segment whose folder is the same on a file system that does not tell capitals apart.
fn clash<'a>(segment: &SegmentId, known: &'a [SegmentId]) -> Option<&'a SegmentId> {
    let folded = segment.as_str().to_lowercase();
    known.iter().find(|other| *other != segment && other.as_str().to_lowercase() == folded)
}
