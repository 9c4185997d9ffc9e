//! Consul's KV API: weft and Consul itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::{Entry, Guard, Mode, Store};
use crate::client::Reply;
use crate::workload::said::{Said, consul, json, yes_no};
use crate::workload::session::Session;

/// KV over REST. With `reads` set, every linearizable read is made in that mode instead: how a positive
/// control asks Consul for stale reads and calls them linearizable.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsulStore {
    pub reads: Option<Mode>,
}

impl ConsulStore {
    fn query(&self, mode: Mode) -> &'static str {
        let mode = if mode == Mode::Stale { mode } else { self.reads.unwrap_or(mode) };
        match mode {
            Mode::Default => "",
            Mode::Consistent => "consistent",
            Mode::Stale => "stale",
        }
    }
}

impl Store for ConsulStore {
    fn get<'a>(&'a self, session: &'a mut Session, key: &'a str, mode: Mode) -> BoxFuture<'a, Said<Option<Entry>>> {
        Box::pin(async move {
            let path = format!("/v1/kv/{key}?{}", self.query(mode));
            let asked = session.ask(Method::GET, &path, "").await;
            consul(asked, &[404], |reply| Ok(entries(reply)?.pop())).of_read()
        })
    }

    fn list<'a>(&'a self, session: &'a mut Session, prefix: &'a str, mode: Mode) -> BoxFuture<'a, Said<Vec<Entry>>> {
        Box::pin(async move {
            let path = format!("/v1/kv/{prefix}?recurse&{}", self.query(mode));
            let asked = session.ask(Method::GET, &path, "").await;
            consul(asked, &[404], entries).of_read()
        })
    }

    fn put<'a>(
        &'a self,
        session: &'a mut Session,
        key: &'a str,
        value: String,
        guard: Guard,
    ) -> BoxFuture<'a, Said<bool>> {
        Box::pin(async move { write(session, Method::PUT, key, guard, value).await })
    }

    fn delete<'a>(&'a self, session: &'a mut Session, key: &'a str, guard: Guard) -> BoxFuture<'a, Said<bool>> {
        Box::pin(async move { write(session, Method::DELETE, key, guard, String::new()).await })
    }
}

/// Guarded writes bear an id, and are sent again under it after a doubt, maybe to another server: the answer is then that
/// of the one time it was applied. For Consul the id is no more than a header, so nothing is sent twice there.
async fn write(session: &mut Session, method: Method, key: &str, guard: Guard, value: String) -> Said<bool> {
    let path = guarded(key, guard);
    if guard == Guard::Always || !session.once() {
        return consul(session.ask(method, &path, value).await, &[], yes_no);
    }
    let name = session.request_name();
    let mut first: Option<String> = None;
    for _ in 0..=REPEATS {
        let said = consul(session.ask_as(name, method.clone(), &path, value.clone()).await, &[], yes_no);
        let why = match (said, &first) {
            (Said::Doubt(why), _) => why,
            // What never left says nothing of the time before.
            (Said::Fail(why), Some(first)) => format!("{first}; again: {why}"),
            (said, _) => return said,
        };
        first = Some(why);
        if !session.remembered(name) {
            break;
        }
        session.move_on();
    }
    Said::Doubt(first.unwrap_or_default())
}

/// How often a guarded write is sent again.
const REPEATS: u32 = 1;

fn guarded(key: &str, guard: Guard) -> String {
    match guard {
        Guard::Always => format!("/v1/kv/{key}"),
        Guard::Absent => format!("/v1/kv/{key}?cas=0"),
        Guard::At(version) => format!("/v1/kv/{key}?cas={version}"),
    }
}

/// The entries of an answer; a 404 has none.
///
/// # Errors
/// When it has another shape.
pub(crate) fn entries(reply: &Reply) -> Result<Vec<Entry>, String> {
    if reply.status == 404 {
        return if reply.body.is_empty() { Ok(Vec::new()) } else { Err("a body with a 404".to_owned()) };
    }
    let rows = json(reply)?;
    let rows = rows.as_array().ok_or("no array")?;
    rows.iter().map(|row| entry(row).ok_or_else(|| format!("no entry: {row}"))).collect()
}

fn entry(row: &Value) -> Option<Entry> {
    let value = match row.get("Value")? {
        Value::Null => String::new(),
        Value::String(text) => String::from_utf8(STANDARD.decode(text).ok()?).ok()?,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(Entry { key: row.get("Key")?.as_str()?.to_owned(), value, version: row.get("ModifyIndex")?.as_u64()? })
}
