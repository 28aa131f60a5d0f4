//! Webhooks: a signed JSON post that is tried again while the receiver is busy.
use crate::http::{FetchError, check_address, client};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use sha2::Sha256;
use std::time::Duration;
use winback_core::digest::{Digest, hex};

/// How often and how long a post is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most attempts, the first included.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause, whatever the receiver asks for.
    pub longest_pause: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whether plain http may leave this machine.
    pub plain_http: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { attempts: 5, first_pause: seconds(1), longest_pause: seconds(60), timeout: seconds(20), plain_http: false }
    }
}

/// A post that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The status of the answer.
    pub status: u16,
    /// How many attempts it took.
    pub attempts: u32,
}

/// Why a post was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address cannot be used.
    #[error("the webhook address cannot be used")]
    Address(#[source] FetchError),
    /// The receiver refused it; trying again would not help.
    #[error("{url}: the receiver refused the message with {status}; check the address, the secret and what it accepts")]
    Refused {
        /// The address.
        url: String,
        /// The answer.
        status: String,
    },
    /// The receiver stayed busy.
    #[error(
        "{url}: the receiver still answered {status} after {attempts} attempts; try again later, the same key keeps it from counting twice"
    )]
    Busy {
        /// The address.
        url: String,
        /// The last answer.
        status: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The receiver could not be reached.
    #[error("{url}: the receiver could not be reached in {attempts} attempts; check the address and the network")]
    Unreachable {
        /// The address.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// What happened last.
        #[source]
        source: reqwest::Error,
    },
}

/// Returns the value of the header `X-Winback-Signature`: HMAC-SHA256 of the body (RFC 2104) in hex.
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    // HMAC takes keys of every length, so the error cannot occur; an empty text would match no receiver.
    Hmac::<Sha256>::new_from_slice(secret).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            format!("sha256={}", hex(&mac.finalize().into_bytes()))
        },
    )
}

/// Posts a JSON body, its fields by key, signed, with an `Idempotency-Key` made of the body, so that a receiver counts a
/// repeated message once. Tries again after 429, 5xx and lost connections.
pub async fn post_json(url: &str, secret: &[u8], body: &serde_json::Value, policy: &RetryPolicy) -> Result<Accepted, WebhookError> {
    let address = check_address(url, policy.plain_http).map_err(WebhookError::Address)?;
    let unreachable =
        |attempts, source: reqwest::Error| WebhookError::Unreachable { url: url.to_owned(), attempts, source: source.without_url() };
    let client = client(policy.timeout, policy.plain_http, 0).map_err(|source| unreachable(0, source))?;
    let mut by_key = body.clone();
    by_key.sort_all_objects();
    let bytes = by_key.to_string().into_bytes();
    let (signed, key) = (signature(secret, &bytes), Digest::of(&bytes).0);
    let mut attempt = 1;
    loop {
        let last = attempt >= policy.attempts;
        let request = client.post(address.clone()).timeout(policy.timeout).header(CONTENT_TYPE, "application/json");
        let request = request.header("X-Winback-Signature", &signed).header("Idempotency-Key", &key).body(bytes.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(Accepted { status: answer.status().as_u16(), attempts: attempt }),
            Ok(answer) if !is_busy(answer.status()) => return Err(refused(url, &answer)),
            Ok(answer) if last => {
                return Err(WebhookError::Busy { url: url.to_owned(), status: answer.status().to_string(), attempts: attempt });
            }
            Ok(answer) => tokio::time::sleep(pause(policy, attempt, retry_after(&answer))).await,
            Err(error) if last => return Err(unreachable(attempt, error)),
            Err(_) => tokio::time::sleep(pause(policy, attempt, None)).await,
        }
        attempt += 1;
    }
}

fn refused(url: &str, answer: &Response) -> WebhookError {
    WebhookError::Refused { url: url.to_owned(), status: answer.status().to_string() }
}

fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Returns the seconds the receiver asks for; the form as a date is not in use among webhook receivers.
pub(crate) fn retry_after(answer: &Response) -> Option<Duration> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn pause(policy: &RetryPolicy, attempt: u32, asked: Option<Duration>) -> Duration {
    let doubled = policy.first_pause.saturating_mul(2_u32.saturating_pow(attempt - 1));
    asked.unwrap_or(doubled).min(policy.longest_pause)
}
