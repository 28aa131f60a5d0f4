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

const TAGS: [&str; 25] = [
    "!doctype", "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "a", "br", "p", "span", "strong",
    "em", "b", "i", "h1", "h2", "ul", "li", "hr",
];

/// Returns the first thing in some HTML that may run, load or submit: any tag but plain ones, an event
/// attribute, a source, a style that fetches.
pub(super) fn active_content(html: &str) -> Option<&str> {
    let fetches = |(at, _): (usize, &str)| html.get(at.saturating_sub(3)..at).filter(|word| word.eq_ignore_ascii_case("url"));
    html.split('<').skip(1).find_map(active_tag).or_else(|| html.match_indices('(').find_map(fetches)).or_else(|| {
        let imports = |(at, _): (usize, &str)| html.get(at + 1..at + 7).filter(|word| word.eq_ignore_ascii_case("import"));
        html.match_indices('@').find_map(imports)
    })
}

/// Returns what is active in a tag; `text` begins behind its `<`.
fn active_tag(text: &str) -> Option<&str> {
    let tag = text.split_once('>').map_or(text, |(tag, _)| tag);
    let mut words = tag.split_ascii_whitespace();
    let name = words.next().unwrap_or_default();
    let plain = name.trim_matches('/');
    if !TAGS.iter().any(|known| known.eq_ignore_ascii_case(plain)) {
        return Some(if name.is_empty() { "<" } else { name });
    }
    let starts = |word: &str, with: &str| word.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    words.find(|word| (starts(word, "on") && word.contains('=')) || starts(word, "src") || starts(word, "background="))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_html_is_inert() {
        let check = |html: &str, found: Option<&str>| assert_eq!(active_content(html), found, "{html}");
        check("<p style=\"color:#fff\">Come on in &amp; <b>save</b><br></p>", None);
        check("<SCRIPT>x</SCRIPT>", Some("SCRIPT"));
        check("<img src=x>", Some("img"));
        check("<p ONCLICK=x>", Some("ONCLICK=x"));
        check("<p style=\"background:URL(x)\">", Some("URL"));
        check("<style>@Import x</style>", Some("Import"));
        check("<!-- [if mso] -->", Some("!--"));
    }

    #[test]
    fn a_person_reads_no_tags_and_all_entities() {
        assert_eq!(
            visible_text("<style>p{top:9px}</style><p>a&amp;b &#49;&#x32; <b>c</b></p>").split_whitespace().collect::<Vec<_>>(),
            ["a&b", "12", "c"]
        );
    }
}
