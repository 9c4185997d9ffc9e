//! Where a stream's sets come from. The server implements this over its store; [`StaticSource`] is the
//! one for tests and conformance suites.
//!
//! [`StaticSource`]: crate::StaticSource

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use weft_model::secret::Secret;
use weft_proto::envoy::core::Node;

use crate::session::{Offer, Protocol};

/// Who opens a stream, as far as the stream itself tells.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The node of the first request; its id is not empty.
    pub node: Node,
    /// The `x-consul-token` of the call.
    pub token: Option<Secret>,
    /// The address it came from.
    pub peer: Option<SocketAddr>,
    /// The method called.
    pub protocol: Protocol,
    /// What the listener knows of the connection, such as a verified certificate.
    pub extensions: tonic::Extensions,
}

/// Opens subscriptions: decides who a stream is, and whether it may be.
pub trait ResourceSource: Send + Sync + 'static {
    /// What an opened stream reads from.
    type Subscription: Subscription;

    /// Opens the subscription of one stream, or refuses it. Dropping the subscription ends it.
    fn open(&self, opening: Opening) -> impl Future<Output = Result<Self::Subscription, Refusal>> + Send;
}

/// A stream's view of its own set: the latest whole value, never a history.
pub trait Subscription: Send + 'static {
    /// Waits for a value that was not yet returned; the first call returns the present one. An error
    /// ends the stream: this is how an identity is revoked.
    ///
    /// The future may be dropped and asked for again, and must not lose a value by it.
    fn changed(&mut self) -> impl Future<Output = Result<Offer, Refusal>> + Send;

    /// Tells up to which index the last returned value is known to hold. Without it, a change that
    /// does not concern this proxy leaves open whether the proxy is up to date.
    fn horizon(&self) -> Option<Horizon> {
        None
    }
}

/// See [`Subscription::horizon`]. May be asked from any thread at any time.
pub type Horizon = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Why a stream is not opened, or is ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such proxy.
    #[error("proxy {0:?} is not registered")]
    UnknownProxy(String),
    /// The caller may not be this proxy.
    #[error("permission denied: {0}")]
    Denied(String),
    /// The caller did not say who it is.
    #[error("unauthenticated: {0}")]
    Unauthenticated(String),
    /// The server cannot serve now.
    #[error("unavailable: {0}")]
    Unavailable(String),
}
