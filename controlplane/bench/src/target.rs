//! A server process under measurement: one server on a loopback address, its data on disk.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;

use crate::http;

/// What to start.
pub(crate) enum Kind {
    Weft(PathBuf),
    Consul(PathBuf),
}

impl Kind {
    pub(crate) fn all(weft: &Path, consul: Option<&Path>) -> Vec<Self> {
        let peers = consul.map(|path| Self::Consul(path.to_owned()));
        std::iter::once(Self::Weft(weft.to_owned())).chain(peers).collect()
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Weft(_) => "weft",
            Self::Consul(_) => "consul",
        }
    }
}

/// A running server; killed when dropped.
pub(crate) struct Target {
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) dns: SocketAddr,
    command: PathBuf,
    arguments: Vec<String>,
    _data: TempDir,
}

impl Target {
    /// Starts one server that keeps its data on disk, and waits until it leads.
    pub(crate) async fn start(kind: &Kind) -> anyhow::Result<Self> {
        let data = TempDir::new()?;
        let [http, grpc, dns, server, serf] = free_ports()?;
        let dir = data.path().join("data").display().to_string();
        // All clients of a benchmark come from one address, which no other limit of default settings hurts.
        let config = data.path().join("limits.json");
        std::fs::write(&config, r#"{"limits": {"http_max_conns_per_client": 15000}}"#)?;
        let config = config.display();
        let (command, text) = match kind {
            Kind::Weft(path) => (
                path,
                format!(
                    "agent --server --bootstrap-expect 1 --data-dir {dir} --node bench --bind 127.0.0.1 --client 127.0.0.1 --http-port {http} --grpc-port {grpc} --dns-port {dns} --server-port {server} --log-level warn --config-file {config}"
                ),
            ),
            Kind::Consul(path) => (
                path,
                format!(
                    "agent -server -bootstrap-expect 1 -data-dir {dir} -node bench -bind 127.0.0.1 -client 127.0.0.1 -http-port {http} -grpc-port {grpc} -dns-port {dns} -server-port {server} -serf-lan-port {serf} -serf-wan-port -1 -log-level err -config-file {config}"
                ),
            ),
        };
        let arguments: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let target = Self {
            child: spawn(command, &arguments)?,
            http: address(http),
            grpc: address(grpc),
            dns: address(dns),
            command: command.clone(),
            arguments,
            _data: data,
        };
        http::wait_ready(target.http).await?;
        Ok(target)
    }

    /// Kills the process and starts it again on the same data; the time until it leads.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<std::time::Duration> {
        self.child.kill()?;
        self.child.wait()?;
        let start = std::time::Instant::now();
        self.child = spawn(&self.command, &self.arguments)?;
        http::wait_ready(self.http).await?;
        Ok(start.elapsed())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // A process that is gone already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &Path, arguments: &[String]) -> anyhow::Result<Child> {
    Command::new(command)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", command.display()))
}

/// Ports that were free a moment ago.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let listeners = (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    let ports = listeners.iter().map(|listener| listener.local_addr().map(|address| address.port()));
    let ports = ports.collect::<Result<Vec<_>, _>>()?;
    ports.try_into().map_err(|_| anyhow::anyhow!("as many ports as listeners"))
}
