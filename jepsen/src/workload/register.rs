//! W1: registers. Unique values, keys that are replaced after about 200 operations.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use rand::RngExt;
use serde_json::{Value, json};

use super::keys::Rotation;
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::store::{Entry, Guard, Mode, Store};

/// Those who read and write.
const MIXED: usize = 10;
/// Those who only read: whoever writes to a leader that is cut off waits, and sees nothing of what it would answer.
const READERS: usize = 3;

/// The workload, on some store.
pub struct RegisterWorkload {
    store: Box<dyn Store>,
    crew: Crew,
    keys: Rotation,
    next_value: AtomicU64,
    /// What was last read of a key: value and version. Empty: it was absent.
    seen: Mutex<BTreeMap<String, Option<(u64, u64)>>>,
}

impl RegisterWorkload {
    /// Registers on that store.
    #[must_use]
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            crew: Crew { workers: MIXED + READERS, pause: Duration::from_millis(40) },
            keys: Rotation::new("register", 4, 200),
            next_value: AtomicU64::new(1),
            seen: Mutex::new(BTreeMap::new()),
        }
    }

    async fn read(&self, session: &mut Session, key: &str, mode: Mode) -> bool {
        let pending = session.invoke("register.read", key, Value::from(mode.name()));
        let said = self.store.get(session, key, mode).await;
        let Some(found) = said.end(session, pending, |found| show(found.as_ref())) else { return false };
        let seen = found.and_then(|entry| Some((entry.value.parse().ok()?, entry.version)));
        self.seen.lock().insert(key.to_owned(), seen);
        true
    }

    async fn write(&self, session: &mut Session, key: &str) {
        let value = self.next_value.fetch_add(1, Ordering::Relaxed);
        let pending = session.invoke("register.write", key, Value::from(value));
        let said = self.store.put(session, key, value.to_string(), Guard::Always).await;
        said.end(session, pending, |done| Value::from(*done));
    }

    async fn cas(&self, session: &mut Session, key: &str) {
        let Some(seen) = self.seen.lock().get(key).copied() else { return };
        let expect = seen.map(|(value, _)| value);
        let guard = seen.map_or(Guard::Absent, |(_, version)| Guard::At(version));
        let new = self.next_value.fetch_add(1, Ordering::Relaxed);
        let pending = session.invoke("register.cas", key, json!([expect, new, seen.map(|(_, version)| version)]));
        let said = self.store.put(session, key, new.to_string(), guard).await;
        said.end(session, pending, |done| Value::from(*done));
    }

    async fn delete_cas(&self, session: &mut Session, key: &str) {
        let Some((expect, version)) = self.seen.lock().get(key).copied().flatten() else { return };
        let pending = session.invoke("register.delete-cas", key, json!([expect, version]));
        let said = self.store.delete(session, key, Guard::At(version)).await;
        said.end(session, pending, |done| Value::from(*done));
    }

    async fn delete(&self, session: &mut Session, key: &str) {
        let pending = session.invoke("register.delete", key, Value::Null);
        let said = self.store.delete(session, key, Guard::Always).await;
        said.end(session, pending, |done| Value::from(*done));
    }
}

/// What a read saw, as the judge reads it. A value that is no number of ours stays text and is told apart.
fn show(entry: Option<&Entry>) -> Value {
    let Some(entry) = entry else { return Value::Null };
    entry.value.parse::<u64>().map_or_else(|_| Value::from(entry.value.as_str()), Value::from)
}

impl Workload for RegisterWorkload {
    fn name(&self) -> &'static str {
        "register"
    }

    fn crew(&self) -> Crew {
        self.crew
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let key = self.keys.draw(&mut session.rng);
            let mode = if session.rng.random_bool(0.5) { Mode::Default } else { Mode::Consistent };
            match session.rng.random_range(0..100) {
                _ if session.worker >= MIXED => drop(self.read(session, &key, mode).await),
                0..45 => drop(self.read(session, &key, mode).await),
                45..70 => self.write(session, &key).await,
                70..90 => self.cas(session, &key).await,
                90..95 => self.delete_cas(session, &key).await,
                _ => self.delete(session, &key).await,
            }
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for key in self.keys.used() {
                if !self.read(session, &key, Mode::Default).await {
                    self.read(session, &key, Mode::Default).await;
                }
            }
            Ok(())
        })
    }
}
