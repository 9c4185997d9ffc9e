//! Queries of intentions. All lists are in the order in which intentions are tried: falling
//! precedence, then names.

use weft_model::config_entry::{ConfigEntry, Kind};
use weft_model::intention::Intention;
use weft_model::names::WILDCARD;
use weft_model::{ServiceName, Topic};

use super::StateView;

impl StateView<'_> {
    /// All intentions.
    #[must_use]
    pub fn intentions(&self) -> Vec<Intention> {
        self.note(Topic::AllIntentions);
        let from = (Kind::ServiceIntentions, String::new());
        let entries = self.state.config.range(from..).take_while(|((kind, _), _)| *kind == Kind::ServiceIntentions);
        sorted(entries.flat_map(|((_, name), _)| self.entry_intentions(name)).collect())
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
        self.entry_intentions(destination.as_str()).into_iter().find(|intention| intention.source == *source)
    }

    fn entry_intentions(&self, destination: &str) -> Vec<Intention> {
        let Some(stored) = self.state.config.get(&(Kind::ServiceIntentions, destination.to_owned())) else {
            return Vec::new();
        };
        match &*stored.value {
            ConfigEntry::ServiceIntentions(entry) => {
                entry.intentions(stored.create_index, stored.modify_index).collect()
            }
            ConfigEntry::ServiceDefaults(_) | ConfigEntry::ProxyDefaults(_) | ConfigEntry::Mesh(_) => Vec::new(),
        }
    }
}

fn sorted(mut intentions: Vec<Intention>) -> Vec<Intention> {
    intentions.sort_by(|a, b| {
        b.precedence.cmp(&a.precedence).then_with(|| (&a.destination, &a.source).cmp(&(&b.destination, &b.source)))
    });
    intentions
}
