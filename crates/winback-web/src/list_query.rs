//! The customer list's question, as an address writes it: the page and the API read it alike.
use crate::problem::Problem;
use crate::url;
use winback_core::campaign::ApprovalState;
use winback_core::offer::OfferId;
use winback_core::portfolio::{Filter, ListQuery, SortKey};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::segment::SegmentId;

/// The most customers on one page.
pub(crate) const MAX_SIZE: u64 = 500;

/// Which part of the list is wanted, by page number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListState {
    pub filter: Filter,
    pub sort: SortKey,
    pub descending: bool,
    /// Counted from 1.
    pub page: u64,
    pub size: u64,
}

/// The sort keys with their names in addresses.
pub(crate) const SORTS: [(SortKey, &str); 5] = [
    (SortKey::Probability, "probability"),
    (SortKey::NetValue, "net_value"),
    (SortKey::MonthlyCharge, "monthly_charge"),
    (SortKey::Id, "id"),
    (SortKey::Position, "position"),
];

impl ListState {
    /// Reads the question; an empty value counts as not given, an unknown one is refused by name.
    pub(crate) fn parse(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let get =
            |name: &str| pairs.iter().rev().find(|(known, value)| known == name && !value.trim().is_empty()).map(|(_, value)| value.trim());
        let sort = match get("sort") {
            None => SortKey::default(),
            Some(text) => one_of("sort", text, &SORTS.map(|(key, name)| (name, key)))?,
        };
        let by_text = matches!(sort, SortKey::Id | SortKey::Position);
        Ok(Self {
            filter: Filter {
                search: get("search").map(str::to_owned),
                level: get("level").map(|text| one_of("level", text, &RiskLevel::ALL.map(|level| (level.tag(), level)))).transpose()?,
                tier: get("tier").map(|text| one_of("tier", text, &tiers())).transpose()?,
                contact: get("contact").map(|text| one_of("contact", text, &[("yes", true), ("no", false)])).transpose()?,
                offer: get("offer").map(|text| OfferId(text.to_owned())),
                written: get("written").map(|text| one_of("written", text, &[("yes", true), ("no", false)])).transpose()?,
                approval: get("approval").map(|text| one_of("approval", text, &APPROVALS)).transpose()?,
                departed: match get("who") {
                    Some(text) => one_of("who", text, &WHO)?,
                    // Who searches for an id wants to find it; a list is of customers one can keep.
                    None if get("search").is_some() => None,
                    None => Some(false),
                },
                segment: get("segment").map(segment).transpose()?,
            },
            sort,
            descending: get("order").map(|text| one_of("order", text, &[("desc", true), ("asc", false)])).transpose()?.unwrap_or(!by_text),
            page: get("page").map_or(Ok(1), |text| number("page", text, 1, u64::from(u32::MAX)))?,
            size: get("size").map_or(Ok(50), |text| number("size", text, 1, MAX_SIZE))?,
        })
    }

    pub(crate) fn query(&self) -> ListQuery {
        let offset = (self.page - 1) * self.size;
        ListQuery { filter: self.filter.clone(), sort: self.sort, descending: self.descending, offset, limit: self.size }
    }

    /// Returns how many pages a list of this length has, at least 1.
    pub(crate) fn pages(&self, total: u64) -> u64 {
        total.div_ceil(self.size).max(1)
    }

    pub(crate) fn sort_name(&self) -> &'static str {
        SORTS.iter().find(|(key, _)| *key == self.sort).map_or("probability", |(_, name)| name)
    }

    /// Returns the filter as a query string.
    pub(crate) fn filter_pairs(filter: &Filter) -> Vec<(&'static str, String)> {
        let approval = filter.approval.and_then(|state| APPROVALS.iter().find(|(_, known)| *known == state)).map(|(name, _)| *name);
        let yes_or_no = |answer: Option<bool>| answer.map(|answer| if answer { "yes" } else { "no" }).unwrap_or_default().to_owned();
        vec![
            ("search", filter.search.clone().unwrap_or_default()),
            ("level", filter.level.map(RiskLevel::tag).unwrap_or_default().to_owned()),
            ("tier", filter.tier.map(|tier| tier.map_or(UNKNOWN_TIER, ValueTier::tag)).unwrap_or_default().to_owned()),
            ("contact", yes_or_no(filter.contact)),
            ("offer", filter.offer.as_ref().map(|offer| offer.0.clone()).unwrap_or_default()),
            ("written", yes_or_no(filter.written)),
            ("approval", approval.unwrap_or_default().to_owned()),
            ("who", who(filter).to_owned()),
            ("segment", filter.segment.as_ref().map(|segment| segment_tag(segment.as_ref()).to_owned()).unwrap_or_default()),
        ]
    }

    /// Returns the command that hands out the messages of the customers whom the filter leaves, as a shell takes it. Whom
    /// the plan leaves alone has no messages, so the filters about that have no part in it.
    pub(crate) fn export_command(&self) -> String {
        let name = |pair: &str| match pair {
            "level" => Some("risk"),
            "tier" => Some("value"),
            "search" => Some("search"),
            "offer" => Some("offer"),
            "approval" => Some("approval"),
            "segment" => Some("segment"),
            _ => None,
        };
        let pairs = Self::filter_pairs(&self.filter).into_iter().filter(|(_, value)| !value.is_empty());
        let options = pairs.filter_map(|(pair, value)| Some(format!(" --{}={}", name(pair)?, quoted(&value))));
        format!("winback export --format csv --out messages.csv{}", options.collect::<String>())
    }

    /// Returns the address of a list: this one with another page, sort or order.
    pub(crate) fn address(&self, page: u64, sort: SortKey, descending: bool) -> String {
        let other = Self { page, sort, descending, ..self.clone() };
        let mut pairs = Self::filter_pairs(&self.filter);
        pairs.push(("sort", other.sort_name().to_owned()));
        pairs.push(("order", if descending { "desc" } else { "asc" }.to_owned()));
        pairs.push(("size", self.size.to_string()));
        pairs.push(("page", page.to_string()));
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        format!("/customers{}", url::query(&borrowed))
    }
}

/// Returns a word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// What an address calls the value of customers whose charge is not known.
pub(crate) const UNKNOWN_TIER: &str = "unknown";

/// Returns the value tiers by which a list can be filtered, with their names in addresses.
pub(crate) fn tiers() -> [(&'static str, Option<ValueTier>); 4] {
    let known = |tier: ValueTier| (tier.tag(), Some(tier));
    [known(ValueTier::High), known(ValueTier::Mid), known(ValueTier::Low), (UNKNOWN_TIER, None)]
}

/// What an address calls the customers in no segment; no segment can have this name.
pub(crate) const NO_SEGMENT: &str = "(none)";

/// Returns what an address calls a segment.
pub(crate) fn segment_tag(segment: Option<&SegmentId>) -> &str {
    segment.map_or(NO_SEGMENT, SegmentId::as_str)
}

fn segment(text: &str) -> Result<Option<SegmentId>, Problem> {
    let expected = || format!(r"[\p{{L}}\p{{N}}_-]+ / {NO_SEGMENT}");
    let bad = |_| Problem::BadQuery { name: "segment".to_owned(), value: text.to_owned(), expected: expected() };
    if text == NO_SEGMENT { Ok(None) } else { SegmentId::parse(text).map(Some).map_err(bad) }
}

/// Whom a list shows: customers of today, those who have left already, or both.
pub(crate) const WHO: [(&str, Option<bool>); 3] = [("current", Some(false)), ("left", Some(true)), ("all", None)];

/// Returns nothing where an address that says nothing means the same.
fn who(filter: &Filter) -> &'static str {
    let unsaid = if filter.search.is_some() { None } else { Some(false) };
    match WHO.iter().find(|(_, known)| *known == filter.departed) {
        Some((name, known)) if *known != unsaid => name,
        _ => "",
    }
}

pub(crate) const APPROVALS: [(&str, ApprovalState); 2] = [("approved", ApprovalState::Approved), ("declined", ApprovalState::Declined)];

pub(crate) fn one_of<T: Copy>(name: &str, text: &str, known: &[(&str, T)]) -> Result<T, Problem> {
    known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| Problem::BadQuery {
        name: name.to_owned(),
        value: text.to_owned(),
        expected: known.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" / "),
    })
}

fn number(name: &str, text: &str, least: u64, most: u64) -> Result<u64, Problem> {
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| Problem::BadQuery {
        name: name.to_owned(),
        value: text.to_owned(),
        expected: format!("{least} – {most}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_or_refused_by_name() {
        let read = |query: &str| ListState::parse(&url::pairs(Some(query)));
        let state = read("search=%20a%2Fb&level=high&tier=&written=no&page=3&size=10&sort=id").unwrap();
        assert_eq!((state.filter.search.as_deref(), state.filter.level, state.filter.tier), (Some("a/b"), Some(RiskLevel::High), None));
        assert_eq!((state.query().offset, state.query().limit, state.descending), (20, 10, false));
        for (query, at_fault) in [
            ("level=huge", "level"),
            ("page=0", "page"),
            ("size=501", "size"),
            ("size=x", "size"),
            ("order=up", "order"),
            ("segment=a%20b", "segment"),
        ] {
            assert!(matches!(read(query), Err(Problem::BadQuery { name, .. }) if name == at_fault), "{query}");
        }
    }

    #[test]
    fn a_filter_reads_as_a_command_that_no_value_can_leave() {
        let check = |query: &str, expected: &str| {
            let state = ListState::parse(&url::pairs(Some(query))).unwrap();
            assert_eq!(state.export_command(), format!("winback export --format csv --out messages.csv{expected}"), "{query}");
        };
        check("", "");
        check("level=high&tier=unknown&approval=approved&contact=yes&written=no", " --risk=high --value=unknown --approval=approved");
        check("segment=%28none%29", " --segment='(none)'");
        check("search=--json&offer=annual-15", " --search=--json --offer=annual-15");
        check("search=a%27%3B+rm+-rf+%24HOME+%60x%60", r" --search='a'\''; rm -rf $HOME `x`'");
    }

    #[test]
    fn an_address_reads_back_as_itself() {
        let state = ListState::parse(&url::pairs(Some(
            "search=%3Cscript%3E%26&tier=unknown&contact=no&approval=approved&written=yes&offer=a+b&segment=Dormant",
        )))
        .unwrap();
        let address = state.address(7, SortKey::Id, true);
        let back = ListState::parse(&url::pairs(address.split_once('?').map(|(_, query)| query))).unwrap();
        assert_eq!(back, ListState { page: 7, sort: SortKey::Id, descending: true, ..state });
    }
}
