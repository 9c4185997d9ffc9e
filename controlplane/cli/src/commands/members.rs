//! `weft members`.

use regex::Regex;
use serde_json::Value;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, NO_ANSWER, Outcome};
use crate::output;

/// List the agents of the cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft members
  weft members --detailed
  weft members --status 'failed|left'")]
pub(crate) struct Members {
    /// Show all tags
    #[arg(long)]
    detailed: bool,
    /// Only those whose status matches this regular expression
    #[arg(long, value_name = "REGEX", default_value = ".*")]
    status: String,
    /// The servers, under their federation names
    #[arg(long)]
    wan: bool,
    /// Taken for Consul's sake: there is one segment
    #[arg(long, value_name = "NAME", default_value = "_all", hide = true)]
    segment: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl Members {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let wanted = Regex::new(&self.status).context("Failed to compile status regexp")?;
        let client = self.http.client(env)?;
        let mut request = client.get("/v1/agent/members").param("segment", &self.segment);
        if self.wan {
            request = request.param("wan", "1");
        }
        let answer = request.fetch().await.context("Error retrieving members")?;
        let mut members: Vec<_> = answer.as_array().into_iter().flatten().collect();
        members.retain(|member| wanted.is_match(status(member)));
        members.sort_by_key(|member| text(member, "Name"));
        if members.is_empty() {
            return Ok(NO_ANSWER);
        }
        output::print(&if self.detailed { detailed(&members) } else { standard(&members) })?;
        Ok(DONE)
    }
}

fn text<'a>(member: &'a Value, field: &str) -> &'a str {
    member[field].as_str().unwrap_or_default()
}

fn status(member: &Value) -> &'static str {
    match member["Status"].as_u64() {
        Some(1) => "alive",
        Some(2) => "leaving",
        Some(3) => "left",
        Some(4) => "failed",
        _ => "none",
    }
}

fn address(member: &Value) -> String {
    let (host, port) = (text(member, "Addr"), &member["Port"]);
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn standard(members: &[&Value]) -> String {
    let heading = ["Node", "Address", "Status", "Type", "Build", "Protocol", "DC", "Segment"].map(str::to_owned);
    let rows = members.iter().map(|member| {
        let tags = &member["Tags"];
        let server = text(tags, "role") == "consul";
        let build = text(tags, "build").split(':').next().unwrap_or_default();
        let segment = if server { "<all>" } else { text(tags, "segment") };
        [
            text(member, "Name").to_owned(),
            address(member),
            status(member).to_owned(),
            if server { "server" } else { "client" }.to_owned(),
            build.to_owned(),
            text(tags, "vsn").to_owned(),
            text(tags, "dc").to_owned(),
            if segment.is_empty() { "<default>" } else { segment }.to_owned(),
        ]
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

fn detailed(members: &[&Value]) -> String {
    let heading = ["Node", "Address", "Status", "Tags"].map(str::to_owned);
    let rows = members.iter().map(|member| {
        let tags = member["Tags"].as_object().into_iter().flatten();
        let mut tags: Vec<_> =
            tags.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
        tags.sort();
        [text(member, "Name").to_owned(), address(member), status(member).to_owned(), tags.join(",")]
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}
