//! One worker's place in the run: its process, its client, its random numbers, and the rules that turn
//! answers into outcomes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use uuid::Uuid;

use crate::client::{Client, Connect, Failure, Reply, Request};
use crate::history::{MarkerKind, Meta, Outcome, Pending, Recorder};

/// A worker. Its process id changes after each doubt; its random numbers go on.
pub struct Session {
    pub recorder: Recorder,
    pub rng: StdRng,
    /// This worker's number within its workload.
    pub worker: usize,
    connect: Arc<dyn Connect>,
    client: Box<dyn Client>,
    process: u64,
    timeout: Duration,
    stays: bool,
}

/// The name of a request that may be sent again.
#[derive(Clone, Copy, Debug)]
pub struct RequestName {
    id: Uuid,
    /// How many operations the run had begun when the name was given.
    given: u64,
}

/// weft remembers the answers to the last 1024 names. Who asks later than that is a new request, which is no fault; what is
/// under way when we look may take up the rest.
const REMEMBERED: u64 = 700;

/// An answer, or none.
pub type Asked = Result<Reply, Failure>;

impl Session {
    /// A worker that talks to `server` first.
    #[must_use]
    pub fn new(
        recorder: Recorder,
        connect: Arc<dyn Connect>,
        server: &str,
        worker: usize,
        seed: u64,
        timeout: Duration,
    ) -> Self {
        let client = connect.client(server);
        let process = recorder.new_process();
        Self { recorder, rng: StdRng::seed_from_u64(seed), worker, connect, client, process, timeout, stays: false }
    }

    /// The server that it talks to.
    #[must_use]
    pub fn server(&self) -> &str {
        self.client.server()
    }

    /// The process that speaks now.
    #[must_use]
    pub fn process(&self) -> u64 {
        self.process
    }

    /// The longest that one request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Records the invocation of `kind` on `key`.
    pub fn invoke(&self, kind: &str, key: &str, input: Value) -> Pending {
        self.recorder.invoke(self.process, self.client.server(), kind, key, input)
    }

    /// Sends one request.
    pub async fn ask(&mut self, method: Method, path: &str, body: impl Into<Bytes>) -> Asked {
        let timeout = self.timeout;
        self.ask_within(method, path, body, timeout).await
    }

    /// Sends one request that may take that long.
    pub async fn ask_within(&mut self, method: Method, path: &str, body: impl Into<Bytes>, timeout: Duration) -> Asked {
        self.send(Request { method, path: path.to_owned(), headers: Vec::new(), body: body.into(), timeout }).await
    }

    /// A new name for a request that may be sent again.
    pub fn request_name(&mut self) -> RequestName {
        RequestName { id: Uuid::from_u64_pair(self.rng.random(), self.rng.random()), given: self.recorder.invoked() }
    }

    /// Whether its answer is surely still remembered, as each operation of the run has at most one name.
    #[must_use]
    pub fn remembered(&self, name: RequestName) -> bool {
        self.recorder.invoked().saturating_sub(name.given) < REMEMBERED
    }

    /// Sends a request under its name.
    pub async fn ask_as(&mut self, name: RequestName, method: Method, path: &str, body: impl Into<Bytes>) -> Asked {
        let timeout = self.timeout;
        self.ask_as_within(name, method, path, body, timeout).await
    }

    /// Sends a request under its name that may take that long.
    pub async fn ask_as_within(
        &mut self,
        name: RequestName,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
        timeout: Duration,
    ) -> Asked {
        let headers = vec![("x-weft-request-id".to_owned(), name.id.to_string())];
        self.send(Request { method, path: path.to_owned(), headers, body: body.into(), timeout }).await
    }

    /// Whether the system applies a request that bears an id at most once.
    #[must_use]
    pub fn once(&self) -> bool {
        self.connect.once()
    }

    /// Sends a request as it is.
    pub async fn send(&mut self, request: Request) -> Asked {
        self.client.request(request).await
    }

    /// A new connection to another server for the same process: only for repeating a request that bears an id,
    /// within one operation.
    pub fn move_on(&mut self) {
        let servers = self.connect.servers();
        if !self.stays && !servers.is_empty() {
            let drawn = self.rng.random_range(0..servers.len());
            self.client = self.connect.client(&servers[drawn]);
        }
    }

    /// Ends an operation. After a doubt the process is retired and another server is asked next.
    pub fn end(&mut self, pending: Pending, outcome: Outcome, meta: Meta) {
        let moves = !matches!(outcome, Outcome::Ok(_));
        pending.end(outcome, meta);
        if moves {
            self.retire();
        }
    }

    /// An answer of a shape that no promise knows: a marker, and a doubt for the operation.
    pub fn unexpected(&mut self, pending: Pending, what: &str) {
        self.recorder.mark(MarkerKind::Unexpected, format!("{}: {what}", self.server()));
        self.end(pending, Outcome::Info(format!("unexpected: {what}")), Meta::default());
    }

    /// Never moves to another server: for the last reads.
    pub fn stay(&mut self) {
        self.stays = true;
    }

    /// A new process, on a server drawn from those there are now.
    pub fn retire(&mut self) {
        let servers = self.connect.servers();
        if self.stays {
            let server = self.client.server().to_owned();
            self.client = self.connect.client(&server);
        } else if !servers.is_empty() {
            let drawn = self.rng.random_range(0..servers.len());
            self.client = self.connect.client(&servers[drawn]);
        }
        self.process = self.recorder.new_process();
    }
}
