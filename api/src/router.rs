//! From a request to a handler and back: the only place that knows both HTTP and the table of routes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_LENGTH, HeaderName, HeaderValue, LOCATION, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Method, StatusCode};
use tower::{Service as _, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _, SizeAbove};
use tracing::error;
use uuid::Uuid;
use weft_model::intention::DefaultPolicy;

use crate::access;
use crate::answer::{Answer, Layout, Outcome};
use crate::behalf::OnBehalf;
use crate::blocking;
use crate::body;
use crate::call::Call;
use crate::clean_path::{clean, escape, is_plain};
use crate::freshness::Freshness;
use crate::host::Host;
use crate::options::{self, QueryOptions};
use crate::query::{Plus, Query, unescape};
use crate::refusal::Refusal;
use crate::route::{Options, Payload, Route, Run, Verb};
use crate::routes::ROUTES;
use crate::serve::Caller;
use crate::shared::Shared;
use crate::terms::Terms;

const INDEX: HeaderName = HeaderName::from_static("x-consul-index");
const KNOWN_LEADER: HeaderName = HeaderName::from_static("x-consul-knownleader");
const LAST_CONTACT: HeaderName = HeaderName::from_static("x-consul-lastcontact");
const CONSISTENCY: HeaderName = HeaderName::from_static("x-consul-effective-consistency");
const DEFAULT_POLICY: HeaderName = HeaderName::from_static("x-consul-default-acl-policy");
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// The REST surface of the agent that `host` stands for.
pub fn router(host: Host) -> Router {
    let policy = HeaderValue::from_static(match host.agent.default_policy {
        DefaultPolicy::Allow => "allow",
        DefaultPolicy::Deny => "deny",
    });
    let host = Arc::new(host);
    let mut routes = Router::new().route("/", any(root)).fallback(unknown_path);
    for pattern in patterns() {
        routes = mount(routes, Arc::new(pattern), &host);
    }
    // One service around all routes, not a layer on each: a layer costs each request a copy of all that is below it.
    let bare = service_fn(move |request: Request| front(routes.clone(), policy.clone(), request));
    let compressing =
        Compression::new(bare.clone()).quality(CompressionLevel::Fastest).compress_when(worth_compressing());
    Router::new().fallback_service(service_fn(move |request: Request| {
        let (mut bare, mut compressing) = (bare.clone(), compressing.clone());
        async move {
            match request.headers().contains_key(ACCEPT_ENCODING) {
                true => Ok(compressing.call(request).await?.map(Body::new)),
                false => bare.call(request).await,
            }
        }
    }))
}

/// What is the same for every request and every answer.
async fn front(mut routes: Router, policy: HeaderValue, request: Request) -> Result<Response, Infallible> {
    let mut response = match redirect_to_clean_path(&request) {
        Some(redirect) => redirect,
        None => routes.call(request).await?,
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(DEFAULT_POLICY, policy);
    Ok(response)
}

/// Most clients offer gzip without a thought. Setting a compressor up costs more than all else about a small answer.
fn worth_compressing() -> impl tower_http::compression::Predicate {
    const LEAST_BYTES: u64 = 4096;
    const COMPRESSED: NotForContentType = NotForContentType::const_new("application/x-gzip");
    DefaultPredicate::new().and(SizeAbove::new(LEAST_BYTES)).and(COMPRESSED)
}

/// All routes with one fixed part, in the table's order.
struct Pattern {
    fixed: &'static str,
    routes: Vec<&'static Route>,
    shared: Shared,
}

fn patterns() -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for route in ROUTES {
        match patterns.iter_mut().find(|pattern| pattern.fixed == route.fixed()) {
            Some(pattern) => pattern.routes.push(route),
            None => patterns.push(Pattern { fixed: route.fixed(), routes: vec![route], shared: Shared::default() }),
        }
    }
    patterns
}

fn mount(router: Router, pattern: Arc<Pattern>, host: &Arc<Host>) -> Router {
    let endpoint = {
        let (host, pattern) = (Arc::clone(host), Arc::clone(&pattern));
        any(move |request: Request| enter(Arc::clone(&host), Arc::clone(&pattern), request))
    };
    let fixed = pattern.fixed;
    let Some(folder) = fixed.strip_suffix('/') else { return router.route(fixed, endpoint) };
    let router = router.route(fixed, endpoint.clone()).route(&format!("{fixed}{{*rest}}"), endpoint);
    if ROUTES.iter().any(|route| route.path == folder) {
        return router;
    }
    router.route(folder, any(move |request: Request| async move { redirect(fixed, request.uri().query()) }))
}

async fn enter(host: Arc<Host>, pattern: Arc<Pattern>, request: Request) -> Response {
    let query = match Query::parse(request.uri().query().unwrap_or_default()) {
        Ok(query) => query,
        Err(refusal) => return refusal.into(),
    };
    let layout = if host.agent.dev_mode || query.has("pretty") { Layout::Pretty } else { Layout::Compact };
    let outcome = match pattern.route_of(&request) {
        Some(route) => {
            let (meter, begun) = (Arc::clone(&host.meter), Instant::now());
            let outcome = run(host, route, &pattern, query, layout, request).await;
            meter.request(route, begun.elapsed());
            outcome
        }
        None => Ok(pattern.other_method(&request)),
    };
    outcome.unwrap_or_else(Answer::from).into_response(layout)
}

impl Pattern {
    fn route_of(&self, request: &Request) -> Option<&'static Route> {
        let rest = request.uri().path().strip_prefix(self.fixed).unwrap_or_default();
        let parameters = if rest.contains('/') { 2 } else { 1 };
        let mut fitting = self.ending_as(rest).filter(|route| request.method().as_str() == route.verb.as_str());
        let first = fitting.clone().next();
        fitting.find(|route| route.parameters() == parameters).or(first)
    }

    /// The routes whose path goes on behind its parameters as this one does; else those that end there.
    fn ending_as(&self, rest: &str) -> impl Iterator<Item = &'static Route> + Clone {
        let named = self.routes.iter().map(|route| route.suffix()).find(|end| !end.is_empty() && rest.ends_with(end));
        self.routes.iter().copied().filter(move |route| route.suffix() == named.unwrap_or_default())
    }

    /// `OPTIONS` is answered with the methods there are, others are told which they could have been.
    fn other_method(&self, request: &Request) -> Answer {
        let (method, mut allowed) = (request.method(), vec!["OPTIONS"]);
        let rest = request.uri().path().strip_prefix(self.fixed).unwrap_or_default();
        for route in self.ending_as(rest) {
            if !allowed.contains(&route.verb.as_str()) {
                allowed.push(route.verb.as_str());
            }
        }
        let answer = match method.clone() {
            Method::OPTIONS => Answer::empty(),
            Method::HEAD => Answer::text("").status(StatusCode::METHOD_NOT_ALLOWED),
            _ => Answer::text(format!("method {method} not allowed")).status(StatusCode::METHOD_NOT_ALLOWED),
        };
        answer.header(ALLOW, &allowed.join(","))
    }
}

/// The client's own name for its request. One that is no UUID could clash with another's.
fn request_id(headers: &HeaderMap) -> Result<Option<Uuid>, Refusal> {
    let Some(named) = headers.get("x-weft-request-id") else { return Ok(None) };
    let id = named.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Refusal::bad_request("X-Weft-Request-Id must be a UUID"))
}

async fn run(
    host: Arc<Host>,
    route: &'static Route,
    pattern: &Pattern,
    query: Query,
    layout: Layout,
    request: Request,
) -> Outcome {
    let (head, content) = request.into_parts();
    let rest = head.uri.path().strip_prefix(pattern.fixed).unwrap_or_default();
    let rest = unescape(rest.strip_suffix(route.suffix()).unwrap_or(rest), Plus::IsItself)?;
    let options = query_options(route, &query, &head.headers, &host.agent.terms)?;
    let caller = head.extensions.get::<Caller>().map(|caller| caller.0);
    let node = head.extensions.get::<OnBehalf>().map(|agent| agent.node.clone());
    let request_id = request_id(&head.headers)?;
    let token = access::of_request(&query, &head.headers);
    let (path, marks) = (route.path, Arc::default());
    let body = Bytes::new();
    let mut call = Call { host, rest, query, options, body, caller, node, request_id, token, path, layout, marks };
    if let Run::Upload(task) = route.run {
        call.check_datacenter(call.query.text("dc"))?;
        // Who may not do it does not get to send it either.
        access::catch_up(route, &call).await?;
        access::admit(route, &call, &call.host.store.current())?;
        let (enabled, marks) = (call.host.access.enabled(), Arc::clone(&call.marks));
        return access::look_over(enabled, &marks, complete(task(call, content)).await);
    }
    if route.body != Payload::Nothing {
        let limit = body::Limit { bytes: route.body_max.bytes(&call.host.agent.terms), patience: BODY_PATIENCE };
        call.body = body::read(content, declared_length(&head.headers), limit).await?;
    }
    if route.options != Options::Agent {
        call.check_datacenter(call.query.text("dc"))?;
    }
    access::catch_up(route, &call).await?;
    let (enabled, marks) = (call.host.access.enabled(), Arc::clone(&call.marks));
    let outcome = answer(route, &pattern.shared, call).await;
    access::look_over(enabled, &marks, outcome)
}

async fn answer(route: &'static Route, shared: &Shared, call: Call) -> Outcome {
    match route.run {
        Run::Read(view) => read(route, shared, &call, view).await,
        Run::Look(view) => {
            if route.options == Options::Datacenter {
                Freshness::reach(&*call.host.cluster, &call.options).await?;
            }
            let evaluate = |state: &weft_state::StateView<'_>| {
                access::admit(route, &call, state.state())?;
                view(&call, state)
            };
            blocking::once(&call.host.store, evaluate).map(|(answer, _)| answer)
        }
        Run::Act(task) => {
            access::admit(route, &call, &call.host.store.current())?;
            // Reads that wait end with their client.
            if route.verb == Verb::Get { task(call).await } else { complete(task(call)).await }
        }
        Run::Upload(_) => Err(Refusal::failed("internal error")),
    }
}

fn query_options(route: &Route, query: &Query, headers: &HeaderMap, terms: &Terms) -> Result<QueryOptions, Refusal> {
    let options = match route.options {
        Options::Agent => Ok(QueryOptions::default()),
        // Writes have one consistency.
        Options::Datacenter if route.verb != Verb::Get => Ok(QueryOptions::default()),
        Options::Datacenter => options::without_blocking(query),
        Options::Blocking => QueryOptions::parse(query, headers, terms),
    }?;
    let is_discovery = ["/v1/catalog/", "/v1/health/"].iter().any(|area| route.path.starts_with(area));
    Ok(if is_discovery { options.or_stale(query, terms.discovery_max_stale) } else { options })
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Runs a read with all its options, and says of what the answer is made.
async fn read(
    route: &Route,
    shared: &Shared,
    call: &Call,
    view: fn(&Call, &weft_state::StateView<'_>) -> Outcome,
) -> Outcome {
    let cluster = &*call.host.cluster;
    let fresh = Freshness::reach(cluster, &call.options).await?;
    let (store, asked) = (&call.host.store, call.options.index);
    let evaluate = |state: &weft_state::StateView<'_>| {
        access::admit(route, call, state.state())?;
        shared.answer(route, call, state, view)
    };
    let (answer, reads) = if asked == 0 {
        blocking::once(store, evaluate)?
    } else {
        let deadline = blocking::deadline(call.options.wait);
        blocking::until(store, deadline, evaluate, |_, reads| reads.changed_at > asked).await?
    };
    let contact = fresh.contact(cluster, asked != 0);
    let answer = answer
        .number(INDEX, reads.index)
        .constant(KNOWN_LEADER, if contact.known_leader { "true" } else { "false" })
        .number(LAST_CONTACT, u64::try_from(contact.last_contact.as_millis()).unwrap_or(u64::MAX))
        .constant(CONSISTENCY, fresh.consistency.as_str());
    Ok(if route.cacheable && call.options.cached { answer.cache_hit() } else { answer })
}

/// Runs a handler to its end even when the client hangs up: a write is not to stop half way.
async fn complete(task: futures::future::BoxFuture<'static, Outcome>) -> Outcome {
    tokio::spawn(task).await.unwrap_or_else(|failure| {
        error!(%failure, "a request handler ended early");
        Err(Refusal::failed("internal error"))
    })
}

async fn root(request: Request) -> Response {
    if *request.method() == Method::GET {
        return Answer::text("weft agent: the HTTP API is under /v1/\n").into_response(Layout::Compact);
    }
    unknown_path(request).await
}

#[allow(clippy::unused_async)] // axum's handlers are async
async fn unknown_path(request: Request) -> Response {
    let hint = if request.uri().path().starts_with("/v1/") {
        "not a recognized HTTP API endpoint"
    } else {
        "if attempting to use the HTTP API, ensure the path starts with '/v1/'"
    };
    Refusal::not_found(format!("Invalid URL path: {hint}")).into()
}

/// The answer to a path that is not written as it should be.
fn redirect_to_clean_path(request: &Request) -> Option<Response> {
    if is_plain(request.uri().path()) {
        return None;
    }
    match unescape(request.uri().path(), Plus::IsItself).as_deref().map(clean) {
        Ok(None) => None,
        Ok(Some(path)) => Some(redirect(&escape(&path), request.uri().query())),
        Err(refusal) => Some(refusal.clone().into()),
    }
}

fn redirect(path: &str, query: Option<&str>) -> Response {
    let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    Answer::empty().status(StatusCode::MOVED_PERMANENTLY).header(LOCATION, &target).into_response(Layout::Compact)
}
