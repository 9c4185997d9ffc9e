//! What goes in and out of a session, and its limits.

use std::collections::HashMap;
use std::sync::Arc;

use crate::set::{Name, Resource, ResourceType, Version};

/// Which of the two ADS methods a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `DeltaAggregatedResources`.
    Delta,
    /// `StreamAggregatedResources`, the state of the world.
    Sotw,
}

/// A request, reduced to what a session reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The type it is about.
    pub of: ResourceType,
    /// The nonce of the response it speaks of; empty when of none.
    pub nonce: String,
    /// Present in a NACK and only there.
    pub fault: Option<Fault>,
    /// How it changes the subscription.
    pub change: Change,
}

impl Request {
    /// Whether it speaks of what an earlier stream brought.
    pub fn resumes(&self) -> bool {
        match &self.change {
            Change::Delta { initial, .. } => !initial.is_empty(),
            Change::Sotw { version, .. } => self.nonce.is_empty() && !version.is_empty(),
        }
    }
}

/// Why a client refused a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A `google.rpc.Code`.
    pub code: i32,
    /// The client's words.
    pub message: String,
}

/// A change of subscription, in the manner of either protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Names to add and to drop.
    Delta {
        /// Names newly wanted, or wanted once more.
        subscribe: Vec<String>,
        /// Names no longer wanted.
        unsubscribe: Vec<String>,
        /// What the client holds from an earlier stream; read from the first request only.
        initial: HashMap<String, String>,
    },
    /// The whole list, which replaces the one before.
    Sotw {
        /// All names wanted.
        names: Vec<String>,
        /// The version last accepted; it may come from an earlier stream.
        version: String,
    },
}

/// A response. Removed names exist in delta only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its type.
    pub of: ResourceType,
    /// Its nonce, unique in this server's life.
    pub nonce: String,
    /// The version of the type as a whole.
    pub version: Version,
    /// The index of the set it was made from.
    pub index: u64,
    /// The resources, each name once.
    pub resources: Vec<Arc<Resource>>,
    /// Names the client should forget, or need not wait for.
    pub removed: Vec<Name>,
}

/// What a request said about a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The response was accepted.
    Acked {
        /// Its type.
        of: ResourceType,
        /// Its nonce.
        nonce: String,
    },
    /// The response was refused.
    Nacked(Nack),
}

/// A refused response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nack {
    /// Its type.
    pub of: ResourceType,
    /// Its nonce.
    pub nonce: String,
    /// The reason given.
    pub fault: Fault,
    /// The resources at fault: those the reason names, or those that were in the response; not more
    /// than fit on a screen.
    pub names: Vec<Name>,
}

/// Resources that were not sent because no message may be that large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Their type.
    pub of: ResourceType,
    /// Their names.
    pub names: Vec<Name>,
}

impl Withheld {
    pub(super) fn of(of: ResourceType, resources: &[Arc<Resource>]) -> Option<Self> {
        let names: Vec<_> = resources.iter().map(|r| r.name().clone()).collect();
        (!names.is_empty()).then_some(Self { of, names })
    }
}

/// Bounds on what one stream may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Names a client may subscribe to, per type.
    pub names_per_type: usize,
    /// A response is split when it would grow past this, where the protocol allows it.
    pub message_bytes: usize,
    /// What cannot be split may grow this far; past it, it is not sent.
    pub message_bytes_max: usize,
}

impl Default for Limits {
    /// 4 MiB is what gRPC clients accept by default; Envoy itself has no bound.
    fn default() -> Self {
        Self { names_per_type: 50_000, message_bytes: 3 << 20, message_bytes_max: 64 << 20 }
    }
}

/// The client asked for more names than a stream may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{short}: {names} names asked for, at most {limit} are allowed")]
pub struct Overload {
    pub(super) short: &'static str,
    pub(super) names: usize,
    pub(super) limit: usize,
}
