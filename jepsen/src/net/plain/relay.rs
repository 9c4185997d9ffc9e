//! One relay: takes a server's incoming connections and carries the bytes of each direction by the link's policy.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::owner;
use crate::net::{Counters, Pair, Policy};

/// What all relays share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Counts changes of policies: whoever waits for a link looks again.
    changed: watch::Sender<u64>,
}

struct State {
    policies: HashMap<Pair, Policy>,
    seen: BTreeMap<Pair, Counters>,
    pids: Vec<(u8, u32)>,
    rng: StdRng,
}

/// A relay that is to serve.
pub(super) struct Relay {
    pub(super) number: u8,
    pub(super) listener: std::net::TcpListener,
    pub(super) target: SocketAddr,
}

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        let state = State {
            policies: HashMap::new(),
            seen: BTreeMap::new(),
            pids: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
        };
        Self { state: Mutex::new(state), changed: watch::Sender::new(0) }
    }

    pub(super) fn own(&self, number: u8, pid: u32) {
        let mut state = self.state.lock();
        state.pids.retain(|(known, _)| *known != number);
        state.pids.push((number, pid));
    }

    pub(super) fn set(&self, link: Pair, policy: Policy) {
        self.state.lock().policies.insert(link, policy);
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn heal(&self) {
        self.state.lock().policies.clear();
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn counters(&self) -> BTreeMap<Pair, Counters> {
        self.state.lock().seen.clone()
    }

    fn count(&self, link: Pair, change: impl FnOnce(&mut Counters)) {
        change(self.state.lock().seen.entry(link).or_default());
    }

    fn policy(&self, link: Pair) -> Policy {
        self.state.lock().policies.get(&link).cloned().unwrap_or_default()
    }

    fn pause(&self, policy: &Policy, len: usize) -> Duration {
        let jitter = policy.jitter.mul_f64(self.state.lock().rng.random_range(0.0..1.0));
        let rate = policy.rate.map_or(0.0, |rate| len as f64 / rate.max(1) as f64);
        policy.delay + jitter + Duration::from_secs_f64(rate)
    }

    /// Returns when the link carries something again; an error when it refuses.
    async fn open(&self, link: Pair) -> io::Result<Policy> {
        let mut changed = self.changed.subscribe();
        let mut held = false;
        loop {
            let policy = self.policy(link);
            if policy.reset {
                self.count(link, |seen| seen.reset += 1);
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            if !policy.cut {
                return Ok(policy);
            }
            if !std::mem::replace(&mut held, true) {
                self.count(link, |seen| seen.dropped += 1);
            }
            if changed.changed().await.is_err() {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
}

impl Relay {
    pub(super) async fn serve(self, shared: Arc<Shared>) {
        let Ok(listener) = TcpListener::from_std(self.listener) else { return };
        loop {
            let Ok((stream, from)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            tokio::spawn(carry(Arc::clone(&shared), stream, from, self.number, self.target));
        }
    }
}

/// Carries one connection to its end.
async fn carry(shared: Arc<Shared>, near: TcpStream, from: SocketAddr, number: u8, target: SocketAddr) {
    let Ok(here) = near.local_addr() else { return };
    let pids = shared.state.lock().pids.clone();
    // Unknown: a tool of the operator, which no partition concerns.
    let source = tokio::task::spawn_blocking(move || owner::of(from, here, &pids)).await.ok().flatten().unwrap_or(0);
    let (out, back) = ((source, number), (number, source));
    let _ = near.set_zero_linger();
    if shared.open(out).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true), far.set_zero_linger());
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        _ = pump(&shared, out, near_read, far_write) => {}
        _ = pump(&shared, back, far_read, near_write) => {}
    }
}

async fn pump(shared: &Shared, link: Pair, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    let mut room = vec![0; 64 << 10];
    loop {
        let len = from.read(&mut room).await?;
        if len == 0 {
            return Ok(());
        }
        let policy = shared.open(link).await?;
        let pause = shared.pause(&policy, len);
        if !pause.is_zero() {
            shared.count(link, |seen| seen.delayed += 1);
            tokio::time::sleep(pause).await;
            shared.open(link).await?;
        }
        to.write_all(&room[..len]).await?;
        shared.count(link, |seen| seen.passed += 1);
    }
}
