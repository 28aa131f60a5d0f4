//! The hidden folder where a model is put together: `.NAME.part` beside its place. The place itself never holds half a
//! model, nor files of two revisions; what a broken download left is gone on with.
use super::download::part_name;
use super::error::HubError;
use super::listing::Announced;
use super::manifest::{MANIFEST, Manifest};
use crate::file::sync_folder;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = ".lock";

/// Returns the hidden folder of a model's unfinished download.
pub(super) fn staging_path(folder: &Path) -> PathBuf {
    hidden(folder, "part")
}

/// Returns the name of the model that a hidden folder is for.
pub(super) fn name_of_staging(hidden: &str) -> Option<&str> {
    hidden.strip_prefix('.')?.strip_suffix(".part").filter(|name| !name.is_empty())
}

fn hidden(folder: &Path, ending: &str) -> PathBuf {
    folder.with_file_name(format!(".{}.{ending}", folder.file_name().unwrap_or_default().to_string_lossy()))
}

/// A model on its way.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    pub path: PathBuf,
    /// Whether the folder above was made for it.
    made_above: bool,
    /// `None` once the model stands in its place.
    lock: Option<File>,
}

impl Staging {
    /// Takes the hidden folder of a model for this process, and removes from it what is of no use for these files.
    pub fn open(folder: &Path, files: &[Announced]) -> Result<Self, HubError> {
        let path = staging_path(folder);
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let made_above = !above.exists();
        let disk = |source| HubError::Disk { path: path.clone(), source };
        fs::create_dir_all(&path).map_err(disk)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(disk)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HubError::InUse { folder: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(disk(source)),
        }
        let staging = Self { folder: folder.to_owned(), path: path.clone(), made_above, lock: Some(lock) };
        staging.recover().and_then(|()| staging.sweep(files)).map_err(disk)?;
        Ok(staging)
    }

    /// Finishes an exchange of folders that ended with the process.
    fn recover(&self) -> io::Result<()> {
        let aside = hidden(&self.folder, "old");
        match (aside.is_dir(), self.folder.exists()) {
            (true, false) => fs::rename(&aside, &self.folder),
            (true, true) => self.clear(&aside),
            (false, _) => Ok(()),
        }
    }

    fn sweep(&self, files: &[Announced]) -> io::Result<()> {
        let of_use: BTreeSet<String> =
            files.iter().flat_map(|file| [file.name.clone(), part_name(file)]).chain([LOCK.to_owned()]).collect();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if !of_use.contains(entry.file_name().to_string_lossy().as_ref()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Returns how much of a file is here already, finished or not.
    pub fn has(&self, file: &Announced) -> u64 {
        let length = |name: &str| fs::metadata(self.path.join(name)).map_or(0, |metadata| metadata.len());
        length(&file.name).max(length(&part_name(file))).min(file.bytes)
    }

    /// Takes a file over from the model's place.
    pub fn take(&self, name: &str) -> Result<(), HubError> {
        let (from, to) = (self.folder.join(name), self.path.join(name));
        let removed = match fs::remove_file(&to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let taken = removed.and_then(|()| fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)));
        taken.map_err(|source| HubError::Disk { path: to.clone(), source })
    }

    /// Puts the model in its place. What else lay in an older folder lies in the new one.
    pub fn settle(mut self, manifest: &Manifest) -> Result<(), HubError> {
        manifest.write(&self.path).map_err(|error| HubError::Disk { path: self.path.join(MANIFEST), source: error.source })?;
        self.exchange().map_err(|source| HubError::Disk { path: self.folder.clone(), source })
    }

    fn exchange(&mut self) -> io::Result<()> {
        let aside = hidden(&self.folder, "old");
        let older = self.folder.is_dir();
        if older {
            fs::rename(&self.folder, &aside)?;
        }
        // Let go first: not every system renames a folder with an open file in it.
        self.lock = None;
        fs::remove_file(self.path.join(LOCK))?;
        if let Err(error) = fs::rename(&self.path, &self.folder) {
            if older {
                fs::rename(&aside, &self.folder)?;
            }
            return Err(error);
        }
        if older {
            self.clear(&aside)?;
        }
        sync_folder(&self.folder)
    }

    /// Removes an older folder: its own files go, everything else moves into the new one.
    fn clear(&self, aside: &Path) -> io::Result<()> {
        let own = Manifest::read(aside).map_err(io::Error::other)?.map_or(Vec::new(), |manifest| manifest.files);
        let own: BTreeSet<&str> = own.iter().map(|file| file.name.as_str()).chain([MANIFEST]).collect();
        for entry in fs::read_dir(aside)? {
            let entry = entry?;
            let name = entry.file_name();
            if !own.contains(name.to_string_lossy().as_ref()) {
                fs::rename(entry.path(), self.folder.join(name))?;
            }
        }
        // The sheet goes last, so that this can be done again.
        for name in own.iter().filter(|name| **name != MANIFEST).chain([&MANIFEST]) {
            match fs::remove_file(aside.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir(aside)
    }

    /// Removes everything, where going on would be of no use.
    pub fn discard(self) {
        // The error told is the one that matters.
        let _ = self.sweep(&[]);
    }
}

impl Drop for Staging {
    /// Leaves only what a later attempt can use.
    fn drop(&mut self) {
        let held = self.lock.take();
        let holds_files =
            fs::read_dir(&self.path).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != LOCK)));
        if held.is_some() && !holds_files {
            drop(held);
            let _ = fs::remove_file(self.path.join(LOCK)).and_then(|()| fs::remove_dir(&self.path));
            if let (true, Some(above)) = (self.made_above, self.folder.parent()) {
                let _ = fs::remove_dir(above);
            }
        }
    }
}
