//! Requests to a Hub: who may see the token, when to try again, what a refusal means.
use super::endpoint::{Endpoint, Token};
use super::error::HubError;
use super::listing::Listing;
use super::name::{Repository, Revision, is_commit};
use crate::http::client;
use crate::webhook::retry_after;
use reqwest::header::{AUTHORIZATION, RANGE};
use reqwest::{Client, Response, StatusCode, Url};
use std::time::Duration;

/// The longest list of files read.
const MOST_LISTING_BYTES: usize = 16 << 20;
/// How many redirects are followed; the Hub itself needs two.
const MOST_REDIRECTS: usize = 5;

/// How often and how long a busy or broken connection is borne.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The most attempts in a row that bring nothing.
    pub attempts: u32,
    /// The pause after the first; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause. A server that asks for more is told as busy.
    pub longest_pause: Duration,
    /// How long to wait for a connection, and between two pieces of an answer.
    pub wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { attempts: 5, first_pause: seconds(1), longest_pause: seconds(60), wait: seconds(30) }
    }
}

impl Patience {
    /// Returns how long to pause after so many failures in a row, `None` when that error is final.
    pub(super) fn pause(&self, failures: u32, error: &HubError) -> Option<Duration> {
        if !error.may_pass() || failures >= self.attempts {
            return None;
        }
        match error {
            HubError::Busy { after: Some(asked), .. } => Some(*asked).filter(|asked| *asked <= self.longest_pause),
            _ => Some(self.first_pause.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(self.longest_pause)),
        }
    }
}

/// A Hub that can be asked.
#[derive(Debug)]
pub struct Hub {
    pub(super) endpoint: Endpoint,
    pub(super) patience: Patience,
    token: Option<Token>,
    client: Client,
}

impl Hub {
    /// Returns a Hub at an endpoint. The token goes to that endpoint only: a redirect to another host or port loses it.
    ///
    /// # Errors
    /// Where the system's certificates or proxies cannot be read.
    pub fn new(endpoint: Endpoint, token: Option<Token>, patience: Patience) -> Result<Self, HubError> {
        let client = client(patience.wait, false, MOST_REDIRECTS).map_err(|source| network(endpoint.as_str(), source))?;
        Ok(Self { endpoint, patience, token, client })
    }

    /// Returns the endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks which files a revision holds.
    pub(super) async fn listing(&self, repository: &Repository, revision: &Revision) -> Result<Listing, HubError> {
        let url = self.endpoint.listing(repository, revision);
        let mut failures = 0;
        let body = loop {
            let error = match self.body(&url, repository, revision).await {
                Ok(body) => break body,
                Err(error) => error,
            };
            failures += 1;
            match self.patience.pause(failures, &error) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        };
        let listing = Listing::read(&url, &body, repository)?;
        if is_commit(revision.as_str()) && revision.as_str() != listing.commit {
            return Err(HubError::Listing { url, why: format!("it tells of the commit {} instead", listing.commit) });
        }
        Ok(listing)
    }

    async fn body(&self, url: &str, repository: &Repository, revision: &Revision) -> Result<Vec<u8>, HubError> {
        let mut response = self.get(url, 0, repository, revision).await?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|source| network(url, source))? {
            body.extend_from_slice(&piece);
            if body.len() > MOST_LISTING_BYTES {
                return Err(HubError::Listing { url: url.to_owned(), why: format!("it is longer than {MOST_LISTING_BYTES} bytes") });
            }
        }
        Ok(body)
    }

    /// Sends one request of this endpoint, from a byte on; returns an answer that is a success, or says that there is no
    /// such byte.
    pub(super) async fn get(&self, url: &str, from: u64, repository: &Repository, revision: &Revision) -> Result<Response, HubError> {
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.header());
        }
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = request.send().await.map_err(|source| network(url, source))?;
        let status = response.status();
        match status.is_success() || (from > 0 && status == StatusCode::RANGE_NOT_SATISFIABLE) {
            true => Ok(response),
            false => Err(self.refusal(url, &response, repository, revision)),
        }
    }

    /// Returns what an answer means that is no success. What the server says in words is left unread.
    fn refusal(&self, url: &str, response: &Response, repository: &Repository, revision: &Revision) -> HubError {
        let code = response.headers().get("x-error-code").and_then(|code| code.to_str().ok()).unwrap_or_default();
        let status = response.status();
        let (told, url, repository, revision) = (status.to_string(), url.to_owned(), repository.clone(), revision.clone());
        let page = self.endpoint.page(&repository);
        match status {
            StatusCode::TOO_MANY_REQUESTS => HubError::Busy { url, status: told, after: retry_after(response) },
            _ if status.is_server_error() => HubError::Busy { url, status: told, after: retry_after(response) },
            // Elsewhere, after a redirect, it is not the Hub that refuses.
            _ if !self.is_ours(response.url()) => {
                HubError::Status { url, status: format!("{told} at {}", response.url().host_str().unwrap_or_default()) }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                HubError::Denied { repository, status: told, token: self.token.is_some(), page }
            }
            StatusCode::NOT_FOUND if code == "RevisionNotFound" => {
                HubError::UnknownRevision { repository, revision, page: format!("{page}/commits/main") }
            }
            StatusCode::NOT_FOUND => HubError::UnknownRepository { endpoint: self.endpoint.to_string(), repository, revision },
            _ => HubError::Status { url, status: told },
        }
    }

    fn is_ours(&self, address: &Url) -> bool {
        Url::parse(self.endpoint.as_str()).is_ok_and(|own| own.origin() == address.origin())
    }
}

/// Returns a broken connection as an error; the address that failed may hold a signature, so it is not shown.
pub(super) fn network(url: &str, source: reqwest::Error) -> HubError {
    HubError::Network { url: url.to_owned(), source: source.without_url() }
}
