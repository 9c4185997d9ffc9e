//! No change of a config entry breaks a discovery chain that was whole before.

use std::sync::Arc;

use weft_model::command::ApplyError;
use weft_model::config_entry::{ConfigEntry, Kind};
use weft_model::discovery_chain::{Entries, Overrides, Request, affected, compile};

use crate::State;

/// What chains are made of, besides what is said of protocols.
const ROUTING: [Kind; 3] = [Kind::ServiceRouter, Kind::ServiceSplitter, Kind::ServiceResolver];

/// The entries as they are.
struct Now<'a>(&'a State);

/// The entries as they would be.
struct Then<'a> {
    state: &'a State,
    kind: Kind,
    name: &'a str,
    /// `None`: it is removed.
    entry: Option<&'a Arc<ConfigEntry>>,
}

impl Entries for Now<'_> {
    fn entry(&self, kind: Kind, name: &str) -> Option<Arc<ConfigEntry>> {
        self.0.config.get(&(kind, name.to_owned())).map(|entry| Arc::clone(&entry.value))
    }
}

impl Entries for Then<'_> {
    fn entry(&self, kind: Kind, name: &str) -> Option<Arc<ConfigEntry>> {
        if kind == self.kind && name == self.name {
            return self.entry.cloned();
        }
        Now(self.state).entry(kind, name)
    }
}

/// Whether the chains that an entry concerns stay whole when it becomes `entry`, or is removed.
///
/// # Errors
/// Which chain would break, and why.
pub(super) fn stay_whole(
    state: &State,
    kind: Kind,
    name: &str,
    entry: Option<&Arc<ConfigEntry>>,
) -> Result<(), ApplyError> {
    let now = ROUTING.into_iter().flat_map(|kind| state.entries_of(kind)).map(|(_, entry)| &*entry.value);
    let mut concerned = affected(kind, name, now.chain(entry.map(|entry| &**entry)));
    // Only texts tell the datacenter.
    let datacenter = state.nodes.values().next().map(|node| node.value.datacenter.clone()).unwrap_or_default();
    // The entry's own chain first: it is the one that whoever writes thinks of.
    let own = concerned.take(name);
    for service in own.into_iter().chain(concerned) {
        let (datacenter, overrides) = (datacenter.clone(), Overrides::default());
        let request = Request { service, datacenter, trust_domain: String::new(), overrides };
        if let Err(why) = compile(&Then { state, kind, name, entry }, &request)
            && compile(&Now(state), &request).is_ok()
        {
            return Err(ApplyError::Refused(why));
        }
    }
    Ok(())
}
