//! Where models come from, and the token that only this place gets to see.
use super::error::HubError;
use super::name::{Repository, Revision};
use crate::http::is_loopback;
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;

/// The Hub where nothing else is named.
const HUGGING_FACE: &str = "https://huggingface.co";
/// The longest token file read.
const MOST_TOKEN_BYTES: u64 = 4096;

/// The address of a Hub or of a mirror of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Returns the endpoint of a text, `None` and an empty one meaning Hugging Face itself.
    ///
    /// # Errors
    /// Says what is wrong without repeating the text, which may hold a password.
    pub fn parse(text: Option<&str>) -> Result<Self, HubError> {
        let text = text.map(|text| text.trim().trim_end_matches('/')).filter(|text| !text.is_empty()).unwrap_or(HUGGING_FACE);
        let wrong = |why| Err(HubError::Endpoint { why });
        let Ok(address) = Url::parse(text) else {
            return wrong("expected an address that begins with https://");
        };
        if !address.username().is_empty() || address.password().is_some() {
            return wrong("it holds a user name or a password, which would be seen in reports; use HF_TOKEN");
        }
        if address.query().is_some() || address.fragment().is_some() {
            return wrong("it may not hold '?' or '#'");
        }
        match address.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(&address) => Ok(Self(text.to_owned())),
            "http" => wrong("plain http can be read and changed on its way; use https"),
            _ => wrong("expected an address that begins with https://"),
        }
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address of what is known about a revision and its files.
    pub(super) fn listing(&self, repository: &Repository, revision: &Revision) -> String {
        format!("{}/api/models/{repository}/revision/{}?blobs=true", self.0, revision.in_address())
    }

    /// Returns the address of a file at a commit.
    pub(super) fn file(&self, repository: &Repository, commit: &str, name: &str) -> String {
        format!("{}/{repository}/resolve/{commit}/{name}", self.0)
    }

    /// Returns the page where people see the model.
    pub(super) fn page(&self, repository: &Repository) -> String {
        format!("{}/{repository}", self.0)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token of the Hub. It can be sent, and nothing shows it.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// Returns the token of the environment: `HF_TOKEN`, else the file that `HF_TOKEN_PATH` names; `None` without either.
    ///
    /// # Errors
    /// Names the variable or the file, never its content.
    pub fn find(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, HubError> {
        if let Some(text) = variable("HF_TOKEN").filter(|text| !text.trim().is_empty()) {
            return Self::parse("HF_TOKEN", &text).map(Some);
        }
        let Some(file) = variable("HF_TOKEN_PATH").filter(|file| !file.is_empty()) else {
            return Ok(None);
        };
        let origin = format!("the file {file} (HF_TOKEN_PATH)");
        let wrong = |why: String| HubError::Token { origin: origin.clone(), why };
        let bytes = std::fs::metadata(&file).map_err(|error| wrong(error.to_string()))?.len();
        if bytes > MOST_TOKEN_BYTES {
            return Err(wrong(format!("it has {bytes} bytes; expected one line, such as hf_...")));
        }
        let text = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&origin, &text).map(Some)
    }

    fn parse(origin: &str, text: &str) -> Result<Self, HubError> {
        let wrong = || HubError::Token {
            origin: origin.to_owned(),
            why: "expected one word of letters, digits and signs, such as hf_...".to_owned(),
        };
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong());
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| wrong())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Returns the header to send; whoever prints it sees `Sensitive`.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
