//! `weft event`.

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft event --name deploy 4711                            to every agent
  weft event --name deploy --node '^web' --service web     to those that have the service, on nodes of that name";

/// Send an event to all agents
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Event {
    /// The event's name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
    /// Only to nodes whose names match
    #[arg(long, value_name = "REGEX")]
    node: Option<String>,
    /// Only to nodes with a service whose name matches
    #[arg(long, value_name = "REGEX")]
    service: Option<String>,
    /// Only to nodes with such a service that has a matching tag
    #[arg(long, value_name = "REGEX")]
    tag: Option<String>,
    /// What goes along
    #[arg(value_name = "PAYLOAD")]
    payload: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Event {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        if self.name.is_empty() {
            return Err(Failure::new("Event name must be specified"));
        }
        if self.tag.is_some() && self.service.is_none() {
            return Err(Failure::new("Cannot provide tag filter without service filter."));
        }
        let client = self.http.client(env)?;
        let request = client.put(format!("/v1/event/fire/{}", segment(&self.name)));
        let filters = [("node", &self.node), ("service", &self.service), ("tag", &self.tag)];
        let request =
            filters.into_iter().fold(request, |request, (name, value)| request.param_if(name, value.as_deref()));
        let request = request.bytes(self.payload.clone().unwrap_or_default());
        let event = request.fetch().await.context("Error firing event")?;
        output::print(&format!("Event ID: {}", event["ID"].as_str().unwrap_or_default()))?;
        Ok(DONE)
    }
}
