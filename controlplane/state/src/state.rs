//! The tables. Primary tables are stored and sent; the derived ones are rebuilt from them.

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};
use weft_model::ca::CaState;
use weft_model::catalog::{Indexed, Node, Service};
use weft_model::config_entry::{ConfigEntry, Kind};
use weft_model::health::Check;
use weft_model::{ApplyError, CheckId, NodeName, Reply, RequestId, ServiceId, ServiceName, Topic};

/// Everything that the cluster knows, as of one log index. Clones share structure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(crate) index: u64,
    pub(crate) nodes: OrdMap<NodeName, Indexed<Node>>,
    pub(crate) services: OrdMap<(NodeName, ServiceId), Indexed<Service>>,
    pub(crate) checks: OrdMap<(NodeName, CheckId), Indexed<Check>>,
    pub(crate) config: OrdMap<(Kind, String), Indexed<ConfigEntry>>,
    pub(crate) ca: Option<Indexed<CaState>>,
    /// The last certificate serial number that was reserved.
    pub(crate) serial: u64,
    /// Log index of the last change of each topic; removals count, so an index never goes back.
    pub(crate) touched: OrdMap<Topic, u64>,
    pub(crate) requests: Requests,
    #[serde(skip)]
    pub(crate) derived: Derived,
}

/// Secondary orders of the primary tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Derived {
    pub(crate) node_ids: OrdMap<String, NodeName>,
    pub(crate) by_name: OrdSet<(ServiceName, NodeName, ServiceId)>,
    /// Proxies and native instances by the mesh destination that they serve.
    pub(crate) by_destination: OrdSet<(ServiceName, NodeName, ServiceId)>,
    /// Checks by the instance they belong to; those of the node itself under the empty id.
    pub(crate) checks_of: OrdSet<(NodeName, ServiceId, CheckId)>,
}

/// The newest requests and what they were answered, so that a retry is not applied twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Requests {
    answers: OrdMap<RequestId, Result<Reply, ApplyError>>,
    order: Vector<RequestId>,
}

impl Requests {
    /// How many requests are remembered; a retry comes within seconds of its first try.
    const KEPT: usize = 8192;

    pub(crate) fn answer(&self, id: RequestId) -> Option<&Result<Reply, ApplyError>> {
        self.answers.get(&id)
    }

    pub(crate) fn remember(&mut self, id: RequestId, answer: Result<Reply, ApplyError>) {
        self.answers.insert(id, answer);
        self.order.push_back(id);
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}

impl State {
    /// The log index of the last applied entry.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The log index at which `topic` last changed; 0 when it never did.
    #[must_use]
    pub fn touched_at(&self, topic: &Topic) -> u64 {
        self.touched.get(topic).copied().unwrap_or(0)
    }

    /// Rebuilds the derived tables from the primary ones.
    pub(crate) fn derive(&mut self) {
        let mut derived = Derived::default();
        for (name, node) in &self.nodes {
            derived.add_node(name, &node.value);
        }
        for ((node, _), service) in &self.services {
            derived.add_service(node, &service.value);
        }
        for ((node, id), check) in &self.checks {
            derived.checks_of.insert((node.clone(), check.value.service_id.clone(), id.clone()));
        }
        self.derived = derived;
    }
}

impl Derived {
    pub(crate) fn add_node(&mut self, name: &NodeName, node: &Node) {
        if !node.id.is_empty() {
            self.node_ids.insert(node.id.clone(), name.clone());
        }
    }

    pub(crate) fn add_service(&mut self, node: &NodeName, service: &Service) {
        self.by_name.insert((service.name.clone(), node.clone(), service.id.clone()));
        if let Some(destination) = service.mesh_destination() {
            self.by_destination.insert((destination.clone(), node.clone(), service.id.clone()));
        }
    }

    pub(crate) fn remove_service(&mut self, node: &NodeName, service: &Service) {
        self.by_name.remove(&(service.name.clone(), node.clone(), service.id.clone()));
        if let Some(destination) = service.mesh_destination() {
            self.by_destination.remove(&(destination.clone(), node.clone(), service.id.clone()));
        }
    }
}
