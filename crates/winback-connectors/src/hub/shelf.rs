//! The models folder: what is in it, and how whole it is.
use super::listing::{CONFIG, is_weights};
use super::manifest::{Difference, MANIFEST, Manifest, ManifestError};
use super::name::Repository;
use super::staging::name_of_staging;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns where a model stands in a models folder: `MODELS/owner/name`.
pub fn place(models: &Path, repository: &Repository) -> PathBuf {
    models.join(repository.owner()).join(repository.name())
}

/// A model that a models folder holds.
#[derive(Debug)]
pub struct Shelved {
    /// Its folder within the models folder, `owner/name` or `name`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// How whole it is.
    pub state: State,
}

/// How whole a model is.
#[derive(Debug)]
pub enum State {
    /// It was pulled; what is amiss by name and length stands beside its sheet.
    Pulled(Manifest, Vec<Difference>),
    /// Its sheet cannot be used.
    Unreadable(ManifestError),
    /// Its download is not finished.
    Unfinished {
        /// What is there so far.
        bytes: u64,
    },
    /// Somebody put it there by hand: nothing says what it should be.
    ByHand {
        /// The length of its files.
        bytes: u64,
    },
}

/// Returns every model of a models folder in the order of their names. A folder that does not exist holds none.
///
/// # Errors
/// Where a folder cannot be read.
pub fn shelf(models: &Path) -> io::Result<Vec<Shelved>> {
    let mut found = Vec::new();
    for (name, folder) in folders(models)? {
        if let Some(shelved) = look(&name, &folder)? {
            found.push(shelved);
            continue;
        }
        for (inner, folder) in folders(&folder)? {
            found.extend(look(&format!("{name}/{inner}"), &folder)?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn folders(of: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(of) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    Ok(found)
}

/// Returns the model in a folder, `None` where there is none.
fn look(name: &str, folder: &Path) -> io::Result<Option<Shelved>> {
    let (above, own) = name.rsplit_once('/').map_or(("", name), |(above, own)| (above, own));
    let (name, state) = if let Some(model) = name_of_staging(own) {
        let name = if above.is_empty() { model.to_owned() } else { format!("{above}/{model}") };
        (name, State::Unfinished { bytes: lengths(folder)?.iter().map(|(_, bytes)| bytes).sum() })
    } else if own.starts_with('.') {
        return Ok(None);
    } else {
        match Manifest::read(folder) {
            Ok(Some(manifest)) => {
                let amiss = manifest.glance(folder)?;
                (name.to_owned(), State::Pulled(manifest, amiss))
            }
            Err(error) => (name.to_owned(), State::Unreadable(error)),
            Ok(None) => {
                let files = lengths(folder)?;
                if !(files.iter().any(|(file, _)| file == CONFIG) && files.iter().any(|(file, _)| is_weights(file))) {
                    return Ok(None);
                }
                (name.to_owned(), State::ByHand { bytes: files.iter().map(|(_, bytes)| bytes).sum() })
            }
        }
    };
    Ok(Some(Shelved { name, folder: folder.to_owned(), state }))
}

/// Returns the names and lengths of the files in a folder.
fn lengths(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = fs::metadata(entry.path());
        if let Ok(metadata) = metadata
            && metadata.is_file()
            && entry.file_name() != MANIFEST
        {
            found.push((entry.file_name().to_string_lossy().into_owned(), metadata.len()));
        }
    }
    Ok(found)
}
