//! Requests that a server answers: passed on as they are, again where that is safe, until one answers.

use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::time::{Instant, sleep};
use weft_api::Elsewhere;
use weft_model::secret::Secret;

use super::servers::{Lost, Servers, Unsent};
use crate::acl::Acl;
use crate::clients::message::{NODE, TOKEN};

/// How long a request waits for a server to be found: Consul's `rpc_hold_timeout`.
const HOLD_MAX: Duration = Duration::from_secs(7);
const RETRY: Duration = Duration::from_millis(100);

/// More than the looks at who is there in that time.
const TRIES_MAX: u32 = 128;

/// A body up to this size is kept, to be sent again.
const KEPT_MAX: u64 = 1 << 20;

/// What belongs to one connection and not to the request.
const HOP_BY_HOP: [HeaderName; 6] =
    [CONNECTION, HOST, EXPECT, TRANSFER_ENCODING, UPGRADE, HeaderName::from_static("keep-alive")];

/// The way to the servers, for requests. Cheap to clone.
#[derive(Clone)]
pub(super) struct PassOn {
    pub(super) servers: Servers,
    pub(super) acl: Acl,
}

impl Elsewhere for PassOn {
    fn pass_on(&self, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
        let this = self.clone();
        async move { this.pass(request).await }.boxed()
    }
}

impl PassOn {
    async fn pass(&self, request: Request<Body>) -> Response<Body> {
        let is_grpc = is_grpc(request.headers());
        match self.try_to(request).await {
            Ok(response) => response,
            Err(why) if is_grpc => unavailable(&why),
            Err(why) => {
                let mut response = Response::new(Body::from(why));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }

    async fn try_to(&self, request: Request<Body>) -> Result<Response<Body>, String> {
        let (mut head, body) = request.into_parts();
        self.adapt(&mut head)?;
        let is_safe = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let is_small = body.size_hint().upper().is_some_and(|most| most <= KEPT_MAX);
        let mut stream = None;
        let mut kept = None;
        if is_small {
            kept = Some(body.collect().await.map_err(|error| error.to_string())?.to_bytes());
        } else {
            stream = Some(body);
        }
        let mut until = Instant::now() + HOLD_MAX;
        for _ in 0..TRIES_MAX {
            let connection = match self.servers.connection().await {
                Ok(connection) => connection,
                Err(Lost::Nobody(_) | Lost::Midway(_)) if Instant::now() < until => {
                    sleep(RETRY).await;
                    continue;
                }
                Err(Lost::Refused(_, why)) => return Err(why),
                Err(lost) => {
                    tracing::debug!(%lost, "a request cannot be passed on");
                    return Err("No known Consul servers".to_owned());
                }
            };
            let body = match (&kept, stream.take()) {
                (Some(bytes), _) => Body::from(bytes.clone()),
                (None, Some(body)) => body,
                (None, None) => return Err("rpc error making call: EOF".to_owned()),
            };
            match connection.send(Request::from_parts(head.clone(), body)).await {
                Ok(response) => return Ok(answer(response)),
                Err(Unsent::NotSent(request)) => {
                    self.servers.leave(&connection);
                    stream = kept.is_none().then(|| request.into_body());
                }
                Err(Unsent::Midway(why)) => {
                    self.servers.leave(&connection);
                    tracing::debug!(%why, "the server was lost while it answered");
                    if !is_safe || kept.is_none() {
                        return Err(format!("rpc error making call: {why}"));
                    }
                    // It may have waited for news for long.
                    until = Instant::now() + HOLD_MAX;
                }
            }
        }
        Err("rpc error making call: servers are lost one after the other".to_owned())
    }

    /// Makes a request one of this agent.
    fn adapt(&self, head: &mut Parts) -> Result<(), String> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("https://server{path}").parse::<Uri>().map_err(|error| error.to_string())?;
        head.version = Version::HTTP_2;
        head.extensions.clear();
        for name in HOP_BY_HOP {
            head.headers.remove(name);
        }
        if head.headers.get(TE).is_some_and(|te| te != "trailers") {
            head.headers.remove(TE);
        }
        let node = self.servers.node().name.as_str();
        head.headers.insert(NODE, HeaderValue::from_str(node).map_err(|error| error.to_string())?);
        let token = self.acl.default_token();
        if !token.is_empty() && !has_token(head) {
            head.headers.insert(TOKEN, header(&token)?);
        }
        Ok(())
    }
}

fn header(token: &Secret) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(token.reveal()).map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether a request brings a token of its own.
fn has_token(head: &Parts) -> bool {
    let given = |name: &str| head.headers.get(name).is_some_and(|value| !value.is_empty());
    let in_query = |query: &str| query.split('&').any(|pair| pair.starts_with("token=") && pair.len() > "token=".len());
    given(TOKEN) || given("authorization") || head.uri.query().is_some_and(in_query)
}

fn answer(response: Response<hyper::body::Incoming>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    head.version = Version::HTTP_11;
    head.extensions.clear();
    Response::from_parts(head, Body::new(body))
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/grpc"))
}

/// What a gRPC client takes for a reason to try again.
fn unavailable(why: &str) -> Response<Body> {
    const UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", UNAVAILABLE);
    if let Ok(why) = HeaderValue::from_str(why) {
        headers.insert("grpc-message", why);
    }
    response
}
