//! Client agents, as a server sees them.
//!
//! ```text
//! link ─> Entrance ─┬─ REST, xDS ─> as on the server's own ports, on behalf of the agent's node
//!                   └─ messages ─> Desk: hello, beat, the node's rows, writes about it
//! beats ─> Roll ─> leader's Roll ─> Watch ─> serfHealth
//! ```

mod desk;
mod duty;
mod entrance;
pub(crate) mod message;
mod roll;
mod watch;

pub(crate) use desk::Desk;
pub(crate) use duty::{HEARD, run, take};
pub(crate) use entrance::{Entrance, Inside};
pub(crate) use roll::Roll;
