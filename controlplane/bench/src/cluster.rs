//! The servers of one kind under measurement, each on a loopback address of its own with the kind's
//! usual ports, data on disk, syncs on, default settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::client::Client;
use crate::stats::{cpu, resident_mib};

/// What to start.
#[derive(Clone)]
pub(crate) enum Peer {
    Weft(PathBuf),
    Consul(PathBuf),
    Etcd(PathBuf),
}

/// How many servers make a cluster, unless said otherwise.
pub(crate) const SERVERS: u8 = 3;

impl Peer {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Weft(_) => "weft",
            Self::Consul(_) => "consul",
            Self::Etcd(_) => "etcd",
        }
    }

    /// The third number of its loopback addresses.
    const fn net(&self) -> u8 {
        match self {
            Self::Weft(_) => 54,
            Self::Consul(_) => 53,
            Self::Etcd(_) => 52,
        }
    }

    /// Where its clients talk to server `number`.
    fn address(&self, number: u8) -> SocketAddr {
        let port = match self {
            Self::Weft(_) | Self::Consul(_) => 8500,
            Self::Etcd(_) => 2379,
        };
        SocketAddr::from(([127, 0, self.net(), number], port))
    }

    /// How to start server `number` of `servers`.
    fn command(&self, number: u8, servers: u8, home: &Path) -> anyhow::Result<Command> {
        let ip = |number: u8| format!("127.0.{}.{number}", self.net());
        let (me, data) = (ip(number), home.join(format!("n{number}")));
        let (data, others) = (data.display(), 1..=servers);
        // All clients of a benchmark come from one address.
        let limits = home.join("limits.json");
        std::fs::write(&limits, r#"{"limits": {"http_max_conns_per_client": 15000}}"#)?;
        let limits = limits.display();
        let (program, text) = match self {
            Self::Weft(program) => {
                let join: Vec<_> = others.map(|other| format!("--retry-join {}:8300", ip(other))).collect();
                (
                    program,
                    format!(
                        "agent --server --node n{number} --bind {me} --client {me} --data-dir {data} --bootstrap-expect {servers} --log-level warn --config-file {limits} {}",
                        join.join(" ")
                    ),
                )
            }
            Self::Consul(program) => {
                let join: Vec<_> = others.map(|other| format!("-retry-join {}", ip(other))).collect();
                (
                    program,
                    format!(
                        "agent -server -node n{number} -bind {me} -client {me} -advertise {me} -data-dir {data} -bootstrap-expect {servers} -retry-interval 1s -dns-port -1 -serf-wan-port -1 -log-level err -config-file {limits} {}",
                        join.join(" ")
                    ),
                )
            }
            Self::Etcd(program) => {
                let all: Vec<_> = others.map(|other| format!("n{other}=http://{}:2380", ip(other))).collect();
                (
                    program,
                    format!(
                        "--name n{number} --data-dir {data} --log-level error --listen-client-urls http://{me}:2379 --advertise-client-urls http://{me}:2379 --listen-peer-urls http://{me}:2380 --initial-advertise-peer-urls http://{me}:2380 --initial-cluster {} --initial-cluster-state new --initial-cluster-token bench",
                        all.join(",")
                    ),
                )
            }
        };
        let mut command = Command::new(program);
        command.args(text.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }
}

/// A running cluster; its servers are killed when it is dropped.
pub(crate) struct Cluster {
    pub(crate) peer: Peer,
    size: u8,
    servers: Vec<Child>,
    home: TempDir,
}

impl Cluster {
    /// Starts so many servers and waits until each can write.
    pub(crate) async fn start(peer: &Peer, servers: u8) -> anyhow::Result<Self> {
        let home = TempDir::new()?;
        let mut cluster = Self { peer: peer.clone(), size: servers, servers: Vec::new(), home };
        for number in 1..=servers {
            cluster.servers.push(cluster.spawn(number)?);
        }
        for number in 1..=servers {
            cluster.wait_ready(number, Duration::from_secs(60)).await?;
        }
        Ok(cluster)
    }

    fn spawn(&self, number: u8) -> anyhow::Result<Child> {
        let mut command = self.peer.command(number, self.size, self.home.path())?;
        command.spawn().with_context(|| format!("starting {}", self.peer.name()))
    }

    async fn wait_ready(&self, number: u8, patience: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        while start.elapsed() < patience {
            if let Ok(mut client) = Client::open(&self.peer, self.peer.address(number)).await
                && client.put("ready", b"1").await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("server {number} of {} cannot write after {patience:?}", self.peer.name())
    }

    /// Where clients talk to the servers, in order.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        (1..=self.size).map(|number| self.peer.address(number)).collect()
    }

    /// Which server leads, from 0.
    pub(crate) async fn leader(&self) -> anyhow::Result<usize> {
        for _ in 0..200 {
            for (place, address) in self.addresses().into_iter().enumerate() {
                let Ok(mut client) = Client::open(&self.peer, address).await else { continue };
                if client.leads(address).await.unwrap_or(false) {
                    return Ok(place);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} has no leader", self.peer.name())
    }

    /// CPU time that all servers have used.
    pub(crate) fn cpu(&self) -> Duration {
        self.servers.iter().map(|server| cpu(server.id())).sum()
    }

    /// Resident memory of the servers in MiB: of the one that uses most.
    pub(crate) fn resident_mib(&self) -> f64 {
        self.servers.iter().map(|server| resident_mib(server.id())).fold(0.0, f64::max)
    }

    /// SIGKILL to one server.
    pub(crate) fn kill(&mut self, place: usize) -> anyhow::Result<()> {
        let server = self.servers.get_mut(place).context("no such server")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Starts a killed server again on its data; the time until it takes writes.
    pub(crate) async fn restart(&mut self, place: usize) -> anyhow::Result<Duration> {
        let (number, start) = (u8::try_from(place)? + 1, Instant::now());
        let server = self.spawn(number)?;
        *self.servers.get_mut(place).context("no such server")? = server;
        self.wait_ready(number, Duration::from_secs(120)).await?;
        Ok(start.elapsed())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // A process that is gone already needs no killing.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
