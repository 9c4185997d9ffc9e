//! Looks after a running Raft: ends the process when its core has died, and keeps the watermark.
//!
//! A server whose core is gone would still answer reads from its last state, for ever.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::errors::Fatal;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::core::Core;
use crate::fatal::die;
use crate::membership;
use crate::types::Metrics;

const MARK_EVERY: Duration = Duration::from_secs(5);

/// Runs until Raft is stopped on purpose.
pub(crate) async fn watch(core: Arc<Core>) {
    let mut metrics = core.raft.metrics();
    let mut members = BTreeSet::new();
    let mut marks = interval(MARK_EVERY);
    marks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = marks.tick() => {
                let Some(disk) = core.disk() else { return };
                if let Err(error) = disk.log.mark().await {
                    die("note how far the raft log reaches", &error);
                }
                if is_joint(&metrics.borrow_watched()) {
                    tokio::spawn(membership::tidy(Arc::clone(&core)));
                }
            }
            changed = metrics.changed() => {
                let running = {
                    let metrics = metrics.borrow_watched();
                    note_removed(&core, &metrics, &mut members);
                    note_leading(&core, &metrics);
                    metrics.running_state.clone()
                };
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

fn is_joint(metrics: &Metrics) -> bool {
    metrics.state.is_leader() && metrics.membership_config.get_joint_config().len() > 1
}

fn note_leading(core: &Core, metrics: &Metrics) {
    let mut led = core.led.lock();
    let term = metrics.state.is_leader().then_some(metrics.current_term);
    if led.map(|(term, _)| term) != term {
        *led = term.map(|term| (term, Instant::now()));
    }
}

/// Forgets what is known of those who are not members any more.
fn note_removed(core: &Core, metrics: &Metrics, members: &mut BTreeSet<u64>) {
    let committed = &metrics.committed_membership_config;
    if committed.nodes().map(|(id, _)| id).eq(members.iter()) {
        return;
    }
    let now: BTreeSet<u64> = committed.nodes().map(|(id, _)| *id).collect();
    for gone in members.difference(&now) {
        tracing::info!(server = gone, "has left the cluster");
        core.peers.forget(*gone);
    }
    *members = now;
}

/// The core went without a word. When the runtime itself is ending, this task ends in the pause.
async fn lost() {
    sleep(Duration::from_millis(200)).await;
    die("go on with raft", &"its core has panicked");
}
