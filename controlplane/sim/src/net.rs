//! The network: every message takes its own time, some are lost or come twice, links are cut, each way
//! for itself.
//!
//! Streams are like TCP: frames come in order, a cut link holds them up, and a stream that was held up for
//! too long breaks. Calls are single messages: they overtake each other, get lost, and come twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt};
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use weft_raft::{Answers, Caller, Inbound, Method, PeerAddress, Transport, TransportError};

/// How many frames of a stream may be under way.
const UNDER_WAY: usize = 256;

/// How long a stream may be held up before it breaks.
const HELD_UP_MAX: Duration = Duration::from_secs(4);

/// How the network behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// A message takes between 1 and this many milliseconds.
    pub(crate) delay_max: u64,
    /// How many calls are lost.
    pub(crate) loss: f64,
    /// How many calls come twice.
    pub(crate) twice: f64,
}

pub(crate) struct SimNet {
    dice: Mutex<SmallRng>,
    weather: Mutex<Weather>,
    /// Ways on which nothing arrives.
    cut: watch::Sender<BTreeSet<(u64, u64)>>,
    servers: Mutex<BTreeMap<u64, Attached>>,
}

#[derive(Clone)]
struct Attached {
    inbound: Option<Arc<dyn Inbound>>,
    gone: CancellationToken,
}

/// One run of one server's way out.
struct Way {
    net: Weak<SimNet>,
    from: u64,
    gone: CancellationToken,
}

impl SimNet {
    pub(crate) fn new(seed: u64, weather: Weather) -> Arc<Self> {
        Arc::new(Self {
            dice: Mutex::new(SmallRng::seed_from_u64(seed)),
            weather: Mutex::new(weather),
            cut: watch::Sender::default(),
            servers: Mutex::default(),
        })
    }

    /// The way out for the next run of a server. `gone` ends all that it has to do with.
    pub(crate) fn transport(self: &Arc<Self>, from: u64, gone: CancellationToken) -> Arc<dyn Transport> {
        self.servers.lock().insert(from, Attached { inbound: None, gone: gone.clone() });
        Arc::new(Way { net: Arc::downgrade(self), from, gone })
    }

    /// From now on the server is reached.
    pub(crate) fn attach(&self, id: u64, inbound: Arc<dyn Inbound>) {
        if let Some(attached) = self.servers.lock().get_mut(&id) {
            attached.inbound = Some(inbound);
        }
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        *self.weather.lock() = weather;
    }

    /// Cuts exactly these ways.
    pub(crate) fn set_cut(&self, cut: BTreeSet<(u64, u64)>) {
        self.cut.send_replace(cut);
    }

    fn is_cut(&self, from: u64, to: u64) -> bool {
        self.cut.borrow().contains(&(from, to))
    }

    fn delay(&self) -> Duration {
        let most = self.weather.lock().delay_max;
        // Most messages are quick, a few take very long.
        let mut dice = self.dice.lock();
        let most = if dice.random_bool(0.05) { most * 6 } else { most };
        Duration::from_micros(dice.random_range(200..=most.max(1) * 1000))
    }

    fn happens(&self, chance: impl Fn(&Weather) -> f64) -> bool {
        let chance = chance(&self.weather.lock());
        self.dice.lock().random_bool(chance)
    }

    fn find(&self, id: u64) -> Result<(Arc<dyn Inbound>, CancellationToken), TransportError> {
        let found = self.servers.lock().get(&id).cloned();
        let reached = found.filter(|attached| !attached.gone.is_cancelled());
        let reached = reached.and_then(|attached| Some((attached.inbound?, attached.gone)));
        reached.ok_or_else(|| TransportError::Unreachable(format!("server {id} is down")))
    }

    /// One message that may get lost; it is then never heard of.
    async fn cross(&self, from: u64, to: u64) {
        if self.is_cut(from, to) || self.happens(|weather| weather.loss) {
            std::future::pending::<()>().await;
        }
        sleep(self.delay()).await;
        if self.is_cut(from, to) {
            std::future::pending::<()>().await;
        }
    }

    /// One frame of a stream.
    async fn pass(&self, from: u64, to: u64, due: Instant) -> Result<(), TransportError> {
        sleep_until(due).await;
        let mut cut = self.cut.subscribe();
        let open = cut.wait_for(|cut| !cut.contains(&(from, to)));
        match timeout(HELD_UP_MAX, open).await {
            Ok(_) => Ok(()),
            Err(_) => Err(TransportError::Unknown("the connection is broken".to_owned())),
        }
    }

    /// Brings frames over in order, until the stream breaks.
    fn carry<T: Send + 'static>(
        self: Arc<Self>,
        from: u64,
        to: u64,
        frames: impl Stream<Item = T> + Send + 'static,
    ) -> impl Stream<Item = Result<T, TransportError>> + Send {
        let crossing = frames.map(move |frame| {
            let net = Arc::clone(&self);
            let due = Instant::now() + net.delay();
            async move { net.pass(from, to, due).await.map(|()| frame) }
        });
        let until_broken = |broken: &mut bool, frame: Result<T, TransportError>| {
            let item = (!*broken).then_some(frame);
            *broken = item.as_ref().is_none_or(Result::is_err);
            std::future::ready(item)
        };
        crossing.buffered(UNDER_WAY).scan(false, until_broken)
    }
}

impl Way {
    fn caller(&self) -> Caller {
        Caller { id: self.from, cluster: "simulated".to_owned(), address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
    }

    /// What this server has begun ends with it.
    fn bound<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, TransportError>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, TransportError>> {
        let gone = self.gone.clone();
        async move {
            let ended = || Err(TransportError::Unknown("this server has crashed".to_owned()));
            gone.run_until_cancelled(work).await.unwrap_or_else(ended)
        }
        .boxed()
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
        let (net, caller) = (self.net.upgrade(), self.caller());
        let exchange = async move {
            let net = net.ok_or_else(gone)?;
            let (from, to) = (caller.id, to.id);
            net.cross(from, to).await;
            if net.happens(|weather| weather.twice) {
                let (net, caller, body) = (Arc::clone(&net), caller.clone(), body.clone());
                tokio::spawn(async move {
                    sleep(net.delay()).await;
                    if let Ok((inbound, _)) = net.find(to) {
                        drop(inbound.call(caller, method, body).await);
                    }
                });
            }
            let (inbound, gone) = net.find(to)?;
            // The server goes on with it when the caller hangs up.
            let served = tokio::spawn(inbound.call(caller, method, body));
            let unknown = |why: &str| TransportError::Unknown(why.to_owned());
            let answer = gone.run_until_cancelled(served).await.ok_or_else(|| unknown("the server has crashed"))?;
            let answer = answer.map_err(|_| unknown("the server has failed"))?;
            net.cross(to, from).await;
            answer.map_err(|refusal| TransportError::Refused(refusal.0))
        };
        let in_time = async move {
            let late = || Err(TransportError::Unknown("no answer in time".to_owned()));
            timeout(deadline, exchange).await.unwrap_or_else(|_| late())
        };
        self.bound(in_time)
    }

    fn stream(
        &self,
        to: PeerAddress,
        method: Method,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, TransportError>> {
        let (net, caller, ours) = (self.net.upgrade(), self.caller(), self.gone.clone());
        let opening = async move {
            let net = net.ok_or_else(gone)?;
            let (from, to) = (caller.id, to.id);
            for (one, other) in [(from, to), (to, from)] {
                let passed = net.pass(one, other, Instant::now() + net.delay()).await;
                passed.map_err(|_| TransportError::Unreachable("no connection in time".to_owned()))?;
            }
            let (inbound, theirs) = net.find(to)?;
            let frames = Arc::clone(&net).carry(from, to, frames);
            let frames = frames.take_until(theirs.clone().cancelled_owned()).take_until(ours.clone().cancelled_owned());
            let served = inbound.stream(caller, method, frames.boxed()).await;
            let served = served.map_err(|refusal| TransportError::Refused(refusal.0))?;
            let answers = net.carry(to, from, served);
            Ok(answers.take_until(theirs.cancelled_owned()).take_until(ours.cancelled_owned()).boxed())
        };
        self.bound(opening)
    }
}

fn gone() -> TransportError {
    TransportError::Unreachable("the simulation is over".to_owned())
}
