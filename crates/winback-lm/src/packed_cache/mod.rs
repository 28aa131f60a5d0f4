//! Packed weights kept in a file, so that a model is packed once and mapped ever after.
//!
//! A file is written for each [`Precision`], in a hidden folder beside the model or, where that cannot be, in a folder of
//! the user's own. It is used only where all of this holds; otherwise what is amiss is told and the file is made anew:
//!
//! - the folder and the file belong to this user or to root, nobody else may write them, and no link leads to them;
//! - its first part, guarded by a SHA-256, says that it was packed by this version ([`LAYOUT`]) and precision, for this
//!   shape, from the very files that are there: their names, lengths, headers, times of change and numbers in the file
//!   system ([`Identity`]);
//! - it is as long as the shape says, and its content fits its checksum.
//!
//! A file is never changed: it is written under another name, synced, and renamed. `docs/decisions/0016` says why it may
//! be mapped although weights of others are not.
mod content;
mod folder;
mod header;

pub use folder::Unsafe;

use crate::config::Config;
use crate::kernels::{LAYOUT, Numerics, Precision};
use crate::model::Model;
use crate::shards::{Identity, Shards, WeightsError};
use crate::source::Source;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The hidden folder beside a model.
pub const BESIDE: &str = ".winback";

/// Where packed weights may be kept, the first place first.
#[derive(Clone, Debug, Default)]
pub struct PackedCache {
    /// The folders. None: nothing is kept.
    pub folders: Vec<PathBuf>,
}

/// Where the weights of a model came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The model's own files; they lie in memory, packed.
    Read,
    /// A file that was packed before; it is mapped.
    Mapped(PathBuf),
    /// The model's own files, packed into this one now; it is mapped.
    Made(PathBuf),
}

/// Why a file of packed weights is not used, or not made.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Somebody else could change it.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
    /// It begins otherwise than such a file.
    #[error("its beginning is damaged")]
    Beginning,
    /// It was packed from something else.
    #[error("it was packed {0}")]
    Outdated(&'static str),
    /// It is shorter or longer than its shape.
    #[error("it is cut off or too long")]
    Length,
    /// Some of its bytes are others than were written.
    #[error("its content is damaged")]
    Content,
    /// It does not hold what the model's files hold.
    #[error("it holds other weights than the model's files")]
    OtherWeights,
    /// Another program is at it.
    #[error("another program is writing it")]
    Busy,
}

/// A file of packed weights that was not used, or not made.
#[derive(Debug)]
pub struct Note {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: Unusable,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

/// A model, and how it was come by.
#[derive(Debug)]
pub struct CachedModel {
    /// The model.
    pub model: Model,
    /// Where its weights came from.
    pub origin: Origin,
    /// Files that were there and not used, in the order they were tried.
    pub refused: Vec<Note>,
    /// Places where no file could be written, in the order they were tried.
    pub not_kept: Vec<Note>,
}

/// A file of packed weights that is there.
#[derive(Debug)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// In which precision.
    pub precision: Precision,
    /// Its length.
    pub bytes: u64,
    /// Why it is not used, if it is not.
    pub unusable: Option<Unusable>,
}

/// How closely a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Only its first part and its length.
    Beginning,
    /// Every byte, and whether the model's files hold the same weights: these are read, too.
    Everything,
}

impl Model {
    /// Loads the weights of a directory: from packed ones where there are any that can be trusted, or else from the
    /// directory's own files, which are packed into the first folder where that can be done.
    pub fn with_cache(dir: &Path, config: Config, numerics: Numerics, cache: &PackedCache) -> Result<CachedModel, WeightsError> {
        let shards = Shards::open(dir)?;
        let source = Source::of(&shards, &config, numerics)?;
        let key = header::Key::of(&config, &source, numerics.precision, shards.identities()?);
        let name = file_name(numerics.precision);
        // The numbers lie in the file as this kind of processor has them.
        let folders: &[PathBuf] = if cfg!(target_endian = "little") { &cache.folders } else { &[] };
        let (mut refused, mut not_kept) = (Vec::new(), Vec::new());
        for path in folders.iter().map(|folder| folder.join(&name)) {
            match content::open(&path, &key, &config, numerics) {
                Ok(Some(model)) => return Ok(CachedModel { model, origin: Origin::Mapped(path), refused, not_kept }),
                Ok(None) => {}
                Err(why) => refused.push(Note { path, why }),
            }
        }
        for folder in folders {
            let path = folder.join(&name);
            let made = content::make(folder, &key, &source, &config, &shards)?;
            match made.and_then(|()| content::open(&path, &key, &config, numerics)) {
                Ok(Some(model)) => return Ok(CachedModel { model, origin: Origin::Made(path), refused, not_kept }),
                Ok(None) => {}
                Err(why) => {
                    let is_full = matches!(&why, Unusable::Io(error) if error.kind() == io::ErrorKind::StorageFull);
                    let stays_so = is_full || matches!(why, Unusable::Busy);
                    not_kept.push(Note { path, why });
                    if stays_so {
                        break;
                    }
                }
            }
        }
        Ok(CachedModel { model: Self::with_config(dir, config, numerics)?, origin: Origin::Read, refused, not_kept })
    }
}

impl PackedCache {
    /// Returns the files that are kept for a model directory, and whether they would be used.
    pub fn kept(&self, dir: &Path, config: &Config, look: Look) -> Result<Vec<Kept>, WeightsError> {
        let shards = Shards::open(dir)?;
        let source = Source::of(&shards, config, Numerics::PLAIN)?;
        let identities: Vec<Identity> = shards.identities()?;
        let digest = std::cell::LazyCell::new(|| source.digest());
        let mut found = Vec::new();
        for precision in [Precision::F32, Precision::Bf16, Precision::Int8] {
            let key = header::Key::of(config, &source, precision, identities.clone());
            for path in self.folders.iter().map(|folder| folder.join(file_name(precision))) {
                let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
                let unusable = match content::check(&path, &key, config, precision, look) {
                    Ok(Some(packed)) if look == Look::Everything => match &*digest {
                        Ok(digest) if *digest == packed => None,
                        _ => Some(Unusable::OtherWeights),
                    },
                    Ok(_) => None,
                    Err(why) => Some(why),
                };
                found.push(Kept { path, precision, bytes: metadata.len(), unusable });
            }
        }
        Ok(found)
    }
}

/// Returns the name of the file of a precision: `packed-int8-v1.bin`.
fn file_name(precision: Precision) -> String {
    format!("packed-{}-v{LAYOUT}.bin", precision.name())
}
