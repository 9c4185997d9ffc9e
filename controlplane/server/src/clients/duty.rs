//! Every second: a server tells the leader whom it has heard, and the leader judges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use weft_model::NodeName;
use weft_raft::Raft;
use weft_state::{StateView, Store};

use super::roll::Roll;
use super::watch::{FAILED_AFTER, Watch};

/// Under which the leader is told.
pub(crate) const HEARD: &str = "clients/heard";

const EVERY: Duration = Duration::from_millis(700);

/// How long the leader may take to hear it.
const TELL_MAX: Duration = Duration::from_secs(2);

/// What a server tells the leader: how many milliseconds ago each agent was heard.
type Heard = BTreeMap<NodeName, u64>;

/// Runs for ever.
pub(crate) async fn run(store: Arc<Store>, raft: Arc<Raft>, roll: Roll) {
    let started = Instant::now();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = None;
    loop {
        ticks.tick().await;
        if !raft.leads() {
            watch = None;
            report(&raft, &roll).await;
            continue;
        }
        roll.in_touch();
        let state = store.current();
        let watch: &mut Watch = watch.get_or_insert_default();
        for command in watch.look(started.elapsed(), &roll.heard_within(FAILED_AFTER), &StateView::new(&state)) {
            tracing::info!(?command, "a client agent");
            // What could not be written is seen again at the next look.
            if let Err(error) = store.propose(command).await {
                tracing::warn!(%error, "what the leader sees of a client agent could not be written");
            }
        }
    }
}

async fn report(raft: &Raft, roll: &Roll) {
    let ago = |(node, ago): (NodeName, Duration)| (node, u64::try_from(ago.as_millis()).unwrap_or(u64::MAX));
    let heard: Heard = roll.heard_within(FAILED_AFTER).into_iter().map(ago).collect();
    if heard.is_empty() {
        return;
    }
    let body = serde_json::to_vec(&heard).map(Bytes::from).unwrap_or_default();
    match timeout(TELL_MAX, raft.ask_leader(HEARD, body)).await {
        Ok(Ok(_)) => roll.in_touch(),
        Ok(Err(error)) => tracing::debug!(%error, "the leader was not told of the client agents here"),
        Err(_) => tracing::debug!("the leader did not hear of the client agents here in time"),
    }
}

/// Takes a report, as the leader.
pub(crate) fn take(roll: &Roll, body: &[u8]) -> Result<Vec<u8>, String> {
    let heard: Heard = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    for (node, ago) in heard {
        roll.note(node, Duration::from_millis(ago));
    }
    Ok(Vec::new())
}
