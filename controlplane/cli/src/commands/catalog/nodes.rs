//! `weft catalog nodes`.

use serde_json::Value;

use super::with_node_meta;
use crate::client::{Client, ClientError, HttpFlags, segment};
use crate::commands::pair;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List nodes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft catalog nodes --detailed
  weft catalog nodes --service web
  weft catalog nodes --node-meta rack=r1")]
pub(crate) struct Nodes {
    /// Show whole IDs, all addresses and metadata
    #[arg(long)]
    detailed: bool,
    /// Only nodes that match this expression
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Put nodes near this one first
    #[arg(long, value_name = "NODE")]
    near: Option<String>,
    /// Only nodes with this metadata; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair::parse)]
    node_meta: Vec<(String, String)>,
    /// Only nodes that have an instance of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Nodes {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let nodes = self.ask(&client).await.context("Error listing nodes")?;
        match self.format.format {
            Format::Json => output::print_json(&Value::Array(nodes))?,
            Format::Pretty if nodes.is_empty() => {
                output::print("No nodes match the given query - try expanding your search.")?;
            }
            Format::Pretty => output::print(&table(&nodes, self.detailed))?,
        }
        Ok(DONE)
    }

    async fn ask(&self, client: &Client) -> Result<Vec<Value>, ClientError> {
        let path = match &self.service {
            Some(service) => format!("/v1/catalog/service/{}", segment(service)),
            None => "/v1/catalog/nodes".to_owned(),
        };
        let request = with_node_meta(client.get(path), &self.node_meta);
        let request = request.param_if("filter", self.filter.as_deref()).param_if("near", self.near.as_deref());
        let answer = request.fetch().await?;
        let mut nodes = answer.as_array().cloned().unwrap_or_default();
        // A node with several instances of the service is one node.
        let mut seen = std::collections::HashSet::new();
        nodes.retain(|node| seen.insert(text(node, "Node").to_owned()));
        Ok(nodes)
    }
}

fn table(nodes: &[Value], detailed: bool) -> String {
    let columns: &[&str] = if detailed {
        &["Node", "ID", "Address", "DC", "TaggedAddresses", "Meta"]
    } else {
        &["Node", "ID", "Address", "DC"]
    };
    let heading = columns.iter().map(|&column| column.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(nodes.iter().map(|node| row(node, detailed))).collect();
    output::table(&rows)
}

fn row(node: &Value, detailed: bool) -> Vec<String> {
    let id = text(node, "ID");
    let short = id.split('-').next().unwrap_or(id);
    let mut cells =
        vec![text(node, "Node"), if detailed { id } else { short }, text(node, "Address"), text(node, "Datacenter")]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
    if detailed {
        let meta = if node["NodeMeta"].is_object() { &node["NodeMeta"] } else { &node["Meta"] };
        cells.extend([pairs(&node["TaggedAddresses"]), pairs(meta)]);
    }
    cells
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node[key].as_str().unwrap_or_default()
}

/// `a=1, b=2`, by key.
fn pairs(object: &Value) -> String {
    let fields = object.as_object().into_iter().flatten();
    let mut pairs: Vec<_> =
        fields.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    pairs.sort();
    pairs.join(", ")
}
