//! Clusters of `weft agent --server` processes on loopback addresses: they form, survive, grow, shrink, serve client
//! agents, and refuse what would harm them.
#![allow(clippy::unwrap_used)]

mod harness;

mod agents;
mod forming;
mod leaving;
mod recovery;
mod refusals;
mod replacing;
mod revoking;
mod rolling;
mod sealing;
mod starts;
mod surviving;
