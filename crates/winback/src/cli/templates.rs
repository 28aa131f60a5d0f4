//! `winback templates`
mod preview;

use crate::cli::Place;
use crate::exit::{Exit, OrExit, stop};
use crate::report;
use crate::wordings::Wordings;
use crate::workbench::load_settings;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_core::locale::Locale;
use winback_core::template::{TemplateError, Templates};

/// Check the message templates, or try them on a customer
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Name everything that is wrong with the templates, each with its file and line
    Lint {
        /// Check these files as if they stood in templates/ [default: the folder's own]
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show what one customer would be written, and which wording each part comes from; nothing is stored
    Preview(preview::Args),
}

/// Checks or shows.
pub async fn run(at: &Place, action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Lint { files } => lint(at, files),
        Action::Preview(args) => preview::run(at, args).await,
    }
}

fn lint(at: &Place, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let company = load_settings(&at.home)?.company;
    let mut wordings = Wordings::of(&at.home)?;
    let mut named = Vec::new();
    for path in files {
        if !path.exists() {
            return Err(stop(Exit::Usage, format!("cannot read {}: no such file", path.display()), "check the path"));
        }
        let name = template_name(&at.home, path)?;
        wordings.faults.retain(|fault| fault.file != name);
        let unread = || format!("cannot read {}", path.display());
        wordings.add(&name, path).map_err(|error| anyhow::Error::new(error).context(unread())).or_hint(Exit::Usage, "check the path")?;
        named.push(name);
    }
    let own = wordings.files.len();
    let (templates, mut faults) = match wordings.compile(&company) {
        Ok(templates) => (Some(templates), Vec::new()),
        Err(faults) => (None, faults),
    };
    if !named.is_empty() {
        faults.retain(|fault| named.contains(&fault.file));
    }
    report::print(at.json, &json(templates.as_ref(), &faults), || text(templates.as_ref(), &faults, own))?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Exit::BadConfig as u8) })
}

/// Returns under which name a file would stand in the folder's templates/.
fn template_name(home: &Path, path: &Path) -> anyhow::Result<String> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let full = whole(path);
    if let Ok(inside) = full.strip_prefix(whole(&home.join("templates"))) {
        return Ok(inside.to_string_lossy().replace('\\', "/"));
    }
    let parts: Vec<String> = full.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let known = |name: &String| name.starts_with("segments/") || Templates::built_in_files().any(|(known, _)| known == name);
    let name = (1..=2)
        .filter_map(|count| parts.len().checked_sub(count))
        .filter_map(|from| parts.get(from..))
        .map(|tail| tail.join("/"))
        .find(known);
    let what = || format!("{} could be any template", path.display());
    name.ok_or_else(|| {
        stop(Exit::Usage, what(), "name it as it would stand in templates/: en/email.jinja, segments/VIP.jinja, brand.jinja")
    })
}

fn json(templates: Option<&Templates>, faults: &[TemplateError]) -> serde_json::Value {
    let wordings = templates.map(|templates| Locale::ALL.map(|locale| (locale.tag(), templates.wordings(locale))));
    let one = |fault: &TemplateError| serde_json::json!({ "file": format!("templates/{}", fault.file), "line": fault.line, "problem": fault.problem.to_string() });
    serde_json::json!({
        "wordings": wordings.map(|counts| counts.into_iter().collect::<std::collections::BTreeMap<_, _>>()),
        "segments": templates.map(Templates::segments),
        "problems": faults.iter().map(one).collect::<Vec<_>>(),
    })
}

fn text(templates: Option<&Templates>, faults: &[TemplateError], own: usize) -> String {
    let Some(templates) = templates.filter(|_| faults.is_empty()) else {
        let told = if faults.is_empty() {
            vec!["The files named are in order; others of the folder are not: winback templates lint.".to_owned()]
        } else {
            lines(faults)
        };
        return told.join("\n");
    };
    let counts = Locale::ALL.map(|locale| format!("{} in {locale}", templates.wordings(locale))).join(", ");
    let segments = templates.segments().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let files = if own == 1 { "1 file of this folder".to_owned() } else { format!("{own} files of this folder") };
    format!("The message templates are in order: {counts} wordings checked, {files}.\nSegments with a voice of their own: {segments}.")
}

fn lines(faults: &[TemplateError]) -> Vec<String> {
    let count = faults.len();
    let sum = format!("{count} {} to correct.", if count == 1 { "thing" } else { "things" });
    faults.iter().map(|fault| format!("templates/{fault}")).chain([sum]).collect()
}
