//! I1: what was acknowledged is there in the end, on every server.

use weft_state::{State, StateView};

use crate::cluster::Cluster;
use crate::history::{Addition, Outcome};

pub(crate) fn check(cluster: &Cluster, server: u64, state: &State, additions: &[Addition]) {
    let view = StateView::new(state);
    for Addition { name, outcome } in additions {
        let found = view.node(&name.as_str().into()).map(|node| node.create_index);
        match (outcome, found) {
            (Outcome::Done(index), None) => {
                cluster.violated("I1", format!("{name}, acknowledged at {index}, is missing on server {server}"));
            }
            // A write that had to be tried again is answered at the index of the last try.
            (Outcome::Done(index), Some(found)) if *index < found => {
                cluster.violated("I4", format!("{name}, acknowledged at {index}, is at {found} on server {server}"));
            }
            (Outcome::Failed, Some(found)) => {
                cluster.violated("I7", format!("{name}, of which it was said that it was not applied, is at {found}"));
            }
            (Outcome::Done(_), Some(_)) | (Outcome::Failed, None) | (Outcome::Unknown, _) => {}
        }
    }
}
