//! I17: applying the whole log again gives the state that was reached through crashes and raft snapshots.

use weft_raft::testing::envelope;
use weft_state::{State, apply};

use crate::cluster::Cluster;

pub(crate) fn check<'a>(cluster: &Cluster, reached: &State, log: impl Iterator<Item = (u64, &'a [u8])>) {
    let mut state = State::default();
    for (index, bytes) in log {
        match envelope(index, bytes) {
            Ok(Some(envelope)) => state = apply(&state, index, &envelope).state,
            Ok(None) => {}
            Err(error) => cluster.violated("I17", format!("entry {index} cannot be read: {error}")),
        }
        if state.index() == reached.index() {
            break;
        }
    }
    // Parts of the log may have been purged before they were seen.
    if state.index() == reached.index() && state != *reached {
        cluster.violated("I17", format!("replayed up to {}, the state is another one", state.index()));
    }
}
