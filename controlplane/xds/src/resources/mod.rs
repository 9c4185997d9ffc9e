//! From what the mesh derives for a proxy to the messages that Envoy reads.
//!
//! ```text
//! Plan ─> Part ─> part::build ─> Built { resources, notices } ─┬─> SharedResources (one build a change)
//!                                                              └─> ProxyCompiler ─> ResourceSet ─> Session
//! ```
//!
//! Each file makes one kind of message and decides nothing: by then the plan has decided. Certificates
//! and roots go out as secrets on the same stream, so a rotation touches neither listeners nor
//! clusters, and intentions of HTTP services go out as routes, so a change holds at once on connections
//! that are open.

mod access_log;
mod cluster;
mod common;
mod compiler;
mod endpoint;
mod filter;
mod listener;
mod part;
mod route;
mod secret;
mod shared;
mod tls;

pub use compiler::{ProxyCompiler, Update};
pub use part::{Built, build};
pub use secret::{LEAF, ROOTS, leaf, roots};
pub use shared::{Compiled, SharedResources};
