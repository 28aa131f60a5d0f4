//! Whether the words that customers read of an offer can be sent: plain, polite, and claiming nothing that an offer
//! cannot stand for by itself.
use super::{Fault, Page, Section};
use crate::claim::{Claim, Phrases, Reading, Value, read};
use crate::locale::Locale;
use crate::manners::{self, Reason};
use crate::offer::Offer;

/// Checks the name or the promise of an offer in a language; returns whether it is plain text.
pub(super) fn check(page: &mut Page<'_>, (index, offer): (usize, &Offer), field: &str, locale: Locale) -> bool {
    let text = if field == "name" { offer.name.get(locale) } else { offer.promise.get(locale) };
    let (place, path) = ((Section::Offer, index), format!("{field}.{locale}"));
    let what = format!("the {field} of offer {:?} in {locale}", offer.id.0);
    let odd = not_plain(text, field);
    if let Some(odd) = &odd {
        page.error(place, &path, Fault::Markup, format!("{what} {odd}"));
    }
    let offences = manners::find(text);
    for offence in &offences {
        page.error(place, &path, Fault::Manners, format!("{what}: {offence}"));
    }
    let rude = |of: &str| of == "urgency" && offences.iter().any(|offence| offence.reason == Reason::Urgency);
    let claims: Vec<String> =
        unapproved(page, offer, text, locale).filter(|(of, _)| !rude(of)).map(|(of, words)| said(&of, words)).collect();
    if !claims.is_empty() {
        let text = format!(
            "{what} claims {}; an offer cannot stand for that by itself. Take it out, or have somebody answer for the phrase in [[approved]] \
             of winback.toml",
            claims.join(", ")
        );
        page.error(place, &path, Fault::Unapproved, text);
    }
    odd.is_none()
}

/// Returns why a text is no plain text of one line.
fn not_plain(text: &str, field: &str) -> Option<String> {
    let syntax = ["{{", "}}", "{%", "%}", "{#", "#}"].into_iter().find(|mark| text.contains(mark));
    let tag =
        text.match_indices('<').find(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')));
    let odd = text.chars().find(|&c| c == '\n' || crate::id::is_invisible_control(c));
    match (syntax, tag, odd) {
        (Some(mark), ..) => Some(format!("holds the template syntax {mark:?}; write plain words")),
        (None, Some((at, _)), _) => {
            let shown: String = text[at..].chars().take(20).collect();
            Some(format!("holds the markup {shown:?}; write plain words"))
        }
        (None, None, Some(odd)) => {
            Some(format!("holds the control character U+{:04X}; write it as one line of plain words", u32::from(odd)))
        }
        (None, None, None) if field == "name" && text.contains(['{', '}']) => {
            Some("holds a brace; only a promise is filled with numbers, so write the name in plain words".to_owned())
        }
        (None, None, None) => None,
    }
}

/// Returns what a text claims that its offer cannot stand for and that stands in no approved phrase: of each kind the
/// first words.
fn unapproved<'t>(page: &Page<'_>, offer: &Offer, text: &'t str, locale: Locale) -> impl Iterator<Item = (String, &'t str)> {
    let reading = Reading { locale, day: jiff::civil::date(2000, 1, 1), currency: None };
    let approved: Vec<_> = page
        .approved
        .iter()
        .map(|approved| approved.phrase.get(locale).as_str())
        .filter(|phrase| !phrase.is_empty())
        .flat_map(|phrase| text.match_indices(phrase).map(|(at, phrase)| at..at + phrase.len()))
        .collect();
    let answered = |claim: &Claim| approved.iter().any(|phrase| phrase.start <= claim.span.start && claim.span.end <= phrase.end);
    let mut found: Vec<(String, &str)> = Vec::new();
    for claim in read(text, &reading).into_iter().filter(|claim| !answered(claim)) {
        let Value::Promise { of, .. } = &claim.value else { continue };
        if Phrases::never_approves(of) && !Phrases::offer_states(Some(offer.kind), of) && found.iter().all(|(known, _)| known != of) {
            found.push((of.clone(), &text[claim.span]));
        }
    }
    found.into_iter()
}

fn said(of: &str, words: &str) -> String {
    let kind = match of {
        "superlative" => "a superlative",
        "guarantee" => "a guarantee",
        "award" => "an award",
        "lottery" => "a prize to be won",
        "gift" => "a gift",
        "refund" => "money back",
        "unlimited" => "something without limit",
        "scarcity" => "that there is little left",
        _ => "that there is little time",
    };
    format!("{kind} ({words:?})")
}
