//! Files and folders that are there whole or not at all.
use super::error::ShelfError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest `current`, `history` or manifest read, in bytes.
const MOST_BYTES: u64 = 4 << 20;
/// The longest evaluation read, in bytes: some ten thousand mails.
const MOST_LONG_BYTES: u64 = 512 << 20;

/// The right to write on a shelf, held until dropped; the operating system lets go of it when the process ends.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl Held {
    pub(super) fn of(root: &Path) -> Result<Self, ShelfError> {
        make(root)?;
        let path = root.join(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|source| ShelfError::Disk { path: path.clone(), what: "written", source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(ShelfError::Busy { root: root.to_owned() }),
            Err(fs::TryLockError::Error(source)) => Err(ShelfError::Disk { path, what: "locked", source }),
        }
    }
}

/// The right to say which version of a segment is in use, held until dropped. Unlike [`Held`] it is waited for: it is held
/// for as long as two small files take, and a training that runs for hours is in nobody's way.
#[derive(Debug)]
pub(super) struct Choosing {
    _lock: File,
}

impl Choosing {
    pub(super) fn of(segment: &Path) -> Result<Self, ShelfError> {
        let path = segment.join(".choosing");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|source| ShelfError::Disk { path: path.clone(), what: "written", source })?;
        lock.lock().map_err(|source| ShelfError::Disk { path, what: "locked", source })?;
        Ok(Self { _lock: lock })
    }
}

/// The folders in a folder, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) folders: Vec<String>,
    /// Those whose names begin with a dot.
    pub(super) hidden: Vec<String>,
}

/// Returns the folders in a folder; none where it is not there.
pub(super) fn entries(folder: &Path) -> Result<Entries, ShelfError> {
    let unread = |source| ShelfError::Disk { path: folder.to_owned(), what: "read", source };
    let mut found = Entries::default();
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        read => read.map_err(unread)?,
    };
    for entry in read {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.path().is_dir() {
            true if name.starts_with('.') => found.hidden.push(name),
            true => found.folders.push(name),
            false => {}
        }
    }
    found.folders.sort();
    found.hidden.sort();
    Ok(found)
}

/// Returns the text of a small file; `None` where there is none.
pub(super) fn read_small(path: &Path) -> Result<Option<String>, ShelfError> {
    read(path, MOST_BYTES)
}

/// Returns the text of a file with many mails; `None` where there is none.
pub(super) fn read_long(path: &Path) -> Result<Option<String>, ShelfError> {
    read(path, MOST_LONG_BYTES)
}

fn read(path: &Path, most: u64) -> Result<Option<String>, ShelfError> {
    let unread = |source| ShelfError::Disk { path: path.to_owned(), what: "read", source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(unread)?,
    };
    let mut text = String::new();
    file.take(most).read_to_string(&mut text).map_err(unread)?;
    Ok(Some(text))
}

/// Makes a folder and those above it.
pub(super) fn make(folder: &Path) -> Result<(), ShelfError> {
    fs::create_dir_all(folder).map_err(|source| ShelfError::Disk { path: folder.to_owned(), what: "made", source })
}

/// Writes a file beside its place, syncs it and puts it there. What was half written is removed. Others may write the same
/// file at the same time: each writes beside by a name of its own, and the last one stands, whole.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ShelfError> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    write_beside(path, &format!(".{}-{write}", std::process::id()), bytes)
}

/// The same where nobody else writes it, so that what an earlier attempt left is written over.
pub(super) fn write_alone(path: &Path, bytes: &[u8]) -> Result<(), ShelfError> {
    write_beside(path, "", bytes)
}

fn write_beside(path: &Path, own: &str, bytes: &[u8]) -> Result<(), ShelfError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!("{own}.part"));
    let beside = path.with_file_name(name);
    let written = write_synced(&beside, bytes).and_then(|()| fs::rename(&beside, path)).and_then(|()| sync_above(path));
    written.map_err(|source| {
        let _ = fs::remove_file(&beside);
        ShelfError::Disk { path: path.to_owned(), what: "written", source }
    })
}

/// Puts a folder of files in its place, whole or not at all.
pub(super) fn publish(above: &Path, name: &str, files: &[(&str, &[u8])]) -> Result<(), ShelfError> {
    let (beside, place) = (above.join(format!(".{name}.part")), above.join(name));
    let write = || {
        // What an earlier attempt left there is of no use.
        remove_folder(&beside)?;
        fs::create_dir(&beside)?;
        files.iter().try_for_each(|(file, bytes)| write_synced(&beside.join(file), bytes))?;
        sync(&beside)?;
        fs::rename(&beside, &place)?;
        sync_above(&place)
    };
    write().map_err(|source| {
        let _ = fs::remove_dir_all(&beside);
        ShelfError::Disk { path: place.clone(), what: "written", source }
    })
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), ShelfError> {
    match fs::remove_file(path).and_then(|()| sync_above(path)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ShelfError::Disk { path: path.to_owned(), what: "removed", source }),
        _ => Ok(()),
    }
}

/// Removes a folder and what is in it, which may be gone already.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn sync_above(path: &Path) -> io::Result<()> {
    sync(&path.parent().filter(|above| !above.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned))
}
