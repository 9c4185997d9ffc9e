//! `weft connect`: proxies, and the certificate authority behind their identities.

mod ca;
mod envoy;
mod refused;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Run proxies, and look after the certificate authority
#[derive(Debug, Subcommand)]
pub(crate) enum Connect {
    Envoy(Box<envoy::Envoy>),
    #[command(subcommand)]
    Ca(ca::Ca),
    Expose(refused::Expose),
    Proxy(refused::Proxy),
}

impl Connect {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Envoy(envoy) => envoy.run(env).await,
            Self::Ca(ca) => ca.run(env).await,
            Self::Expose(expose) => expose.run(),
            Self::Proxy(proxy) => proxy.run(),
        }
    }
}
