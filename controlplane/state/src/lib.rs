//! The replicated state as a value, what changes it, and what reads it.
//!
//! ```text
//! (State, index, Envelope) --apply--> Outcome { State, reply, Changes } --publish--> Store
//! Store --current--> State --StateView--> answer + Reads --subscribe--> woken by Changes
//! ```
//!
//! `apply` is pure: no clock, no randomness, no IO, ordered maps only. A [`State`] is made of persistent
//! maps, so a clone costs nothing, a refused command leaves no trace, and readers never lock.

mod acl;
mod apply;
mod codec;
mod derived;
mod diff;
mod hash;
mod kv;
mod lock_delay;
mod ops;
mod requests;
mod spellings;
mod staged;
mod state;
mod store;
mod summary;
mod view;
mod virtual_ips;
mod waiters;

pub use acl::{Grant, secret_hash};
pub use apply::{Outcome, apply};
pub use codec::DecodeError;
pub use diff::CheckChange;
pub use lock_delay::LockDelay;
pub use state::State;
pub use store::{Applied, Proposal, ProposeError, Store};
pub use summary::{Table, rows, summary};
pub use view::{BY_ADDRESS, Instance, Reads, StateView};
pub use waiters::{Changes, Subscription};
