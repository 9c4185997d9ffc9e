//! `/v1/operator`: the servers themselves, and how they look after each other.

mod autopilot;
pub(crate) mod keyring;
mod raft;
mod usage;

pub(crate) use autopilot::{configuration, configure, health, state};
pub(crate) use raft::{raft_configuration, remove_peer, transfer_leader};
pub(crate) use usage::{count as count_usage, usage};
