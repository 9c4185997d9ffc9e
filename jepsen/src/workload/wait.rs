//! Blocking queries: asked again and again, each from the index that the last one announced.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::said::{consul, header, json as body_json};
use super::session::Session;
use crate::client::Reply;

/// What one query asks about: `key`, `prefix` or `service`, and its name.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    pub target: &'static str,
    pub name: &'static str,
    pub stale: bool,
}

/// Where each watcher is.
#[derive(Default)]
pub struct Watchers {
    index: Mutex<BTreeMap<usize, u64>>,
}

impl Watchers {
    /// One query of a watcher, waiting at most that long.
    pub async fn wait(&self, session: &mut Session, workload: &str, watched: Watched, wait: Duration) -> bool {
        let index = self.index.lock().get(&session.worker).copied().unwrap_or(0);
        self.ask(session, workload, watched, index, wait).await
    }

    /// A query from any index: 0, an old one, one of the future.
    pub async fn ask(
        &self,
        session: &mut Session,
        workload: &str,
        watched: Watched,
        index: u64,
        wait: Duration,
    ) -> bool {
        let Watched { target, name, stale } = watched;
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let mode = if stale { "stale" } else { "default" };
        let input = json!({"target": target, "index": index, "wait_ms": wait_ms, "mode": mode});
        let pending = session.invoke(&format!("{workload}.wait"), name, input);
        let query = format!("index={index}&wait={wait_ms}ms{}", if stale { "&stale" } else { "" });
        let path = match target {
            "prefix" => format!("/v1/kv/{name}?recurse&{query}"),
            "service" => format!("/v1/health/service/{name}?{query}"),
            _ => format!("/v1/kv/{name}?{query}"),
        };
        // Consul adds up to a sixteenth to the wait.
        let patience = wait + wait / 8 + session.timeout();
        let asked = session.ask_within(Method::GET, &path, "", patience).await;
        let said = consul(asked, &[404], |reply| {
            let index = header(reply, "x-consul-index").ok_or("no index")?;
            let body = if target == "service" { instances(reply)? } else { keys(reply)? };
            Ok((index, body))
        });
        let found = said.of_read().end(session, pending, |(index, body)| json!({"index": index, "body": body}));
        if let Some((index, _)) = &found {
            self.index.lock().insert(session.worker, *index);
        }
        found.is_some()
    }
}

fn keys(reply: &Reply) -> Result<Value, String> {
    if reply.status == 404 {
        return Ok(json!({}));
    }
    let rows = body_json(reply)?;
    let rows = rows.as_array().ok_or("no array")?;
    let row = |row: &Value| {
        let text = String::from_utf8(STANDARD.decode(row.get("Value")?.as_str()?).ok()?).ok()?;
        Some((row.get("Key")?.as_str()?.to_owned(), json!([text, row.get("ModifyIndex")?.as_u64()?])))
    };
    let body: Option<Map<String, Value>> = rows.iter().map(row).collect();
    body.map(Value::Object).ok_or_else(|| "no KV entries".to_owned())
}

fn instances(reply: &Reply) -> Result<Value, String> {
    let rows = body_json(reply)?;
    let rows = rows.as_array().ok_or("no array")?;
    let row = |row: &Value| {
        let node = row.pointer("/Node/Node")?.as_str()?;
        let id = row.pointer("/Service/ID")?.as_str()?;
        let checks = row.get("Checks")?.as_array()?;
        let status =
            checks.iter().find(|check| check["ServiceID"] == id).map_or(Value::Null, |check| check["Status"].clone());
        Some((format!("{node}/{id}"), json!([row.pointer("/Service/Port")?.as_u64()?, status])))
    };
    let body: Option<Map<String, Value>> = rows.iter().map(row).collect();
    body.map(Value::Object).ok_or_else(|| "no health rows".to_owned())
}
