//! What a stream's first request must say of its node.

use tonic::Status;
use weft_proto::envoy::core::{Node, node::UserAgentVersionType};

/// Checks the node of the first request.
pub(super) fn admit(node: Option<Node>, envoy_min: (u32, u32)) -> Result<Node, Status> {
    let node = node.filter(|node| !node.id.is_empty());
    let node =
        node.ok_or_else(|| Status::invalid_argument("the first request of a stream must carry a node with an id"))?;
    match envoy_version(&node) {
        Some(version) if version < envoy_min => Err(Status::failed_precondition(format!(
            "Envoy {}.{} is not supported: {}.{} or newer is needed",
            version.0, version.1, envoy_min.0, envoy_min.1
        ))),
        Some(_) | None => Ok(node),
    }
}

/// Checks that a later request is of the same node. It need not carry one.
pub(super) fn confirm(node: Option<&Node>, id: &str) -> Result<(), Status> {
    match node {
        Some(node) if !node.id.is_empty() && node.id != id => {
            Err(Status::invalid_argument(format!("the node changed within a stream: {id:?} became {:?}", node.id)))
        }
        Some(_) | None => Ok(()),
    }
}

/// Software and version, for display.
pub(super) fn agent(node: &Node) -> String {
    let version = match &node.user_agent_version_type {
        Some(UserAgentVersionType::UserAgentVersion(text)) => text.clone(),
        Some(UserAgentVersionType::UserAgentBuildVersion(build)) => {
            let version = build.version.unwrap_or_default();
            let (major, minor) = (version.major_number, version.minor_number);
            format!("{major}.{minor}.{}", version.patch)
        }
        None => String::new(),
    };
    format!("{} {version}", node.user_agent_name).trim().to_owned()
}

/// Envoy's version; nothing for other clients, and for an Envoy that does not tell.
fn envoy_version(node: &Node) -> Option<(u32, u32)> {
    if node.user_agent_name != "envoy" {
        return None;
    }
    match node.user_agent_version_type.as_ref()? {
        UserAgentVersionType::UserAgentBuildVersion(build) => {
            let version = build.version.as_ref()?;
            Some((version.major_number, version.minor_number))
        }
        UserAgentVersionType::UserAgentVersion(text) => {
            let mut parts = text.split('.').map(str::parse);
            Some((parts.next()?.ok()?, parts.next()?.ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn envoy(version: &str) -> Node {
        Node {
            id: "web".into(),
            user_agent_name: "envoy".into(),
            user_agent_version_type: Some(UserAgentVersionType::UserAgentVersion(version.into())),
            ..Node::default()
        }
    }

    #[test]
    fn a_node_without_an_id_is_refused() {
        for node in [None, Some(Node::default())] {
            let status = admit(node, (1, 37)).unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
        }
    }

    #[test]
    fn an_old_envoy_is_refused_with_both_versions_in_the_text() {
        let status = admit(Some(envoy("1.30.1")), (1, 37)).unwrap_err();
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        assert!(status.message().contains("1.30"), "{}", status.message());
        assert!(status.message().contains("1.37"), "{}", status.message());
    }

    #[test]
    fn supported_unknown_and_foreign_versions_pass() {
        for version in ["1.37.0", "1.40.2", "2.0.0", "", "devel"] {
            admit(Some(envoy(version)), (1, 37)).unwrap();
        }
        let foreign = Node { user_agent_name: "gRPC Go".into(), ..envoy("1.2.3") };
        admit(Some(foreign), (1, 37)).unwrap();
    }

    #[test]
    fn the_node_may_be_left_out_later_but_not_change() {
        confirm(None, "web").unwrap();
        confirm(Some(&envoy("1.40.0")), "web").unwrap();
        confirm(Some(&envoy("1.40.0")), "api").unwrap_err();
    }
}
