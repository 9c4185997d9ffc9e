//! Discovery chains: routers, splitters and resolvers compiled into where the requests to a service go.
//!
//! ```text
//! entries ─> Compiler: nodes and targets ─> graph: no circles, splits of splits made flat, nothing unused ─> CompiledChain
//! ```
//!
//! Shapes and rules are Consul's (`/v1/discovery-chain`), ids those of its releases with partitions
//! (`<subset>.<service>.<namespace>.<partition>.<datacenter>`).

mod affected;
mod compiler;
mod graph;
mod resolve;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub use affected::affected;
pub use target::Target;

use crate::Datacenter;
use crate::config_entry::{ConfigEntry, Kind, LoadBalancer, Route, Split, percent};
use crate::time::GoDuration;

/// How many splitters or redirects may follow on each other, and how many shares a splitter may come to. Few entries can
/// describe chains without end.
const STEPS_MAX: usize = 64;
const SHARES_MAX: usize = 4096;

/// What a service's connect timeout is when nobody says anything.
const CONNECT_TIMEOUT: GoDuration = GoDuration::from_secs(5);

/// The config entries that a chain is made of.
pub trait Entries {
    /// One of them.
    fn entry(&self, kind: Kind, name: &str) -> Option<Arc<ConfigEntry>>;
}

/// Whose chain, and what the asker wants otherwise.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: String,
    /// As seen from here.
    pub datacenter: Datacenter,
    pub trust_domain: String,
    pub overrides: Overrides,
}

/// What an upstream's own settings change in a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub connect_timeout: Option<Duration>,
    /// Empty: none.
    pub protocol: String,
    /// Empty: none.
    pub mesh_gateway_mode: String,
}

/// Where the requests to a service go.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CompiledChain {
    pub service_name: String,
    pub namespace: &'static str,
    pub partition: &'static str,
    pub datacenter: Datacenter,
    /// Of the overrides that made it another one; empty: none did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub customization_hash: String,
    /// Nothing is configured for the service.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    pub protocol: String,
    /// The key of a node.
    pub start_node: String,
    /// By `<type>:<name>`.
    pub nodes: BTreeMap<String, Node>,
    /// By their ids.
    pub targets: BTreeMap<String, Target>,
}

/// A step on the way to a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    #[serde(rename = "Type")]
    pub kind: NodeKind,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<CompiledRoute>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<CompiledSplit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<CompiledResolver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    Router,
    Splitter,
    Resolver,
}

/// What fits goes to the next node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CompiledRoute {
    pub definition: Route,
    pub next_node: String,
}

/// A share of the requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CompiledSplit {
    pub definition: Split,
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub weight: f64,
    pub next_node: String,
}

/// A target, and who steps in for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CompiledResolver {
    pub connect_timeout: GoDuration,
    /// No resolver is written for the service.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
    #[serde(skip_serializing_if = "GoDuration::is_zero")]
    pub request_timeout: GoDuration,
    pub target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover: Option<Failover>,
}

/// Who steps in, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failover {
    pub targets: Vec<String>,
}

impl Node {
    fn new(kind: NodeKind, name: String) -> Self {
        Self { kind, name, routes: Vec::new(), splits: Vec::new(), resolver: None, load_balancer: None }
    }

    /// Under which others know it.
    fn key(&self) -> String {
        let kind = match self.kind {
            NodeKind::Router => "router",
            NodeKind::Splitter => "splitter",
            NodeKind::Resolver => "resolver",
        };
        format!("{kind}:{}", self.name)
    }

    /// Where it leads.
    fn next(&self) -> impl Iterator<Item = &str> {
        let routes = self.routes.iter().map(|route| route.next_node.as_str());
        routes.chain(self.splits.iter().map(|split| split.next_node.as_str()))
    }
}

/// Compiles the chain of a service.
///
/// # Errors
/// The entries contradict one another; the text is Consul's.
pub fn compile(entries: &dyn Entries, request: &Request) -> Result<CompiledChain, String> {
    compiler::Compiler::new(entries, request).compile()
}
