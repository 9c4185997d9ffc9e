//! A source that is set by hand: one set for every proxy. A conformance suite's adapter (set, clear,
//! update, add, remove) is a few lines around it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::session::Offer;
use crate::set::{Resource, ResourceSet, ResourceType};
use crate::source::{Horizon, Opening, Refusal, ResourceSource, Subscription};

/// The source. Clones share their content.
#[derive(Debug, Clone)]
pub struct StaticSource {
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    offer: Offer,
    refused: HashMap<String, Refusal>,
}

impl Default for StaticSource {
    fn default() -> Self {
        let state = State { offer: Offer { index: 1, ..Offer::default() }, ..State::default() };
        Self { state: Arc::new(watch::Sender::new(state)) }
    }
}

impl StaticSource {
    /// Changes the set in one step; returns the index of the new one.
    pub fn change(&self, change: impl FnOnce(&mut ResourceSet)) -> u64 {
        let mut index = 0;
        self.state.send_modify(|state| {
            change(&mut state.offer.set);
            state.offer.index += 1;
            index = state.offer.index;
        });
        index
    }

    /// Replaces the whole set.
    pub fn set(&self, set: ResourceSet) -> u64 {
        self.change(|old| *old = set)
    }

    /// Empties the set.
    pub fn clear(&self) -> u64 {
        self.set(ResourceSet::default())
    }

    /// Adds a resource, or updates the one of its name.
    pub fn put(&self, resource: impl Into<Arc<Resource>>) -> u64 {
        self.change(|set| set.insert(resource))
    }

    /// Removes a resource.
    pub fn remove(&self, of: ResourceType, name: &str) -> u64 {
        self.change(|set| {
            set.remove(of, name);
        })
    }

    /// Refuses a node from now on, streams that are open included.
    pub fn refuse(&self, node: &str, refusal: Refusal) {
        self.state.send_modify(|state| {
            state.refused.insert(node.to_owned(), refusal);
        });
    }

    /// Takes a refusal back.
    pub fn admit(&self, node: &str) {
        self.state.send_modify(|state| {
            state.refused.remove(node);
        });
    }

    /// How many streams are subscribed.
    pub fn subscribers(&self) -> usize {
        self.state.receiver_count()
    }
}

impl ResourceSource for StaticSource {
    type Subscription = StaticSubscription;

    async fn open(&self, opening: Opening) -> Result<StaticSubscription, Refusal> {
        let mut state = self.state.subscribe();
        state.mark_changed();
        let node = opening.node.id;
        match state.borrow().refused.get(&node) {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(()),
        }?;
        Ok(StaticSubscription { state, node })
    }
}

/// A stream's view of a [`StaticSource`].
#[derive(Debug)]
pub struct StaticSubscription {
    state: watch::Receiver<State>,
    node: String,
}

impl Subscription for StaticSubscription {
    async fn changed(&mut self) -> Result<Offer, Refusal> {
        let gone = |_| Refusal::Unavailable("the source is gone".to_owned());
        self.state.changed().await.map_err(gone)?;
        let state = self.state.borrow_and_update();
        match state.refused.get(&self.node) {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(state.offer.clone()),
        }
    }

    fn horizon(&self) -> Option<Horizon> {
        None
    }
}
