//! The sheet that lies beside a model's files: where they come from and what each must be.
use super::listing::is_read;
use super::name::{is_commit, is_hex, is_plain_file};
use crate::file::{WriteError, hash, write_atomically};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use winback_core::digest::Digest;
use winback_core::progress::Progress;

/// The name of the sheet.
pub const MANIFEST: &str = "winback-model.json";
/// The form of the sheet.
const FORMAT: u32 = 1;
/// The longest sheet read.
const MOST_BYTES: u64 = 4 << 20;

/// A file of a model that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Its name; no folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// The hash of its content.
    pub sha256: Digest,
}

/// Where a model comes from and what each of its files must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// The repository, `owner/name`.
    pub repository: String,
    /// The Hub it was pulled from.
    pub endpoint: String,
    /// What was asked for: a branch, a tag or a commit.
    pub revision: String,
    /// The commit that it stood for.
    pub commit: String,
    /// The files, in the order of their download.
    pub files: Vec<Kept>,
}

/// A sheet that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}; pull the model again", path.display())]
pub struct ManifestError {
    /// The sheet.
    pub path: PathBuf,
    /// What is wrong.
    pub why: String,
}

impl Manifest {
    /// Returns the sheet of some files. The texts come from [`super::Repository`] and its like.
    pub(super) fn new(repository: String, endpoint: String, [revision, commit]: [String; 2], files: Vec<Kept>) -> Self {
        Self { format: FORMAT, repository, endpoint, revision, commit, files }
    }

    /// Returns the sheet of files that come with a program, by name. The beginning of the hash of all of them stands for the
    /// commit.
    pub fn of_shipped(repository: &str, from: &str, revision: &str, files: &[(&str, &[u8])]) -> Self {
        let kept = |(name, bytes): &(&str, &[u8])| Kept { name: (*name).to_owned(), bytes: bytes.len() as u64, sha256: Digest::of(bytes) };
        let files: Vec<Kept> = files.iter().map(kept).collect();
        let commit = Digest::of_value(&files).0.chars().take(40).collect();
        Self::new(repository.to_owned(), from.to_owned(), [revision.to_owned(), commit], files)
    }

    /// Returns the sheet of a folder, `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read or was changed into something else.
    pub fn read(folder: &Path) -> Result<Option<Self>, ManifestError> {
        let path = folder.join(MANIFEST);
        let wrong = |why: String| ManifestError { path: path.clone(), why };
        match fs::metadata(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
            // A pipe would be waited for.
            Ok(metadata) if !metadata.is_file() => return Err(wrong("it is no file".to_owned())),
            Ok(metadata) if metadata.len() > MOST_BYTES => return Err(wrong(format!("it is longer than {MOST_BYTES} bytes"))),
            Ok(_) => {}
        }
        let bytes = fs::read(&path).map_err(|error| wrong(error.to_string()))?;
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if manifest.format != FORMAT || !is_commit(&manifest.commit) {
            return Err(wrong("it is of another form".to_owned()));
        }
        match manifest.files.iter().find(|file| !is_plain_file(&file.name) || !is_hex(&file.sha256.0, 64)) {
            Some(file) => Err(wrong(format!("its line of {:?} is not what it must be", file.name))),
            None => Ok(Some(manifest)),
        }
    }

    /// Returns the text of the sheet.
    pub fn to_text(&self) -> String {
        // Every field is a text, a number or a list of them.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), WriteError> {
        write_atomically(&folder.join(MANIFEST), |out| out.write_all(self.to_text().as_bytes()))
    }

    /// Returns the length of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// Returns what is amiss with the files of a folder by their names and lengths alone.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn glance(&self, folder: &Path) -> io::Result<Vec<Difference>> {
        let mut found = Vec::new();
        for file in &self.files {
            match fs::metadata(folder.join(&file.name)) {
                Ok(metadata) if metadata.is_file() && metadata.len() == file.bytes => {}
                Ok(metadata) if metadata.is_file() => {
                    found.push(Difference::Length { file: file.name.clone(), expected: file.bytes, found: metadata.len() });
                }
                Ok(_) => found.push(Difference::Absent { file: file.name.clone() }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => found.push(Difference::Absent { file: file.name.clone() }),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Hashes every file of a folder again and returns what differs.
    ///
    /// # Errors
    /// Where a file or the folder cannot be read.
    pub fn verify(&self, folder: &Path, progress: &dyn Progress) -> io::Result<Vec<Difference>> {
        let mut found = self.glance(folder)?;
        for file in &self.files {
            if !found.iter().any(|difference| difference.file() == file.name) {
                let (sha256, _) = hash(&mut File::open(folder.join(&file.name))?)?;
                if sha256 != file.sha256 {
                    found.push(Difference::Content { file: file.name.clone(), expected: file.sha256.clone(), found: sha256 });
                }
            }
            progress.advance(file.bytes);
        }
        let mut added = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if is_read(&name) && !self.files.iter().any(|file| file.name == name) {
                added.push(Difference::Added { file: name });
            }
        }
        added.sort_by(|a, b| a.file().cmp(b.file()));
        found.extend(added);
        Ok(found)
    }
}

/// A file that is not what the sheet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// It is not there.
    Absent {
        /// The file.
        file: String,
    },
    /// It is longer or shorter.
    Length {
        /// The file.
        file: String,
        /// The length it should have, in bytes.
        expected: u64,
        /// The length it has.
        found: u64,
    },
    /// It has another content.
    Content {
        /// The file.
        file: String,
        /// The hash it should have.
        expected: Digest,
        /// The hash it has.
        found: Digest,
    },
    /// It would be read, and the sheet does not know it.
    Added {
        /// The file.
        file: String,
    },
}

impl Difference {
    /// Returns the name of the file.
    pub fn file(&self) -> &str {
        let (Self::Absent { file } | Self::Length { file, .. } | Self::Content { file, .. } | Self::Added { file }) = self;
        file
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_in_the_sheet_s_place_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join(MANIFEST)).status().unwrap().success());
        let error = Manifest::read(folder.path()).unwrap_err();
        assert_eq!(error.why, "it is no file");
    }
}
