//! A filter as SQL: which tables it needs and what it asks of them.
use crate::codes::Code as _;
use crate::shelves::assessment::segment_text;
use sea_orm::Value;
use winback_core::id::RunId;
use winback_core::portfolio::{Filter, SortKey};
use winback_core::search::fold;

/// The `FROM` and `WHERE` of a filter over the assessed customers of a run, and its values from `$1` on.
pub(super) struct Selection {
    from: String,
    conditions: Vec<String>,
    /// What the placeholders stand for.
    pub values: Vec<Value>,
}

const APPROVAL: &str = " JOIN approval d ON d.run_id = a.run_id AND d.position = a.position";
const WRITTEN: &str = "IN (SELECT w.position FROM writing w WHERE w.run_id = $1 AND w.messages > 0)";

impl Selection {
    /// Returns the selection of a filter.
    pub fn of(run: RunId, filter: &Filter) -> Self {
        let mut selection =
            Self { from: "listing a".into(), conditions: vec!["a.run_id = $1 AND a.level IS NOT NULL".into()], values: vec![run.0.into()] };
        if let Some(text) = search_text(filter) {
            selection.ask("a.search LIKE", format!("%{}%", escape_like(&text)), " ESCAPE '\\'");
        }
        if let Some(level) = filter.level {
            selection.ask("a.level =", level.code(), "");
        }
        match filter.tier {
            None => {}
            Some(None) => selection.conditions.push("a.tier IS NULL".into()),
            Some(Some(tier)) => selection.ask("a.tier =", tier.code(), ""),
        }
        if let Some(contact) = filter.contact {
            selection.conditions.push(format!("a.contact {} 1", if contact { "=" } else { "<>" }));
        }
        if let Some(offer) = &filter.offer {
            selection.ask("a.offer =", offer.0.as_str(), "");
        }
        match filter.departed {
            None => {}
            Some(true) => selection.conditions.push("a.contact = 2".into()),
            Some(false) => selection.conditions.push("COALESCE(a.contact, 0) <> 2".into()),
        }
        if let Some(segment) = &filter.segment {
            selection.ask("a.segment =", segment_text(segment.as_ref()), "");
        }
        if let Some(written) = filter.written {
            selection.conditions.push(format!("a.position {}{WRITTEN}", if written { "" } else { "NOT " }));
        }
        if let Some(state) = filter.approval {
            selection.from.push_str(APPROVAL);
            selection.ask("d.state =", state.code(), "");
        }
        selection
    }

    fn ask(&mut self, left: &str, value: impl Into<Value>, after: &str) {
        self.values.push(value.into());
        self.conditions.push(format!("{left} ${}{after}", self.values.len()));
    }

    /// Returns the query that counts the selection.
    pub fn count(&self) -> String {
        format!("SELECT COUNT(*) FROM {} WHERE {}", self.from, self.conditions.join(" AND "))
    }

    /// Returns the query that gives the customer after the first so many, in order of position.
    pub fn nth(&mut self, skipped: u64) -> String {
        self.values.push(i64::try_from(skipped).unwrap_or(i64::MAX).into());
        let conditions = self.conditions.join(" AND ");
        format!("SELECT a.customer FROM {} WHERE {conditions} ORDER BY a.position LIMIT 1 OFFSET ${}", self.from, self.values.len())
    }

    /// Returns the query that gives the positions of one page of a list: an exact match of the search first, what
    /// has no value under the sort key last, ties by position.
    pub fn page(mut self, filter: &Filter, order: Order, offset: u64, limit: u64) -> (String, Vec<Value>) {
        let mut terms = Vec::new();
        if let Some(text) = search_text(filter) {
            for (column, exact) in [("a.customer", filter.search.clone().unwrap_or_default().trim().to_owned()), ("a.search", text)] {
                self.values.push(exact.into());
                terms.push(format!("CASE WHEN {column} = ${} THEN 0 ELSE 1 END", self.values.len()));
            }
        }
        terms.extend(order.terms());
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.values.extend([bound(limit).into(), bound(offset).into()]);
        let last = self.values.len();
        let (conditions, terms) = (self.conditions.join(" AND "), terms.join(", "));
        let sql = format!("SELECT a.position FROM {} WHERE {conditions} ORDER BY {terms} LIMIT ${} OFFSET ${last}", self.from, last - 1);
        (sql, self.values)
    }
}

/// The order of a list.
#[derive(Clone, Copy)]
pub(super) struct Order {
    /// By what.
    pub key: SortKey,
    /// The greatest first.
    pub descending: bool,
}

impl Order {
    fn terms(self) -> Vec<String> {
        let direction = if self.descending { "DESC" } else { "ASC" };
        match self.key {
            SortKey::Position => vec![format!("a.position {direction}")],
            SortKey::Probability => vec![format!("a.probability {direction}"), "a.position".into()],
            SortKey::Id => vec![format!("a.customer {direction}"), "a.position".into()],
            SortKey::MonthlyCharge => with_unknown_last("a.monthly_minor", direction),
            SortKey::NetValue => with_unknown_last("a.net_minor", direction),
        }
    }
}

fn with_unknown_last(value: &str, direction: &str) -> Vec<String> {
    vec![format!("({value}) IS NULL"), format!("{value} {direction}"), "a.position".into()]
}

/// Returns what is searched for, folded; `None` where nothing is.
fn search_text(filter: &Filter) -> Option<String> {
    filter.search.as_deref().map(fold).filter(|text| !text.is_empty())
}

/// Returns a text in which `LIKE` takes every character as it is; the escape character is a backslash.
pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::SqliteStore;
    use crate::rows::all;
    use winback_core::fakes::contract;
    use winback_core::portfolio::ListQuery;
    use winback_core::risk::RiskLevel;

    #[test]
    fn like_takes_every_character_as_it_is() {
        let check = |text: &str, expected: &str| assert_eq!(escape_like(text), expected);
        check("7590-vh", "7590-vh");
        check("100%", "100\\%");
        check("a_c", "a\\_c");
        check("a\\c", "a\\\\c");
    }

    #[tokio::test]
    async fn lists_never_read_the_long_rows() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("w.db")).await.unwrap();
        let run = contract::fill(&store, "plans").await.unwrap();
        let all_of = Filter::default;
        for filter in [
            all_of(),
            Filter { level: Some(RiskLevel::High), search: Some("00".into()), ..all_of() },
            Filter { offer: Some(winback_core::offer::OfferId("annual-15".into())), ..all_of() },
            Filter { written: Some(false), ..all_of() },
            Filter { segment: Some(None), ..all_of() },
        ] {
            let query = ListQuery { filter, sort: SortKey::NetValue, ..ListQuery::default() };
            let selection = Selection::of(run, &query.filter);
            let counted = (selection.count(), selection.values.clone());
            let listed = selection.page(&query.filter, Order { key: query.sort, descending: true }, 0, 50);
            for (sql, values) in [counted, listed] {
                let rows = all(store.db(), &format!("EXPLAIN QUERY PLAN {sql}"), values).await.unwrap();
                let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
                // All customers only from the short rows of one run, and writings only from their narrow index.
                let listed = |step: &String| step == "SEARCH a USING PRIMARY KEY (run_id=?)";
                let other =
                    |step: &String| step.starts_with("SCAN") || step.contains(" w ") && !step.contains("COVERING INDEX writing_card");
                assert!(steps.iter().any(listed) && !steps.iter().any(other), "{sql}: {steps:#?}");
                assert!(!["plan", "assessment", "customer "].iter().any(|long| sql.contains(&format!(" {long}"))), "{sql}");
            }
        }
    }
}
