//! `/v1/agent/service(s)`: registration with this agent, and what is registered.

use http::header::HeaderName;
use weft_model::acl::Wanted;
use weft_model::command::Target;
use weft_model::registration::{CheckBody, ServiceDefinition};
use weft_model::{Command, ServiceId};
use weft_state::StateView;

use super::local;
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::blocking;
use crate::call::Call;
use crate::filter::{SERVICE, retain};
use crate::options;
use crate::refusal::Refusal;
use crate::wire::service::{AgentServices, HashedService, agent_service_value};

const CONTENT_HASH: HeaderName = HeaderName::from_static("x-consul-contenthash");

/// All instances by their id.
pub(crate) fn services(call: &Call, view: &StateView<'_>) -> Outcome {
    let filter = call.filter(&SERVICE)?;
    let mut services = local::services(call, view);
    let gate = call.gate(view.state())?;
    gate.retain(&mut services, |found| access::service(found.value.name.as_str(), Wanted::Read));
    retain(filter.as_ref(), &mut services, |service| agent_service_value(&service.value));
    Ok(Answer::json(AgentServices(services)))
}

/// One instance. With the hash of what the client knows, waits until something else is to be shown.
pub(crate) async fn service(call: Call) -> Outcome {
    let id = ServiceId::from(call.path_name("Missing service ID")?);
    let known = call.query.text("hash");
    let find = |view: &StateView<'_>| {
        call.bearer(view.state())?;
        let service = local::service(&call, view, &id).ok_or_else(|| unknown(&id))?;
        call.require(view.state(), &access::service(service.value.name.as_str(), Wanted::Read))?;
        Ok(HashedService::new(service.value))
    };
    let store = &call.host.store;
    let (found, _) = if known.is_empty() {
        blocking::once(store, find)?
    } else {
        let deadline = blocking::deadline(options::wait(&call.query, &call.host.agent.terms)?);
        blocking::until(store, deadline, find, |found, _| found.hash != known).await?
    };
    let hash = found.hash.clone();
    Ok(Answer::json(found).header(CONTENT_HASH, &hash))
}

fn unknown(id: &ServiceId) -> Refusal {
    Refusal::not_found(format!("unknown service ID: {id}"))
}

/// Adds or replaces an instance with its checks and, where it asks for one, its sidecar.
pub(crate) async fn register_service(call: Call) -> Outcome {
    let definition: ServiceDefinition = call.decode()?;
    let replace_checks = call.flag("replace-existing-checks")?;
    refuse_scripts(&call, &definition)?;
    if definition.name == local::SERVERS || definition.id == local::SERVERS {
        return Err(Refusal::bad_request(format!("The service {:?} is that of the servers", local::SERVERS)));
    }
    let agent = &call.host.agent;
    let token = if definition.token.is_empty() { call.token.clone() } else { definition.token.clone() };
    let registration = definition
        .into_registration(&agent.node, agent.sidecar_ports, replace_checks)
        .map_err(|faults| Refusal::bad_request(faults.to_string()))?;
    local::vet(&call, &registration)?;
    call.host.checks.registering(&registration, &token);
    call.propose(Command::Register(Box::new(registration))).await?;
    Ok(Answer::empty())
}

fn refuse_scripts(call: &Call, definition: &ServiceDefinition) -> Result<(), Refusal> {
    for check in definition.check.iter().chain(&definition.checks) {
        refuse_script(call, check)?;
    }
    match definition.connect.as_ref().and_then(|connect| connect.sidecar_service.as_ref()) {
        Some(sidecar) => refuse_scripts(call, sidecar),
        None => Ok(()),
    }
}

/// Commands are run on the word of a remote caller only where the agent's configuration says so.
pub(super) fn refuse_script(call: &Call, check: &CheckBody) -> Result<(), Refusal> {
    if call.host.agent.remote_scripts || check.command().is_empty() {
        return Ok(());
    }
    Err(Refusal::failed(
        "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
    ))
}

/// Removes an instance, its checks, and the sidecar that came with it.
pub(crate) async fn deregister_service(call: Call) -> Outcome {
    let id = ServiceId::from(call.path_name("Missing service ID")?);
    let service = local::existing_service(&call, &id).await?;
    call.require_now(&access::service(service.value.name.as_str(), Wanted::Write))?;
    let command = Command::Deregister { node: call.own_node().clone(), target: Target::Service(id) };
    call.propose(command).await?;
    Ok(Answer::empty())
}
