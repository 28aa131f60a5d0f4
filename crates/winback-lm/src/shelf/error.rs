//! What can be wrong with a folder of adapters.
use super::Version;
use super::evaluations::Unevaluated;
use std::io;
use std::path::PathBuf;
use winback_core::gallery::gate::NotBetter;
use winback_core::segment::SegmentId;

/// Why something cannot be done with a folder of adapters. What is there stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A name that is no segment's.
    #[error("{name:?} is no name of a segment's folder; expected letters, digits, _ and -, such as Parent_Active")]
    Name {
        /// The name.
        name: String,
    },
    /// The name of the adapter that all segments share.
    #[error("no segment can be called {segment}: that is the folder of the adapter that all segments share")]
    Reserved {
        /// The segment.
        segment: SegmentId,
    },
    /// Two names that some file systems do not tell apart.
    #[error("{one} and {other} differ in capitals alone, and many file systems keep one folder for both; rename one of them")]
    Clash {
        /// The one that is there.
        one: SegmentId,
        /// The other.
        other: SegmentId,
    },
    /// No adapter is there for a segment.
    #[error("{} holds no adapter of the segment {segment}{}", root.display(), suggestion.as_ref().map_or(String::new(), |name| format!("; was {name:?} meant?")))]
    Unknown {
        /// The segment.
        segment: SegmentId,
        /// The folder.
        root: PathBuf,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// No such version.
    #[error("{segment} has no version {version:?}; it has {}", names(known))]
    UnknownVersion {
        /// The segment.
        segment: SegmentId,
        /// What was asked for.
        version: String,
        /// The versions there are.
        known: Vec<Version>,
    },
    /// A folder among the versions that is none.
    #[error("{} stands among the versions of a segment and is none; versions are called v1, v2, …", path.display())]
    NoVersionName {
        /// The folder.
        path: PathBuf,
    },
    /// A file that must name a version names something else.
    #[error("{} names {found:?}, which is no version; expected v1, v2, …", path.display())]
    NoVersionNamed {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// The version in use is not there.
    #[error("{version} of {segment} is in use, and not there; promote another version")]
    Gone {
        /// The segment.
        segment: SegmentId,
        /// The version.
        version: Version,
    },
    /// No version is in use.
    #[error("no version of {segment} is in use; the base writes for it")]
    NoneInUse {
        /// The segment.
        segment: SegmentId,
    },
    /// There is nothing to go back to.
    #[error("nothing was in use for {segment} before")]
    NothingBefore {
        /// The segment.
        segment: SegmentId,
    },
    /// A version that the gate does not let through.
    #[error("{version} of {segment} is not put to use")]
    NotBetter {
        /// The segment.
        segment: SegmentId,
        /// The version.
        version: Version,
        /// Everything that speaks against it.
        #[source]
        why: NotBetter,
    },
    /// A version that was not evaluated.
    #[error("{version} of {segment} is not put to use: {why}")]
    Unevaluated {
        /// The segment.
        segment: SegmentId,
        /// The version.
        version: Version,
        /// What there is instead.
        why: Unevaluated,
    },
    /// An evaluation that cannot be read.
    #[error("{} is no evaluation: {why}", path.display())]
    Evaluation {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A manifest that does not name the hashes of what writes.
    #[error("{} notes no hash of {missing}, so nobody can tell whether it is what was written", path.display())]
    Unhashed {
        /// The file.
        path: PathBuf,
        /// The file whose hash is absent.
        missing: &'static str,
    },
    /// A version's folder is not whole.
    #[error("{} is not whole: {missing} is absent; it was copied in part, or is no version of Winback's", path.display())]
    Half {
        /// The folder.
        path: PathBuf,
        /// What is absent.
        missing: String,
    },
    /// A file of a version is another than it was.
    #[error("{} is not what was written: its hash is another than manifest.json says", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A manifest that cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another training is under way.
    #[error("another training is at work in {}", root.display())]
    Busy {
        /// The folder.
        root: PathBuf,
    },
    /// The disk.
    #[error("{} cannot be {what}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `written`, `removed`.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn names(versions: &[Version]) -> String {
    match versions {
        [] => "none".to_owned(),
        versions => versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
