//! A configuration while it is gathered: what the sources have said so far, not yet judged together.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use weft_api::Telemetry;
use weft_model::autopilot::AutopilotConfig;
use weft_model::catalog::Meta;
use weft_model::config_entry::ConfigEntry;
use weft_model::intention::DefaultPolicy;
use weft_model::secret::Secret;

use crate::checks;
use crate::watches::Watch;

use super::dns::DnsDraft;
use super::http::HttpDraft;
use super::log::LogDraft;
use super::reach::Reach;
use super::tls::TlsVersion;
use super::written::Written;
use super::{AclConfig, Definitions, Port};

/// Every key that an agent reads; `None` is not said.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) written: Written,
    /// What is accepted and changes nothing, for the log.
    pub(super) notes: Vec<String>,
    pub(super) dev: Option<bool>,
    pub(super) server: Option<bool>,
    pub(super) bootstrap: Option<bool>,
    pub(super) bootstrap_expect: Option<i64>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) node_name: Option<String>,
    pub(super) node_id: Option<String>,
    pub(super) node_meta: Meta,
    pub(super) datacenter: Option<String>,
    pub(super) bind: Option<IpAddr>,
    pub(super) advertise: Option<IpAddr>,
    pub(super) reach: Reach,
    pub(super) client: Option<IpAddr>,
    pub(super) http_address: Option<IpAddr>,
    /// HTTP is served there alone.
    pub(super) http_is_socket: bool,
    pub(super) https_address: Option<IpAddr>,
    pub(super) grpc_address: Option<IpAddr>,
    pub(super) grpc_tls_address: Option<IpAddr>,
    pub(super) dns_address: Option<IpAddr>,
    pub(super) dns: DnsDraft,
    pub(super) http: HttpDraft,
    pub(super) entries: Vec<ConfigEntry>,
    pub(super) http_connections_per_client: Option<usize>,
    pub(super) ports: Ports,
    pub(super) log: LogDraft,
    pub(super) pid_file: Option<PathBuf>,
    pub(super) telemetry: Telemetry,
    pub(super) statsd: Option<String>,
    pub(super) statsite: Option<String>,
    pub(super) dogstatsd: Option<String>,
    pub(super) dogstatsd_tags: Vec<String>,
    pub(super) acl: AclConfig,
    pub(super) acl_enabled: Option<bool>,
    pub(super) acl_datacenter: Option<String>,
    pub(super) primary_datacenter: Option<String>,
    pub(super) acl_default_policy: Option<DefaultPolicy>,
    pub(super) default_intention_policy: Option<DefaultPolicy>,
    pub(super) ca_provider: Option<String>,
    pub(super) ca_config: Option<Map<String, Value>>,
    pub(super) ca_seal_key_file: Option<PathBuf>,
    pub(super) retry_join: Vec<String>,
    pub(super) retry_interval: Option<Duration>,
    pub(super) raft_multiplier: Option<i64>,
    pub(super) raft_snapshot_threshold: Option<i64>,
    pub(super) raft_trailing_logs: Option<u64>,
    pub(super) disable_coordinates: bool,
    pub(super) leave_on_terminate: Option<bool>,
    pub(super) skip_leave_on_interrupt: Option<bool>,
    pub(super) read_replica: Option<bool>,
    pub(super) rejoin_as_new: Option<bool>,
    pub(super) autopilot: AutopilotConfig,
    pub(super) definitions: Definitions,
    pub(super) watches: Vec<Watch>,
    pub(super) checks: checks::Settings,
    pub(super) local_scripts: bool,
    pub(super) remote_scripts: bool,
    pub(super) agent_tls_for_checks: bool,
    pub(super) encrypt: Option<Secret>,
    pub(super) tls: TlsDraft,
    pub(super) internal_tls: TlsDraft,
    pub(super) https_tls: TlsDraft,
    pub(super) grpc_tls: TlsDraft,
}

/// A block of `tls`; the keys at the top are those of `tls.defaults`.
#[derive(Debug, Default)]
pub(super) struct TlsDraft {
    pub(super) ca: Option<PathBuf>,
    pub(super) ca_path: Option<PathBuf>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) min_version: Option<TlsVersion>,
    pub(super) verify_incoming: Option<bool>,
}

/// The block `ports`.
#[derive(Debug, Default)]
pub(super) struct Ports {
    pub(super) http: Option<Port>,
    pub(super) https: Option<Port>,
    pub(super) grpc: Option<Port>,
    pub(super) grpc_tls: Option<Port>,
    pub(super) dns: Option<Port>,
    pub(super) server: Option<Port>,
    pub(super) sidecar_min: Option<u16>,
    pub(super) sidecar_max: Option<u16>,
}
