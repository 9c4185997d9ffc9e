//! The seam between workloads and the wire: one request, one answer, one honest doubt.
//!
//! No retries, no redirects, no pool. A client is one process of the history and has at most one
//! connection; [`Failure`] says whether the request can have left this machine at all.

mod connection;

pub use connection::HttpClient;

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};

/// What is asked. The path carries the query.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub timeout: Duration,
}

/// A whole answer: the body is complete.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Provably nothing was sent: the connection was refused.
    NotSent(String),
    /// The request may have arrived and may still take effect.
    Unknown(String),
}

/// One process talking to one server.
pub trait Client: Send {
    /// The name of the server that this client talks to.
    fn server(&self) -> &str;
    /// Sends the request on the one connection, opening it first if there is none. After a failure
    /// the connection is gone.
    fn request(&mut self, request: Request) -> BoxFuture<'_, Result<Reply, Failure>>;
}

/// Where clients come from.
pub trait Connect: Send + Sync {
    /// The names of the servers that clients may talk to now.
    fn servers(&self) -> Vec<String>;
    /// Whether the servers apply a request that bears an id at most once.
    fn once(&self) -> bool {
        false
    }
    /// A new process for that server; connects when first used.
    fn client(&self, server: &str) -> Box<dyn Client>;
}
