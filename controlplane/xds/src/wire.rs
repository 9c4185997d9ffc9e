//! The response half of discovery, as frames whose resources are encoded already.
//!
//! On the wire an embedded message and a byte string look the same, so the frames below declare their
//! resources as bytes and share them with every other stream. Requests use Envoy's own types.

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::session::Response;
use crate::set::Version;

/// `DeltaDiscoveryResponse` with encoded resources.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DeltaFrame {
    #[prost(string, tag = "1")]
    pub system_version_info: String,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub resources: Vec<Bytes>,
    #[prost(string, tag = "4")]
    pub type_url: String,
    #[prost(string, tag = "5")]
    pub nonce: String,
    #[prost(string, repeated, tag = "6")]
    pub removed_resources: Vec<String>,
}

/// `DiscoveryResponse` with encoded resources.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SotwFrame {
    #[prost(string, tag = "1")]
    pub version_info: String,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub resources: Vec<Bytes>,
    #[prost(string, tag = "4")]
    pub type_url: String,
    #[prost(string, tag = "5")]
    pub nonce: String,
}

impl From<Response> for DeltaFrame {
    fn from(response: Response) -> Self {
        Self {
            system_version_info: response.version.to_string(),
            resources: response.resources.iter().map(|r| r.delta.clone()).collect(),
            type_url: response.of.kind().type_url.to_owned(),
            nonce: response.nonce,
            removed_resources: response.removed.iter().map(|n| n.to_string()).collect(),
        }
    }
}

impl From<Response> for SotwFrame {
    fn from(response: Response) -> Self {
        Self {
            version_info: response.version.to_string(),
            resources: response.resources.iter().map(|r| r.any.clone()).collect(),
            type_url: response.of.kind().type_url.to_owned(),
            nonce: response.nonce,
        }
    }
}

/// The three nested forms of a resource: slices of one buffer.
pub(crate) struct Encoded {
    pub(crate) delta: Bytes,
    pub(crate) any: Bytes,
    pub(crate) body: Bytes,
}

/// Encodes `Resource { version: 1, resource: Any { type_url: 1, value: 2 } = 2, name: 3 }` with the
/// `Any` last, so that each form is a tail of the one around it.
pub(crate) fn encode_resource(type_url: &str, name: &str, version: Version, body: &[u8]) -> Encoded {
    let any_len = field_len(1, type_url.len()) + field_len(2, body.len());
    let mut out = BytesMut::with_capacity(any_len + name.len() + 48);
    put_field(&mut out, 1, version.to_string().as_bytes());
    put_field(&mut out, 3, name.as_bytes());
    encode_key(2, WireType::LengthDelimited, &mut out);
    encode_varint(any_len as u64, &mut out);
    put_field(&mut out, 1, type_url.as_bytes());
    put_field(&mut out, 2, body);
    let delta = out.freeze();
    Encoded { any: delta.slice(delta.len() - any_len..), body: delta.slice(delta.len() - body.len()..), delta }
}

fn put_field(out: &mut BytesMut, tag: u32, bytes: &[u8]) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.put_slice(bytes);
}

fn field_len(tag: u32, len: usize) -> usize {
    key_len(tag) + encoded_len_varint(len as u64) + len
}
