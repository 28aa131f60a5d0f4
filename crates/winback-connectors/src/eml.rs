//! Mails as files that a mail program opens as drafts (RFC 5322, RFC 2045 to 2049).
//!
//! Every header is encoded here: a value of the company or of a customer can neither
//! end its line nor be read as encoded words that it only looks like.
use crate::mail_address::MailAddress;
use jiff::{Timestamp, tz::TimeZone};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers};
use lettre::message::{Body, MultiPart, MultiPartKind, SinglePart};
use winback_core::digest::Digest;
use winback_core::locale::Locale;
use winback_core::message::Email;

/// The longest value that is written without a line break, in bytes; with its name it stays under the 998 of RFC 5322.
const MAX_UNBROKEN_BYTES: usize = 900;

/// A mail and everything its headers say.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Subject and bodies.
    pub mail: &'a Email,
    /// The language of both.
    pub locale: Locale,
    /// Who writes: the name, and the address where the configuration gives one.
    pub from: Option<(&'a str, &'a MailAddress)>,
    /// Who is written to; a draft without it is still to be addressed.
    pub to: Option<&'a MailAddress>,
    /// The moment in the header `Date`.
    pub date: Timestamp,
    /// What makes this mail the same mail when it is exported again: the left part of its `Message-ID`.
    pub id: &'a Digest,
    /// The right part of its `Message-ID`.
    pub id_domain: &'a str,
    /// The address under which the customer unsubscribes.
    pub unsubscribe_url: Option<&'a str>,
}

/// Why a mail cannot be written as a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A line break or another control character in a header.
    #[error("the {header} holds a control character (U+{code:04X}), which would end or garble the header; remove it")]
    Control {
        /// `subject`, `company name`, `unsubscribe address`.
        header: &'static str,
        /// The character.
        code: u32,
    },
    /// An address too long for a header line.
    #[error(
        "the unsubscribe address is longer than {MAX_UNBROKEN_BYTES} bytes, more than a header line may hold; shorten it in winback.toml"
    )]
    TooLong,
}

impl Letter<'_> {
    /// Returns the mail as the bytes of an `.eml` file. The same letter gives the same bytes.
    ///
    /// # Errors
    /// When a header cannot hold what it is to say.
    pub fn to_eml(&self) -> Result<Vec<u8>, Unfit> {
        let boundary = Digest::of_parts([self.id.0.as_bytes(), self.mail.text.as_bytes(), self.mail.html.as_bytes()]);
        let body = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("winback-{}", boundary.0.get(..40).unwrap_or_default()))
            .singlepart(part(ContentType::TEXT_PLAIN, &self.mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &self.mail.html));
        let mut eml = self.headers()?.to_string().into_bytes();
        eml.extend_from_slice(&body.formatted());
        Ok(eml)
    }

    fn headers(&self) -> Result<Headers, Unfit> {
        let mut headers = Headers::new();
        let mut put = |name, value: String| {
            // The value is ASCII and folded: made here, or checked by its type.
            headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), String::new(), value));
        };
        if let Some((name, address)) = self.from {
            put("From", format!("{}\r\n <{address}>", encoded("From", checked("company name", name)?)));
        }
        if let Some(to) = self.to {
            put("To", format!("<{to}>"));
        }
        put("Subject", encoded("Subject", checked("subject", &self.mail.subject)?));
        put("Date", self.date.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
        put("Message-ID", format!("<{}@{}>", self.id.0.get(..40).unwrap_or_default(), self.id_domain));
        if let Some(url) = self.unsubscribe_url.filter(|url| url.starts_with("https://")) {
            put("List-Unsubscribe", format!("<{}>", header_url(url)?));
            put("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into());
        }
        put("Content-Language", self.locale.tag().into());
        put("X-Unsent", "1".into());
        put("MIME-Version", "1.0".into());
        Ok(headers)
    }
}

/// Returns a body in quoted-printable, or in base64 where most of it would be escaped. Neither leaves a long line, a
/// lone dot or a line that begins with `From ` to what carries the mail.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let escaped = text.bytes().filter(|byte| !byte.is_ascii()).count();
    let encoding = if escaped * 6 > text.len() { ContentTransferEncoding::Base64 } else { ContentTransferEncoding::QuotedPrintable };
    // Both encodings take every text.
    let body = Body::new_with_encoding(text.to_owned(), encoding)
        .unwrap_or_else(|bytes| Body::dangerous_pre_encoded(bytes, ContentTransferEncoding::Binary));
    SinglePart::builder().header(kind).header(encoding).body(body)
}

fn checked<'a>(header: &'static str, text: &'a str) -> Result<&'a str, Unfit> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(Unfit::Control { header, code: c.into() }),
        None => Ok(text),
    }
}

fn header_url(url: &str) -> Result<&str, Unfit> {
    let wrong = url.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '<' | '>'));
    match wrong {
        Some(c) => Err(Unfit::Control { header: "unsubscribe address", code: c.into() }),
        None if url.len() > MAX_UNBROKEN_BYTES => Err(Unfit::TooLong),
        None => Ok(url),
    }
}

/// Returns a text as a header may hold it: as it is where it is short and plain, else as encoded words (RFC 2047, the
/// encoding B) of at most 75 characters, one a line.
fn encoded(header: &str, text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == ' ' || (header == "Subject" && c.is_ascii_punctuation());
    let simple = text.chars().all(plain) && !text.contains("=?") && text.trim() == text && !text.contains("  ");
    if simple && !text.is_empty() && text.len() <= 60 {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // 45 bytes are 60 characters of base64; with `=?utf-8?b?` and `?=` that makes 72.
        let (word, after) = rest.split_at(rest.floor_char_boundary(45));
        words.push(format!("=?utf-8?b?{}?=", base64(word.as_bytes())));
        rest = after;
    }
    words.join("\r\n ")
}

/// Returns bytes in base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_the_rfc_shows_it() {
        for (text, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xFB, 0xFF]), "+/8=");
    }

    #[test]
    fn what_is_plain_stays_readable_and_nothing_else_does() {
        let check = |text: &str, plain: bool| assert_eq!(encoded("Subject", text) == text, plain, "{text:?}");
        check("20% off for 6 months, Julia", true);
        check("", true);
        check("=?utf-8?q?Bcc?=", false);
        check(" a", false);
        check("a  b", false);
        check("您好", false);
        check(&"x".repeat(61), false);
        assert_ne!(encoded("From", "Harbor, Inc."), "Harbor, Inc.");
        assert!(encoded("Subject", &"𠮷".repeat(500)).lines().all(|line| line.len() <= 75));
    }
}
