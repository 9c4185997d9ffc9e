//! The servers as a client agent knows them: one connection to one of them, and another one when it is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use rand::seq::SliceRandom;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use weft_model::catalog::Node;
use weft_model::secret::Secret;
use weft_raft::TransportError;
use weft_raft::peer::{self, Tls};

use crate::VERSION;
use crate::acl::Elsewhere;
use crate::clients::message::{HELLO, Hello, Known, PROTOCOL, TOKEN, WHO, Welcome};

/// How long a server may be silent before it is asked whether it is there, and how long it may take to say so.
const KEEPALIVE: (Duration, Duration) = (Duration::from_millis(1000), Duration::from_millis(1500));
const WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// How long a server may take to greet back.
const HELLO_MAX: Duration = Duration::from_secs(3);

/// How long it may take to say who bears a token: a request waits for it.
const WHO_MAX: Duration = Duration::from_secs(3);

/// After all have failed, whoever asks next within this time hears the same.
const PAUSE: Duration = Duration::from_millis(250);

/// How often it is said that there is no server: for the same reason, and for another one.
const REMINDER: Duration = Duration::from_secs(60);
const NEWS: Duration = Duration::from_secs(10);

/// A node may have thousands of services.
const ANSWER_MAX: usize = 64 << 20;

/// Clones are the same one.
#[derive(Clone)]
pub(super) struct Servers(Arc<Inner>);

struct Inner {
    tls: Tls,
    node: Arc<Node>,
    seeds: Mutex<BTreeSet<String>>,
    /// What the servers have said of themselves.
    known: Mutex<BTreeSet<String>>,
    current: Mutex<Option<Arc<Connection>>>,
    /// The server whose connection was of no use last: it is tried last.
    left: Mutex<Option<String>>,
    /// Held by whoever opens a connection.
    opening: tokio::sync::Mutex<Option<(Instant, Lost)>>,
    standing: watch::Sender<Standing>,
    /// What was said last of why there is no server, and when.
    told: Mutex<Option<(Instant, Lost)>>,
}

/// An open connection.
pub(super) struct Connection {
    pub(super) address: String,
    pub(super) since: Instant,
    sender: SendRequest<Body>,
    /// Ends by itself once nobody needs the connection any more.
    driver: AbortHandle,
}

/// How this agent stands with the servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    #[default]
    Looking,
    /// With this one.
    Connected(String),
    /// They do not take it, and why. `lasting`: trying again does not help.
    Refused { why: String, lasting: bool },
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Lost {
    /// No server can be reached.
    #[error("no server can be reached: {0}")]
    Nobody(String),
    /// A server answered no.
    #[error("{1}")]
    Refused(StatusCode, String),
    /// It is not known whether it was done.
    #[error("the connection to the server was lost: {0}")]
    Midway(String),
}

impl Servers {
    pub(super) fn new(tls: Tls, node: Arc<Node>, seeds: BTreeSet<String>) -> Self {
        Self(Arc::new(Inner {
            tls,
            node,
            seeds: Mutex::new(seeds),
            known: Mutex::default(),
            current: Mutex::default(),
            left: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            standing: watch::Sender::default(),
            told: Mutex::default(),
        }))
    }

    pub(super) fn node(&self) -> &Node {
        &self.0.node
    }

    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.0.standing.subscribe()
    }

    /// The servers that there are, as far as they have told.
    pub(super) fn known(&self) -> BTreeSet<String> {
        self.0.known.lock().clone()
    }

    pub(super) fn note(&self, welcome: &Welcome) {
        if !welcome.servers.is_empty() {
            self.0.known.lock().clone_from(&welcome.servers);
        }
    }

    /// The connection that is open, or a new one.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, Lost> {
        if let Some(open) = self.open() {
            return Ok(open);
        }
        let mut last = self.0.opening.lock().await;
        if let Some(open) = self.open() {
            return Ok(open);
        }
        if let Some((_, lost)) = last.as_ref().filter(|(at, _)| at.elapsed() < PAUSE) {
            return Err(lost.clone());
        }
        let mut lost = Lost::Nobody("none is known".to_owned());
        for address in self.candidates() {
            match self.greet(&address).await {
                Ok(connection) => {
                    let connection = Arc::new(connection);
                    *self.0.current.lock() = Some(Arc::clone(&connection));
                    *last = None;
                    tracing::info!(server = address, "this client agent uses a server");
                    self.0.standing.send_replace(Standing::Connected(address));
                    return Ok(connection);
                }
                Err(why) => {
                    tracing::debug!(server = address, %why, "a server does not take this agent");
                    lost = worse(lost, why);
                }
            }
        }
        self.tell(&lost);
        *last = Some((Instant::now(), lost.clone()));
        Err(lost)
    }

    /// One more server to be asked, if it takes this agent.
    pub(super) async fn join(&self, address: &str) -> Result<(), Lost> {
        self.greet(address).await?;
        self.0.seeds.lock().insert(address.to_owned());
        Ok(())
    }

    fn open(&self) -> Option<Arc<Connection>> {
        let current = self.0.current.lock();
        current.as_ref().filter(|connection| !connection.sender.is_closed()).map(Arc::clone)
    }

    /// Nothing new goes over this connection; what is under way on it may come to its end.
    pub(super) fn leave(&self, connection: &Arc<Connection>) {
        let mut current = self.0.current.lock();
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            *current = None;
            *self.0.left.lock() = Some(connection.address.clone());
        }
    }

    /// The server at the other end is of no use: streams on the connection are to look for another one.
    pub(super) fn abandon(&self, connection: &Arc<Connection>) {
        self.leave(connection);
        connection.driver.abort();
    }

    /// All servers in an order of chance; the ones that have said that they are there before others.
    fn candidates(&self) -> Vec<String> {
        let mut known: Vec<_> = self.known().into_iter().collect();
        known.shuffle(&mut rand::rng());
        let mut seeds: Vec<_> = self.0.seeds.lock().iter().filter(|seed| !known.contains(seed)).cloned().collect();
        seeds.shuffle(&mut rand::rng());
        known.extend(seeds);
        let left = self.0.left.lock().clone();
        known.sort_by_key(|address| Some(address) == left.as_ref());
        known
    }

    /// Says what has become of the search, once.
    fn tell(&self, lost: &Lost) {
        let standing = match lost {
            Lost::Refused(StatusCode::CONFLICT, why) => Standing::Refused { why: why.clone(), lasting: false },
            Lost::Refused(StatusCode::BAD_REQUEST, why) => Standing::Refused { why: why.clone(), lasting: true },
            Lost::Refused(_, _) | Lost::Nobody(_) | Lost::Midway(_) => Standing::Looking,
        };
        let said = self.0.standing.send_replace(standing.clone());
        let mut told = self.0.told.lock();
        let is_due = told.as_ref().is_none_or(|(at, last)| {
            let pause = if last == lost { REMINDER } else { NEWS };
            at.elapsed() >= pause
        });
        if said != standing || is_due {
            *told = Some((Instant::now(), lost.clone()));
            tracing::warn!("this client agent has no server: {lost}");
        }
    }

    async fn greet(&self, address: &str) -> Result<Connection, Lost> {
        let stream = peer::reach(address, &self.0.tls).await.map_err(|error| match error {
            TransportError::Unreachable(why) | TransportError::Unknown(why) | TransportError::Refused(why) => {
                Lost::Nobody(why)
            }
        })?;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .keep_alive_interval(KEEPALIVE.0)
            .keep_alive_timeout(KEEPALIVE.1)
            .keep_alive_while_idle(true);
        let shaken = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| Lost::Nobody(format!("{address}: {error}")))?;
        let peer = address.to_owned();
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "the connection to a server has ended");
            }
        });
        let driver = driver.abort_handle();
        let connection = Connection { address: address.to_owned(), since: Instant::now(), sender, driver };
        let node = self.node().clone();
        let hello = Hello { protocol: PROTOCOL, node, version: VERSION.to_owned() };
        let welcome: Welcome = connection.ask(HELLO, &hello, &Secret::default(), HELLO_MAX).await?;
        self.note(&welcome);
        Ok(connection)
    }

    /// Asks whichever server is at hand.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        path: &'static str,
        question: &impl Serialize,
        token: &Secret,
        within: Duration,
    ) -> Result<T, Lost> {
        let connection = self.connection().await?;
        let answer = connection.ask(path, question, token, within).await;
        if let Err(Lost::Midway(_)) = &answer {
            self.leave(&connection);
        }
        answer
    }
}

impl Elsewhere for Servers {
    fn who(&self, token: Secret) -> BoxFuture<'static, Result<Option<Known>, String>> {
        let this = self.clone();
        async move {
            let said = this.ask::<Option<Known>>(WHO, &(), &token, WHO_MAX).await;
            said.map_err(|lost| lost.to_string())
        }
        .boxed()
    }
}

/// What says more about why an agent is without a server.
fn worse(former: Lost, new: Lost) -> Lost {
    match (&former, &new) {
        (Lost::Refused(..), Lost::Nobody(_) | Lost::Midway(_)) => former,
        (Lost::Nobody(_) | Lost::Midway(_), _) | (Lost::Refused(..), Lost::Refused(..)) => new,
    }
}

/// Why a request got no response.
pub(super) enum Unsent {
    /// It has not left this process.
    NotSent(Box<Request<Body>>),
    /// It may have been answered.
    Midway(String),
}

impl Connection {
    pub(super) async fn send(&self, request: Request<Body>) -> Result<http::Response<hyper::body::Incoming>, Unsent> {
        let sent = self.sender.clone().try_send_request(request).await;
        sent.map_err(|mut error| match error.take_message() {
            Some(request) => Unsent::NotSent(Box::new(request)),
            None => Unsent::Midway(error.into_error().to_string()),
        })
    }

    /// One message, one answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        path: &'static str,
        question: &impl Serialize,
        token: &Secret,
        within: Duration,
    ) -> Result<T, Lost> {
        let midway = |why: String| Lost::Midway(format!("{}: {why}", self.address));
        let body = serde_json::to_vec(question).map_err(|error| midway(error.to_string()))?;
        let request = Request::post(format!("https://server{path}"))
            .header(TOKEN, token.reveal())
            .body(Body::from(body))
            .map_err(|error| midway(error.to_string()))?;
        let answering = async {
            let response = self.send(request).await.map_err(|unsent| match unsent {
                Unsent::NotSent(_) => midway("the connection is closed".to_owned()),
                Unsent::Midway(why) => midway(why),
            })?;
            let (head, body) = response.into_parts();
            let bytes = Limited::new(body, ANSWER_MAX).collect().await.map_err(|error| midway(error.to_string()))?;
            Ok((head.status, bytes.to_bytes()))
        };
        let (status, bytes): (_, Bytes) =
            timeout(within, answering).await.map_err(|_| midway("no answer in time".to_owned()))??;
        if status != StatusCode::OK {
            return Err(Lost::Refused(status, String::from_utf8_lossy(&bytes).into_owned()));
        }
        serde_json::from_slice(&bytes).map_err(|error| midway(format!("not understood: {error}")))
    }
}
