//! A network in one process whose links can be cut, closed and slowed down, each way for itself.
//!
//! ```text
//! Raft ─> transport(1) ─> link 1 to 2 ─> attached inbound of 2 ─> link 2 to 1 ─> Raft
//! ```

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::transport::{Answers, Caller, Inbound, Method, PeerAddress, Transport, TransportError};

/// How many frames may be under way on a slow link.
const UNDER_WAY: usize = 4096;

/// One direction between two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Everything arrives, after this long.
    Open(Duration),
    /// Nothing arrives and nobody is told. What is sent on a stream arrives when the link opens, as with
    /// TCP; calls are lost.
    Silent,
    /// Nothing arrives and the sender is told at once; streams break.
    Closed,
}

/// The servers and the links between them. All links are open at first.
pub struct MemoryNet {
    links: watch::Sender<HashMap<(u64, u64), Link>>,
    servers: Mutex<HashMap<u64, Attached>>,
}

#[derive(Clone)]
struct Attached {
    inbound: Arc<dyn Inbound>,
    gone: CancellationToken,
}

/// One server's way out.
struct Way {
    net: Weak<MemoryNet>,
    from: u64,
}

impl MemoryNet {
    /// A network without servers.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { links: watch::Sender::default(), servers: Mutex::default() })
    }

    /// A server's way to the others.
    #[must_use]
    pub fn transport(self: &Arc<Self>, from: u64) -> Arc<dyn Transport> {
        Arc::new(Way { net: Arc::downgrade(self), from })
    }

    /// From now on a server is reached. Its connections from before are broken.
    pub fn attach(&self, id: u64, inbound: Arc<dyn Inbound>) {
        self.detach(id);
        self.servers.lock().insert(id, Attached { inbound, gone: CancellationToken::new() });
    }

    /// From now on a server is not reached, as if its process had ended.
    pub fn detach(&self, id: u64) {
        if let Some(attached) = self.servers.lock().remove(&id) {
            attached.gone.cancel();
        }
    }

    /// Changes one direction.
    pub fn set(&self, from: u64, to: u64, link: Link) {
        self.links.send_modify(|links| {
            links.insert((from, to), link);
        });
    }

    /// Changes both directions between all of one side and all of another.
    pub fn set_between(&self, one: &[u64], other: &[u64], link: Link) {
        for &a in one {
            for &b in other {
                self.set(a, b, link);
                self.set(b, a, link);
            }
        }
    }

    /// Silences everything between the two sides.
    pub fn cut(&self, one: &[u64], other: &[u64]) {
        self.set_between(one, other, Link::Silent);
    }

    /// Opens all links.
    pub fn heal(&self) {
        self.links.send_modify(HashMap::clear);
    }

    fn link(&self, from: u64, to: u64) -> Link {
        self.links.borrow().get(&(from, to)).copied().unwrap_or(Link::Open(Duration::ZERO))
    }

    fn find(&self, id: u64) -> Result<Attached, TransportError> {
        let found = self.servers.lock().get(&id).cloned();
        found.ok_or_else(|| TransportError::Unreachable(format!("server {id} is not there")))
    }

    /// Brings one message over. A closed link is an error; a silent one is waited for.
    async fn cross(&self, from: u64, to: u64, sent: Instant) -> Result<(), TransportError> {
        let mut links = self.links.subscribe();
        loop {
            match self.link(from, to) {
                Link::Open(delay) => {
                    if !delay.is_zero() {
                        sleep_until(sent + delay).await;
                    }
                    return Ok(());
                }
                Link::Closed => return Err(TransportError::Unknown("the connection is broken".to_owned())),
                Link::Silent if links.changed().await.is_err() => std::future::pending().await,
                Link::Silent => {}
            }
        }
    }

    /// Brings a call's message over; on a silent link it is lost.
    async fn cross_once(&self, from: u64, to: u64) -> Result<(), TransportError> {
        match self.link(from, to) {
            Link::Silent => std::future::pending().await,
            Link::Open(_) | Link::Closed => self.cross(from, to, Instant::now()).await,
        }
    }

    /// Brings frames over in order, until the link breaks.
    fn carry<T: Send + 'static>(
        self: Arc<Self>,
        from: u64,
        to: u64,
        frames: BoxStream<'static, T>,
    ) -> BoxStream<'static, Result<T, TransportError>> {
        let crossing = frames.map(move |frame| {
            let (net, sent) = (Arc::clone(&self), Instant::now());
            async move { net.cross(from, to, sent).await.map(|()| frame) }
        });
        let broken = |broken: &mut bool, frame: Result<T, TransportError>| {
            let item = (!*broken).then_some(frame);
            *broken = item.as_ref().is_none_or(Result::is_err);
            std::future::ready(item)
        };
        crossing.buffered(UNDER_WAY).scan(false, broken).boxed()
    }
}

impl Way {
    fn caller(&self) -> Caller {
        Caller { id: self.from, cluster: "memory".to_owned(), address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
    }

    fn net(&self) -> Result<Arc<MemoryNet>, TransportError> {
        self.net.upgrade().ok_or_else(|| TransportError::Unreachable("the network is gone".to_owned()))
    }
}

impl Transport for Way {
    fn call(
        &self,
        to: PeerAddress,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Bytes, TransportError>> {
        let (net, caller) = (self.net(), self.caller());
        let exchange = async move {
            let net = net?;
            let (from, to) = (caller.id, to.id);
            reach(net.cross_once(from, to).await)?;
            let server = net.find(to)?;
            // The server goes on with it when the caller hangs up.
            let served = tokio::spawn(server.inbound.call(caller, method, body));
            let answer = tokio::select! {
                answer = served => answer.map_err(|error| TransportError::Unknown(error.to_string()))?,
                () = server.gone.cancelled() => return Err(TransportError::Unknown("the server has ended".to_owned())),
            };
            net.cross_once(to, from).await?;
            answer.map_err(|refusal| TransportError::Refused(refusal.0))
        };
        async move {
            let answer = timeout(deadline, exchange).await;
            answer.unwrap_or_else(|_| Err(TransportError::Unknown("no answer in time".to_owned())))
        }
        .boxed()
    }

    fn stream(
        &self,
        to: PeerAddress,
        method: Method,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>> {
        let (net, caller) = (self.net(), self.caller());
        async move {
            let net = net?;
            let (from, to) = (caller.id, to.id);
            reach(net.cross(from, to, Instant::now()).await)?;
            reach(net.cross(to, from, Instant::now()).await)?;
            let server = net.find(to)?;
            let gone = server.gone.clone().cancelled_owned();
            let frames = Arc::clone(&net).carry(from, to, frames).take_until(gone);
            let served = server.inbound.stream(caller, method, frames.boxed()).await;
            let served = served.map_err(|refusal| TransportError::Refused(refusal.0))?;
            let gone = server.gone.cancelled_owned();
            Ok(net.carry(to, from, served).take_until(gone).boxed())
        }
        .boxed()
    }

    fn is_gone(&self, server: PeerAddress) -> BoxFuture<'static, bool> {
        let (net, from) = (self.net(), self.from);
        async move {
            let Ok(net) = net else { return false };
            matches!(net.link(from, server.id), Link::Open(_)) && net.find(server.id).is_err()
        }
        .boxed()
    }
}

/// What did not get over at first has provably not arrived.
fn reach(crossed: Result<(), TransportError>) -> Result<(), TransportError> {
    crossed.map_err(|error| TransportError::Unreachable(error.to_string()))
}
