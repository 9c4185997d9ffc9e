//! A real Envoy that is fed over ADS from this process.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::json;
use tonic::transport::server::TcpIncoming;
use weft_xds::StaticSource;
use weft_xds::ads::{Ads, Config};
use weft_xds::ledger::Ledger;
use weft_xds::set::ResourceSet;

/// A running Envoy; it ends with this value.
pub(crate) struct Envoy {
    process: Child,
    source: StaticSource,
    ledger: Ledger,
    folder: tempfile::TempDir,
}

impl Envoy {
    /// Starts one that has nothing yet.
    pub(crate) fn start() -> Self {
        let (source, ledger) = (StaticSource::default(), Ledger::default());
        let ads = Ads::new(source.clone(), ledger.clone(), Config::default());
        let port = free_port();
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], port).into()).unwrap().with_nodelay(Some(true));
        tokio::spawn(tonic::transport::Server::builder().add_service(ads).serve_with_incoming(incoming));
        let folder = tempfile::tempdir().unwrap();
        let bootstrap = folder.path().join("bootstrap.json");
        std::fs::write(&bootstrap, bootstrap_for(port).to_string()).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(binary());
        command.args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning", "-c"]).arg(&bootstrap);
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { process, source, ledger, folder }
    }

    /// Gives it a set and waits until it has accepted all of it.
    ///
    /// # Errors
    /// What it says against it.
    pub(crate) async fn take(&self, set: ResourceSet) -> Result<(), String> {
        let refusals = self.ledger.totals().nacks;
        let index = self.source.set(set);
        for _ in 0..2000 {
            if self.ledger.totals().nacks > refusals {
                return Err(serde_json::to_string_pretty(&self.ledger.list()).unwrap());
            }
            if self.ledger.totals().connected > 0 && self.ledger.all_acked(index) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let standing = serde_json::to_string_pretty(&self.ledger.list()).unwrap();
        Err(format!("Envoy did not take it in time: {standing}\n{}", self.log()))
    }

    /// What it wrote to its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The binary.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("WEFT_ENVOY") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("envoy")).find(|file| file.is_file());
    found.expect("these tests need an Envoy: `make test` installs one and names it in WEFT_ENVOY")
}

/// A port that is free, and that no other test of this process was given. It is below those that the
/// system gives to outgoing connections.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + u16::try_from(std::process::id() % 18).unwrap() * 1000;
    let mut ports = std::iter::repeat_with(|| first + GIVEN.fetch_add(1, Ordering::Relaxed)).take(1000);
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(free).expect("a free port")
}

fn bootstrap_for(ads_port: u16) -> serde_json::Value {
    let ads = json!({ "ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3" });
    let address = json!({ "socket_address": { "address": "127.0.0.1", "port_value": ads_port } });
    let http2 = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": { "http2_protocol_options": {} },
    });
    json!({
        "node": { "id": "proxy", "cluster": "api" },
        "layered_runtime": { "layers": [
            { "name": "base", "static_layer": { "re2.max_program_size.error_level": 1_048_576 } },
        ] },
        "dynamic_resources": {
            "lds_config": ads,
            "cds_config": ads,
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{ "envoy_grpc": { "cluster_name": "control" } }],
            },
        },
        "static_resources": { "clusters": [{
            "name": "control",
            "type": "STATIC",
            "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2 },
            "load_assignment": { "cluster_name": "control", "endpoints": [
                { "lb_endpoints": [{ "endpoint": { "address": address } }] },
            ] },
        }] },
    })
}
