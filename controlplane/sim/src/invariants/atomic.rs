//! I5: a transaction is all or nothing, at one index.

use crate::clients::pairs::NEVER;
use crate::cluster::Cluster;
use crate::history::Pair;

pub(crate) fn check(cluster: &Cluster, pairs: &[Pair]) {
    for Pair { one, other } in pairs {
        if one != other {
            cluster.violated("I5", format!("written together, read apart: {one:?} and {other:?}"));
        }
        if one.as_ref().is_some_and(|(value, _)| value == NEVER) {
            cluster.violated("I5", "a transaction that failed has written");
        }
    }
}
