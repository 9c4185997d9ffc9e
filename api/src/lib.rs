//! The Consul-compatible REST surface.
//!
//! ```text
//! request -> routes -> Call -> handler ─┬─ reads a StateView ──────────> Answer -> response
//!                                       └─ proposes a Command, or asks the Host ─┘
//! ```
//!
//! Handlers of reads are pure functions of a state; the module `blocking` decides when to call them again. What a
//! handler needs of the agent comes through [`host::Host`], so neither Raft nor xDS is known here.

pub mod access;
mod answer;
pub mod archive;
mod behalf;
mod blocking;
mod body;
mod call;
mod clean_path;
mod elsewhere;
mod filter;
mod freshness;
mod front;
pub mod host;
mod json;
mod meter;
mod openapi;
mod options;
mod query;
mod refusal;
mod route;
mod router;
mod routes;
mod serve;
mod shared;
mod terms;

mod v1;
mod wire;

pub use behalf::OnBehalf;
pub use elsewhere::{Elsewhere, client_router, relay};
pub use front::{Front, Network};
pub use host::Host;
pub use meter::{Meter, Sink, Telemetry, push as push_metrics};
pub use router::router;
pub use serve::{Ceiling, Handshake, Limits, PerAddress, Place, Plain, serve, serve_unix, serve_with};
pub use terms::Terms;
