//! What a client asked for of one type: names, and perhaps everything.
//!
//! Before a client ever named anything, an empty request means everything (the implicit wildcard, for
//! listeners and clusters). After the first name it means nothing.

use std::collections::HashSet;

use crate::set::{Name, ResourceType};

const WILDCARD: &str = "*";

/// The interest in one type.
#[derive(Debug, Default)]
pub(super) struct Interest {
    started: bool,
    named: bool,
    wildcard: bool,
    names: HashSet<Name>,
}

/// What a request changed.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// It was the first one of this type on this stream.
    pub(super) first: bool,
    /// Names that want an answer.
    pub(super) added: Vec<Name>,
    /// Names no longer asked for by name.
    pub(super) dropped: Vec<Name>,
    /// The wildcard is wanted now and was not before, or is asked for once more.
    pub(super) wildcard_on: bool,
    /// The wildcard is not wanted any longer.
    pub(super) wildcard_off: bool,
}

impl Interest {
    pub(super) fn started(&self) -> bool {
        self.started
    }

    pub(super) fn wildcard(&self) -> bool {
        self.wildcard
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn covers(&self, name: &str) -> bool {
        self.wildcard || self.names.contains(name)
    }

    /// Adds and drops. Every added name wants an answer, also one that is there already; dropping a
    /// name that is not there does nothing.
    pub(super) fn apply_delta(&mut self, of: ResourceType, subscribe: Vec<String>, unsubscribe: &[String]) -> Turn {
        let mut turn = self.begin();
        let had_wildcard = self.wildcard;
        let wildcards = of.kind().wildcard;
        if turn.first && subscribe.is_empty() && wildcards {
            self.wildcard = true;
            turn.wildcard_on = true;
        }
        for name in subscribe {
            self.named = true;
            if wildcards && name == WILDCARD {
                self.wildcard = true;
                turn.wildcard_on = true;
            } else {
                let name = Name::from(name);
                self.names.insert(name.clone());
                turn.added.push(name);
            }
        }
        for name in unsubscribe {
            if wildcards && name == WILDCARD {
                self.wildcard = false;
            } else if let Some(name) = self.names.take(name.as_str()) {
                turn.dropped.push(name);
            }
        }
        turn.wildcard_on &= self.wildcard;
        turn.wildcard_off = had_wildcard && !self.wildcard;
        turn.added.retain(|name| self.names.contains(name));
        turn
    }

    /// Replaces the list. Only names that were not in the old one want an answer.
    pub(super) fn apply_sotw(&mut self, of: ResourceType, names: Vec<String>) -> Turn {
        let mut turn = self.begin();
        let had_wildcard = self.wildcard;
        let wildcards = of.kind().wildcard;
        self.named |= !names.is_empty();
        let mut now: HashSet<Name> = names.into_iter().map(Name::from).collect();
        self.wildcard = wildcards && (now.remove(WILDCARD) || !self.named);
        turn.wildcard_on = self.wildcard && !had_wildcard;
        turn.wildcard_off = had_wildcard && !self.wildcard;
        turn.added = now.difference(&self.names).cloned().collect();
        turn.dropped = self.names.difference(&now).cloned().collect();
        self.names = now;
        turn
    }

    fn begin(&mut self) -> Turn {
        let first = !self.started;
        self.started = true;
        Turn { first, ..Turn::default() }
    }
}
