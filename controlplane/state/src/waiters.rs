//! Who waits for what. A commit costs the readers that it concerns, not all readers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;
use weft_model::mutant::{self, Mutant};
use weft_model::{Key, Topic};

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

/// The waiters of one topic by their numbers, so that thousands can leave at a cost of their own.
type Places = BTreeMap<u64, Weak<Waiter>>;

// In what order its readers are woken nobody can rely on.
#[allow(clippy::disallowed_types)]
type ByTopic = std::collections::HashMap<Topic, Places>;

/// Who is in line for which topic.
#[derive(Default)]
struct Index {
    by_topic: ByTopic,
    /// How many prefixes of each length are watched. A changed key is looked up once a length, however
    /// many prefixes there are.
    prefix_lengths: BTreeMap<usize, usize>,
    /// The number that the newest subscription got.
    newest: u64,
    /// For the mistake of dropping events when the leader changes: topics whose next change wakes nobody.
    deaf: BTreeSet<Topic>,
}

#[derive(Default)]
pub(crate) struct Waiters(Mutex<Index>);

#[derive(Default)]
struct Waiter {
    wake: Notify,
    fired: Mutex<BTreeSet<Topic>>,
}

/// A reader's place in the index of waiters. Dropping it takes it out.
pub struct Subscription {
    number: u64,
    waiter: Arc<Waiter>,
    waiters: Arc<Waiters>,
    topics: BTreeSet<Topic>,
}

impl Waiters {
    pub(crate) fn subscribe(self: &Arc<Self>, topics: BTreeSet<Topic>) -> Subscription {
        let number = {
            let mut index = self.0.lock();
            index.newest += 1;
            index.newest
        };
        let (waiter, waiters) = (Arc::default(), Arc::clone(self));
        let mut subscription = Subscription { number, waiter, waiters, topics: BTreeSet::new() };
        subscription.watch(topics);
        subscription
    }

    pub(crate) fn watched_topics(&self) -> usize {
        self.0.lock().by_topic.len()
    }

    pub(crate) fn wake(&self, changes: &Changes) {
        let mut index = self.0.lock();
        if mutant::active(Mutant::M13) {
            return index.wake_all_but_deaf(changes);
        }
        index.wake(changes);
    }
}

impl Index {
    fn wake(&self, changes: &Changes) {
        if changes.0.contains(&Topic::Everything) {
            return self.by_topic.iter().for_each(|(topic, places)| fire(topic, places));
        }
        for topic in &changes.0 {
            if let Some(places) = self.by_topic.get(topic) {
                fire(topic, places);
            }
            if let Topic::Kv(key) = topic {
                self.wake_prefixes_of(key);
            }
        }
    }

    fn wake_prefixes_of(&self, key: &Key) {
        for length in self.prefix_lengths.keys().take_while(|length| **length <= key.len()) {
            let Some(prefix) = key.get(..*length) else { continue };
            if let Some((topic, places)) = self.by_topic.get_key_value(&Topic::KvPrefix(prefix.into())) {
                fire(topic, places);
            }
        }
    }

    fn add(&mut self, topic: &Topic, number: u64, waiter: &Arc<Waiter>) {
        let places = self.by_topic.entry(topic.clone()).or_insert_with(|| {
            if let Topic::KvPrefix(prefix) = topic {
                *self.prefix_lengths.entry(prefix.len()).or_default() += 1;
            }
            Places::new()
        });
        places.insert(number, Arc::downgrade(waiter));
    }

    fn remove(&mut self, topic: &Topic, number: u64) {
        let Some(places) = self.by_topic.get_mut(topic) else { return };
        places.remove(&number);
        if !places.is_empty() {
            return;
        }
        self.by_topic.remove(topic);
        if let Topic::KvPrefix(prefix) = topic
            && let Some(count) = self.prefix_lengths.get_mut(&prefix.len())
        {
            *count -= 1;
            if *count == 0 {
                self.prefix_lengths.remove(&prefix.len());
            }
        }
    }

    /// The mistake: what is changed first under a new leader wakes nobody. Each watched topic misses a change, or the
    /// next one of a busy topic would make up for the loss at once.
    fn wake_all_but_deaf(&mut self, changes: &Changes) {
        let heard = changes.0.iter().filter(|topic| !self.deaf.remove(*topic)).cloned().collect();
        if changes.0.contains(&Topic::Timekeeper) {
            self.deaf = self.by_topic.keys().cloned().collect();
        }
        self.wake(&Changes(heard));
    }
}

fn fire(topic: &Topic, places: &Places) {
    for waiter in places.values().filter_map(Weak::upgrade) {
        waiter.fired.lock().insert(topic.clone());
        waiter.wake.notify_one();
    }
}

impl Subscription {
    /// Waits for these topics from now on, instead of the former ones. After it, look at the store's
    /// current state once more: what was committed before the call wakes nobody.
    pub fn watch(&mut self, topics: BTreeSet<Topic>) {
        let mut index = self.waiters.0.lock();
        for topic in self.topics.difference(&topics) {
            index.remove(topic, self.number);
        }
        for topic in topics.difference(&self.topics) {
            index.add(topic, self.number, &self.waiter);
        }
        drop(index);
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
        let mut index = self.waiters.0.lock();
        for topic in &self.topics {
            index.remove(topic, self.number);
        }
    }
}
