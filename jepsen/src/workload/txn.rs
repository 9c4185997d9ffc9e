//! Consul's transactions: what W3, W4, W5, W7 and W8 write with.
//!
//! A transaction's results bear the index at which it took effect; all of them the same.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::said::{Said, consul, json as body_json};
use super::session::{Asked, Session};
use crate::client::Reply;
use crate::history::Meta;

/// A committed transaction, or a refused one.
#[derive(Clone, Debug, PartialEq)]
pub enum Committed {
    /// The result rows, and the index that the written ones have in common.
    Yes { rows: Vec<Value>, index: Option<u64> },
    /// Nothing was applied, for the reasons given.
    No(String),
}

/// A KV step without value.
#[must_use]
pub fn kv(verb: &str, key: &str) -> Value {
    json!({"KV": {"Verb": verb, "Key": key}})
}

/// Sets a key.
#[must_use]
pub fn set(key: &str, value: &str) -> Value {
    json!({"KV": {"Verb": "set", "Key": key, "Value": STANDARD.encode(value)}})
}

/// Sets a key that is at that index; 0: that is absent.
#[must_use]
pub fn cas(key: &str, value: &str, index: u64) -> Value {
    json!({"KV": {"Verb": "cas", "Key": key, "Value": STANDARD.encode(value), "Index": index}})
}

/// Goes on only if the session holds the key.
#[must_use]
pub fn check_session(key: &str, session: &str) -> Value {
    json!({"KV": {"Verb": "check-session", "Key": key, "Session": session}})
}

/// Commits the steps, at most once. After a doubt it is sent again with the same request id, possibly to another server: the
/// answer, a refusal included, is that of the one time it was applied.
pub async fn commit(session: &mut Session, steps: &[Value], repeats: u32) -> Said<Committed> {
    let body = Value::Array(steps.to_vec()).to_string();
    let name = session.request_name();
    let mut doubt: Option<String> = None;
    for _ in 0..=repeats {
        let said = understand(session.ask_as(name, Method::PUT, "/v1/txn", body.clone()).await);
        let why = match (said, &doubt) {
            (Said::Doubt(why), _) => why,
            // What never left says nothing of the time before.
            (Said::Fail(why), Some(first)) => format!("{first}; again: {why}"),
            (said, _) => return said,
        };
        doubt = Some(why);
        if !session.remembered(name) {
            break;
        }
        session.move_on();
    }
    Said::Doubt(doubt.unwrap_or_default())
}

/// Commits the steps, at most once, as a client that loses the first answer: what counts is what it is told when it asks
/// again `later` under the same request id, and that must be the answer of the one time. An answer that was waited for in
/// vain has taken some of that time already.
pub async fn commit_again(session: &mut Session, steps: &[Value], later: Duration) -> Said<Committed> {
    let body = Value::Array(steps.to_vec()).to_string();
    let name = session.request_name();
    let again = tokio::time::Instant::now() + later;
    let lost = match understand(session.ask_as(name, Method::PUT, "/v1/txn", body.clone()).await) {
        Said::Fail(why) => return Said::Fail(why),
        Said::Unexpected(what) => return Said::Unexpected(what),
        Said::Ok(..) => "the answer was lost on purpose".to_owned(),
        Said::Doubt(why) => why,
    };
    tokio::time::sleep_until(again).await;
    for _ in 0..TRIES {
        if !session.remembered(name) {
            break;
        }
        session.move_on();
        let asked = session.ask_as_within(name, Method::PUT, "/v1/txn", body.clone(), TRY_MAX).await;
        match understand(asked) {
            Said::Fail(_) | Said::Doubt(_) => tokio::time::sleep(TRY_EVERY).await,
            said @ (Said::Ok(..) | Said::Unexpected(_)) => return said,
        }
    }
    Said::Doubt(lost)
}

/// How often a lost answer is asked for, how long each time, and with which pause: servers without power have to start.
const TRIES: u32 = 6;
const TRY_MAX: Duration = Duration::from_secs(1);
const TRY_EVERY: Duration = Duration::from_millis(500);

/// Reads without writing: one state, answered linearizably.
pub async fn read(session: &mut Session, steps: &[Value]) -> Said<Vec<Value>> {
    let body = Value::Array(steps.to_vec()).to_string();
    let said = understand(session.ask(Method::PUT, "/v1/txn", body).await);
    match said.of_read() {
        Said::Ok(Committed::Yes { rows, .. }, meta) => Said::Ok(rows, meta),
        Said::Ok(Committed::No(why), _) => Said::Unexpected(format!("a read-only transaction was refused: {why}")),
        Said::Fail(why) | Said::Doubt(why) => Said::Fail(why),
        Said::Unexpected(what) => Said::Unexpected(what),
    }
}

fn understand(asked: Asked) -> Said<Committed> {
    let said = consul(asked, &[409], rows);
    let written = said.ok().and_then(|committed| match committed {
        Committed::Yes { index, .. } => *index,
        Committed::No(_) => None,
    });
    match (said, written) {
        (Said::Ok(committed, meta), Some(index)) => Said::Ok(committed, Meta { log_index: Some(index), ..meta }),
        (said, _) => said,
    }
}

fn rows(reply: &Reply) -> Result<Committed, String> {
    let body = body_json(reply)?;
    if reply.status == 409 {
        let errors = body.get("Errors").and_then(Value::as_array).filter(|errors| !errors.is_empty());
        return errors
            .map(|errors| Committed::No(Value::Array(errors.clone()).to_string()))
            .ok_or_else(|| "no errors".to_owned());
    }
    let rows = match body.get("Results") {
        Some(Value::Array(rows)) => rows.clone(),
        Some(Value::Null) | None => Vec::new(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err("no results".to_owned());
        }
    };
    let index = written_index(&rows)?;
    Ok(Committed::Yes { rows, index })
}

/// The index of what was written: the highest there is, as what was only read is older. Rows that a set or
/// cas left carry no value.
fn written_index(rows: &[Value]) -> Result<Option<u64>, String> {
    let of = |row: &Value| {
        let row = row.as_object()?.values().next()?;
        let written = row.get("Value").is_none_or(Value::is_null);
        written.then(|| row.get("ModifyIndex").and_then(Value::as_u64)).flatten()
    };
    let indexes: Vec<u64> = rows.iter().filter_map(of).filter(|index| *index > 0).collect();
    Ok(indexes.iter().max().copied())
}

/// The text and index of a KV row; `None`: the key does not exist.
///
/// # Errors
/// When the row has another shape.
pub fn kv_row(row: &Value) -> Result<Option<(String, u64)>, String> {
    let strange = || format!("no KV row: {row}");
    let entry = row.get("KV").ok_or_else(strange)?;
    let index = entry.get("ModifyIndex").and_then(Value::as_u64).unwrap_or(0);
    if index == 0 {
        return Ok(None);
    }
    let text = match entry.get("Value") {
        Some(Value::String(text)) => STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
        Some(Value::Null) | None => Some(String::new()),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    Ok(Some((text.ok_or_else(strange)?, index)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &'static str) -> Asked {
        Ok(Reply { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) })
    }

    #[test]
    fn a_committed_transaction_tells_its_index() {
        let body = r#"{"Results":[{"KV":{"Key":"a","Value":null,"ModifyIndex":9}},{"KV":{"Key":"b","Value":"MQ==","ModifyIndex":4}}],"Errors":null}"#;
        let Said::Ok(Committed::Yes { rows, index }, meta) = understand(reply(200, body)) else {
            panic!("not committed")
        };
        assert_eq!((index, meta.log_index), (Some(9), Some(9)));
        assert_eq!(kv_row(&rows[1]), Ok(Some(("1".to_owned(), 4))));
    }

    #[test]
    fn a_refused_one_is_told_from_a_strange_one() {
        let refused = understand(reply(409, r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"stale"}]}"#));
        assert!(matches!(refused, Said::Ok(Committed::No(_), _)));
        assert!(matches!(understand(reply(409, "{}")), Said::Unexpected(_)));
    }
}
