//! Alias checks of a client agent that show the health of what another node has: the agent's own state holds one node
//! only, so servers tell.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::sleep;
use weft_model::health::Check;

use super::Message;
use super::alias::Aliased;
use super::outcome::Outcome;

/// The pause between two answers, and the one after nobody could be asked.
const REST: Duration = Duration::from_millis(100);
const RETRY: Duration = Duration::from_secs(1);

/// The pause after the check's token was not enough: it may get more rights.
const DENIED: Duration = Duration::from_secs(15);

/// Whoever knows all nodes.
pub(crate) trait Abroad: Send + Sync {
    /// What `check` shows of another node's health: once there is something newer than `index`, with its index.
    fn health(&self, check: Arc<Check>, of: Aliased, index: u64) -> BoxFuture<'static, Result<(u64, Outcome), Unseen>>;
}

/// Why that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// The check's token does not let see it.
    Denied(String),
    /// There is nobody to be asked, or no answer.
    Lost(String),
}

/// Reports for as long as the runner is there.
pub(super) async fn watch(
    abroad: Arc<dyn Abroad>,
    check: Arc<Check>,
    of: Aliased,
    run: u64,
    results: mpsc::WeakSender<Message>,
) {
    let mut index = 0;
    loop {
        let (outcome, pause) = match abroad.health(Arc::clone(&check), of.clone(), index).await {
            Ok((newer, outcome)) => {
                index = newer;
                (Some(outcome), REST)
            }
            Err(Unseen::Denied(why)) => {
                index = 0;
                (Some(Outcome::critical(format!("The aliased check cannot be read: {why}"))), DENIED)
            }
            Err(Unseen::Lost(why)) => {
                tracing::debug!(check = %check.id, %why, "what an alias check shows cannot be read");
                index = 0;
                (None, RETRY)
            }
        };
        if let Some(outcome) = outcome {
            let Some(results) = results.upgrade() else { return };
            if results.send(Message::Seen { check: check.id.clone(), run, outcome }).await.is_err() {
                return;
            }
        }
        sleep(pause.mul_f64(rand::random_range(1.0..1.25))).await;
    }
}
