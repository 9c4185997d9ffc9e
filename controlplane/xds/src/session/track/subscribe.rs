//! Hearing what the client wants.

use std::collections::HashMap;

use super::{Held, Track};
use crate::session::interest::Turn;
use crate::session::message::{Change, Overload};
use crate::set::{Name, ResourceSet, ResourceType, Version};

impl Track {
    /// Refuses a change that asks for too much.
    pub(in crate::session) fn check_names(
        &self,
        of: ResourceType,
        change: &Change,
        limit: usize,
    ) -> Result<(), Overload> {
        let names = match change {
            Change::Sotw { names, .. } => names.len(),
            Change::Delta { subscribe, initial, .. } => initial.len().max(self.interest.len() + subscribe.len()),
        };
        let short = of.kind().short;
        match names > limit {
            true => Err(Overload { short, names, limit }),
            false => Ok(()),
        }
    }

    /// Changes the subscription, and notes what that calls for.
    pub(in crate::session) fn subscribe(&mut self, of: ResourceType, change: Change, set: Option<&ResourceSet>) {
        let turn = match change {
            Change::Delta { subscribe, unsubscribe, initial } => {
                self.subscribe_delta(of, subscribe, &unsubscribe, &initial)
            }
            Change::Sotw { names, version } => self.subscribe_sotw(of, names, &version),
        };
        if turn.wildcard_on {
            let offered = set.into_iter().flat_map(|set| set.iter(of));
            let names = offered.map(|resource| resource.name().clone());
            self.dirty.extend(names);
            self.leave_bench();
        }
        self.owed.clear();
    }

    fn subscribe_delta(
        &mut self,
        of: ResourceType,
        subscribe: Vec<String>,
        unsubscribe: &[String],
        initial: &HashMap<String, String>,
    ) -> Turn {
        let turn = self.interest.apply_delta(of, subscribe, unsubscribe);
        self.drop_uncovered(&turn);
        if turn.first {
            self.claim_each(initial);
        }
        // Who kept something from an earlier stream has had its first answer.
        let kept_something = turn.first && !initial.is_empty();
        self.answer_owed |= turn.wildcard_on && !kept_something;
        if self.interest.wildcard() {
            // The client forgets what it dropped by name, though the wildcard still covers it.
            turn.dropped.iter().for_each(|name| self.force(name));
        }
        for name in &turn.added {
            let kept = turn.first && initial.contains_key(&**name);
            if !kept || self.owed.contains(name) {
                self.force(name);
            }
        }
        turn
    }

    fn subscribe_sotw(&mut self, of: ResourceType, names: Vec<String>, version: &str) -> Turn {
        let turn = self.interest.apply_sotw(of, names);
        self.drop_uncovered(&turn);
        let whole = of.kind().wildcard;
        if turn.first && whole {
            self.claim = Version::parse(version);
            self.resumed = !version.is_empty();
        }
        let wants = turn.first || turn.wildcard_on || !turn.added.is_empty();
        self.answer_owed |= whole && wants;
        turn.added.iter().for_each(|name| self.force(name));
        turn
    }

    fn claim_each(&mut self, initial: &HashMap<String, String>) {
        for (name, version) in initial {
            if self.interest.covers(name) {
                let name = Name::from(name.as_str());
                let held = Held::Claimed(Version::parse(version));
                self.copies.insert(name.clone(), held);
                self.dirty.insert(name);
            }
        }
    }

    fn drop_uncovered(&mut self, turn: &Turn) {
        let benched_before = self.benched.len();
        let Self { interest, copies, refused, dirty, benched, suspects, forced, .. } = self;
        let covers = |name: &Name| interest.covers(name);
        if turn.wildcard_off {
            copies.retain(|name, _| covers(name));
            refused.retain(|name, _| covers(name));
            dirty.retain(covers);
            benched.retain(covers);
            suspects.retain(covers);
            forced.retain(covers);
        }
        for name in turn.dropped.iter().filter(|name| !covers(name)) {
            copies.remove(name);
            refused.remove(name);
            dirty.remove(name);
            benched.remove(name);
            suspects.remove(name);
            forced.remove(name);
        }
        // Perhaps it was the culprit that left.
        self.news |= turn.wildcard_off || !turn.dropped.is_empty();
        if self.benched.len() < benched_before {
            self.leave_bench();
        }
    }
}
