//! `weft catalog`: what is known in a datacenter.

mod datacenters;
mod nodes;
mod services;

use clap::Subcommand;

use crate::client::Request;
use crate::env::Env;
use crate::failure::Outcome;

/// List datacenters, nodes and services
#[derive(Debug, Subcommand)]
pub(crate) enum Catalog {
    Datacenters(datacenters::Datacenters),
    Nodes(nodes::Nodes),
    Services(services::Services),
}

impl Catalog {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Datacenters(datacenters) => datacenters.run(env).await,
            Self::Nodes(nodes) => nodes.run(env).await,
            Self::Services(services) => services.run(env).await,
        }
    }
}

/// Asks only for nodes that carry all of `meta`.
fn with_node_meta<'a>(request: Request<'a>, meta: &[(String, String)]) -> Request<'a> {
    meta.iter().fold(request, |request, (key, value)| request.param("node-meta", &format!("{key}:{value}")))
}
