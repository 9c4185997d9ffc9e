//! `filter` where Consul 1.8.7 has none: members and config entries, with the selectors of later versions.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::Agent;

async fn names(agent: &Agent, path: &str) -> Vec<String> {
    let rows = agent.get(path).await.json();
    rows.as_array().unwrap().iter().map(|row| row["Name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn members_are_kept_by_their_tags() {
    let agent = Agent::start().await;
    assert_eq!(names(&agent, "/v1/agent/members?filter=Tags%5B%22dc%22%5D==dc1").await, ["n1"]);
    assert!(names(&agent, "/v1/agent/members?filter=Tags%5B%22dc%22%5D==dc2").await.is_empty());
    assert!(names(&agent, "/v1/agent/members?filter=Status!=1").await.is_empty());
    let unknown = agent.get("/v1/agent/members?filter=Nope==x").await;
    assert_eq!(unknown.text, r#"Failed to create boolean expression evaluator: Selector "Nope" is not valid"#);
}

#[tokio::test]
async fn config_entries_are_kept_by_the_fields_of_their_kind() {
    let agent = Agent::start().await;
    for entry in [
        json!({"Kind": "service-defaults", "Name": "api", "Protocol": "http", "Meta": {"team": "a"}}),
        json!({"Kind": "service-defaults", "Name": "db", "MeshGateway": {"Mode": "local"}}),
        json!({"Kind": "service-intentions", "Name": "api", "Sources": [{"Name": "web", "Action": "allow"}]}),
        json!({"Kind": "service-intentions", "Name": "db", "Sources": [{"Name": "api", "Action": "deny"}]}),
    ] {
        agent.done("/v1/config", entry).await;
    }
    for (kind, filter, kept) in [
        ("service-defaults", "Name==api", "api"),
        ("service-defaults", "Protocol==http", "api"),
        ("service-defaults", "Meta.team==a", "api"),
        ("service-defaults", "MeshGateway.Mode==local", "db"),
        ("service-intentions", "Sources.Name==web", "api"),
        ("service-intentions", "Sources.Action==deny", "db"),
    ] {
        assert_eq!(names(&agent, &format!("/v1/config/{kind}?filter={filter}")).await, [kept], "{filter}");
    }
    assert_eq!(agent.get("/v1/config/mesh?filter=Protocol==http").await.status, 500);
}
