//! Maintenance: a synthetic critical check that takes an instance, or the whole node, out of rotation.

use weft_model::acl::Wanted;
use weft_model::command::Target;
use weft_model::health::{Check, CheckStatus, Definition, NODE_MAINTENANCE, SERVICE_MAINTENANCE_PREFIX};
use weft_model::registration::Registration;
use weft_model::{CheckId, Command, ServiceId, ServiceName};
use weft_state::StateView;

use super::local;
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::query::go_bool;
use crate::refusal::Refusal;

/// Turns the maintenance of one instance on or off.
pub(crate) async fn service_maintenance(call: Call) -> Outcome {
    let id = ServiceId::from(call.path_name("Missing service ID")?);
    let enable = enable(&call)?;
    let service = local::existing_service(&call, &id).await?;
    call.require_now(&access::service(service.value.name.as_str(), Wanted::Write))?;
    switch(
        &call,
        enable,
        Subject {
            check: format!("{SERVICE_MAINTENANCE_PREFIX}{id}").into(),
            name: "Service Maintenance Mode",
            noun: "service",
            service: id,
        },
    )
    .await
}

/// Turns the maintenance of this node on or off.
pub(crate) async fn node_maintenance(call: Call) -> Outcome {
    let enable = enable(&call)?;
    switch(
        &call,
        enable,
        Subject {
            check: NODE_MAINTENANCE.into(),
            name: "Node Maintenance Mode",
            noun: "node",
            service: ServiceId::default(),
        },
    )
    .await
}

/// What goes into maintenance.
struct Subject {
    check: CheckId,
    name: &'static str,
    noun: &'static str,
    service: ServiceId,
}

fn enable(call: &Call) -> Result<bool, Refusal> {
    match call.query.text("enable") {
        "" => Err(Refusal::bad_request("Missing value for enable")),
        text => go_bool(text).ok_or_else(|| Refusal::bad_request(format!("Invalid value for enable: {text:?}"))),
    }
}

async fn switch(call: &Call, enable: bool, subject: Subject) -> Outcome {
    let state = call.caught_up().await?;
    let is_on = StateView::new(&state).check(call.own_node(), &subject.check).is_some();
    // Turned on again it keeps its first reason, as in Consul.
    if enable != is_on {
        let command = if enable {
            enter(call, subject)
        } else {
            Command::Deregister { node: call.own_node().clone(), target: Target::Check(subject.check) }
        };
        call.propose(command).await?;
    }
    Ok(Answer::empty())
}

fn enter(call: &Call, subject: Subject) -> Command {
    let notes = match call.query.text("reason") {
        "" => format!(
            "Maintenance mode is enabled for this {}, but no reason was provided. This is a default message.",
            subject.noun
        ),
        reason => reason.to_owned(),
    };
    let node = call.host.agent.node.clone();
    let check = Check {
        node: node.name.clone(),
        id: subject.check,
        name: subject.name.to_owned(),
        status: CheckStatus::Critical,
        notes,
        output: String::new(),
        service_id: subject.service,
        service_name: ServiceName::default(),
        service_tags: Vec::new(),
        kind: "maintenance".to_owned(),
        definition: Definition::default(),
        definition_public: false,
    };
    Command::Register(Box::new(Registration {
        node,
        skip_node_update: true,
        checks: vec![check],
        ..Registration::default()
    }))
}
