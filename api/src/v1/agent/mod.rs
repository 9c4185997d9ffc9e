//! `/v1/agent`: what this agent is and has registered. Its instances and checks are those of its own node
//! in the replicated catalog.

mod check;
mod connect;
mod describe;
mod health;
mod host;
mod local;
mod maintenance;
mod member;
mod metrics;
mod monitor;
mod processor;
mod reload;
mod service;
mod token;

pub(crate) use check::{checks, deregister_check, fail, pass, register_check, update, warn};
pub(crate) use connect::{authorize, leaf, roots};
pub(crate) use describe::{itself, version};
pub(crate) use health::{health_by_id, health_by_name};
pub(crate) use host::host;
pub(crate) use maintenance::{node_maintenance, service_maintenance};
pub(crate) use member::{force_leave, join, leave, members};
pub(crate) use metrics::{metrics, stream as metrics_stream};
pub(crate) use monitor::monitor;
pub(crate) use reload::reload;
pub(crate) use service::{deregister_service, register_service, service, services};
pub(crate) use token::set_token;
