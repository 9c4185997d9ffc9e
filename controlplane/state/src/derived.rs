//! The tables that follow from the stored ones. They are neither stored nor sent.

use std::net::IpAddr;

use imbl::{OrdMap, OrdSet};
use uuid::Uuid;
use weft_model::acl::{SecretHash, Token};
use weft_model::catalog::{Node, Service};
use weft_model::health::Check;
use weft_model::prepared_query::PreparedQuery;
use weft_model::{CheckId, Key, NodeName, ServiceId, ServiceName, Session, SessionId, Timestamp};

use crate::acl::AclTables;
use crate::spellings::Spellings;

/// Secondary orders of the primary tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Derived {
    pub(crate) node_ids: OrdMap<String, NodeName>,
    /// Nodes by their address, where it is no name.
    pub(crate) nodes_at: OrdSet<(IpAddr, NodeName)>,
    /// Instances by the address of their own, where it is no name.
    pub(crate) instances_at: OrdSet<(IpAddr, ServiceName, NodeName, ServiceId)>,
    pub(crate) by_name: OrdSet<(ServiceName, NodeName, ServiceId)>,
    /// Proxies and native instances by the mesh destination that they serve.
    pub(crate) by_destination: OrdSet<(ServiceName, NodeName, ServiceId)>,
    pub(crate) spellings: Spellings,
    /// Checks by the instance they belong to; those of the node itself under the empty id.
    pub(crate) checks_of: OrdSet<(NodeName, ServiceId, CheckId)>,
    pub(crate) sessions_on: OrdSet<(NodeName, SessionId)>,
    /// Sessions by the checks that they depend on.
    pub(crate) sessions_by_check: OrdSet<(NodeName, CheckId, SessionId)>,
    /// Prepared queries by their folded name. A template without a name has the empty one.
    pub(crate) query_names: OrdMap<String, Uuid>,
    /// Prepared queries by the session that they end with.
    pub(crate) queries_of: OrdSet<(SessionId, Uuid)>,
    /// Locked keys by their holder.
    pub(crate) held: OrdSet<(SessionId, Key)>,
    /// Tokens by the digest of their secret.
    pub(crate) tokens: OrdMap<SecretHash, Uuid>,
    /// Tokens by the end of their time.
    pub(crate) expiring: OrdSet<(Timestamp, Uuid)>,
    pub(crate) policy_names: OrdMap<String, Uuid>,
    pub(crate) role_names: OrdMap<String, Uuid>,
}

impl Derived {
    pub(crate) fn add_node(&mut self, name: &NodeName, node: &Node) {
        if !node.id.is_empty() {
            self.node_ids.insert(node.id.clone(), name.clone());
        }
        self.nodes_at.extend(node.address.parse().ok().map(|address| (address, name.clone())));
    }

    pub(crate) fn remove_node(&mut self, name: &NodeName, node: &Node) {
        self.node_ids.remove(&node.id);
        if let Ok(address) = node.address.parse() {
            self.nodes_at.remove(&(address, name.clone()));
        }
    }

    pub(crate) fn add_service(&mut self, node: &NodeName, service: &Service) {
        self.by_name.insert((service.name.clone(), node.clone(), service.id.clone()));
        self.instances_at.extend(at(node, service));
        self.spellings.add_service(&service.name);
        if let Some(destination) = service.mesh_destination() {
            self.by_destination.insert((destination.clone(), node.clone(), service.id.clone()));
            self.spellings.add_service(destination);
        }
    }

    pub(crate) fn remove_service(&mut self, node: &NodeName, service: &Service) {
        self.by_name.remove(&(service.name.clone(), node.clone(), service.id.clone()));
        if let Some(key) = at(node, service) {
            self.instances_at.remove(&key);
        }
        if let Some(destination) = service.mesh_destination() {
            self.by_destination.remove(&(destination.clone(), node.clone(), service.id.clone()));
        }
        for name in std::iter::once(&service.name).chain(service.mesh_destination()) {
            if !self.names_service(name) {
                self.spellings.remove_service(name);
            }
        }
    }

    pub(crate) fn add_check(&mut self, check: &Check) {
        self.checks_of.insert((check.node.clone(), check.service_id.clone(), check.id.clone()));
    }

    pub(crate) fn remove_check(&mut self, check: &Check) {
        self.checks_of.remove(&(check.node.clone(), check.service_id.clone(), check.id.clone()));
    }

    pub(crate) fn add_session(&mut self, session: &Session) {
        self.sessions_on.insert((session.node.clone(), session.id));
        for check in session.checks() {
            self.sessions_by_check.insert((session.node.clone(), check.clone(), session.id));
        }
    }

    pub(crate) fn remove_session(&mut self, session: &Session) {
        self.sessions_on.remove(&(session.node.clone(), session.id));
        for check in session.checks() {
            self.sessions_by_check.remove(&(session.node.clone(), check.clone(), session.id));
        }
    }

    pub(crate) fn add_query(&mut self, query: &PreparedQuery) {
        if !query.name.is_empty() || query.is_template() {
            self.query_names.insert(folded(&query.name), query.id);
        }
        if let Some(session) = query.session {
            self.queries_of.insert((session, query.id));
        }
    }

    pub(crate) fn remove_query(&mut self, query: &PreparedQuery) {
        if !query.name.is_empty() || query.is_template() {
            self.query_names.remove(&folded(&query.name));
        }
        if let Some(session) = query.session {
            self.queries_of.remove(&(session, query.id));
        }
    }

    pub(crate) fn hold(&mut self, key: &Key, holder: Option<SessionId>) {
        if let Some(holder) = holder {
            self.held.insert((holder, key.clone()));
        }
    }

    pub(crate) fn let_go(&mut self, key: &Key, holder: Option<SessionId>) {
        if let Some(holder) = holder {
            self.held.remove(&(holder, key.clone()));
        }
    }

    pub(crate) fn add_acl(&mut self, tables: &AclTables) {
        for token in tables.tokens.values() {
            self.add_token(&token.value);
        }
        self.policy_names = tables.policies.iter().map(|(id, policy)| (policy.value.name.clone(), *id)).collect();
        self.role_names = tables.roles.iter().map(|(id, role)| (role.value.name.clone(), *id)).collect();
    }

    pub(crate) fn add_token(&mut self, token: &Token) {
        self.tokens.insert(token.secret, token.accessor);
        if let Some(expires) = token.expires {
            self.expiring.insert((expires, token.accessor));
        }
    }

    pub(crate) fn remove_token(&mut self, token: &Token) {
        self.tokens.remove(&token.secret);
        if let Some(expires) = token.expires {
            self.expiring.remove(&(expires, token.accessor));
        }
    }
}

/// The key of an instance by the address of its own.
fn at(node: &NodeName, service: &Service) -> Option<(IpAddr, ServiceName, NodeName, ServiceId)> {
    let address = service.address.parse().ok()?;
    Some((address, service.name.clone(), node.clone(), service.id.clone()))
}

/// DNS gives names in any case.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase()
}
