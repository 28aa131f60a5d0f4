//! Evaluations: beside the versions, which never change, in a folder of their own; one for each version, the newest.
use super::error::ShelfError;
use super::folder::{make, read_long, write_whole};
use super::{Manifest, SHARED, Shelf, Version};
use std::path::PathBuf;
use winback_core::digest::Digest;
use winback_core::gallery::{EVALUATION_FORMAT, Evaluation};
use winback_core::segment::SegmentId;

/// The folder of a segment's evaluations.
pub(super) const FOLDER: &str = "evaluations";

/// Why there is no evaluation to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unevaluated {
    /// None was made.
    #[error("it was not evaluated")]
    Never,
    /// The files of the version are others.
    #[error("its evaluation is of other files than it has now")]
    OtherFiles,
    /// There is another shared adapter than at the time.
    #[error("it was evaluated beside another shared adapter than the newest one")]
    OtherShared,
}

/// Versions that cannot be read, with why.
pub type Damaged = Vec<(Version, ShelfError)>;

impl Shelf {
    /// Returns the evaluation of a version, whatever it is of; `None` where there is none.
    ///
    /// # Errors
    /// When the file cannot be read, or is no evaluation of this version.
    pub fn evaluation(&self, segment: &SegmentId, version: Version) -> Result<Option<Evaluation>, ShelfError> {
        let path = self.evaluation_path(segment, version);
        let Some(text) = read_long(&path)? else { return Ok(None) };
        let broken = |why: String| ShelfError::Evaluation { path: path.clone(), why };
        let found: Evaluation = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        if found.format != EVALUATION_FORMAT {
            return Err(broken(format!("it has the form {}, and this Winback reads {EVALUATION_FORMAT}", found.format)));
        }
        if found.segment != *segment || found.version != version.to_string() {
            return Err(broken(format!("it is of {} of {}", found.version, found.segment)));
        }
        Ok(Some(found))
    }

    /// Returns the evaluation of exactly the files that a version has, beside exactly the newest shared adapter.
    ///
    /// # Errors
    /// When it cannot be read; inside, why there is none.
    pub fn evaluated(
        &self,
        segment: &SegmentId,
        (version, manifest): (Version, &Manifest),
    ) -> Result<Result<Evaluation, Unevaluated>, ShelfError> {
        let Some(found) = self.evaluation(segment, version)? else { return Ok(Err(Unevaluated::Never)) };
        Ok(match () {
            () if found.of.adapter_sha256 != manifest.adapter_digest() || found.of.base_sha256 != manifest.base_sha256 => {
                Err(Unevaluated::OtherFiles)
            }
            () if found.of.shared_sha256 != self.newest_shared()?.0.map(|(_, manifest)| manifest.adapter_digest()) => {
                Err(Unevaluated::OtherShared)
            }
            () => Ok(found),
        })
    }

    /// Returns the newest version of the shared adapter whose manifest can be read, `None` where there is none, and what is
    /// wrong with newer ones.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn newest_shared(&self) -> Result<(Option<(Version, Manifest)>, Damaged), ShelfError> {
        let mut damaged = Vec::new();
        let Some(shared) = self.segments()?.into_iter().find(|segment| segment.as_str() == SHARED) else { return Ok((None, damaged)) };
        for (version, manifest) in self.look(&shared)?.versions.into_iter().rev() {
            match manifest {
                Ok(manifest) => return Ok((Some((version, manifest)), damaged)),
                Err(why) => damaged.push((version, why)),
            }
        }
        Ok((None, damaged))
    }

    /// Puts an evaluation in its place, whole or not at all, over an earlier one of the version. Returns its path and hash.
    ///
    /// # Errors
    /// When it cannot be written, or the version it names is none.
    pub fn keep_evaluation(&self, evaluation: &Evaluation) -> Result<(PathBuf, Digest), ShelfError> {
        let (segment, version) = (&evaluation.segment, &evaluation.version);
        let unknown = || ShelfError::UnknownVersion { segment: segment.clone(), version: version.clone(), known: Vec::new() };
        let path = self.evaluation_path(segment, Version::parse(version).ok_or_else(unknown)?);
        make(&self.of(segment).join(FOLDER))?;
        // Every field is a number, a text or a list of them, and every map has keys of text.
        let text = serde_json::to_string_pretty(evaluation).unwrap_or_default() + "\n";
        write_whole(&path, text.as_bytes())?;
        Ok((path, Digest::of(text.as_bytes())))
    }

    /// Returns where the evaluation of a version lies.
    pub fn evaluation_path(&self, segment: &SegmentId, version: Version) -> PathBuf {
        self.of(segment).join(FOLDER).join(format!("{version}.json"))
    }
}
