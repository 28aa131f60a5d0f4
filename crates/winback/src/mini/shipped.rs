//! The small model and its adapters as they come with Winback, made by `winback model make-mini` and `winback demo --teach`.
use std::io;
use std::path::Path;
use winback_connectors::folder::NewFolder;
use winback_connectors::hub::{MANIFEST, Manifest};

/// What the model is called, as if it were pulled.
pub const NAME: &str = "winback/mini";
/// How adapters for it learn.
pub const RECIPE: &str = include_str!("../../mini/recipe.toml");

/// A file by its name, below a folder.
type File = (&'static str, &'static [u8]);

macro_rules! files {
    ($above:literal, $folder:literal: $($name:literal),+ $(,)?) => {
        [$(($name, include_bytes!(concat!("../../mini/", $above, $folder, "/", $name)) as &[u8])),+]
    };
}

macro_rules! adapter {
    ($segment:literal) => {
        (
            $segment,
            files!("adapters/", $segment:
                "v1/adapter_config.json", "v1/adapter_model.safetensors", "v1/loss.svg", "v1/manifest.json", "v1/run.json",
                "evaluations/v1.json", "current", "history",
            ),
        )
    };
}

const MODEL: [File; 6] = files!("", "model":
    "generation_config.json", "mini.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json");

const ADAPTERS: [(&str, [File; 8]); 5] = [
    adapter!("Dormant"),
    adapter!("HighValue_Active"),
    adapter!("Need_Reengagement"),
    adapter!("Parent_Active"),
    adapter!("Regular_Active"),
];

/// Returns what each file of the model must be.
pub fn sheet() -> Manifest {
    Manifest::of_shipped(NAME, "winback", env!("CARGO_PKG_VERSION"), &MODEL)
}

/// Puts the model into a folder, in one step, where there is no such folder yet; what is there stays. Returns whether it was
/// put there now.
pub fn unpack(folder: &Path) -> io::Result<bool> {
    // Without hashing anything.
    if folder.exists() {
        return Ok(false);
    }
    let sheet = sheet().to_text();
    put(folder, MODEL.iter().copied().chain([(MANIFEST, sheet.as_bytes())]))
}

/// Puts the adapters into a folder of adapters, each in one step; segments that have a folder there keep what they have.
pub fn unpack_adapters(adapters: &Path) -> io::Result<()> {
    for (segment, files) in ADAPTERS {
        put(&adapters.join(segment), files.into_iter())?;
    }
    Ok(())
}

fn put<'a>(folder: &Path, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> io::Result<bool> {
    if folder.exists() {
        return Ok(false);
    }
    std::fs::create_dir_all(folder.parent().unwrap_or(Path::new(".")))?;
    let whole = NewFolder::create(folder).map_err(io::Error::other)?;
    for (name, bytes) in files {
        whole.write(name, bytes).map_err(io::Error::other)?;
    }
    whole.commit().map_err(io::Error::other)?;
    Ok(true)
}
