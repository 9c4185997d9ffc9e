//! The network of a harness without root: servers on loopback addresses, and a TCP relay before each server's port.
//!
//! ```text
//! server 1 [127.0.30.1] --> relay [127.0.30.101 = what server 1 advertises] <-- server 2 [127.0.30.2]
//! ```
//!
//! The relay finds out which server a connection comes from by asking the system for the socket's owner. It knows
//! streams, not packets: no loss, no copies, no reordering, and clients are not relayed.

mod owner;
mod relay;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use self::relay::{Relay, Shared};
use super::{Counters, Network, Pair, Plug, Policy, Skill};

/// The network of relays.
pub struct PlainNetwork {
    shared: Arc<Shared>,
    relays: mpsc::Sender<Relay>,
}

/// So many may wait to be served for the first time; there are never so many servers.
const RELAYS: usize = 64;

fn server_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 30, number)
}

fn relay_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 30, 100 + number)
}

impl PlainNetwork {
    /// An empty network.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(seed: u64) -> Result<Self> {
        let shared = Arc::new(Shared::new(seed));
        let (relays, mut new_relays) = mpsc::channel::<Relay>(RELAYS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let of_thread = Arc::clone(&shared);
        let serve = async move {
            while let Some(relay) = new_relays.recv().await {
                tokio::spawn(relay.serve(Arc::clone(&of_thread)));
            }
        };
        let thread = std::thread::Builder::new().name("relays".to_owned());
        thread.spawn(move || runtime.block_on(serve)).context("the relays' thread")?;
        Ok(Self { shared, relays })
    }
}

impl Network for PlainNetwork {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn can(&self, _: Skill) -> bool {
        false
    }

    fn plug(&self, number: u8, peer_port: u16) -> Result<Plug> {
        let listen = SocketAddr::from((relay_ip(number), peer_port));
        let target = SocketAddr::from((server_ip(number), peer_port));
        let listener = std::net::TcpListener::bind(listen).with_context(|| format!("the relay {listen}"))?;
        listener.set_nonblocking(true)?;
        self.relays.try_send(Relay { number, listener, target }).context("the relays' thread")?;
        let (ip, advertise) = (server_ip(number), relay_ip(number));
        Ok(Plug { client: ip, bind: ip, advertise, space: None })
    }

    fn started(&self, number: u8, pid: u32) {
        self.shared.own(number, pid);
    }

    fn set(&self, link: Pair, policy: Policy) {
        self.shared.set(link, policy);
    }

    fn heal(&self) {
        self.shared.heal();
    }

    fn counters(&self) -> BTreeMap<Pair, Counters> {
        self.shared.counters()
    }
}
