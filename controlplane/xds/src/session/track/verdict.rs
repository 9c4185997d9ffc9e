//! Hearing what became of a response.

use std::collections::HashSet;

use super::{Flight, Held, Track};
use crate::session::message::{Change, Nack, Request, Verdict};
use crate::session::nack;
use crate::set::{Name, ResourceType};

impl Track {
    /// State of the world: a request that speaks of an older response than the last one is void, since
    /// another must follow it.
    pub(in crate::session) fn is_stale(&self, nonce: &str) -> bool {
        let last = self.last_nonce.as_deref();
        !nonce.is_empty() && last.is_some_and(|last| last != nonce)
    }

    /// Pairs a verdict with the response in flight. Any other nonce says nothing.
    pub(in crate::session) fn settle_flight(&mut self, of: ResourceType, request: &Request) -> Option<Verdict> {
        let flight = self.flight.take_if(|flight| flight.nonce == request.nonce)?;
        let nonce = flight.nonce.clone();
        let Some(mut fault) = request.fault.clone() else {
            self.ack(flight);
            return Some(Verdict::Acked { of, nonce });
        };
        let sent = || flight.items.iter().map(|(name, _)| name);
        let culprits = nack::culprits(&fault.message, sent());
        let mut names: Vec<Name> = match culprits.is_empty() {
            true => sent().cloned().collect(),
            false => culprits.iter().cloned().collect(),
        };
        names.sort();
        names.truncate(nack::KEPT_NAMES);
        let kept = fault.message.floor_char_boundary(nack::KEPT_BYTES);
        fault.message.truncate(kept);
        self.nack(flight, &culprits);
        let whole = of.kind().wildcard && matches!(request.change, Change::Sotw { .. });
        self.isolate = culprits.is_empty() && !whole;
        if self.news {
            self.leave_bench();
        }
        Some(Verdict::Nacked(Nack { of, nonce, fault, names }))
    }

    fn ack(&mut self, flight: Flight) {
        self.resumed = false;
        for (name, item) in flight.items {
            self.benched.remove(&name);
            self.suspects.remove(&name);
            match item.filter(|_| self.interest.covers(&name)) {
                Some(resource) => {
                    self.refused.remove(&name);
                    self.copies.insert(name, Held::Acked(resource));
                }
                None => {
                    self.copies.remove(&name);
                }
            }
        }
    }

    /// Clients keep the good parts of a refused response, or nothing of it. We cannot know which, but
    /// for the parts that they had before and those that they name.
    fn nack(&mut self, flight: Flight, culprits: &HashSet<Name>) {
        let alone = flight.items.len() == 1;
        for (name, item) in flight.items {
            let had = item.as_ref().is_some_and(|resource| self.has(resource));
            if had || !self.interest.covers(&name) {
                continue;
            }
            // What changed since is looked at anyway.
            let touched = self.dirty.contains(&name);
            match item {
                Some(resource) if alone || culprits.contains(&name) => {
                    if !touched {
                        self.refused.insert(name, resource.version());
                    }
                }
                item => {
                    if !touched {
                        self.benched.insert(name.clone());
                    }
                    self.copies.insert(name, Held::Unsure(item));
                }
            }
        }
    }
}
