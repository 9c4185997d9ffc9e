//! `weft agent`: the flags, and nothing of what they start, which is `weft_server`'s.

use std::path::PathBuf;

use weft_server::config::{self, Flags};

use crate::failure::{Context, DONE, Failure, Outcome};

/// Run an agent, until it is told to stop
///
/// Flags win over files. Files have Consul's keys, in JSON, HCL or TOML by their ending.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft agent --dev
  weft agent --server --bootstrap-expect 1 --data-dir /var/lib/weft --config-dir /etc/weft.d")]
pub(crate) struct Agent {
    /// Be a server on its own that keeps nothing, to try things out
    #[arg(long)]
    dev: bool,
    /// Be a server
    #[arg(long)]
    server: bool,
    /// How many servers a new cluster waits for
    #[arg(long, value_name = "COUNT")]
    bootstrap_expect: Option<i64>,
    /// Where state is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A file to read, or a directory of files; may be given several times
    #[arg(long = "config-file", visible_alias = "config-dir", value_name = "PATH")]
    config: Vec<PathBuf>,
    /// Name of this node [default: the host's name]
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Name of the datacenter [default: dc1]
    #[arg(long, value_name = "NAME")]
    datacenter: Option<String>,
    /// Address to listen on for other servers
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Address to give to others [default: the one that is bound]
    #[arg(long, value_name = "ADDRESS")]
    advertise: Option<String>,
    /// Address to listen on for clients and proxies [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    client: Option<String>,
    /// HTTP port, -1 for none [default: 8500]
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    http_port: Option<i64>,
    /// gRPC port for proxies, -1 for none [default: 8502]
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    grpc_port: Option<i64>,
    /// DNS port, -1 for none [default: 8600]
    #[arg(long, value_name = "PORT", allow_negative_numbers = true)]
    dns_port: Option<i64>,
    /// Port of servers for servers [default: 8300]
    #[arg(long, value_name = "PORT")]
    server_port: Option<i64>,
    /// A server to join; may be given several times
    #[arg(long, value_name = "HOST:PORT")]
    retry_join: Vec<String>,
    /// What holds where no intention matches: allow or deny [default: allow]
    #[arg(long, value_name = "POLICY")]
    default_intention_policy: Option<String>,
    /// trace, debug, info, warn or error [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Log in JSON
    #[arg(long)]
    log_json: bool,
}

impl Agent {
    /// Runs the agent; returns when it has ended.
    pub(crate) fn run(&self) -> Outcome {
        let config = config::load(&self.flags()).context("==> The configuration has faults")?;
        weft_server::agent::run(config).map_err(|error| Failure::new(format!("==> {error:#}")))?;
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
            grpc_port: self.grpc_port,
            dns_port: self.dns_port,
            server_port: self.server_port,
            retry_join: self.retry_join.clone(),
            log_level: self.log_level.clone(),
            log_json: self.log_json,
            default_intention_policy: self.default_intention_policy.clone(),
            config: self.config.clone(),
        }
    }
}
