//! The services behind a gateway in short, and who may call them.

use weft_model::ServiceName;
use weft_model::acl::{Need, Wanted};
use weft_model::intention::Intention;
use weft_state::StateView;

use super::summary::summary;
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::v1::catalog::gateway;
use crate::wire::intention::IntentionRows;

/// The services behind a gateway.
pub(crate) fn behind(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.path_name("Missing gateway name")?;
    call.require(view.state(), &access::service(name, Wanted::Read))?;
    let gate = call.gate(view.state())?;
    let (datacenter, domain) = (call.host.agent.node.datacenter.as_str(), call.host.agent.dns_domain.as_str());
    let mut shown = Vec::new();
    for (service, ports) in gateway::ports_behind(view, name) {
        let mut instances = view.instances(&service);
        gate.instances(&mut instances);
        if !gate.shows(&access::service(service.as_str(), Wanted::Read)) {
            continue;
        }
        let mut short = summary(service.as_str(), datacenter, &instances);
        let address = |(host, port): (Option<String>, u16)| {
            let host = host.unwrap_or_else(|| format!("{service}.ingress.{datacenter}.{domain}"));
            format!("{host}:{port}")
        };
        short.gateway_config.addresses = ports.into_iter().map(address).collect();
        shown.push(short);
    }
    Ok(Answer::json(shown))
}

/// The intentions towards the services behind a terminating gateway.
pub(crate) fn intentions(call: &Call, view: &StateView<'_>) -> Outcome {
    let name = call.path_name("Missing gateway name")?;
    call.require(view.state(), &access::service(name, Wanted::Read))?;
    let mut found = Vec::<Intention>::new();
    for (service, _) in gateway::ports_behind(view, name) {
        for intention in view.intentions_to(&ServiceName::from(service.as_str())) {
            if !found.contains(&intention) {
                found.push(intention);
            }
        }
    }
    call.gate(view.state())?
        .retain(&mut found, |intention| Need::Intention(intention.destination.to_string(), Wanted::Read));
    Ok(Answer::json(IntentionRows(found)))
}
