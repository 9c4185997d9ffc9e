//! Handlers, one file an area. Reads are pure functions of a view of the state.

pub(crate) mod agent;
pub(crate) mod catalog;
pub(crate) mod config_entry;
pub(crate) mod connect;
pub(crate) mod health;
mod select;
pub(crate) mod status;
pub(crate) mod weft;
