//! The DNS interface: names under the domain become queries of the replicated state.
//!
//! ```text
//! datagram ─> Message ─question─> Asked ─answer(State)─> Reply ─fit─> datagram
//! ```
//!
//! What a name asks for (`question`) and what the state says to it (`answer`) are pure; sockets,
//! the clock and recursors are at the edge ([`serve`]). Reads are stale: any server answers, leader
//! or none, from what it has applied, unless the settings want it newer ([`Source`]).

mod answer;
mod fit;
mod handle;
mod question;
mod recent;
mod record;
mod recurse;
mod relay;
mod serve;
mod settings;
mod source;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use fit::Way;
pub use handle::{Clock, Handler};
pub use hickory_proto::rr::Name;
pub use relay::Relay;
pub use serve::{Sockets, serve};
pub use settings::{Order, Settings, Soa, Staleness, Ttls};
pub use source::{Everything, Freshness, Sight, Source};
