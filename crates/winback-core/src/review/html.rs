//! Reading HTML the way a person sees it: enough for the mails Winback makes,
//! and strict about everything else.

/// Returns what a person reads of some HTML: no tags, comments or styles, entities resolved.
pub(super) fn visible_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        unescape(&rest[..at], &mut text);
        rest = skip_tag(&rest[at..]);
        text.push(' ');
    }
    unescape(rest, &mut text);
    text
}

/// Returns the text behind a tag, and behind the whole element where its content is not read.
fn skip_tag(html: &str) -> &str {
    let after = |end: &str| html.find(end).map_or("", |at| &html[at + end.len()..]);
    match html {
        html if html.starts_with("<!--") => after("-->"),
        html if html.starts_with("<style") => after("</style>"),
        _ => after(">"),
    }
}

fn unescape(escaped: &str, text: &mut String) {
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.get(1..).and_then(|entity| entity.split_once(';')).and_then(|(name, after)| Some((entity_char(name)?, after)));
        if let Some((c, after)) = entity {
            text.push(c);
            rest = after;
        } else {
            text.push('&');
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
}

fn entity_char(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "nbsp" => Some('\u{A0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// Returns the first thing in some HTML that runs, loads or submits.
pub(super) fn active_content(html: &str) -> Option<&'static str> {
    const ACTIVE: [&str; 14] = [
        "<script",
        "<iframe",
        "<img",
        "<object",
        "<embed",
        "<form",
        "<link",
        "<base",
        "<svg",
        "javascript:",
        "url(",
        "@import",
        " onload",
        " onclick",
    ];
    let lower = html.to_ascii_lowercase();
    ACTIVE.into_iter().find(|active| lower.contains(active)).or_else(|| lower.contains(" src=").then_some("src="))
}

/// Returns the targets of the links, entities resolved.
pub(super) fn links(html: &str) -> Vec<String> {
    let targets = html.split("href=").skip(1).map(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        quote.and_then(|quote| rest[1..].split_once(quote)).map_or("", |(target, _)| target)
    });
    let resolve = |target: &str| {
        let mut link = String::new();
        unescape(target, &mut link);
        link
    };
    targets.map(resolve).collect()
}
