//! What rules are about.

use serde::{Deserialize, Serialize};

/// Resources of which a datacenter has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Plain {
    Acl,
    Keyring,
    /// Without a rule of its own: as the operator resource says.
    Mesh,
    Operator,
    /// Without a rule of its own: as the operator resource says.
    Peering,
}

/// Resources of which each has a name, so that a rule names one of them or a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Labelled {
    Agent,
    Event,
    Key,
    Node,
    Query,
    Service,
    Session,
}

impl Plain {
    pub(crate) const ALL: [Self; 5] = [Self::Acl, Self::Keyring, Self::Mesh, Self::Operator, Self::Peering];

    /// Its name in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::Keyring => "keyring",
            Self::Mesh => "mesh",
            Self::Operator => "operator",
            Self::Peering => "peering",
        }
    }

    /// By its name in policies.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.as_str() == text)
    }
}

impl Labelled {
    pub(crate) const ALL: [Self; 7] =
        [Self::Agent, Self::Event, Self::Key, Self::Node, Self::Query, Self::Service, Self::Session];

    /// Its name in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Event => "event",
            Self::Key => "key",
            Self::Node => "node",
            Self::Query => "query",
            Self::Service => "service",
            Self::Session => "session",
        }
    }

    /// By its name in policies.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.as_str() == text)
    }
}
