//! The agents of the cluster: the nodes whose liveness it watches.

use std::collections::BTreeMap;

use weft_api::host::{Member, MemberStatus};
use weft_model::CheckId;
use weft_model::catalog::Node;
use weft_model::health::{CheckStatus, SERF_HEALTH};
use weft_state::StateView;

use crate::node::{SERVER_SERVICE, VERSION_META};

/// All members in the catalog, by name.
pub(crate) fn of(view: &StateView<'_>) -> Vec<Member> {
    let nodes = view.nodes();
    nodes.iter().filter_map(|node| member(view, &node.value)).collect()
}

/// Client agents have no service of their own to say it.
fn version_of(node: &Node) -> String {
    node.meta.get(VERSION_META).cloned().unwrap_or_default()
}

fn member(view: &StateView<'_>, node: &Node) -> Option<Member> {
    let liveness = view.check(&node.name, &CheckId::from(SERF_HEALTH))?;
    let server = view.service(&node.name, &SERVER_SERVICE.into());
    let port = server.as_ref().map_or(0, |server| server.value.port);
    let meta = |key: &str| server.as_ref().and_then(|server| server.value.meta.get(key).cloned()).unwrap_or_default();
    let alive = liveness.value.status != CheckStatus::Critical;
    let mut tags = BTreeMap::from([
        ("acls", "0".to_owned()),
        ("build", format!("{}:", if server.is_some() { meta("version") } else { version_of(node) })),
        ("dc", node.datacenter.as_str().to_owned()),
        ("id", node.id.clone()),
        ("role", if server.is_some() { "consul" } else { "node" }.to_owned()),
        ("segment", String::new()),
        ("vsn", "2".to_owned()),
        ("vsn_max", "3".to_owned()),
        ("vsn_min", "2".to_owned()),
    ]);
    if server.is_some() {
        tags.extend([("port", port.to_string()), ("raft_vsn", "3".to_owned()), ("read_replica", meta("read_replica"))]);
    }
    Some(Member {
        name: node.name.clone(),
        address: node.address.clone(),
        port,
        tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        status: if alive { MemberStatus::Alive } else { MemberStatus::Failed },
    })
}
