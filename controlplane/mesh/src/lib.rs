//! What the state means for a proxy. Pure: no runtime, no clock, no wire format.
//!
//! ```text
//! StateView ─> plan (one proxy: which parts it has) ───────────────┐
//! StateView ─> chain, endpoints, authz, settings, trust (shared) ──┴─> ProxySnapshot
//! ```
//!
//! What does not depend on the proxy is derived through a [`Mesh`], which remembers each value until
//! something that it was read from changes. Faults become notices: what cannot be made is left out
//! with its reason, and the rest stands.

pub mod address;
pub mod authz;
pub mod chain;
pub mod endpoints;
pub mod memo;
mod mesh;
pub mod names;
pub mod notice;
mod opaque;
pub mod plan;
pub mod settings;
mod snapshot;
pub mod trust;

pub use mesh::{Mesh, Scope};
pub use notice::Notice;
pub use plan::{Part, Plan, ProxyId};
pub use snapshot::{ProxySnapshot, Standing};
