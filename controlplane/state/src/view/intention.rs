//! Queries of intentions. All lists are in the order in which intentions are tried: falling
//! precedence, then names.

use weft_model::catalog::Indexed;
use weft_model::config_entry::{ConfigEntry, Kind, ServiceIntentions};
use weft_model::intention::Intention;
use weft_model::names::WILDCARD;
use weft_model::{ServiceName, Topic};

use super::StateView;

impl StateView<'_> {
    /// All intentions.
    #[must_use]
    pub fn intentions(&self) -> Vec<Intention> {
        self.note(Topic::AllIntentions);
        sorted(self.state.entries_of(Kind::ServiceIntentions).flat_map(|(_, stored)| listed(stored)).collect())
    }

    /// The intentions that decide about calls to `destination`, those of the wildcard included.
    #[must_use]
    pub fn intentions_to(&self, destination: &ServiceName) -> Vec<Intention> {
        let mut found = Vec::new();
        for name in [destination.as_str(), WILDCARD] {
            self.note(Topic::Intentions(name.into()));
            found.extend(self.entry_intentions(name));
            if destination == WILDCARD {
                break;
            }
        }
        sorted(found)
    }

    /// The intentions that decide about calls from `source`, those of the wildcard included.
    #[must_use]
    pub fn intentions_from(&self, source: &ServiceName) -> Vec<Intention> {
        let mut found = self.intentions();
        found.retain(|intention| intention.source == *source || intention.source == WILDCARD);
        found
    }

    /// One intention by both names.
    #[must_use]
    pub fn intention(&self, source: &ServiceName, destination: &ServiceName) -> Option<Intention> {
        self.note(Topic::Intentions(destination.clone()));
        self.entry_intentions(destination.as_str()).find(|intention| intention.source == *source)
    }

    fn entry_intentions(&self, destination: &str) -> impl Iterator<Item = Intention> {
        let stored = self.state.config.get(&(Kind::ServiceIntentions, destination.to_owned()));
        stored.into_iter().flat_map(listed)
    }
}

/// The intentions of one entry.
fn listed(stored: &Indexed<ConfigEntry>) -> impl Iterator<Item = Intention> {
    let entry = stored.value.document::<ServiceIntentions>();
    entry.into_iter().flat_map(|entry| entry.intentions(stored.create_index, stored.modify_index))
}

fn sorted(mut intentions: Vec<Intention>) -> Vec<Intention> {
    intentions.sort_by(|a, b| {
        b.precedence.cmp(&a.precedence).then_with(|| (&a.destination, &a.source).cmp(&(&b.destination, &b.source)))
    });
    intentions
}
