//! What a request must be allowed.

use std::fmt;

use super::disposition::Wanted;
use super::resource::{Labelled, Plain};

/// One permission that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    Plain(Plain, Wanted),
    /// For one name.
    Of(Labelled, String, Wanted),
    /// For the names that start with this, each of them.
    Below(Labelled, String, Wanted),
    /// For any name at all: what a form needs that lets one choose.
    Any(Labelled, Wanted),
    /// For the intentions towards a service; `*` means all of them.
    Intention(String, Wanted),
    /// Reading and writing raft snapshots of everything, secrets included.
    Snapshot,
}

impl fmt::Display for Need {
    /// As a refusal names it: `'service:write' on "web"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(resource, wanted) => write!(f, "'{}:{}'", resource.as_str(), wanted.as_str()),
            Self::Of(resource, name, wanted) => write!(f, "'{}:{}' on {name:?}", resource.as_str(), wanted.as_str()),
            Self::Below(resource, prefix, wanted) => {
                write!(f, "'{}:{}' on all that starts with {prefix:?}", resource.as_str(), wanted.as_str())
            }
            Self::Any(resource, wanted) => write!(f, "'{}:{}' on any name", resource.as_str(), wanted.as_str()),
            Self::Intention(service, wanted) => write!(f, "'intention:{}' on {service:?}", wanted.as_str()),
            Self::Snapshot => f.write_str("'acl:write', which snapshots need"),
        }
    }
}
