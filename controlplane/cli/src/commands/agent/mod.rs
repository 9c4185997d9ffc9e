//! `weft agent`.

mod more;

use std::path::PathBuf;

use weft_model::secret::Secret;
use weft_server::config::{self, Flags};

use crate::failure::{DONE, Failure, Outcome};
pub(crate) use more::Format;
use more::More;

const EXAMPLES: &str = "\
Examples:
  weft agent --dev                                               keeps nothing, ready in a second
  weft agent --server --bootstrap-expect 1 --data-dir /var/lib/weft
  weft agent --server --bootstrap-expect 3 --retry-join HOST --retry-join HOST --data-dir /var/lib/weft --encrypt KEY
  weft agent --retry-join HOST --retry-join HOST --data-dir /var/lib/weft --encrypt KEY    a client agent of these servers
  weft agent --dev --config-dir /etc/weft.d                      JSON, HCL and TOML with Consul's keys

Flags win over files. SIGTERM and SIGINT end it in order; a second one ends it at once.";

/// Run an agent
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Agent {
    /// One server on 127.0.0.1 that keeps nothing
    #[arg(long)]
    dev: bool,
    /// Be a server; without it or --dev, a client agent of those in --retry-join
    #[arg(long)]
    server: bool,
    /// How many servers found the cluster
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    bootstrap_expect: Option<i64>,
    /// Where state is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The node's name; without it the machine's
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// The datacenter [default: dc1]
    #[arg(long, value_name = "NAME")]
    datacenter: Option<String>,
    /// The address for other servers
    #[arg(long, value_name = "IP")]
    bind: Option<String>,
    /// The address that others are told, where it is not the one of --bind
    #[arg(long, value_name = "IP")]
    advertise: Option<String>,
    /// The address for HTTP, gRPC and DNS [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    client: Option<String>,
    /// The port of the HTTP API; -1 is off, 0 any free one [default: 8500]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true)]
    http_port: Option<i64>,
    /// The port of the HTTP API over TLS, with certificates of the files' block tls; 0 is any free one [default: off]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true)]
    https_port: Option<i64>,
    /// The port of xDS; -1 is off, 0 any free one [default: 8502]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true)]
    grpc_port: Option<i64>,
    /// The port of xDS over TLS; -1 is off [default: 8503 where the files have a certificate for it]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true)]
    grpc_tls_port: Option<i64>,
    /// The port of DNS, over UDP and TCP; -1 is off, 0 any free one [default: 8600]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true)]
    dns_port: Option<i64>,
    /// What names in DNS end with [default: consul.]
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// What they may end with as well
    #[arg(long, value_name = "NAME")]
    alt_domain: Option<String>,
    /// Who answers other names in DNS; may be given more than once
    #[arg(long, value_name = "IP[:PORT]")]
    recursor: Vec<String>,
    /// The port for other servers [default: 8300]
    #[arg(long, value_name = "PORT")]
    server_port: Option<i64>,
    /// A configuration file: .json, .hcl or .toml; may be given more than once
    #[arg(long, value_name = "FILE")]
    config_file: Vec<PathBuf>,
    /// A directory of configuration files, read by name after the files; may be given more than once
    #[arg(long, value_name = "DIR")]
    config_dir: Vec<PathBuf>,
    /// A server to join; may be given more than once
    #[arg(long, value_name = "HOST:PORT")]
    retry_join: Vec<String>,
    /// Empty a data directory that the cluster has refused, and join as a new server
    #[arg(long)]
    rejoin_as_new: bool,
    /// The servers' join secret, from `weft keygen`; others on this machine can see it here, unlike in a file
    #[arg(long, value_name = "KEY")]
    encrypt: Option<Secret>,
    /// What the mesh authority's private keys are sealed with: a key a line, from `weft keygen`; the first one seals
    #[arg(long, value_name = "FILE")]
    ca_seal_key_file: Option<PathBuf>,
    /// trace, debug, info, warn or error [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Log lines as JSON
    #[arg(long)]
    log_json: bool,
    /// What holds where no intention matches: allow or deny [default: allow]
    #[arg(long, value_name = "POLICY")]
    default_intention_policy: Option<String>,
    #[command(flatten)]
    more: More,
}

impl Agent {
    /// Runs until a signal ends it.
    pub(crate) fn run(&self) -> Outcome {
        let config = config::load(&self.flags())
            .map_err(|faults| Failure::new(format!("configuration: {faults}").trim_end()))?;
        weft_server::agent::run(config).map_err(|error| Failure::new(format!("agent: {error:#}")))?;
        Ok(DONE)
    }

    fn flags(&self) -> Flags {
        Flags {
            dev: self.dev,
            server: self.server,
            bootstrap_expect: self.bootstrap_expect,
            data_dir: self.data_dir.clone(),
            node: self.node.clone(),
            datacenter: self.datacenter.clone(),
            bind: self.bind.clone(),
            advertise: self.advertise.clone(),
            client: self.client.clone(),
            http_port: self.http_port,
            https_port: self.https_port,
            grpc_port: self.grpc_port,
            grpc_tls_port: self.grpc_tls_port,
            dns_port: self.dns_port,
            domain: self.domain.clone(),
            alt_domain: self.alt_domain.clone(),
            recursor: self.recursor.clone(),
            server_port: self.server_port,
            retry_join: self.retry_join.clone(),
            rejoin_as_new: self.rejoin_as_new,
            encrypt: self.encrypt.clone(),
            ca_seal_key_file: self.ca_seal_key_file.clone(),
            log_level: self.log_level.clone(),
            log_json: self.log_json,
            default_intention_policy: self.default_intention_policy.clone(),
            config: self.config_file.iter().chain(&self.config_dir).cloned().collect(),
            config_format: self.more.config_format.map(Into::into),
            hcl: self.more.hcl.clone(),
            values: self.more.values(),
        }
    }
}
