//! The REST surface of a client agent: what concerns the agent itself is answered here, all else by a server.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use futures::future::BoxFuture;

use crate::host::Host;
use crate::router::router;

/// Whoever answers what this agent does not.
pub trait Elsewhere: Send + Sync + 'static {
    /// Passes a request on, and its answer back.
    fn pass_on(&self, request: http::Request<Body>) -> BoxFuture<'static, http::Response<Body>>;
}

/// The REST surface of the client agent that `host` stands for.
pub fn client_router(host: Host, servers: Arc<dyn Elsewhere>) -> Router {
    router(host).layer(middleware::from_fn(move |request: Request, next: Next| {
        let servers = Arc::clone(&servers);
        async move { dispatch(&*servers, request, next).await }
    }))
}

/// A surface without anything of its own.
pub fn relay(servers: Arc<dyn Elsewhere>) -> Router {
    Router::new().fallback(move |request: Request| servers.pass_on(request))
}

async fn dispatch(servers: &dyn Elsewhere, request: Request, next: Next) -> Response {
    if is_local(request.uri().path()) { next.run(request).await } else { servers.pass_on(request).await }
}

/// The endpoints of the agent. Who belongs to the cluster and what the mesh's authority issues is known to servers.
const OF_SERVERS: [&str; 3] = ["members", "force-leave/", "connect/"];

fn is_local(path: &str) -> bool {
    match path.strip_prefix("/v1/agent/") {
        Some(endpoint) => !OF_SERVERS.iter().any(|prefix| endpoint.starts_with(prefix)),
        None => path == "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_answers_for_itself_and_nobody_else() {
        for own in ["/", "/v1/agent/self", "/v1/agent/service/register", "/v1/agent/checks", "/v1/agent/token/agent"] {
            assert!(is_local(own), "{own}");
        }
        let servers = ["/v1/agent/members", "/v1/agent/force-leave/n1", "/v1/agent/connect/ca/leaf/web", "/v1/kv/a"];
        for other in servers.into_iter().chain(["/v1/agentx", "/v1//agent/self", "/ui"]) {
            assert!(!is_local(other), "{other}");
        }
    }
}
