//! Who waits for what. A commit costs the readers that it concerns, not all readers.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;
use weft_model::Topic;

/// The topics that one or more commits touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(pub BTreeSet<Topic>);

impl Changes {
    /// Adds the topics of later commits.
    pub fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Whether nothing was touched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

// Looked up and never walked, so its order cannot show.
#[allow(clippy::disallowed_types)]
type Index = std::collections::HashMap<Topic, Vec<Weak<Waiter>>>;

#[derive(Default)]
pub(crate) struct Waiters(Mutex<Index>);

#[derive(Default)]
struct Waiter {
    wake: Notify,
    fired: Mutex<BTreeSet<Topic>>,
}

/// A reader's place in the index of waiters. Dropping it takes it out.
pub struct Subscription {
    waiter: Arc<Waiter>,
    waiters: Arc<Waiters>,
    topics: BTreeSet<Topic>,
}

impl Waiters {
    pub(crate) fn subscribe(self: &Arc<Self>, topics: BTreeSet<Topic>) -> Subscription {
        let mut subscription =
            Subscription { waiter: Arc::default(), waiters: Arc::clone(self), topics: BTreeSet::new() };
        subscription.watch(topics);
        subscription
    }

    pub(crate) fn wake(&self, changes: &Changes) {
        let waiters = self.0.lock();
        for topic in &changes.0 {
            for waiter in waiters.get(topic).into_iter().flatten().filter_map(Weak::upgrade) {
                waiter.fired.lock().insert(topic.clone());
                waiter.wake.notify_one();
            }
        }
    }
}

impl Subscription {
    /// Waits for these topics from now on, instead of the former ones. After it, look at the store's
    /// current state once more: what was committed before the call wakes nobody.
    pub fn watch(&mut self, topics: BTreeSet<Topic>) {
        let mut waiters = self.waiters.0.lock();
        for topic in self.topics.difference(&topics) {
            remove(&mut waiters, topic, &self.waiter);
        }
        for topic in topics.difference(&self.topics) {
            waiters.entry(topic.clone()).or_default().push(Arc::downgrade(&self.waiter));
        }
        drop(waiters);
        self.topics = topics;
    }

    /// Waits until a commit touches a watched topic; which ones were touched since the last call.
    pub async fn changed(&mut self) -> BTreeSet<Topic> {
        loop {
            let fired = std::mem::take(&mut *self.waiter.fired.lock());
            if !fired.is_empty() {
                return fired;
            }
            self.waiter.wake.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut waiters = self.waiters.0.lock();
        for topic in &self.topics {
            remove(&mut waiters, topic, &self.waiter);
        }
    }
}

fn remove(waiters: &mut Index, topic: &Topic, waiter: &Arc<Waiter>) {
    let Some(list) = waiters.get_mut(topic) else { return };
    if let Some(position) = list.iter().position(|other| std::ptr::eq(other.as_ptr(), Arc::as_ptr(waiter))) {
        list.swap_remove(position);
    }
    if list.is_empty() {
        waiters.remove(topic);
    }
}
