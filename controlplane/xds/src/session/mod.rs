//! One stream as a state machine without IO.
//!
//! ```text
//! requests -> receive ─┐
//!                      ├─> Session -> poll_response -> responses
//! sets     -> offer   ─┘
//! ```
//!
//! Delta and state of the world differ in how a request changes the interest and in how a response
//! is composed; everything between (what the client holds, what is due, what must wait) is one. Nothing
//! is queued: a response is composed when the transport can take it, from what is true then.

mod compose;
mod gate;
mod interest;
mod message;
mod nack;
mod track;

use std::sync::Arc;

pub use message::{Change, Fault, Limits, Nack, Overload, Protocol, Request, Response, Verdict, Withheld};

use crate::set::{KINDS, PerType, Resource, ResourceSet, ResourceType};
use compose::Composer;
use gate::Gate;
use track::Track;

/// A whole set and the raft index it was made at.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The index.
    pub index: u64,
    /// What the proxy should hold.
    pub set: ResourceSet,
}

/// One ADS stream: what its client asked for, holds and refused, and what it should hold.
#[derive(Debug)]
pub struct Session {
    protocol: Protocol,
    limits: Limits,
    stream: u64,
    nonces: u64,
    offer: Option<Offer>,
    tracks: PerType<Track>,
    withheld: Vec<Withheld>,
}

impl Session {
    /// A session for the stream of this number. Numbers must not repeat within a server's life: nonces
    /// are made of them.
    pub fn new(protocol: Protocol, stream: u64, limits: Limits) -> Self {
        Self { protocol, limits, stream, nonces: 0, offer: None, tracks: PerType::default(), withheld: Vec::new() }
    }

    /// Takes a request. Tells what it said about a response, if it said anything.
    pub fn receive(&mut self, request: Request) -> Result<Option<Verdict>, Overload> {
        let of = request.of;
        let track = &mut self.tracks[of];
        if self.protocol == Protocol::Sotw && track.is_stale(&request.nonce) {
            return Ok(None);
        }
        track.check_names(of, &request.change, self.limits.names_per_type)?;
        let verdict = track.settle_flight(of, &request);
        let set = self.offer.as_ref().map(|offer| &offer.set);
        track.subscribe(of, request.change, set);
        Ok(verdict)
    }

    /// Takes a newer set. Costs what differs from the one before.
    pub fn offer(&mut self, offer: Offer) {
        let before = self.offer.take().unwrap_or_default();
        for of in ResourceType::all() {
            for name in before.set.changed(&offer.set, of) {
                self.tracks[of].touch(name);
            }
        }
        self.offer = Some(offer);
    }

    /// The next response, if one is due and may go now. Taking it means sending it: the session then
    /// waits for the client's verdict before it sends more of that type.
    pub fn poll_response(&mut self) -> Option<Response> {
        self.offer.as_ref()?;
        loop {
            let backlog = self.backlog();
            for kind in &KINDS {
                if let Some(response) = self.poll_type(kind.of) {
                    return Some(response);
                }
            }
            // A look may find that nothing is due after all, which can set free what waited for it.
            if self.backlog() == backlog {
                return None;
            }
        }
    }

    /// The index of the newest set.
    pub fn offered_index(&self) -> Option<u64> {
        self.offer.as_ref().map(|offer| offer.index)
    }

    /// Whether the client asked for this type on this stream.
    pub fn asks_for(&self, of: ResourceType) -> bool {
        self.tracks[of].interest.started()
    }

    /// Whether the client holds all it asked for of this type, as newly offered.
    pub fn is_settled(&self, of: ResourceType) -> bool {
        self.offer.is_some() && self.tracks[of].is_settled()
    }

    /// Whether a response waits for its verdict.
    pub fn is_awaiting(&self) -> bool {
        self.tracks.iter().any(|(_, track)| track.in_flight())
    }

    /// What could not be sent since the last call.
    pub fn take_withheld(&mut self) -> Vec<Withheld> {
        std::mem::take(&mut self.withheld)
    }

    fn backlog(&self) -> usize {
        self.tracks.iter().map(|(_, track)| track.backlog()).sum()
    }

    fn poll_type(&mut self, of: ResourceType) -> Option<Response> {
        let offer = self.offer.as_ref()?;
        if !self.tracks[of].may_send() {
            return None;
        }
        let composer = Composer {
            of,
            track: &self.tracks[of],
            set: &offer.set,
            gate: Gate::new(of, &self.tracks, &offer.set),
            limits: &self.limits,
        };
        let composed = match self.protocol {
            Protocol::Delta => composer.delta(),
            Protocol::Sotw if of.kind().wildcard => composer.whole(),
            Protocol::Sotw => composer.partial(),
        };
        let index = offer.index;
        let track = &mut self.tracks[of];
        track.note(&composed);
        self.withheld.extend(Withheld::of(of, &composed.withheld));
        let message = composed.message?;
        self.nonces += 1;
        let nonce = format!("{:x}-{:x}", self.stream, self.nonces);
        track.sent(&nonce, &message);
        self.owe_children(of, &message.renewed);
        Some(Response {
            of,
            nonce,
            version: message.version,
            index,
            resources: message.resources,
            removed: message.removed,
        })
    }

    /// Envoy holds a new version of a parent back until it hears of the children again, even when they
    /// are the same as before.
    fn owe_children(&mut self, parent: ResourceType, renewed: &[Arc<Resource>]) {
        for pointer in renewed.iter().flat_map(|resource| resource.refs()) {
            if pointer.of.kind().parent == Some(parent) {
                self.tracks[pointer.of].owe(&pointer.name);
            }
        }
    }
}
