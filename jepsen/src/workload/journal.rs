//! The journal: every write of some workloads takes its own description along, in the same transaction, under a key
//! of its own. Read in the end, it is the log that judges replay: it tells which doubtful writes took effect, and
//! at which index.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::said::{Said, consul, json as body_json};
use super::session::Session;
use super::txn::{self, Committed};
use crate::client::Reply;
use crate::history::Outcome;

/// Entries of one block are read at once.
const BLOCK: u64 = 1000;

/// The journal of one workload.
pub struct Journal {
    workload: &'static str,
    next: AtomicU64,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new(workload: &'static str) -> Self {
        Self { workload, next: AtomicU64::new(1) }
    }

    /// Commits the steps and the description of what they change, and records it as one operation. The rows of
    /// the result, if it was committed.
    pub async fn write(
        &self,
        session: &mut Session,
        call: &str,
        key: &str,
        steps: &[Value],
        changes: Value,
    ) -> Option<Vec<Value>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let pending = session.invoke(&format!("{}.{call}", self.workload), key, json!({"id": id, "changes": changes}));
        let mut steps = steps.to_vec();
        steps.push(txn::set(&self.key(id), &changes.to_string()));
        let said = txn::commit(session, &steps, 1).await;
        if let Said::Ok(Committed::No(why), meta) = said {
            // A refusal is a whole answer: the process goes on.
            pending.end(Outcome::Fail(why), meta);
            return None;
        }
        let said = said.and_then(|committed| match committed {
            Committed::Yes { rows, index } => Ok((rows, index.ok_or("a written transaction without index")?)),
            Committed::No(why) => Err(why),
        });
        let done = said.end(session, pending, |(rows, index)| json!({"index": index, "row": rows.first()}));
        done.map(|(rows, _)| rows)
    }

    /// Reads the whole journal and records it.
    pub async fn read_back(&self, session: &mut Session) {
        for block in 0..=self.next.load(Ordering::Relaxed) / BLOCK {
            for _ in 0..3 {
                let prefix = format!("journal/{}/{block}/", self.workload);
                let pending = session.invoke(&format!("{}.journal", self.workload), &prefix, Value::Null);
                let asked = session.ask(Method::GET, &format!("/v1/kv/{prefix}?recurse"), "").await;
                let said = consul(asked, &[404], entries).of_read();
                if said.end(session, pending, Clone::clone).is_some() {
                    break;
                }
            }
        }
    }

    fn key(&self, id: u64) -> String {
        format!("journal/{}/{}/{id}", self.workload, id / BLOCK)
    }
}

/// `[[index, id, changes], …]`
fn entries(reply: &Reply) -> Result<Value, String> {
    if reply.status == 404 {
        return Ok(json!([]));
    }
    let rows = body_json(reply)?;
    let rows = rows.as_array().ok_or("no array")?;
    rows.iter().map(|row| entry(row).ok_or_else(|| format!("no journal entry: {row}"))).collect()
}

fn entry(row: &Value) -> Option<Value> {
    let id: u64 = row.get("Key")?.as_str()?.rsplit('/').next()?.parse().ok()?;
    let text = STANDARD.decode(row.get("Value")?.as_str()?).ok()?;
    let changes: Value = serde_json::from_slice(&text).ok()?;
    Some(json!([row.get("CreateIndex")?.as_u64()?, id, changes]))
}
