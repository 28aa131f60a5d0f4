//! Why a model was not pulled. No text here ever holds the token.
use super::name::{NameError, Repository, Revision};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use winback_core::digest::Digest;

/// Why a model was not pulled, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A name cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The endpoint cannot be used. Its text is not repeated: it may hold a password.
    #[error("the address in HF_ENDPOINT cannot be used: {why}")]
    Endpoint {
        /// What is wrong and what is expected.
        why: &'static str,
    },
    /// The token cannot be used.
    #[error("the token in {origin} cannot be used: {why}")]
    Token {
        /// Where it comes from.
        origin: String,
        /// What is wrong and what is expected.
        why: String,
    },
    /// The server cannot be reached, or the answer broke off.
    #[error("{url}: the download did not complete; run the command again, it goes on where it stopped")]
    Network {
        /// The address.
        url: String,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// The server has too much to do.
    #[error("{url}: the server is busy ({status}); {}", busy_advice(*after))]
    Busy {
        /// The address.
        url: String,
        /// The answer.
        status: String,
        /// How long the server asks to wait.
        after: Option<Duration>,
    },
    /// The server lets nobody in without leave.
    #[error("{repository} is not open to everyone ({status}): {}", denied_advice(*token, page))]
    Denied {
        /// The model.
        repository: Repository,
        /// The answer.
        status: String,
        /// Whether a token was sent.
        token: bool,
        /// Where leave is given.
        page: String,
    },
    /// There is no such model.
    #[error("{endpoint} has no model {repository}, or none at the revision {revision}; look for the spelling at {endpoint}/models")]
    UnknownRepository {
        /// The endpoint.
        endpoint: String,
        /// The model.
        repository: Repository,
        /// The revision.
        revision: Revision,
    },
    /// There is no such revision.
    #[error("{repository} has no revision {revision}; name a branch, a tag, or a commit of 40 digits listed at {page}")]
    UnknownRevision {
        /// The model.
        repository: Repository,
        /// The revision.
        revision: Revision,
        /// Where commits are listed.
        page: String,
    },
    /// The server refused for another reason.
    #[error("{url}: the server answered {status}; check HF_ENDPOINT")]
    Status {
        /// The address.
        url: String,
        /// The answer.
        status: String,
    },
    /// The list of files is not what it must be.
    #[error("{url}: the list of files cannot be used: {why}; check HF_ENDPOINT")]
    Listing {
        /// The address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// There are only weights that can run code.
    #[error(
        "{repository} holds weights only as Python pickles ({file}), which can run code when they are opened; choose a model with safetensors files"
    )]
    OnlyPickles {
        /// The model.
        repository: Repository,
        /// One of them.
        file: String,
    },
    /// A file that a model needs is not there.
    #[error("{repository} has no {lacks}, which a dense Qwen3 needs; choose another model, such as Qwen/Qwen3-0.6B")]
    Lacks {
        /// The model.
        repository: Repository,
        /// What is not there.
        lacks: String,
    },
    /// It is a model that Winback does not run; nothing large was downloaded.
    #[error("{repository} is {found}; Winback runs dense Qwen3 models, such as Qwen/Qwen3-0.6B")]
    OtherModel {
        /// The model.
        repository: Repository,
        /// What it is.
        found: String,
    },
    /// The disk is too small.
    #[error(
        "the download takes {needed_bytes} bytes and {} has {free_bytes} free; make room for {} more, or name another disk with --to", folder.display(), needed_bytes.saturating_sub(*free_bytes)
    )]
    Space {
        /// Where it should go.
        folder: PathBuf,
        /// What is still to be downloaded.
        needed_bytes: u64,
        /// What there is.
        free_bytes: u64,
    },
    /// The folder holds something else.
    #[error("{} {why}; move it away, or name another folder with --to", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        why: String,
    },
    /// Another pull is at work.
    #[error("{}: another pull is at work on this folder; wait until it is done", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Fewer bytes than announced.
    #[error("{url}: the file ended after {found} of {expected} bytes; run the command again, it goes on where it stopped")]
    Short {
        /// The address.
        url: String,
        /// The announced length.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// More bytes than announced.
    #[error("{url}: the file is longer than the {expected} bytes announced, so nothing of it was kept; check HF_ENDPOINT")]
    Long {
        /// The address.
        url: String,
        /// The announced length.
        expected: u64,
    },
    /// The content is another than announced.
    #[error(
        "{url}: the checksum is wrong, so nothing of it was kept: expected {expected}, found {found}; run the command again, and where it stays so, check HF_ENDPOINT"
    )]
    Checksum {
        /// The address.
        url: String,
        /// The announced checksum.
        expected: String,
        /// The checksum of what came.
        found: Digest,
    },
    /// A file cannot be written or read.
    #[error("{}: it cannot be written or read; check the folder's rights and the disk", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl HubError {
    /// Returns whether the same request may well succeed a little later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Network { source, .. } => !(source.is_redirect() || source.is_builder()),
            Self::Busy { .. } | Self::Short { .. } => true,
            _ => false,
        }
    }
}

fn busy_advice(after: Option<Duration>) -> String {
    match after {
        Some(after) => format!("it asks to wait {} s: run the command again then, it goes on where it stopped", after.as_secs()),
        None => "run the command again later, it goes on where it stopped".to_owned(),
    }
}

fn denied_advice(token: bool, page: &str) -> String {
    match token {
        true => format!("the account of your token may not read it, or it does not exist; ask for access at {page}, and check the token"),
        false => format!("it is gated or private, or does not exist; ask for access at {page}, then set HF_TOKEN or HF_TOKEN_PATH"),
    }
}
