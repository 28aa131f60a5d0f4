//! Reading HTML the way a person sees it: enough for the mails Winback makes,
//! and strict about everything else.

/// Tags that begin no new line, so that `fr<b>ee</b>` reads as one word.
const INLINE: [&str; 7] = ["a", "b", "i", "em", "strong", "span", "meta"];

/// Returns what a person reads of some HTML: no tags, comments or styles, entities resolved, a new line for each
/// tag that begins one.
pub(crate) fn visible_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        unescape(&rest[..at], &mut text);
        let name = name_of_tag(&rest[at + 1..]).trim_matches('/');
        let inline = INLINE.iter().any(|tag| tag.eq_ignore_ascii_case(name));
        rest = skip_tag(&rest[at..]);
        if !inline && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    unescape(rest, &mut text);
    // The joiner that pads a preheader shows nothing.
    text.retain(|c| c != '\u{34F}');
    text
}

/// Returns the text behind a tag, and behind the whole element where its content is not read.
fn skip_tag(html: &str) -> &str {
    let after = |html: &'_ str, end: &str| html.find(end).map_or(html.len(), |at| at + end.len());
    match html {
        html if html.starts_with("<!--") => &html[after(html, "-->")..],
        html if begins(html, "<style") => {
            let end = html.match_indices("</").find(|&(at, _)| begins(&html[at..], "</style")).map_or(html.len(), |(at, _)| at);
            &html[end + after(&html[end..], ">")..]
        }
        _ => &html[after(html, ">")..],
    }
}

/// Returns whether a text begins with a word, in any case, as browsers read names.
fn begins(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
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
        "apos" => Some('\''),
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

/// Attributes that neither run, load, submit nor hold text of their own.
const ATTRIBUTES: [&str; 22] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "class",
    "colspan",
    "content",
    "dir",
    "height",
    "href",
    "id",
    "lang",
    "name",
    "rel",
    "role",
    "rowspan",
    "style",
    "target",
    "valign",
    "width",
];

/// Returns the first thing in some HTML that may run, load or submit, or show what a review does not read: any
/// tag and attribute but plain ones, a style that fetches or writes text, an entity that is not known here.
pub(super) fn active_content(html: &str) -> Option<&str> {
    let fetches = |(at, _): (usize, &str)| html.get(at.saturating_sub(3)..at).filter(|word| word.eq_ignore_ascii_case("url"));
    let imports = |(at, _): (usize, &str)| html.get(at + 1..at + 7).filter(|word| word.eq_ignore_ascii_case("import"));
    let tags = || html.split('<').skip(1);
    tags()
        .find(|text| !known_tag(text).plain)
        .and_then(active_tag)
        .or_else(|| tags().find_map(writing_style))
        .or_else(|| html.match_indices('(').find_map(fetches))
        .or_else(|| html.match_indices('@').find_map(imports))
        .or_else(|| html.match_indices('&').find_map(|(at, _)| unknown_entity(&html[at..])))
}

/// What is known of a tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    /// Whether nothing in it is active.
    plain: bool,
    /// Whether it links somewhere.
    links: bool,
}

/// Returns what is known of a tag; `text` begins behind its `<`. The tags of a batch are the same in every mail.
fn known_tag(text: &str) -> Tag {
    let tag = text.split_once('>').map_or(text, |(tag, _)| tag);
    super::memo::tag(tag, |tag| Tag {
        plain: active_tag(tag).is_none(),
        links: parts_of_tag(tag).1.iter().any(|attribute| attribute.name.eq_ignore_ascii_case("href")),
    })
}

/// Returns what is active in a tag; `text` begins behind its `<`.
fn active_tag(text: &str) -> Option<&str> {
    let (name, attributes) = parts_of_tag(text);
    let plain = name.trim_matches('/');
    if !TAGS.iter().any(|known| known.eq_ignore_ascii_case(plain)) {
        return Some(if name.is_empty() { "<" } else { name });
    }
    if plain.eq_ignore_ascii_case("!doctype") {
        return None;
    }
    let known = |attribute: &Attribute<'_>| ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(attribute.name));
    let strange = |attribute: &Attribute<'_>| !known(attribute) || !attribute.closed || attribute.value.contains('\\');
    attributes.into_iter().find(strange).map(|attribute| if attribute.name.is_empty() { "=" } else { attribute.name })
}

/// Returns the part of a style element that can write text into the page; `text` begins behind the tag's `<`.
/// A backslash could spell the word differently.
fn writing_style(text: &str) -> Option<&str> {
    let (_, style) = text.split_once('>').filter(|_| begins(text, "style"))?;
    let word = |word: &'static str| (0..style.len()).find(|&at| style.get(at..).is_some_and(|rest| begins(rest, word)));
    word("content").map(|at| &style[at..at + "content".len()]).or_else(|| style.find('\\').map(|at| &style[at..=at]))
}

/// Returns the entity a text begins with, if it stands for more than [`entity_char`] knows; browsers also read
/// entities without a semicolon.
fn unknown_entity(text: &str) -> Option<&str> {
    let end = text[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '#').map_or(text.len(), |length| 1 + length);
    let (name, ended) = (&text[1..end], text[end..].starts_with(';'));
    let known = name.is_empty() || (ended && entity_char(name).is_some());
    (!known).then(|| &text[..end + usize::from(ended)])
}

/// One attribute of a tag, its value as it is written.
struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
    /// Whether the quote before the value ends within the tag.
    closed: bool,
}

/// Returns a tag's name; `text` begins behind its `<`.
fn name_of_tag(text: &str) -> &str {
    text.split(|c: char| c == '>' || c.is_ascii_whitespace()).next().unwrap_or_default()
}

/// Returns a tag's name and attributes as browsers part them; `text` begins behind its `<`.
fn parts_of_tag(text: &str) -> (&str, Vec<Attribute<'_>>) {
    let tag = text.split_once('>').map_or(text, |(tag, _)| tag);
    let name = name_of_tag(tag);
    let mut rest = &tag[name.len()..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (name, attributes);
        }
        let (attribute, after) = first_attribute(rest);
        attributes.push(attribute);
        rest = after;
    }
}

/// Returns the attribute a text begins with, and what follows it.
fn first_attribute(text: &str) -> (Attribute<'_>, &str) {
    let (name, after) = text.split_at(text.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/')).unwrap_or(text.len()));
    let Some(value) = after.trim_start_matches(|c: char| c.is_ascii_whitespace()).strip_prefix('=') else {
        return (Attribute { name, value: "", closed: true }, after);
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let (value, after) = value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()));
        return (Attribute { name, value, closed: true }, after);
    };
    match value[1..].split_once(quote) {
        Some((value, after)) => (Attribute { name, value, closed: true }, after),
        None => (Attribute { name, value: &value[1..], closed: false }, ""),
    }
}

/// Returns the targets of the links, entities resolved.
pub(super) fn links(html: &str) -> Vec<String> {
    let linking = html.split('<').skip(1).filter(|text| known_tag(text).links);
    let attributes = linking.flat_map(|text| parts_of_tag(text).1);
    let resolve = |attribute: Attribute<'_>| {
        let mut link = String::new();
        unescape(attribute.value, &mut link);
        link
    };
    attributes.filter(|attribute| attribute.name.eq_ignore_ascii_case("href")).map(resolve).collect()
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
        check("<p ONCLICK=x>", Some("ONCLICK"));
        check("<p style=\"background:URL(x)\">", Some("URL"));
        check("<style>@Import x</style>", Some("Import"));
        check("<!-- [if mso] -->", Some("!--"));
        check("<p style=\"x\"onclick=alert(1)>", Some("onclick"));
        check("<meta http-equiv=\"refresh\" content=\"0;url=https://evil.example\">", Some("http-equiv"));
        check("<td BackGround=x>", Some("BackGround"));
        check("<style>p::after { Content : \"90% off\" }</style>", Some("Content"));
        check("<p>only &frac12; price</p>", Some("&frac12;"));
        check("<p>&#49&#53% off</p>", Some("&#49"));
        check("<p>this & that, a &lt; b</p>", None);
        check("<a class=\"b\" href=\"tel:1\" style=\"a:b\">c</a><br/><hr />", None);
    }

    #[test]
    fn every_link_is_found_however_it_is_written() {
        let check = |html: &str, found: &[&str]| assert_eq!(links(html), found, "{html}");
        check("<a href=\"tel:1\">a</a> <a class=\"b\" href='mailto:a&amp;b'>c</a>", &["tel:1", "mailto:a&b"]);
        check("<a HREF=\"https://evil.example\">a</a>", &["https://evil.example"]);
        check("<a href = \"https://evil.example\">a</a>", &["https://evil.example"]);
        check("<a href=https://evil.example>a</a>", &["https://evil.example"]);
        check("<p>href=\"not a link\"</p>", &[]);
    }

    #[test]
    fn a_style_ends_where_a_browser_ends_it() {
        for end in ["</style >", "</STYLE>", "</style\n>", "</style/>"] {
            let html = format!("<style>p{{top:9px}}{end}<p>90% off</p><style></style>");
            assert_eq!(visible_text(&html).split_whitespace().collect::<Vec<_>>(), ["90%", "off"], "{end}");
        }
    }

    #[test]
    fn a_person_reads_no_tags_and_all_entities() {
        assert_eq!(
            visible_text("<style>p{top:9px}</style><p>a&amp;b &#49;&#x32; <b>c</b></p>").split_whitespace().collect::<Vec<_>>(),
            ["a&b", "12", "c"]
        );
    }
}
