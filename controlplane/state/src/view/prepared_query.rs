//! Prepared queries: which one a name means, and which instances it finds. Both the REST API and DNS ask here.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;
use weft_model::catalog::{Indexed, Meta};
use weft_model::health::CheckStatus;
use weft_model::names::parse_uuid;
use weft_model::prepared_query::{PreparedQuery, ServiceQuery};
use weft_model::{NodeName, Topic};

use super::{Instance, StateView};
use crate::derived::folded;

/// Near whom a query's answers begin: the node with the asker's address.
pub const BY_ADDRESS: &str = "_ip";

impl StateView<'_> {
    /// One prepared query.
    #[must_use]
    pub fn query(&self, id: Uuid) -> Option<Indexed<PreparedQuery>> {
        self.note(Topic::Queries);
        self.state.queries.get(&id).cloned()
    }

    /// All prepared queries, by id.
    #[must_use]
    pub fn queries(&self) -> Vec<Indexed<PreparedQuery>> {
        self.note(Topic::Queries);
        self.state.queries.values().cloned().collect()
    }

    /// The query that is meant by an id, a name, or a name that begins with a template's; a template comes
    /// filled in. `segment` is the asking agent's.
    ///
    /// # Errors
    /// A template is asked for by its id, or no longer makes sense.
    pub fn resolve_query(&self, id_or_name: &str, segment: &str) -> Result<Option<Indexed<PreparedQuery>>, String> {
        self.note(Topic::Queries);
        if id_or_name.is_empty() {
            return Ok(None);
        }
        let by_id = parse_uuid(id_or_name).ok();
        if let Some(query) = by_id.and_then(|id| self.state.queries.get(&id)) {
            if query.value.is_template() {
                return Err("prepared query templates can only be resolved up by name, not by ID".into());
            }
            return Ok(Some(query.clone()));
        }
        let Some(query) = self.query_named(&folded(id_or_name)) else { return Ok(None) };
        if !query.value.is_template() {
            return Ok(Some(query.clone()));
        }
        let rendered = query.value.render(id_or_name, segment)?;
        Ok(Some(Indexed { value: Arc::new(rendered), ..query.clone() }))
    }

    /// The query of this name, or the template with the longest name that it begins with.
    fn query_named(&self, name: &str) -> Option<&Indexed<PreparedQuery>> {
        let names = &self.state.derived.query_names;
        let known = |name: &str| names.get(name).and_then(|id| self.state.queries.get(id));
        if let Some(query) = known(name) {
            return Some(query);
        }
        let ends = (0..name.len()).rev().filter(|end| name.is_char_boundary(*end));
        ends.filter_map(|end| known(&name[..end])).find(|query| query.value.is_template())
    }

    /// What a query finds here, in key order: instances that are healthy and fit. `connect` asks for mesh
    /// endpoints even where the query does not.
    #[must_use]
    pub fn query_instances(&self, query: &ServiceQuery, connect: bool) -> Vec<Instance> {
        if !query.peer.is_empty() {
            // Nothing is imported from a peer.
            return Vec::new();
        }
        let mut found = if connect || query.connect {
            self.connect_instances(&query.service)
        } else {
            self.instances(&query.service)
        };
        found.retain(|instance| is_healthy(query, instance) && fits(query, instance));
        found
    }

    /// Whose neighbours come first: `near` is a node, `_agent` for the agent's own, or `_ip` for the first one that has the
    /// asker's address.
    #[must_use]
    pub fn query_origin(&self, near: &str, agent: &NodeName, asker: Option<IpAddr>) -> Option<NodeName> {
        match near {
            "" => None,
            "_agent" => Some(agent.clone()),
            BY_ADDRESS => self.nodes_at(asker?.to_canonical()).next().map(|node| node.value.name.clone()),
            node => Some(node.into()),
        }
    }

    /// Puts the neighbours of a node first. It is the nearest of all itself, whatever the measurements say.
    pub fn put_near_first(&self, node: &NodeName, instances: &mut [Instance]) {
        self.sort_by_distance(node, instances, |instance| &instance.node.value.name);
        if let Some(own) = instances.iter().position(|instance| instance.node.value.name == *node) {
            instances[..=own].rotate_right(1);
        }
    }
}

fn is_healthy(query: &ServiceQuery, instance: &Instance) -> bool {
    let mut counted = instance.checks.iter().filter(|check| !query.ignore_check_ids.contains(&check.value.id));
    counted.all(|check| match check.value.status {
        CheckStatus::Passing => true,
        CheckStatus::Warning => !query.only_passing,
        CheckStatus::Critical => false,
    })
}

fn fits(query: &ServiceQuery, instance: &Instance) -> bool {
    let has_all = |wanted: &Meta, found: &Meta| wanted.iter().all(|(key, value)| found.get(key) == Some(value));
    let tags: BTreeSet<String> = instance.service.value.tags.iter().map(|tag| tag.to_lowercase()).collect();
    has_all(&query.node_meta, &instance.node.value.meta)
        && has_all(&query.service_meta, &instance.service.value.meta)
        && query.tags.iter().all(|tag| match tag.strip_prefix('!') {
            Some(unwanted) => !tags.contains(&unwanted.to_lowercase()),
            None => tags.contains(&tag.to_lowercase()),
        })
}
