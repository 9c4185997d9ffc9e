//! HashiCorp's Consul, as a positive control.

use std::net::SocketAddr;
use std::path::PathBuf;

use futures::future::BoxFuture;
use http::Method;
use serde_json::json;

use super::system::{Place, Roster, System, View, ask_json};

/// `consul agent -server`.
#[derive(Clone, Debug)]
pub struct Consul {
    pub program: PathBuf,
    /// `consul`, or `consul-stale` and `consul-consistent` for clients that read so.
    pub name: String,
}

impl System for Consul {
    fn name(&self) -> &str {
        &self.name
    }

    fn program(&self) -> PathBuf {
        self.program.clone()
    }

    fn args(&self, me: &Place, roster: &Roster) -> Vec<String> {
        let mut args: Vec<String> =
            ["agent", "-server", "-log-level", "warn", "-retry-interval", "1s"].map(str::to_owned).into();
        args.extend(["-dns-port", "-1", "-serf-wan-port", "-1"].map(str::to_owned));
        args.extend([
            "-hcl".to_owned(),
            "performance { raft_multiplier = 1 } limits { http_max_conns_per_client = 5000 }".to_owned(),
        ]);
        let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
        flag("-node", me.name.clone());
        flag("-data-dir", me.data.display().to_string());
        flag("-bind", me.bind.to_string());
        flag("-advertise", me.advertise.to_string());
        flag("-client", me.client.to_string());
        if me.founder {
            flag("-bootstrap-expect", roster.founders.len().to_string());
        }
        for other in &roster.members {
            flag("-retry-join", other.advertise.to_string());
        }
        args
    }

    fn client_port(&self) -> u16 {
        8500
    }

    fn peer_port(&self) -> u16 {
        8300
    }

    fn datagrams(&self) -> bool {
        true
    }

    fn preloads(&self) -> bool {
        false
    }

    fn view<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Option<View>> {
        Box::pin(async move {
            let address = SocketAddr::from((place.client, self.client_port()));
            let body = ask_json(address, Method::GET, "/v1/agent/self", "").await?;
            let raft = body.pointer("/Stats/raft")?;
            let number = |key: &str| raft.get(key).and_then(|text| text.as_str()?.parse::<u64>().ok());
            let leads = raft.get("state").and_then(|state| state.as_str()) == Some("Leader");
            let (term, applied) = (number("term").unwrap_or(0), number("applied_index").unwrap_or(0));
            let role = if leads { "Leader" } else { "Follower" };
            let shown =
                json!({"Term": term, "AppliedIndex": applied, "CommitIndex": number("commit_index"), "Role": role});
            Some(View { leads, term, applied, body: shown })
        })
    }
}
