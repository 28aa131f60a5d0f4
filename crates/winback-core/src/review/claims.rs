//! The claim ledger: every claim of a draft is bound to a fact of the brief or to a phrase
//! that a person approved; what is bound to neither keeps the draft back.
use super::account::{LONGEST_LINE, Named, as_wording, named, shown, unaccounted};
use super::{Part, memo};
use crate::claim::{Claim, Compare, Phrases, Reading, Sense, Spot, Unit, Value, clause, denied_within, sentence};
use crate::message::{Binding, Brief, Channel, Fact, LedgerEntry};
use crate::template::Case;
use foldhash::HashSet;
use std::cell::LazyCell;
use std::ops::Range;

/// What the claims of a draft may rest on.
pub(super) struct Grounds<'a> {
    brief: &'a Brief,
    phrases: &'a Phrases,
    channel: Channel,
    case: Case,
    reading: Reading,
    /// What the texts of the facts state.
    stated: Vec<Stated<'a>>,
    /// The texts of facts and slots.
    named: Vec<Named<'a>>,
}

/// One claim of a fact's text.
struct Stated<'a> {
    fact: &'a Fact,
    claim: Claim,
}

impl Stated<'_> {
    /// Returns whether the fact is a name, an address, an approved phrase or a cell, whose numbers count only within it.
    fn is_name(&self) -> bool {
        let id = self.fact.id.as_str();
        is_quoted_as_a_whole(id) || id == "offer.name"
    }

    /// Returns whether a promise of the fact counts only where the whole fact stands: a name, an address, a phrase
    /// the company approved as it is, a cell of the customer's.
    fn whole_only(&self, of: &str) -> bool {
        let id = self.fact.id.as_str();
        is_quoted_as_a_whole(id)
            || (id == "offer.name" && (Phrases::never_approves(of) || matches!(of, "exclusive" | "automatic" | "approval")))
    }

    /// Returns whether the fact answers for such a claim. Whoever typed it into an offer, a superlative or a guarantee
    /// rests on a phrase that the company approved.
    fn answers_for(&self, of: &str, brief: &Brief) -> bool {
        !Phrases::never_approves(of) || !self.fact.id.starts_with("offer.") || Phrases::offer_states(brief.kind, of)
    }
}

fn is_quoted_as_a_whole(id: &str) -> bool {
    ["company.", "approved.", "customer."].iter().any(|group| id.starts_with(group))
}

/// A claim of a part and what it rests on; `None` where it rests on nothing.
pub(super) struct Bound {
    pub claim: Claim,
    pub to: Option<Binding>,
}

/// A part as the review reads it.
pub(super) struct ReadPart<'p> {
    pub part: &'p Part<'p>,
    /// The lines that are no wording, with or without facts.
    pub open: Vec<&'p str>,
    /// What nobody answers for: clauses of open lines, and lines too long to be looked into.
    pub left: Vec<String>,
    /// The claims and what they rest on, in the order of the text.
    pub bound: Vec<Bound>,
    /// The facts whose words stand in it.
    pub said: Vec<&'p Fact>,
    /// Whether the words are the customer's, or what nobody may say.
    pub quoted: bool,
}

impl<'a> Grounds<'a> {
    pub(super) fn new(brief: &'a Brief, phrases: &'a Phrases, channel: Channel) -> Self {
        let currency = brief.facts.iter().find_map(|fact| match &fact.value {
            Some(Value::Money { currency, .. }) => *currency,
            _ => None,
        });
        let reading = Reading { locale: brief.locale, day: brief.day, currency };
        let untyped = brief.facts.iter().filter(|fact| fact.value.is_none());
        let stated = untyped
            .flat_map(|fact| memo::claims(&fact.text, &reading).to_vec().into_iter().map(move |claim| Stated { fact, claim }))
            .collect();
        Self { brief, phrases, channel, case: phrases.case(brief), reading, stated, named: named(&brief.facts) }
    }

    pub(super) fn brief(&self) -> &'a Brief {
        self.brief
    }

    pub(super) fn phrases(&self) -> &'a Phrases {
        self.phrases
    }

    pub(super) fn spot<'p>(&self, part: &'p Part<'_>) -> Spot<'p>
    where
        'a: 'p,
    {
        Spot { brief: self.brief, channel: self.channel, part: &part.name }
    }

    /// Returns the same grounds for another channel.
    pub(super) fn for_channel(&mut self, channel: Channel) {
        self.channel = channel;
    }

    pub(super) fn case(&self) -> Case {
        self.case
    }

    /// Returns the texts of facts and slots.
    pub(super) fn named(&self) -> &[Named<'a>] {
        &self.named
    }

    /// Returns a part as the review reads it. Lines in `elsewhere` stand in other parts and are judged there.
    pub(super) fn read<'p>(&self, part: &'p Part<'p>, elsewhere: &HashSet<&str>) -> ReadPart<'p>
    where
        'a: 'p,
    {
        let quoted = part.name.starts_with("objection") || part.name.starts_with("forbidden");
        let (text, spot): (&str, _) = (part.read, self.spot(part));
        let mut seen = ReadPart { part, open: Vec::new(), left: Vec::new(), bound: Vec::new(), said: Vec::new(), quoted };
        for (start, line) in lines(text).filter(|(_, line)| !elsewhere.contains(line)) {
            if line.len() > LONGEST_LINE {
                seen.open.push(line);
                seen.left.push(shown(line));
                continue;
            }
            let clauses = LazyCell::new(|| self.account(part, line));
            let mut add = |claim: &Claim| {
                if !quoted || is_number(&claim.value) {
                    let mut found = self.bound(claim, part, start);
                    found.to = found.to.or_else(|| self.approval(claim, &clauses));
                    seen.bound.push(found);
                }
            };
            if let Some(claims) = self.phrases.line(line, spot, self.case) {
                claims.iter().for_each(&mut add);
                continue;
            }
            memo::claims(line, &self.reading).iter().for_each(&mut add);
            let place = self.place(part);
            match self.recalled(line, &place).or_else(|| as_wording(&clauses).inspect(|facts| memo::keep_wording(line, place, facts))) {
                Some(facts) => seen.said.extend(facts),
                None => {
                    seen.said.extend(self.facts_in(line));
                    seen.left.extend(unaccounted(line, &clauses).filter(|_| !quoted));
                    seen.open.push(line);
                }
            }
        }
        settle(text, &mut seen.bound);
        seen
    }

    /// Returns where a line of a part stands, for remembering what it is.
    fn place(&self, part: &Part<'_>) -> memo::Place {
        memo::Place {
            phrases: self.phrases.id(),
            reading: self.reading,
            channel: self.channel,
            part: part.name.as_bytes().first_chunk().copied().unwrap_or_default(),
            case: self.case,
        }
    }

    /// Returns the facts with which a line was found to be a wording before, where the brief has them all.
    fn recalled(&self, line: &str, place: &memo::Place) -> Option<Vec<&'a Fact>> {
        let fact = |(id, text): &(String, String)| self.brief.facts.iter().find(|fact| fact.id == *id && fact.text == *text);
        memo::wording(line, place)?.iter().map(fact).collect()
    }

    /// Returns a claim of a line, placed in its part, with the fact it rests on.
    fn bound(&self, claim: &Claim, part: &Part<'_>, start: usize) -> Bound {
        let mut placed = Claim { span: start + claim.span.start..start + claim.span.end, ..claim.clone() };
        let fact = match &claim.value {
            Value::Name { name } => self.names(name),
            Value::Promise { of, .. } => self.promises(of, &placed, part.read),
            Value::Contact { text } => self.contact(text),
            _ => self.amount(&placed, part.read),
        };
        // A ledger shows what the table says, not how the text rounds it.
        if let Some(value) = fact.filter(|fact| fact.id.starts_with("customer.")).and_then(|fact| fact.value.clone()) {
            placed.value = value;
        }
        Bound { to: fact.map(|fact| Binding::Fact { id: fact.id.clone() }), claim: placed }
    }

    fn names(&self, name: &str) -> Option<&'a Fact> {
        let held = |fact: &&Fact| fact.text.match_indices(name).any(|(at, _)| apart(&fact.text, at..at + name.len()));
        self.brief.facts.iter().find(held)
    }

    fn contact(&self, contact: &str) -> Option<&'a Fact> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let called = |fact: &&Fact| {
            fact.id == "company.phone" && !contact.contains('@') && digits(contact) == digits(&fact.text) && !digits(contact).is_empty()
        };
        let stated = self.stated.iter().find(|stated| matches!(&stated.claim.value, Value::Contact { text } if text == contact));
        self.brief.facts.iter().find(called).or(stated.map(|stated| stated.fact))
    }

    fn promises(&self, of: &str, claim: &Claim, text: &str) -> Option<&'a Fact> {
        let same = |stated: &&Stated<'_>| {
            let alike = matches!(&stated.claim.value, Value::Promise { of: other, .. } if other == of);
            alike && stated.answers_for(of, self.brief) && (!stated.whole_only(of) || within(text, claim, stated))
        };
        let stated = self.stated.iter().find(same).map(|stated| stated.fact);
        let less =
            |fact: &&Fact| matches!(&fact.value, Some(Value::Percent { sense: Sense::Off, .. } | Value::Money { sense: Sense::Off, .. }));
        let about = |fact: &&Fact| fact.id.starts_with("customer.") && text[clause(text, &claim.span)].contains(&fact.text);
        match of {
            // Paying less rests on how much less, not on a name that says so too.
            "lower_price" => self.brief.facts.iter().find(less).or(stated),
            "about_you" => stated.or_else(|| self.brief.facts.iter().find(about)),
            _ => stated,
        }
    }

    fn amount(&self, claim: &Claim, text: &str) -> Option<&'a Fact> {
        if denied_within(text, claim.span.start, 2) {
            return None;
        }
        let plain = matches!(claim.compare, Compare::Exactly | Compare::About);
        let typed = self.brief.facts.iter().find(|fact| plain && fact.value.as_ref().is_some_and(|value| agrees(&claim.value, value)));
        // What is told of the customer stands as the fact says it: "in 137 days" is no date.
        let told =
            self.brief.facts.iter().find(|fact| fact.id.starts_with("customer.") && text.get(claim.span.clone()) == Some(&fact.text));
        if told.is_some() {
            return told;
        }
        // A number inside a name or an address is part of it.
        let named = self.stated.iter().find(|stated| stated.is_name() && stated.claim.value == claim.value && within(text, claim, stated));
        named
            .map(|stated| stated.fact)
            .or(typed)
            .or_else(|| self.stated.iter().find(|stated| self.says(stated, claim, text)).map(|stated| stated.fact))
    }

    /// Returns whether a claim of a fact's words is the claim of the text. Numbers of a name or an address count
    /// only where the whole of it stands; numbers that a typed fact contradicts count nowhere.
    fn says(&self, stated: &Stated<'_>, claim: &Claim, text: &str) -> bool {
        if stated.is_name() || matches!(claim.value, Value::Number { .. }) {
            return stated.claim.value == claim.value && within(text, claim, stated);
        }
        let same = match (&claim.value, &stated.claim.value) {
            (Value::Span { count, unit }, Value::Span { count: other, unit: of }) => count == other && unit == of,
            (value, other) => agrees(value, other),
        };
        same && stated.claim.compare == claim.compare && !self.contradicted(&stated.claim.value)
    }

    fn contradicted(&self, value: &Value) -> bool {
        let typed = || self.brief.facts.iter().filter(|fact| fact.id.starts_with("offer.")).filter_map(|fact| fact.value.as_ref());
        let alike = |other: &&Value| match (value, other) {
            (Value::Percent { .. }, Value::Percent { .. }) => true,
            (Value::Money { sense, .. }, Value::Money { sense: other, .. }) => sense == other,
            (Value::Span { unit, .. }, Value::Span { unit: other, .. }) => unit == other,
            _ => false,
        };
        typed().any(|other| alike(&other)) && !typed().filter(alike).any(|other| agrees(value, other))
    }

    /// Returns what to tell the writer about a claim that rests on nothing.
    pub(super) fn explain(&self, words: &str, claim: &Claim) -> String {
        let said = claim.value.say(self.brief.locale);
        let compare = match claim.compare {
            Compare::Exactly => "",
            Compare::AtLeast => "at least ",
            Compare::AtMost => "up to ",
            Compare::More => "more than ",
            Compare::Less => "less than ",
            Compare::About => "about ",
        };
        let kind = |value: &Value| std::mem::discriminant(value);
        let near = self.brief.facts.iter().find(|fact| fact.value.as_ref().is_some_and(|value| kind(value) == kind(&claim.value)));
        let todo = match near {
            Some(fact) => format!("the nearest fact is {} ({:?}); write it exactly as that says, or take it out", fact.id, fact.text),
            None => "take it out, write what a fact says, or have the company approve the phrase".to_owned(),
        };
        format!("{words:?} claims {compare}{said}, which no fact of the brief states; {todo}")
    }
}

/// A word of getting rests on what is got, another claim of its sentence; a deadline in words on the day or the length
/// of time that its sentence names.
fn settle(text: &str, bound: &mut [Bound]) {
    let is = |bound: &Bound, kind: &str| matches!(&bound.claim.value, Value::Promise { of, .. } if of == kind);
    for at in 0..bound.len() {
        let (giving, deadline) = (is(&bound[at], "giving"), is(&bound[at], "deadline"));
        if bound[at].to.is_some() || !(giving || deadline) {
            continue;
        }
        let around = sentence(text, &bound[at].claim.span);
        let told = |other: &&Bound| {
            let time = matches!(other.claim.value, Value::Day { .. } | Value::Span { .. });
            around.contains(&other.claim.span.start) && if giving { !is(other, "giving") } else { time }
        };
        bound[at].to = bound.iter().filter(told).find_map(|other| other.to.clone());
    }
}

/// Returns whether a claim is about something the plan's numbers must hold.
fn is_number(value: &Value) -> bool {
    !matches!(value, Value::Name { .. } | Value::Promise { .. })
}

/// Returns whether a found text is not a piece of a longer word.
pub(super) fn apart(text: &str, at: Range<usize>) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let (before, after) = (text[..at.start].chars().next_back(), text[at.end..].chars().next());
    let (first, last) = (text[at.clone()].chars().next(), text[at].chars().next_back());
    !(letter(before) && letter(first) || letter(after) && letter(last))
}

/// Returns whether the whole fact stands around the claim.
fn within(text: &str, claim: &Claim, stated: &Stated<'_>) -> bool {
    let start = claim.span.start.checked_sub(stated.claim.span.start);
    let around = start.and_then(|start| Some((start, text.get(start..start + stated.fact.text.len())?)));
    around.is_some_and(|(start, found)| found == stated.fact.text && apart(text, start..start + found.len()))
}

/// Returns whether what a text claims is what a fact states: the value, the unit and the sense.
fn agrees(claim: &Value, fact: &Value) -> bool {
    match (claim, fact) {
        (Value::Percent { hundredths, sense }, Value::Percent { hundredths: other, sense: of }) => {
            let same = hundredths == other && (sense == of || (*sense == Sense::Plain && *of == Sense::Off));
            // 85 % to pay is 15 % off.
            same || (hundredths + other == 10_000 && *sense == Sense::Paid && *of == Sense::Off)
        }
        (Value::Money { minor, currency, per, sense }, Value::Money { minor: other, currency: of, per: period, sense: fact }) => {
            minor == other && currency == of && per == period && (sense == fact || (*sense == Sense::Plain && *fact == Sense::Paid))
        }
        (Value::Span { count, unit }, Value::Span { count: other, unit: of }) => {
            months_or_days(*count, *unit) == months_or_days(*other, *of)
        }
        (Value::Day { year, month, day }, Value::Day { year: other, month: of, day: fact }) => {
            (month.is_some() && (year.is_none() || year == other) && month == of) && (day == fact || (day.is_none() && year.is_some()))
        }
        (claim, fact) => claim == fact,
    }
}

/// Returns a span in months or in minutes, so that a year is twelve months.
fn months_or_days(count: i64, unit: Unit) -> (bool, i64) {
    let (calendar, of) = match unit {
        Unit::Minute => (false, 1),
        Unit::Hour => (false, 60),
        Unit::Day => (false, 24 * 60),
        Unit::Week => (false, 7 * 24 * 60),
        Unit::Month => (true, 1),
        Unit::Quarter => (true, 3),
        Unit::Year => (true, 12),
    };
    (calendar, count.saturating_mul(of))
}

/// Returns the ledger entries of a part, at their places in the text with its slots filled.
pub(super) fn entries(part: &Part<'_>, bound: &[Bound], brief: &Brief, into: &mut Vec<LedgerEntry>) {
    let shifts = super::shifts(part.raw, brief);
    let moved = |at: usize| {
        let shift = shifts.iter().take_while(|(end, _)| *end <= at).last().map_or(0, |(_, shift)| *shift);
        at.checked_add_signed(shift).and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX)
    };
    into.extend(bound.iter().filter_map(|found| {
        let (start, end) = (moved(found.claim.span.start), moved(found.claim.span.end));
        Some(LedgerEntry { part: part.name.clone().into_owned(), start, end, value: found.claim.value.clone(), bound: found.to.clone()? })
    }));
}

/// Returns the lines of a text that hold something, trimmed, with their places.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').filter_map(move |line| {
        let start = at + line.len() - line.trim_start().len();
        at += line.len() + 1;
        let line = line.trim();
        (!line.is_empty()).then_some((start, line))
    })
}

/// Returns a claim that only one of the text and the HTML of a mail makes. `html` holds what its own lines claim.
pub(super) fn differing<'c>(parts: &'c [ReadPart<'_>]) -> Option<&'c Claim> {
    let [subject, preheader, text_part, html_part] = parts else { return None };
    let (subject, preheader, text, html) = (&subject.bound, &preheader.bound, &text_part.bound, &html_part.bound);
    let (text_part, html_part) = (text_part.part, html_part.part);
    let shared: HashSet<&str> = lines(html_part.read).map(|(_, line)| line).collect();
    let seen: Vec<Range<usize>> =
        lines(text_part.read).filter(|(_, line)| shared.contains(line)).map(|(start, line)| start..start + line.len()).collect();
    let (in_both, in_text): (Vec<&Claim>, Vec<&Claim>) =
        text.iter().map(|bound| &bound.claim).partition(|claim| seen.iter().any(|line| line.contains(&claim.span.start)));
    let of_html = || html.iter().map(|bound| &bound.claim);
    let missing = in_text.iter().find(|claim| !made(claim, of_html().chain(in_both.iter().copied())));
    let heads = || subject.iter().chain(preheader).chain(text).map(|bound| &bound.claim);
    missing.copied().or_else(|| of_html().find(|claim| !made(claim, heads())))
}

/// Returns whether one of some claims is the same. Names are left out: a greeting or a button may say less.
fn made<'c>(claim: &Claim, mut others: impl Iterator<Item = &'c Claim>) -> bool {
    let same = |other: &Claim| match (&claim.value, &other.value) {
        (Value::Promise { of: kind, .. }, Value::Promise { of: other, .. }) => kind == other,
        (value, of) => value == of && claim.compare == other.compare,
    };
    matches!(claim.value, Value::Name { .. }) || others.any(same)
}
