//! I7: what is asked once is applied once, however often it had to be tried.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::history::{Issue, Outcome};

/// `last` is the serial number that was given out after all others.
pub(crate) fn check(cluster: &Cluster, issues: &[Issue], last: u64) {
    let mut given = BTreeMap::new();
    let mut unknown = 0;
    for issue in issues {
        match issue.outcome {
            Outcome::Done((index, serial)) => {
                if let Some(other) = given.insert(serial, index) {
                    cluster.violated("I7", format!("serial {serial} was given out at {other} and at {index}"));
                }
            }
            Outcome::Unknown => unknown += 1,
            Outcome::Failed => {}
        }
    }
    let most = given.len() as u64 + unknown + 1;
    if last > most {
        cluster.violated("I7", format!("{last} serials were given out to at most {most} requests"));
    }
}
