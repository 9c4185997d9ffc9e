//! W8: one writer counts, readers ask every server in every mode, some with a bound on age, some waiting for the next count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use http::Method;
use rand::RngExt;
use serde_json::json;

use super::journal::Journal;
use super::said::{consul, header};
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::store::consul_entries;
use super::txn;
use super::wait::{Watched, Watchers};

const KEY: &str = "modes/counter";
/// Who asks at once; before them comes the one writer, after them those who wait.
const READERS: usize = 6;
const BLOCKED: usize = 3;

/// The workload.
pub struct ModesWorkload {
    journal: Journal,
    count: AtomicU64,
    watchers: Watchers,
}

impl Default for ModesWorkload {
    fn default() -> Self {
        Self { journal: Journal::new("modes"), count: AtomicU64::new(0), watchers: Watchers::default() }
    }
}

impl ModesWorkload {
    async fn count(&self, session: &mut Session) {
        let value = (1 + self.count.fetch_add(1, Ordering::Relaxed)).to_string();
        let changes = json!([{"kv": KEY, "value": value}]);
        self.journal.write(session, "write", KEY, &[txn::set(KEY, &value)], changes).await;
    }

    async fn read(&self, session: &mut Session, mode: &str, max_stale_ms: Option<u64>) {
        let input = json!({"mode": mode, "max_stale_ms": max_stale_ms});
        let pending = session.invoke("modes.read", KEY, input);
        let query = match (mode, max_stale_ms) {
            ("default", _) => String::new(),
            (_, Some(ms)) => format!("max_stale={ms}ms"),
            (mode, None) => mode.to_owned(),
        };
        let asked = session.ask(Method::GET, &format!("/v1/kv/{KEY}?{query}"), "").await;
        let said = consul(asked, &[404], |reply| {
            let entry = consul_entries(reply)?.pop();
            Ok(json!({
                "index": header(reply, "x-consul-index").ok_or("no index")?,
                "value": entry.as_ref().map(|entry| entry.value.clone()),
                "modified": entry.map(|entry| entry.version),
                "contact_ms": header(reply, "x-consul-lastcontact"),
                "leader": reply.headers.get("x-consul-knownleader").and_then(|value| value.to_str().ok()),
            }))
        });
        said.of_read().end(session, pending, Clone::clone);
    }
}

impl Workload for ModesWorkload {
    fn name(&self) -> &'static str {
        "modes"
    }

    fn crew(&self) -> Crew {
        Crew { workers: READERS + 1 + BLOCKED, pause: Duration::from_millis(50) }
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            if session.worker == 0 {
                self.count(session).await;
                return Ok(Step::Next);
            }
            if session.worker > READERS {
                let watched = Watched { target: "key", name: KEY, stale: session.worker.is_multiple_of(2) };
                let answered = self.watchers.wait(session, "modes", watched, Duration::from_secs(5)).await;
                return Ok(if answered { Step::AtOnce } else { Step::Next });
            }
            match session.rng.random_range(0..10) {
                0..2 => self.read(session, "default", None).await,
                2..4 => self.read(session, "consistent", None).await,
                4..8 => self.read(session, "stale", None).await,
                _ => self.read(session, "stale", Some(1000)).await,
            }
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for mode in ["default", "consistent", "stale"] {
                self.read(session, mode, None).await;
            }
            self.journal.read_back(session).await;
            Ok(())
        })
    }
}
