//! What a file is by its first bytes, whatever its name says.
use super::not_a_table;
use crate::file::unread;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use winback_core::pipeline::import::SourceError;

const HEAD_BYTES: u64 = 64 * 1024;
const UTF_16_ADVICE: &str = "save it as \"CSV UTF-8\" (Excel: Save As, CSV UTF-8; Notepad: Save As, encoding UTF-8)";

/// Refuses a file that is no table, and gives it back at its beginning with its first bytes.
pub(super) fn check(path: &Path, mut file: File) -> Result<(File, Vec<u8>), SourceError> {
    let mut head = Vec::new();
    let read = file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).and_then(|_| file.rewind());
    read.map_err(|error| unread(path, error))?;
    match describe(&head) {
        Some((what, advice)) => Err(not_a_table(path, what, advice)),
        None => Ok((file, head)),
    }
}

/// Returns what the bytes are and what to do about it, where they begin no table.
fn describe(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let body = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Some(("an empty file", "export or download the table again"));
    }
    signature(body).or_else(|| text_format(body)).or_else(|| binary(body))
}

fn signature(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let holds = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    if head.starts_with(b"PK\x03\x04") && (holds(b"[Content_Types].xml") || holds(b"xl/")) {
        return Some(("an Excel workbook", "open it and save the sheet as \"CSV UTF-8\""));
    }
    // Not "PK" alone, which is also how a header with a primary key begins.
    let known: [(&[u8], &str, &str); 12] = [
        (b"PK\x03\x04", "a zip archive", "unpack it and name the CSV file inside"),
        (b"PK\x05\x06", "a zip archive", "it is empty; download it again"),
        (b"PK\x07\x08", "a zip archive", "it is one part of several; join and unpack them"),
        (b"\x1F\x8B", "a gzip archive", "unpack it with gunzip and name the CSV file"),
        (b"7z\xBC\xAF", "a 7-Zip archive", "unpack it and name the CSV file inside"),
        (b"%PDF", "a PDF document", "ask for the table as a CSV file"),
        (b"\xD0\xCF\x11\xE0", "an old Excel workbook", "open it and save the sheet as \"CSV UTF-8\""),
        (b"PAR1", "a Parquet file", "export the table as a CSV file"),
        (b"SQLite format 3", "an SQLite database", "export the table as a CSV file"),
        (b"\xFF\xFE", "text in UTF-16", UTF_16_ADVICE),
        (b"\xFE\xFF", "text in UTF-16", UTF_16_ADVICE),
        (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself with git lfs pull"),
    ];
    known.into_iter().find(|(start, ..)| head.starts_with(start)).map(|(_, what, advice)| (what, advice))
}

fn text_format(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let start: Vec<u8> = head.iter().skip_while(|b| b.is_ascii_whitespace()).take(16).map(u8::to_ascii_lowercase).collect();
    let begins = |words: &[&str]| words.iter().any(|word| start.starts_with(word.as_bytes()));
    if begins(&["<!doctype", "<html", "<head", "<body", "<!--", "<script"]) {
        return Some(("an HTML page", "the download led to a web page, perhaps a sign-in; download the file itself"));
    }
    if begins(&["<?xml"]) {
        return Some(("an XML document", "export the table as a CSV file"));
    }
    if begins(&["{\"", "{\n", "{ ", "[{", "[\n", "{\r\n", "{}"]) {
        return Some(("a JSON document", "export the table as a CSV file"));
    }
    None
}

/// Text has no NUL bytes; a few are left to the rows that hold them, many are another kind of file.
fn binary(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let nuls = head.iter().filter(|&&byte| byte == 0).count();
    let alternate = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&byte| byte == 0).count();
    if nuls * 3 > head.len() && (alternate(0) * 20 < nuls || alternate(1) * 20 < nuls) {
        return Some(("text in UTF-16", UTF_16_ADVICE));
    }
    (nuls * 100 > head.len()).then_some(("a binary file", "export the table as a CSV file"))
}
