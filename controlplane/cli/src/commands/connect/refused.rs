//! What Consul's `connect` can besides, and why it cannot be had here.

use crate::failure::{Failure, Outcome};

const GATEWAYS: &str = "\
weft serves the Envoys of sidecars: to one that is a gateway it would send nothing. Let calls from outside come to a
proxy or load balancer of your own that has a sidecar, and reach what lies outside by its address";

const BUILT_IN: &str = "\
there is no built-in proxy: run Envoy with `weft connect envoy --sidecar-for ID`, which needs nothing but Envoy on PATH";

const INSTEAD: &str = "\
Examples:
  weft connect envoy --sidecar-for web-1   what runs a proxy here";

/// Flags of gateways.
#[derive(Debug, clap::Args)]
pub(super) struct GatewayFlags {
    #[arg(long, hide = true)]
    gateway: Option<String>,
    #[arg(long, hide = true)]
    mesh_gateway: bool,
    #[arg(long, hide = true)]
    register: bool,
    #[arg(long, hide = true)]
    service: Option<String>,
    #[arg(long, hide = true)]
    address: Option<String>,
    #[arg(long, hide = true)]
    wan_address: Option<String>,
    #[arg(long, hide = true)]
    bind_address: Vec<String>,
    #[arg(long, hide = true)]
    expose_servers: bool,
    #[arg(long, hide = true)]
    deregister_after_critical: Option<String>,
}

impl GatewayFlags {
    /// Refuses the first of them that is given.
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        let given = [
            ("--gateway", self.gateway.is_some()),
            ("--mesh-gateway", self.mesh_gateway),
            ("--register", self.register),
            ("--service", self.service.is_some()),
            ("--address", self.address.is_some()),
            ("--wan-address", self.wan_address.is_some()),
            ("--bind-address", !self.bind_address.is_empty()),
            ("--expose-servers", self.expose_servers),
            ("--deregister-after-critical", self.deregister_after_critical.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Failure::new(format!("{flag}: {GATEWAYS}."))),
            None => Ok(()),
        }
    }
}

/// Say why no service is exposed by a gateway, and what to do instead
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = INSTEAD)]
pub(crate) struct Expose {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<String>,
}

/// Say why there is no built-in proxy, and what to do instead
#[derive(Debug, clap::Args)]
#[command(hide = true, after_help = INSTEAD)]
pub(crate) struct Proxy {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<String>,
}

impl Expose {
    pub(super) fn run(&self) -> Outcome {
        Err(Failure::new(format!("{GATEWAYS}.")))
    }
}

impl Proxy {
    pub(super) fn run(&self) -> Outcome {
        Err(Failure::new(BUILT_IN))
    }
}
