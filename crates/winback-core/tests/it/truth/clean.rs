//! Honest words that nobody's templates wrote: whatever they claim rests on a fact, however it is put. The words
//! themselves are nobody's until a person writes them into a template.
use super::law::TEMPLATES;
use super::told::{ENGLISH, MAINLAND, Part, TAIWAN, Words};
use crate::lies::case::Case;
use crate::lies::houses::{Place, one, places};
use crate::lies::plant::{body, escaped};
use winback_core::agents::communication::write;
use winback_core::goal::Goal;
use winback_core::locale::Locale;
use winback_core::message::{CallScript, Content, Draft, Email, Sms};
use winback_core::review::review;

/// How many of a hundred honest sentences may be read as claiming more than they do.
const UNREAD_PERCENT: usize = 2;

#[test]
fn every_claim_of_honest_words_rests_on_a_fact() {
    let places = places();
    let (mut found, mut drafts) = (Vec::new(), 0);
    for (locale, all) in [(Locale::ZhTw, TAIWAN), (Locale::ZhCn, MAINLAND), (Locale::En, ENGLISH)] {
        assert!(all.len() >= 40, "{locale}");
        drafts += all.len();
        for words in all {
            found.extend(unbound(&places, locale, *words).map(|details| format!("{locale} {:?} {}\n    {details}", words.2, words.3)));
        }
    }
    assert!(found.len() * 100 <= drafts * UNREAD_PERCENT, "{} of {drafts}:\n{}", found.len(), found.join("\n"));
}

/// Returns the claims of these words that rest on nothing.
fn unbound(places: &[Place], locale: Locale, words: Words) -> Option<String> {
    let case = Goal::ALL.into_iter().map(Some).chain([None]).find_map(|goal| one(&places[words.0], words.1, locale, goal));
    let case = case.unwrap_or_else(|| panic!("{words:?} fits no goal"));
    let draft = with(&case, words).unwrap_or_else(|| panic!("{words:?} has no place"));
    let findings = review(&case.brief, TEMPLATES.phrases(), draft).err()?;
    let unbound: Vec<String> =
        findings.into_iter().filter(|finding| finding.check == "claims-bound").map(|finding| finding.detail).collect();
    (!unbound.is_empty()).then(|| unbound.join("\n    "))
}

/// Returns the built-in draft that has such a part, with the words in its place.
fn with(case: &Case, words: Words) -> Option<Draft> {
    write(&TEMPLATES, &case.brief).drafts.into_iter().find_map(|mut draft| {
        match &mut draft.content {
            Content::Email(mail) => in_mail(case, mail, words)?,
            Content::Sms(sms) if words.2 == Part::Sms => *sms = Sms { text: words.3.to_owned() },
            Content::Call(script) => *in_script(script, words.2)? = words.3.to_owned(),
            Content::Sms(_) => return None,
        }
        Some(draft)
    })
}

fn in_mail(case: &Case, mail: &mut Email, (.., part, words): Words) -> Option<()> {
    let old = match part {
        Part::Subject => mail.subject.clone(),
        Part::Preheader => mail.preheader.clone(),
        Part::Body => {
            let name = case.text("offer.name").unwrap_or_default();
            let paragraphs = body(&mail.text);
            // The opening comes first; without an offer the second paragraph says what is proposed.
            paragraphs.into_iter().skip(1).find(|paragraph| paragraph.contains(name))?
        }
        _ => return None,
    };
    let place = match part {
        Part::Subject => &mut mail.subject,
        Part::Preheader => &mut mail.preheader,
        _ => &mut mail.text,
    };
    *place = place.replacen(&old, words, 1);
    let (from, to) = (format!(">{}", escaped(&old)), format!(">{}", escaped(words)));
    assert!(mail.html.contains(&from), "{old}");
    mail.html = mail.html.replace(&from, &to);
    Some(())
}

fn in_script(script: &mut CallScript, part: Part) -> Option<&mut String> {
    match part {
        Part::Reason => Some(&mut script.reason),
        Part::Offer => Some(&mut script.offer),
        Part::Answer => script.objections.iter_mut().find(|objection| objection.id == "thinking").map(|objection| &mut objection.answer),
        Part::Close => Some(&mut script.close),
        _ => None,
    }
}
