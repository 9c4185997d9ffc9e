//! All services in short.

use weft_model::ServiceName;
use weft_model::acl::Wanted;
use weft_model::catalog::ServiceKind;
use weft_model::config_entry::{Consumer, ExportedServices, Kind};
use weft_state::{Instance, StateView};

use super::summary::summary;
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{HEALTH_ROW, retain};
use crate::refusal::Refusal;
use crate::v1::catalog::gateway;
use crate::v1::select::of_peer;
use crate::wire::health::health_value;
use crate::wire::ui::Summary;

/// All services; the filter is asked of their instances.
pub(crate) fn services(call: &Call, view: &StateView<'_>) -> Outcome {
    let names = if of_peer(call) { Vec::new() } else { view.services(|_| true).into_keys().collect() };
    Ok(Answer::json(summaries(call, view, names)?))
}

/// The services that are exported to a peer.
pub(crate) fn exported(call: &Call, view: &StateView<'_>) -> Outcome {
    let peer = call.query.text("peer");
    let mut names = Vec::new();
    for entry in view.config_entries(Kind::ExportedServices) {
        let Some(entry) = entry.value.document::<ExportedServices>() else { continue };
        let to = |consumer: &Consumer| consumer.peer == peer;
        for service in entry.services.iter().filter(|service| service.consumers.iter().any(to)) {
            match service.name.as_str() {
                "*" => names.extend(gateway::ordinary_services(view)),
                name => names.push(ServiceName::from(name)),
            }
        }
    }
    names.sort();
    names.dedup();
    Ok(Answer::json(summaries(call, view, names)?))
}

fn summaries(call: &Call, view: &StateView<'_>, names: Vec<ServiceName>) -> Result<Vec<Summary>, Refusal> {
    let filter = call.filter(&HEALTH_ROW)?;
    let gate = call.gate(view.state())?;
    let datacenter = call.host.agent.node.datacenter.as_str();
    let behind_gateways = gateway::behind_any(view);
    let mut shown = Vec::new();
    for name in names {
        let mut instances = view.instances(&name);
        gate.instances(&mut instances);
        retain(filter.as_ref(), &mut instances, health_value);
        if instances.is_empty() {
            continue;
        }
        let mut short = summary(name.as_str(), datacenter, &instances);
        let is_sidecar = |found: &Instance| found.service.value.kind == ServiceKind::ConnectProxy;
        let mut proxies = view.connect_instances(&name);
        gate.instances(&mut proxies);
        short.connected_with_proxy = Some(proxies.iter().any(is_sidecar));
        short.connected_with_gateway = Some(behind_gateways.contains(&name));
        let behind = gateway::ports_behind(view, name.as_str()).into_keys();
        let seen = behind.filter(|service| gate.shows(&access::service(service.as_str(), Wanted::Read)));
        short.gateway_config.associated_service_count = seen.count();
        shown.push(short);
    }
    Ok(shown)
}
