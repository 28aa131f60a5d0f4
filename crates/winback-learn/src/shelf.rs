//! The directory of model files: each stands there under its version, beside its card, and the
//! small file `current` names the one in use. Files appear whole or not at all.
use crate::artifact::{self, ArtifactError};
use crate::card::card_markdown;
use crate::family;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use winback_core::model::{ChurnModel, ModelCard, Trained};

/// The file that names the model in use.
pub const CURRENT: &str = "current";

/// Where a model was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The model file.
    pub model: PathBuf,
    /// The card as JSON.
    pub card_json: PathBuf,
    /// The card as Markdown.
    pub card_markdown: PathBuf,
}

/// Why a file could not be put on the shelf or taken from it.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A file could not be written; what stood there before still stands.
    #[error("{} could not be written; what stood there before is unchanged", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name with a directory in it, or none.
    #[error("{0:?} is no plain file name")]
    Name(String),
    /// `current` could not be read or names no plain file.
    #[error("{} could not be read; write the name of a model file of that directory into it, or run `winback train`", path.display())]
    Pointer {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The model file was refused.
    #[error("the model in {} was refused", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArtifactError,
    },
}

/// Puts a model and its card on the shelf and makes it the one in use; older models stay.
pub fn publish(dir: &Path, trained: &Trained) -> Result<Published, ShelfError> {
    let version = &trained.card.version.0;
    let json = serde_json::to_vec_pretty(&trained.card)
        .map_err(|source| ShelfError::Unwritable { path: dir.join(format!("{version}.card.json")), source: source.into() })?;
    let name = format!("{version}.json");
    let model = save(dir, &name, &trained.file)?;
    let card_json = save(dir, &format!("{version}.card.json"), &json)?;
    let card_markdown = save(dir, &format!("{version}.card.md"), card_markdown(&trained.card).as_bytes())?;
    save(dir, CURRENT, format!("{name}\n").as_bytes())?;
    Ok(Published { model, card_json, card_markdown })
}

/// Returns the model file in use; `None` where there is none yet.
pub fn current(dir: &Path) -> Result<Option<PathBuf>, ShelfError> {
    let path = dir.join(CURRENT);
    match fs::read_to_string(&path) {
        Ok(name) => plain_name(name.trim()).map(|name| Some(dir.join(name))),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ShelfError::Pointer { path, source }),
    }
}

/// Returns the model in use; `None` where there is none yet.
pub fn load_current(dir: &Path) -> Result<Option<Box<dyn ChurnModel>>, ShelfError> {
    current(dir)?.map(|path| load(&path)).transpose()
}

/// Returns the cards of all models of a directory by file name, and how many cards cannot be read.
///
/// # Errors
/// When the directory is there and cannot be listed; one that is not there has no models.
pub fn cards(dir: &Path) -> io::Result<(Vec<ModelCard>, u64)> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        entries => entries?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.ends_with(".card.json") && !name.starts_with('.'))
    });
    paths.sort();
    let read = |path: &PathBuf| fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let cards: Vec<ModelCard> = paths.iter().filter_map(read).collect();
    let unread = (paths.len() - cards.len()) as u64;
    Ok((cards, unread))
}

/// Returns the model of a file.
pub fn load(path: &Path) -> Result<Box<dyn ChurnModel>, ShelfError> {
    let model = artifact::load(path).and_then(|bytes| family::from_file(&bytes));
    model.map_err(|source| ShelfError::Refused { path: path.to_owned(), source })
}

/// Writes a file so that it is there whole or as it was: beside first, then under its name.
pub fn save(dir: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, ShelfError> {
    let path = dir.join(plain_name(name)?);
    let beside = dir.join(format!(".{name}.{}.part", std::process::id()));
    let written = fs::create_dir_all(dir).and_then(|()| write_whole(&beside, bytes)).and_then(|()| fs::rename(&beside, &path));
    match written.and_then(|()| sync_directory(dir)) {
        Ok(()) => Ok(path),
        Err(source) => {
            // The first error is the one to tell; a part that cannot be removed harms nothing.
            let _ = fs::remove_file(&beside);
            Err(ShelfError::Unwritable { path, source })
        }
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file; a rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_directory(_dir: &Path) -> io::Result<()> {
    Ok(())
}

fn plain_name(name: &str) -> Result<&str, ShelfError> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':', '\n']);
    if plain { Ok(name) } else { Err(ShelfError::Name(name.to_owned())) }
}
