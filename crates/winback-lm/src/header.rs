//! The header of a safetensors file: eight bytes of length, then JSON that names each tensor with its number format,
//! its shape and where its bytes lie (<https://github.com/huggingface/safetensors#format>).
//!
//! The format's rules are all checked, because the file may come from anybody: the tensors lie one behind another
//! without gap or overlap, each is as long as its shape says, and together they fill the file.
use crate::fields::{FieldError, Fields};
use crate::file::{FileError, parse_json};
use crate::json::Json;
use safetensors::Dtype;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The longest header read, in bytes; Qwen3-32B has about 100 kB.
pub const MOST_HEADER_BYTES: u64 = 16 << 20;

/// Where a tensor lies and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number format, as the file names it.
    pub dtype: Dtype,
    /// The sizes of its dimensions.
    pub shape: Vec<usize>,
    /// Its bytes, counted from the end of the header.
    pub bytes: Range<u64>,
}

/// Why a header was refused.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The file is of another kind.
    #[error("{} is {kind}; Winback reads safetensors only", path.display())]
    AnotherKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The file is shorter than it says.
    #[error("{} is cut off: {has} bytes are there, {needs} are needed; copy it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How long it is.
        has: u64,
        /// How long it must be.
        needs: u64,
    },
    /// The header is longer than any real one.
    #[error("{} says that its header has {bytes} bytes; no model's has more than {MOST_HEADER_BYTES}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What it says.
        bytes: u64,
    },
    /// The header is no JSON.
    #[error("the header of a safetensors file is damaged")]
    Damaged(#[from] FileError),
    /// A field of the header is absent or wrong.
    #[error("the header of a safetensors file is wrong")]
    Field(#[from] FieldError),
    /// Something is wrong with one tensor.
    #[error("{}: tensor {tensor} {problem}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There are bytes that belong to no tensor.
    #[error("{} has {bytes} bytes behind its last tensor that belong to none; copy it again", path.display())]
    Excess {
        /// The file.
        path: PathBuf,
        /// How many.
        bytes: u64,
    },
}

/// Returns how long the header is, from the first eight bytes of a file of `length` bytes.
pub(crate) fn header_length(first: &[u8], length: u64, path: &Path) -> Result<u64, HeaderError> {
    let bytes = first.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    // What another kind of file begins with is no length that could be; and a length may begin like one.
    match bytes {
        Some(bytes) if bytes <= MOST_HEADER_BYTES && bytes + 8 <= length => Ok(bytes),
        _ => Err(match (another_kind(first), bytes) {
            (Some(kind), _) => HeaderError::AnotherKind { path: path.to_owned(), kind },
            (None, Some(bytes)) if bytes > MOST_HEADER_BYTES => HeaderError::TooLong { path: path.to_owned(), bytes },
            (None, bytes) => HeaderError::Truncated { path: path.to_owned(), has: length, needs: 8 + bytes.unwrap_or(0) },
        }),
    }
}

/// Returns what a file is that begins so, where it is no safetensors file but something often found in its place.
fn another_kind(first: &[u8]) -> Option<&'static str> {
    let pickle = "a Python pickle, which can run code when it is opened";
    match first {
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=5, ..] => Some(pickle),
        [b'G', b'G', b'U', b'F', ..] => Some("a GGUF file"),
        [b'v', b'e', b'r', b's', b'i', b'o', b'n', ..] => Some("a Git LFS pointer without its content (`git lfs pull` fetches it)"),
        [b'<', b'!' | b'h', ..] => Some("a web page"),
        _ => None,
    }
}

/// Reads the JSON of a header before `data` bytes of tensors.
pub fn parse_header(json: &str, data: u64, path: &Path) -> Result<BTreeMap<String, Entry>, HeaderError> {
    let json = parse_json(json, path)?;
    Fields::new(path, &json)?;
    let Json::Map(map) = &json else { return Ok(BTreeMap::new()) };
    let mut entries = BTreeMap::new();
    for (name, value) in map.iter().filter(|(name, _)| name != "__metadata__") {
        let bad = |problem: String| HeaderError::Tensor { path: path.to_owned(), tensor: name.clone(), problem };
        if entries.insert(name.clone(), entry(value).map_err(bad)?).is_some() {
            return Err(bad("is named twice".to_owned()));
        }
    }
    one_behind_another(&entries, data, path)?;
    Ok(entries)
}

fn entry(value: &Json) -> Result<Entry, String> {
    let whole = |value: &Json| match value {
        Json::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    let wholes = |field: &str| match value.get(field) {
        Some(Json::List(items)) => {
            items.iter().map(whole).collect::<Option<Vec<u64>>>().ok_or(format!("has a {field} that is no list of sizes"))
        }
        _ => Err(format!("has no {field}")),
    };
    let Some(Json::Text(dtype)) = value.get("dtype") else { return Err("has no dtype".to_owned()) };
    let known: StrDeserializer<'_, serde_json::Error> = dtype.as_str().into_deserializer();
    let dtype = Dtype::deserialize(known).map_err(|_| format!("has the unknown dtype {:?}", dtype.chars().take(20).collect::<String>()))?;
    let sizes = wholes("shape")?;
    let [begin, end] = wholes("data_offsets")?[..] else { return Err("has data_offsets that are not two".to_owned()) };
    let bits = sizes.iter().try_fold(dtype.bitsize() as u64, |bits, size| bits.checked_mul(*size));
    let shape: Option<Vec<usize>> = sizes.iter().map(|size| usize::try_from(*size).ok()).collect();
    let (Some(bits), Some(shape)) = (bits, shape) else { return Err(format!("has the shape {sizes:?}, which no file can hold")) };
    if end.checked_sub(begin) != Some(bits.div_ceil(8)) {
        return Err(format!("has the shape {sizes:?} of {dtype:?}, {} bytes, but lies at bytes {begin} to {end}", bits.div_ceil(8)));
    }
    Ok(Entry { dtype, shape, bytes: begin..end })
}

fn one_behind_another(entries: &BTreeMap<String, Entry>, data: u64, path: &Path) -> Result<(), HeaderError> {
    let mut order: Vec<(&String, &Entry)> = entries.iter().collect();
    order.sort_by_key(|(_, entry)| (entry.bytes.start, entry.bytes.end));
    let (mut reached, mut before) = (0, "the header");
    for (name, entry) in order {
        let how = match entry.bytes.start.cmp(&reached) {
            std::cmp::Ordering::Less => "overlaps",
            std::cmp::Ordering::Greater => "leaves a gap after",
            std::cmp::Ordering::Equal => {
                (reached, before) = (entry.bytes.end, name);
                continue;
            }
        };
        let problem = format!("{how} {before}: it begins at byte {}, not at {reached}", entry.bytes.start);
        return Err(HeaderError::Tensor { path: path.to_owned(), tensor: name.clone(), problem });
    }
    match data.cmp(&reached) {
        std::cmp::Ordering::Less => Err(HeaderError::Truncated { path: path.to_owned(), has: data, needs: reached }),
        std::cmp::Ordering::Greater => Err(HeaderError::Excess { path: path.to_owned(), bytes: data - reached }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}
