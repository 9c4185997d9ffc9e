//! Real server processes: started, watched, stopped, and asked what they think.

mod consul;
mod etcd;
mod process;
mod servers;
mod system;
mod weft;

pub use consul::Consul;
pub use etcd::Etcd;
pub use process::{Excuse, Process};
pub use servers::{Cluster, Setup};
pub use system::{Place, Roster, System, View};
pub use weft::Weft;
