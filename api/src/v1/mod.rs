//! Handlers, one file an area. Reads are pure functions of a view of the state.

pub(crate) mod acl;
pub(crate) mod agent;
pub(crate) mod catalog;
pub(crate) mod config_entry;
pub(crate) mod connect;
pub(crate) mod coordinate;
pub(crate) mod discovery_chain;
pub(crate) mod event;
pub(crate) mod exported;
pub(crate) mod federation;
pub(crate) mod health;
pub(crate) mod kv;
pub(crate) mod operator;
pub(crate) mod peering;
pub(crate) mod query;
mod select;
pub(crate) mod session;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod txn;
pub(crate) mod ui;
pub(crate) mod virtual_ip;
pub(crate) mod weft;
