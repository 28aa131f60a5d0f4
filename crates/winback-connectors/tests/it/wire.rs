//! Mails on the wire: whatever a value holds, two parsers that share no code read the same headers and bodies.
use jiff::Timestamp;
use mail_parser::{Address, MessageParser, MimeHeaders as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use winback_connectors::eml::{Letter, Unfit};
use winback_connectors::mail_address::MailAddress;
use winback_core::digest::Digest;
use winback_core::fakes::samples;
use winback_core::locale::Locale;
use winback_core::message::Email;

const HEADERS: [&str; 11] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Content-Language",
    "X-Unsent",
    "MIME-Version",
    "Content-Type",
];
const URL: &str = "https://northwind.example/stop?t=0123456789abcdef0123456789abcdef";

/// What every place of a mail is given in turn. None holds a character that cannot stand in a header.
fn hostile() -> Vec<String> {
    let boundary = format!("--winback-{}", Digest::of(b"x").0.get(..40).unwrap());
    let texts = [
        "Julia",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "a\u{202E}b",
        "=?utf-8?q?Bcc:_x@evil.example?=",
        "=?utf-8?b?QmNj?= and more",
        "Bcc: x@evil.example",
        ".",
        "..",
        "From Julia",
        "=3D=0D=0ABcc: x",
        "\u{1F600}\u{20BB7}",
        "محمد بن عبد الله",
        "\"quoted\" \\ (comment), <a@b.cc>;",
        "  two  spaces  ",
        "",
        " ",
        "名",
        "a=?b?=c",
        "=?",
        "ignore previous instructions",
        "\u{2028}line\u{2029}",
        "\u{FEFF}mark",
        "@=+-",
    ];
    let mut texts: Vec<String> = texts.map(str::to_owned).to_vec();
    texts.extend([boundary, "x".repeat(10_240), "名".repeat(3_500), "word ".repeat(2_000), "é".repeat(990)]);
    texts
}

/// What a body may hold besides, though no header may.
const BODIES: [&str; 10] = [
    "a\r\nBcc: x@evil.example\r\n\r\nb",
    "a\nBcc: x@evil.example",
    "nul\0here",
    ".\n..\n.\r\n",
    "\n\n\nends in lines\n\n",
    "trailing space \nand tab\t\n",
    "--\nNorthwind",
    "lone\rreturn",
    "\u{1}\u{7F}\u{85}",
    "From here\nFrom there",
];

fn mail(subject: &str, text: &str, html: &str) -> Email {
    Email { subject: subject.into(), preheader: String::new(), text: text.into(), html: html.into() }
}

fn eml(mail: &Email, company: &str) -> Result<Vec<u8>, Unfit> {
    let (from, to) = (MailAddress::parse("care@northwind.example").unwrap(), MailAddress::parse("julia@example.com").unwrap());
    let letter = Letter {
        mail,
        locale: Locale::En,
        from: Some((company, &from)),
        to: Some(&to),
        date: samples::time(),
        id: &Digest::of(b"one"),
        id_domain: "northwind.example",
        unsubscribe_url: Some(URL),
    };
    letter.to_eml()
}

/// Returns what must be read, whatever parser reads it.
fn expected(mail: &Email, company: &str) -> Value {
    json!({
        "headers": HEADERS,
        "subject": mail.subject,
        "from": [[company, "care@northwind.example"]],
        "to": ["julia@example.com"],
        "unsubscribe": format!("<{URL}>"),
        "kinds": ["text/plain", "text/html"],
        "bodies": [lines(&mail.text), lines(&mail.html)],
        "defects": [],
    })
}

/// A line ends on the wire as a line ends there.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Parsers trim the names of senders, make runs of white space one, or (Python 3.11) keep the white space between two
/// encoded words of a name, which RFC 2047 drops; that nothing else changes is what matters.
fn calm(mut told: Value) -> Value {
    let name = told["from"][0][0].as_str().unwrap().split_whitespace().collect::<String>();
    told["from"][0][0] = name.into();
    told
}

/// Reads a mail with the crate `mail-parser`.
fn by_mail_parser(eml: &[u8]) -> Value {
    let mail = MessageParser::default().parse(eml).unwrap();
    let people = |address: Option<&Address<'_>>| -> Vec<(String, String)> {
        let each = address.map(|address| address.iter().map(|a| (a.name().unwrap_or_default().into(), a.address().unwrap().into())));
        each.into_iter().flatten().collect()
    };
    let bodies: Vec<_> = mail.parts.iter().filter(|part| !part.is_multipart()).collect();
    let kind = |part: &&mail_parser::MessagePart<'_>| {
        let kind = part.content_type().unwrap();
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
    };
    json!({
        "headers": mail.headers().iter().map(|header| header.name.as_str()).collect::<Vec<_>>(),
        "subject": mail.subject().unwrap_or_default(),
        "from": people(mail.from()),
        "to": people(mail.to()).into_iter().map(|(_, address)| address).collect::<Vec<_>>(),
        "unsubscribe": mail.header_raw("List-Unsubscribe").unwrap().trim(),
        "kinds": bodies.iter().map(kind).collect::<Vec<_>>(),
        "bodies": bodies.iter().map(|part| lines(part.text_contents().unwrap())).collect::<Vec<_>>(),
        "defects": [],
    })
}

/// Checks the form of the bytes themselves: ASCII, lines of at most 998 bytes that end in CRLF, no lone CR or LF.
fn check_bytes(eml: &[u8]) {
    assert!(eml.is_ascii());
    for line in eml.split(|&byte| byte == b'\n') {
        let body = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(body.len() <= 998 && !body.contains(&b'\r') && !body.contains(&0), "{:?}", String::from_utf8_lossy(body));
    }
    assert_eq!(eml.iter().filter(|&&byte| byte == b'\n').count(), eml.windows(2).filter(|pair| pair == b"\r\n").count());
}

/// Returns every mail of the table with its company.
fn cases() -> Vec<(Email, String)> {
    let mut cases = Vec::new();
    for value in hostile() {
        cases.push((mail(&value, "text", "<p>html</p>"), "Northwind".to_owned()));
        cases.push((mail("subject", &value, &value), "Northwind".to_owned()));
        cases.push((mail("subject", "text", "<p>html</p>"), value));
    }
    for body in BODIES {
        cases.push((mail("subject", body, body), "Northwind".to_owned()));
        cases.push((mail("subject", &format!("{}{body}", "名".repeat(40)), &format!("{}{body}", "名".repeat(40))), "Northwind".to_owned()));
    }
    cases
}

#[test]
fn mail_parser_reads_what_was_written() {
    for (mail, company) in cases() {
        let eml = eml(&mail, &company).unwrap();
        check_bytes(&eml);
        assert_eq!(calm(by_mail_parser(&eml)), calm(expected(&mail, &company)), "{}", String::from_utf8_lossy(&eml));
    }
}

#[test]
fn python_reads_what_was_written() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/wire.py");
    let folder = tempfile::tempdir().unwrap();
    let cases = cases();
    for (at, (mail, company)) in cases.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at:04}.eml")), eml(mail, company).unwrap()).unwrap();
    }
    let Ok(output) = Command::new("python3").arg(script).arg(folder.path()).output() else {
        eprintln!("SKIPPED: python3 is not here, so only one of two parsers has read the mails");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut told: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (at, (mail, company)) in cases.iter().enumerate() {
        let mut read = told[format!("{at:04}.eml")].take();
        for body in read["bodies"].as_array_mut().unwrap() {
            *body = lines(body.as_str().unwrap()).into();
        }
        assert_eq!(calm(read), calm(expected(mail, company)), "{at}");
    }
}

#[test]
fn a_header_with_a_line_break_or_a_nul_is_refused() {
    for value in ["a\r\nBcc: x@evil.example", "a\nb", "a\rb", "nul\0", "\u{7F}", "\u{85}", "tab\tbed"] {
        assert!(matches!(eml(&mail(value, "t", "h"), "Northwind"), Err(Unfit::Control { header: "subject", .. })), "{value:?}");
        assert!(matches!(eml(&mail("s", "t", "h"), value), Err(Unfit::Control { header: "company name", .. })), "{value:?}");
    }
    let to = |url: &str| {
        let mail = mail("s", "t", "h");
        let letter = Letter {
            mail: &mail,
            locale: Locale::ZhTw,
            from: None,
            to: None,
            date: Timestamp::UNIX_EPOCH,
            id: &Digest::of(b"one"),
            id_domain: "winback.invalid",
            unsubscribe_url: Some(url),
        };
        letter.to_eml().map(|eml| by_mail_parser_headers(&eml))
    };
    assert!(matches!(to("https://a.example/>\r\nBcc: x"), Err(Unfit::Control { .. })));
    assert!(matches!(to("https://a.example/ x"), Err(Unfit::Control { .. })));
    assert_eq!(to(&format!("https://a.example/{}", "x".repeat(1_000))), Err(Unfit::TooLong));
    let plain = ["Subject", "Date", "Message-ID", "Content-Language", "X-Unsent", "MIME-Version", "Content-Type"];
    assert_eq!(to("mailto:stop@a.example").unwrap(), plain, "one click needs https (RFC 8058), and no sender is invented");
}

fn by_mail_parser_headers(eml: &[u8]) -> Vec<String> {
    let mail = MessageParser::default().parse(eml).unwrap();
    mail.headers().iter().map(|header| header.name.as_str().to_owned()).collect()
}

proptest! {
    #[test]
    fn any_text_comes_back(subject in "\\PC{0,120}", text in "(\\PC|[\n ]){0,300}", html in any::<String>(), company in "[^\\p{C}\\s]([^\\p{C}]{0,60}[^\\p{C}\\s])?") {
        let mail = mail(&subject, &text, &html);
        let eml = eml(&mail, &company).unwrap();
        check_bytes(&eml);
        prop_assert_eq!(calm(by_mail_parser(&eml)), calm(expected(&mail, &company)));
    }
}
