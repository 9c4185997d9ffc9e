//! One resource: a name, a version that is a hash of its bytes, and those bytes, encoded once.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use weft_proto::envoy::cluster::Cluster;
use weft_proto::envoy::endpoint::ClusterLoadAssignment;
use weft_proto::envoy::extension::tls::Secret;
use weft_proto::envoy::listener::Listener;
use weft_proto::envoy::route::RouteConfiguration;

use super::{Body, Ref, ResourceType};
use crate::wire;

/// A resource's name, unique within its type.
pub type Name = Arc<str>;

/// A version: the same content has the same version on every server and after every restart, so that
/// a proxy which changes servers is sent nothing anew.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    /// The version of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(truncated_sha256(&[bytes]))
    }

    /// The version of a set with one more resource in it. The order of adding does not matter.
    pub(crate) fn plus(self, resource: &Resource) -> Self {
        Self(self.0.wrapping_add(resource.fingerprint))
    }

    /// The version of a set with one resource less.
    pub(crate) fn minus(self, resource: &Resource) -> Self {
        Self(self.0.wrapping_sub(resource.fingerprint))
    }

    /// Reads a version a client reports. One that is not ours is none of ours: it differs from all.
    pub fn parse(text: &str) -> Option<Self> {
        let ours = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        ours.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The bytes are not the message they are said to be.
#[derive(Debug, thiserror::Error)]
#[error("not a valid {of:?}: {source}")]
pub struct Undecodable {
    of: ResourceType,
    source: prost::DecodeError,
}

/// A resource as every stream sends it. One buffer holds the delta form, which holds the `Any`, which
/// holds the body: sending it to a thousand streams encodes nothing again.
#[derive(Clone)]
pub struct Resource {
    of: ResourceType,
    name: Name,
    version: Version,
    /// A hash of name and version, to sum up sets with.
    fingerprint: u64,
    refs: Box<[Ref]>,
    pub(crate) delta: Bytes,
    pub(crate) any: Bytes,
    body: Bytes,
}

impl Resource {
    /// Encodes a message. Equal messages give equal bytes, whatever the order of their maps.
    pub fn of<M: Body>(message: &M) -> Self {
        let body = weft_proto::stable::encode(message);
        Self::assemble(M::TYPE, message.resource_name(), &body, message.references())
    }

    /// Takes a message that is encoded already, and keeps its bytes as they are.
    pub fn decode(of: ResourceType, body: &[u8]) -> Result<Self, Undecodable> {
        let decoded = match of {
            ResourceType::Secret => Self::decode_as::<Secret>(body),
            ResourceType::Cluster => Self::decode_as::<Cluster>(body),
            ResourceType::ClusterLoadAssignment => Self::decode_as::<ClusterLoadAssignment>(body),
            ResourceType::Listener => Self::decode_as::<Listener>(body),
            ResourceType::RouteConfiguration => Self::decode_as::<RouteConfiguration>(body),
        };
        decoded.map_err(|source| Undecodable { of, source })
    }

    fn decode_as<M: Body>(body: &[u8]) -> Result<Self, prost::DecodeError> {
        let message = M::decode(body)?;
        let (name, refs) = (message.resource_name(), message.references());
        Ok(Self::assemble(M::TYPE, name, body, refs))
    }

    fn assemble(of: ResourceType, name: &str, body: &[u8], mut refs: Vec<Ref>) -> Self {
        refs.sort();
        refs.dedup();
        let version = Version::of(body);
        let wire::Encoded { delta, any, body } = wire::encode_resource(of.kind().type_url, name, version, body);
        Self {
            of,
            name: name.into(),
            version,
            fingerprint: truncated_sha256(&[name.as_bytes(), &[0], &version.0.to_be_bytes()]),
            refs: refs.into(),
            delta,
            any,
            body,
        }
    }

    /// Its type.
    pub fn resource_type(&self) -> ResourceType {
        self.of
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The encoded message.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What it points to, sorted, each once.
    pub fn refs(&self) -> &[Ref] {
        &self.refs
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.of == other.of
    }
}

impl Eq for Resource {}

/// Bodies may be private keys, so they are never printed.
impl fmt::Debug for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}@{}", self.of.kind().short, self.name, self.version)
    }
}

fn truncated_sha256(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
