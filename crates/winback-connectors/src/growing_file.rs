//! A file that grows over several starts: beside its place until it is whole, with what is needed to go on after a break.
use crate::file::{WriteError, sync_folder, unwritten, write_atomically};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use winback_core::digest::Digest;

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
}

impl GrowingFile {
    /// Begins a file, or takes it up where it was last kept, for the work of one identity; what other work left unfinished
    /// beside it is removed. Returns the state that was kept last.
    ///
    /// # Errors
    /// When the file cannot be written, or another process is at it.
    pub fn begin(path: &Path, identity: &Digest) -> Result<(Self, Option<String>), WriteError> {
        let failed = |error| unwritten(path, error);
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let [part, state] = [PART, STATE].map(|end| beside(path, identity, end));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&part).map_err(failed)?;
        lock(&file).map_err(failed)?;
        remove_others(path, &part);
        let kept = kept(&state, file.metadata().map_err(failed)?.len());
        let bytes = kept.as_ref().map_or(0, |(bytes, _)| *bytes);
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let out = BufWriter::with_capacity(256 * 1024, file);
        Ok((Self { path: path.to_owned(), part, state, out, bytes }, kept.map(|(_, text)| text)))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// As [`crate::file::write_atomically`].
    pub fn push(&mut self, line: &str) -> Result<(), WriteError> {
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        self.bytes += line.len() as u64 + 1;
        written.map_err(|error| unwritten(&self.path, error))
    }

    /// Puts all lines so far on the disk, and then the state to go on from.
    ///
    /// # Errors
    /// As [`crate::file::write_atomically`].
    pub fn keep(&mut self, state: &str) -> Result<(), WriteError> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_data()).map_err(|error| unwritten(&self.path, error))?;
        let text = format!("{}\n{state}", self.bytes);
        write_atomically(&self.state, |out| out.write_all(text.as_bytes()))
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

/// Returns how many bytes were kept and the state to go on from, where the file still has that much.
fn kept(state: &Path, length: u64) -> Option<(u64, String)> {
    let text = fs::read_to_string(state).ok()?;
    let (bytes, state) = text.split_once('\n')?;
    let bytes = bytes.parse().ok().filter(|bytes| *bytes <= length)?;
    Some((bytes, state.to_owned()))
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
