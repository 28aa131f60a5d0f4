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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::{Endpoint, Manifest};
    use proptest::prelude::*;

    const ANSWER: &str = r#"{"sha":"0123456789012345678901234567890123456789","siblings":[{"rfilename":"config.json","size":5,"blobId":"0123456789012345678901234567890123456789"},{"rfilename":"tokenizer.json","size":2,"blobId":"0123456789012345678901234567890123456789"},{"rfilename":"model.safetensors","size":18446744073709551615,"blobId":"0","lfs":{"sha256":"ab","size":7}}]}"#;
    const SHEET: &str = r#"{"format":1,"repository":"a/b","endpoint":"https://x","revision":"main","commit":"0123456789012345678901234567890123456789","files":[{"name":"config.json","bytes":5,"sha256":"ab"}]}"#;
    const MAP: &str = r#"{"metadata":{"total_size":16},"weight_map":{"x":"model-00001-of-00002.safetensors","y":"../z"}}"#;

    /// Returns a text with some of its parts cut, doubled or replaced.
    fn mangled(text: &'static str) -> impl Strategy<Value = String> {
        let evil = prop_oneof![Just("null"), Just("-1"), Just("1e308"), Just("[[[["), Just("\"\\u0000\""), Just("{}"), Just(":"), Just("")];
        prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, evil), 0..4).prop_map(move |changes| {
            let mut letters: Vec<char> = text.chars().collect();
            for (at, length, evil) in changes {
                let start = at.index(letters.len() + 1);
                letters.splice(start..(start + length).min(letters.len()), evil.chars()).for_each(drop);
            }
            letters.into_iter().collect()
        })
    }

    fn read_all(text: &str) {
        let repository = Repository::parse("a/b").unwrap();
        let _ = Listing::read("u", text.as_bytes(), &repository);
        let listing = Listing { commit: String::new(), files: Vec::new() };
        let _ = check_index(text.as_bytes(), &listing, &repository);
        let _ = check_config(text.as_bytes(), &repository);
        let _ = Endpoint::parse(Some(text));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(crate::hub::manifest::MANIFEST), text).unwrap();
        let _ = Manifest::read(folder.path()).map(|manifest| manifest.map(|manifest| manifest.glance(folder.path())));
    }

    proptest! {
        /// Whatever a server, a folder or an environment says is read or refused, never a panic.
        #[test]
        fn no_text_ends_a_reader(
            text in prop_oneof![any::<String>(), mangled(ANSWER), mangled(SHEET), mangled(MAP), mangled("https://me:secret@[::1]:99999/a?x#y")],
        ) {
            read_all(&text);
        }
    }
}
