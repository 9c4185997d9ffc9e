//! Access control as a value: the rule language, what identities stand for, and the decision.
//!
//! ```text
//! policy text ─parse─> Rules ─┐
//! identities, templates ──────┼─merge─> Authorizer ─allows(Need)─> yes or no
//! ```
//!
//! The forms are those of Consul's ACL system; nothing here knows tokens or secrets.

mod authorizer;
mod builtin;
mod disposition;
mod need;
mod resource;
mod rules;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use authorizer::{Authorizer, Fallback};
pub use builtin::{Template, management, node_identity, read_only, service_identity};
pub use disposition::{Disposition, Wanted};
pub use need::Need;
pub use resource::{Labelled, Plain};
pub use rules::{Rule, Rules};
