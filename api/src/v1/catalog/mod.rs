//! `/v1/catalog`: the registry as a whole.

mod read;
mod write;

pub(crate) use read::{connect, node, node_services, nodes, service, services};
pub(crate) use write::{HealthCheck, ServiceBody, check_node_id, deregister, register};
