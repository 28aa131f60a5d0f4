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

/// The file in a model's folder that says: this is the newer one, and what of the older one is left lies beside it.
const NEWER: &str = ".newer";
/// The folder in a model's folder where its weights lie packed; it is made anew for each model.
const PACKED: &str = ".winback";
/// How often a lock is tried that others give back meanwhile.
const LOCK_TRIES: usize = 16;

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

/// Returns a name beside a name that is taken: `notes.txt.older`.
fn free_name(taken: &Path) -> PathBuf {
    let mut name = taken.as_os_str().to_owned();
    loop {
        name.push(".older");
        if fs::symlink_metadata(&name).is_err() {
            return PathBuf::from(name);
        }
    }
}

/// A model on its way.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    pub path: PathBuf,
    /// Whether the folder above was made for it.
    made_above: bool,
    /// Whether the model stands in its place.
    settled: bool,
    lock: Option<Lock>,
}

/// The right to change a model's place: a locked file beside it, which stays while folders change their names.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Lock {
    /// Returns the lock, `None` where another process has it.
    fn take(path: PathBuf) -> io::Result<Option<Self>> {
        for _ in 0..LOCK_TRIES {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(source)) => return Err(source),
            }
            // Whoever had it may have removed the file after it was opened here; such a lock keeps nobody out.
            if is_at(&file, &path)? {
                return Ok(Some(Self { path, _file: file }));
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is still locked. A file left behind would be taken over.
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns whether an open file is the one that has this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns whether an open file is the one that has this name. Here no open file can be removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Lets two folders change their names in one step; `false` where the system cannot.
#[cfg(target_os = "linux")]
fn exchanged(one: &Path, other: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        done => Ok(done.map(|()| true)?),
    }
}

/// Lets two folders change their names in one step; `false` where the system cannot.
#[cfg(not(target_os = "linux"))]
fn exchanged(_one: &Path, _other: &Path) -> io::Result<bool> {
    Ok(false)
}

impl Staging {
    /// Takes the hidden folder of a model for this process, and removes from it what is of no use for these files.
    pub fn open(folder: &Path, files: &[Announced]) -> Result<Self, HubError> {
        let path = staging_path(folder);
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let made_above = !above.exists();
        let disk = |source| HubError::Disk { path: path.clone(), source };
        fs::create_dir_all(above).map_err(disk)?;
        let lock = Lock::take(hidden(folder, "lock")).map_err(disk)?;
        let lock = Some(lock.ok_or_else(|| HubError::InUse { folder: folder.to_owned() })?);
        let staging = Self { folder: folder.to_owned(), path: path.clone(), made_above, settled: false, lock };
        staging.recover().map_err(disk)?;
        fs::create_dir_all(&path).and_then(|()| staging.sweep(files)).map_err(disk)?;
        Ok(staging)
    }

    /// Finishes an exchange of folders that ended with the process.
    fn recover(&self) -> io::Result<()> {
        let aside = hidden(&self.folder, "old");
        if self.folder.join(NEWER).exists() {
            return self.finish();
        }
        match (aside.is_dir(), self.folder.exists()) {
            (true, false) => fs::rename(&aside, &self.folder),
            (true, true) => self.clear(&aside),
            (false, _) => Ok(()),
        }
    }

    fn sweep(&self, files: &[Announced]) -> io::Result<()> {
        let of_use: BTreeSet<String> = files.iter().flat_map(|file| [file.name.clone(), part_name(file)]).collect();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let is_of_use = of_use.contains(entry.file_name().to_string_lossy().as_ref());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // Somebody's; it comes along, and only gives up a name that a file must have.
                if is_of_use {
                    fs::rename(entry.path(), free_name(&entry.path()))?;
                }
            } else if !kind.is_file() || !is_of_use {
                // A link would lead what is downloaded elsewhere.
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
        let older = self.folder.is_dir();
        if older {
            File::create(self.path.join(NEWER))?;
        }
        if !older {
            fs::rename(&self.path, &self.folder)?;
        } else if !exchanged(&self.path, &self.folder)? {
            let aside = hidden(&self.folder, "old");
            fs::rename(&self.folder, &aside)?;
            if let Err(error) = fs::rename(&self.path, &self.folder) {
                fs::rename(&aside, &self.folder)?;
                return Err(error);
            }
        }
        self.settled = true;
        self.finish()?;
        sync_folder(&self.folder)
    }

    /// Removes what is left of an older folder when the newer one stands in its place.
    fn finish(&self) -> io::Result<()> {
        let (aside, newer) = (hidden(&self.folder, "old"), self.folder.join(NEWER));
        if !newer.exists() {
            return Ok(());
        }
        if self.path.is_dir() && !aside.exists() {
            fs::rename(&self.path, &aside)?;
        }
        if aside.is_dir() {
            self.clear(&aside)?;
        }
        fs::remove_file(newer)
    }

    /// Removes an older folder: its own files go, everything else moves into the new one. What has the name of something
    /// that is in the new one already takes another name.
    fn clear(&self, aside: &Path) -> io::Result<()> {
        let own = Manifest::read(aside).map_err(io::Error::other)?.map_or(Vec::new(), |manifest| manifest.files);
        let own: BTreeSet<&str> = own.iter().map(|file| file.name.as_str()).chain([MANIFEST]).collect();
        for entry in fs::read_dir(aside)? {
            let entry = entry?;
            let name = entry.file_name();
            if own.contains(name.to_string_lossy().as_ref()) {
                continue;
            }
            let to = self.folder.join(&name);
            match fs::symlink_metadata(&to) {
                Ok(_) if name == PACKED && entry.file_type()?.is_dir() => fs::remove_dir_all(entry.path())?,
                Ok(_) => fs::rename(entry.path(), free_name(&to))?,
                Err(_) => fs::rename(entry.path(), to)?,
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
        let is_empty = fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none());
        let removed = !self.settled && is_empty && fs::remove_dir(&self.path).is_ok();
        self.lock = None;
        if let (true, true, Some(above)) = (removed, self.made_above, self.folder.parent()) {
            let _ = fs::remove_dir(above);
        }
    }
}

#[cfg(test)]
mod tests;
