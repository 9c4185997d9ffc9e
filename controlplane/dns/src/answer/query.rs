//! Prepared queries by name.

use rand::seq::SliceRandom;
use weft_state::BY_ADDRESS;

use super::{Question, Reply};

impl Question<'_> {
    /// A query decides about health and tags itself, and about how long its answer holds.
    pub(super) fn query(&self, name: &str) -> Reply {
        let Ok(Some(query)) = self.view.resolve_query(name, "") else { return Reply::missing() };
        let mut instances = self.view.query_instances(&query.value.service, false);
        instances.retain(|instance| self.seen.instance(instance));
        instances.shuffle(&mut rand::rng());
        let near = query.value.service.near.as_str();
        if let Some(node) = self.view.query_origin(near, &self.settings.node, self.asker) {
            self.view.put_near_first(&node, &mut instances);
        }
        let own = query.value.dns.ttl().map(|ttl| u32::try_from(ttl.0.as_secs()).unwrap_or(u32::MAX));
        let service = query.value.service.service.as_str().to_ascii_lowercase();
        let ttl = own.unwrap_or_else(|| self.settings.service_ttl.of(&service));
        Reply { of_asker: near == BY_ADDRESS, ..self.locations(&instances, ttl) }
    }
}
