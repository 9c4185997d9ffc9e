//! The ADS service over real gRPC, with an in-process client that speaks either protocol.
#![allow(unreachable_pub, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod server;

mod conformance;
mod ledger;
mod r01_node;
mod r14_slow_readers;
mod r15_hostile_clients;
mod r18_end_of_streams;
mod r19_identity;
