//! Config entries that the configuration gives a cluster to begin with. The leader writes those that are not there; one
//! that exists stays as it is.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::time::sleep;
use weft_model::Command;
use weft_model::config_entry::ConfigEntry;
use weft_raft::{Raft, Role};
use weft_state::{ProposeError, StateView, Store};

/// How often is looked whether this server has come to lead.
const EVERY: Duration = Duration::from_secs(1);

/// The pause after some could not be written.
const AGAIN: Duration = Duration::from_secs(10);

/// Writes them whenever this server has become the leader.
pub(crate) async fn run(store: Arc<Store>, raft: Arc<Raft>, entries: Vec<ConfigEntry>) {
    let mut done_in = None;
    loop {
        let status = raft.status();
        if status.role == Role::Leader && done_in != Some(status.term) {
            match write(&store, &entries).await {
                Ok(()) => done_in = Some(status.term),
                Err(error) => {
                    tracing::warn!("config_entries.bootstrap: {error:#}");
                    sleep(AGAIN).await;
                }
            }
        }
        sleep(EVERY).await;
    }
}

/// Writes those that are not there. One may need another that stands behind it in the list: what is refused is tried
/// again, for as long as others get in.
pub(crate) async fn write(store: &Store, entries: &[ConfigEntry]) -> anyhow::Result<()> {
    let mut left: Vec<&ConfigEntry> = entries.iter().collect();
    loop {
        let (mut refused, mut reasons) = (Vec::new(), Vec::new());
        let before = left.len();
        for entry in left {
            let state = store.current();
            if StateView::new(&state).config_entry(entry.kind(), entry.name()).is_some() {
                continue;
            }
            let command = Command::ConfigUpsert { entry: Box::new(entry.clone()), cas: Some(0) };
            match store.propose(command).await {
                Ok(_) => {}
                Err(ProposeError::Refused(why)) => {
                    reasons.push(format!("{} {:?}: {why}", entry.kind().as_str(), entry.name()));
                    refused.push(entry);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        if refused.len() == before {
            bail!("refused are {}", reasons.join("; "));
        }
        left = refused;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use weft_model::config_entry::Kind;

    use super::*;
    use crate::app::Agent;
    use crate::config::{self, Flags};

    const SPLITTER: &str = "{ kind = \"service-splitter\" name = \"web\" splits = [{ weight = 100 }] }";
    const DEFAULTS: &str = "{ kind = \"service-defaults\" name = \"web\" protocol = \"http\" }";

    async fn start(entries: &str) -> anyhow::Result<Agent> {
        let hcl = vec![format!("config_entries {{ bootstrap = [{entries}] }}")];
        Agent::start(config::load(&Flags { hcl, ..Flags::ephemeral() }).unwrap()).await
    }

    #[tokio::test]
    async fn an_entry_may_stand_before_the_one_that_it_needs() {
        let agent = start(&format!("{SPLITTER}, {DEFAULTS}")).await.unwrap();
        let state = agent.store().current();
        let view = StateView::new(&state);
        for kind in ["service-splitter", "service-defaults"] {
            assert!(view.config_entry(Kind::parse(kind).unwrap(), "web").is_some(), "{kind}");
        }
        agent.shutdown().await;
        let refused = start(SPLITTER).await.err().unwrap().to_string();
        assert!(refused.starts_with("refused are service-splitter \"web\": "), "{refused}");
    }
}
