//! How new the state must be before a read may look at it, and what is said of it afterwards.
//!
//! A default or consistent read waits once for a read index, before it is evaluated: from then on the state here
//! holds all that was acknowledged anywhere before the read was asked. What wakes a blocking query later is newer
//! still, so that it asks nobody again.

use std::time::Duration;

use crate::host::{Cluster, Contact};
use crate::options::{Consistency, QueryOptions};
use crate::refusal::Refusal;

/// What a confirmed read says: the leader has just been heard, and the state is what it has.
const CONFIRMED: Contact = Contact { known_leader: true, last_contact: Duration::ZERO };

/// How the state came to be new enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// What was asked for, or what had to be done instead.
    pub(crate) consistency: Consistency,
    contact: Contact,
}

impl Freshness {
    /// Returns when the state here is as new as the options ask.
    ///
    /// # Errors
    /// No leader confirms it in time.
    pub(crate) async fn reach(cluster: &dyn Cluster, options: &QueryOptions) -> Result<Self, Refusal> {
        let mut consistency = options.consistency;
        if consistency == Consistency::Stale {
            let contact = cluster.contact();
            if options.max_stale.is_none_or(|most| contact.last_contact <= most) {
                return Ok(Self { consistency, contact });
            }
            // Too far behind: asked again as if staleness had not been offered.
            consistency = Consistency::Leader;
        }
        cluster.read_index().await.map_err(|_| Refusal::no_leader())?;
        Ok(Self { consistency, contact: CONFIRMED })
    }

    /// What to say of the leader when the answer was made. A wait may have outlived what was known before it.
    pub(crate) fn contact(&self, cluster: &dyn Cluster, waited: bool) -> Contact {
        if waited { cluster.contact() } else { self.contact }
    }
}
