//! Answers of HTTP servers, whole.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// No call of these tests takes longer on a working system.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// An answer that has arrived to its end.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Reads an answer to its end.
pub(crate) async fn whole(response: Response<Incoming>) -> Result<Reply, String> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| format!("reading the body: {error:?}"))?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, trailers, body: body.to_bytes() })
}

/// A client of one server, as programs have them: connections are kept and used again.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Api {
    pub(crate) fn of(port: u16) -> Self {
        Self::at(&format!("127.0.0.1:{port}"))
    }

    /// Of the server at `HOST:PORT`.
    pub(crate) fn at(address: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, base: format!("http://{address}") }
    }

    /// One request; failures of the connection are told as text.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Result<Reply, String> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let request = request.body(Full::new(body.into())).map_err(|error| error.to_string())?;
        let answer = async { whole(self.client.request(request).await.map_err(|error| format!("{error:?}"))?).await };
        tokio::time::timeout(PATIENCE, answer).await.map_err(|_| format!("{method} {path}: no answer"))?
    }
}
