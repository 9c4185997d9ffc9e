//! W10: snapshots for people: save under load, restore onto the live cluster and in the end onto a fresh one, offer damaged ones.
//!
//! A restore takes all keys back, so this workload must not share a run with others that judge keys. One worker does everything
//! in turn; the others only look at the index, which must never go back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use parking_lot::Mutex;
use rand::RngExt;
use serde_json::{Map, Value, json};

use super::said::{Said, consul, header, meta, text, yes_no};
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::store::consul_entries;

/// The workload.
#[derive(Default)]
pub struct OperatorWorkload {
    next: AtomicU64,
    /// Keys of an epoch are left behind after a doubt about one of them.
    epoch: AtomicU64,
    saved: Mutex<Option<(u64, Bytes)>>,
}

impl OperatorWorkload {
    async fn write(&self, session: &mut Session) {
        let value = self.next.fetch_add(1, Ordering::Relaxed);
        let key = format!("operator/{}-{}", self.epoch.load(Ordering::Relaxed), value % 8);
        let pending = session.invoke("operator.write", &key, Value::from(value.to_string()));
        let asked = session.ask(Method::PUT, &format!("/v1/kv/{key}"), value.to_string()).await;
        if consul(asked, &[], yes_no).end(session, pending, |done| Value::from(*done)).is_none() {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn save(&self, session: &mut Session) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let pending = session.invoke("operator.save", "", Value::from(id));
        let asked = session.ask(Method::GET, "/v1/snapshot", "").await;
        let said = consul(asked, &[], |reply| {
            let index = header(reply, "x-consul-index").ok_or("a snapshot without index")?;
            Ok((index, reply.body.clone()))
        });
        let saved = said.of_read().end(session, pending, |(index, body)| json!({"index": index, "bytes": body.len()}));
        if let Some((_, body)) = saved {
            *self.saved.lock() = Some((id, body));
        }
    }

    /// Puts the last saved snapshot back; `call` says onto what.
    async fn restore(&self, session: &mut Session, call: &str) -> bool {
        let Some((id, body)) = self.saved.lock().clone() else { return false };
        let pending = session.invoke(&format!("operator.{call}"), "", Value::from(id));
        let asked = session.ask(Method::PUT, "/v1/snapshot", body).await;
        let restored = consul(asked, &[], |_| Ok(true)).end(session, pending, |done| Value::from(*done));
        if restored.is_none() {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
        restored.is_some()
    }

    /// One byte of a saved snapshot is wrong: it must be refused, whatever the status.
    async fn damaged(&self, session: &mut Session) {
        let Some((id, body)) = self.saved.lock().clone().filter(|(_, body)| !body.is_empty()) else { return };
        let mut body = body.to_vec();
        let at = session.rng.random_range(0..body.len());
        body[at] ^= 0x10;
        let pending = session.invoke("operator.damaged", "", json!({"id": id, "byte": at}));
        let asked = session.ask(Method::PUT, "/v1/snapshot", body).await;
        let said = match asked {
            Ok(reply) if text(&reply).trim() == "No cluster leader" => Said::Fail(text(&reply)),
            Ok(reply) if (400..600).contains(&reply.status) => Said::Ok(false, meta(&reply)),
            asked => consul(asked, &[], |_| Ok(true)),
        };
        said.end(session, pending, |done| Value::from(*done));
    }

    async fn look(&self, session: &mut Session, call: &str) -> bool {
        let pending = session.invoke(&format!("operator.{call}"), "operator/", Value::Null);
        let asked = session.ask(Method::GET, "/v1/kv/operator/?recurse", "").await;
        let said = consul(asked, &[404], |reply| {
            let index = header(reply, "x-consul-index").ok_or("no index")?;
            let entries = consul_entries(reply)?;
            let newest = entries.iter().map(|entry| entry.version).max();
            let state: Map<String, Value> =
                entries.into_iter().map(|entry| (entry.key, Value::from(entry.value))).collect();
            Ok(json!({"index": index, "newest": newest, "state": state}))
        });
        said.of_read().end(session, pending, Clone::clone).is_some()
    }
}

impl Workload for OperatorWorkload {
    fn name(&self) -> &'static str {
        "operator"
    }

    fn crew(&self) -> Crew {
        Crew { workers: 3, pause: Duration::from_millis(60) }
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            if session.worker > 0 {
                self.look(session, "observe").await;
                return Ok(Step::Next);
            }
            match session.rng.random_range(0..100) {
                0..70 => self.write(session).await,
                70..80 => self.save(session).await,
                80..88 => drop(self.look(session, "read").await),
                88..92 => self.damaged(session).await,
                _ => {
                    self.restore(session, "restore").await;
                    self.look(session, "read").await;
                }
            }
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.look(session, "read").await;
            Ok(())
        })
    }

    fn goes_elsewhere(&self) -> bool {
        true
    }

    fn elsewhere<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // A server that is alone answers as soon as it leads itself.
            for _ in 0..20 {
                if self.restore(session, "restore-elsewhere").await && self.look(session, "read-elsewhere").await {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Ok(())
        })
    }
}
