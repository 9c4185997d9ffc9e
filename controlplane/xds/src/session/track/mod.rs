//! One type on one stream: what the client asked for, what it holds, what it refused, and which names
//! have to be looked at before client and offer agree again.

mod deliver;
mod subscribe;
mod verdict;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::gate::{Gate, Passage};
use super::interest::Interest;
use crate::set::{Name, Resource, Version};

/// What the client has under a name.
#[derive(Debug)]
enum Held {
    /// This, as it acknowledged on this stream.
    Acked(Arc<Resource>),
    /// What it said it kept from an earlier stream.
    Claimed(Option<Version>),
    /// Perhaps this, or perhaps nothing any more: it was part of a refused response, of which clients
    /// may keep the good parts.
    Unsure(Option<Arc<Resource>>),
}

/// What a look at one name finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Client and offer agree, or the client refused just this.
    Nothing,
    /// Send it.
    Put(Arc<Resource>),
    /// Tell that it is gone.
    Remove,
    /// Something is due, but not yet.
    Wait(Passage),
}

/// What the client will hold of a name if it accepts a response: this, or nothing.
pub(super) type Item = (Name, Option<Arc<Resource>>);

/// A response without a verdict.
#[derive(Debug)]
struct Flight {
    nonce: String,
    items: Vec<Item>,
    gone: HashSet<Name>,
}

/// The state of one type.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) interest: Interest,
    copies: HashMap<Name, Held>,
    /// Versions not to send again before they change or are asked for anew.
    refused: HashMap<Name, Version>,
    /// Names whose offer and copy may differ.
    dirty: BTreeSet<Name>,
    /// The rest of a refused response. It waits for news of this type, or a bad response would be
    /// answered by a bad response for ever.
    benched: BTreeSet<Name>,
    /// Off the bench, from a response whose refusal named no culprit: they go one by one, so that only
    /// the culprit fails.
    suspects: BTreeSet<Name>,
    /// Nobody was named; the bench leads to the suspects.
    isolate: bool,
    /// Names that want an answer even if nothing differs.
    forced: HashSet<Name>,
    /// Children of parents that were sent before this type's first request.
    owed: HashSet<Name>,
    /// The client waits for an answer even if there is nothing to say.
    answer_owed: bool,
    /// State of the world: the version of the whole that the client kept from an earlier stream.
    claim: Option<Version>,
    /// State of the world: the client may hold what no copy tells of, until it accepts a whole.
    resumed: bool,
    flight: Option<Flight>,
    /// Something changed or was asked for since the response in flight was composed.
    news: bool,
    last_nonce: Option<String>,
}

impl Track {
    pub(super) fn dirty(&self) -> impl Iterator<Item = &Name> {
        self.dirty.iter()
    }

    pub(super) fn suspects(&self) -> impl Iterator<Item = &Name> {
        self.suspects.iter()
    }

    pub(super) fn held_names(&self) -> impl Iterator<Item = &Name> {
        self.copies.keys()
    }

    pub(super) fn answer_owed(&self) -> bool {
        self.answer_owed
    }

    pub(super) fn claim(&self) -> Option<Version> {
        self.claim
    }

    pub(super) fn in_flight(&self) -> bool {
        self.flight.is_some()
    }

    /// How much there is to look at.
    pub(super) fn backlog(&self) -> usize {
        self.dirty.len() + self.suspects.len() + usize::from(self.answer_owed)
    }

    pub(super) fn may_send(&self) -> bool {
        self.backlog() > 0 && self.interest.started() && self.flight.is_none()
    }

    /// Whether client and offer agree. A type that was never asked for has nothing to agree on.
    pub(super) fn is_settled(&self) -> bool {
        let waits = self.flight.is_some() || self.backlog() > 0;
        let failed = !self.benched.is_empty() || !self.refused.is_empty();
        !self.interest.started() || !(waits || failed)
    }

    /// Whether the client has some version of this and keeps it.
    pub(super) fn holds(&self, name: &str) -> bool {
        let leaving = self.flight.as_ref().is_some_and(|f| f.gone.contains(name));
        match self.copies.get(name) {
            Some(Held::Acked(_) | Held::Claimed(_) | Held::Unsure(Some(_))) => !leaving,
            Some(Held::Unsure(None)) | None => false,
        }
    }

    /// Whether this very resource was refused.
    pub(super) fn has_refused(&self, resource: &Resource) -> bool {
        self.refused.get(resource.name()) == Some(&resource.version())
    }

    /// Whether the client surely has this very resource.
    pub(super) fn has(&self, resource: &Resource) -> bool {
        match self.copies.get(resource.name()) {
            Some(Held::Acked(copy)) => copy.version() == resource.version(),
            Some(Held::Claimed(version)) => *version == Some(resource.version()),
            Some(Held::Unsure(_)) | None => false,
        }
    }

    /// The newest version that the client may have and that can still be sent.
    pub(super) fn last(&self, name: &str) -> Option<&Arc<Resource>> {
        match self.copies.get(name) {
            Some(Held::Acked(copy)) => Some(copy),
            Some(Held::Unsure(copy)) => copy.as_ref(),
            Some(Held::Claimed(_)) | None => None,
        }
    }

    /// Looks at one name.
    pub(super) fn due(&self, name: &str, offered: Option<&Arc<Resource>>, gate: &Gate<'_>) -> Due {
        let forced = self.forced.contains(name);
        match offered {
            Some(resource) if !forced && (self.has(resource) || self.has_refused(resource)) => Due::Nothing,
            Some(resource) => match gate.put(resource) {
                Passage::Free => Due::Put(resource.clone()),
                passage @ (Passage::Soon | Passage::Later) => Due::Wait(passage),
            },
            None if self.copies.contains_key(name) => match gate.removal() {
                Passage::Free => Due::Remove,
                passage @ (Passage::Soon | Passage::Later) => Due::Wait(passage),
            },
            None if forced => Due::Remove,
            None => Due::Nothing,
        }
    }
}
