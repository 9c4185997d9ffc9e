//! W3: transactions over lists, read and append on one to four keys, guarded by index checks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::{Value, json};

use super::keys::Rotation;
use super::said::Said;
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::txn::{self, Committed};
use crate::history::{Meta, Outcome};

/// The workload.
pub struct AppendWorkload {
    keys: Rotation,
    next: AtomicU64,
}

/// Those who ask again only after a doubt.
const CREW: usize = 6;
/// Those who always do.
const FORGETFUL: usize = 6;

/// A list as it was read: its text and index; index 0: absent.
type List = (String, u64);

impl Default for AppendWorkload {
    fn default() -> Self {
        Self { keys: Rotation::new("append", 5, 200), next: AtomicU64::new(1) }
    }
}

impl AppendWorkload {
    /// A transaction that only reads.
    async fn read(&self, session: &mut Session, keys: &[String]) -> Option<BTreeMap<String, List>> {
        let input: Vec<Value> = keys.iter().map(|key| json!(["r", key, null])).collect();
        let pending = session.invoke("append.txn", &keys[0], Value::Array(input));
        let steps: Vec<Value> = keys.iter().map(|key| txn::kv("get-or-empty", key)).collect();
        let said = txn::read(session, &steps).await.and_then(|rows| lists(keys, &rows));
        said.end(session, pending, |lists| keys.iter().map(|key| json!(["r", key, numbers(&lists[key].0)])).collect())
    }

    /// Reads, then appends to some of the keys on condition that they are still as they were read, and reads the rest
    /// again in the same transaction.
    async fn append(&self, session: &mut Session, keys: &[String]) {
        let Some(before) = self.read(session, keys).await else { return };
        let mut input = Vec::new();
        let mut steps = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let (text, index) = &before[key];
            if at == 0 || session.rng.random_bool(0.6) {
                let value = self.next.fetch_add(1, Ordering::Relaxed);
                if session.rng.random_bool(0.5) {
                    input.push(json!(["r", key, null]));
                }
                input.push(json!(["append", key, value]));
                steps.push(txn::cas(key, &format!("{text}{value} "), *index));
            } else {
                input.push(json!(["r", key, null]));
                steps.push(txn::kv("get-or-empty", key));
            }
        }
        let pending = session.invoke("append.txn", &keys[0], Value::Array(input.clone()));
        let said =
            if session.worker < CREW { txn::commit(session, &steps, 2).await } else { forget(session, &steps).await };
        match said {
            Said::Ok(Committed::Yes { rows, .. }, meta) => match output(&input, &before, &rows) {
                Ok(value) => session.end(pending, Outcome::Ok(value), meta),
                Err(what) => session.unexpected(pending, &what),
            },
            // A refusal is a whole answer: the process goes on.
            Said::Ok(Committed::No(why), meta) => pending.end(Outcome::Fail(why), meta),
            Said::Fail(why) => session.end(pending, Outcome::Fail(why), Meta::default()),
            Said::Doubt(why) => session.end(pending, Outcome::Info(why), Meta::default()),
            Said::Unexpected(what) => session.unexpected(pending, &what),
        }
    }
}

/// Takes the first answer for lost, and asks again some seconds later: meanwhile the server may have lost its power, or
/// another one may lead.
async fn forget(session: &mut Session, steps: &[Value]) -> Said<Committed> {
    let later = Duration::from_millis(session.rng.random_range(500..3000));
    txn::commit_again(session, steps, later).await
}

/// What the transaction saw: the lists that its guards compared, and those that it read itself.
fn output(input: &[Value], before: &BTreeMap<String, List>, rows: &[Value]) -> Result<Value, String> {
    let mut read: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows {
        let key = row.pointer("/KV/Key").and_then(Value::as_str).ok_or_else(|| format!("no KV row: {row}"))?;
        let text = txn::kv_row(row)?.map_or(String::new(), |(text, _)| text);
        read.insert(key.to_owned(), numbers(&text));
    }
    let guarded = |key: &str| input.iter().any(|step| step[0] == "append" && step[1] == key);
    let mut steps = Vec::new();
    for step in input {
        let key = step[1].as_str().unwrap_or_default();
        if step[0] == "append" {
            steps.push(step.clone());
        } else if guarded(key) {
            steps.push(json!(["r", key, numbers(&before[key].0)]));
        } else {
            steps.push(json!(["r", key, read.get(key).ok_or_else(|| format!("no row for {key}"))?]));
        }
    }
    Ok(Value::Array(steps))
}

fn lists(keys: &[String], rows: &[Value]) -> Result<BTreeMap<String, List>, String> {
    if rows.len() != keys.len() {
        return Err(format!("{} rows for {} keys", rows.len(), keys.len()));
    }
    let list = |row: &Value| txn::kv_row(row).map(Option::unwrap_or_default);
    keys.iter().zip(rows).map(|(key, row)| Ok((key.clone(), list(row)?))).collect()
}

/// The elements of a list's text. What is no number of ours is shown as 0, which nobody ever appends.
fn numbers(text: &str) -> Vec<Value> {
    text.split_terminator(' ').map(|word| Value::from(word.parse::<u64>().unwrap_or(0))).collect()
}

impl Workload for AppendWorkload {
    fn name(&self) -> &'static str {
        "append"
    }

    fn crew(&self) -> Crew {
        Crew { workers: CREW + FORGETFUL, pause: Duration::from_millis(40) }
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let wanted = session.rng.random_range(1..=4);
            let mut keys: Vec<String> = (0..wanted).map(|_| self.keys.draw(&mut session.rng)).collect();
            keys.sort();
            keys.dedup();
            if session.rng.random_bool(0.3) {
                self.read(session, &keys).await;
            } else {
                self.append(session, &keys).await;
            }
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for keys in self.keys.used().chunks(4) {
                if self.read(session, keys).await.is_none() {
                    self.read(session, keys).await;
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_read_is_what_the_guard_compared() {
        let input = [json!(["r", "a", null]), json!(["append", "a", 3]), json!(["r", "b", null])];
        let before = BTreeMap::from([("a".to_owned(), ("1 2 ".to_owned(), 5)), ("b".to_owned(), (String::new(), 0))]);
        let rows = [
            json!({"KV": {"Key": "a", "Value": null, "ModifyIndex": 9}}),
            json!({"KV": {"Key": "b", "Value": "NyA=", "ModifyIndex": 7}}),
        ];
        let expected = json!([["r", "a", [1, 2]], ["append", "a", 3], ["r", "b", [7]]]);
        assert_eq!(output(&input, &before, &rows), Ok(expected));
    }
}
