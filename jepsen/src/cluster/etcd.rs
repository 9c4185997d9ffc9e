//! etcd, as a positive control.

use std::net::SocketAddr;
use std::path::PathBuf;

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};

use super::system::{Place, Roster, System, View, ask_json};

/// `etcd`.
#[derive(Clone, Debug)]
pub struct Etcd {
    pub program: PathBuf,
    /// Whether it syncs. Without, the judges must object.
    pub syncs: bool,
}

impl System for Etcd {
    fn name(&self) -> &str {
        "etcd"
    }

    fn program(&self) -> PathBuf {
        self.program.clone()
    }

    fn args(&self, me: &Place, roster: &Roster) -> Vec<String> {
        let mut args = Vec::new();
        let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
        let peer = |place: &Place| format!("http://{}:{}", place.advertise, self.peer_port());
        let all: Vec<String> = roster.founders.iter().map(|place| format!("{}={}", place.name, peer(place))).collect();
        flag("--name", me.name.clone());
        flag("--data-dir", me.data.join("etcd").display().to_string());
        flag("--log-level", "warn".to_owned());
        flag("--snapshot-count", "50".to_owned());
        flag("--listen-client-urls", format!("http://{}:{}", me.client, self.client_port()));
        flag("--advertise-client-urls", format!("http://{}:{}", me.client, self.client_port()));
        flag("--listen-peer-urls", format!("http://{}:{}", me.bind, self.peer_port()));
        flag("--initial-advertise-peer-urls", peer(me));
        flag("--initial-cluster", all.join(","));
        flag("--initial-cluster-token", "weft-jepsen".to_owned());
        flag("--initial-cluster-state", "new".to_owned());
        if !self.syncs {
            args.push("--unsafe-no-fsync".to_owned());
        }
        args
    }

    fn client_port(&self) -> u16 {
        2379
    }

    fn peer_port(&self) -> u16 {
        2380
    }

    fn preloads(&self) -> bool {
        false
    }

    fn view<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Option<View>> {
        Box::pin(async move {
            let address = SocketAddr::from((place.client, self.client_port()));
            let body = ask_json(address, Method::POST, "/v3/maintenance/status", "{}").await?;
            let text = |at: &str| body.pointer(at).and_then(Value::as_str);
            let number = |at: &str| text(at).and_then(|text| text.parse::<u64>().ok());
            let leads = text("/leader").is_some_and(|id| Some(id) == text("/header/member_id"));
            let role = if leads { "Leader" } else { "Follower" };
            let (term, applied) = (number("/raftTerm").unwrap_or(0), number("/raftAppliedIndex").unwrap_or(0));
            Some(View { leads, term, applied, body: json!({"Term": term, "AppliedIndex": applied, "Role": role}) })
        })
    }
}
