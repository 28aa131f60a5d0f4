//! Where a false sentence goes in a draft, and how a true word is put in another's place. Text and HTML of a mail are
//! changed alike, so that only what is said gives the lie away.
use super::case::{Case, pick};
use winback_core::locale::Locale;
use winback_core::message::{Content, Draft, Email};

const SMS_UNITS: usize = 70;
const SUBJECT_WIDTH: usize = 78;

/// Names that keep their capital letter within a sentence.
const NAMES: [&str; 3] = ["Globex", "Acme", "Netflix"];

/// Returns the draft with one more sentence, at a place the seed chooses; `None` where none has room for it.
pub fn say(case: &Case, draft: &Draft, sentence: &str, seed: u64) -> Option<Draft> {
    let mut draft = draft.clone();
    match &mut draft.content {
        Content::Email(mail) => say_in_mail(case, mail, sentence, seed)?,
        Content::Sms(sms) => sms.text = say_in_sms(case, &sms.text, sentence, seed)?,
        Content::Call(script) => {
            let answer = pick(seed, 20, script.objections.len());
            let part = match pick(seed, 21, 5) {
                0 => &mut script.opening,
                1 => &mut script.reason,
                2 => &mut script.offer,
                3 => &mut script.objections.get_mut(answer)?.answer,
                _ => &mut script.close,
            };
            *part = joined(part, sentence, case.locale(), pick(seed, 22, 3));
        }
    }
    Some(draft)
}

/// Returns a paragraph with one more sentence: at its end, at its start, or as a clause of its first sentence.
fn joined(text: &str, sentence: &str, locale: Locale, how: usize) -> String {
    match (how, locale) {
        (0, Locale::En) => format!("{text} {sentence}"),
        (1, Locale::En) => format!("{sentence} {text}"),
        (0, _) => format!("{text}{sentence}"),
        (1, _) => format!("{sentence}{text}"),
        (_, Locale::En) => {
            let link = ["; ", ", and ", " – "][sentence.len() % 3];
            let (first, rest) = text.split_once(". ").unwrap_or((text.trim_end_matches('.'), ""));
            format!("{first}{link}{} {rest}", uncapitalised(sentence)).trim_end().to_owned()
        }
        (_, _) => {
            let link = ["，", "，而且", "，另外"][sentence.len() / 3 % 3];
            text.split_once('。').map_or_else(|| format!("{text}{sentence}"), |(first, rest)| format!("{first}{link}{sentence}{rest}"))
        }
    }
}

/// Returns a sentence as a clause: with a small letter, unless it begins with a name or an amount.
fn uncapitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    match letters.clone().next() {
        Some(second) if (second.is_lowercase() || second == ' ') && !NAMES.iter().any(|name| sentence.starts_with(name)) => {
            first.chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

fn say_in_mail(case: &Case, mail: &mut Email, sentence: &str, seed: u64) -> Option<()> {
    let mut places = pick(seed, 23, 8);
    if (places == 0 || places == 7) && say_in_subject(mail, case.locale(), sentence).is_none() {
        places = 2;
    }
    if places == 1 || places == 7 {
        say_in_preheader(mail, case.locale(), sentence)?;
    }
    if places > 1 { say_in_body(case, mail, sentence, seed) } else { Some(()) }
}

fn say_in_subject(mail: &mut Email, locale: Locale, sentence: &str) -> Option<()> {
    let sentence = sentence.trim_end_matches(['.', '。']);
    let subject = if locale == Locale::En { format!("{} – {sentence}", mail.subject) } else { format!("{}，{sentence}", mail.subject) };
    let width: usize = subject.chars().map(|c| if c > '\u{2e80}' { 2 } else { 1 }).sum();
    if width > SUBJECT_WIDTH {
        return None;
    }
    replace_in_html(mail, &format!("<title>{}", escaped(&mail.subject)), &format!("<title>{}", escaped(&subject)))?;
    mail.subject = subject;
    Some(())
}

fn say_in_preheader(mail: &mut Email, locale: Locale, sentence: &str) -> Option<()> {
    let preheader = joined(&mail.preheader, sentence, locale, 0);
    let (old, new) = (format!(">{}", escaped(&mail.preheader)), format!(">{}", escaped(&preheader)));
    replace_in_html(mail, &old, &new)?;
    mail.preheader = preheader;
    Some(())
}

fn say_in_body(case: &Case, mail: &mut Email, sentence: &str, seed: u64) -> Option<()> {
    let paragraphs = body(&mail.text);
    let paragraph = paragraphs.get(pick(seed, 24, paragraphs.len()))?.clone();
    let how = pick(seed, 25, 4);
    if how == 3 {
        let (old, row) = (format!("{}</td></tr>", escaped(&paragraph)), format!("{}</td></tr>\n<tr><td>", escaped(&paragraph)));
        replace_in_html(mail, &old, &format!("{row}{}</td></tr>", escaped(sentence)))?;
        mail.text = mail.text.replacen(&paragraph, &format!("{paragraph}\n\n{sentence}"), 1);
    } else {
        let changed = joined(&paragraph, sentence, case.locale(), how);
        replace_in_html(mail, &format!(">{}<", escaped(&paragraph)), &format!(">{}<", escaped(&changed)))?;
        mail.text = mail.text.replacen(&paragraph, &changed, 1);
    }
    Some(())
}

fn replace_in_html(mail: &mut Email, old: &str, new: &str) -> Option<()> {
    mail.html.contains(old).then(|| mail.html = mail.html.replacen(old, new, 1))
}

/// Returns the paragraphs between greeting and signature.
pub fn body(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").skip(1);
    paragraphs.take_while(|paragraph| !paragraph.trim().contains('\n')).map(str::to_owned).collect()
}

/// Returns a text as it stands in the HTML the templates make.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#x27;"),
            '/' => html.push_str("&#x2f;"),
            '\n' => html.push_str("<br>"),
            other => html.push(other),
        }
    }
    html
}

/// Puts the sentence into the short message as written, or into a shorter one where it does not fit.
fn say_in_sms(case: &Case, text: &str, sentence: &str, seed: u64) -> Option<String> {
    let way_out = ["不想再收", "拒收", "Reply STOP", "STOP"].into_iter().filter_map(|words| text.find(words)).min();
    let space = if case.locale() == Locale::En { " " } else { "" };
    let longer = way_out.map(|at| format!("{}{sentence}{space}{}", &text[..at], &text[at..]));
    let shorter = short_sms(case, sentence, pick(seed, 26, 2) == 0);
    longer.into_iter().chain([shorter]).find(|text| text.encode_utf16().count() <= SMS_UNITS)
}

/// Returns the shortest short message that names sender and offer and says one thing more; without a sentence, the
/// honest one.
pub fn short_sms(case: &Case, sentence: &str, first: bool) -> String {
    let company = case.text("company.short_name").unwrap_or_default();
    let offer = case.text("offer.name");
    match (case.locale(), offer) {
        (Locale::En, Some(offer)) if first && !sentence.is_empty() => format!("{company}: {sentence} {offer}. STOP=end"),
        (Locale::En, offer) => {
            let gap = if sentence.is_empty() { "" } else { " " };
            format!("{company}: {}.{gap}{sentence} STOP=end", offer.unwrap_or("here to help"))
        }
        (Locale::ZhTw, Some(offer)) if first => format!("【{company}】{sentence}「{offer}」。拒收請回 N"),
        (Locale::ZhTw, Some(offer)) => format!("【{company}】「{offer}」。{sentence}拒收請回 N"),
        (Locale::ZhTw, None) => format!("【{company}】需要協助請撥 {}。{sentence}拒收請回 N", case.brief.company.phone),
        (Locale::ZhCn, Some(offer)) if first => format!("【{company}】{sentence}“{offer}”。拒收请回复 R"),
        (Locale::ZhCn, Some(offer)) => format!("【{company}】“{offer}”。{sentence}拒收请回复 R"),
        (Locale::ZhCn, None) => format!("【{company}】需要帮助请拨 {}。{sentence}拒收请回复 R", case.brief.company.phone),
    }
}

/// Returns the draft with words put in the place of others, everywhere at once; `None` where none of them stands in it
/// or the short message grows too long.
pub fn swap(draft: &Draft, pairs: &[(String, String)]) -> Option<Draft> {
    let mut changed = draft.clone();
    let plain = |text: &mut String| *text = swapped(text, pairs);
    match &mut changed.content {
        Content::Email(mail) => {
            for text in [&mut mail.subject, &mut mail.preheader, &mut mail.text] {
                plain(text);
            }
            let pairs: Vec<_> = pairs.iter().map(|(from, to)| (escaped(from), escaped(to))).collect();
            mail.html = swapped(&mail.html, &pairs);
        }
        Content::Sms(sms) => plain(&mut sms.text),
        Content::Call(script) => {
            for text in [&mut script.opening, &mut script.reason, &mut script.offer, &mut script.close] {
                plain(text);
            }
            script.objections.iter_mut().for_each(|objection| plain(&mut objection.answer));
        }
    }
    let fits = !matches!(&changed.content, Content::Sms(sms) if sms.text.encode_utf16().count() > SMS_UNITS);
    (fits && changed != *draft).then_some(changed)
}

/// Replaces all pairs in one walk, so that two values can change places.
fn swapped(text: &str, pairs: &[(String, String)]) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    let next = |rest: &str| pairs.iter().filter_map(|(from, to)| Some((rest.find(from.as_str())?, from.len(), to.clone()))).min();
    while let Some((at, length, to)) = next(rest) {
        made.push_str(&rest[..at]);
        made.push_str(&to);
        rest = &rest[at + length..];
    }
    made.push_str(rest);
    made
}
