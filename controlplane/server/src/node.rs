//! This agent's own place in the catalog: its node, its liveness, and the server that it is.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use parking_lot::RwLock;
use uuid::Uuid;
use weft_model::catalog::{Meta, Node, Service};
use weft_model::health::{Check, CheckStatus, Definition, SERF_HEALTH};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{ApplyError, Command, ServiceName};
use weft_state::{ProposeError, StateView, Store};

use crate::VERSION;
use crate::config::NodeConfig;
use crate::keep::{self, Durability};

/// The key of a node's metadata that tells the nodes of agents from others.
pub(crate) const SEGMENT: &str = "consul-network-segment";

/// The key under which a client agent's node says what it runs.
pub(crate) const VERSION_META: &str = "consul-version";

/// The service under which clients look for servers.
pub(crate) const SERVER_SERVICE: &str = "consul";

/// The node as it is registered.
pub(crate) fn describe(config: &NodeConfig, id: String) -> Node {
    let address = config.address.to_string();
    let mut meta = config.meta.clone();
    meta.entry(SEGMENT.to_owned()).or_default();
    Node {
        id,
        name: config.name.clone(),
        datacenter: config.datacenter.clone(),
        tagged_addresses: config.tagged_addresses.clone(),
        address,
        meta,
    }
}

/// This agent's node. A reload changes what it says of itself. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Own(Arc<RwLock<Arc<Node>>>);

impl Own {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(Arc::new(RwLock::new(node)))
    }

    pub(crate) fn get(&self) -> Arc<Node> {
        Arc::clone(&self.0.read())
    }

    /// Says this of itself in the catalog, beside what agents say by themselves.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) async fn set_meta(&self, store: &Store, meta: &Meta) -> anyhow::Result<()> {
        let known = self.get();
        let mut meta = meta.clone();
        meta.extend(
            known.meta.iter().filter(|(key, _)| key.starts_with("consul-")).map(|(k, v)| (k.clone(), v.clone())),
        );
        if meta == known.meta {
            return Ok(());
        }
        let node = Node { meta, ..(*known).clone() };
        let registration = Registration { node: node.clone(), ..Registration::default() };
        store.propose(Command::Register(Box::new(registration))).await.context("node_meta")?;
        // Not before: the next reload has to see that it is still to be written.
        *self.0.write() = Arc::new(node);
        Ok(())
    }
}

/// The configured id, else the one in the data directory, else a new one, which is kept there.
pub(crate) fn id(config: &NodeConfig, data_dir: Option<&Path>) -> anyhow::Result<String> {
    if !config.id.is_empty() {
        return Ok(config.id.clone());
    }
    let made = Uuid::new_v4().to_string();
    let Some(path) = data_dir.map(|dir| dir.join("node-id")) else { return Ok(made) };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let id: Uuid = text.trim().parse().with_context(|| format!("{} holds no node id", path.display()))?;
            Ok(id.to_string())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            keep::replace(&path, made.as_bytes(), Durability::Synced).with_context(|| path.display().to_string())?;
            Ok(made)
        }
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The output of a check of a server that answers.
pub(crate) const ALIVE: &str = "Agent alive and reachable";

/// The output of a check of a server that was told to end, and did not leave.
pub(crate) const RESTARTING: &str = "Agent is restarting";

/// Registers the node, or brings its registration up to date. What is the same writes nothing that
/// readers notice.
pub(crate) async fn register(store: &Store, node: &Node, server_port: u16) -> anyhow::Result<()> {
    let mut registration = Registration {
        node: node.clone(),
        services: vec![ServiceRegistration { service: server(server_port), ..ServiceRegistration::default() }],
        checks: vec![alive(node)],
        ..Registration::default()
    };
    bring_along(store, node, &mut registration).await?;
    store.propose(Command::Register(Box::new(registration))).await.context("registering this node")?;
    Ok(())
}

/// An agent that was given another name takes what is registered with it along. The node id passes to
/// the new name, and the old one goes, in the same write as the registrations; for that the old name must
/// not count as alive any more. A crash in between changes nothing that the next start does not repeat.
async fn bring_along(store: &Store, node: &Node, registration: &mut Registration) -> anyhow::Result<()> {
    let state = store.current();
    let view = StateView::new(&state);
    let former = view.nodes().into_iter().find(|known| known.value.id == node.id && known.value.name != node.name);
    let Some(former) = former.map(|former| former.value.name.clone()) else { return Ok(()) };
    tracing::info!(%former, now = %node.name, "this node has another name now");
    let services = view.node_services(&former).into_iter().map(|service| (*service.value).clone());
    registration.services.extend(
        services
            .filter(|service| service.id != SERVER_SERVICE)
            .map(|service| ServiceRegistration { service, ..ServiceRegistration::default() }),
    );
    let checks = view.node_checks(&former).into_iter().map(|check| (*check.value).clone());
    registration.checks.extend(checks.filter(|check| check.id != SERF_HEALTH));
    let renamed = Command::UpdateCheck {
        node: former,
        check: SERF_HEALTH.into(),
        status: CheckStatus::Critical,
        output: format!("The agent is called {} now", node.name),
    };
    match store.propose(renamed).await {
        // Without the check nobody takes the old name for alive.
        Ok(_) | Err(ProposeError::Refused(ApplyError::NotFound(_))) => Ok(()),
        Err(error) => Err(error).context("giving up the former node name"),
    }
}

fn server(port: u16) -> Service {
    let meta = [("version", VERSION), ("raft_version", "3"), ("non_voter", "false"), ("read_replica", "false")];
    Service {
        id: SERVER_SERVICE.into(),
        name: SERVER_SERVICE.into(),
        port,
        meta: meta.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..Service::default()
    }
}

pub(crate) fn alive(node: &Node) -> Check {
    Check {
        node: node.name.clone(),
        id: SERF_HEALTH.into(),
        name: "Serf Health Status".to_owned(),
        status: CheckStatus::Passing,
        notes: String::new(),
        output: ALIVE.to_owned(),
        service_id: weft_model::ServiceId::default(),
        service_name: ServiceName::default(),
        service_tags: Vec::new(),
        kind: String::new(),
        definition: Definition::default(),
        definition_public: false,
    }
}
