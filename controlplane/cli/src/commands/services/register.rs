//! `weft services register`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::definitions;
use crate::client::{Client, HttpFlags};
use crate::commands::pair;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Register services, from files or from flags
///
/// Files are JSON or HCL as an agent reads them, with "service" or "services" in them; "-" is standard input.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  weft services register web.hcl api.json
  weft services register --name web --port 8080 --tag v1 --meta team=blue

A file:
  service {
    name = \"web\"
    port = 8080
    connect { sidecar_service { proxy {
      upstreams { destination_name = \"api\" local_bind_port = 9191 }
    } } }
  }")]
pub(crate) struct Register {
    /// Files to read
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Name of the service
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// ID of the instance [default: its name]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Port it listens on
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Address it listens on [default: the node's]
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// Kind of service, for proxies and gateways
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Something to know about it; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair::parse)]
    meta: Vec<(String, String)>,
    /// An address under which others know it, as lan=10.0.0.1:80; may be given several times
    #[arg(long, value_name = "NAME=ADDRESS:PORT", value_parser = pair::parse)]
    tagged_address: Vec<(String, String)>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Register {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let services = match (self.described()?, self.files.as_slice()) {
            (None, []) => return Err(Failure::new("Service registration requires at least one argument or flags.")),
            (Some(_), [_, ..]) => {
                return Err(Failure::new("Service registration requires arguments or flags, not both."));
            }
            (Some(service), []) => vec![service],
            (None, files) => definitions::load(files)?
                .into_iter()
                .map(|definition| (definition.service.name.to_string(), definition.written))
                .collect(),
        };
        let client = self.http.client(env)?;
        for (name, body) in services {
            register(&client, &name, body).await?;
        }
        Ok(DONE)
    }

    /// The name and the body of the service that the flags describe, if they do.
    fn described(&self) -> Result<Option<(String, Value)>, Failure> {
        let mut body = Map::new();
        let texts = [("Name", &self.name), ("ID", &self.id), ("Address", &self.address), ("Kind", &self.kind)];
        body.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?)))));
        body.extend(self.port.map(|port| ("Port".to_owned(), json!(port))));
        if !self.tags.is_empty() {
            body.insert("Tags".to_owned(), json!(self.tags));
        }
        if !self.meta.is_empty() {
            body.insert("Meta".to_owned(), json!(self.meta.iter().cloned().collect::<BTreeMap<_, _>>()));
        }
        let tagged = self.tagged_address.iter().map(tagged_address).collect::<Result<Map<_, _>, _>>()?;
        if !tagged.is_empty() {
            body.insert("TaggedAddresses".to_owned(), Value::Object(tagged));
        }
        Ok((!body.is_empty()).then(|| (self.name.clone().unwrap_or_default(), Value::Object(body))))
    }
}

/// `10.0.0.1:80` or `[::1]:80`, as the API has it.
fn tagged_address((name, address): &(String, String)) -> Result<(String, Value), Failure> {
    let split = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let (host, port) =
        split.ok_or_else(|| Failure::new(format!("--tagged-address {name}={address}: write {name}=ADDRESS:PORT")))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((name.clone(), json!({ "Address": host, "Port": port })))
}

async fn register(client: &Client, name: &str, body: Value) -> Result<(), Failure> {
    let sent = client.put("/v1/agent/service/register").json(body).send().await;
    sent.context(format!("Error registering service {name:?}"))?;
    output::print(&format!("Registered service: {name}"))
}
