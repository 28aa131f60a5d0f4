//! `manifest.json`: what a version was made from, and how well it does.
use super::error::ShelfError;
use super::folder::read_small;
use crate::adapter::MANIFEST;
use crate::finetune::Recipe;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use winback_core::digest::Digest;
use winback_core::segment::SegmentId;

/// The form of manifests that is written.
pub const MANIFEST_FORMAT: u32 = 1;
/// The files that a version cannot be without.
const NEEDED: [&str; 2] = ["adapter_config.json", "adapter_model.safetensors"];

/// What a version was made from, and how well it does. Nothing in it depends on when it was made, unless a person says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this manifest.
    pub format: u32,
    /// Whose voice it is.
    pub segment: SegmentId,
    /// From which examples it learned.
    pub kind: Kind,
    /// The hash of the base's weights.
    pub base_sha256: Digest,
    /// The hash of the base's chat template, which the examples were written through.
    pub template_sha256: Digest,
    /// The hash of the base's tokenizer.
    pub tokenizer_sha256: Digest,
    /// The examples.
    pub data: Data,
    /// How it was made to learn.
    pub recipe: Recipe,
    /// How well it does.
    pub metrics: Metrics,
    /// What made it.
    pub versions: Versions,
    /// The identity of the run that made it: [`crate::finetune::Run::identity`] with what its texts were read with.
    pub run: Digest,
    /// The hashes of the other files of the folder, by name.
    pub files: BTreeMap<String, Digest>,
    /// The day it was made, where somebody told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// From which examples an adapter learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// From those of its segment.
    Own,
    /// From those of all segments.
    Shared,
}

/// The examples of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// The hash of the examples, those kept back included.
    pub sha256: Digest,
    /// How many were learned from.
    pub learned_from: usize,
    /// How many were kept back to see how well it goes, none of them nearly like one that was learned from.
    pub kept_back: usize,
    /// How many of [`Self::learned_from`] are of its own segment.
    pub own: usize,
    /// The share that was to be kept back; with the seed of the recipe it decides the split. Absent in manifests of before
    /// it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// The hash of the words of the prompts that were learned from, by language (`zh-TW`), where the examples carry it and it
    /// is the same for all of a language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompt_words: BTreeMap<String, Digest>,
    /// Under what licence they may be used, where somebody told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Where they come from, where somebody told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// How well a version does on the examples kept back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The mean loss of the base, in nats a token.
    pub loss_before: f64,
    /// The mean loss of the version.
    pub loss_after: f64,
    /// The step after which its weights were the best.
    pub best_step: u32,
    /// The steps that were taken.
    pub steps: u32,
}

/// What made a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The version of Winback.
    pub winback: String,
    /// The numbers and instructions that computed it.
    pub numerics: String,
}

impl Manifest {
    /// Reads the manifest of a version's folder.
    ///
    /// # Errors
    /// When the folder is not whole, or the manifest is not what it must be.
    pub fn load(dir: &Path) -> Result<Self, ShelfError> {
        let path = dir.join(MANIFEST);
        let half = |missing: &str| ShelfError::Half { path: dir.to_owned(), missing: missing.to_owned() };
        let text = read_small(&path)?.ok_or_else(|| half(MANIFEST))?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|error| ShelfError::Manifest { path: path.clone(), why: error.to_string() })?;
        if manifest.format != MANIFEST_FORMAT {
            let why = format!("it has the form {}, and this Winback reads {MANIFEST_FORMAT}", manifest.format);
            return Err(ShelfError::Manifest { path, why });
        }
        let named = manifest.files.keys().map(String::as_str);
        if let Some(missing) = NEEDED.into_iter().chain(named).find(|name| !is_plain(name) || !dir.join(name).is_file()) {
            return Err(half(missing));
        }
        if let Some(missing) = NEEDED.into_iter().find(|name| !manifest.files.contains_key(*name)) {
            return Err(ShelfError::Unhashed { path, missing });
        }
        Ok(manifest)
    }

    /// Hashes the files of the folder again.
    ///
    /// # Errors
    /// With the first that is not what was written.
    pub fn verify(&self, dir: &Path) -> Result<(), ShelfError> {
        for (name, hash) in &self.files {
            let path = dir.join(name);
            let bytes = std::fs::read(&path).map_err(|source| ShelfError::Disk { path: path.clone(), what: "read", source })?;
            if Digest::of(&bytes) != *hash {
                return Err(ShelfError::Changed { path });
            }
        }
        Ok(())
    }

    /// Returns the hash of the files that write: what an evaluation is of. Two versions with the same files have the same.
    pub fn adapter_digest(&self) -> Digest {
        let hashes = NEEDED.map(|name| self.files.get(name).map_or("", |hash| &hash.0).as_bytes());
        Digest::of_parts(hashes)
    }

    /// Returns whether the loss of what was kept back fell below the base's: the first sign that it does better, and no
    /// more; [`winback_core::gallery::gate`] decides.
    pub fn has_learned(&self) -> bool {
        self.metrics.loss_after < self.metrics.loss_before
    }

    /// Returns the text of the file.
    pub fn to_text(&self) -> String {
        // Every field is a number, a text or a list of them, and every map has keys of text.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Whether a name is that of a file in the folder itself.
fn is_plain(name: &str) -> bool {
    !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}
