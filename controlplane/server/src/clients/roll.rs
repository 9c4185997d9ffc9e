//! The client agents that a server has heard of lately, by itself and from other servers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use weft_model::NodeName;

/// What is older is of no use to anybody.
const KEPT: Duration = Duration::from_secs(60);

/// When each was heard last. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Roll(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    heard: HashMap<NodeName, Instant>,
    /// When the leader took the last report of this server, or this server led.
    in_touch: Option<Instant>,
}

impl Roll {
    /// An agent has spoken, this long ago.
    pub(super) fn note(&self, node: NodeName, ago: Duration) {
        let Some(at) = Instant::now().checked_sub(ago) else { return };
        let mut inner = self.0.lock();
        let last = inner.heard.entry(node).or_insert(at);
        *last = at.max(*last);
    }

    /// It has left: nobody is to wait for it.
    pub(super) fn strike(&self, node: &NodeName) {
        self.0.lock().heard.remove(node);
    }

    /// Those that were heard within this time, and how long ago.
    pub(super) fn heard_within(&self, time: Duration) -> BTreeMap<NodeName, Duration> {
        let now = Instant::now();
        let mut inner = self.0.lock();
        inner.heard.retain(|_, at| now.duration_since(*at) < KEPT);
        let heard = inner.heard.iter().map(|(node, at)| (node.clone(), now.duration_since(*at)));
        heard.filter(|(_, ago)| *ago < time).collect()
    }

    pub(super) fn in_touch(&self) {
        self.0.lock().in_touch = Some(Instant::now());
    }

    /// Whether the leader has heard of this server within this time.
    pub(super) fn is_in_touch(&self, within: Duration) -> bool {
        self.0.lock().in_touch.is_some_and(|at| at.elapsed() < within)
    }
}
