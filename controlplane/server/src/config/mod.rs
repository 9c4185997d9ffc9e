//! An agent's configuration: one typed tree, read once, handed to the parts as values.
//!
//! ```text
//! files, dirs ─> Settings (Value trees) ─┐
//! flags ─> Settings ─────────────────────┴─ KEYS ─> Draft ─finish─> Config
//! ```
//!
//! Keys, files and flags are Consul's. Later sources win: files in their order, then flags. All that
//! is wrong is reported at once, with the file or flag that says it.

mod absent;
mod acl;
mod advice;
mod ca_seal;
mod dns;
mod draft;
mod entries;
mod file;
mod finish;
mod flags;
mod http;
pub(crate) mod join;
mod json;
mod keys;
mod log;
mod nearest;
mod node;
mod reach;
pub(crate) mod read;
mod socket;
mod template;
mod tls;
mod written;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use weft_ca::seal::Keyring;
use weft_model::autopilot::AutopilotConfig;
use weft_model::ca::CaConfig;
use weft_model::config_entry::ConfigEntry;
use weft_model::intention::DefaultPolicy;
use weft_model::registration::{CheckBody, ServiceDefinition};
use weft_model::secret::Secret;
use weft_model::{Datacenter, Faults, NodeName};

use crate::checks;
use crate::watches::Watch;

pub use acl::{AclConfig, DownPolicy};
pub use flags::{FileFormat, FlagValue, Flags};
pub use http::Http;
pub use log::{KeptFiles, Log, LogFile};
pub use socket::{Owner, Socket};
pub use tls::{TlsSettings, TlsVersion};
pub(crate) use written::Written;

/// All that an agent is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Nothing is kept after the end.
    pub dev: bool,
    /// Whether it is one of the servers; else it is a client agent.
    pub server: bool,
    /// Where state is kept; `None` only with `dev`.
    pub data_dir: Option<PathBuf>,
    pub node: NodeConfig,
    /// Where servers talk to each other, and where the node's own address comes from.
    pub bind: IpAddr,
    pub listen: Listen,
    pub client_tls: ClientTls,
    pub http: Http,
    /// How names are answered.
    pub dns: weft_dns::Settings,
    /// What holds where no intention matches.
    pub default_policy: DefaultPolicy,
    pub acl: AclConfig,
    /// The CA that a new cluster starts with.
    pub ca: CaConfig,
    /// What the CA's private keys are sealed with; empty: they are stored in clear.
    pub ca_seal_keys: Keyring,
    /// What a new cluster begins with.
    pub entries: Vec<ConfigEntry>,
    pub definitions: Definitions,
    /// What is done when something changes.
    pub watches: Vec<Watch>,
    /// How checks are run.
    pub checks: checks::Settings,
    pub log: Log,
    /// Where the process's number is to be found.
    pub pid_file: Option<PathBuf>,
    pub telemetry: weft_api::Telemetry,
    pub cluster: ClusterConfig,
    pub security: ServerSecurity,
    /// Whether it tells how far it is from others.
    pub tells_coordinates: bool,
    /// Where it was read, to read it again.
    pub source: Flags,
    pub(crate) written: Written,
    /// What the files ask for that has no effect here.
    notes: Vec<String>,
}

/// How the server finds others and behaves among them.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// How many servers found a cluster; 0: this one only joins.
    pub expect: u32,
    /// Servers to ask, `HOST:PORT`.
    pub retry_join: Vec<String>,
    /// The longest pause between two tries.
    pub retry_interval: Duration,
    /// Slows elections down, for slow disks and networks.
    pub raft_multiplier: u32,
    /// A raft snapshot is written after this many entries.
    pub snapshot_after: u64,
    /// At least so many entries stay in the log, where that is more than is usual.
    pub log_kept: u64,
    /// Whether SIGTERM and SIGINT make it leave.
    pub leave_on_terminate: bool,
    pub leave_on_interrupt: bool,
    /// What holds until an operator sets it for the cluster.
    pub autopilot: AutopilotConfig,
    /// It never votes.
    pub read_replica: bool,
    /// Empties a data directory that the cluster has refused.
    pub rejoin_as_new: bool,
}

/// How servers prove themselves to each other.
#[derive(Clone, Debug, Default)]
pub struct ServerSecurity {
    /// The join secret, Consul's `encrypt`.
    pub encrypt: Option<Secret>,
    pub certificates: Option<CertificateFiles>,
}

/// Certificates that the operator has made. They are used in place of a join secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// A file, or a directory of files.
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// How the ports for clients are secured; `None` where a port is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    pub https: Option<TlsSettings>,
    pub grpc: Option<TlsSettings>,
}

/// What the agent registers of itself.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub name: NodeName,
    /// Empty: made at the first start and kept in the data directory.
    pub id: String,
    pub datacenter: Datacenter,
    /// Where others reach this node.
    pub address: IpAddr,
    /// And where certain others do, by what they look for.
    pub tagged_addresses: BTreeMap<String, String>,
    pub meta: weft_model::catalog::Meta,
}

/// Where the agent listens.
#[derive(Clone, Copy, Debug)]
pub struct Listen {
    pub http: Endpoint,
    pub https: Endpoint,
    /// How many HTTP connections one client address may have at a time.
    pub http_connections_per_client: usize,
    pub grpc: Endpoint,
    pub grpc_tls: Endpoint,
    pub dns: Endpoint,
    /// The port that servers name to each other.
    pub server_port: u16,
    /// Ports for sidecars that name none, both ends included.
    pub sidecar_ports: (u16, u16),
}

/// An address of a listener, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub address: IpAddr,
    pub port: Port,
}

/// A port as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// `-1`: not served.
    Off,
    /// Served here; 0 takes any free one.
    At(u16),
}

/// What the files register: `service`, `services`, `check`, `checks`.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    pub services: Vec<ServiceDefinition>,
    pub checks: Vec<CheckBody>,
}

/// Reads files and flags into a configuration.
///
/// # Errors
/// Everything that is wrong, each with its source.
pub fn load(flags: &Flags) -> Result<Config, Faults> {
    let mut faults = Faults::default();
    let mut draft = draft::Draft::default();
    let files = file::read_all(&flags.config, flags.config_format, &mut faults);
    for settings in files.into_iter().chain(file::fragments(&flags.hcl, &mut faults)) {
        keys::apply(&settings, &mut draft, &mut faults);
    }
    keys::apply(&flags.settings(), &mut draft, &mut faults);
    let config = finish::finish(draft, flags, &mut faults);
    match (config, faults.into_result()) {
        (Some(config), Ok(())) => Ok(config),
        (_, Err(faults)) => Err(faults),
        (None, Ok(())) => Err(Faults(vec![])),
    }
}

#[cfg(test)]
mod tests;
