//! Reading the configuration again while the agent runs: on SIGHUP, and when the API asks for it.
//!
//! ```text
//! Flags ─load─> Config ─┬─ faults: nothing changes
//!                       └─ certificates, tokens, log level, limits, watches, DNS, metadata, services and checks of the files
//! ```
//!
//! What else has changed needs a restart, and is named in the log.

mod keys;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use weft_api::Ceiling;
use weft_api::host::Reload;
use weft_state::Store;

use crate::acl::Acl;
use crate::checks::{self, Checks};
use crate::config::{self, Config, Definitions, Flags};
use crate::definitions;
use crate::front_tls::Doors;
use crate::log::Logging;
use crate::node::Own;
use crate::watches::Watches;
use keys::Started;

/// So many may wait for the reload that runs; others wait to be among them.
const QUEUE: usize = 16;

const GONE: &str = "the agent is shutting down";

/// Asks for reloads. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Reloads {
    requests: mpsc::Sender<oneshot::Sender<Result<(), String>>>,
}

/// The parts of an agent that can be told something new.
pub(crate) struct Parts {
    pub(crate) store: Arc<Store>,
    pub(crate) node: Own,
    pub(crate) checks: Checks,
    /// How old an output may be in the catalog, where a client agent keeps that true.
    pub(crate) output_every: Option<Arc<RwLock<Duration>>>,
    pub(crate) names: weft_dns::Handler,
    pub(crate) doors: Doors,
    pub(crate) acl: Acl,
    pub(crate) log: Logging,
    pub(crate) http_connections: Ceiling,
    /// What the agent keeps registered.
    pub(crate) definitions: Arc<RwLock<Definitions>>,
    pub(crate) watches: Watches,
}

/// Does one reload after the other.
pub(crate) struct Reloader {
    requests: mpsc::Receiver<oneshot::Sender<Result<(), String>>>,
    parts: Parts,
    source: Flags,
    started: Started,
    sidecar_ports: (u16, u16),
    data_dir: Option<PathBuf>,
    /// How checks run now.
    checks: checks::Settings,
    /// What the files said when they were last taken over.
    definitions: Definitions,
}

impl Reload for Reloads {
    fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.requests.send(reply).await.map_err(|_| GONE)?;
            answer.await.map_err(|_| GONE)?
        })
    }
}

impl Reloader {
    /// A handle, and what is to be run for it.
    pub(crate) fn new(config: &Config, parts: Parts) -> (Reloads, Self) {
        let (sender, requests) = mpsc::channel(QUEUE);
        let reloader = Self {
            requests,
            parts,
            source: config.source.clone(),
            started: Started::with(config),
            sidecar_ports: config.listen.sidecar_ports,
            data_dir: config.data_dir.clone(),
            checks: config.checks.clone(),
            definitions: config.definitions.clone(),
        };
        (Reloads { requests: sender }, reloader)
    }

    pub(crate) async fn run(mut self) {
        while let Some(reply) = self.requests.recv().await {
            let outcome = self.reload().await.map_err(|error| format!("{error:#}").trim_end().to_owned());
            match &outcome {
                Ok(()) => tracing::info!("the configuration was read again"),
                Err(error) => tracing::error!("the configuration was not taken over: {error}"),
            }
            // Nobody may be left to hear it.
            drop(reply.send(outcome));
        }
    }

    async fn reload(&mut self) -> anyhow::Result<()> {
        let source = self.source.clone();
        let config = spawn_blocking(move || config::load(&source)).await?.map_err(|faults| anyhow!("{faults}"))?;
        let doors = self.parts.doors.clone();
        let client_tls = config.client_tls.clone();
        // What can be wrong with files comes first: then all is taken over, or nothing.
        spawn_blocking(move || doors.change(&client_tls)).await??;
        self.parts.acl.configure(&config.acl.tokens);
        self.parts.log.set(config.log.level);
        self.parts.http_connections.set(config.listen.http_connections_per_client);
        self.parts.watches.set(&config.watches);
        match &self.parts.output_every {
            Some(every) => {
                *every.write() = config.checks.output_every;
                self.checks.output_every = Duration::ZERO;
            }
            None => self.checks.output_every = config.checks.output_every,
        }
        self.checks.discard_output = config.checks.discard_output;
        self.parts.checks.configure(self.checks.clone()).await;
        self.parts.names.configure(config.dns.clone());
        for key in self.started.need_restart(&config) {
            tracing::warn!("{key} has changed and holds when the agent is started again");
        }
        self.parts.node.set_meta(&self.parts.store, &config.node.meta).await?;
        self.register(config.definitions).await
    }

    /// Makes the catalog fit the files.
    async fn register(&mut self, new: Definitions) -> anyhow::Result<()> {
        *self.parts.definitions.write() = new.clone();
        let former = std::slice::from_ref(&self.definitions);
        let Parts { store, node, .. } = &self.parts;
        definitions::register(store, &node.get(), self.sidecar_ports, &new, former, self.data_dir.as_deref()).await?;
        self.definitions = new;
        Ok(())
    }
}
