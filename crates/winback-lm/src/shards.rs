//! The weights of a model directory: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
//!
//! Tensors are *read*, not mapped: what the model keeps is a copy, so nobody can change it afterwards, and a file that
//! somebody cuts short while it is open is an error and not the end of the process, which it would be for a mapped
//! one (SIGBUS). Length and time of change of each file are taken when it is opened and compared when all is read.
use crate::file::{FileError, open_file, parse_json, read_text};
use crate::header::{Entry, HeaderError, header_length, parse_header};
use crate::json::Json;
use crate::tensor::{Format, Numbers, Tensor};
use safetensors::Dtype;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use winback_core::digest::{Digest, hex};

/// The longest index read, in bytes.
const MOST_INDEX_BYTES: u64 = 64 << 20;
/// How many bytes are read at once; a multiple of every number's length.
const PIECE_BYTES: usize = 1 << 20;

/// Why weights were refused.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A safetensors file breaks the rules of its format.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// There are no weights.
    #[error("{} holds neither model.safetensors nor model.safetensors.index.json", path.display())]
    NoWeights {
        /// The directory.
        path: PathBuf,
    },
    /// There are only weights that can run code.
    #[error("{} holds weights only as a Python pickle ({file}), which can run code when it is opened; take the safetensors files", path.display())]
    OnlyPickle {
        /// The directory.
        path: PathBuf,
        /// The pickle.
        file: String,
    },
    /// The index is not what it must be.
    #[error("{}: {problem}", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A shard is absent.
    #[error("{} is absent, but the index names it for {tensor}; copy all shards", path.display())]
    MissingShard {
        /// The shard.
        path: PathBuf,
        /// A tensor that should be in it.
        tensor: String,
    },
    /// A tensor is absent.
    #[error("{} has no tensor {tensor}", path.display())]
    MissingTensor {
        /// The file, or the directory.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor is there that no dense Qwen3 has.
    #[error("{} has the tensor {tensor}, which this model has no place for", path.display())]
    UnexpectedTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor is not what it must be.
    #[error("{}: tensor {tensor} is {found} and must be {expected}", path.display())]
    WrongTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A tensor holds a number that is none.
    #[error("{}: tensor {tensor} holds NaN or infinity; the file is damaged or its training failed", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// A tensor does not fit into memory.
    #[error("{}: tensor {tensor} takes {bytes} bytes, and this machine has no memory left for them", path.display())]
    NoMemory {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What it takes.
        bytes: usize,
    },
    /// A file is another than when it was opened.
    #[error("{} changed while it was read; load the model again when the copy is done", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// One safetensors file, open.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    file: Mutex<File>,
    data_start: u64,
    length: u64,
    changed: Option<SystemTime>,
    entries: BTreeMap<String, Entry>,
    header: Digest,
}

/// What tells one state of a file from another without reading it. Length and time of change alone do not: a copy may
/// keep both. The file system's own note of the last change (`changed`) is nobody's to set.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// The file's name in its directory.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// The hash of its header: which tensors there are and where.
    pub header: Digest,
    /// When its content was last written, as the file says: seconds since 1970 and nanoseconds.
    pub modified: Option<(u64, u32)>,
    /// When it was last changed, as the file system notes it, and its number there; `None` where it notes neither.
    pub changed: Option<(i64, i64, u64)>,
}

/// The weights of a directory, open, none of them read yet.
#[derive(Debug)]
pub struct Shards {
    dir: PathBuf,
    shards: Vec<Shard>,
    /// The shard of each tensor.
    of: BTreeMap<String, usize>,
}

impl Shards {
    /// Opens the weights of a model directory.
    pub fn open(dir: &Path) -> Result<Self, WeightsError> {
        let (single, index) = (dir.join("model.safetensors"), dir.join("model.safetensors.index.json"));
        if single.exists() {
            return Self::open_file(&single);
        }
        if !index.exists() {
            let pickle = ["pytorch_model.bin", "pytorch_model.bin.index.json", "model.pth", "consolidated.00.pth"];
            let pickle = pickle.into_iter().find(|name| dir.join(name).exists());
            let path = dir.to_owned();
            return Err(
                pickle.map_or(WeightsError::NoWeights { path: path.clone() }, |file| WeightsError::OnlyPickle { path, file: file.into() })
            );
        }
        Self::open_index(dir, &index)
    }

    /// Opens one safetensors file.
    pub fn open_file(path: &Path) -> Result<Self, WeightsError> {
        let shard = Shard::open(path)?;
        let of = shard.entries.keys().map(|name| (name.clone(), 0)).collect();
        Ok(Self { dir: path.to_owned(), shards: vec![shard], of })
    }

    fn open_index(dir: &Path, index: &Path) -> Result<Self, WeightsError> {
        let map = parse_index(&read_text(index, MOST_INDEX_BYTES)?, index)?;
        let mut shards = Vec::new();
        for name in map.values().collect::<BTreeSet<_>>() {
            let path = dir.join(name);
            if !path.exists() {
                let tensor = map.iter().find(|(_, file)| *file == name).map(|(tensor, _)| tensor.clone()).unwrap_or_default();
                return Err(WeightsError::MissingShard { path, tensor });
            }
            let shard = Shard::open(&path)?;
            if let Some(tensor) = shard.entries.keys().find(|tensor| map.get(*tensor) != Some(name)) {
                let problem = format!("it does not say that the tensor {tensor} is in {name}");
                return Err(WeightsError::Index { path: index.to_owned(), problem });
            }
            shards.push(shard);
        }
        let mut of = BTreeMap::new();
        for (tensor, file) in map {
            let at = shards.iter().position(|shard| shard.path.ends_with(&file) && shard.entries.contains_key(&tensor));
            let path = || dir.join(&file);
            of.insert(tensor.clone(), at.ok_or_else(|| WeightsError::MissingTensor { path: path(), tensor })?);
        }
        Ok(Self { dir: dir.to_owned(), shards, of })
    }

    /// Returns the names of all tensors, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.of.keys().map(String::as_str)
    }

    /// Returns the sizes of a tensor, if it is there.
    pub fn shape(&self, tensor: &str) -> Option<&[usize]> {
        let shard = &self.shards[*self.of.get(tensor)?];
        shard.entries.get(tensor).map(|entry| entry.shape.as_slice())
    }

    /// Returns the file a tensor is in, or the directory.
    pub fn path_of(&self, tensor: &str) -> &Path {
        self.of.get(tensor).map_or(&self.dir, |at| &self.shards[*at].path)
    }

    /// Reads a tensor that must have this shape, with the hash of its name, format, shape and bytes.
    pub fn read(&self, tensor: &str, shape: &[usize]) -> Result<(Tensor, Digest), WeightsError> {
        let missing = || WeightsError::MissingTensor { path: self.dir.clone(), tensor: tensor.to_owned() };
        let shard = &self.shards[*self.of.get(tensor).ok_or_else(missing)?];
        let entry = shard.entries.get(tensor).ok_or_else(missing)?;
        let wrong = |found: String, expected: String| WeightsError::WrongTensor {
            path: shard.path.clone(),
            tensor: tensor.to_owned(),
            found,
            expected,
        };
        let format = format_of(entry.dtype).ok_or_else(|| wrong(format!("{:?}", entry.dtype), "BF16, F16 or F32".to_owned()))?;
        if entry.shape != shape {
            return Err(wrong(format!("of shape {:?}", entry.shape), format!("of shape {shape:?}")));
        }
        let (numbers, content) = shard.read(tensor, entry, format)?;
        let (rows, columns) = if let [rows, columns] = shape { (*rows, *columns) } else { (1, shape.iter().product()) };
        let read = Tensor::new(rows, columns, numbers).ok_or_else(|| WeightsError::Changed { path: shard.path.clone() })?;
        let shape = format!("{shape:?}");
        Ok((read, Digest::of_parts([tensor.as_bytes(), format.name().as_bytes(), shape.as_bytes(), content.as_bytes()])))
    }

    /// Returns the number format of a tensor, if it is there and has one of those that are read.
    pub fn format(&self, tensor: &str) -> Option<Format> {
        format_of(self.shards[*self.of.get(tensor)?].entries.get(tensor)?.dtype)
    }

    /// Returns how many bytes all tensors have together.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().flat_map(|shard| shard.entries.values()).map(|entry| entry.bytes.end - entry.bytes.start).sum()
    }

    /// Returns what tells each file from another state of it, in the order of the names.
    pub fn identities(&self) -> Result<Vec<Identity>, WeightsError> {
        self.shards.iter().map(Shard::identity).collect()
    }

    /// Refuses the weights if a file is another than when it was opened. Called when all is read.
    pub fn unchanged(&self) -> Result<(), WeightsError> {
        match self.shards.iter().find(|shard| !shard.is_unchanged()) {
            Some(shard) => Err(WeightsError::Changed { path: shard.path.clone() }),
            None => Ok(()),
        }
    }
}

fn format_of(dtype: Dtype) -> Option<Format> {
    match dtype {
        Dtype::F32 => Some(Format::F32),
        Dtype::BF16 => Some(Format::Bf16),
        Dtype::F16 => Some(Format::F16),
        _ => None,
    }
}

impl Shard {
    fn open(path: &Path) -> Result<Self, WeightsError> {
        let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
        let mut file = open_file(path)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mut first = Vec::new();
        (&mut file).take(8).read_to_end(&mut first).map_err(unreadable)?;
        let header = header_length(&first, metadata.len(), path)?;
        let mut json = vec![0; header as usize];
        file.read_exact(&mut json).map_err(unreadable)?;
        let digest = Digest::of(&json);
        let json = String::from_utf8(json)
            .map_err(|error| FileError::NotText { path: path.to_owned(), at: error.utf8_error().valid_up_to() + 8 })?;
        let entries = parse_header(&json, metadata.len() - 8 - header, path)?;
        let (length, changed) = (metadata.len(), metadata.modified().ok());
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), data_start: 8 + header, length, changed, entries, header: digest })
    }

    fn identity(&self) -> Result<Identity, WeightsError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = file.metadata().map_err(|source| FileError::Unreadable { path: self.path.clone(), source })?;
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
        Ok(Identity {
            name: self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            length: self.length,
            header: self.header.clone(),
            modified: self.changed.and_then(since).map(|since| (since.as_secs(), since.subsec_nanos())),
            changed: noted_change(&metadata),
        })
    }

    fn read(&self, tensor: &str, entry: &Entry, format: Format) -> Result<(Numbers, String), WeightsError> {
        // The length was checked against the file's, but a file may have holes: then it is longer than what it takes.
        let bytes = (entry.bytes.end - entry.bytes.start) as usize;
        let no_memory = || WeightsError::NoMemory { path: self.path.clone(), tensor: tensor.to_owned(), bytes };
        let mut numbers = Numbers::with_capacity(format, bytes / format.bytes()).ok_or_else(no_memory)?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES.min(bytes)];
        let mut done = 0;
        while done < bytes {
            let piece = &mut piece[..PIECE_BYTES.min(bytes - done)];
            self.read_at(self.data_start + entry.bytes.start + done as u64, piece)?;
            hasher.update(&*piece);
            if !numbers.extend_from_bytes(piece) {
                return Err(WeightsError::NotFinite { path: self.path.clone(), tensor: tensor.to_owned() });
            }
            done += piece.len();
        }
        Ok((numbers, hex(&hasher.finalize())))
    }

    fn read_at(&self, at: u64, piece: &mut [u8]) -> Result<(), WeightsError> {
        // A lock that somebody panicked under guards nothing but the position, which is set anew.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(piece)).map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => WeightsError::Changed { path: self.path.clone() },
            _ => FileError::Unreadable { path: self.path.clone(), source }.into(),
        })
    }

    fn is_unchanged(&self) -> bool {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.metadata().is_ok_and(|metadata| metadata.len() == self.length && metadata.modified().ok() == self.changed)
    }
}

#[cfg(unix)]
fn noted_change(metadata: &std::fs::Metadata) -> Option<(i64, i64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.ctime(), metadata.ctime_nsec(), metadata.ino()))
}

#[cfg(not(unix))]
fn noted_change(_: &std::fs::Metadata) -> Option<(i64, i64, u64)> {
    None
}

/// Returns the file of each tensor, by the text of an index.
pub fn parse_index(text: &str, path: &Path) -> Result<BTreeMap<String, String>, WeightsError> {
    let bad = |problem: String| WeightsError::Index { path: path.to_owned(), problem };
    let json = parse_json(text, path)?;
    let Some(Json::Map(map)) = json.get("weight_map") else { return Err(bad("it has no weight_map".to_owned())) };
    if map.is_empty() {
        return Err(bad("its weight_map names no tensor".to_owned()));
    }
    let mut files = BTreeMap::new();
    for (tensor, file) in map {
        let plain = |file: &str| file.ends_with(".safetensors") && !file.contains(['/', '\\', ':', '\0']) && !file.starts_with('.');
        match file {
            Json::Text(file) if plain(file) => {
                if files.insert(tensor.clone(), file.clone()).is_some() {
                    return Err(bad(format!("it names the tensor {tensor} twice")));
                }
            }
            other => return Err(bad(format!("{tensor} lies in {other}, which is no name of a safetensors file in this directory"))),
        }
    }
    Ok(files)
}
