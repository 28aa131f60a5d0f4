//! The holes of a prompt's words: `{{ company.name }}`.

/// What stands between braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap<'t> {
    /// A name.
    Name(&'t str),
    /// A tag of a template, by its first word: `for`.
    Tag(&'t str),
    /// Anything else.
    NoName(&'t str),
}

/// Returns what stands between the braces of a line.
pub(super) fn gaps(line: &str) -> impl Iterator<Item = Gap<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let (inside, gap) = next(rest)?;
        rest = inside;
        Some(gap)
    })
}

/// Returns the next gap of a text and what stands behind it.
fn next(text: &str) -> Option<(&str, Gap<'_>)> {
    let at = text.match_indices('{').map(|(at, _)| at).find(|at| text[at + 1..].starts_with(['{', '%', '#']))?;
    let inside = &text[at + 2..];
    let close = match &text[at + 1..at + 2] {
        "{" => "}}",
        "%" => "%}",
        _ => "#}",
    };
    let (words, after) = inside.split_once(close).unwrap_or((inside, ""));
    let words = words.trim();
    let is_name = close == "}}" && !words.is_empty() && words.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    Some(match close {
        "%}" => (after, Gap::Tag(words.split_whitespace().next().unwrap_or_default())),
        _ if is_name => (after, Gap::Name(words)),
        _ => (after, Gap::NoName(words)),
    })
}

/// Returns a text with what its names stand for, in one pass; a name without a value stays as it is.
pub(super) fn put(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((after, gap)) = next(rest) {
        let gone = rest.len() - after.len();
        let start = rest[..gone].find("{{").unwrap_or(gone);
        let value = match gap {
            Gap::Name(name) => values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
            Gap::Tag(_) | Gap::NoName(_) => None,
        };
        match value {
            Some(value) => {
                filled.push_str(&rest[..start]);
                filled.push_str(value);
            }
            None => filled.push_str(&rest[..gone]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_put_in_once() {
        let values = [("a", "{{ b }}"), ("b", "B")];
        assert_eq!(put("1 {{ a }} 2 {{b}} 3 {{ c }} {x} {% for %}", &values), "1 {{ b }} 2 B 3 {{ c }} {x} {% for %}");
    }

    #[test]
    fn what_stands_between_braces_is_told_apart() {
        let found: Vec<Gap<'_>> = gaps("{{ a.b }} {{7*7}} {% for x in y %} {# note #} {{}} {{ open").collect();
        let expected = [Gap::Name("a.b"), Gap::NoName("7*7"), Gap::Tag("for"), Gap::NoName("note"), Gap::NoName(""), Gap::Name("open")];
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_through(text in "[{}%# a.😀]{0,40}|.{0,40}") {
            let names = gaps(&text).count();
            prop_assert!(names <= text.matches('{').count(), "{names} in {text}");
            prop_assert_eq!(put(&text, &[]), text);
        }
    }
}
