//! W4: watchers of keys and prefixes, and writers that set, delete and create again. Half of the keys are quiet: a watcher that
//! slept through a change there is not saved by the next one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::json;

use super::journal::Journal;
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::txn;
use super::wait::{Watched, Watchers};

const KEYS: [&str; 6] =
    ["watch/hot/a", "watch/hot/b", "watch/quiet/a", "watch/quiet/b", "watch/quiet/c", "watch/quiet/d"];

const fn on(target: &'static str, name: &'static str, stale: bool) -> Watched {
    Watched { target, name, stale }
}

/// What each watcher watches; the workers after them write.
const WATCHED: [Watched; 12] = [
    on("key", "watch/hot/a", false),
    on("key", "watch/hot/b", true),
    on("prefix", "watch/hot/", false),
    on("prefix", "watch/quiet/", false),
    on("prefix", "watch/quiet/", true),
    on("key", "watch/quiet/a", false),
    on("key", "watch/quiet/b", false),
    on("key", "watch/quiet/c", true),
    on("key", "watch/quiet/d", false),
    on("key", "watch/quiet/a", true),
    on("key", "watch/hot/a", true),
    on("key", "watch/quiet/b", false),
];

/// Longer than a judge on a slow machine takes to call it sleeping.
const WAIT: Duration = Duration::from_secs(12);

/// The workload.
pub struct WatchWorkload {
    journal: Journal,
    watchers: Watchers,
    next: AtomicU64,
}

impl Default for WatchWorkload {
    fn default() -> Self {
        Self { journal: Journal::new("watch"), watchers: Watchers::default(), next: AtomicU64::new(1) }
    }
}

impl WatchWorkload {
    async fn write(&self, session: &mut Session, key: &str) {
        let value = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        if session.rng.random_bool(0.25) {
            self.journal.write(session, "delete", key, &[txn::kv("delete", key)], json!([{"kv": key}])).await;
        } else {
            let changes = json!([{"kv": key, "value": value}]);
            self.journal.write(session, "put", key, &[txn::set(key, &value)], changes).await;
        }
    }

    /// Asks from an index that no careful client asks from.
    async fn odd(&self, session: &mut Session, watched: Watched) -> bool {
        let index = [0, 1, u64::from(u32::MAX)][session.rng.random_range(0..3)];
        let stale = Watched { stale: true, ..watched };
        self.watchers.ask(session, "watch", stale, index, Duration::from_millis(300)).await
    }
}

impl Workload for WatchWorkload {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn crew(&self) -> Crew {
        Crew { workers: WATCHED.len() + 3, pause: Duration::from_millis(150) }
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let Some(watched) = WATCHED.get(session.worker).copied() else {
                // Two writers for the hot keys, one slow one for the quiet.
                if session.worker == WATCHED.len() {
                    let key = KEYS[session.rng.random_range(2..6)];
                    self.write(session, key).await;
                    // A change right after another is the one that a careless server sleeps through: its watchers
                    // have just been answered, and are about to wait again.
                    if session.rng.random_bool(0.5) {
                        self.write(session, key).await;
                    }
                    tokio::time::sleep(Duration::from_millis(2000)).await;
                } else {
                    let key = KEYS[session.rng.random_range(0..2)];
                    self.write(session, key).await;
                }
                return Ok(Step::Next);
            };
            let answered = if session.rng.random_bool(0.03) {
                self.odd(session, watched).await
            } else {
                self.watchers.wait(session, "watch", watched, WAIT).await
            };
            Ok(if answered { Step::AtOnce } else { Step::Next })
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.journal.read_back(session).await;
            Ok(())
        })
    }
}
