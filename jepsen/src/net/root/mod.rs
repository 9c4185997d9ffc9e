//! The network of a harness that is root: a network namespace for each server, and a wire of our own between them.
//!
//! ```text
//! server 1 [wire 10.78.0.1] -- TUN --.                     .-- TUN -- [wire 10.78.0.2] server 2
//!          [cli  10.77.0.1] -- TUN --+-- Switch (policies) +-- TUN -- [cli  10.77.0.2]
//!                     clients [cli 10.77.0.254] -- TUN ----'
//! ```
//!
//! Every packet passes through this process, which is what makes every fault possible and countable. Devices and namespaces end
//! with the harness's own namespaces.

mod packet;
mod queue;
mod switch;
mod tun;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::switch::Switch;
use super::{CLIENTS, Counters, Network, Pair, Plug, Policy, Skill};
use crate::shell;

/// The network of namespaces.
pub struct RootNetwork {
    tool: PathBuf,
    switch: Switch,
}

/// Where clients are.
const HARNESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 254);

fn client_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, number)
}

fn wire_ip(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 78, 0, number)
}

impl RootNetwork {
    /// An empty network. The process must be in namespaces of its own already.
    ///
    /// # Errors
    /// When the system refuses a device.
    pub fn new(tool: &Path, seed: u64) -> Result<Self> {
        shell::words("ip link set lo up")?;
        std::fs::create_dir_all("/run/netns")?;
        // Hides what other harnesses and the machine keep there; goes with our mount namespace.
        shell::words("mount -t tmpfs weftj /run/netns")?;
        let network = Self { tool: tool.to_owned(), switch: Switch::start(seed)? };
        let [device] = tun::open(tool, ["wj-cli"])?;
        shell::words(&format!("ip addr add {HARNESS}/24 dev wj-cli"))?;
        shell::words("ip link set wj-cli up")?;
        network.switch.plug(CLIENTS, HARNESS, device)?;
        Ok(network)
    }
}

impl Network for RootNetwork {
    fn name(&self) -> &'static str {
        "root"
    }

    fn can(&self, _: Skill) -> bool {
        true
    }

    fn plug(&self, number: u8, _peer_port: u16) -> Result<Plug> {
        let space = format!("weftj-s{number}");
        let (wire, cli) = (format!("wj-w{number}"), format!("wj-c{number}"));
        let within = |line: String| shell::words(&format!("ip -n {space} {line}"));
        shell::words(&format!("ip netns add {space}")).context("a network namespace")?;
        let devices = tun::open(&self.tool, [&wire, &cli])?;
        for (name, ip) in [(&wire, wire_ip(number)), (&cli, client_ip(number))] {
            shell::words(&format!("ip link set {name} netns {space}"))?;
            within(format!("addr add {ip}/24 dev {name}"))?;
            within(format!("link set {name} up"))?;
        }
        within("link set lo up".to_owned())?;
        let [wire_device, cli_device] = devices;
        self.switch.plug(number, wire_ip(number), wire_device)?;
        self.switch.plug(number, client_ip(number), cli_device)?;
        Ok(Plug {
            client: client_ip(number),
            bind: wire_ip(number),
            advertise: wire_ip(number),
            space: Some(PathBuf::from("/run/netns").join(space)),
        })
    }

    fn started(&self, _: u8, _: u32) {}

    fn set(&self, link: Pair, policy: Policy) {
        self.switch.set(link, policy);
    }

    fn heal(&self) {
        self.switch.heal();
    }

    fn counters(&self) -> BTreeMap<Pair, Counters> {
        self.switch.counters()
    }
}
