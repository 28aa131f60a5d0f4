//! Files: opened with clear errors, identified by content, written whole or not at all.
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use winback_core::digest::{Digest, hex};
use winback_core::pipeline::import::SourceError;

/// Which file it is: its hash, and what tells cheaply that it is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash of the content.
    pub sha256: Digest,
    /// The length in bytes.
    pub bytes: u64,
    modified: Option<SystemTime>,
}

impl Fingerprint {
    /// Reads a file once and returns which file it is.
    pub fn of(path: &Path) -> Result<Self, SourceError> {
        let mut file = open(path)?;
        let before = file.metadata().map_err(|error| unread(path, error))?;
        let (sha256, bytes) = hash(&mut file).map_err(|error| unread(path, error))?;
        let fingerprint = Self { sha256, bytes, modified: before.modified().ok() };
        fingerprint.check(path, &file)?;
        Ok(fingerprint)
    }

    /// Checks that an open file still has the length and the time of change it had.
    pub(crate) fn check(&self, path: &Path, file: &File) -> Result<(), SourceError> {
        let now = file.metadata().map_err(|error| unread(path, error))?;
        self.compare(path, &now)
    }

    /// Checks the same at the end of reading, by path, and that every byte was read.
    pub(crate) fn check_read(&self, path: &Path, bytes: u64) -> Result<(), SourceError> {
        let now = fs::metadata(path).map_err(|error| unread(path, error))?;
        if bytes != self.bytes {
            return Err(SourceError::Changed { file: path.display().to_string() });
        }
        self.compare(path, &now)
    }

    fn compare(&self, path: &Path, now: &Metadata) -> Result<(), SourceError> {
        if now.len() == self.bytes && now.modified().ok() == self.modified {
            return Ok(());
        }
        Err(SourceError::Changed { file: path.display().to_string() })
    }
}

/// Returns the hash and the length of everything a reader gives.
pub(crate) fn hash(reader: &mut impl Read) -> io::Result<(Digest, u64)> {
    let mut hashing = HashingWriter::new(io::sink());
    io::copy(reader, &mut hashing)?;
    Ok(hashing.finish())
}

/// Opens a file for reading; a directory is refused, and so is a pipe or a device, which may give nothing, or never end.
pub(crate) fn open(path: &Path) -> Result<File, SourceError> {
    // Opening a pipe waits for somebody who writes, so it is looked at before.
    let metadata = std::fs::metadata(path).map_err(|error| unread(path, error))?;
    if !metadata.is_file() && !metadata.is_dir() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a device, not a file; write what it gives into a file");
        return Err(unread(path, error));
    }
    let file = File::open(path).map_err(|error| unread(path, error))?;
    let metadata = file.metadata().map_err(|error| unread(path, error))?;
    if metadata.is_dir() {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "it is a directory; name the CSV file inside it");
        return Err(unread(path, error));
    }
    Ok(file)
}

pub(crate) fn unread(path: &Path, error: io::Error) -> SourceError {
    SourceError::Read { file: path.display().to_string(), source: Box::new(error) }
}

/// Passes bytes on and hashes them.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), bytes: 0 }
    }

    /// Returns the hash and the number of the bytes written.
    pub fn finish(self) -> (Digest, u64) {
        let (hasher, bytes) = self.into_hasher();
        (Digest(hex(&hasher.finalize())), bytes)
    }

    /// Returns what can go on hashing, and the number of the bytes written.
    pub fn into_hasher(self) -> (Sha256, u64) {
        (self.hasher, self.bytes)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file that could not be written. Nothing half-made is left behind.
#[derive(Debug, thiserror::Error)]
#[error("{file}: the file cannot be written; {advice}")]
pub struct WriteError {
    /// The file's name.
    pub file: String,
    /// What to do.
    pub advice: &'static str,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Writes a file whole or not at all: beside its place, to the disk, then renamed.
///
/// Returns what `write` returns. An older file stays as it was until the new one is complete.
///
/// # Errors
/// Says what to do about a full or read-only disk, a missing folder, or a folder of that name.
pub fn write_atomically<T>(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> Result<T, WriteError> {
    let mut file = NewFile::create(path)?;
    let value = write(&mut file).map_err(|error| unwritten(path, error))?;
    file.commit()?;
    Ok(value)
}

/// A file on its way. It stands beside its place, and is removed again unless it is committed.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    beside: PathBuf,
    /// `None` once the file stands in its place.
    out: Option<BufWriter<File>>,
}

impl NewFile {
    /// Begins a file beside its place.
    ///
    /// # Errors
    /// As [`write_atomically`].
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        if path.is_dir() {
            let source = io::Error::new(io::ErrorKind::IsADirectory, "it is a directory");
            return Err(unwritten(path, source));
        }
        let open = |beside: &Path| OpenOptions::new().write(true).create_new(true).open(beside);
        let (file, beside) = create_beside(path, open).map_err(|error| unwritten(path, error))?;
        Ok(Self { path: path.to_owned(), beside, out: Some(BufWriter::with_capacity(256 * 1024, file)) })
    }

    /// Puts the file in its place, in place of an older one, once all of it is on the disk.
    ///
    /// # Errors
    /// As [`write_atomically`].
    pub fn commit(mut self) -> Result<(), WriteError> {
        self.settle().map_err(|error| unwritten(&self.path, error))
    }

    fn settle(&mut self) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        self.out = None;
        sync_folder(&self.path)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(0), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            // What cannot be removed is not the error that matters.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Makes something beside a path, under a name that nothing has yet.
pub(crate) fn create_beside<T>(path: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"))?;
    for attempt in 0..100_u32 {
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}-{attempt}.part", std::process::id()));
        let beside = path.with_file_name(beside);
        match make(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|made| (made, beside)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "100 unfinished copies stand beside it; remove those ending in .part"))
}

/// Makes the rename outlast a power cut; only Unix lets a folder be synced.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

pub(crate) fn unwritten(path: &Path, source: io::Error) -> WriteError {
    use io::ErrorKind as Kind;
    let advice = match source.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => "the disk is full: free some space and run the command again",
        Kind::ReadOnlyFilesystem => "the disk is read-only: choose another folder",
        Kind::PermissionDenied => "you may not write there: change the folder's rights or choose another folder",
        Kind::NotFound => "the folder does not exist: create it first",
        Kind::IsADirectory => "a folder has that name: choose another file name",
        _ => "see the cause, then run the command again",
    };
    WriteError { file: path.display().to_string(), advice, source }
}
