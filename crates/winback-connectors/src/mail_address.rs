//! Addresses of mailboxes, as mails may name them.
use std::fmt;
use std::str::FromStr as _;

/// An address that every mail server carries: letters, digits and a few marks of ASCII, at a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(lettre::Address);

/// A text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no e-mail address that every mail server carries; expected one such as mei@example.com")]
pub struct NoAddress;

impl MailAddress {
    /// Returns the address, or that the text is none. White space around it does not count.
    ///
    /// # Errors
    /// When the text is no address, or one with a quoted name, letters outside ASCII or a number for a domain.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        let text = text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@".contains(&byte);
        if text.len() > 254 || !text.bytes().all(plain) {
            return Err(NoAddress);
        }
        let address = lettre::Address::from_str(text).map_err(|_| NoAddress)?;
        let domain = address.domain();
        let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
        if labels && domain.contains('.') { Ok(Self(address)) } else { Err(NoAddress) }
    }

    /// Returns the part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.domain()
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_is_an_address() {
        let check = |text: &str, fits: bool| assert_eq!(MailAddress::parse(text).is_ok(), fits, "{text:?}");
        for text in ["mei@example.com", " a.b+c@sub.example.co.uk ", "o'brien@example.com", "x@xn--fsq.com"] {
            check(text, true);
        }
        let long = format!("{}@example.com", "x".repeat(250));
        let hostile = [
            "",
            "-",
            "mei",
            "mei@",
            "@example.com",
            "a@b@c.com",
            "mei@localhost",
            "a b@example.com",
            "a@example..com",
            "a@-b.com",
            "mei@example.com\r\nBcc: x@y.zz",
            "a@example.com, b@example.com",
            "Mei <mei@example.com>",
            "\"a b\"@example.com",
            "名@example.com",
            "mei@例子.公司",
            "a\0@example.com",
            "a@[127.0.0.1]",
            "{{7*7}}@example.com>",
            &long,
        ];
        for text in hostile {
            check(text, false);
        }
    }
}
