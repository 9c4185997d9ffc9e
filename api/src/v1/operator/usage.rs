//! How much is registered.

use std::collections::{BTreeMap, BTreeSet};

use weft_model::catalog::{Service, ServiceKind};
use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::wire::operator::{Usage, UsageAnswer};

/// The servers' own service: not counted among those that are billed elsewhere.
const SERVERS: &str = "consul";

/// How much is registered in this datacenter.
pub(crate) fn usage(call: &Call, view: &StateView<'_>) -> Outcome {
    let datacenter = call.host.agent.node.datacenter.as_str().to_owned();
    let contact = call.host.cluster.contact();
    Ok(Answer::json(UsageAnswer {
        usage: BTreeMap::from([(datacenter, count(view))]),
        index: view.state_index(),
        last_contact: u64::try_from(contact.last_contact.as_millis()).unwrap_or(u64::MAX),
        known_leader: contact.known_leader,
        consistency_level: call.options.consistency.as_str(),
    }))
}

/// The numbers.
pub(crate) fn count(view: &StateView<'_>) -> Usage {
    let nodes = view.nodes();
    let mut names = BTreeSet::new();
    let mut connect = BTreeMap::from(
        ["connect-native", "connect-proxy", "ingress-gateway", "mesh-gateway", "terminating-gateway", "api-gateway"]
            .map(|kind| (kind, 0)),
    );
    let (mut instances, mut billable) = (0, 0);
    for node in &nodes {
        for service in view.node_services(&node.value.name) {
            let service = &*service.value;
            instances += 1;
            billable += usize::from(service.kind == ServiceKind::Typical && service.name != SERVERS);
            if let Some(kind) = connect_kind(service) {
                *connect.entry(kind).or_default() += 1;
            }
            names.insert(service.name.clone());
        }
    }
    Usage {
        nodes: nodes.len(),
        services: names.len(),
        service_instances: instances,
        connect_service_instances: connect,
        billable_service_instances: billable,
    }
}

fn connect_kind(service: &Service) -> Option<&'static str> {
    match service.kind {
        ServiceKind::Typical => service.native.then_some("connect-native"),
        ServiceKind::ConnectProxy
        | ServiceKind::MeshGateway
        | ServiceKind::TerminatingGateway
        | ServiceKind::IngressGateway
        | ServiceKind::ApiGateway => Some(service.kind.as_str()),
    }
}
