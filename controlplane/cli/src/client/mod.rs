//! The HTTP API, as commands use it: one request, one answer.
//!
//! ```text
//! HttpFlags + Env -> Client -> Request -> Answer (status, index and body)
//! ```

mod address;
mod body;
mod error;
mod flags;
mod send;
mod tls;
mod url;

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use weft_model::secret::Secret;

pub(crate) use address::{Address, GRPC, HTTP, Security};
use body::Body;
pub(crate) use error::ClientError;
pub(crate) use flags::HttpFlags;
use tls::Tls;
pub(crate) use url::{key, segment};

/// How long an answer may take: longer than a write may wait for a leader.
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent to ask, and what goes with every request.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: Address,
    /// There where TLS is spoken.
    tls: Option<Tls>,
    token: Option<Secret>,
    datacenter: Option<String>,
    stale: bool,
}

/// One request before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    client: &'a Client,
    method: http::Method,
    /// The path, encoded, with the query when there is one.
    target: String,
    body: Body,
    patience: Duration,
}

/// What the agent said with status 200.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Of the state that it comes from; 0 where none is told.
    index: u64,
    body: Bytes,
}

impl Client {
    /// The token that goes with every request.
    pub(crate) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// Where the agent is.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn get(&self, path: impl AsRef<str>) -> Request<'_> {
        let request = self.request(http::Method::GET, path.as_ref());
        if self.stale { request.param("stale", "") } else { request }
    }

    pub(crate) fn put(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(http::Method::PUT, path.as_ref())
    }

    pub(crate) fn post(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(http::Method::POST, path.as_ref())
    }

    pub(crate) fn delete(&self, path: impl AsRef<str>) -> Request<'_> {
        self.request(http::Method::DELETE, path.as_ref())
    }

    fn request(&self, method: http::Method, path: &str) -> Request<'_> {
        let (target, body) = (path.to_owned(), Body::Empty);
        let request = Request { client: self, method, target, body, patience: PATIENCE };
        request.param_if("dc", self.datacenter.as_deref())
    }
}

impl Request<'_> {
    /// Adds a query parameter.
    pub(crate) fn param(mut self, name: &str, value: &str) -> Self {
        let mark = if self.target.contains('?') { '&' } else { '?' };
        let value = if value.is_empty() { String::new() } else { format!("={}", url::query(value)) };
        self.target = format!("{}{mark}{name}{value}", self.target);
        self
    }

    /// Adds a query parameter that was given.
    pub(crate) fn param_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.param(name, value),
            None => self,
        }
    }

    /// Sets the body.
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body.to_string().into());
        self
    }

    /// Sets the body.
    pub(crate) fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// Takes the body from a file, piece by piece.
    pub(crate) fn file(mut self, file: std::fs::File) -> Self {
        self.body = Body::File(std::sync::Arc::new(file));
        self
    }

    /// Waits this long for an answer.
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Waits longer for an answer: by as much as the agent may wait.
    pub(crate) fn wait(self, longer: Duration) -> Self {
        Self { patience: self.patience + longer, ..self }.param("wait", &format!("{}ms", longer.as_millis()))
    }

    /// Sends it.
    ///
    /// # Errors
    /// The agent cannot be reached, or it answers with another status than 200.
    pub(crate) async fn send(self) -> Result<Answer, ClientError> {
        send::exchange(&self).await
    }

    /// Sends it and writes the body of the answer as it comes.
    ///
    /// # Errors
    /// As [`Request::send`], or `out` fails.
    pub(crate) async fn download(self, out: &mut (impl Write + Send)) -> Result<u64, ClientError> {
        send::download(&self, out, PATIENCE).await
    }

    /// The same for an answer that has no end, and may pause for as long as it likes.
    ///
    /// # Errors
    /// As [`Request::download`].
    pub(crate) async fn follow(self, out: &mut (impl Write + Send)) -> Result<u64, ClientError> {
        send::download(&self, out, Duration::MAX).await
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// As [`Request::send`], or the answer is not JSON.
    pub(crate) async fn fetch(self) -> Result<Value, ClientError> {
        self.send().await?.json()
    }

    /// Sends it; nothing when the agent answers that there is no such thing.
    ///
    /// # Errors
    /// As [`Request::send`].
    pub(crate) async fn send_optional(self) -> Result<Option<Answer>, ClientError> {
        match self.send().await {
            Err(ClientError::Status { status: http::StatusCode::NOT_FOUND, .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Sends it and reads the answer; to be told that there is no such thing is an answer too. A bare
    /// 404 is not: it comes from an agent that has no such endpoint.
    ///
    /// # Errors
    /// As [`Request::fetch`].
    pub(crate) async fn fetch_optional(self) -> Result<Option<Value>, ClientError> {
        match self.fetch().await {
            Err(ClientError::Status { status: http::StatusCode::NOT_FOUND, text, .. })
                if text.to_lowercase().contains("not found") =>
            {
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }
}

impl Answer {
    /// The body, read.
    ///
    /// # Errors
    /// It is not JSON.
    pub(crate) fn json(&self) -> Result<Value, ClientError> {
        serde_json::from_slice(&self.body).map_err(|error| ClientError::NotJson(error.to_string()))
    }

    /// The index to wait for changes from.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// Whether a write that could be refused was done: its answer is the word `true`.
    pub(crate) fn is_true(&self) -> bool {
        self.body.trim_ascii() == b"true"
    }
}
