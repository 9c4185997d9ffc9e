//! `weft connect envoy`: the bootstrap of a sidecar's Envoy, printed or run.

mod control_plane;
mod lookup;
mod start;

use std::net::SocketAddr;
use std::path::PathBuf;

use super::refused::GatewayFlags;
use crate::bootstrap::{self, Place, Trust};
use crate::client::{Address, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Run Envoy as the sidecar of a service, or print what it would be started with
///
/// The sidecar must be registered. Envoy takes this process's place; what follows "--" goes to it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft connect envoy --sidecar-for web
  weft connect envoy --sidecar-for web --admin-bind 127.0.0.1:19001 -- --log-level debug
  weft connect envoy --proxy-id web-sidecar-proxy --bootstrap > bootstrap.json
  weft connect envoy --sidecar-for web --grpc-addr 10.0.0.1:8502,10.0.0.2:8502,10.0.0.3:8502
  weft connect envoy --sidecar-for web --grpc-addr https://10.0.0.1:8503 --grpc-ca-file ca.pem

The registration's Proxy.Config (or the proxy-defaults) may have envoy_prometheus_bind_addr,
envoy_stats_bind_addr, envoy_ready_bind_addr, envoy_statsd_url, envoy_dogstatsd_url, envoy_stats_tags,
envoy_stats_flush_interval, envoy_stats_config_json, envoy_extra_stats_sinks_json, envoy_tracing_json,
envoy_extra_static_clusters_json and envoy_extra_static_listeners_json.")]
pub(crate) struct Envoy {
    /// ID of the service instance that has the sidecar
    #[arg(long, value_name = "ID")]
    sidecar_for: Option<String>,
    /// ID of the proxy itself
    #[arg(long, value_name = "ID")]
    proxy_id: Option<String>,
    /// Print the bootstrap, do not run Envoy
    #[arg(long)]
    bootstrap: bool,
    /// Where Envoy's admin interface listens: it can change and show everything, so keep it local
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:19000")]
    admin_bind: String,
    /// Where the admin interface logs its requests
    #[arg(long, value_name = "FILE", default_value = "/dev/null")]
    admin_access_log_path: String,
    /// The Envoy to run [default: the envoy on PATH]
    #[arg(long, value_name = "FILE")]
    envoy_binary: Option<String>,
    /// Taken for Consul's sake: the bootstrap is the same for every Envoy that is supported
    #[arg(long, value_name = "VERSION", hide = true)]
    envoy_version: Option<String>,
    /// The agent's gRPC address, or those of several servers, separated by commas: Envoy goes on to the next
    /// one when one ends; over TLS with https:// [env: WEFT_GRPC_ADDR, CONSUL_GRPC_ADDR] [default: the agent says]
    #[arg(long, value_name = "ADDRESSES")]
    grpc_addr: Option<String>,
    /// The authority's certificate that the control plane must have one of, over TLS [env: CONSUL_GRPC_CACERT]
    /// [default: that of --ca-file, else the system's]
    #[arg(long, value_name = "FILE")]
    grpc_ca_file: Option<PathBuf>,
    /// A directory of such certificates [env: CONSUL_GRPC_CAPATH]
    #[arg(long, value_name = "DIR")]
    grpc_ca_path: Option<PathBuf>,
    /// Do not look at the proxy-defaults
    #[arg(long)]
    no_central_config: bool,
    #[command(flatten)]
    gateway: GatewayFlags,
    /// Arguments for Envoy
    #[arg(last = true, value_name = "ENVOY ARGUMENTS")]
    extra: Vec<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Envoy {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let bootstrap = self.build(env).await.map_err(|failure| Failure::new(format!("==> {failure}")))?;
        if self.bootstrap {
            output::print(&bootstrap)?;
            return Ok(DONE);
        }
        let binary = self.envoy_binary.as_deref().unwrap_or("envoy");
        Err(start::replace_process(binary, &bootstrap, &self.extra))
    }

    async fn build(&self, env: &Env) -> Result<String, Failure> {
        self.gateway.refuse()?;
        let client = self.http.client(env)?;
        let id = match (&self.proxy_id, &self.sidecar_for) {
            (Some(id), _) => id.clone(),
            (None, Some(service)) => lookup::sidecar_of(&client, service).await?,
            (None, None) => {
                return Err(Failure::new("No proxy ID specified. One of -proxy-id or -sidecar-for is required"));
            }
        };
        let admin = admin_address(&self.admin_bind)?;
        let agent = lookup::agent(&client).await?;
        let proxy = lookup::proxy(&client, &id, &agent, !self.no_central_config).await?;
        let given = self.grpc_addr.as_deref().or_else(|| env.get("GRPC_ADDR"));
        let (authority, tls) = (self.authority(env)?, self.http.tls(env)?);
        let control_plane = control_plane::addresses(given, client.address(), &agent, authority.is_some())?;
        let trust = match control_plane.iter().any(Address::is_secure) {
            true => Trust {
                authorities: control_plane::authorities(authority.as_deref())?,
                own: tls.own.as_ref().map(control_plane::absolute).transpose()?,
                server_name: tls.server_name,
            },
            false => Trust::default(),
        };
        let place = Place {
            admin,
            admin_access_log: self.admin_access_log_path.clone(),
            control_plane,
            trust,
            token: client.token().cloned().unwrap_or_default(),
        };
        let bootstrap = bootstrap::build(&proxy, &place, env).context(format!("proxy {id:?}"))?;
        Ok(output::json_text(&bootstrap, "  "))
    }
}

impl Envoy {
    /// Whose certificate the control plane must have: a file or a directory.
    fn authority(&self, env: &Env) -> Result<Option<PathBuf>, Failure> {
        let path = |flag: &Option<PathBuf>, name: &str| flag.clone().or_else(|| env.get(name).map(PathBuf::from));
        let own = path(&self.grpc_ca_file, "GRPC_CACERT").or_else(|| path(&self.grpc_ca_path, "GRPC_CAPATH"));
        Ok(match own {
            Some(own) => Some(own),
            None => self.http.tls(env)?.ca,
        })
    }
}

fn admin_address(text: &str) -> Result<SocketAddr, Failure> {
    let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
    numeric.parse().map_err(|_| Failure::new(format!("--admin-bind {text:?} is no address; write IP:PORT")))
}
