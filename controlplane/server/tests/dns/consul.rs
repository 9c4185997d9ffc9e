//! A real Consul.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::corpus::ADDRESS;
use crate::support::Client;

/// A server of its own; killed when dropped.
pub(crate) struct Consul {
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) dns: SocketAddr,
    _directory: TempDir,
}

impl Consul {
    pub(crate) async fn start(settings: &Value) -> Self {
        let binary = std::env::var_os("WEFT_CONSUL").expect("WEFT_CONSUL names a Consul binary");
        let directory = tempfile::tempdir().unwrap();
        let mut config = settings.clone();
        let ours = json!({
            "node_name": "n1", "server": true, "bootstrap_expect": 1, "data_dir": directory.path().join("data"),
            "bind_addr": ADDRESS, "client_addr": ADDRESS, "log_level": "err",
            "ports": {"http": 28500, "dns": 28600, "grpc": 28502, "server": 8300, "serf_lan": 28301, "serf_wan": 28302},
        });
        config.as_object_mut().unwrap().extend(ours.as_object().unwrap().clone());
        let file = directory.path().join("consul.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new(binary);
        command.args(["agent", "-config-file"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let at = |port: u16| format!("{ADDRESS}:{port}").parse().unwrap();
        let consul = Self { child: command.spawn().unwrap(), http: at(28500), dns: at(28600), _directory: directory };
        consul.until_ready().await;
        consul
    }

    /// Until it is in its own catalog.
    async fn until_ready(&self) {
        for _ in 0..300 {
            let answer = Client(self.http).try_call("GET", "/v1/health/service/consul?passing", "").await;
            if answer.is_ok_and(|answer| answer.status == 200 && answer.body.contains("n1")) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("Consul is not ready");
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
