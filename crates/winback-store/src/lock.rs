//! One run at a time: a lock file beside the database, held by the operating
//! system, which lets go of it when the process ends, however it ends.
use jiff::Timestamp;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The right to run on a store, held until dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Why a run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process runs on the same store.
    #[error("another run{} is working on this store{}; wait until it is done", process(*pid), begun(*since))]
    Busy {
        /// The other process, where it is known.
        pid: Option<u32>,
        /// When it began, where it is known.
        since: Option<Timestamp>,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock the file {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn process(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn begun(since: Option<Timestamp>) -> String {
    since.map(|since| format!(" since {since}")).unwrap_or_default()
}

impl RunLock {
    /// Takes the lock of the store at a path, or says who has it. The lock file is the database's with `.lock`
    /// after its name; it stays when the lock is let go, because deleting it would let two processes in.
    pub fn acquire(database: &Path, now: Timestamp) -> Result<Self, LockError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(holder(&mut file)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}\n{now}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> LockError {
    let mut text = String::new();
    // The holder may be writing its number this very moment; then it stays unknown.
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let mut lines = text.lines().take(if read.is_ok() { 2 } else { 0 });
    let pid = lines.next().and_then(|line| line.parse().ok());
    let since = lines.next().and_then(|line| line.parse().ok());
    LockError::Busy { pid, since }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_run_hears_who_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("winback.db");
        let now: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        let first = RunLock::acquire(&database, now).unwrap();
        let LockError::Busy { pid, since } = RunLock::acquire(&database, now).unwrap_err() else { panic!("expected Busy") };
        assert_eq!((pid, since), (Some(std::process::id()), Some(now)));
        drop(first);
        RunLock::acquire(&database, now).unwrap();
    }

    #[test]
    fn the_message_says_what_is_known() {
        let check = |pid, since: Option<&str>, text: &str| {
            let since = since.map(|since| since.parse().unwrap());
            assert_eq!(LockError::Busy { pid, since }.to_string(), text);
        };
        let text = "another run (process 7) is working on this store since 2026-11-21T03:00:00Z; wait until it is done";
        check(Some(7), Some("2026-11-21T03:00:00Z"), text);
        check(None, None, "another run is working on this store; wait until it is done");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = RunLock::acquire(Path::new("/no/such/folder/w.db"), Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.to_string(), "cannot lock the file /no/such/folder/w.db.lock");
    }
}
