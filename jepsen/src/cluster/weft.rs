//! weft.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use futures::future::BoxFuture;
use http::Method;
use serde_json::Value;

use super::system::{Place, Roster, System, View, ask_within, wish};

/// `weft agent --server`.
#[derive(Clone, Debug)]
pub struct Weft {
    pub program: PathBuf,
    /// The mistake to make, if this is a build that can.
    pub mutant: Option<String>,
    /// A file of settings for all servers.
    pub config: PathBuf,
}

/// The join secret of all test clusters.
const SECRET: &str = "amVwc2VuLWpvaW4tc2VjcmV0LW9mLXRoZS10ZXN0cyE=";

impl Weft {
    /// The settings of `config`: raft snapshots as often as that, and no limits that clients of one address could meet.
    #[must_use]
    pub fn settings(snapshot_threshold: u64, servers: u8) -> Value {
        serde_json::json!({
            "raft_snapshot_threshold": snapshot_threshold,
            "retry_interval": "500ms",
            "limits": {"http_max_conns_per_client": 5000},
            // Killed servers come back: only what is more than the cluster began with is cleaned up.
            "autopilot": {"server_stabilization_time": "2s", "last_contact_threshold": "1s", "min_quorum": servers},
        })
    }
}

impl System for Weft {
    fn name(&self) -> &str {
        "weft"
    }

    fn program(&self) -> PathBuf {
        self.program.clone()
    }

    fn args(&self, me: &Place, roster: &Roster) -> Vec<String> {
        let mut args: Vec<String> = ["agent", "--server", "--log-level", "info"].map(str::to_owned).into();
        let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
        flag("--node", me.name.clone());
        flag("--data-dir", me.data.display().to_string());
        flag("--bind", me.bind.to_string());
        flag("--advertise", me.advertise.to_string());
        flag("--client", if me.space.is_some() { Ipv4Addr::UNSPECIFIED } else { me.client }.to_string());
        flag("--dns-port", "-1".to_owned());
        flag("--encrypt", SECRET.to_owned());
        flag("--config-file", self.config.display().to_string());
        if me.founder {
            flag("--bootstrap-expect", roster.founders.len().to_string());
        }
        for other in roster.members.iter().filter(|other| other.name != me.name) {
            flag("--retry-join", format!("{}:{}", other.advertise, self.peer_port()));
        }
        args
    }

    fn env(&self) -> Vec<(String, String)> {
        self.mutant.iter().map(|mutant| ("WEFT_MUTANT".to_owned(), mutant.clone())).collect()
    }

    fn client_port(&self) -> u16 {
        8500
    }

    fn peer_port(&self) -> u16 {
        8300
    }

    fn preloads(&self) -> bool {
        true
    }

    fn view<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Option<View>> {
        Box::pin(async move {
            // It tells this to callers on its own machine only.
            let ip = if place.space.is_some() { Ipv4Addr::LOCALHOST } else { place.client };
            let reply =
                ask_within(place.space.as_deref(), (ip, self.client_port()).into(), "/v1/weft/debug/raft").await?;
            let body: Value = serde_json::from_slice(&reply.body).ok()?;
            let leads = body.get("Role").and_then(Value::as_str) == Some("Leader");
            let number = |key: &str| body.get(key).and_then(Value::as_u64).unwrap_or(0);
            Some(View { leads, term: number("Term"), applied: number("AppliedIndex"), body })
        })
    }

    fn transfer(&self, address: SocketAddr) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(wish(address, Method::POST, "/v1/operator/raft/transfer-leader"))
    }

    fn remove<'a>(&'a self, address: SocketAddr, gone: &'a Place) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let path = format!("/v1/operator/raft/peer?address={}:{}", gone.advertise, self.peer_port());
            wish(address, Method::DELETE, &path).await
        })
    }
}
