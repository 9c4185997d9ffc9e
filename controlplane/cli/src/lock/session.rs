//! A session that lives as long as this process keeps it.

use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::client::{Client, ClientError};
use crate::failure::{Context, Failure};

const TTL: Duration = Duration::from_secs(15);
const RENEWED_EVERY: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Session {
    pub(super) id: String,
    client: Client,
    ended: watch::Receiver<bool>,
    keeper: JoinHandle<()>,
}

impl Session {
    /// Begins one and keeps it.
    pub(super) async fn begin(client: &Client, name: &str) -> Result<Self, Failure> {
        let body = json!({"Name": name, "TTL": format!("{}s", TTL.as_secs())});
        let answer = client.put("/v1/session/create").json(body).fetch().await;
        let answer = answer.context("Lock acquisition failed: failed to create session")?;
        let id = answer["ID"].as_str().unwrap_or_default().to_owned();
        let (sender, ended) = watch::channel(false);
        let keeper = tokio::spawn(keep(client.clone(), id.clone(), sender));
        Ok(Self { id, client: client.clone(), ended, keeper })
    }

    /// Returns when the session has ended, or may have.
    pub(super) async fn ended(&self) {
        // The sender goes only after it has said so.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Ends it.
    pub(super) async fn destroy(&self) -> Result<(), ClientError> {
        self.keeper.abort();
        self.client.put(format!("/v1/session/destroy/{}", self.id)).send().await.map(drop)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Renews a session until it is gone, or nobody has confirmed it for as long as it may live.
async fn keep(client: Client, id: String, ended: watch::Sender<bool>) {
    let mut confirmed = Instant::now();
    let mut pause = RENEWED_EVERY;
    while confirmed.elapsed() < TTL {
        sleep(pause).await;
        let asked = Instant::now();
        let renewal = client.put(format!("/v1/session/renew/{id}")).patience(RENEWED_EVERY).send_optional().await;
        match renewal {
            Ok(Some(_)) => (confirmed, pause) = (asked, RENEWED_EVERY),
            Ok(None) => break,
            Err(_) => pause = RETRY,
        }
    }
    ended.send_replace(true);
}
