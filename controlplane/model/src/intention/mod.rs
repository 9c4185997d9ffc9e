//! Intentions: who may call whom. One intention is one source of a `service-intentions` entry,
//! seen together with its destination; its precedence follows from how exact both names are.

mod permission;

use serde::{Deserialize, Serialize};

use crate::catalog::Meta;
use crate::names::{ServiceName, WILDCARD};
use crate::time::Timestamp;

pub use permission::{HeaderPermission, HttpPermission, Permission};

/// What an intention or one of its permissions decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Allow,
    Deny,
}

impl Action {
    /// `allow` or `deny`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// The part of an intention that only the deprecated id-based endpoints set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Legacy {
    /// A UUID.
    pub id: String,
    pub meta: Meta,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One intention as readers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intention {
    pub source: ServiceName,
    pub destination: ServiceName,
    /// What is decided: an action, or a list of permissions.
    pub rule: Rule,
    pub description: String,
    /// Consul's number, 9 (both exact) to 1 (all wildcard).
    pub precedence: u8,
    pub legacy: Option<Legacy>,
    pub create_index: u64,
    pub modify_index: u64,
}

/// L4 intentions carry one action, L7 intentions a list of permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    Action(Action),
    /// Evaluated in order; the first match decides, and without one the default policy.
    Permissions(Vec<Permission>),
}

/// Consul's precedence in one namespace: exact names beat wildcards, the destination first.
#[must_use]
pub fn precedence(source: &ServiceName, destination: &ServiceName) -> u8 {
    let exact = |name: &ServiceName| *name != WILDCARD;
    match (exact(destination), exact(source)) {
        (true, true) => 9,
        (true, false) => 8,
        (false, true) => 6,
        (false, false) => 5,
    }
}

/// What holds where no intention matches (`default_intention_policy`, else the ACL default policy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefaultPolicy {
    #[default]
    Allow,
    Deny,
}
