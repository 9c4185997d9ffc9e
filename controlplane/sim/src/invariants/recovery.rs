//! I16: when all faults end, there is a leader soon, all servers become equal, and every key can be read and
//! written.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weft_model::{Command, KvOp, Reply};
use weft_state::State;

use crate::cluster::Cluster;

const LEADER_MAX: Duration = Duration::from_secs(10);
const EQUAL_MAX: Duration = Duration::from_secs(30);

/// The state that all servers have in the end.
pub(crate) async fn check(cluster: &Cluster) -> Option<Arc<State>> {
    if !cluster.has_leader_within(LEADER_MAX).await {
        cluster.violated("I16", format!("no leader {LEADER_MAX:?} after all faults have ended"));
        return None;
    }
    for server in cluster.servers() {
        let write = Command::Kv(KvOp::set("fresh", format!("by {}", server.id)));
        if let Err(error) = server.store.propose(write).await {
            cluster.violated("I16", format!("server {} takes no write: {error}", server.id));
        }
        if let Err(error) = server.raft.read_index().await {
            cluster.violated("I16", format!("server {} does not read: {error}", server.id));
        }
    }
    let until = Instant::now() + EQUAL_MAX;
    loop {
        let states: Vec<_> = cluster.servers().iter().map(|server| server.store.current()).collect();
        let first = states.first()?;
        if states.iter().all(|state| state.index() == first.index()) && states.len() == cluster.disks.len() {
            if states.iter().any(|state| **state != **first) {
                cluster.violated("I12", format!("states differ at index {} in the end", first.index()));
            }
            return Some(Arc::clone(first));
        }
        if Instant::now() > until {
            let indexes: Vec<_> = states.iter().map(|state| state.index()).collect();
            cluster.violated("I16", format!("the servers are still at {indexes:?} after {EQUAL_MAX:?}"));
            return None;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// I7 needs one number more than all that were given out.
pub(crate) async fn last_serial(cluster: &Cluster) -> Option<u64> {
    let server = cluster.servers().into_iter().next()?;
    match server.store.propose(Command::CaIssue { service: "web".into() }).await {
        Ok((_, Reply::Serial(serial))) => Some(serial),
        Ok((_, Reply::Done | Reply::Swapped(_) | Reply::Txn(_) | Reply::Assigned(_))) => None,
        Err(error) => {
            cluster.violated("I16", format!("no write after all faults have ended: {error}"));
            None
        }
    }
}
