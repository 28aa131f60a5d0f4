//! Addresses: ids can hold anything, so everything is percent-encoded.

/// Returns a text as one segment or value of an address (RFC 3986: all but unreserved characters encoded).
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

/// Returns a query string with its question mark; empty values are left out.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let written: Vec<String> =
        pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    if written.is_empty() { String::new() } else { format!("?{}", written.join("&")) }
}

/// Returns the pairs of a query string, decoded.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Returns a percent-encoded text decoded; bytes that are no UTF-8 become the replacement character.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns the address of a customer's page. Browsers fold the segments `.` and `..`, even encoded, so those ids go into the query.
pub(crate) fn customer(id: &str) -> String {
    match id {
        "." | ".." => format!("/customer?id={id}"),
        _ => format!("/customers/{}", encode(id)),
    }
}

/// Returns the address of a version's page. Neither name holds a dot, see `SegmentId` and the versions of a shelf.
pub(crate) fn adapter(segment: &str, version: &str) -> String {
    format!("/adapters/{}/{}", encode(segment), encode(version))
}

/// Returns an address on this site, or the overview's if the text leads anywhere else.
pub(crate) fn local(text: &str) -> &str {
    let stays = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') && !text.chars().any(char::is_control);
    if stays { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_survives_an_address() {
        for id in ["7590-VHVEG", "a b/c?d#e", "<script>alert(1)</script>", "100%", "客戶１", "a+b&c=d", "\"'", "%2F"] {
            assert_eq!(decode(&encode(id)), id);
            assert!(!customer(id)["/customers/".len()..].contains('/'), "{id}");
        }
        assert_eq!(customer(".."), "/customer?id=..");
    }

    #[test]
    fn an_address_never_leads_elsewhere() {
        let check = |text: &str, expected: &str| assert_eq!(local(text), expected, "{text}");
        check("/customers?page=2", "/customers?page=2");
        check("//evil.example", "/");
        check("/\\evil.example", "/");
        check("https://evil.example", "/");
        check("", "/");
        check("/a\r\nSet-Cookie: x", "/");
    }
}
