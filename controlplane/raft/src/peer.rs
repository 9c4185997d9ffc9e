//! The link between servers: gRPC over mutual TLS 1.3.
//!
//! ```text
//! GrpcTransport ─> Lane (one connection for bulk, one for the rest) ─> TLS ~~~ serve ─> Inbound
//! ```
//!
//! Whom to trust is decided by the two TLS configurations of [`Tls`], which others make. Here is what
//! every request has to say besides: who asks, who is meant, in which cluster and datacenter.

mod accept;
mod admission;
mod clients;
mod complaints;
mod connect;
mod explain;
mod headers;
mod identity;
mod lane;
mod link;
mod service;
mod tls;
mod transport;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::time::Duration;

pub use accept::serve;
pub use clients::{ALPN_CLIENT, Clients, reach};
pub use identity::Identity;
pub use tls::{Owner, Tls};
pub use transport::GrpcTransport;

/// The version of the servers' protocol. Servers of different versions do not talk.
pub const PROTOCOL: u32 = 1;

/// The longest body of a call, or of one frame of a stream.
pub const MESSAGE_MAX: usize = 64 << 20;

/// What a server says first, once it trusts the other end. In TLS 1.3 a client is done before the
/// server has judged its certificate; without this it would take a refusal for a lost connection.
const GREETING: &[u8; 8] = b"weft/1\r\n";

/// HTTP/2's windows, for one stream and for all streams of a connection.
const WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Entries travel in pieces of this size, so that a large one does not hold up a heartbeat.
const HTTP_FRAME: u32 = 64 << 10;

/// How long a side may be silent before the client asks whether it is there, and how long it may take
/// to say so: a server that is gone is noticed in about a second.
const KEEPALIVE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(1000));
