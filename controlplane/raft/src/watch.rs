//! Looks after a running Raft: ends the process when its core has died, and keeps the watermark.
//!
//! A server whose core is gone would still answer reads from its last state, for ever.

use std::time::Duration;

use openraft::RaftMetrics;
use openraft::alias::WatchReceiverOf;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::Fatal;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::fatal::die;
use crate::log_store::LogStore;
use crate::types::Types;

const MARK_EVERY: Duration = Duration::from_secs(5);

/// Runs until Raft is stopped on purpose.
pub(crate) async fn watch(mut metrics: WatchReceiverOf<Types, RaftMetrics<Types>>, log: LogStore) {
    let mut marks = interval(MARK_EVERY);
    marks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = marks.tick() => {
                if let Err(error) = log.mark().await {
                    die("note how far the raft log reaches", &error);
                }
            }
            changed = metrics.changed() => {
                let running = metrics.borrow_watched().running_state.clone();
                match running {
                    Err(Fatal::Stopped) => return,
                    Err(fatal) => die("go on with raft", &fatal),
                    Ok(()) if changed.is_err() => lost().await,
                    Ok(()) => {}
                }
            }
        }
    }
}

/// The core went without a word. When the runtime itself is ending, this task ends in the pause.
async fn lost() {
    sleep(Duration::from_millis(200)).await;
    die("go on with raft", &"its core has panicked");
}
