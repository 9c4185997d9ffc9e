//! A state out of a file that reads like what people write: nodes with service definitions, config
//! entries, and whose resources are wanted. Or one with a single service, `api`.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use weft_mesh::{ProxyId, Scope};
use weft_model::ca::CaState;
use weft_model::catalog::Node;
use weft_model::config_entry::{ConfigEntry, Protocol};
use weft_model::intention::DefaultPolicy;
use weft_model::registration::ServiceDefinition;
use weft_model::{Command, Envelope, NodeName, RequestId, Timestamp};
use weft_state::{State, apply};
use weft_xds::resources::{ProxyCompiler, SharedResources};
use weft_xds::set::{ResourceSet, ResourceType};

use crate::authority;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(default)]
    pub(crate) default: DefaultPolicy,
    pub(crate) nodes: Vec<CaseNode>,
    #[serde(default)]
    pub(crate) config: Vec<Value>,
    /// Instance ids of sidecars on the first node.
    pub(crate) proxies: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseNode {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) services: Vec<ServiceDefinition>,
}

impl Case {
    pub(crate) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap()
    }

    /// The state with all of it, in the trust of `ca`.
    pub(crate) fn state(&self, ca: CaState) -> State {
        let mut history = vec![Command::CaUpdate { expected_modify_index: 0, ca: Box::new(ca) }];
        for node in &self.nodes {
            let node_value = Node {
                name: node.name.as_str().into(),
                address: node.address.clone(),
                datacenter: "dc1".into(),
                ..Node::default()
            };
            history.push(Command::register_node(node_value.clone()));
            for service in &node.services {
                let registration = service.clone().into_registration(&node_value, (21000, 21255), true).unwrap();
                history.push(Command::Register(Box::new(registration)));
            }
        }
        for document in &self.config {
            let entry = ConfigEntry::decode(document.clone()).unwrap();
            entry.validate().unwrap();
            history.push(Command::ConfigUpsert { entry: Box::new(entry), cas: None });
        }
        replay(&history)
    }

    pub(crate) fn shared(&self) -> Arc<SharedResources> {
        SharedResources::new(scope(self.default))
    }

    pub(crate) fn proxy_ids(&self) -> Vec<ProxyId> {
        let node: NodeName = self.nodes[0].name.as_str().into();
        self.proxies.iter().map(|id| ProxyId { node: node.clone(), id: id.into() }).collect()
    }
}

/// The service `api` with a sidecar on a port of this machine.
pub(crate) struct Single {
    pub(crate) default: DefaultPolicy,
    pub(crate) protocol: Protocol,
    pub(crate) entries: Vec<ConfigEntry>,
    /// Where the sidecar listens.
    pub(crate) port: u16,
    /// Where the application listens.
    pub(crate) app: u16,
}

impl Single {
    pub(crate) fn state(&self, ca: &CaState) -> State {
        let definition = serde_json::json!({
            "Name": "api",
            "Port": self.app,
            "Connect": { "SidecarService": { "Port": self.port, "Address": "127.0.0.1" } },
        });
        let service = serde_json::from_value(definition).unwrap();
        let protocol = serde_json::json!({
            "Kind": "service-defaults", "Name": "api", "Protocol": self.protocol.as_str(),
        });
        let case = Case {
            default: self.default,
            nodes: vec![CaseNode { name: "n1".into(), address: "127.0.0.1".into(), services: vec![service] }],
            config: vec![protocol],
            proxies: vec![],
        };
        let mut state = case.state(ca.clone());
        for entry in &self.entries {
            let upsert = Command::ConfigUpsert { entry: Box::new(entry.clone()), cas: None };
            let index = state.index() + 1;
            state = step(&state, index, upsert).0;
        }
        state
    }

    /// What its proxy gets, with a real certificate.
    pub(crate) fn resources(&self, ca: &CaState) -> ResourceSet {
        let proxy = ProxyId { node: "n1".into(), id: "api-sidecar-proxy".into() };
        let mut compiler = ProxyCompiler::new(SharedResources::new(scope(self.default)), proxy);
        let _ = compiler.update(&self.state(ca), &BTreeSet::new());
        let _ = compiler.set_leaf(&authority::real_leaf(ca, "api"));
        compiler.resources().unwrap().clone()
    }
}

pub(crate) fn scope(default_policy: DefaultPolicy) -> Scope {
    Scope { datacenter: "dc1".into(), default_policy }
}

pub(crate) fn replay(history: &[Command]) -> State {
    let mut state = State::default();
    for (index, command) in (1u64..).zip(history) {
        state = step(&state, index, command.clone()).0;
    }
    state
}

/// The state after one more command, and the topics that it touched.
pub(crate) fn step(state: &State, index: u64, command: Command) -> (State, weft_state::Changes) {
    let id = RequestId { origin: 1, sequence: index };
    let outcome = apply(state, index, &Envelope { id, settled: index, at: Timestamp(0), command });
    (outcome.state, outcome.changed)
}

/// Adds another proxy's resources to those of an Envoy.
pub(crate) fn merge(into: &mut ResourceSet, set: &ResourceSet) {
    for of in ResourceType::all() {
        into.extend(set.iter(of).cloned());
    }
}
