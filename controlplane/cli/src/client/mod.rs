//! The HTTP API, as commands use it: one request, one answer.
//!
//! ```text
//! HttpFlags + Env -> Client -> Request -> Answer (status and text)
//! ```

mod address;
mod error;
mod flags;
mod send;
mod url;

use serde_json::Value;
use weft_model::secret::Secret;

pub(crate) use address::Address;
pub(crate) use error::ClientError;
pub(crate) use flags::HttpFlags;
pub(crate) use url::segment;

/// An agent to ask, and what goes with every request.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: Address,
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
    body: Option<Value>,
}

/// What the agent said with status 200.
#[derive(Clone, Debug)]
pub(crate) struct Answer(String);

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
        let request = Request { client: self, method, target: path.to_owned(), body: None };
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
        self.body = Some(body);
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// The agent cannot be reached, or it answers with another status than 200.
    pub(crate) async fn send(self) -> Result<Answer, ClientError> {
        let (status, text) = send::exchange(&self).await?;
        match status {
            http::StatusCode::OK => Ok(Answer(text)),
            status => Err(ClientError::Status { status, text: text.trim().to_owned() }),
        }
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// As [`Request::send`], or the answer is not JSON.
    pub(crate) async fn fetch(self) -> Result<Value, ClientError> {
        let Answer(text) = self.send().await?;
        serde_json::from_str(&text).map_err(|error| ClientError::NotJson(error.to_string()))
    }

    /// Sends it and reads the answer; to be told that there is no such thing is an answer too. A bare
    /// 404 is not: it comes from an agent that has no such endpoint.
    ///
    /// # Errors
    /// As [`Request::fetch`].
    pub(crate) async fn fetch_optional(self) -> Result<Option<Value>, ClientError> {
        match self.fetch().await {
            Err(ClientError::Status { status: http::StatusCode::NOT_FOUND, text })
                if text.to_lowercase().contains("not found") =>
            {
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }
}

impl Answer {
    /// Whether a write that could be refused was done: its answer is the word `true`.
    pub(crate) fn is_true(&self) -> bool {
        self.0.trim() == "true"
    }
}
