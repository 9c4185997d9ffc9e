//! SPIFFE ids: the trust domain and the identities inside it.
//!
//! Parsing accepts the one canonical spelling of an id and nothing else, so two texts are the same
//! identity exactly when their bytes are equal. Segments are escaped as Consul escapes them.

mod escape;
mod trust_domain;

use std::fmt;
use std::str::FromStr;

use weft_model::{Datacenter, NodeName, ServiceName};

use escape::{Escaped, unescape};
pub use trust_domain::TrustDomain;

/// The longest id that the SPIFFE standard asks implementations to take.
const MAX_LENGTH: usize = 2048;
const SCHEME: &str = "spiffe://";

/// Why a text or a name is no SPIFFE id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpiffeError {
    /// The text is not the canonical form of a known kind of id.
    #[error("SPIFFE ID is not in the expected format: {0}")]
    Format(String),
    /// The trust domain has characters outside `a-z 0-9 . -` or no name at all.
    #[error("invalid trust domain {0:?}")]
    TrustDomain(String),
    /// A name cannot be a path segment.
    #[error("{0:?} cannot be part of a SPIFFE ID")]
    Segment(String),
}

/// Who an id stands for, inside a trust domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The authority itself; the path is empty.
    Signing,
    /// A service in a datacenter.
    Service {
        /// Where it runs.
        datacenter: Datacenter,
        /// The service, not one of its instances.
        service: ServiceName,
    },
    /// A client agent.
    Agent {
        /// Where it runs.
        datacenter: Datacenter,
        /// The agent's node.
        node: NodeName,
    },
    /// The servers of a datacenter.
    Server {
        /// Which datacenter.
        datacenter: Datacenter,
    },
    /// The mesh gateways of a datacenter.
    MeshGateway {
        /// Which datacenter.
        datacenter: Datacenter,
    },
}

/// A SPIFFE id that is known to be well formed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    trust_domain: TrustDomain,
    identity: Identity,
}

impl SpiffeId {
    /// An id of any kind.
    ///
    /// # Errors
    /// When a name is empty, too long, a dot segment, or holds a slash or a control character.
    pub fn new(trust_domain: TrustDomain, identity: Identity) -> Result<Self, SpiffeError> {
        for name in identity.names() {
            check_segment(name)?;
        }
        let id = Self { trust_domain, identity };
        let text = id.to_string();
        if text.len() > MAX_LENGTH {
            return Err(SpiffeError::Format(text));
        }
        Ok(id)
    }

    /// `spiffe://<td>/ns/default/dc/<dc>/svc/<service>`.
    ///
    /// # Errors
    /// As [`SpiffeId::new`].
    pub fn service(
        trust_domain: TrustDomain,
        datacenter: Datacenter,
        service: ServiceName,
    ) -> Result<Self, SpiffeError> {
        Self::new(trust_domain, Identity::Service { datacenter, service })
    }

    /// `spiffe://<td>`, the authority's own id.
    #[must_use]
    pub fn signing(trust_domain: TrustDomain) -> Self {
        Self { trust_domain, identity: Identity::Signing }
    }

    /// Whose word the id relies on.
    #[must_use]
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// Who it stands for.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Identity {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Signing => vec![],
            Self::Service { datacenter, service } => vec![datacenter.as_str(), service.as_str()],
            Self::Agent { datacenter, node } => vec![datacenter.as_str(), node.as_str()],
            Self::Server { datacenter } | Self::MeshGateway { datacenter } => vec![datacenter.as_str()],
        }
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.trust_domain)?;
        match &self.identity {
            Identity::Signing => Ok(()),
            Identity::Service { datacenter, service } => {
                write!(f, "/ns/default/dc/{}/svc/{}", Escaped(datacenter.as_str()), Escaped(service.as_str()))
            }
            Identity::Agent { datacenter, node } => {
                write!(f, "/agent/client/dc/{}/id/{}", Escaped(datacenter.as_str()), Escaped(node.as_str()))
            }
            Identity::Server { datacenter } => write!(f, "/agent/server/dc/{}", Escaped(datacenter.as_str())),
            Identity::MeshGateway { datacenter } => write!(f, "/gateway/mesh/dc/{}", Escaped(datacenter.as_str())),
        }
    }
}

impl FromStr for SpiffeId {
    type Err = SpiffeError;

    fn from_str(text: &str) -> Result<Self, SpiffeError> {
        let malformed = || SpiffeError::Format(text.to_owned());
        let rest = text.strip_prefix(SCHEME).ok_or_else(malformed)?;
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) => (host, Some(path)),
            None => (rest, None),
        };
        let identity = match path {
            None => Identity::Signing,
            Some(path) => parse_path(path).ok_or_else(malformed)?,
        };
        let id = Self::new(host.parse()?, identity)?;
        // A second spelling of the same id would be a second key in somebody's comparison.
        if id.to_string() == text { Ok(id) } else { Err(malformed()) }
    }
}

fn parse_path(path: &str) -> Option<Identity> {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["ns", "default", "dc", datacenter, "svc", service] => {
            Some(Identity::Service { datacenter: unescape(datacenter)?.into(), service: unescape(service)?.into() })
        }
        ["agent", "client", "dc", datacenter, "id", node] => {
            Some(Identity::Agent { datacenter: unescape(datacenter)?.into(), node: unescape(node)?.into() })
        }
        ["agent", "server", "dc", datacenter] => Some(Identity::Server { datacenter: unescape(datacenter)?.into() }),
        ["gateway", "mesh", "dc", datacenter] => {
            Some(Identity::MeshGateway { datacenter: unescape(datacenter)?.into() })
        }
        _ => None,
    }
}

fn check_segment(name: &str) -> Result<(), SpiffeError> {
    let odd = |c: char| c == '/' || c.is_control();
    if matches!(name, "" | "." | "..") || name.contains(odd) {
        return Err(SpiffeError::Segment(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
