//! Reads the message templates of a folder: every file, each fault named, none read that is too large.
use crate::exit::{Exit, OrExit, stop};
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;
use winback_core::locale::Locale;
use winback_core::message::Company;
use winback_core::template::{MAX_FILE_BYTES, TemplateError, TemplateProblem, Templates, decode};

/// How deep the folder is read; the known files stand in it or one folder below.
const DEPTH: usize = 3;

/// The texts of a folder's own templates, and what could not be read.
#[derive(Debug, Default)]
pub struct Wordings {
    /// The texts by their name below the folder.
    pub files: BTreeMap<String, String>,
    /// The files that are no text, or too large.
    pub faults: Vec<TemplateError>,
}

impl Wordings {
    /// Returns the folder's own templates; nothing where there is no folder.
    pub fn of(home: &Path) -> anyhow::Result<Self> {
        let mut found = Self::default();
        let folder = home.join("templates");
        if folder.exists() {
            let unread = || format!("check that {} can be read", folder.display());
            found.add_folder(&folder, "", DEPTH).or_hint(Exit::BadConfig, unread())?;
        }
        Ok(found)
    }

    fn add_folder(&mut self, folder: &Path, below: &str, depth: usize) -> io::Result<()> {
        let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Hidden files and the copies that editors leave are nobody's templates.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let (path, name) = (entry.path(), format!("{below}{name}"));
            match path.is_dir() {
                true if name.ends_with(".jinja") => {
                    self.faults.push(TemplateError { file: name, line: 1, problem: TemplateProblem::Folder });
                }
                true if depth > 0 => self.add_folder(&path, &format!("{name}/"), depth - 1)?,
                true => {}
                false => self.add(&name, &path)?,
            }
        }
        Ok(())
    }

    /// Adds one file under its name below the folder, in place of one that is there.
    pub fn add(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let size = std::fs::metadata(path)?.len();
        if size > MAX_FILE_BYTES as u64 {
            let problem = TemplateProblem::TooLarge(size);
            self.faults.push(TemplateError { file: name.to_owned(), line: 1, problem });
            return Ok(());
        }
        // A file may grow, and a device has no size: never more than the limit and one byte is read.
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        match decode(name, bytes) {
            Ok(text) => drop(self.files.insert(name.to_owned(), text)),
            Err(fault) => self.faults.push(fault),
        }
        Ok(())
    }

    /// Returns the templates, or everything wrong with any file, in the order of files and lines. What a wording
    /// promises beyond the facts stands in a phrase the company approved.
    pub fn compile(mut self, company: &Company) -> Result<Templates, Vec<TemplateError>> {
        let phrases = company.approved.iter().flat_map(|approved| Locale::ALL.map(|locale| approved.phrase.get(locale).as_str()));
        let approved: Vec<&str> = phrases.collect();
        let compiled = Templates::from_files(&self.files).and_then(|templates| {
            let unapproved = templates.unapproved(&approved);
            if unapproved.is_empty() { Ok(templates) } else { Err(unapproved) }
        });
        if self.faults.is_empty() {
            return compiled;
        }
        // A file that cannot be read was left out, so what is said of its place is not about it.
        let others =
            compiled.err().unwrap_or_default().into_iter().filter(|error| self.faults.iter().all(|fault| fault.file != error.file));
        let others: Vec<TemplateError> = others.collect();
        self.faults.extend(others);
        self.faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Err(self.faults)
    }
}

/// Returns the built-in templates with the folder's own in their place.
pub fn load(home: &Path, company: &Company) -> anyhow::Result<Templates> {
    Wordings::of(home)?.compile(company).map_err(|errors| {
        let lines = errors.iter().map(|error| format!("templates/{error}")).collect::<Vec<_>>().join("\n");
        stop(Exit::BadConfig, lines, "correct the lines; winback templates lint checks them again, docs/adding.md explains a wording")
    })
}
