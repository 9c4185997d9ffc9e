//! `/v1/agent/members`: the agents of the cluster. They are the nodes whose liveness the cluster watches.

use std::collections::BTreeMap;

use weft_model::catalog::Node;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_model::{CheckId, ServiceId};
use weft_state::StateView;

use super::local::SERVERS;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::agent::Member;

const ALIVE: u8 = 1;
const FAILED: u8 = 4;

/// All members; `wan` shows the servers under their federation names.
pub(crate) fn members(call: &Call, view: &StateView<'_>) -> Outcome {
    if !matches!(call.query.text("segment"), "" | "_all") {
        return Err(Refusal::failed("Network segments are not supported in this version of Consul"));
    }
    let wan = !call.query.text("wan").is_empty();
    let mut members: Vec<_> = view.nodes().iter().filter_map(|node| member(call, view, &node.value)).collect();
    if members.iter().all(|member| call.own_node() != member.name.as_str()) {
        members.push(own_member(call));
    }
    if wan {
        members.retain(|member| member.tags.get("role").is_some_and(|role| role == SERVERS));
        for member in &mut members {
            member.name = format!("{}.{}", member.name, call.host.agent.node.datacenter);
        }
    }
    Ok(Answer::json(members))
}

fn member(call: &Call, view: &StateView<'_>, node: &Node) -> Option<Member> {
    if node.name == *call.own_node() {
        return Some(own_member(call));
    }
    let liveness = view.check(&node.name, &CheckId::from(SERF_HEALTH))?;
    let server = view.service(&node.name, &ServiceId::from(SERVERS));
    let alive = liveness.value.status == CheckStatus::Passing;
    let port = server.as_ref().map_or(0, |server| server.value.port);
    let role = if server.is_some() { SERVERS } else { "node" };
    Some(new(call, node, role, port, if alive { ALIVE } else { FAILED }))
}

/// This agent.
pub(super) fn own_member(call: &Call) -> Member {
    let agent = &call.host.agent;
    let port = agent.server_address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    new(call, &agent.node, SERVERS, port, ALIVE)
}

fn new(call: &Call, node: &Node, role: &str, port: u16, status: u8) -> Member {
    let tags = [
        ("acls", "0".to_owned()),
        ("build", format!("{}:{}", call.host.agent.version, call.host.agent.revision)),
        ("dc", node.datacenter.as_str().to_owned()),
        ("id", node.id.clone()),
        ("port", port.to_string()),
        ("role", role.to_owned()),
        ("segment", String::new()),
        ("vsn", "2".to_owned()),
    ];
    Member {
        name: node.name.as_str().to_owned(),
        addr: node.address.clone(),
        port,
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        status,
        protocol_min: 1,
        protocol_max: 5,
        protocol_cur: 2,
        delegate_min: 2,
        delegate_max: 5,
        delegate_cur: 4,
    }
}
