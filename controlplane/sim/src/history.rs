//! What clients asked and were told, in the order in which it happened.

use std::sync::Arc;

use parking_lot::Mutex;

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<T> {
    /// It was applied, at a log index where one was named, with this result.
    Done(T),
    /// It certainly was not applied.
    Failed,
    /// It may have been applied, or may be later.
    Unknown,
}

/// When an operation was asked and when it was answered: places in the order of all such events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) asked: u64,
    /// `u64::MAX` without an answer.
    pub(crate) answered: u64,
}

/// An operation on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RegisterOp {
    Read(Option<u64>),
    Write(u64),
    /// From this value (nothing: no such key) to that; whether it was.
    Swap(Option<u64>, u64, Option<bool>),
    Delete,
}

#[derive(Clone, Debug)]
pub(crate) struct Register {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) op: RegisterOp,
    /// The log index of a write.
    pub(crate) index: Option<u64>,
}

/// A name added to the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Addition {
    pub(crate) name: String,
    pub(crate) outcome: Outcome<u64>,
}

/// A serial number asked for.
#[derive(Clone, Debug)]
pub(crate) struct Issue {
    pub(crate) span: Span,
    pub(crate) outcome: Outcome<(u64, u64)>,
}

/// Both halves of what is always written together.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) one: Option<(String, u64)>,
    pub(crate) other: Option<(String, u64)>,
}

/// A lock that was got, from then until it was given back.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) client: u64,
    pub(crate) got: Span,
    pub(crate) index: u64,
    /// Its fencing token, when it could be read.
    pub(crate) token: Option<u64>,
    /// When giving it back was begun.
    pub(crate) release: u64,
}

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Events {
    clock: u64,
    pub(crate) registers: Vec<Register>,
    pub(crate) additions: Vec<Addition>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) answered: u64,
    pub(crate) unknown: u64,
}

/// The events, shared by all who add to them.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<Mutex<Events>>);

impl History {
    /// The next place in the order.
    pub(crate) fn tick(&self) -> u64 {
        let mut events = self.0.lock();
        events.clock += 1;
        events.clock
    }

    pub(crate) fn note(&self, note: impl FnOnce(&mut Events)) {
        note(&mut self.0.lock());
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Events) -> T) -> T {
        read(&self.0.lock())
    }
}
