//! `/v1/agent/self` and `/v1/agent/version`: the first questions of most clients.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_model::intention::DefaultPolicy;
use weft_state::StateView;

use super::member::own_member;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::host::AgentInfo;
use crate::refusal::Refusal;
use crate::wire::agent::{Config, SelfRow};
use crate::wire::coordinate::CoordinateRow;

const BUILD_DATE: &str = "1970-01-01T00:00:01Z";

/// What this agent is, how it is configured, and how it does.
pub(crate) fn itself(call: &Call, view: &StateView<'_>) -> Outcome {
    let agent = &call.host.agent;
    let node = &agent.node;
    Ok(Answer::json(SelfRow {
        config: Config {
            datacenter: node.datacenter.as_str().to_owned(),
            primary_datacenter: node.datacenter.as_str().to_owned(),
            node_name: node.name.as_str().to_owned(),
            node_id: node.id.clone(),
            revision: agent.revision.clone(),
            server: call.host.cluster.is_server(),
            version: agent.version.clone(),
            build_date: BUILD_DATE,
        },
        debug_config: debug_config(call),
        coord: coordinate(call, view)?,
        member: own_member(call),
        stats: stats(call),
        // A reload changes it.
        meta: view.node(&node.name).map_or_else(|| node.meta.clone(), |known| known.value.meta.clone()),
        xds: json!({
            "SupportedProxies": {"envoy": agent.envoy_versions},
            "Port": port(agent.grpc_port),
            "Ports": {"Plaintext": port(agent.grpc_port), "TLS": port(agent.grpc_tls_port)},
        }),
    }))
}

/// What the cluster says of itself, and whether it asks who somebody is.
fn stats(call: &Call) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut stats = call.host.cluster.stats();
    let acl = if call.host.access.enabled() { "enabled" } else { "disabled" };
    stats.entry("consul".to_owned()).or_default().insert("acl".to_owned(), acl.to_owned());
    stats
}

/// Where this agent is; before it knows, at the origin.
fn coordinate(call: &Call, view: &StateView<'_>) -> Result<Value, Refusal> {
    let place = view.coordinate(call.own_node()).map(|place| place.coord).unwrap_or_default();
    serde_json::to_value(CoordinateRow::from(&place)).map_err(|error| Refusal::failed(error.to_string()))
}

/// Of the configuration what clients look for; nothing of it is secret.
fn debug_config(call: &Call) -> Value {
    let agent: &AgentInfo = &call.host.agent;
    let node = &agent.node;
    json!({
        "ACLDefaultPolicy": if agent.default_policy == DefaultPolicy::Allow { "allow" } else { "deny" },
        "ACLsEnabled": call.host.access.enabled(),
        "AdvertiseAddrLAN": node.address,
        "ConnectEnabled": true,
        "ConnectSidecarMinPort": agent.sidecar_ports.0,
        "ConnectSidecarMaxPort": agent.sidecar_ports.1,
        "DNSPort": port(agent.dns_port),
        "DNSDomain": agent.dns_domain,
        "Datacenter": node.datacenter,
        "DevMode": agent.dev_mode,
        "GRPCPort": port(agent.grpc_port),
        "GRPCTLSPort": port(agent.grpc_tls_port),
        "HTTPPort": port(agent.http_port),
        "HTTPSPort": port(agent.https_port),
        "NodeID": node.id,
        "NodeName": node.name,
        "PrimaryDatacenter": node.datacenter,
        "ServerMode": call.host.cluster.is_server(),
        "TaggedAddresses": node.tagged_addresses,
        "Version": agent.version,
    })
}

/// -1 stands for a port that is off.
fn port(port: u16) -> i32 {
    if port == 0 { -1 } else { i32::from(port) }
}

/// The version alone.
pub(crate) fn version(call: &Call, _: &StateView<'_>) -> Outcome {
    let agent = &call.host.agent;
    Ok(Answer::json(json!({
        "SHA": agent.revision,
        "BuildDate": BUILD_DATE,
        "HumanVersion": agent.version,
        "FIPS": "",
    })))
}
