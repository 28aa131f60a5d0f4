//! One file, on its way: hashed while it is written, gone on with after a break.
use super::client::{Hub, network};
use super::error::HubError;
use super::listing::{Announced, Checksum};
use super::manifest::Kept;
use super::name::{Repository, Revision};
use crate::file::sync_folder;
use crate::http::starts_at;
use reqwest::StatusCode;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use winback_core::digest::{Digest, hex};
use winback_core::progress::Progress;

/// How much a connection must bring to count as one that works. A server that sends a byte and breaks off, again and
/// again, would keep us for ever.
const WORTH_BYTES: u64 = 1 << 20;
/// How much of a file is read at once to be hashed.
const PIECE_BYTES: usize = 1 << 20;

/// Where the files of a download come from and go to.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub hub: &'a Hub,
    pub repository: &'a Repository,
    pub revision: &'a Revision,
    pub commit: &'a str,
}

/// Returns the name of an unfinished file: of its checksum too, so that it is never continued with another content.
pub(super) fn part_name(file: &Announced) -> String {
    format!("{}.{}.part", file.name, file.checksum.digits().get(..12).unwrap_or_default())
}

/// Downloads a file into a folder; there it has its own name only when its checksum is right.
pub(super) async fn download(from: Source<'_>, file: &Announced, folder: &Path, progress: &dyn Progress) -> Result<Kept, HubError> {
    let url = from.hub.endpoint.file(from.repository, from.commit, &file.name);
    let path = folder.join(part_name(file));
    let disk = |source| HubError::Disk { path: path.clone(), source };
    let mut part = Part::open(path.clone(), file).map_err(disk)?;
    part.tell(progress);
    let mut failures = 0;
    while part.bytes < file.bytes {
        let before = part.bytes;
        let Err(error) = attempt(from, &url, file, &mut part, progress).await else { break };
        if matches!(error, HubError::Long { .. }) {
            part.remove().map_err(disk)?;
            return Err(error);
        }
        failures = if part.bytes >= before + WORTH_BYTES { 1 } else { failures + 1 };
        match from.hub.patience.pause(failures, &error) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
    let (found, right) = part.hashing.clone().compare(&file.checksum);
    if !right {
        part.remove().map_err(disk)?;
        return Err(HubError::Checksum { url, expected: file.checksum.told(), found });
    }
    part.install(&folder.join(&file.name)).map_err(disk)?;
    Ok(Kept { name: file.name.clone(), bytes: file.bytes, sha256: found })
}

/// Makes one request and writes what comes of it.
async fn attempt(from: Source<'_>, url: &str, file: &Announced, part: &mut Part, progress: &dyn Progress) -> Result<(), HubError> {
    let mut response = from.hub.get(url, part.bytes, from.repository, from.revision).await?;
    let path = part.path.clone();
    let disk = |source| HubError::Disk { path: path.clone(), source };
    let goes_on = response.status() == StatusCode::PARTIAL_CONTENT && starts_at(&response, part.bytes);
    if part.bytes > 0 && !goes_on {
        part.restart(file).map_err(disk)?;
    }
    // No such byte, or a piece from another byte on: the next attempt asks for the whole.
    if response.status() != StatusCode::OK && !goes_on {
        return Err(HubError::Short { url: url.to_owned(), expected: file.bytes, found: 0 });
    }
    while let Some(piece) = response.chunk().await.map_err(|source| network(url, source))? {
        if part.bytes + piece.len() as u64 > file.bytes {
            return Err(HubError::Long { url: url.to_owned(), expected: file.bytes });
        }
        part.write(&piece).map_err(disk)?;
        part.tell(progress);
    }
    match part.bytes == file.bytes {
        true => Ok(()),
        false => Err(HubError::Short { url: url.to_owned(), expected: file.bytes, found: part.bytes }),
    }
}

/// Returns a file's SHA-256 if it stands in a folder with the announced content.
pub(super) fn matching(folder: &Path, file: &Announced) -> io::Result<Option<Kept>> {
    let path = folder.join(&file.name);
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == file.bytes => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut hashing = Hashing::new(file);
    hashing.read(&mut File::open(&path)?)?;
    let (sha256, right) = hashing.compare(&file.checksum);
    Ok(right.then(|| Kept { name: file.name.clone(), bytes: file.bytes, sha256 }))
}

/// The hash that is kept, and the one that the server announces where that is another.
#[derive(Clone)]
struct Hashing {
    sha256: Sha256,
    git: Option<Sha1>,
}

impl Hashing {
    fn new(file: &Announced) -> Self {
        let git = match file.checksum {
            Checksum::Sha256(_) => None,
            Checksum::GitBlob(_) => Some(Sha1::new_with_prefix(format!("blob {}\0", file.bytes))),
        };
        Self { sha256: Sha256::new(), git }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(git) = &mut self.git {
            git.update(bytes);
        }
    }

    /// Takes in everything a reader gives and returns its length.
    fn read(&mut self, reader: &mut impl Read) -> io::Result<u64> {
        let (mut piece, mut bytes) = (vec![0; PIECE_BYTES], 0);
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(bytes),
                count => {
                    self.update(&piece[..count]);
                    bytes += count as u64;
                }
            }
        }
    }

    /// Returns the SHA-256, and whether the checksum is the announced one.
    fn compare(self, announced: &Checksum) -> (Digest, bool) {
        let sha256 = Digest(hex(&self.sha256.finalize()));
        let right = match (announced, self.git) {
            (Checksum::Sha256(expected), _) => *expected == sha256,
            (Checksum::GitBlob(expected), git) => git.is_some_and(|git| *expected == hex(&git.finalize())),
        };
        (sha256, right)
    }
}

/// An unfinished file.
struct Part {
    path: PathBuf,
    file: File,
    hashing: Hashing,
    bytes: u64,
    /// How many bytes were told as progress.
    told_bytes: u64,
}

impl Part {
    /// Begins a file, or goes on with what an earlier attempt left.
    fn open(path: PathBuf, announced: &Announced) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        let mut hashing = Hashing::new(announced);
        let bytes = hashing.read(&mut file)?;
        let mut part = Self { path, file, hashing, bytes, told_bytes: 0 };
        if bytes > announced.bytes {
            part.restart(announced)?;
        }
        Ok(part)
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.hashing.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// Tells what is new. A file that had to be begun again is silent until it is where it was.
    fn tell(&mut self, progress: &dyn Progress) {
        progress.advance(self.bytes.saturating_sub(self.told_bytes));
        self.told_bytes = self.told_bytes.max(self.bytes);
    }

    fn restart(&mut self, announced: &Announced) -> io::Result<()> {
        self.file.set_len(0)?;
        (self.hashing, self.bytes) = (Hashing::new(announced), 0);
        Ok(())
    }

    fn install(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        sync_folder(target)
    }

    fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}
