//! Reading: every query goes through a [`StateView`], which notes the topics that the answer depends on.

mod acl;
mod ca;
mod catalog;
mod config_entry;
mod coordinate;
mod event;
mod intention;
mod kv;
mod prepared_query;
mod session;

use std::cell::RefCell;
use std::collections::BTreeSet;

use weft_model::Topic;

use crate::state::State;

pub use catalog::Instance;
pub use prepared_query::BY_ADDRESS;

/// A state being read, with notes of what was read.
pub struct StateView<'a> {
    pub(crate) state: &'a State,
    topics: RefCell<BTreeSet<Topic>>,
}

/// What an answer depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    pub topics: BTreeSet<Topic>,
    /// The newest log index at which one of the topics changed; 0 when none ever did.
    pub changed_at: u64,
    /// The index to report for the answer: `changed_at`, or for things that never existed, and for missing
    /// keys, the index of the table that would hold them. Never 0.
    pub index: u64,
}

impl<'a> StateView<'a> {
    /// A view of `state` that has read nothing yet.
    #[must_use]
    pub fn new(state: &'a State) -> Self {
        Self { state, topics: RefCell::default() }
    }

    /// The state itself, for a view of its own.
    #[must_use]
    pub fn state(&self) -> &'a State {
        self.state
    }

    /// The log index of the state.
    #[must_use]
    pub fn state_index(&self) -> u64 {
        self.state.index
    }

    /// Notes that the answer depends on `topic`.
    pub fn note(&self, topic: Topic) {
        self.topics.borrow_mut().insert(topic);
    }

    /// What was read so far.
    #[must_use]
    pub fn reads(&self) -> Reads {
        let topics = self.topics.borrow().clone();
        let (mut changed_at, mut reported) = (0, 0);
        for topic in &topics {
            let (changed, report) = self.state.indexes_of(topic);
            (changed_at, reported) = (changed_at.max(changed), reported.max(report));
        }
        let index = if reported > 0 {
            reported
        } else {
            topics.iter().filter_map(table).map(|table| self.state.touched_at(&table)).max().unwrap_or(0)
        };
        Reads { topics, changed_at, index: index.max(1) }
    }
}

/// The list topic of the table that a single thing belongs to.
fn table(topic: &Topic) -> Option<Topic> {
    match topic {
        Topic::Node(_) => Some(Topic::Nodes),
        Topic::Instance(..) | Topic::Service(_) | Topic::Connect(_) => Some(Topic::Services),
        Topic::ConfigEntry(kind, _) => Some(Topic::ConfigKind(*kind)),
        Topic::Intentions(_) => Some(Topic::AllIntentions),
        Topic::NodeSessions(_) => Some(Topic::Sessions),
        Topic::Nodes
        | Topic::Services
        | Topic::Checks
        | Topic::ConfigKind(_)
        | Topic::AllIntentions
        | Topic::Ca
        | Topic::Kv(_)
        | Topic::KvPrefix(_)
        | Topic::Session(_)
        | Topic::Sessions
        | Topic::LockDelays
        | Topic::Timekeeper
        | Topic::Autopilot
        | Topic::Acl(_)
        | Topic::Queries
        | Topic::Coordinates
        | Topic::Events
        | Topic::Everything => None,
    }
}
