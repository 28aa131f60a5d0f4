//! Downloads that are installed only when their checksum is right.
use crate::file::{hash, sync_folder};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use winback_core::digest::Digest;

/// What a download may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// The most bytes accepted.
    pub max_bytes: u64,
    /// How long to wait for a connection, and between two pieces of the answer.
    pub wait: Duration,
    /// Whether plain http may leave this machine; off unless a person turned it on.
    pub plain_http: bool,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { max_bytes: 4 * 1024 * 1024 * 1024, wait: Duration::from_secs(30), plain_http: false }
    }
}

/// Why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address cannot be used.
    #[error("{url}: {why}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong and what to do.
        why: &'static str,
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
    /// The server answered with a refusal.
    #[error("{url}: the server answered {status}; check the address in the configuration")]
    Status {
        /// The address.
        url: String,
        /// The answer, such as `404 Not Found`.
        status: String,
    },
    /// More bytes than the limit.
    #[error("{url}: the file is larger than the limit of {limit} bytes; nothing was installed")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The content is another than expected.
    #[error("{url}: the checksum is wrong, so nothing was installed: expected sha256 {expected}, found {found}")]
    Checksum {
        /// The address.
        url: String,
        /// The hash that was asked for.
        expected: Digest,
        /// The hash of what came.
        found: Digest,
    },
    /// The file cannot be written.
    #[error("{file}: the download cannot be written; free some space or choose another folder")]
    Write {
        /// The file's name.
        file: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Downloads a file, goes on with an earlier attempt where there is one, and installs it at
/// `target` only when its SHA-256 is the expected one. `progress` hears the bytes so far and
/// the total where the server tells it. Returns the length in bytes.
pub async fn fetch(
    url: &str,
    expected: &Digest,
    target: &Path,
    limits: &FetchLimits,
    mut progress: impl FnMut(u64, Option<u64>) + Send,
) -> Result<u64, FetchError> {
    let address = check_address(url, limits.plain_http)?;
    let client = client(limits.wait, limits.plain_http, 5).map_err(|source| FetchError::Network { url: url.to_owned(), source })?;
    let download = Download { url, target, partial: partial_path(target, expected), limit: limits.max_bytes };
    download.receive(&client, address, &mut progress).await?;
    download.install(expected)
}

/// Returns the address if it may be used: https, or http to this machine or where allowed.
pub(crate) fn check_address(url: &str, plain_http: bool) -> Result<Url, FetchError> {
    let wrong = |why| FetchError::Address { url: url.to_owned(), why };
    let address = Url::parse(url).map_err(|_| wrong("this is no web address; expected one that begins with https://"))?;
    match address.scheme() {
        "https" => Ok(address),
        "http" if plain_http || is_loopback(&address) => Ok(address),
        "http" => Err(wrong("plain http can be read and changed on its way; use https, or allow plain http in the configuration")),
        _ => Err(wrong("expected an address that begins with https://")),
    }
}

pub(crate) fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Returns a client with the ring cryptography, time-outs, and redirects that never fall back to plain http.
pub(crate) fn client(wait: Duration, plain_http: bool, redirects: usize) -> reqwest::Result<Client> {
    // Fails only when a provider is already installed, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let policy = redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > redirects {
            return attempt.error("too many redirects");
        }
        match leads(attempt.previous().first(), attempt.url(), plain_http) {
            Ok(()) => attempt.follow(),
            Err(why) => attempt.error(why),
        }
    });
    let agent = concat!("winback/", env!("CARGO_PKG_VERSION"));
    Client::builder().connect_timeout(wait).read_timeout(wait).redirect(policy).user_agent(agent).build()
}

/// Says why a redirect is not followed: to plain http, or from elsewhere to what only this machine can reach.
fn leads(from: Option<&Url>, to: &Url, plain_http: bool) -> Result<(), &'static str> {
    let from_here = from.is_some_and(is_loopback);
    match to.scheme() {
        _ if is_loopback(to) && !from_here => Err("the redirect leads to this machine"),
        "https" => Ok(()),
        _ if plain_http || is_loopback(to) => Ok(()),
        _ => Err("the redirect leads to plain http"),
    }
}

/// The unfinished download is named after the hash too, so that it is never continued with another file.
fn partial_path(target: &Path, expected: &Digest) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", expected.short()));
    target.with_file_name(name)
}

struct Download<'a> {
    url: &'a str,
    target: &'a Path,
    partial: PathBuf,
    limit: u64,
}

impl Download<'_> {
    async fn receive(&self, client: &Client, address: Url, progress: &mut (impl FnMut(u64, Option<u64>) + Send)) -> Result<(), FetchError> {
        let have = fs::metadata(&self.partial).map_or(0, |metadata| metadata.len());
        let mut request = client.get(address);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let mut response = request.send().await.map_err(|source| self.network(source))?;
        // The whole file is there already; the checksum decides.
        if have > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(());
        }
        if !response.status().is_success() {
            return Err(FetchError::Status { url: self.url.to_owned(), status: response.status().to_string() });
        }
        let resumed = response.status() == StatusCode::PARTIAL_CONTENT && starts_at(&response, have);
        let mut done = if resumed { have } else { 0 };
        let total = response.content_length().map(|rest| done + rest);
        if total.is_some_and(|total| total > self.limit) {
            return Err(self.too_large());
        }
        let mut file = self.open(resumed).await.map_err(|source| self.unwritten(source))?;
        while let Some(piece) = response.chunk().await.map_err(|source| self.network(source))? {
            done += piece.len() as u64;
            if done > self.limit {
                return Err(self.too_large());
            }
            file.write_all(&piece).await.map_err(|source| self.unwritten(source))?;
            // Kept on disk piece by piece, so that an interrupted download can go on from here.
            file.flush().await.map_err(|source| self.unwritten(source))?;
            progress(done, total);
        }
        file.sync_all().await.map_err(|source| self.unwritten(source))
    }

    async fn open(&self, resumed: bool) -> io::Result<tokio::fs::File> {
        let mut options = tokio::fs::OpenOptions::new();
        options.create(true);
        if resumed {
            options.append(true)
        } else {
            options.write(true).truncate(true)
        };
        options.open(&self.partial).await
    }

    fn install(&self, expected: &Digest) -> Result<u64, FetchError> {
        let hashed = fs::File::open(&self.partial).and_then(|mut file| hash(&mut file));
        let (found, bytes) = hashed.map_err(|source| self.unwritten(source))?;
        if !found.0.eq_ignore_ascii_case(&expected.0) {
            fs::remove_file(&self.partial).map_err(|source| self.unwritten(source))?;
            return Err(FetchError::Checksum { url: self.url.to_owned(), expected: expected.clone(), found });
        }
        let installed = fs::rename(&self.partial, self.target).and_then(|()| sync_folder(self.target));
        installed.map(|()| bytes).map_err(|source| self.unwritten(source))
    }

    fn network(&self, source: reqwest::Error) -> FetchError {
        FetchError::Network { url: self.url.to_owned(), source: source.without_url() }
    }

    fn unwritten(&self, source: io::Error) -> FetchError {
        FetchError::Write { file: self.target.display().to_string(), source }
    }

    fn too_large(&self) -> FetchError {
        // Best effort: the error told is the one that matters.
        let _ = fs::remove_file(&self.partial);
        FetchError::TooLarge { url: self.url.to_owned(), limit: self.limit }
    }
}

pub(crate) fn starts_at(response: &Response, have: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_to_this_machine_only_from_this_machine() {
        let check = |from: &str, to: &str, plain_http: bool, expected: Result<(), &'static str>| {
            let from = Url::parse(from).unwrap();
            assert_eq!(leads(Some(&from), &Url::parse(to).unwrap(), plain_http), expected, "{from} to {to}");
        };
        let (here, plain) = (Err("the redirect leads to this machine"), Err("the redirect leads to plain http"));
        check("https://hub.example/a", "https://cdn.example/a", false, Ok(()));
        check("https://hub.example/a", "http://cdn.example/a", false, plain);
        check("https://hub.example/a", "http://cdn.example/a", true, Ok(()));
        check("https://hub.example/a", "http://127.0.0.1:8080/admin", false, here);
        check("https://hub.example/a", "https://localhost/admin", false, here);
        check("https://hub.example/a", "http://[::1]/admin", true, here);
        check("http://127.0.0.1:1/a", "http://127.0.0.1:2/a", false, Ok(()));
        check("http://localhost/a", "https://hub.example/a", false, Ok(()));
    }
}
