//! Folders, written whole or not at all.
use crate::file::{WriteError, create_beside, sync_folder, unwritten};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder on its way. It stands beside its place, and is removed again unless it is committed.
#[derive(Debug)]
pub struct NewFolder {
    path: PathBuf,
    beside: PathBuf,
    settled: bool,
}

impl NewFolder {
    /// Begins a folder beside its place.
    ///
    /// # Errors
    /// Says what to do about a full or read-only disk, or a missing folder above.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let ((), beside) = create_beside(path, |beside| fs::create_dir(beside)).map_err(|error| unwritten(path, error))?;
        Ok(Self { path: path.to_owned(), beside, settled: false })
    }

    /// Writes a file of the folder, and the folders above it; `name` has `/` between folders.
    ///
    /// # Errors
    /// As [`NewFolder::create`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let file = self.beside.join(name);
        let above = file.parent().map_or(Ok(()), fs::create_dir_all);
        above.and_then(|()| fs::write(&file, bytes)).map_err(|error| unwritten(&self.path, error))
    }

    /// Puts the folder in its place. An older one goes once the new one is there.
    ///
    /// The files are handed to the operating system, not forced to the disk one by one, which would take hours for a
    /// large portfolio: a folder that a power cut followed within seconds is best made again.
    ///
    /// # Errors
    /// As [`NewFolder::create`].
    pub fn commit(mut self) -> Result<(), WriteError> {
        self.settle().map_err(|error| unwritten(&self.path, error))
    }

    fn settle(&mut self) -> io::Result<()> {
        let older = if self.path.is_dir() {
            let aside = self.beside.with_extension("old");
            fs::rename(&self.path, &aside)?;
            Some(aside)
        } else {
            None
        };
        if let Err(error) = fs::rename(&self.beside, &self.path) {
            if let Some(aside) = older {
                fs::rename(aside, &self.path)?;
            }
            return Err(error);
        }
        self.settled = true;
        if let Some(aside) = older {
            fs::remove_dir_all(aside)?;
        }
        sync_folder(&self.path)
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.settled {
            // What cannot be removed is not the error that matters.
            let _ = fs::remove_dir_all(&self.beside);
        }
    }
}
