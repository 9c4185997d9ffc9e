//! I8: at most one holder at a time, and fencing tokens that rise.

use crate::cluster::Cluster;
use crate::history::Hold;

pub(crate) fn check(cluster: &Cluster, holds: &[Hold]) {
    let mut holds: Vec<&Hold> = holds.iter().collect();
    holds.sort_by_key(|hold| hold.index);
    for pair in holds.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        if first.release > second.got.answered {
            let what = format!(
                "client {} got the lock at {} while client {}, who got it at {}, had not given it back",
                second.client, second.index, first.client, first.index,
            );
            cluster.violated("I8", what);
        }
        if let (Some(first), Some(second)) = (first.token, second.token)
            && second <= first
        {
            cluster.violated("I8", format!("fencing token {second} was given out after {first}"));
        }
    }
}
