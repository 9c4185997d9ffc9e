//! `/v1/internal/ui`: the catalog as a user interface shows it, put together on the server.

mod gateway;
mod metrics;
mod node;
mod overview;
mod service;
mod summary;
mod topology;

pub(crate) use gateway::{behind, intentions};
pub(crate) use metrics::metrics;
pub(crate) use node::{node, nodes};
pub(crate) use overview::overview;
pub(crate) use service::{exported, services};
pub(crate) use topology::{KINDS, topology};
