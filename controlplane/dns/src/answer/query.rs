//! Prepared queries by name.

use rand::seq::SliceRandom;
use weft_model::NodeName;

use super::{Question, Reply};

/// The node that has the asker's address.
const BY_ADDRESS: &str = "_ip";

impl Question<'_> {
    /// A query decides about health and tags itself, and about how long its answer holds.
    pub(super) fn query(&self, name: &str) -> Reply {
        let Ok(Some(query)) = self.view.resolve_query(name, "") else { return Reply::missing() };
        let mut instances = self.view.query_instances(&query.value.service, false);
        instances.retain(|instance| self.seen.instance(instance));
        instances.shuffle(&mut rand::rng());
        let near = query.value.service.near.as_str();
        if let Some(node) = self.origin(near) {
            self.view.sort_by_distance(&node, &mut instances, |instance| &instance.node.value.name);
            // The node itself is nearest of all, whatever the measurements say.
            if let Some(own) = instances.iter().position(|instance| instance.node.value.name == node) {
                instances[..=own].rotate_right(1);
            }
        }
        let own = query.value.dns.ttl().map(|ttl| u32::try_from(ttl.0.as_secs()).unwrap_or(u32::MAX));
        let service = query.value.service.service.as_str().to_ascii_lowercase();
        let ttl = own.unwrap_or_else(|| self.settings.service_ttl.of(&service));
        Reply { of_asker: near == BY_ADDRESS, ..self.locations(&instances, ttl) }
    }

    /// Whose neighbours come first.
    fn origin(&self, near: &str) -> Option<NodeName> {
        match near {
            "" => None,
            "_agent" => Some(self.settings.node.clone()),
            BY_ADDRESS => {
                let asker = self.asker?.to_canonical();
                let mut nodes = self.view.nodes().into_iter();
                let found = nodes.find(|node| node.value.address.parse() == Ok(asker));
                found.map(|node| node.value.name.clone())
            }
            node => Some(node.into()),
        }
    }
}
