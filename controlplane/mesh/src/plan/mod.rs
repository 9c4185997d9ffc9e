//! Which parts one proxy consists of. Everything about the proxy itself is decided here and stands in
//! the parts by value, so two proxies with equal parts share what is made of them.
//!
//! ```text
//! own registration, service-defaults, proxy-defaults, chains of upstreams ─> Plan { parts, notices }
//! ```

mod inbound;
mod outbound;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use weft_model::catalog::{Proxy, ServiceKind};
use weft_model::{NodeName, ServiceId, ServiceName};
use weft_state::StateView;

use crate::chain::Target;
use crate::{Mesh, Notice};

pub use inbound::{Inbound, LocalApp};
pub use outbound::{Cluster, Limits, Outbound, Outliers};

/// Which proxy is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyId {
    pub node: NodeName,
    pub id: ServiceId,
}

impl fmt::Display for ProxyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node, self.id)
    }
}

/// What one proxy consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The service that the proxy stands for: its identity.
    pub service: ServiceName,
    pub parts: BTreeSet<Part>,
    pub notices: Vec<Notice>,
}

/// A thing that resources are made of, with all that the proxy has to say about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The certificates that peers are verified with.
    Roots,
    /// The public listener.
    Inbound(Arc<Inbound>),
    /// The cluster that leads to the application.
    LocalApp(Arc<LocalApp>),
    /// The listener of an upstream, with its routes.
    Outbound(Arc<Outbound>),
    /// The cluster of a target.
    Cluster(Arc<Cluster>),
    /// The instances of a target.
    Endpoints(Target),
}

/// The plan of a sidecar. `None` when there is no such instance, or it is no sidecar.
#[must_use]
pub fn plan(mesh: &Mesh, view: &StateView<'_>, proxy: &ProxyId) -> Option<Plan> {
    let service = view.own_service(&proxy.node, &proxy.id)?.value;
    let config = service.proxy.as_ref().filter(|_| service.kind == ServiceKind::ConnectProxy)?;
    let mut plan = Plan {
        service: config.destination_service_name.clone(),
        parts: BTreeSet::from([Part::Roots]),
        notices: unsupported(config),
    };
    inbound::add(&mut plan, mesh, view, &service, config);
    outbound::add(&mut plan, mesh, view, config);
    Some(plan)
}

impl Plan {
    pub(crate) fn notice(&mut self, about: impl Into<String>, reason: impl Into<String>) {
        self.notices.push(Notice::new(about, reason));
    }
}

/// What a registration can ask for and this version does not do.
fn unsupported(proxy: &Proxy) -> Vec<Notice> {
    let asked = [
        (proxy.is_transparent(), "transparent mode"),
        (proxy.expose.checks || !proxy.expose.paths.is_empty(), "Expose"),
        (!proxy.envoy_extensions.is_empty(), "EnvoyExtensions"),
    ];
    let missing = asked.into_iter().filter(|(asked, _)| *asked);
    missing.map(|(_, what)| Notice::new("proxy", format!("{what} is not supported yet and has no effect"))).collect()
}
