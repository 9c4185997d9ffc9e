//! What each connected proxy was sent, accepted and refused: the answer to "has this change reached
//! everybody?". Kept in memory only; a stream's record lives as long as the stream.

mod record;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use tokio::sync::Notify;

pub use record::{Identity, NackRecord, ProxyRecord, TypeRecord, unix_ms};

use crate::session::{Nack, Response};
use crate::set::ResourceType;
use crate::source::Horizon;

/// The ledger. Clones are handles to the same one.
#[derive(Clone, Default)]
pub struct Ledger {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    proxies: RwLock<BTreeMap<u64, Arc<Proxy>>>,
    next_stream: AtomicU64,
    counts: Counts,
}

/// Totals since the server started.
#[derive(Debug, Default)]
struct Counts {
    streams: AtomicU64,
    responses: AtomicU64,
    acks: AtomicU64,
    nacks: AtomicU64,
}

/// A reading of the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Streams connected now.
    pub connected: u64,
    /// Streams ever opened.
    pub streams: u64,
    /// Responses sent.
    pub responses: u64,
    /// Responses accepted.
    pub acks: u64,
    /// Responses refused.
    pub nacks: u64,
}

struct Proxy {
    record: Mutex<ProxyRecord>,
    horizon: Option<Horizon>,
    moved: Notify,
}

impl Proxy {
    fn has_acked(&self, index: u64) -> bool {
        let horizon = self.horizon.as_ref().map_or(0, |horizon| horizon());
        self.record.lock().has_acked(index, horizon)
    }
}

impl Ledger {
    /// A number for a new stream, never used before.
    pub fn next_stream(&self) -> u64 {
        self.shared.next_stream.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Enters a stream. Its record is there until the entry is dropped.
    pub fn enter(&self, stream: u64, identity: Identity, horizon: Option<Horizon>) -> Entry {
        let proxy =
            Arc::new(Proxy { record: Mutex::new(ProxyRecord::new(stream, identity)), horizon, moved: Notify::new() });
        self.shared.counts.streams.fetch_add(1, Ordering::Relaxed);
        let mut proxies = self.shared.proxies.write();
        proxies.insert(stream, proxy.clone());
        Entry { ledger: self.clone(), stream, proxy }
    }

    /// Whether every connected proxy holds, acknowledged, what its set was at this index or later.
    pub fn all_acked(&self, index: u64) -> bool {
        let proxies = self.shared.proxies.read();
        proxies.values().all(|proxy| proxy.has_acked(index))
    }

    /// The connected proxies of which that is not so.
    pub fn lagging(&self, index: u64) -> Vec<ProxyRecord> {
        let late = self.late(index);
        late.iter().map(|(_, proxy)| proxy.record.lock().clone()).collect()
    }

    /// Waits until [`all_acked`](Self::all_acked). A proxy that refuses its config, or that stalls,
    /// makes this wait for ever: put a deadline around it.
    pub async fn wait_acked(&self, index: u64) {
        loop {
            let late = self.late(index);
            if late.is_empty() {
                return;
            }
            for (stream, proxy) in late {
                self.wait_for(stream, &proxy, index).await;
            }
        }
    }

    /// All connected proxies, oldest stream first.
    pub fn list(&self) -> Vec<ProxyRecord> {
        let proxies = self.shared.proxies.read();
        proxies.values().map(|proxy| proxy.record.lock().clone()).collect()
    }

    /// The totals.
    pub fn totals(&self) -> Totals {
        let Counts { streams, responses, acks, nacks } = &self.shared.counts;
        Totals {
            connected: self.shared.proxies.read().len() as u64,
            streams: streams.load(Ordering::Relaxed),
            responses: responses.load(Ordering::Relaxed),
            acks: acks.load(Ordering::Relaxed),
            nacks: nacks.load(Ordering::Relaxed),
        }
    }

    fn late(&self, index: u64) -> Vec<(u64, Arc<Proxy>)> {
        let proxies = self.shared.proxies.read();
        let late = proxies.iter().filter(|(_, proxy)| !proxy.has_acked(index));
        late.map(|(stream, proxy)| (*stream, proxy.clone())).collect()
    }

    async fn wait_for(&self, stream: u64, proxy: &Proxy, index: u64) {
        loop {
            let moved = proxy.moved.notified();
            let connected = self.shared.proxies.read().contains_key(&stream);
            if !connected || proxy.has_acked(index) {
                return;
            }
            moved.await;
        }
    }
}

/// A stream's place in the ledger.
pub struct Entry {
    ledger: Ledger,
    stream: u64,
    proxy: Arc<Proxy>,
}

impl Entry {
    /// A set of this index was given to the session.
    pub fn offered(&self, index: u64) {
        self.proxy.record.lock().offered_index = index;
    }

    /// A response left.
    pub fn sent(&self, response: &Response) {
        self.count(|counts| &counts.responses);
        self.proxy.record.lock().sent(response);
    }

    /// A response was accepted.
    pub fn acked(&self, of: ResourceType, nonce: &str) {
        self.count(|counts| &counts.acks);
        self.proxy.record.lock().acked(of, nonce);
    }

    /// A response was refused.
    pub fn nacked(&self, nack: &Nack) {
        self.count(|counts| &counts.nacks);
        self.proxy.record.lock().nacked(nack);
    }

    /// The client agrees with the set of this index, as far as this type goes.
    pub fn settled(&self, of: ResourceType, index: u64) {
        self.proxy.record.lock().settled(of, index);
        self.proxy.moved.notify_waiters();
    }

    /// The client asked for this type.
    pub fn asked(&self, of: ResourceType) {
        self.proxy.record.lock().asked(of);
    }

    fn count(&self, which: impl Fn(&Counts) -> &AtomicU64) {
        which(&self.ledger.shared.counts).fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.ledger.shared.proxies.write().remove(&self.stream);
        self.proxy.moved.notify_waiters();
    }
}
