//! etcd's v3 API through its JSON gateway, for the positive controls.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};

use super::{Entry, Guard, Mode, Store};
use crate::client::Failure;
use crate::history::Meta;
use crate::workload::said::{Said, text};
use crate::workload::session::Session;

/// KV over the gateway.
#[derive(Clone, Copy, Debug, Default)]
pub struct EtcdStore;

impl Store for EtcdStore {
    fn get<'a>(&'a self, session: &'a mut Session, key: &'a str, mode: Mode) -> BoxFuture<'a, Said<Option<Entry>>> {
        Box::pin(async move {
            let body = json!({"key": b64(key), "serializable": mode == Mode::Stale});
            let said = ask(session, "/v3/kv/range", &body, |body| Ok(entries(body)?.pop())).await;
            said.of_read()
        })
    }

    fn list<'a>(&'a self, session: &'a mut Session, prefix: &'a str, mode: Mode) -> BoxFuture<'a, Said<Vec<Entry>>> {
        Box::pin(async move {
            let body = json!({"key": b64(prefix), "range_end": STANDARD.encode(after(prefix)), "serializable": mode == Mode::Stale});
            ask(session, "/v3/kv/range", &body, entries).await.of_read()
        })
    }

    fn put<'a>(
        &'a self,
        session: &'a mut Session,
        key: &'a str,
        value: String,
        guard: Guard,
    ) -> BoxFuture<'a, Said<bool>> {
        let put = json!({"request_put": {"key": b64(key), "value": b64(&value)}});
        Box::pin(async move { guarded(session, key, guard, put).await })
    }

    fn delete<'a>(&'a self, session: &'a mut Session, key: &'a str, guard: Guard) -> BoxFuture<'a, Said<bool>> {
        let delete = json!({"request_delete_range": {"key": b64(key)}});
        Box::pin(async move { guarded(session, key, guard, delete).await })
    }
}

async fn guarded(session: &mut Session, key: &str, guard: Guard, act: Value) -> Said<bool> {
    let compare = match guard {
        Guard::Always => json!([]),
        Guard::Absent => json!([{"key": b64(key), "target": "VERSION", "result": "EQUAL", "version": "0"}]),
        Guard::At(version) => {
            json!([{"key": b64(key), "target": "MOD", "result": "EQUAL", "mod_revision": version.to_string()}])
        }
    };
    let body = json!({"compare": compare, "success": [act]});
    // The gateway leaves out what is false.
    let succeeded = |body: &Value| Ok(body.get("succeeded").and_then(Value::as_bool).unwrap_or(false));
    ask(session, "/v3/kv/txn", &body, succeeded).await
}

async fn ask<T>(
    session: &mut Session,
    path: &str,
    body: &Value,
    understand: impl FnOnce(&Value) -> Result<T, String>,
) -> Said<T> {
    let reply = match session.ask(Method::POST, path, body.to_string()).await {
        Ok(reply) => reply,
        Err(Failure::NotSent(why)) => return Said::Fail(why),
        Err(Failure::Unknown(why)) => return Said::Doubt(why),
    };
    if reply.status != 200 {
        return Said::Doubt(format!("{} {}", reply.status, text(&reply)));
    }
    let parsed: Result<Value, String> = serde_json::from_slice(&reply.body).map_err(|error| error.to_string());
    let meta = |body: &Value| Meta { term: number(body, "raft_term"), log_index: number(body, "revision") };
    match parsed.and_then(|body| Ok((understand(&body)?, meta(body.get("header").unwrap_or(&Value::Null))))) {
        Ok((value, meta)) => Said::Ok(value, meta),
        Err(what) => Said::Unexpected(format!("{what}: {}", text(&reply))),
    }
}

fn entries(body: &Value) -> Result<Vec<Entry>, String> {
    let Some(rows) = body.get("kvs") else { return Ok(Vec::new()) };
    let rows = rows.as_array().ok_or("kvs is no array")?;
    rows.iter().map(|row| entry(row).ok_or_else(|| format!("no entry: {row}"))).collect()
}

fn entry(row: &Value) -> Option<Entry> {
    let plain = |key: &str| String::from_utf8(STANDARD.decode(row.get(key)?.as_str()?).ok()?).ok();
    Some(Entry { key: plain("key")?, value: plain("value").unwrap_or_default(), version: number(row, "mod_revision")? })
}

/// 64-bit numbers are text in protobuf's JSON.
fn number(row: &Value, key: &str) -> Option<u64> {
    row.get(key)?.as_str()?.parse().ok()
}

fn b64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The first key after all that begin with the prefix.
fn after(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end;
        }
    }
    vec![0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(after("ab"), b"ac");
        assert_eq!(after(""), [0]);
    }

    #[test]
    fn an_answer_without_keys_is_empty() {
        assert_eq!(entries(&json!({"header": {}})), Ok(Vec::new()));
        let row = json!({"kvs": [{"key": b64("k"), "value": b64("1"), "mod_revision": "7"}]});
        assert_eq!(entries(&row), Ok(vec![Entry { key: "k".to_owned(), value: "1".to_owned(), version: 7 }]));
    }
}
