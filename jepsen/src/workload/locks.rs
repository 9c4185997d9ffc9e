//! W7: sessions and locks. Workers take a lock, write a register under its fencing token, renew, give back, or just go silent.
//!
//! Calls that take effect on the lock are transactions with a journal entry, so that the judge knows their order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::BoxFuture;
use http::Method;
use parking_lot::Mutex;
use rand::RngExt;
use serde_json::{Value, json};

use super::journal::Journal;
use super::said::{consul, json as body_json, yes_no};
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::txn;

const LOCKS: [&str; 2] = ["lock/a", "lock/b"];
const NODE: &str = "jepsen-lock";
/// The shortest that there is.
const TTL_MS: u64 = 10_000;
const LOCK_DELAY_MS: u64 = 1_000;

/// The workload.
pub struct LocksWorkload {
    journal: Journal,
    next: AtomicU64,
    /// What each worker is in the middle of.
    hands: Mutex<BTreeMap<usize, Hand>>,
    /// The lock whose holder went silent. One at a time: a lock left so is nobody's for twice its TTL, and longer with every new
    /// leader, so two of them would leave nothing to take for half of a run.
    silent: Mutex<Option<&'static str>>,
}

/// A worker's session and what it believes to hold.
#[derive(Clone, Debug, Default)]
struct Hand {
    session: Option<String>,
    held: Option<(&'static str, u64)>,
}

impl Default for LocksWorkload {
    fn default() -> Self {
        Self {
            journal: Journal::new("lock"),
            next: AtomicU64::new(1),
            hands: Mutex::new(BTreeMap::new()),
            silent: Mutex::new(None),
        }
    }
}

impl LocksWorkload {
    async fn create(&self, session: &mut Session) -> Option<String> {
        let pending = session.invoke("lock.create", NODE, json!({"ttl_ms": TTL_MS, "lock_delay_ms": LOCK_DELAY_MS}));
        let body = json!({"Node": NODE, "TTL": "10s", "LockDelay": "1s", "Behavior": "release", "NodeChecks": [], "Checks": []});
        let asked = session.ask(Method::PUT, "/v1/session/create", body.to_string()).await;
        let said = consul(asked, &[], |reply| {
            let id = body_json(reply)?.get("ID").and_then(Value::as_str).map(str::to_owned);
            id.ok_or_else(|| "no session id".to_owned())
        });
        said.end(session, pending, |id| Value::from(id.as_str()))
    }

    /// Whether the session is known to have ended. One that may live is kept: given up in doubt it would keep its lock from
    /// everybody until it expires, and each new leader starts that time afresh.
    async fn renew_finds_it_dead(&self, session: &mut Session, id: &str) -> bool {
        let pending = session.invoke("lock.renew", id, Value::Null);
        let asked = session.ask(Method::PUT, &format!("/v1/session/renew/{id}"), "").await;
        let said = consul(asked, &[404], |reply| Ok(reply.status == 200));
        said.end(session, pending, |alive| Value::from(*alive)) == Some(false)
    }

    /// Whether the session is known to be gone.
    async fn destroy(&self, session: &mut Session, id: &str) -> bool {
        let pending = session.invoke("lock.destroy", id, Value::Null);
        let asked = session.ask(Method::PUT, &format!("/v1/session/destroy/{id}"), "").await;
        consul(asked, &[], yes_no).end(session, pending, |done| Value::from(*done)) == Some(true)
    }

    /// The fencing token, if the lock was got.
    async fn acquire(&self, session: &mut Session, key: &'static str, id: &str) -> Option<u64> {
        let step = json!({"KV": {"Verb": "lock", "Key": key, "Value": "aGVsZA==", "Session": id}});
        let changes = json!([{"acquire": {"key": key, "session": id}}]);
        let rows = self.journal.write(session, "acquire", key, &[step], changes).await?;
        self.silent.lock().take_if(|silent| *silent == key);
        rows.first()?.pointer("/KV/LockIndex")?.as_u64()
    }

    /// A write that is only allowed to the holder, and bears its token.
    async fn write(&self, session: &mut Session, key: &str, id: &str, token: u64) -> bool {
        let value = self.next.fetch_add(1, Ordering::Relaxed);
        let steps = [txn::check_session(key, id), txn::set(&format!("fenced/{key}"), &format!("{token}:{value}"))];
        let changes = json!([{"write": {"key": key, "session": id, "token": token}}]);
        self.journal.write(session, "write", key, &steps, changes).await.is_some()
    }

    async fn release(&self, session: &mut Session, key: &str, id: &str) {
        let step = json!({"KV": {"Verb": "unlock", "Key": key, "Session": id}});
        let changes = json!([{"release": {"key": key, "session": id}}]);
        self.journal.write(session, "release", key, &[step], changes).await;
    }

    /// One step of a worker: what it does depends on what it has in hand.
    async fn play(&self, session: &mut Session, mut hand: Hand) -> Hand {
        let Some(id) = hand.session.clone() else {
            return Hand { session: self.create(session).await, held: None };
        };
        let Some((key, token)) = hand.held else {
            // Renewing beside the attempts keeps the session for a while, but sometimes it is left to die.
            let dead = session.rng.random_bool(0.2) && self.renew_finds_it_dead(session, &id).await;
            let key = LOCKS[session.rng.random_range(0..LOCKS.len())];
            let token = if dead { None } else { self.acquire(session, key, &id).await };
            return Hand { session: (!dead).then_some(id), held: token.map(|token| (key, token)) };
        };
        match session.rng.random_range(0..100) {
            0..60 => {
                if !self.write(session, key, &id, token).await {
                    hand.held = None;
                }
            }
            60..75 => {
                if self.renew_finds_it_dead(session, &id).await {
                    hand = Hand::default();
                }
            }
            75..88 => {
                self.release(session, key, &id).await;
                hand.held = None;
            }
            88..97 => {
                hand.held = None;
                hand.session = (!self.destroy(session, &id).await).then_some(id);
            }
            _ => {
                // Goes silent with the lock in hand: it must come free by itself, but not too early.
                let mut silent = self.silent.lock();
                if silent.is_none() {
                    *silent = Some(key);
                    hand = Hand::default();
                }
            }
        }
        hand
    }
}

impl Workload for LocksWorkload {
    fn name(&self) -> &'static str {
        "lock"
    }

    fn crew(&self) -> Crew {
        Crew { workers: 6, pause: Duration::from_millis(120) }
    }

    fn prepare<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let body = json!({"Node": NODE, "Address": "127.0.0.1"}).to_string();
            let reply = session.ask(Method::PUT, "/v1/catalog/register", body).await;
            ensure!(reply.as_ref().is_ok_and(|reply| reply.status == 200), "register {NODE}: {reply:?}");
            Ok(())
        })
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            let hand = self.hands.lock().remove(&session.worker).unwrap_or_default();
            let hand = self.play(session, hand).await;
            self.hands.lock().insert(session.worker, hand);
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.journal.read_back(session).await;
            Ok(())
        })
    }
}
