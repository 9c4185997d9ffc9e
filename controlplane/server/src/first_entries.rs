//! Config entries that the configuration gives a cluster to begin with. The leader writes those that are not there; one
//! that exists stays as it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weft_model::Command;
use weft_model::config_entry::ConfigEntry;
use weft_raft::{Raft, Role};
use weft_state::{StateView, Store};

/// How often is looked whether this server has come to lead.
const EVERY: Duration = Duration::from_secs(1);

/// Writes them whenever this server has become the leader.
pub(crate) async fn run(store: Arc<Store>, raft: Arc<Raft>, entries: Vec<ConfigEntry>) {
    let mut done_in = None;
    loop {
        let status = raft.status();
        if status.role == Role::Leader && done_in != Some(status.term) {
            match write(&store, &entries).await {
                Ok(()) => done_in = Some(status.term),
                Err(error) => tracing::warn!("the first config entries could not be written: {error:#}"),
            }
        }
        sleep(EVERY).await;
    }
}

/// Writes those that are not there.
pub(crate) async fn write(store: &Store, entries: &[ConfigEntry]) -> anyhow::Result<()> {
    for entry in entries {
        let state = store.current();
        if StateView::new(&state).config_entry(entry.kind(), entry.name()).is_none() {
            let entry = Box::new(entry.clone());
            store.propose(Command::ConfigUpsert { entry, cas: Some(0) }).await?;
        }
    }
    Ok(())
}
