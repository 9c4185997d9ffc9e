//! Real Envoys as `weft connect envoy` starts them, read through their admin port.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::agent::Agent;
use super::http::Api;
use super::process::{self, Process};
use super::{Scratch, free_port, until_ok};

const START: Duration = Duration::from_secs(20);
/// One worker and no shared memory: many Envoys live side by side.
const SMALL: [&str; 5] = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warn"];

/// Which variant of the protocol an Envoy speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Xds {
    Delta,
    StateOfTheWorld,
}

/// A running sidecar.
pub(crate) struct Envoy {
    /// Keeps it running.
    _process: Process,
    admin: Api,
}

impl Envoy {
    /// Starts the sidecar of a service and waits until it is live, listeners included.
    pub(crate) async fn sidecar_for(scratch: &Scratch, agent: &Agent, id: &str, xds: Xds) -> Self {
        let envoy = Self::launch(scratch, agent, id, xds).await;
        envoy.wait_live().await;
        envoy
    }

    /// Starts the sidecar without waiting for it.
    pub(crate) async fn launch(scratch: &Scratch, agent: &Agent, id: &str, xds: Xds) -> Self {
        let admin = free_port();
        let process = match xds {
            Xds::Delta => by_command(scratch, agent, id, admin, &[]),
            Xds::StateOfTheWorld => by_bootstrap(scratch, agent, id, admin).await,
        };
        Self { _process: process, admin: Api::of(admin) }
    }

    /// Starts the sidecar with more flags of `connect envoy`, without waiting for it.
    pub(crate) fn launch_with(scratch: &Scratch, agent: &Agent, id: &str, flags: &[String]) -> Self {
        let admin = free_port();
        Self { _process: by_command(scratch, agent, id, admin, flags), admin: Api::of(admin) }
    }

    /// A counter of an Envoy that may not have begun yet.
    pub(crate) async fn try_stat(&self, name: &str) -> Option<u64> {
        let reply = self.admin.send("GET", &format!("/stats?format=json&filter=^{name}$"), "").await.ok()?;
        reply.json()["stats"].get(0)?["value"].as_u64()
    }

    pub(crate) async fn is_live(&self) -> bool {
        self.admin.send("GET", "/ready", "").await.is_ok_and(|reply| reply.status == 200)
    }

    pub(crate) async fn wait_live(&self) {
        until_ok("Envoy is live", START, async || {
            let reply = self.admin.send("GET", "/ready", "").await?;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
    }

    async fn ask(&self, path: &str) -> Value {
        let reply = self.admin.send("GET", path, "").await.unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Counters and gauges whose names match a regular expression.
    pub(crate) async fn stats(&self, filter: &str) -> BTreeMap<String, u64> {
        let stats = self.ask(&format!("/stats?format=json&filter={filter}")).await;
        let stats = stats["stats"].as_array().unwrap();
        let pair = |stat: &Value| Some((stat["name"].as_str()?.to_owned(), stat["value"].as_u64()?));
        stats.iter().filter_map(pair).collect()
    }

    /// One counter or gauge, 0 where Envoy has none of that name.
    pub(crate) async fn stat(&self, name: &str) -> u64 {
        let filter = format!("^{}$", name.replace('.', "\\."));
        self.stats(&filter).await.get(name).copied().unwrap_or(0)
    }

    /// The configuration it works with. Listeners, clusters and routes carry the version and the
    /// time of their last update.
    pub(crate) async fn config_dump(&self) -> Value {
        self.ask("/config_dump?include_eds").await
    }

    /// The certificates that it presents and trusts.
    pub(crate) async fn certificates(&self) -> Value {
        self.ask("/certs").await
    }
}

fn binary() -> PathBuf {
    std::env::var_os("WEFT_ENVOY").map_or_else(|| PathBuf::from("envoy"), PathBuf::from)
}

fn by_command(scratch: &Scratch, agent: &Agent, id: &str, admin: u16, flags: &[String]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.args(["connect", "envoy", "--sidecar-for", id, "--http-addr", &agent.address()]);
    command.args(["--admin-bind", &format!("127.0.0.1:{admin}"), "--envoy-binary"]).arg(binary());
    command.args(flags).arg("--").args(SMALL);
    Process::start(&format!("envoy-{id}"), &mut command, scratch.path())
}

/// The printed bootstrap with the other variant of the protocol, run by hand.
async fn by_bootstrap(scratch: &Scratch, agent: &Agent, id: &str, admin: u16) -> Process {
    let (address, admin) = (agent.address(), format!("127.0.0.1:{admin}"));
    let flags = ["--sidecar-for", id, "--http-addr", &address, "--admin-bind", &admin, "--bootstrap"];
    let printed = process::run(&[&["connect", "envoy"], &flags[..]].concat()).await;
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let bootstrap = printed.stdout.replace("DELTA_GRPC", "GRPC");
    assert_ne!(bootstrap, printed.stdout, "the bootstrap asks for delta: {bootstrap}");
    let file = scratch.path().join(format!("{id}-bootstrap.json"));
    std::fs::write(&file, bootstrap).unwrap();
    let mut command = Command::new(binary());
    command.arg("--config-path").arg(file).args(["--drain-time-s", "1"]).args(SMALL);
    Process::start(&format!("envoy-{id}"), &mut command, scratch.path())
}
