//! SPIFFE ids: the trust domain and the identities inside it.
//!
//! Parsing accepts the one canonical spelling of an id and nothing else, so two texts are the same
//! identity exactly when their bytes are equal. Segments are escaped as Consul escapes them.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use weft_model::{Datacenter, NodeName, ServiceName};

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

/// The name of a cluster's trust: `<uuid>.consul`, lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustDomain(String);

impl TrustDomain {
    /// The trust domain of the cluster with this id.
    ///
    /// # Errors
    /// When the id is no host label.
    pub fn of_cluster(cluster_id: &str) -> Result<Self, SpiffeError> {
        format!("{cluster_id}.consul").parse()
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot: the cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The first eight characters of the cluster's id, as common names carry them.
    #[must_use]
    pub fn short(&self) -> &str {
        let id = self.cluster_id();
        id.get(..8).unwrap_or(id)
    }
}

impl FromStr for TrustDomain {
    type Err = SpiffeError;

    fn from_str(text: &str) -> Result<Self, SpiffeError> {
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if text.len() > 255 || !text.split('.').all(label) {
            return Err(SpiffeError::TrustDomain(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

/// A segment with every byte escaped that Go's path escaping would not keep.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~$&+,:;=@".contains(&byte) {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

fn unescape(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut out = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
        out.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const UUID: &str = "30976b10-1e07-f80a-d0c2-d985611970e8";

    fn domain() -> TrustDomain {
        TrustDomain::of_cluster(UUID).unwrap()
    }

    fn service(name: &str) -> Result<SpiffeId, SpiffeError> {
        SpiffeId::service(domain(), "dc1".into(), name.into())
    }

    /// Recorded from Consul 1.8.7.
    #[test]
    fn segments_are_escaped_as_consul_does() {
        for (name, segment) in [
            ("web", "web"),
            ("Web", "Web"),
            ("a b", "a%20b"),
            ("a+b", "a+b"),
            ("é", "%C3%A9"),
            ("a%b", "a%25b"),
            ("a:b@c", "a:b@c"),
            ("a_b~c!$&()*,;='", "a_b~c%21$&%28%29%2A,;=%27"),
        ] {
            let expected = format!("spiffe://{UUID}.consul/ns/default/dc/dc1/svc/{segment}");
            assert_eq!(service(name).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn every_form_parses_back() {
        let dc: Datacenter = "dc1".into();
        for (identity, path) in [
            (Identity::Signing, ""),
            (Identity::Service { datacenter: dc.clone(), service: "web".into() }, "/ns/default/dc/dc1/svc/web"),
            (Identity::Agent { datacenter: dc.clone(), node: "n1".into() }, "/agent/client/dc/dc1/id/n1"),
            (Identity::Server { datacenter: dc.clone() }, "/agent/server/dc/dc1"),
            (Identity::MeshGateway { datacenter: dc.clone() }, "/gateway/mesh/dc/dc1"),
        ] {
            let id = SpiffeId::new(domain(), identity).unwrap();
            assert_eq!(id.to_string(), format!("spiffe://{UUID}.consul{path}"));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn anything_but_the_canonical_spelling_is_refused() {
        let good = service("web").unwrap().to_string();
        assert!(good.parse::<SpiffeId>().is_ok());
        for bad in [
            "",
            "spiffe://",
            "http://td.consul/ns/default/dc/dc1/svc/web",
            "SPIFFE://td.consul/ns/default/dc/dc1/svc/web",
            "spiffe://TD.consul/ns/default/dc/dc1/svc/web",
            "spiffe://td.consul:8443/ns/default/dc/dc1/svc/web",
            "spiffe://user@td.consul/ns/default/dc/dc1/svc/web",
            "spiffe://td..consul/ns/default/dc/dc1/svc/web",
            "spiffe://td.consul/",
            "spiffe://td.consul/ns/default/dc/dc1/svc/web/",
            "spiffe://td.consul/ns/default/dc/dc1/svc/",
            "spiffe://td.consul//ns/default/dc/dc1/svc/web",
            "spiffe://td.consul/ns/other/dc/dc1/svc/web",
            "spiffe://td.consul/ns/default/dc/dc1/svc/web?x=1",
            "spiffe://td.consul/ns/default/dc/dc1/svc/web#x",
            "spiffe://td.consul/ns/default/dc/dc1/svc/w%65b",
            "spiffe://td.consul/ns/default/dc/dc1/svc/a%2fb",
            "spiffe://td.consul/ns/default/dc/dc1/svc/a%2Fb",
            "spiffe://td.consul/ns/default/dc/dc1/svc/a%c3%a9",
            "spiffe://td.consul/ns/default/dc/dc1/svc/a%0",
            "spiffe://td.consul/ns/default/dc/dc1/svc/a%00",
            "spiffe://td.consul/ns/default/dc/dc1/svc/web\0",
            "spiffe://td.consul/ns/default/dc/dc1/svc/..",
            "spiffe://td.consul/ns/default/dc/*/svc/web",
            " spiffe://td.consul",
        ] {
            assert!(bad.parse::<SpiffeId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_fit_no_segment_are_refused() {
        for name in ["", ".", "..", "a/b", "a\0", "a\n", &"x".repeat(3000)] {
            assert!(service(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_short_form_of_a_trust_domain_is_its_first_eight_characters() {
        assert_eq!((domain().short(), domain().cluster_id()), ("30976b10", UUID));
        assert_eq!(TrustDomain::of_cluster("abc").unwrap().short(), "abc");
    }

    proptest! {
        #[test]
        fn every_acceptable_name_round_trips(dc in "\\PC{1,20}", name in "\\PC{1,40}") {
            if let Ok(id) = SpiffeId::service(domain(), dc.into(), name.into()) {
                prop_assert_eq!(id.to_string().parse::<SpiffeId>(), Ok(id));
            }
        }

        #[test]
        fn whatever_parses_prints_as_it_was(text in "spiffe://[a-z]{1,5}(/(ns|default|dc|svc|agent|server|%[0-9a-fA-F]{2}|[a-z%~*]{1,4})){0,6}") {
            if let Ok(id) = text.parse::<SpiffeId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
