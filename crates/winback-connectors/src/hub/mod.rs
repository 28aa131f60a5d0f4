//! Models from a Hugging Face Hub, or a mirror of it, into a folder of this machine.
//!
//! [`pull`] asks what a revision is ([`Hub`]: `GET /api/models/OWNER/NAME/revision/REVISION?blobs=true`), downloads the
//! files that a dense Qwen3 needs at exactly that commit (`GET /OWNER/NAME/resolve/COMMIT/FILE`), hashes each while it is
//! written, and puts the folder in its place when all of it is right, with a sheet ([`Manifest`]) of what each file must
//! be. [`shelf`] tells what a models folder holds, [`Manifest::verify`] whether it is still that. After a pull nothing
//! here needs a network.
mod client;
mod download;
mod endpoint;
mod error;
mod listing;
mod manifest;
mod name;
mod shelf;
mod space;
mod staging;

pub use client::{Hub, Patience};
pub use endpoint::{Endpoint, Token};
pub use error::HubError;
pub use manifest::{Difference, Kept, MANIFEST, Manifest, ManifestError};
pub use name::{NameError, Repository, Revision, is_commit};
pub use shelf::{Shelved, State, place, shelf};

use download::{Source, download, matching};
use listing::{Announced, CONFIG, INDEX, Listing, check_config, check_index};
use staging::Staging;
use std::fs;
use std::io;
use std::path::Path;
use winback_core::progress::{Progress, Work};

/// A model that is in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// What it is.
    pub manifest: Manifest,
    /// The length of the files that this attempt began or finished; 0 where all were there.
    pub downloaded_bytes: u64,
}

/// Pulls a model into a folder. A file that is there already with the right content is not downloaded again; a folder
/// that holds another revision of the model is exchanged for the new one at the end, and keeps what else is in it.
///
/// # Errors
/// See [`HubError`]. The folder is then as it was before; what can be gone on with lies hidden beside it.
pub async fn pull(
    hub: &Hub,
    repository: &Repository,
    revision: &Revision,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Pulled, HubError> {
    check_place(folder, repository)?;
    let listing = hub.listing(repository, revision).await?;
    check_no_strangers(folder, &listing)?;
    let staging = Staging::open(folder, &listing.files)?;
    let from = Source { hub, repository, revision, commit: &listing.commit };
    progress.begin(Work::Fetch, Some(listing.files.iter().map(|file| file.bytes).sum()));
    let gathered = gather(from, &listing, folder, &staging, progress).await;
    progress.done();
    let (files, downloaded_bytes) = match gathered {
        Err(error @ (HubError::OtherModel { .. } | HubError::Lacks { .. })) => {
            staging.discard();
            return Err(error);
        }
        gathered => gathered?,
    };
    let names = [revision.to_string(), listing.commit.clone()];
    let manifest = Manifest::new(repository.to_string(), hub.endpoint().to_string(), names, files);
    let same = downloaded_bytes == 0 && Manifest::read(folder).is_ok_and(|older| older.as_ref() == Some(&manifest));
    match same {
        true => staging.discard(),
        false => staging.settle(&manifest)?,
    }
    Ok(Pulled { manifest, downloaded_bytes })
}

/// Brings every file of a listing together in the hidden folder, and returns them with the bytes downloaded.
async fn gather(
    from: Source<'_>,
    listing: &Listing,
    folder: &Path,
    staging: &Staging,
    progress: &dyn Progress,
) -> Result<(Vec<Kept>, u64), HubError> {
    let disk = |source| HubError::Disk { path: folder.to_owned(), source };
    let present = listing.files.iter().map(|file| matching(folder, file)).collect::<Result<Vec<_>, _>>().map_err(disk)?;
    let absent = listing.files.iter().zip(&present).filter(|(_, present)| present.is_none());
    space::check(&staging.path, absent.map(|(file, _)| file.bytes - staging.has(file)).sum())?;
    let (mut files, mut downloaded_bytes) = (Vec::new(), 0);
    for (file, present) in listing.files.iter().zip(present) {
        let kept = if let Some(kept) = present {
            staging.take(&file.name)?;
            progress.advance(file.bytes);
            kept
        } else if let Some(kept) = matching(&staging.path, file).map_err(disk)? {
            progress.advance(file.bytes);
            kept
        } else {
            downloaded_bytes += file.bytes;
            download(from, file, &staging.path, progress).await?
        };
        check(file, listing, from.repository, &staging.path)?;
        files.push(kept);
    }
    Ok((files, downloaded_bytes))
}

/// Looks at the small files before the large ones are asked for.
fn check(file: &Announced, listing: &Listing, repository: &Repository, folder: &Path) -> Result<(), HubError> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|source| HubError::Disk { path, source })
    };
    match file.name.as_str() {
        CONFIG => check_config(&read(CONFIG)?, repository),
        INDEX => check_index(&read(INDEX)?, listing, repository),
        _ => Ok(()),
    }
}

/// Checks that a folder is free, or holds an earlier state of the same model.
fn check_place(folder: &Path, repository: &Repository) -> Result<(), HubError> {
    let occupied = |why: String| Err(HubError::Occupied { folder: folder.to_owned(), why });
    if folder.file_name().is_none() {
        return occupied("is no folder with a name of its own".to_owned());
    }
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return occupied("is a file".to_owned()),
        entries => entries.map_err(|source| HubError::Disk { path: folder.to_owned(), source })?,
    };
    match Manifest::read(folder) {
        Ok(Some(manifest)) if manifest.repository == repository.to_string() => Ok(()),
        Ok(Some(manifest)) => occupied(format!("holds the model {}", manifest.repository)),
        Ok(None) if entries.count() == 0 => Ok(()),
        Ok(None) => occupied(format!("holds files that were not pulled (there is no {MANIFEST})")),
        Err(error) => occupied(format!("holds a sheet that cannot be used ({})", error.why)),
    }
}

/// Checks that no file of somebody else in the folder has the name of a new one.
fn check_no_strangers(folder: &Path, listing: &Listing) -> Result<(), HubError> {
    let Ok(Some(older)) = Manifest::read(folder) else { return Ok(()) };
    let stranger = |file: &&Announced| older.files.iter().all(|own| own.name != file.name) && folder.join(&file.name).exists();
    match listing.files.iter().find(stranger) {
        Some(file) => {
            let why = format!("holds a {} that was not pulled, in the place of one of this revision", file.name);
            Err(HubError::Occupied { folder: folder.to_owned(), why })
        }
        None => Ok(()),
    }
}
