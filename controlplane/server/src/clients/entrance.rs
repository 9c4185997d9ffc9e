//! Connections of client agents: requests that they pass on, xDS, and their own messages.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::{Service as _, ServiceExt as _};
use weft_api::OnBehalf;
use weft_api::access::{AccessControl as _, UnknownToken};
use weft_dns::{Handler, Sight, Way};
use weft_model::NodeName;
use weft_model::acl::{Authorizer, Fallback, Rules};
use weft_model::secret::Secret;
use weft_raft::peer::Clients;
use weft_state::State;
use weft_xds::ads::Ads;

use super::desk::{Desk, Refusal};
use super::message::{
    ALIASED, APPLY, BEAT, DNS, FROM, HEADERS_MAX, HELLO, LEAVE, NODE, NODE_ROWS, PLACES, SETTINGS, TOKEN, WAY, WHO,
};
use crate::acl::Acl;
use crate::proxies::Proxies;

/// What begins the paths of xDS.
const XDS: &str = "/envoy.";

/// What begins those of the agents' own messages.
const OWN: &str = "/weft/client/";

/// A node may have thousands of services.
const MESSAGE_MAX: usize = 16 << 20;

/// When a silent agent is asked whether it is there, and how long it may take.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3));

/// Blocking queries and xDS streams of a machine go over one connection.
const STREAMS_MAX: u32 = 10_000;
const WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// How long requests that are under way may take when the server ends: those that wait are answered at once.
const GRACE: Duration = Duration::from_secs(8);

/// Where client agents come in. It is there before what they ask for is.
#[derive(Default)]
pub(crate) struct Entrance(OnceLock<Inside>);

/// What is behind it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Inside {
    pub(crate) rest: Router,
    pub(crate) ads: Ads<Proxies>,
    pub(crate) names: Handler,
    pub(crate) desk: Desk,
    /// From when on agents should go elsewhere.
    pub(crate) stop: CancellationToken,
}

impl Entrance {
    /// Lets agents in from now on.
    pub(crate) fn open(&self, inside: Inside) {
        drop(self.0.set(inside));
    }
}

impl Clients for Entrance {
    fn converse(
        &self,
        stream: TlsStream<TcpStream>,
        remote: SocketAddr,
        cut: CancellationToken,
    ) -> BoxFuture<'static, ()> {
        match self.0.get().cloned() {
            Some(inside) => converse(stream, inside, remote.ip(), cut).boxed(),
            // A server that has only begun to start: there may be others.
            None => std::future::ready(()).boxed(),
        }
    }
}

async fn converse(stream: TlsStream<TcpStream>, inside: Inside, remote: IpAddr, cut: CancellationToken) {
    let stop = inside.stop.clone();
    let service = service_fn(move |request| {
        let inside = inside.clone();
        async move { Ok::<_, Infallible>(inside.answer(request, remote).await) }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_MAX)
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = cut.cancelled() => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%remote, %error, "a client agent's connection has ended");
    }
}

impl Inside {
    async fn answer(mut self, request: Request<Incoming>, remote: IpAddr) -> Response<Body> {
        let path = request.uri().path();
        if path.starts_with(OWN) {
            return self.message(request).await.unwrap_or_else(|Refusal(status, why)| text(status, why));
        }
        let mut request = request.map(Body::new);
        if let Some(node) = header(request.headers(), NODE) {
            OnBehalf { node: NodeName::from(node) }.mark(remote, &mut request);
        }
        if request.uri().path().starts_with(XDS) {
            let Ok(response) = self.ads.call(request).await;
            return response.map(Body::new);
        }
        let Ok(response) = self.rest.oneshot(request).await;
        response
    }

    /// A name is looked up with the agent's eyes and by its settings.
    async fn look_up(&self, request: &[u8], headers: &HeaderMap, token: Secret) -> Result<Response<Body>, Refusal> {
        let way = if header(headers, WAY) == Some("tcp") { Way::Tcp } else { Way::Udp };
        let from = header(headers, FROM).and_then(|from| from.parse().ok());
        let mut names = self.names.seen_by(Arc::new(ByToken { acl: self.desk.acl.clone(), token }));
        if let Some(settings) = headers.get(SETTINGS) {
            names = names.by(read(settings.as_bytes())?);
        }
        let response = names.respond(request, way, from).await;
        response
            .map(|response| Response::new(Body::from(response)))
            .ok_or_else(|| Refusal(StatusCode::BAD_REQUEST, "this is no DNS request".to_owned()))
    }

    async fn message(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let (head, body) = request.into_parts();
        let token = Secret::from(header(&head.headers, TOKEN).unwrap_or_default());
        let bad = |why: String| Refusal(StatusCode::BAD_REQUEST, why);
        let body = Limited::new(body, MESSAGE_MAX).collect().await.map_err(|error| bad(error.to_string()))?.to_bytes();
        match head.uri.path() {
            HELLO => json(&self.desk.hello(&read(&body)?)?),
            BEAT => json(&self.desk.beat(&read(&body)?)),
            NODE_ROWS => json(&self.desk.node(&read(&body)?, &token).await?),
            APPLY => json(&self.desk.apply(read(&body)?, &token).await?),
            LEAVE => json(&self.desk.leave(&read(&body)?, &token).await?),
            PLACES => json(&self.desk.places(&read(&body)?, &token)?),
            ALIASED => json(&self.desk.aliased(&read(&body)?, &token).await?),
            WHO => json(&self.desk.who(&token)),
            DNS => self.look_up(&body, &head.headers, token).await,
            other => Err(Refusal(StatusCode::NOT_FOUND, format!("this server does not know {other}: upgrade it"))),
        }
    }
}

/// Sees what a token lets see.
struct ByToken {
    acl: Acl,
    token: Secret,
}

impl Sight for ByToken {
    fn authorizer(&self, state: &State) -> Option<Arc<Authorizer>> {
        self.acl.enabled().then(|| match self.acl.bearer(&self.token, state) {
            Ok(bearer) => bearer.authorizer,
            Err(UnknownToken) => Arc::new(Authorizer::new(Rules::default(), Fallback::Deny)),
        })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal(StatusCode::BAD_REQUEST, format!("not understood: {error}")))
}

fn json(value: &impl Serialize) -> Result<Response<Body>, Refusal> {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(Response::new(Body::from(bytes))),
        Err(error) => Err(Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
