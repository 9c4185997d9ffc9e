//! Noting what changed, and what was done about it.

use std::sync::Arc;

use super::{Flight, Held, Track};
use crate::session::compose::{Composed, Message};
use crate::set::{Name, Resource};

impl Track {
    /// The offer under this name has changed.
    pub(in crate::session) fn touch(&mut self, name: &Name) {
        if self.interest.covers(name) {
            self.look_again(name);
        }
    }

    /// The parent was sent anew: this name must be answered after it.
    pub(in crate::session) fn owe(&mut self, name: &Name) {
        if !self.interest.started() {
            self.owed.insert(name.clone());
        } else if self.interest.covers(name) {
            self.force(name);
        }
    }

    pub(super) fn force(&mut self, name: &Name) {
        self.forced.insert(name.clone());
        self.look_again(name);
    }

    fn look_again(&mut self, name: &Name) {
        self.refused.remove(name);
        self.suspects.remove(name);
        self.benched.remove(name);
        self.dirty.insert(name.clone());
        self.leave_bench();
        self.news = true;
    }

    /// There is news of this type, so what was refused along with something else has another chance.
    pub(super) fn leave_bench(&mut self) {
        self.answer_owed |= self.resumed && self.flight.is_none();
        match self.isolate {
            true => self.suspects.append(&mut self.benched),
            false => self.dirty.append(&mut self.benched),
        }
    }

    /// Notes what composing found, whether or not it led to a message.
    pub(in crate::session) fn note(&mut self, composed: &Composed) {
        for name in &composed.clean {
            self.done_with(name);
        }
        for name in &composed.vanished {
            self.copies.remove(name);
        }
        for resource in &composed.withheld {
            self.done_with(resource.name());
            let version = resource.version();
            self.refused.insert(resource.name().clone(), version);
        }
        if let Some(adopted) = &composed.adopted {
            self.adopt(adopted);
        }
    }

    /// State of the world: the client kept the whole from an earlier stream.
    fn adopt(&mut self, whole: &[Arc<Resource>]) {
        self.answer_owed = false;
        self.claim = None;
        self.resumed = false;
        for resource in whole {
            self.done_with(resource.name());
            let held = Held::Acked(resource.clone());
            self.copies.insert(resource.name().clone(), held);
        }
    }

    /// The message is on its way.
    pub(in crate::session) fn sent(&mut self, nonce: &str, message: &Message) {
        message.done.iter().for_each(|name| self.done_with(name));
        self.answer_owed = false;
        self.claim = None;
        self.news = false;
        self.last_nonce = Some(nonce.to_owned());
        let gone = message.items.iter().filter(|(_, item)| item.is_none());
        self.flight = Some(Flight {
            nonce: nonce.to_owned(),
            gone: gone.map(|(name, _)| name.clone()).collect(),
            items: message.items.clone(),
        });
    }

    fn done_with(&mut self, name: &Name) {
        self.dirty.remove(name);
        self.suspects.remove(name);
        self.benched.remove(name);
        self.forced.remove(name);
    }
}
