//! Reading HTML the way a person sees it: enough for the mails Winback makes,
//! and strict about everything else.

use crate::id::is_invisible_control;
use foldhash::HashSet;

/// Tags that begin no new line, so that `fr<b>ee</b>` reads as one word.
const INLINE: [&str; 7] = ["a", "b", "i", "em", "strong", "span", "meta"];

/// Some HTML as a person meets it.
pub(super) struct Html<'a> {
    /// What a person reads: no tags, comments or styles, entities resolved, a new line for each tag that begins one.
    pub text: String,
    /// The first thing that may run, load or submit, or show what a review does not read: any tag and attribute but
    /// plain ones, a style that fetches or writes text, an entity that is not known here.
    pub active: Option<&'a str>,
    /// The first tag or style that the layout does not have, and the first that is hidden with more than words in it.
    pub foreign: Option<&'a str>,
    /// The targets of the links, entities resolved.
    pub links: Vec<String>,
    /// The texts that nobody sees, entities resolved.
    pub hidden: Vec<String>,
}

/// The tags and styles of the layouts a company approved, each as [`outline`] writes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    known: HashSet<String>,
    /// Tells the tags of different layouts apart.
    id: u64,
}

impl Tags {
    /// Returns no tags, for the templates of a number.
    pub(crate) fn of(id: u64) -> Self {
        Self { id, ..Self::default() }
    }

    /// Learns the tags of a layout.
    pub(crate) fn learn(&mut self, layout: &str) {
        // What the filter `lines` makes of a line's end.
        self.known.extend(["br".to_owned()].into_iter().chain(layout.split('<').skip(1).map(outline)));
    }
}

/// Returns what a person reads of some HTML.
pub(crate) fn visible_text(html: &str) -> String {
    Html::read(html, &Tags::default()).text
}

impl<'a> Html<'a> {
    pub(super) fn read(html: &'a str, layout: &Tags) -> Self {
        let mut pieces = html.split('<');
        let text = String::with_capacity(html.len() / 4);
        let mut seen = Self { text, active: None, foreign: None, links: Vec::new(), hidden: Vec::new() };
        seen.text(pieces.next().unwrap_or_default());
        let (mut in_style, mut in_hidden) = (false, false);
        for piece in pieces {
            let Some((text, after)) = piece.split_once('>') else {
                // A tag that does not end takes in whatever a browser finds behind it.
                (seen.active, seen.foreign) = (seen.active.or(Some("<")), seen.foreign.or(Some(piece)));
                continue;
            };
            let tag = known_tag(piece, text, layout);
            if !tag.plain {
                seen.active = seen.active.or(active(piece));
            }
            if !tag.known || (in_hidden && !piece.starts_with('/')) {
                seen.foreign = seen.foreign.or(Some(text));
            }
            in_hidden = tag.hides;
            if tag.hides {
                let mut words = String::new();
                unescape(after, &mut words);
                seen.hidden.push(words);
            }
            if tag.links {
                seen.links.extend(targets(text));
            }
            match tag.kind {
                Kind::Style => in_style = true,
                Kind::StyleEnd => in_style = false,
                // Nothing but its end belongs into a style.
                _ if in_style => seen.active = seen.active.or(Some(name_of_tag(text))),
                Kind::Inline => {}
                Kind::Line => seen.line(),
            }
            if !in_style {
                seen.text(after);
            }
        }
        seen
    }

    fn line(&mut self) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn text(&mut self, escaped: &'a str) {
        let mut entities = escaped.match_indices('&');
        self.active = self.active.or_else(|| entities.find_map(|(at, _)| unknown_entity(&escaped[at..])));
        unescape(escaped, &mut self.text);
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
            // The joiner that pads a preheader shows nothing.
            text.extend((c != '\u{34F}').then_some(c));
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

/// What is known of a tag, and of the style behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    /// Whether nothing in it is active.
    plain: bool,
    /// Whether the layout has it.
    known: bool,
    /// Whether it links somewhere.
    links: bool,
    /// Whether nobody sees what is in it.
    hides: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Inline,
    Line,
    Style,
    StyleEnd,
}

/// Returns what is known of a tag; `piece` begins behind its `<`, and `tag` is what of it stands before the `>`. The
/// tags of a batch are the same in every mail.
fn known_tag(piece: &str, tag: &str, layout: &Tags) -> Tag {
    // What is known of a style is known of all that stands in it.
    let tag = if begins(piece, "style") { piece } else { tag };
    super::memo::tag(tag, layout.id, || {
        let name = name_of_tag(tag);
        let bare = name.trim_matches('/');
        let kind = if bare.eq_ignore_ascii_case("style") {
            if name.starts_with('/') { Kind::StyleEnd } else { Kind::Style }
        } else if INLINE.iter().any(|tag| tag.eq_ignore_ascii_case(bare)) {
            Kind::Inline
        } else {
            Kind::Line
        };
        let attributes = parts_of_tag(tag).1;
        let links = attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case("href"));
        let hides = attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case("style") && hides(attribute.value));
        Tag { plain: active(piece).is_none(), known: layout.known.contains(&outline(piece)), links, hides, kind }
    })
}

/// Returns a tag and the style behind it without what differs from mail to mail: where it links to and its language.
fn outline(piece: &str) -> String {
    if begins(piece, "style") {
        return piece.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let (name, attributes) = parts_of_tag(piece);
    attributes.iter().fold(name.to_owned(), |outline, attribute| {
        let own = ["href", "lang"].iter().any(|name| name.eq_ignore_ascii_case(attribute.name));
        format!("{outline} {}={:?}", attribute.name, if own { "" } else { attribute.value })
    })
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    ["display:none", "visibility:hidden", "opacity:0", "font-size:0"].iter().any(|hiding| style.contains(hiding))
}

/// Returns what is active in a tag and in the style behind it; `piece` begins behind its `<`.
fn active(piece: &str) -> Option<&str> {
    let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
    let style = begins(piece, "style").then_some(after);
    active_tag(tag).or_else(|| [Some(tag), style].into_iter().flatten().find_map(fetching)).or_else(|| style.and_then(writing))
}

/// Returns what fetches something, or hides from this reading what it does.
fn fetching(text: &str) -> Option<&str> {
    let fetches = |(at, _): (usize, &str)| text.get(at.saturating_sub(3)..at).filter(|word| word.eq_ignore_ascii_case("url"));
    let imports = |(at, _): (usize, &str)| text.get(at + 1..at + 7).filter(|word| word.eq_ignore_ascii_case("import"));
    let invisible = |(at, c): (usize, char)| (c != '\n' && is_invisible_control(c)).then(|| &text[at..at + c.len_utf8()]);
    let entities = || text.match_indices('&').find_map(|(at, _)| unknown_entity(&text[at..]));
    (text.match_indices('(').find_map(fetches))
        .or_else(|| text.match_indices('@').find_map(imports))
        .or_else(entities)
        .or_else(|| text.char_indices().find_map(invisible))
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

/// Returns the part of a style that can write text into the page. A backslash could spell the word differently.
fn writing(style: &str) -> Option<&str> {
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

/// Returns the targets of a tag's links, entities resolved.
fn targets(tag: &str) -> impl Iterator<Item = String> {
    let attributes = parts_of_tag(tag).1.into_iter();
    attributes.filter(|attribute| attribute.name.eq_ignore_ascii_case("href")).map(|attribute| {
        let mut link = String::new();
        unescape(attribute.value, &mut link);
        link
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_html_is_inert() {
        let check = |html: &str, found: Option<&str>| assert_eq!(Html::read(html, &Tags::default()).active, found, "{html}");
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
        check("<p>once closed</p> and then <p", Some("<"));
        check("<a class=\"b\" href=\"tel:1\" style=\"a:b\">c</a><br/><hr />", None);
    }

    #[test]
    fn every_link_is_found_however_it_is_written() {
        let check = |html: &str, found: &[&str]| assert_eq!(Html::read(html, &Tags::default()).links, found, "{html}");
        check("<a href=\"tel:1\">a</a> <a class=\"b\" href='mailto:a&amp;b'>c</a>", &["tel:1", "mailto:a&b"]);
        check("<a HREF=\"https://evil.example\">a</a>", &["https://evil.example"]);
        check("<a href = \"https://evil.example\">a</a>", &["https://evil.example"]);
        check("<a href=https://evil.example>a</a>", &["https://evil.example"]);
        check("<p>href=\"not a link\"</p>", &[]);
    }

    #[test]
    fn nothing_but_the_layout_s_own_tags_is_let_in() {
        let mut layout = Tags::default();
        layout.learn("<html lang=\"{{ lang }}\"><style>.a { top: 0 }</style><p class=\"a\"><a href=\"{{ x }}\">b</a></p><div style=\"display: none\">c</div>");
        let check = |html: &str, foreign: Option<&str>| assert_eq!(Html::read(html, &layout).foreign, foreign, "{html}");
        check("<html lang=\"en\"><p class=\"a\">x<br><a href=\"tel:1\">y</a></p>", None);
        check("<p class=\"b\">x</p>", Some("p class=\"b\""));
        check("<p>x</p>", Some("p"));
        check("<style>.a { display: none }</style>", Some("style"));
        check("<style>.a { top: 0 }</style>", None);
        check("<style>.a { top: 0 }<p class=\"a\">x</p></style>", None);
        check("<div style=\"display: none\">c</div>", None);
        check("<div style=\"display: none\"><p class=\"a\">the footer</p></div>", Some("p class=\"a\""));
        assert_eq!(Html::read("<div style=\"display: none\">a &amp; b</div>", &layout).hidden, ["a & b"]);
        let hiding = "<title>Hi<style></style><p>Save ninety percent</p></style>";
        assert!(Html::read(hiding, &layout).foreign.is_some());
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
