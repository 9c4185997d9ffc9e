//! `weft rtt`: how far two nodes are from each other.

use serde_json::Value;
use weft_model::coordinate::Coordinate;

use crate::client::{Client, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Estimate the round trip time between two nodes
///
/// The estimate comes from what servers have measured of each other: see "weft agent" for who measures.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft rtt server-2              between the agent that is asked and server-2
  weft rtt server-2 server-3
  weft rtt --wan server-2.dc1 server-3.dc1")]
pub(crate) struct Rtt {
    /// One node or two; without the second the agent's own is meant
    #[arg(value_name = "NODE")]
    nodes: Vec<String>,
    /// Servers, with their datacenter: NODE.DATACENTER
    #[arg(long)]
    wan: bool,
    #[command(flatten)]
    http: HttpFlags,
}

impl Rtt {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let (first, second) = match self.nodes.as_slice() {
            [first] => (first, None),
            [first, second] => (first, Some(second)),
            _ => return Err(Failure::new("One or two node names must be specified")),
        };
        let client = self.http.client(env)?;
        let second = match second {
            Some(second) => second.clone(),
            None => self.own_name(&client).await?,
        };
        let (source, [from, to]) = if self.wan {
            ("WAN", self.far(&client, [first, &second]).await?)
        } else {
            ("LAN", near(&client, [first, &second]).await?)
        };
        let millis = from.distance(&to).as_secs_f64() * 1000.0;
        output::print(&format!("Estimated {first} <-> {second} rtt: {millis:.3} ms (using {source} coordinates)"))?;
        Ok(DONE)
    }

    async fn own_name(&self, client: &Client) -> Result<String, Failure> {
        let agent = client.get("/v1/agent/self").fetch().await.context("Unable to look up agent info")?;
        let config = &agent["Config"];
        let (name, datacenter) = (text(&config["NodeName"]), text(&config["Datacenter"]));
        Ok(if self.wan { format!("{name}.{datacenter}") } else { name.to_owned() })
    }

    async fn far(&self, client: &Client, nodes: [&str; 2]) -> Result<[Coordinate; 2], Failure> {
        let split =
            |node: &str| node.rsplit_once('.').map(|(name, datacenter)| (name.to_owned(), datacenter.to_owned()));
        let [Some(from), Some(to)] = nodes.map(split) else {
            return Err(Failure::new("Node names must be specified as <node name>.<datacenter> with -wan"));
        };
        let all = client.get("/v1/coordinate/datacenters").fetch().await.context("Error getting coordinates")?;
        let place = |(name, datacenter): &(String, String)| {
            let areas = all.as_array().into_iter().flatten();
            let area = areas.filter(|area| text(&area["Datacenter"]) == datacenter && text(&area["AreaID"]) == "wan");
            let found = area.filter_map(|area| found(&area["Coordinates"], name)).next();
            found.ok_or_else(|| unknown(&format!("{name}.{datacenter}")))
        };
        Ok([place(&from)?, place(&to)?])
    }
}

async fn near(client: &Client, nodes: [&str; 2]) -> Result<[Coordinate; 2], Failure> {
    let all = client.get("/v1/coordinate/nodes").fetch().await.context("Error getting coordinates")?;
    let place = |node: &str| found(&all, node).ok_or_else(|| unknown(node));
    Ok([place(nodes[0])?, place(nodes[1])?])
}

fn found(list: &Value, node: &str) -> Option<Coordinate> {
    let entry = list.as_array()?.iter().find(|entry| text(&entry["Node"]) == node)?;
    serde_json::from_value(entry["Coord"].clone()).ok()
}

fn unknown(node: &str) -> Failure {
    Failure::new(format!("Could not find a coordinate for node {node:?}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
