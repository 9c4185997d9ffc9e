//! Access control as a value: the rule language, what identities stand for, and the decision.
//!
//! ```text
//! policy text ─parse─> Rules ─┐
//! identities, templates ──────┼─merge─> Authorizer ─allows(Need)─> yes or no
//! Token ─links─> Role, Policy ┘
//! ```
//!
//! The forms are those of Consul's ACL system; of a token's secret only a digest is known here.

mod auth_method;
mod authorizer;
mod builtin;
mod disposition;
mod identity;
mod link;
mod need;
mod op;
mod pairs;
mod policy;
mod resource;
mod role;
mod rules;
mod secret_hash;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod text;
mod token;

pub use auth_method::{AuthMethod, BindingRule};
pub use authorizer::{Authorizer, Fallback};
pub use builtin::{Template, management, node_identity, read_only, service_identity};
pub use disposition::{Disposition, Wanted};
pub use identity::{Identities, NodeIdentity, ServiceIdentity, TemplatedPolicy, is_identity_name};
pub use link::Link;
pub use need::Need;
pub use op::{AclOp, AclTable};
pub use policy::{Policy, is_name};
pub use resource::{Labelled, Plain};
pub use role::Role;
pub use rules::{Rule, Rules};
pub use secret_hash::SecretHash;
pub use token::{Token, TokenForm, is_reserved};
