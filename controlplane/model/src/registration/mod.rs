//! What a registration brings into the catalog, and the definition that people write: a service with
//! its checks and, optionally, its sidecar. Defaults and rules are those of Consul's agent.

mod check;
mod definition;
mod sidecar;
mod validate;

use serde::{Deserialize, Serialize};

use crate::catalog::{Node, Service};
use crate::health::Check;
use crate::names::ServiceId;

pub use check::CheckBody;
pub use definition::{ConnectBody, ServiceDefinition};
pub use sidecar::{SIDECAR_SUFFIX, sidecar_id};

/// One atomic registration: a node, instances on it, and checks of both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    pub node: Node,
    /// Leave the node as it is; it must exist.
    pub skip_node_update: bool,
    pub services: Vec<ServiceRegistration>,
    /// Checks of the node, or of any of its instances.
    pub checks: Vec<Check>,
    /// Keep the last result of checks that exist already (what an agent does), instead of writing the
    /// given one (what the catalog endpoint does).
    pub keep_status: bool,
}

/// One instance in a [`Registration`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceRegistration {
    pub service: Service,
    /// Remove the instance's checks that this registration does not list.
    pub replace_checks: bool,
    /// Give the instance the first free port of this range (inclusive) when it has none; it keeps the
    /// port that it had.
    pub port_range: Option<(u16, u16)>,
}

impl Registration {
    /// The instance ids that this registration brings.
    pub fn service_ids(&self) -> impl Iterator<Item = &ServiceId> {
        self.services.iter().map(|registration| &registration.service.id)
    }
}
