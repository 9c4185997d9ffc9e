//! `weft catalog services`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::with_node_meta;
use crate::client::{Client, ClientError, HttpFlags, segment};
use crate::commands::pair;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// List services
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft catalog services --tags
  weft catalog services --node node-1
  weft catalog services --node-meta rack=r1")]
pub(crate) struct Services {
    /// Show the tags of each service
    #[arg(long)]
    tags: bool,
    /// Only services on this node, by ID or name
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Only services on nodes with this metadata; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair::parse)]
    node_meta: Vec<(String, String)>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

/// Names, and all tags that instances have.
type Tags = BTreeMap<String, Vec<String>>;

impl Services {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let services = self.ask(&client).await.context("Error listing services")?;
        match self.format.format {
            Format::Json => output::print_json(&json!(services))?,
            Format::Pretty if services.is_empty() => {
                output::print("No services match the given query - try expanding your search.")?;
            }
            Format::Pretty => output::print(&self.listing(services))?,
        }
        Ok(DONE)
    }

    async fn ask(&self, client: &Client) -> Result<Tags, ClientError> {
        let Some(node) = &self.node else {
            let answer = with_node_meta(client.get("/v1/catalog/services"), &self.node_meta).fetch().await?;
            return Ok(answer
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, tags)| (name.clone(), texts(tags)))
                .collect());
        };
        let path = format!("/v1/catalog/node/{}", segment(node));
        let answer = with_node_meta(client.get(path), &self.node_meta).fetch().await?;
        let mut services = Tags::new();
        for service in answer["Services"].as_object().into_iter().flat_map(serde_json::Map::values) {
            let tags = services.entry(service["Service"].as_str().unwrap_or_default().to_owned()).or_default();
            tags.extend(texts(&service["Tags"]));
        }
        Ok(services)
    }

    fn listing(&self, services: Tags) -> String {
        let rows = services.into_iter().map(|(name, mut tags)| {
            tags.sort();
            tags.dedup();
            if self.tags { vec![name, tags.join(",")] } else { vec![name] }
        });
        output::table(&rows.collect::<Vec<_>>())
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
