//! The nouns of weft: plain values that travel from a request into a [`Command`], through the
//! log into the state, and from there to every reader.
//!
//! ```text
//! JSON / HCL -> decode -> normalize -> validate -> Command -> (log) -> Reply
//! ```
//!
//! No runtime, no clock, no randomness and no IO live here: times, ids and random values are
//! fields that the proposer of a command fills in.

pub mod acl;
pub mod autopilot;
pub mod ca;
pub mod catalog;
pub mod command;
pub mod config_entry;
pub mod coordinate;
pub mod decode;
pub mod discovery_chain;
pub mod event;
pub mod failpoint;
pub mod faults;
pub mod hcl;
pub mod health;
pub mod intention;
pub mod kv;
pub mod mutant;
pub mod names;
pub mod prepared_query;
pub mod regexp;
pub mod registration;
pub mod secret;
pub mod session;
pub mod time;
pub mod topic;
pub mod txn;

pub use command::{ApplyError, Command, Envelope, Reply, RequestId};
pub use faults::{Fault, Faults};
pub use kv::{Key, KvEntry, KvOp, KvVerb};
pub use names::{CheckId, Datacenter, NodeName, ServiceId, ServiceName};
pub use session::{Session, SessionId};
pub use time::{GoDuration, Timestamp};
pub use topic::Topic;
pub use txn::{TxnError, TxnOp, TxnResult};
