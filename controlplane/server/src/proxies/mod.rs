//! Where ADS streams get their sets from: the state, seen by one proxy, and its leaf.
//!
//! ```text
//! node of the stream ─> Proxies::open ─> ProxyStream: Store wakes, leaf wakes ─> compile ─> Offer
//! ```
//!
//! A stream is the sidecar whose service id is its node id, on this agent's node, on that of the client agent
//! that passes the stream on, or on the one that the node's metadata names. A proxy that leaves the catalog has its stream ended, so that it hears
//! why; what it was sent it keeps, as an Envoy does when its control plane is away.

mod horizon;
mod ledger;
mod stream;

use std::sync::Arc;

use weft_api::OnBehalf;
use weft_api::access::{AccessControl as _, UnknownToken};
use weft_mesh::{ProxyId, Scope};
use weft_model::acl::{Labelled, Need, Wanted};
use weft_model::catalog::{Node, ServiceKind};
use weft_model::intention::DefaultPolicy;
use weft_model::secret::Secret;
use weft_model::{NodeName, ServiceName};
use weft_proto::envoy;
use weft_state::{State, StateView, Store};
use weft_xds::resources::SharedResources;
use weft_xds::source::{Opening, Refusal, ResourceSource};

use crate::acl::Acl;
use crate::authority::LocalAuthority;
use crate::checks::Checks;
pub(crate) use ledger::LedgerView;
use stream::ProxyStream;

/// The key of a node's metadata that names the node of a proxy that is not registered here.
const NODE_NAME: &str = "node_name";

/// The source of all streams.
pub(crate) struct Proxies {
    shared: Arc<Shared>,
}

/// What all streams use.
struct Shared {
    store: Arc<Store>,
    authority: LocalAuthority,
    checks: Checks,
    acl: Acl,
    resources: Arc<SharedResources>,
    /// This agent's node.
    node: NodeName,
}

impl Proxies {
    pub(crate) fn new(
        store: Arc<Store>,
        node: &Node,
        default_policy: DefaultPolicy,
        authority: LocalAuthority,
        checks: Checks,
        acl: Acl,
    ) -> Self {
        let resources = SharedResources::new(Scope { datacenter: node.datacenter.clone(), default_policy });
        Self { shared: Arc::new(Shared { store, authority, checks, acl, resources, node: node.name.clone() }) }
    }
}

impl ResourceSource for Proxies {
    type Subscription = ProxyStream;

    async fn open(&self, opening: Opening) -> Result<ProxyStream, Refusal> {
        let shared = Arc::clone(&self.shared);
        let behalf = opening.extensions.get::<OnBehalf>();
        let proxy = identify(&opening.node, behalf.map_or(&shared.node, |agent| &agent.node));
        let token = opening.token.unwrap_or_default();
        let service = shared.admit(&shared.store.current(), &token, &proxy)?;
        if proxy.node == shared.node {
            // It is about to listen, which its check should find soon.
            shared.checks.probe_soon(proxy.id.clone());
        }
        ProxyStream::new(shared, proxy, token, service)
    }
}

impl Shared {
    /// Lets a stream have the identity of the proxy's service: whoever may write that service.
    fn admit(&self, state: &State, token: &Secret, proxy: &ProxyId) -> Result<ServiceName, Refusal> {
        let bearer = self.acl.enabled().then(|| self.acl.bearer(token, state)).transpose();
        let bearer = bearer.map_err(|UnknownToken| Refusal::Unauthenticated("ACL not found".to_owned()))?;
        let service = match stands_for(state, proxy) {
            Ok(service) => service,
            // Who may do nothing is not told which proxies there are.
            Err(refusal) => {
                let any = Need::Any(Labelled::Service, Wanted::Write);
                return Err(match bearer.filter(|bearer| !bearer.authorizer.allows(&any)) {
                    Some(bearer) => Refusal::Denied(bearer.lacks(&any)),
                    None => refusal,
                });
            }
        };
        let need = Need::Of(Labelled::Service, service.as_str().to_owned(), Wanted::Write);
        match bearer.filter(|bearer| !bearer.authorizer.allows(&need)) {
            Some(bearer) => {
                tracing::info!(target: "weft::audit", proxy = proxy.id.as_str(), lacks = %need, "xDS refused");
                Err(Refusal::Denied(bearer.lacks(&need)))
            }
            None => Ok(service),
        }
    }
}

fn identify(node: &envoy::core::Node, own: &NodeName) -> ProxyId {
    use weft_proto::google::protobuf::value::Kind;
    let named = node.metadata.as_ref().and_then(|metadata| metadata.fields.get(NODE_NAME));
    let named = named.and_then(|value| match &value.kind {
        Some(Kind::StringValue(name)) if !name.is_empty() => Some(NodeName::from(name)),
        _ => None,
    });
    ProxyId { node: named.unwrap_or_else(|| own.clone()), id: node.id.as_str().into() }
}

/// The service whose identity a sidecar bears.
fn stands_for(state: &State, proxy: &ProxyId) -> Result<ServiceName, Refusal> {
    let view = StateView::new(state);
    let registered = view.own_service(&proxy.node, &proxy.id).map(|service| service.value);
    let sidecar = registered.as_ref().filter(|service| service.kind == ServiceKind::ConnectProxy);
    let service = sidecar.and_then(|sidecar| sidecar.mesh_destination());
    service.cloned().ok_or_else(|| Refusal::UnknownProxy(proxy.id.as_str().to_owned()))
}
