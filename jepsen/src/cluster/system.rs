//! What the harness must know of a system to run it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use serde_json::Value;

use crate::client::{Failure, HttpClient, Reply, Request};

/// Where a server lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub number: u8,
    pub client: Ipv4Addr,
    pub bind: Ipv4Addr,
    pub advertise: Ipv4Addr,
    pub data: PathBuf,
    /// The network namespace that it lives in, if it has one of its own.
    pub space: Option<PathBuf>,
    /// Whether it was there at the beginning, and still has the data of then.
    pub founder: bool,
}

/// Who a starting server is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Those of the beginning.
    pub founders: Vec<Place>,
    /// Those of now, the starting one included.
    pub members: Vec<Place>,
}

/// What a server says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub leads: bool,
    pub term: u64,
    /// How far it has applied the log.
    pub applied: u64,
    /// For the judges: the document of weft's debug endpoint, or what another system has of it.
    pub body: Value,
}

impl View {
    /// A number of the document.
    #[must_use]
    pub fn number(&self, key: &str) -> u64 {
        self.body.get(key).and_then(Value::as_u64).unwrap_or(0)
    }

    /// Whether the document says so.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.body.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The ids of the voters that it knows.
    #[must_use]
    pub fn voters(&self) -> Vec<u64> {
        let members = self.body.get("Members").and_then(Value::as_array).into_iter().flatten();
        let votes = members.filter(|member| member.get("Voter").and_then(Value::as_bool).unwrap_or(false));
        votes.filter_map(|member| member.get("ID")?.as_u64()).collect()
    }
}

/// A system under test.
pub trait System: Send + Sync {
    /// Its name, as configurations and workloads know it.
    fn name(&self) -> &str;
    /// The program.
    fn program(&self) -> PathBuf;
    /// Its arguments for one server.
    fn args(&self, me: &Place, roster: &Roster) -> Vec<String>;
    /// Environment for each server.
    fn env(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    /// Where clients are served.
    fn client_port(&self) -> u16;
    /// Where peers are served.
    fn peer_port(&self) -> u16;
    /// Whether servers speak UDP with each other.
    fn datagrams(&self) -> bool {
        false
    }
    /// Whether a shim can be preloaded: a dynamic program that calls the C library.
    fn preloads(&self) -> bool;
    /// Asks a server what it thinks; `None` without an answer.
    fn view<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Option<View>>;
    /// Asks a server to give leadership away.
    fn transfer(&self, _address: SocketAddr) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Err("this system cannot be asked".to_owned()) })
    }
    /// Asks any server to remove that one from the members.
    fn remove<'a>(&'a self, _address: SocketAddr, _gone: &'a Place) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Err("this system cannot be asked".to_owned()) })
    }
}

/// How long the harness itself waits for an answer.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);

/// Asks once, for the harness itself.
pub(super) async fn ask(address: SocketAddr, method: Method, path: &str, body: &str) -> Result<Reply, Failure> {
    let request = Request {
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        timeout: PATIENCE,
    };
    HttpClient::once(None, address, request).await
}

/// Asks for a path from within a network namespace; the answer, if it is a good one.
pub(super) async fn ask_within(space: Option<&Path>, address: SocketAddr, path: &str) -> Option<Reply> {
    let request = Request {
        method: Method::GET,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
        timeout: PATIENCE,
    };
    let reply = HttpClient::once(space, address, request).await.ok();
    reply.filter(|reply| reply.status == 200)
}

/// The JSON of a good answer.
pub(super) async fn ask_json(address: SocketAddr, method: Method, path: &str, body: &str) -> Option<Value> {
    let reply = ask(address, method, path, body).await.ok().filter(|reply| reply.status == 200)?;
    serde_json::from_slice(&reply.body).ok()
}

/// Whether an operator's wish was granted.
pub(super) async fn wish(address: SocketAddr, method: Method, path: &str) -> Result<(), String> {
    match ask(address, method, path, "").await {
        Ok(reply) if reply.status == 200 => Ok(()),
        Ok(reply) => Err(format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))),
        Err(Failure::NotSent(why) | Failure::Unknown(why)) => Err(why),
    }
}
