//! `winback init`: the first version of every file a company edits.
use super::settings;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// The schemas that can be written, by name.
pub const SCHEMAS: [(&str, &str); 4] = [
    ("telco", include_str!("../../defaults/schema.telco.toml")),
    ("marketing", include_str!("../../defaults/schema.marketing.toml")),
    ("gym", include_str!("../../defaults/schema.gym.toml")),
    ("profiles", super::SCHEMA_PROFILES),
];

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct Init<'a> {
    /// The folder; made when it is not there.
    pub dir: &'a Path,
    /// The name of one of [`SCHEMAS`].
    pub schema: &'a str,
    /// The text of `offers.toml`.
    pub offers: &'a str,
    /// The text of `segments.toml`.
    pub segments: &'a str,
    /// The message templates: a path below `dir` and the text.
    pub templates: &'a [(&'a str, &'a str)],
    /// Whether files that are there are replaced.
    pub force: bool,
}

/// Why nothing more was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// No schema has this name.
    #[error("there is no schema called {name:?}; {}", suggestion(name))]
    UnknownSchema {
        /// The name.
        name: String,
    },
    /// Files are there already.
    #[error("{} is already there and nothing was written; add --force to replace it, or name another folder with --home", list(.0))]
    Exists(Vec<PathBuf>),
    /// A template would stand outside the folder.
    #[error("the template {0:?} would stand outside the folder")]
    Outside(String),
    /// The disk refused.
    #[error("{path} could not be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn suggestion(name: &str) -> String {
    match winback_core::spelling::nearest(name, SCHEMAS.map(|(known, _)| known)) {
        Some(word) => format!("did you mean {word:?}?"),
        None => format!("expected one of {}", SCHEMAS.map(|(known, _)| known).join(", ")),
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Writes the files, each whole or not at all, and returns their paths. Without `force` it
/// looks for files in the way before it writes the first.
pub fn init(order: &Init<'_>) -> Result<Vec<PathBuf>, InitError> {
    let unknown = || InitError::UnknownSchema { name: order.schema.to_owned() };
    let (_, schema) = SCHEMAS.into_iter().find(|(name, _)| *name == order.schema).ok_or_else(unknown)?;
    let mut files = vec![
        ("winback.toml", settings::DEFAULT_TEXT),
        ("schema.toml", schema),
        ("offers.toml", order.offers),
        ("segments.toml", order.segments),
    ];
    files.extend_from_slice(order.templates);
    let outside = |path: &str| !Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if let Some((path, _)) = files.iter().find(|(path, _)| outside(path)) {
        return Err(InitError::Outside((*path).to_owned()));
    }
    let there: Vec<PathBuf> = files.iter().map(|(path, _)| order.dir.join(path)).filter(|path| path.symlink_metadata().is_ok()).collect();
    if !there.is_empty() && !order.force {
        return Err(InitError::Exists(there));
    }
    files.into_iter().map(|(path, text)| write_whole(&order.dir.join(path), text)).collect()
}

/// Writes a file beside its place, then moves it there: a reader sees the old one or the new one, never half.
fn write_whole(path: &Path, text: &str) -> Result<PathBuf, InitError> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let written = fs::File::create(&beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| drop(fs::remove_file(&beside)))
    };
    match write() {
        Ok(()) => Ok(path.to_owned()),
        Err(source) => Err(InitError::Write { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema_file;

    fn order<'a>(dir: &'a Path, templates: &'a [(&'a str, &'a str)]) -> Init<'a> {
        Init { dir, schema: "telco", offers: "# offers\n", segments: "# segments\n", templates, force: false }
    }

    #[test]
    fn a_new_folder_gets_files_that_can_be_read() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("new/company");
        let templates = [("templates/email.en.txt", "Hello\n")];
        let written = init(&order(&dir, &templates)).unwrap();
        let names: Vec<_> = written.iter().map(|path| path.strip_prefix(&dir).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["winback.toml", "schema.toml", "offers.toml", "segments.toml", "templates/email.en.txt"]);
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        assert!(schema_file::parse("schema.toml", &read("schema.toml")).is_ok());
        let settings = settings::Settings::load(Some(("winback.toml", &read("winback.toml"))), |_| None).unwrap();
        assert!(settings.company_is_example());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 5, "nothing half-written stays behind");
    }

    #[test]
    fn what_is_there_is_kept_unless_forced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("schema.toml"), "mine").unwrap();
        let refused = init(&order(dir.path(), &[])).unwrap_err();
        assert!(matches!(&refused, InitError::Exists(paths) if paths.len() == 1), "{refused}");
        assert!(!dir.path().join("winback.toml").exists());
        assert_eq!(fs::read_to_string(dir.path().join("schema.toml")).unwrap(), "mine");
        init(&Init { force: true, ..order(dir.path(), &[]) }).unwrap();
        assert_ne!(fs::read_to_string(dir.path().join("schema.toml")).unwrap(), "mine");
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let check = |order: Init<'_>, expected: &str| assert_eq!(init(&order).unwrap_err().to_string(), expected);
        check(Init { schema: "telko", ..order(dir.path(), &[]) }, "there is no schema called \"telko\"; did you mean \"telco\"?");
        check(
            Init { schema: "bank", ..order(dir.path(), &[]) },
            "there is no schema called \"bank\"; expected one of telco, marketing, gym, profiles",
        );
        check(order(dir.path(), &[("../x", "")]), "the template \"../x\" would stand outside the folder");
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(init(&order(&file, &[])), Err(InitError::Write { .. })));
    }
}
