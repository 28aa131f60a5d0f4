//! Messages, and what kept others back.
use crate::codes::Code as _;
use crate::connect::SqliteStore;
use crate::error::{damaged, reading, writing};
use crate::rows::{Columns, Upsert, all, list};
use crate::shelves::customer::place;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use winback_core::consent::Withheld;
use winback_core::goal::Goal;
use winback_core::id::{CustomerId, Position, RunId};
use winback_core::locale::Locale;
use winback_core::message::{Finding, Message, MessageRecord};
use winback_core::script::{CallStep, Next};
use winback_core::store::{MessageStore, StoreError, Writing};

const WRITINGS: Upsert = Upsert { table: "writing", columns: &["run_id", "position", "locale", "customer", "messages", "body"], key: 3 };
/// How many customers one question names.
const ASKED_AT_ONCE: usize = 500;

#[derive(Serialize)]
struct BodyRef<'a> {
    messages: Vec<&'a MessageRecord>,
    findings: &'a [Finding],
    withheld: &'a [Withheld],
}

#[derive(Deserialize)]
struct Body {
    messages: Vec<MessageRecord>,
    findings: Vec<Finding>,
    /// Stores of before there was consent have none.
    #[serde(default)]
    withheld: Vec<Withheld>,
}

#[async_trait]
impl MessageStore for SqliteStore {
    async fn save_writings(&self, run: RunId, page: &[Writing]) -> Result<(), StoreError> {
        let last: HashMap<(Position, Locale), &Writing> = page.iter().map(|w| ((w.position, w.locale), w)).collect();
        let mut values = Vec::with_capacity(last.len() * WRITINGS.columns.len());
        for writing in last.into_values() {
            values.extend(row_of(run, writing)?);
        }
        let tx = self.begin_write().await?;
        WRITINGS.save(&tx, values).await?;
        tx.commit().await.map_err(writing)
    }

    async fn writings(&self, run: RunId, position: Position) -> Result<Vec<Writing>, StoreError> {
        at(self.db(), run, position).await
    }

    async fn written(&self, run: RunId, among: &[Position], locales: &[Locale]) -> Result<Vec<Position>, StoreError> {
        let wanted: HashSet<i16> = locales.iter().map(|locale| locale.code()).collect();
        let tx = self.begin_read().await?;
        let mut done = HashSet::new();
        for asked in among.chunks(ASKED_AT_ONCE) {
            let sql = format!(
                "SELECT position FROM writing WHERE run_id = $1 AND position IN ({}) AND locale IN ({}) \
                 GROUP BY position HAVING COUNT(*) = $2",
                list(3, asked.len()),
                list(3 + asked.len(), wanted.len())
            );
            let count = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
            let mut values: Vec<Value> = vec![run.0.into(), count.into()];
            values.extend(asked.iter().map(|position| Value::from(i64::from(position.0))));
            values.extend(wanted.iter().map(|&code| Value::from(code)));
            for row in all(&tx, &sql, values).await? {
                done.insert(place(row.try_get_by_index(0).map_err(reading)?, "writing", run)?);
            }
        }
        Ok(among.iter().copied().filter(|position| wanted.is_empty() || done.contains(position)).collect())
    }
}

/// Returns what writing for one customer came to, in whatever transaction the caller has.
pub(super) async fn at(db: &impl ConnectionTrait, run: RunId, position: Position) -> Result<Vec<Writing>, StoreError> {
    let sql = "SELECT locale, customer, body FROM writing WHERE run_id = $1 AND position = $2 ORDER BY locale";
    let rows = all(db, sql, vec![run.0.into(), i64::from(position.0).into()]).await?;
    rows.iter().map(|row| read_writing(row, run, position)).collect()
}

fn row_of(run: RunId, writing: &Writing) -> Result<[Value; 6], StoreError> {
    let body = BodyRef {
        messages: writing.messages.iter().map(Message::record).collect(),
        findings: &writing.findings,
        withheld: &writing.withheld,
    };
    let body = serde_json::to_string(&body).map_err(|error| damaged("writing", run, error))?;
    let messages = i64::try_from(writing.messages.len()).unwrap_or(i64::MAX);
    Ok([
        run.0.into(),
        i64::from(writing.position.0).into(),
        writing.locale.code().into(),
        writing.customer.as_str().into(),
        messages.into(),
        body.into(),
    ])
}

fn read_writing(row: &QueryResult, run: RunId, position: Position) -> Result<Writing, StoreError> {
    let bad = |why: String| damaged("writing", run, why);
    let mut columns = Columns::of(row);
    let locale = Locale::from_code(columns.next().map_err(reading)?).map_err(bad)?;
    let customer = CustomerId::try_from(columns.next::<String>().map_err(reading)?).map_err(|error| bad(error.to_string()))?;
    let body = body_of(&columns.next::<String>().map_err(reading)?).map_err(bad)?;
    let messages = body.messages.into_iter().map(Message::from_store).collect();
    Ok(Writing { position, customer, locale, messages, findings: body.findings, withheld: body.withheld })
}

/// Returns what a stored body says, also one of before messages had a goal, a ledger and a course of the call.
fn body_of(text: &str) -> Result<Body, String> {
    let unread = |error: serde_json::Error| format!("{error}; winback write --again writes every message of the run anew");
    serde_json::from_str(text).or_else(|_| {
        let mut older: serde_json::Value = serde_json::from_str(text).map_err(unread)?;
        for message in older["messages"].as_array_mut().into_iter().flatten() {
            complete(message);
        }
        serde_json::from_value(older).map_err(unread)
    })
}

/// Puts in what messages did not say once: they pursued the offer itself, nothing of them was read as a claim, and
/// every answer of a call led to its close.
fn complete(message: &mut serde_json::Value) {
    let add = |to: &mut serde_json::Value, fields: serde_json::Value| {
        if let (Some(to), serde_json::Value::Object(fields)) = (to.as_object_mut(), fields) {
            for (name, value) in fields {
                to.entry(name).or_insert(value);
            }
        }
    };
    add(message, json!({ "goal": Goal::Push, "segment": null, "ledger": [] }));
    let objections = message["content"].get_mut("objections").and_then(serde_json::Value::as_array_mut);
    for (at, objection) in objections.into_iter().flatten().enumerate() {
        let id = format!("objection-{}", at + 1);
        add(objection, json!({ "id": id, "after": CallStep::SPOKEN, "then": Next::Step(CallStep::Close) }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLDER: &str = r#"{"messages":[
        {"position":0,"customer":"a","locale":"en","content":{"channel":"email","subject":"s","preheader":"p","text":"t","html":"h"},
         "offer":"annual-15","writer":{"name":"built-in","words":"00"},"checks":["length"],
         "facts":[{"id":"offer.percent","text":"15%","source":{"from":"offer","offer":"annual-15","field":"percent"}}]},
        {"position":0,"customer":"a","locale":"en","content":{"channel":"call","opening":"o","reason":"r","offer":"f",
          "objections":[{"customer":"c","answer":"a"},{"customer":"d","answer":"b"}],"forbidden":[],"close":"x","outcomes":[]},
         "offer":null,"writer":{"name":"built-in","words":"00"},"checks":[],"facts":[]}],
        "findings":[{"channel":"sms","part":"text","check":"length","detail":"too long"}]}"#;

    #[test]
    fn messages_of_before_the_ledger_are_read() {
        let body = body_of(OLDER).unwrap();
        let [mail, call] = &body.messages[..] else { unreachable!("two messages") };
        assert_eq!((mail.goal, &mail.segment, mail.ledger.len()), (Goal::Push, &None, 0));
        assert_eq!((mail.facts[0].text.as_str(), &mail.facts[0].value), ("15%", &None));
        let winback_core::message::Content::Call(script) = &call.content else { unreachable!("a call") };
        let ids: Vec<&str> = script.objections.iter().map(|objection| objection.id.as_str()).collect();
        assert_eq!((ids, &script.objections[1].then), (vec!["objection-1", "objection-2"], &Next::Step(CallStep::Close)));
        assert_eq!((body.findings.len(), body.withheld.len()), (1, 0));
        // Read once, it is kept in today's shape.
        let kept = serde_json::json!({ "messages": body.messages, "findings": body.findings, "withheld": body.withheld });
        assert_eq!(serde_json::from_value::<Body>(kept).unwrap().messages, body.messages);
    }

    #[test]
    fn what_cannot_be_read_says_what_to_type() {
        for text in ["", "{}", r#"{"messages":[{"position":0}],"findings":[]}"#, r#"{"messages":7,"findings":[]}"#] {
            let error = body_of(text).err().unwrap();
            assert!(error.contains("winback write --again"), "{text}: {error}");
        }
    }
}
