//! Several servers that know of each other.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::server::{Server, Setup};
use super::until_ok;

const FORM: Duration = Duration::from_secs(40);

/// Servers on `127.0.NET.1`, `127.0.NET.2` and so on, each called after its number.
pub(crate) struct Cluster {
    net: u8,
    /// Before the folder: they print the ends of their logs when a test fails.
    pub(crate) servers: Vec<Server>,
    dir: TempDir,
}

impl Cluster {
    /// Starts servers that expect each other. Every test has a net of its own.
    pub(crate) fn start(net: u8, count: u8) -> Self {
        Self::configured(net, count, "")
    }

    /// The same with more of a configuration.
    pub(crate) fn configured(net: u8, count: u8, more: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("weft-cluster-").tempdir().unwrap();
        // Learners are not to wait for long in a test.
        let more = format!("autopilot {{ server_stabilization_time = \"500ms\" }}\n{more}\n");
        std::fs::write(dir.path().join("more.hcl"), more).unwrap();
        let mut cluster = Self { net, dir, servers: Vec::new() };
        for number in 1..=count {
            cluster.add(Setup { expect: u32::from(count), ..cluster.setup(number) });
        }
        cluster
    }

    /// Starts them and waits until they are one cluster.
    pub(crate) async fn formed(net: u8, count: u8) -> Self {
        let cluster = Self::start(net, count);
        cluster.wait_formed().await;
        cluster
    }

    /// The folder of this test.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A server that is alone.
    pub(crate) fn alone(&self, number: u8) -> Setup {
        Setup { expect: 1, retry_join: Vec::new(), ..self.setup(number) }
    }

    /// A server that joins the first three.
    pub(crate) fn setup(&self, number: u8) -> Setup {
        let net = self.net;
        Setup {
            name: format!("n{number}"),
            address: format!("127.0.{net}.{number}"),
            data_dir: self.dir.path().join(format!("n{number}")),
            is_server: true,
            expect: 0,
            retry_join: (1..=3).map(|number| format!("127.0.{net}.{number}")).collect(),
            more: vec!["--config-file".to_owned(), self.dir.path().join("more.hcl").to_str().unwrap().to_owned()],
            environment: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    /// Starts a client agent of this cluster, on `127.0.NET.100` and above, and waits until it is in the catalog.
    pub(crate) async fn agent(&self, number: u8) -> Server {
        let setup = Setup { address: format!("127.0.{}.{}", self.net, 100 + number), ..self.setup(number) };
        let (name, data_dir) = (format!("c{number}"), self.dir.path().join(format!("c{number}")));
        let agent = Server::start(Setup { name, data_dir, is_server: false, ..setup }, self.dir.path());
        let path = format!("/v1/health/node/{}", agent.setup.name);
        until_ok("the client agent is in the catalog", FORM, async || {
            let checks = agent.ask(&path).await?;
            if checks[0]["Status"] == "passing" { Ok(()) } else { Err(checks.to_string()) }
        })
        .await;
        agent
    }

    /// Starts another server. Its place.
    pub(crate) fn add(&mut self, setup: Setup) -> usize {
        self.servers.push(Server::start(setup, self.dir.path()));
        self.servers.len() - 1
    }

    /// Waits until every server has all of them in its catalog, alive.
    pub(crate) async fn wait_formed(&self) {
        for server in &self.servers {
            until_ok("all servers in the catalog", FORM, async || {
                let servers = server.ask("/v1/health/service/consul?passing").await?;
                let count = servers.as_array().map_or(0, Vec::len);
                if count == self.servers.len() { Ok(()) } else { Err(servers.to_string()) }
            })
            .await;
        }
    }

    /// The place of the leader.
    pub(crate) async fn leader(&self, asked: usize) -> usize {
        let leader = self.servers[asked].leader().await;
        let at = |server: &Server| leader == format!("{}:8300", server.setup.address);
        self.servers.iter().position(at).unwrap_or_else(|| panic!("{leader} is nobody"))
    }

    /// Starts a server that must refuse to run: what it says at its end.
    pub(crate) async fn refusal(&self, setup: Setup) -> String {
        let mut server = Server::start(setup, self.dir.path());
        let (code, log) = server.ended().await;
        assert_eq!(code, Some(1), "{log}");
        log.lines().last().unwrap_or_default().to_owned()
    }
}
