//! A folder of mails, one file for each customer and language.
use super::{Dispatch, Letterhead, Pushed};
use crate::eml::Letter;
use crate::file::WriteError;
use crate::folder::NewFolder;
use std::path::Path;
use winback_core::brief::unsubscribe_url;
use winback_core::digest::Digest;
use winback_core::message::{Channel, Content, Email};

/// The file that says what a folder holds, and by which one that may be replaced is known.
const ABOUT: &str = "export.json";
/// How many mails one folder holds; file managers show more only slowly.
const FOLDER_MAILS: u64 = 1_000;
/// How much of an id a file name shows.
const NAME_CHARS: usize = 40;

/// Returns whether a folder is an earlier export, or empty: only such a folder may be replaced.
pub fn holds_drafts(folder: &Path) -> bool {
    folder.join(ABOUT).is_file() || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// The folder on its way.
pub(super) struct Drafts {
    folder: NewFolder,
    spread: bool,
    count: u64,
}

impl Drafts {
    pub fn create(path: &Path, head: &Letterhead<'_>) -> Result<Self, WriteError> {
        Ok(Self { folder: NewFolder::create(path)?, spread: head.customers > FOLDER_MAILS, count: 0 })
    }

    pub fn push(&mut self, head: &Letterhead<'_>, dispatch: &Dispatch<'_>) -> Result<Pushed, WriteError> {
        let Some(Content::Email(mail)) = dispatch.content(Channel::Email) else {
            return Ok(Pushed::Refused("there is no mail".into()));
        };
        match eml(head, dispatch, mail) {
            Err(unfit) => Ok(Pushed::Refused(unfit.to_string())),
            Ok(eml) => {
                self.count += 1;
                self.folder.write(&self.name(dispatch), &eml)?;
                Ok(Pushed::Written)
            }
        }
    }

    /// The number before the id keeps the order of the export, and keeps apart ids that differ only in what a file name
    /// cannot show; no name can be one that Windows reserves.
    fn name(&self, dispatch: &Dispatch<'_>) -> String {
        let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
        let id: String = dispatch.customer.id.as_str().chars().take(NAME_CHARS).map(plain).collect();
        let name = format!("{:07}-{id}-{}.eml", self.count, dispatch.locale);
        let folder = (self.count - 1) / FOLDER_MAILS + 1;
        if self.spread { format!("{folder:04}/{name}") } else { name }
    }

    pub fn finish(self, head: &Letterhead<'_>) -> Result<(), WriteError> {
        let about = serde_json::json!({
            "made_by": "winback export --format eml",
            "run": head.run,
            "source": head.source,
            "at": head.at.to_string(),
            "mails": self.count,
        });
        self.folder.write(ABOUT, format!("{about:#}\n").as_bytes())?;
        self.folder.commit()
    }
}

fn eml(head: &Letterhead<'_>, dispatch: &Dispatch<'_>, mail: &Email) -> Result<Vec<u8>, crate::eml::Unfit> {
    let (run, id) = (head.run.0.to_string(), dispatch.customer.id.as_str());
    let same = [head.source, &run, id, dispatch.locale.tag(), Channel::Email.tag()];
    let unsubscribe = unsubscribe_url(head.company, &dispatch.customer.id);
    let letter = Letter {
        mail,
        locale: dispatch.locale,
        from: head.sender.map(|address| (head.company.name.get(dispatch.locale).as_str(), address)),
        to: dispatch.recipient.email.as_ref().ok().and_then(Option::as_ref),
        date: head.at,
        id: &Digest::of_parts(same.map(str::as_bytes)),
        id_domain: head.sender.map_or_else(|| host(&head.company.unsubscribe_url), |address| address.domain()),
        unsubscribe_url: unsubscribe.as_deref(),
    };
    letter.to_eml()
}

/// Returns the host of an address; without one, the name that is reserved for none (RFC 2606).
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or("", |(_, after)| after);
    let host = after.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if plain { host } else { "winback.invalid" }
}
