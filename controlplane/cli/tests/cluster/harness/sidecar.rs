//! Real Envoys that know all servers.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::http::Api;
use super::process::Process;
use super::{free_port, until_ok};

const START: Duration = Duration::from_secs(30);

/// A running sidecar; ends when dropped.
pub(crate) struct Sidecar {
    _process: Process,
    admin: Api,
}

impl Sidecar {
    /// Starts the sidecar of a service that is registered at the first of these addresses, and waits until
    /// it is live.
    pub(crate) async fn start(dir: &Path, id: &str, servers: &[String]) -> Self {
        let admin = free_port();
        let grpc: Vec<_> = servers.iter().map(|address| format!("{address}:8502")).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(["connect", "envoy", "--sidecar-for", id, "--http-addr", &format!("{}:8500", servers[0])]);
        command.args(["--grpc-addr", &grpc.join(","), "--admin-bind", &format!("127.0.0.1:{admin}")]);
        let envoy = std::env::var_os("WEFT_ENVOY").unwrap_or_else(|| OsString::from("envoy"));
        command.arg("--envoy-binary").arg(envoy);
        command.args(["--", "--concurrency", "1", "--log-level", "warn"]);
        let process = Process::start(&format!("envoy-{id}"), &mut command, dir);
        let sidecar = Self { _process: process, admin: Api::of(admin) };
        until_ok("Envoy is live", START, async || {
            let reply = sidecar.admin.send("GET", "/ready", "").await?;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
        sidecar
    }

    /// Waits until a word stands in what Envoy works with.
    pub(crate) async fn wait_for(&self, word: &str) -> Duration {
        until_ok(word, START, async || {
            let dump = self.admin.send("GET", "/config_dump?include_eds", "").await?.text();
            if dump.contains(word) { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await
        .1
    }
}
