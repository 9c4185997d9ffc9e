//! The REST surface of a client agent: what concerns the agent itself is answered here, all else by a server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use futures::future::BoxFuture;
use weft_model::GoDuration;

use crate::host::Host;
use crate::router::router;

/// Whoever answers what this agent does not.
pub trait Elsewhere: Send + Sync + 'static {
    /// Passes a request on, and its answer back.
    fn pass_on(&self, request: http::Request<Body>) -> BoxFuture<'static, http::Response<Body>>;
}

/// The REST surface of the client agent that `host` stands for.
pub fn client_router(host: Host, servers: Arc<dyn Elsewhere>) -> Router {
    let most = host.agent.terms.discovery_max_stale;
    router(host).layer(middleware::from_fn(move |request: Request, next: Next| {
        let servers = Arc::clone(&servers);
        async move { dispatch(&*servers, or_stale(request, most), next).await }
    }))
}

/// A surface without anything of its own.
pub fn relay(servers: Arc<dyn Elsewhere>) -> Router {
    Router::new().fallback(move |request: Request| servers.pass_on(request))
}

async fn dispatch(servers: &dyn Elsewhere, request: Request, next: Next) -> Response {
    if is_local(request.uri().path()) { next.run(request).await } else { servers.pass_on(request).await }
}

/// What this agent's configuration says of reads of the catalog is told to the server that answers them.
fn or_stale(mut request: Request, most: Option<Duration>) -> Request {
    let path = request.uri().path();
    let is_discovery = ["/v1/catalog/", "/v1/health/"].iter().any(|area| path.starts_with(area));
    let query = request.uri().query().unwrap_or_default();
    let says = |name: &&str| query.split('&').any(|pair| pair.split('=').next() == Some(*name));
    let says_how_new = ["stale", "consistent", "leader", "cached", "max_stale"].iter().any(says);
    let Some(most) = most.filter(|_| is_discovery && !says_how_new) else { return request };
    let more = format!("max_stale={}", GoDuration(most));
    let target = if query.is_empty() { format!("{path}?{more}") } else { format!("{path}?{query}&{more}") };
    if let Ok(target) = target.parse() {
        *request.uri_mut() = target;
    }
    request
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
    fn reads_of_the_catalog_say_how_far_behind_they_may_be() {
        let asked = |target: &str, most: Option<u64>| {
            let request = http::Request::builder().uri(target).body(Body::empty()).unwrap_or_default();
            or_stale(request, most.map(Duration::from_secs)).uri().to_string()
        };
        assert_eq!(asked("/v1/catalog/nodes", Some(5)), "/v1/catalog/nodes?max_stale=5s");
        assert_eq!(asked("/v1/health/state/any?near=a", Some(5)), "/v1/health/state/any?near=a&max_stale=5s");
        for same in ["/v1/kv/a", "/v1/catalog/nodes?consistent", "/v1/catalog/nodes?a&stale="] {
            assert_eq!(asked(same, Some(5)), same);
        }
        assert_eq!(asked("/v1/catalog/nodes", None), "/v1/catalog/nodes");
    }

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
