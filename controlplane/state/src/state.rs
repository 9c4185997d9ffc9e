//! The tables. Primary tables are stored and sent; the derived ones are rebuilt from them.

use std::net::IpAddr;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use weft_model::autopilot::AutopilotConfig;
use weft_model::ca::CaState;
use weft_model::catalog::{Indexed, Node, Service};
use weft_model::config_entry::{ConfigEntry, Kind};
use weft_model::coordinate::NodeCoordinate;
use weft_model::event::UserEvent;
use weft_model::health::Check;
use weft_model::prepared_query::PreparedQuery;
use weft_model::{CheckId, Key, NodeName, ServiceId, ServiceName, Session, SessionId, Topic};

use crate::acl::AclTables;
use crate::derived::Derived;
use crate::kv::KvTable;
use crate::lock_delay::LockDelay;
use crate::requests::Requests;
use crate::staged::Staged;
use crate::virtual_ips::VirtualIps;

/// Everything that the cluster knows, as of one log index. Clones share structure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub(crate) index: u64,
    pub(crate) nodes: OrdMap<NodeName, Indexed<Node>>,
    pub(crate) services: OrdMap<(NodeName, ServiceId), Indexed<Service>>,
    pub(crate) checks: OrdMap<(NodeName, CheckId), Indexed<Check>>,
    pub(crate) config: OrdMap<(Kind, String), Indexed<ConfigEntry>>,
    pub(crate) ca: Option<Indexed<CaState>>,
    /// The last certificate serial number that was reserved.
    pub(crate) serial: u64,
    /// Log index of the last change of each topic; removals count, so an index never goes back.
    pub(crate) touched: OrdMap<Topic, u64>,
    pub(crate) requests: Requests,
    pub(crate) kv: KvTable,
    pub(crate) sessions: OrdMap<SessionId, Indexed<Session>>,
    /// Keys that nobody can lock until the leader says that the time is over.
    pub(crate) delays: OrdMap<Key, LockDelay>,
    /// Whose timers count.
    pub(crate) keeper: Uuid,
    pub(crate) autopilot: Option<Indexed<AutopilotConfig>>,
    pub(crate) queries: OrdMap<Uuid, Indexed<PreparedQuery>>,
    pub(crate) coordinates: OrdMap<NodeName, NodeCoordinate>,
    /// The newest user events, oldest first.
    pub(crate) events: Vector<UserEvent>,
    pub(crate) acl: AclTables,
    /// The numbers of servers that must not come back.
    pub(crate) retired: OrdSet<u64>,
    pub(crate) virtual_ips: VirtualIps,
    /// Addresses that somebody has chosen, beside the virtual ones.
    pub(crate) chosen_ips: OrdMap<ServiceName, Vec<IpAddr>>,
    /// The pieces of a restore that have come so far.
    pub(crate) staged: Option<Staged>,
    #[serde(skip)]
    pub(crate) derived: Derived,
}

impl State {
    /// The log index of the last applied entry.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The log index at which `topic` last changed; 0 when it never did.
    #[must_use]
    pub fn touched_at(&self, topic: &Topic) -> u64 {
        if let Topic::Kv(key) = topic {
            self.kv.changed_at(key)
        } else if let Topic::KvPrefix(prefix) = topic {
            self.kv.prefix_indexes(prefix).0
        } else if let Topic::Session(id) = topic {
            // A session never comes back, so what became of it lies behind any later change of sessions.
            let session = self.sessions.get(id).map(|session| session.modify_index);
            session.unwrap_or_else(|| self.touched_at(&Topic::Sessions))
        } else if let Topic::Instance(node, id) = topic
            && let Some(service) = self.services.get(&(node.clone(), id.clone()))
        {
            service.modify_index
        } else {
            self.touched.get(topic).copied().unwrap_or(0)
        }
    }

    /// Whether the index of `topic` is in a row of its own, and not in the table of what it is about.
    pub(crate) fn has_row(&self, topic: &Topic) -> bool {
        if let Topic::Instance(node, id) = topic {
            return !self.services.contains_key(&(node.clone(), id.clone()));
        }
        !matches!(topic, Topic::Kv(_) | Topic::KvPrefix(_) | Topic::Session(_) | Topic::Everything)
    }

    /// The index at which `topic` last changed, and the one to report to its readers; 0 when there is none
    /// of its own.
    pub(crate) fn indexes_of(&self, topic: &Topic) -> (u64, u64) {
        if let Topic::Kv(key) = topic {
            return self.kv.indexes(key);
        }
        if let Topic::KvPrefix(prefix) = topic {
            return self.kv.prefix_indexes(prefix);
        }
        let changed_at = self.touched_at(topic);
        let reported = if let Topic::Session(_) = topic { self.touched_at(&Topic::Sessions) } else { changed_at };
        (changed_at, reported)
    }

    /// Makes the derived tables of a state that was read back.
    pub(crate) fn derive(&mut self) {
        // A former version wrote rows for all instances.
        let needless = |topic: &&Topic| matches!(topic, Topic::Instance(..)) && !self.has_row(topic);
        for topic in self.touched.keys().filter(needless).cloned().collect::<Vec<_>>() {
            self.touched.remove(&topic);
        }
        let mut derived = Derived::default();
        for (name, node) in &self.nodes {
            derived.add_node(name, &node.value);
        }
        for ((node, _), service) in &self.services {
            derived.add_service(node, &service.value);
        }
        for check in self.checks.values() {
            derived.add_check(&check.value);
        }
        for session in self.sessions.values() {
            derived.add_session(&session.value);
        }
        for query in self.queries.values() {
            derived.add_query(&query.value);
        }
        for (key, entry) in &self.kv.entries {
            derived.hold(key, entry.value.session);
        }
        derived.add_acl(&self.acl);
        self.derived = derived;
        self.derive_virtual_ips();
    }

    /// The entries of one kind, by name.
    pub(crate) fn entries_of(&self, kind: Kind) -> impl Iterator<Item = (&String, &Indexed<ConfigEntry>)> {
        let entries = self.config.range((kind, String::new())..).take_while(move |((of, _), _)| *of == kind);
        entries.map(|((_, name), entry)| (name, entry))
    }

    /// The instances on a node, by id.
    pub(crate) fn services_on(&self, node: &NodeName) -> impl Iterator<Item = &Indexed<Service>> {
        let entries = self.services.range((node.clone(), ServiceId::default())..);
        entries.take_while(move |((on, _), _)| on == node).map(|(_, service)| service)
    }

    /// All checks on a node, those of its instances included, by id.
    pub(crate) fn checks_on(&self, node: &NodeName) -> impl Iterator<Item = &Indexed<Check>> {
        let entries = self.checks.range((node.clone(), CheckId::default())..);
        entries.take_while(move |((on, _), _)| on == node).map(|(_, check)| check)
    }

    /// The checks of one instance, or with the empty id those of the node itself.
    pub(crate) fn checks_of(&self, node: &NodeName, service: &ServiceId) -> impl Iterator<Item = &Indexed<Check>> {
        let keys = self.derived.checks_of.range((node.clone(), service.clone(), CheckId::default())..);
        let keys = keys.take_while(move |(on, of, _)| on == node && of == service);
        keys.filter_map(|(on, _, id)| self.checks.get(&(on.clone(), id.clone())))
    }

    /// The sessions of a node, by id.
    pub(crate) fn sessions_on(&self, node: &NodeName) -> impl Iterator<Item = &Indexed<Session>> {
        let ids = self.derived.sessions_on.range((node.clone(), SessionId(Uuid::nil()))..);
        ids.take_while(move |(on, _)| on == node).filter_map(|(_, id)| self.sessions.get(id))
    }
}
