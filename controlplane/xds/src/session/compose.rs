//! Composing a response: which names go in, as far as they may go now and fit.
//!
//! Pure: reads a track, a set and a gate, and tells what it found. Delta sends what differs. State of
//! the world sends the types that have a wildcard whole, the others in part.

use std::sync::Arc;

use super::Limits;
use super::gate::{Gate, Passage};
use super::track::{Due, Item, Track};
use crate::set::{Name, Resource, ResourceSet, ResourceType, Version};

/// What a look at a type found.
#[derive(Debug, Default)]
pub(super) struct Composed {
    /// Names at which there is nothing to do.
    pub(super) clean: Vec<Name>,
    /// Names that are gone, where the protocol has no way to say so.
    pub(super) vanished: Vec<Name>,
    /// Resources that no message may hold.
    pub(super) withheld: Vec<Arc<Resource>>,
    /// The client has all this already.
    pub(super) adopted: Option<Vec<Arc<Resource>>>,
    /// What to send.
    pub(super) message: Option<Message>,
}

/// The content of a response, and what it means for the client's copies.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) version: Version,
    pub(super) resources: Vec<Arc<Resource>>,
    pub(super) removed: Vec<Name>,
    /// Resources that the client did not have in this version.
    pub(super) renewed: Vec<Arc<Resource>>,
    /// Names that need no further look.
    pub(super) done: Vec<Name>,
    pub(super) items: Vec<Item>,
}

/// Where to look, and by which rules.
pub(super) struct Composer<'a> {
    pub(super) of: ResourceType,
    pub(super) track: &'a Track,
    pub(super) set: &'a ResourceSet,
    pub(super) gate: Gate<'a>,
    pub(super) limits: &'a Limits,
}

impl Composer<'_> {
    /// Delta: what differs, and what is gone.
    pub(super) fn delta(&self) -> Composed {
        let (mut composed, soon) = self.parts(Message::remove);
        let owed = self.track.answer_owed();
        let message = composed.message.take();
        let message = message.or_else(|| owed.then(Message::default));
        // A first answer without what is about to come would tell the client that it is complete.
        composed.message = message.filter(|_| !(owed && soon));
        self.stamp(composed)
    }

    /// State of the world, a type that may be sent in part: what is new. Absence means nothing.
    pub(super) fn partial(&self) -> Composed {
        let mut vanished = Vec::new();
        let (mut composed, _) = self.parts(|_, name| vanished.push(name.clone()));
        composed.clean.extend(vanished.iter().cloned());
        composed.vanished = vanished;
        self.stamp(composed)
    }

    fn stamp(&self, mut composed: Composed) -> Composed {
        if let Some(message) = &mut composed.message {
            message.version = self.set.version(self.of);
        }
        composed
    }

    /// Goes through the names to look at until the message is full; a suspect goes alone. Also tells
    /// whether something is held back that will soon be free.
    fn parts(&self, mut remove: impl FnMut(&mut Message, &Name)) -> (Composed, bool) {
        let mut composed = Composed::default();
        let mut message = Message::default();
        let (mut bytes, mut soon) = (0, false);
        let (dirty, suspects) = (self.track.dirty(), self.track.suspects());
        let names = dirty.map(|name| (name, false));
        for (name, suspect) in names.chain(suspects.map(|name| (name, true))) {
            if suspect && !message.items.is_empty() {
                break;
            }
            match self.due(name) {
                Due::Nothing => composed.clean.push(name.clone()),
                Due::Wait(passage) => soon |= passage == Passage::Soon,
                Due::Remove => {
                    bytes += name.len();
                    remove(&mut message, name);
                }
                Due::Put(resource) if self.is_too_large(&resource) => {
                    composed.withheld.push(resource);
                }
                Due::Put(resource) => {
                    bytes += resource.delta.len();
                    if bytes > self.limits.message_bytes && !message.items.is_empty() {
                        break;
                    }
                    message.put(self.track, resource);
                }
            }
        }
        composed.message = (!message.items.is_empty()).then_some(message);
        (composed, soon)
    }

    /// State of the world, a type that is always sent whole: absence deletes. What must not change yet
    /// is repeated as the client has it.
    pub(super) fn whole(&self) -> Composed {
        let mut composed = Composed::default();
        let (mut due, mut soon) = (self.track.answer_owed(), false);
        let mut message = Message::default();
        for name in self.track.dirty() {
            match self.due(name) {
                Due::Nothing => composed.clean.push(name.clone()),
                Due::Wait(passage) => soon |= passage == Passage::Soon,
                Due::Put(_) | Due::Remove => {
                    due = true;
                    message.done.push(name.clone());
                }
            }
        }
        if !due || (self.track.answer_owed() && soon) {
            return composed;
        }
        self.covered(&mut message);
        self.leaving(&mut message);
        let bytes: usize = message.resources.iter().map(|r| r.any.len()).sum();
        if bytes > self.limits.message_bytes_max {
            composed.withheld = message.renewed;
        } else if self.track.claim() == Some(message.version) && message.is_as_offered() {
            composed.adopted = Some(message.resources);
        } else {
            message.done.append(&mut composed.clean);
            composed.message = Some(message);
        }
        composed
    }

    fn covered(&self, message: &mut Message) {
        let offered = self.set.iter(self.of);
        for resource in offered.filter(|r| self.track.interest.covers(r.name())) {
            let name = resource.name();
            match self.track.due(name, Some(resource), &self.gate) {
                Due::Put(resource) => message.put_whole(self.track, resource),
                Due::Nothing if self.track.has(resource) => message.keep(resource.clone()),
                Due::Nothing | Due::Wait(_) | Due::Remove => {
                    message.keep_last(name, self.track.last(name));
                }
            }
        }
    }

    fn leaving(&self, message: &mut Message) {
        let gone = |name: &&Name| self.set.get(self.of, name).is_none();
        let mut names: Vec<_> = self.track.held_names().filter(gone).collect();
        names.sort();
        for name in names {
            let wait = self.gate.removal() != Passage::Free;
            message.keep_last(name, self.track.last(name).filter(|_| wait));
        }
    }

    fn due(&self, name: &Name) -> Due {
        self.track.due(name, self.set.get(self.of, name), &self.gate)
    }

    fn is_too_large(&self, resource: &Resource) -> bool {
        resource.delta.len() > self.limits.message_bytes_max
    }
}

impl Message {
    fn put(&mut self, track: &Track, resource: Arc<Resource>) {
        self.done.push(resource.name().clone());
        self.put_whole(track, resource);
    }

    fn remove(&mut self, name: &Name) {
        self.removed.push(name.clone());
        self.done.push(name.clone());
        self.items.push((name.clone(), None));
    }

    fn put_whole(&mut self, track: &Track, resource: Arc<Resource>) {
        if !track.has(&resource) {
            self.renewed.push(resource.clone());
        }
        self.keep(resource);
    }

    fn keep(&mut self, resource: Arc<Resource>) {
        self.version = self.version.plus(&resource);
        self.items.push((resource.name().clone(), Some(resource.clone())));
        self.resources.push(resource);
    }

    fn keep_last(&mut self, name: &Name, last: Option<&Arc<Resource>>) {
        match last {
            Some(resource) => self.keep(resource.clone()),
            None => self.items.push((name.clone(), None)),
        }
    }

    fn is_as_offered(&self) -> bool {
        self.items.iter().all(|(_, item)| item.is_some())
    }
}
