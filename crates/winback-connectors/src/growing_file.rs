//! A file that grows over several starts: beside its place until it is whole, with what is needed to go on after a break.
use crate::file::{HashingWriter, WriteError, sync_folder, unwritten, write_atomically};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use winback_core::digest::{Digest, hex};

/// How the names of unfinished files end, and those of what is needed to go on.
const PART: &str = "part";
const STATE: &str = "state";

/// A file of lines on its way. What was kept of it outlasts a killed process; the finished file appears as a whole.
#[derive(Debug)]
pub struct GrowingFile {
    path: PathBuf,
    part: PathBuf,
    state: PathBuf,
    out: BufWriter<File>,
    bytes: u64,
    /// What hashes everything that was pushed.
    hasher: Sha256,
}

/// What an earlier start left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept<S> {
    /// Nothing.
    Nothing,
    /// The state that was kept last, with its lines.
    State(S),
    /// Something that is not what was written; it is not used.
    Broken,
}

impl GrowingFile {
    /// Begins a file, or takes it up where it was last kept, for the work of one identity; what other work left unfinished
    /// beside it is removed. Returns the state that was kept last. Lines and state are taken up only where both are to the
    /// letter what was kept.
    ///
    /// # Errors
    /// When the file cannot be written, or another process is at it.
    pub fn begin<S: DeserializeOwned>(path: &Path, identity: &Digest) -> Result<(Self, Kept<S>), WriteError> {
        let failed = |error| unwritten(path, error);
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let [part, state] = [PART, STATE].map(|end| beside(path, identity, end));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part).map_err(failed)?;
        lock(&file).map_err(failed)?;
        remove_others(path, &part);
        let found = kept(&state, &mut file).map_err(failed)?;
        let (bytes, hasher, kept) = match found {
            Kept::State((bytes, hasher, state)) => (bytes, hasher, Kept::State(state)),
            Kept::Nothing => (0, Sha256::new(), Kept::Nothing),
            Kept::Broken => (0, Sha256::new(), Kept::Broken),
        };
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let out = BufWriter::with_capacity(256 * 1024, file);
        Ok((Self { path: path.to_owned(), part, state, out, bytes, hasher }, kept))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// As [`crate::file::write_atomically`].
    pub fn push(&mut self, line: &str) -> Result<(), WriteError> {
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
        self.bytes += line.len() as u64 + 1;
        written.map_err(|error| unwritten(&self.path, error))
    }

    /// Puts all lines so far on the disk, and then the state to go on from.
    ///
    /// # Errors
    /// As [`crate::file::write_atomically`].
    pub fn keep(&mut self, state: &impl Serialize) -> Result<(), WriteError> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_data()).map_err(|error| unwritten(&self.path, error))?;
        let state = serde_json::to_string(state).map_err(|error| unwritten(&self.path, error.into()))?;
        let text = format!("{} {}\n{state}", self.bytes, seal(&self.hasher, &state));
        write_atomically(&self.state, |out| out.write_all(text.as_bytes()))
    }

    /// Gives the file up: what was made of it is removed, and what stands in its place stays.
    pub fn discard(self) {
        // What cannot be removed is found to be of no use when the next file begins.
        let _ = fs::remove_file(&self.state);
        let _ = fs::remove_file(&self.part);
    }

    /// Reads the lines that were kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn each_line(&self, mut each: impl FnMut(&str)) -> io::Result<()> {
        BufReader::new(File::open(&self.part)?).lines().try_for_each(|line| {
            each(&line?);
            Ok(())
        })
    }

    /// Puts the file in its place, in place of an older one, once all of it is on the disk.
    ///
    /// # Errors
    /// As [`crate::file::write_atomically`].
    pub fn finish(mut self) -> Result<(), WriteError> {
        let settled = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        let settled = settled.and_then(|()| fs::rename(&self.part, &self.path)).and_then(|()| sync_folder(&self.path));
        settled.map_err(|error| unwritten(&self.path, error))?;
        // What cannot be removed is found to be of no use when the next file begins.
        let _ = fs::remove_file(&self.state);
        Ok(())
    }
}

/// Returns the hash of some lines and a state together.
fn seal(lines: &Sha256, state: &str) -> String {
    hex(&lines.clone().chain_update(state.as_bytes()).finalize())
}

/// Returns the hidden name of a file's own company: `.name.0123456789ab.part`.
fn beside(path: &Path, identity: &Digest, end: &str) -> PathBuf {
    let mut name = start_of(path);
    name.push(format!("{}.{end}", identity.short()));
    path.with_file_name(name)
}

fn start_of(path: &Path) -> OsString {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "another command writes it at this moment; wait until it is done"))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns how many bytes were kept, what hashed them, and the state to go on from.
fn kept<S: DeserializeOwned>(state: &Path, file: &mut File) -> io::Result<Kept<(u64, Sha256, S)>> {
    let text = match fs::read_to_string(state) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::Nothing),
        text => text.unwrap_or_default(),
    };
    let parts = text.split_once('\n').and_then(|(head, state)| Some((head.split_once(' ')?, state)));
    let Some(((bytes, sealed), state)) = parts else { return Ok(Kept::Broken) };
    let (Ok(bytes), Ok(read)) = (bytes.parse::<u64>(), serde_json::from_str(state)) else { return Ok(Kept::Broken) };
    file.seek(SeekFrom::Start(0))?;
    let mut hashing = HashingWriter::new(io::sink());
    io::copy(&mut Read::by_ref(file).take(bytes), &mut hashing)?;
    let (hasher, hashed) = hashing.into_hasher();
    let whole = hashed == bytes && seal(&hasher, state) == sealed;
    Ok(if whole { Kept::State((bytes, hasher, read)) } else { Kept::Broken })
}

/// Removes what other work began beside a path and nobody writes any more.
fn remove_others(path: &Path, own: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let start = start_of(path);
    let start = start.to_string_lossy();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let (name, found) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let identity = name.strip_prefix(&*start).and_then(|rest| rest.strip_suffix(".part"));
        let is_one = identity.is_some_and(|identity| identity.len() == 12 && identity.bytes().all(|b| b.is_ascii_hexdigit()));
        let idle = || File::open(&found).is_ok_and(|file| file.try_lock().is_ok());
        if is_one && found.file_name() != own.file_name() && idle() {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(found.with_extension(STATE));
            let _ = fs::remove_file(&found);
        }
    }
}
