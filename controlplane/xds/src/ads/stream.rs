//! An admitted stream: it waits for requests, sets, room to write and deadlines, and lets the session
//! decide.

use std::collections::HashSet;
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::{Status, Streaming};

use super::deadlines::Deadlines;
use super::variant::{Incoming, Variant};
use super::{Config, Shared, node};
use crate::ledger::{Entry, Identity};
use crate::session::{Nack, Offer, Request, Session, Verdict};
use crate::set::{PerType, ResourceType};
use crate::source::{Refusal, Subscription};

/// Requests taken in one go before responses are composed: a reconnecting client sends one a type, and
/// the order of types is kept only among those that are known.
const REQUESTS_AT_ONCE: usize = 64;

/// How long a client that comes back may pause between its first requests. Until it has told of its
/// listeners, clusters that only they use would look unused.
const RESUME_PAUSE: Duration = Duration::from_millis(30);

/// Type URLs of which the log tells that they are not served, per stream.
const UNKNOWN_TYPES_LOGGED: usize = 16;

pub(super) type Sender<V> = mpsc::Sender<Result<<V as Variant>::Frame, Status>>;

/// How a stream ends: with a status for the client, or with nobody to tell.
pub(super) type End = Option<Status>;

pub(super) fn refused(node: &str, refusal: Refusal) -> Status {
    tracing::info!(node, %refusal, "xDS stream refused");
    refusal.into()
}

/// An admitted stream.
pub(super) struct Stream<'a> {
    config: &'a Config,
    node: String,
    session: Session,
    entry: Entry,
    settled: PerType<Option<u64>>,
    unknown: HashSet<String>,
    deadlines: Deadlines,
}

impl<'a> Stream<'a> {
    pub(super) fn new<S>(shared: &'a Shared<S>, identity: Identity, horizon: Option<crate::source::Horizon>) -> Self {
        let config = &shared.config;
        let number = shared.ledger.next_stream();
        let age = config.age_max.map(|age| age.mul_f64(rand::random_range(0.9..1.1)));
        Self {
            config,
            node: identity.node.clone(),
            session: Session::new(identity.protocol, number, config.limits.clone()),
            entry: shared.ledger.enter(number, identity, horizon),
            settled: PerType::default(),
            unknown: HashSet::new(),
            deadlines: Deadlines { age: age.map(|age| Instant::now() + age), stall: None, verdict: None },
        }
    }

    pub(super) async fn run<V: Variant>(
        &mut self,
        requests: &mut Streaming<V::Request>,
        subscription: &mut impl Subscription,
        sender: &Sender<V>,
    ) -> End {
        loop {
            if let Break(end) = self.take_ready::<V>(requests) {
                return end;
            }
            let full = self.send_ready::<V>(sender);
            self.note_settled();
            tokio::select! {
                request = requests.message() => match self.hear::<V>(request) {
                    Continue(()) => {}
                    Break(end) => return end,
                },
                offer = subscription.changed() => match offer {
                    Ok(offer) => self.offer(offer),
                    Err(refusal) => return Some(refused(&self.node, refusal)),
                },
                _ = sender.reserve(), if full => {}
                () = sleep_until(self.deadlines.next()) => {
                    if let Some(end) = self.deadlines.passed(Instant::now()) {
                        tracing::info!(node = self.node, reason = end.reason(), "xDS stream ended");
                        return end.status();
                    }
                }
            }
        }
    }

    /// Takes the requests that follow the first one of a client that comes back.
    pub(super) async fn take_resuming<V: Variant>(&mut self, requests: &mut Streaming<V::Request>) -> ControlFlow<End> {
        for _ in 0..REQUESTS_AT_ONCE {
            match timeout(RESUME_PAUSE, requests.message()).await {
                Ok(request) => self.hear::<V>(request)?,
                Err(_) => break,
            }
        }
        Continue(())
    }

    /// Takes the requests that are there already.
    fn take_ready<V: Variant>(&mut self, requests: &mut Streaming<V::Request>) -> ControlFlow<End> {
        for _ in 0..REQUESTS_AT_ONCE {
            match requests.message().now_or_never() {
                Some(request) => self.hear::<V>(request)?,
                None => break,
            }
        }
        Continue(())
    }

    fn hear<V: Variant>(&mut self, request: Result<Option<V::Request>, Status>) -> ControlFlow<End> {
        match request {
            Ok(Some(request)) => self.take(V::read(request)),
            Ok(None) => Break(None),
            Err(status) => Break(Some(status)),
        }
    }

    pub(super) fn take(&mut self, incoming: Incoming) -> ControlFlow<End> {
        if let Err(status) = node::confirm(incoming.node.as_ref(), &self.node) {
            return Break(Some(status));
        }
        match incoming.request {
            Some(request) => self.receive(request),
            None => {
                self.ignore(incoming.type_url);
                Continue(())
            }
        }
    }

    fn receive(&mut self, request: Request) -> ControlFlow<End> {
        let of = request.of;
        tracing::debug!(node = self.node, ?request, "xDS request");
        let verdict = match self.session.receive(request) {
            Ok(verdict) => verdict,
            Err(overload) => return Break(Some(overload.into())),
        };
        self.entry.asked(of);
        match verdict {
            Some(Verdict::Acked { of, nonce }) => self.entry.acked(of, &nonce),
            Some(Verdict::Nacked(nack)) => self.note_nack(&nack),
            None => return Continue(()),
        }
        self.deadlines.verdict = Some(Instant::now() + self.config.verdict);
        Continue(())
    }

    fn note_nack(&mut self, nack: &Nack) {
        let kind = nack.of.kind().short;
        let (node, nonce, code) = (&self.node, &nack.nonce, nack.fault.code);
        let (names, reason) = (&nack.names, &nack.fault.message);
        tracing::warn!(node, kind, nonce, code, ?names, reason, "proxy refused its config");
        self.entry.nacked(nack);
    }

    /// A type that is not served gets no answer; the client goes on without it.
    fn ignore(&mut self, type_url: String) {
        if self.unknown.len() < UNKNOWN_TYPES_LOGGED && !self.unknown.contains(&type_url) {
            tracing::warn!(node = self.node, type_url, "xDS type is not served");
            self.unknown.insert(type_url);
        }
    }

    pub(super) fn offer(&mut self, offer: Offer) {
        self.entry.offered(offer.index);
        self.session.offer(offer);
    }

    /// Sends what may go. Tells whether the reader must take something first.
    fn send_ready<V: Variant>(&mut self, sender: &Sender<V>) -> bool {
        while let Ok(place) = sender.try_reserve() {
            self.deadlines.stall = None;
            let Some(response) = self.session.poll_response() else {
                self.note_withheld();
                return false;
            };
            tracing::debug!(node = self.node, ?response, "xDS response");
            self.entry.sent(&response);
            place.send(Ok(response.into()));
            let now = Instant::now();
            self.deadlines.stall = Some(now + self.config.stall);
            self.deadlines.verdict = Some(now + self.config.verdict);
        }
        true
    }

    fn note_withheld(&mut self) {
        for withheld in self.session.take_withheld() {
            let (kind, names) = (withheld.of.kind().short, withheld.names);
            tracing::error!(node = self.node, kind, ?names, "resources are too large to send");
        }
    }

    fn note_settled(&mut self) {
        let index = self.session.offered_index();
        for of in ResourceType::all() {
            let asked = self.session.asks_for(of);
            if asked && self.settled[of] != index && self.session.is_settled(of) {
                self.settled[of] = index;
                self.entry.settled(of, index.unwrap_or_default());
            }
        }
        if !self.session.is_awaiting() {
            self.deadlines.verdict = None;
        }
    }
}
