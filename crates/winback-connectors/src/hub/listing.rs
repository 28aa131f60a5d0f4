//! What a revision holds, and which of it a dense Qwen3 needs.
use super::error::HubError;
use super::name::{Repository, is_commit, is_hex, is_plain_file};
use serde::Deserialize;
use std::collections::BTreeSet;
use winback_core::digest::Digest;

/// The settings of a model; looked at before anything large is downloaded.
pub(super) const CONFIG: &str = "config.json";
/// Which shard holds which weights.
pub(super) const INDEX: &str = "model.safetensors.index.json";
/// What a model cannot be run without, besides weights.
const NEEDED: [&str; 2] = [CONFIG, "tokenizer.json"];
/// What is taken where it is there, in the order of the download.
const WANTED: [&str; 6] = [CONFIG, INDEX, "generation_config.json", "tokenizer_config.json", "chat_template.jinja", "tokenizer.json"];
/// The endings of weights that are Python pickles.
const PICKLES: [&str; 6] = [".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"];

/// How a file's content is told apart from any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    /// SHA-256 of the content: large files, kept with Git LFS or Xet.
    Sha256(Digest),
    /// SHA-1 of Git's blob (`blob`, length, NUL, content): small files.
    GitBlob(String),
}

impl Checksum {
    /// Returns its digits.
    pub fn digits(&self) -> &str {
        match self {
            Self::Sha256(digest) => &digest.0,
            Self::GitBlob(digits) => digits,
        }
    }

    /// Returns it as a person reads it.
    pub fn told(&self) -> String {
        match self {
            Self::Sha256(digest) => format!("sha256 {digest}"),
            Self::GitBlob(digits) => format!("git blob {digits}"),
        }
    }
}

/// A file as the server announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    /// Its name; no folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its checksum.
    pub checksum: Checksum,
}

/// The files of a model at one commit, settings first, weights last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The commit that the revision stands for.
    pub commit: String,
    /// What is to be downloaded.
    pub files: Vec<Announced>,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

impl Listing {
    /// Reads the answer of the server and chooses what a dense Qwen3 needs.
    pub fn read(url: &str, body: &[u8], repository: &Repository) -> Result<Self, HubError> {
        let wrong = |why: String| HubError::Listing { url: url.to_owned(), why };
        let answer: Answer = serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))?;
        if !is_commit(&answer.sha) {
            return Err(wrong("its commit is not 40 hexadecimal digits".to_owned()));
        }
        let mut names = BTreeSet::new();
        for sibling in &answer.siblings {
            let name = &sibling.rfilename;
            let leads_out = name.contains('\\') || name.split('/').any(|part| part.is_empty() || part == "." || part == "..");
            if leads_out || (is_wanted(name) && !is_plain_file(name)) || !names.insert(name.as_str()) {
                return Err(wrong(format!("the file name {name:?} is not a plain one, or stands there twice")));
            }
        }
        check_whole(&names, repository)?;
        let wanted = answer.siblings.iter().filter(|sibling| is_wanted(&sibling.rfilename));
        let mut files = wanted.map(|sibling| announced(sibling).map_err(&wrong)).collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(|file| (WANTED.iter().position(|name| *name == file.name).unwrap_or(WANTED.len()), file.name.clone()));
        if files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.bytes)).is_none() {
            return Err(wrong("its lengths add up to more than a disk can hold".to_owned()));
        }
        Ok(Self { commit: answer.sha, files })
    }
}

/// Returns whether a dense Qwen3 needs a file; those in folders are other forms of the same model.
fn is_wanted(name: &str) -> bool {
    WANTED.contains(&name) || is_weights(name)
}

/// Returns whether a file holds weights that can be read without running code.
pub(super) fn is_weights(name: &str) -> bool {
    name.ends_with(".safetensors") && !name.contains('/')
}

/// Returns whether the engine would read a file of that name.
pub(super) fn is_read(name: &str) -> bool {
    is_wanted(name)
}

fn check_whole(names: &BTreeSet<&str>, repository: &Repository) -> Result<(), HubError> {
    let lacks = |lacks: &str| Err(HubError::Lacks { repository: repository.clone(), lacks: lacks.to_owned() });
    if !names.iter().any(|name| is_weights(name)) {
        let pickle = PICKLES.iter().find_map(|ending| names.iter().find(|name| name.ends_with(ending)));
        return match pickle {
            Some(file) => Err(HubError::OnlyPickles { repository: repository.clone(), file: (*file).to_owned() }),
            None => lacks("file of weights (*.safetensors)"),
        };
    }
    match NEEDED.iter().find(|needed| !names.contains(**needed)) {
        Some(needed) => lacks(needed),
        None => Ok(()),
    }
}

fn announced(sibling: &Sibling) -> Result<Announced, String> {
    let name = &sibling.rfilename;
    let bytes = sibling.size.ok_or_else(|| format!("it tells no length of {name}"))?;
    let checksum = match (&sibling.lfs, &sibling.blob) {
        (Some(lfs), _) if is_hex(&lfs.sha256, 64) => Checksum::Sha256(Digest(lfs.sha256.clone())),
        (None, Some(blob)) if is_hex(blob, 40) => Checksum::GitBlob(blob.clone()),
        _ => return Err(format!("it tells no checksum of {name}")),
    };
    Ok(Announced { name: name.clone(), bytes, checksum })
}

/// Checks that the settings are those of a dense Qwen3, before anything large is downloaded.
pub(super) fn check_config(text: &[u8], repository: &Repository) -> Result<(), HubError> {
    let other = |found: String| Err(HubError::OtherModel { repository: repository.clone(), found });
    let Ok(config) = serde_json::from_slice::<serde_json::Value>(text) else {
        return other("a model whose config.json is no JSON".to_owned());
    };
    match config["model_type"].as_str() {
        Some("qwen3") if config["quantization_config"].is_object() => other("a model of quantised weights".to_owned()),
        Some("qwen3") => Ok(()),
        Some(found) => other(format!("a model of the architecture {found:?}")),
        None => other("a model whose config.json names no architecture (model_type)".to_owned()),
    }
}

/// Checks that every shard the index names is announced.
pub(super) fn check_index(text: &[u8], listing: &Listing, repository: &Repository) -> Result<(), HubError> {
    let lacks = |lacks: String| Err(HubError::Lacks { repository: repository.clone(), lacks });
    let index: Option<serde_json::Value> = serde_json::from_slice(text).ok();
    let Some(map) = index.as_ref().and_then(|index| index["weight_map"].as_object()) else {
        return lacks(format!("weight_map in its {INDEX}"));
    };
    let absent = map.values().find(|shard| !listing.files.iter().any(|file| Some(file.name.as_str()) == shard.as_str()));
    match absent {
        Some(shard) => lacks(format!("shard {shard} that its {INDEX} names")),
        None => Ok(()),
    }
}
