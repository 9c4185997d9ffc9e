//! W2: sets. Every element is added once: as a key of its own, or by compare-and-set to a shared list. In the
//! end every server is asked for all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use rand::RngExt;
use serde_json::Value;

use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::store::{Entry, Guard, Mode, Store};

/// After so many elements a shared list is replaced: reading it must stay cheap.
const LIST_LEN: usize = 200;

/// The workload, on some store.
pub struct SetWorkload {
    store: Box<dyn Store>,
    crew: Crew,
    next: AtomicU64,
    list: AtomicU64,
}

impl SetWorkload {
    /// Sets on that store.
    #[must_use]
    pub fn new(store: Box<dyn Store>) -> Self {
        let crew = Crew { workers: 6, pause: Duration::from_millis(40) };
        Self { store, crew, next: AtomicU64::new(1), list: AtomicU64::new(0) }
    }

    async fn add_own(&self, session: &mut Session) {
        let element = self.next.fetch_add(1, Ordering::Relaxed);
        let pending = session.invoke("set.add", "own", Value::from(element));
        let key = format!("set/own/{element}");
        let said = self.store.put(session, &key, element.to_string(), Guard::Always).await;
        said.end(session, pending, |done| Value::from(*done));
    }

    async fn add_shared(&self, session: &mut Session) {
        let list = self.list.load(Ordering::Relaxed);
        let key = format!("set/shared/{list}");
        let Some(found) = self.store.get(session, &key, Mode::Default).await.ok().cloned() else {
            session.retire();
            return;
        };
        let before = found.as_ref().map_or("", |entry| entry.value.as_str());
        let len = before.split_terminator(' ').count();
        if len >= LIST_LEN {
            // Whoever sees it full first moves on; a lost race only wastes a number.
            let _ = self.list.compare_exchange(list, list + 1, Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        let element = self.next.fetch_add(1, Ordering::Relaxed);
        let guard = found.as_ref().map_or(Guard::Absent, |entry| Guard::At(entry.version));
        let pending = session.invoke("set.add", "shared", Value::from(element));
        let said = self.store.put(session, &key, format!("{before}{element} "), guard).await;
        said.end(session, pending, |done| Value::from(*done));
    }

    async fn read_all(&self, session: &mut Session, what: &str, mode: Mode) -> bool {
        let pending = session.invoke("set.read", what, Value::from(mode.name()));
        let said = self.store.list(session, &format!("set/{what}/"), mode).await;
        said.end(session, pending, |entries| show(entries)).is_some()
    }
}

/// All elements in the order found, repeated ones included. Text that is no element of ours stays text.
fn show(entries: &[Entry]) -> Value {
    let words = entries.iter().flat_map(|entry| entry.value.split_terminator(' '));
    words.map(|word| word.parse::<u64>().map_or_else(|_| Value::from(word), Value::from)).collect()
}

impl Workload for SetWorkload {
    fn name(&self) -> &'static str {
        "set"
    }

    fn crew(&self) -> Crew {
        self.crew
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            if session.rng.random_bool(0.7) {
                self.add_own(session).await;
            } else {
                self.add_shared(session).await;
            }
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for what in ["own", "shared"] {
                for mode in [Mode::Default, Mode::Stale] {
                    if !self.read_all(session, what, mode).await {
                        self.read_all(session, what, mode).await;
                    }
                }
            }
            Ok(())
        })
    }
}
