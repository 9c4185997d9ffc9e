//! `/v1/catalog`: the registry as a whole.

pub(crate) mod central;
mod central_upstreams;
pub(crate) mod gateway;
pub(super) mod holder;
mod read;
pub(crate) mod tagged;
pub(super) mod vet;
mod write;

pub(crate) use gateway::gateway_services;
pub(crate) use read::{connect, node, node_services, nodes, service, services};
pub(crate) use write::{HealthCheck, ServiceBody, check_node_id, deregister, register};
