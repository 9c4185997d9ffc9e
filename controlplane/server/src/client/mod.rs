//! A client agent: what is registered here is kept here and made known to the servers, which answer all else.
//!
//! ```text
//! /v1/agent ─> local state ─┬─> disk          catalog (by a server)
//! checks ────────────────────┘      │            │ rows, when they change
//!                                   └─> plan <───┘
//!                                         └─> writes ─> a server
//! REST, xDS, DNS ─> PassOn, Names ─> Servers (one connection, another one when it is lost)
//! ```

mod app;
mod beat;
mod checks;
mod cluster;
mod keep;
mod local;
mod map;
mod names;
mod pass_on;
mod place;
mod plan;
mod servers;
mod sync;

pub(crate) use app::ClientAgent;
