//! Where a benchmark and its clients wait for each other between rounds.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::Barrier;

/// Far above any round that is worth measuring.
const PATIENCE: Duration = Duration::from_secs(120);

/// A barrier that gives up when somebody does not come.
pub(crate) struct Meeting(Barrier);

impl Meeting {
    /// For this many clients and the benchmark itself.
    pub(crate) fn with(clients: usize) -> Self {
        Self(Barrier::new(clients + 1))
    }

    /// Waits for all.
    pub(crate) async fn wait(&self) -> anyhow::Result<()> {
        let all = tokio::time::timeout(PATIENCE, self.0.wait()).await;
        all.map(drop).with_context(|| format!("a client failed or is stuck: not all came within {PATIENCE:?}"))
    }
}
