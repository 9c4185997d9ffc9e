//! Intentions: who may call whom. One intention is one source of a `service-intentions` entry,
//! seen together with its destination; its precedence follows from how exact both names are.

use serde::{Deserialize, Serialize};

use crate::catalog::Meta;
use crate::names::{ServiceName, WILDCARD};
use crate::time::Timestamp;

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

/// One entry of `Permissions`: the first that matches a request decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Permission {
    /// `None` only before validation.
    pub action: Option<Action>,
    #[serde(rename = "HTTP", skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpPermission>,
}

/// What a permission matches: at most one path form, and all headers, and one of the methods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpPermission {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_regex: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<HeaderPermission>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// One header condition; exactly one of the forms is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeaderPermission {
    pub name: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub present: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contains: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub regex: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
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
