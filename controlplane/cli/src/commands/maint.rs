//! `weft maint`.

use serde_json::Value;

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft maint                                                  what is in maintenance on this agent
  weft maint --enable --reason 'new disks'                    the node, with all that runs on it
  weft maint --enable --service web-1 --reason 'update'
  weft maint --disable --service web-1";

const SERVICE: &str = "_service_maintenance:";

/// Take a node or a service out of rotation, or back in
///
/// It stays as it is when the agent is started again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Maint {
    /// Take it out of rotation
    #[arg(long)]
    enable: bool,
    /// Take it back in
    #[arg(long)]
    disable: bool,
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// ID of a service instance, in the place of the whole node
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Maint {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match (self.enable, self.disable) {
            (true, true) => return Err(Failure::new("Only one of -enable or -disable may be provided")),
            (false, _) if !self.reason.is_empty() => {
                return Err(Failure::new("Reason may only be provided with -enable"));
            }
            (false, false) if self.service.is_some() => {
                return Err(Failure::new("Service requires either -enable or -disable"));
            }
            (false, false) => return self.list(env).await,
            (true, false) | (false, true) => {}
        }
        let (path, subject, noun) = match &self.service {
            Some(id) => (format!("/v1/agent/service/maintenance/{}", segment(id)), format!(" for {id:?}"), "service"),
            None => ("/v1/agent/maintenance".to_owned(), String::new(), "node"),
        };
        let (doing, done) = if self.enable { ("enabling", "enabled") } else { ("disabling", "disabled") };
        let client = self.http.client(env)?;
        let request = client.put(path).param("enable", if self.enable { "true" } else { "false" });
        let reason = Some(self.reason.as_str()).filter(|reason| !reason.is_empty());
        request.param_if("reason", reason).send().await.context(format!("Error {doing} {noun} maintenance"))?;
        let noun = if self.service.is_some() { "Service" } else { "Node" };
        output::print(&format!("{noun} maintenance is now {done}{subject}"))?;
        Ok(DONE)
    }

    async fn list(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let checks = client.get("/v1/agent/checks").fetch().await.context("Error getting checks")?;
        output::print(&listing(&checks))?;
        Ok(DONE)
    }
}

fn listing(checks: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |(id, check): (&String, &Value)| {
        let reason = text(&check["Notes"]);
        if id == "_node_maintenance" {
            return Some(format!("Node:\n  Name:   {}\n  Reason: {reason}\n\n", text(&check["Node"])));
        }
        let service = id.strip_prefix(SERVICE)?;
        Some(format!("Service:\n  ID:     {service}\n  Reason: {reason}\n\n"))
    };
    checks.as_object().into_iter().flatten().filter_map(entry).collect()
}
