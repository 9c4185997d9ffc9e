//! `/v1/agent/members`: the agents of the cluster, and who joins and leaves it.

use std::collections::BTreeMap;

use weft_model::NodeName;
use weft_model::acl::Wanted;
use weft_model::catalog::Node;
use weft_state::StateView;

use super::local::SERVERS;
use crate::access;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::filter::{MEMBER, retain};
use crate::host::{self, MemberStatus};
use crate::refusal::Refusal;
use crate::wire::agent::Member;

/// All members; `wan` shows the servers under their federation names.
pub(crate) fn members(call: &Call, view: &StateView<'_>) -> Outcome {
    if !matches!(call.query.text("segment"), "" | "_all") {
        return Err(Refusal::failed("Network segments are not supported in this version of Consul"));
    }
    let filter = call.filter(&MEMBER)?;
    let mut members: Vec<_> = call.host.cluster.members().into_iter().map(Member::from).collect();
    if members.iter().all(|member| call.own_node() != member.name.as_str()) {
        members.push(own_member(call));
    }
    let gate = call.gate(view.state())?;
    gate.retain(&mut members, |member| access::node(&member.name, Wanted::Read));
    if !call.query.text("wan").is_empty() {
        members.retain(|member| member.tags.get("role").is_some_and(|role| role == SERVERS));
        for member in &mut members {
            member.name = format!("{}.{}", member.name, call.host.agent.node.datacenter);
        }
    }
    retain(filter.as_ref(), &mut members, |member| serde_json::to_value(member));
    Ok(Answer::json(members))
}

/// This agent.
pub(super) fn own_member(call: &Call) -> Member {
    let known = call.host.cluster.members().into_iter().find(|member| member.name == *call.own_node());
    known.map_or_else(|| describe(call), Member::from)
}

/// This agent, before the cluster knows it.
fn describe(call: &Call) -> Member {
    let agent = &call.host.agent;
    let node: &Node = &agent.node;
    let port: u16 = agent.server_address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    let tags = [
        ("acls", if call.host.access.enabled() { "1" } else { "0" }.to_owned()),
        ("build", format!("{}:{}", agent.version, agent.revision)),
        ("dc", node.datacenter.as_str().to_owned()),
        ("id", node.id.clone()),
        ("port", port.to_string()),
        ("role", if call.host.cluster.is_server() { SERVERS } else { "node" }.to_owned()),
        ("segment", String::new()),
        ("vsn", "2".to_owned()),
    ];
    Member::from(host::Member {
        name: node.name.clone(),
        address: node.address.clone(),
        port,
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        status: MemberStatus::Alive,
    })
}

/// Lets this agent and the one at an address find each other.
pub(crate) async fn join(call: Call) -> Outcome {
    let address = call.path_name("Missing address")?.to_owned();
    refuse_wan(&call)?;
    call.host.cluster.join(address).await?;
    Ok(Answer::empty())
}

/// Leaves the cluster; the agent ends afterwards.
pub(crate) async fn leave(call: Call) -> Outcome {
    call.host.cluster.leave().await?;
    Ok(Answer::empty())
}

/// Makes a failed member one that has left.
pub(crate) async fn force_leave(call: Call) -> Outcome {
    refuse_wan(&call)?;
    let node = NodeName::from(call.rest.as_str());
    call.host.cluster.force_leave(node, call.query.has("prune")).await?;
    Ok(Answer::empty())
}

fn refuse_wan(call: &Call) -> Result<(), Refusal> {
    match call.flag("wan")? {
        true => Err(Refusal::failed("there is no federation of datacenters yet")),
        false => Ok(()),
    }
}
