//! Whose a file is: what is mapped must be nobody's to change but its user's.
use super::Unusable;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could be changed by somebody else while it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// It is a link, a pipe, or another thing.
    #[error("{} is a link or no plain {expected}", path.display())]
    Kind {
        /// The file or folder.
        path: PathBuf,
        /// What it must be.
        expected: &'static str,
    },
    /// It belongs to somebody else.
    #[error("{} belongs to another user", path.display())]
    Owner {
        /// The file or folder.
        path: PathBuf,
    },
    /// Others may write it.
    #[error("{} may be written by other users", path.display())]
    Writable {
        /// The file or folder.
        path: PathBuf,
    },
}

/// Opens a file that nobody else can change; `None` where there is none.
pub(super) fn open(path: &Path) -> Result<Option<File>, Unusable> {
    let folder = path.parent().unwrap_or(path);
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => own(folder, &metadata?, "folder")?,
    }
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => own(path, &metadata?, "file")?,
    }
    let file = without_links(OpenOptions::new().read(true)).open(path)?;
    own(path, &file.metadata()?, "file")?;
    Ok(Some(file))
}

/// A folder of our own, held by this process alone.
#[derive(Debug)]
pub(super) struct Held {
    /// Locked; unlocked when it is closed.
    _lock: File,
}

/// Makes a folder that nobody else can change, where it is not there, and holds it.
pub(super) fn hold(folder: &Path) -> Result<Held, Unusable> {
    private(DirBuilder::new().recursive(true)).create(folder)?;
    own(folder, &std::fs::symlink_metadata(folder)?, "folder")?;
    let path = folder.join("lock");
    // A pipe would be waited for.
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        metadata => own(&path, &metadata?, "file")?,
    }
    let lock = for_us_alone(without_links(OpenOptions::new().create(true).truncate(false).write(true))).open(&path)?;
    match lock.try_lock() {
        Ok(()) => Ok(Held { _lock: lock }),
        Err(std::fs::TryLockError::WouldBlock) => Err(Unusable::Busy),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Makes a file anew that nobody else can read or write.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for_us_alone(OpenOptions::new().create_new(true).read(true).write(true)).open(path)
}

/// Makes the names in a folder last.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn own(path: &Path, metadata: &Metadata, expected: &'static str) -> Result<(), Unsafe> {
    use std::os::unix::fs::MetadataExt as _;
    let path = || path.to_owned();
    let is_plain = if expected == "folder" { metadata.is_dir() } else { metadata.is_file() };
    match () {
        () if !is_plain => Err(Unsafe::Kind { path: path(), expected }),
        () if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() => Err(Unsafe::Owner { path: path() }),
        () if metadata.mode() & 0o022 != 0 => Err(Unsafe::Writable { path: path() }),
        () => Ok(()),
    }
}

#[cfg(not(unix))]
fn own(path: &Path, metadata: &Metadata, expected: &'static str) -> Result<(), Unsafe> {
    let is_plain = if expected == "folder" { metadata.is_dir() } else { metadata.is_file() };
    if is_plain { Ok(()) } else { Err(Unsafe::Kind { path: path.to_owned(), expected }) }
}

#[cfg(unix)]
fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
}

#[cfg(not(unix))]
fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn for_us_alone(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn for_us_alone(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn private(folder: &mut DirBuilder) -> &mut DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    folder.mode(0o700)
}

#[cfg(not(unix))]
fn private(folder: &mut DirBuilder) -> &mut DirBuilder {
    folder
}
