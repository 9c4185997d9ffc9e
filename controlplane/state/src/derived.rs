//! The tables that follow from the stored ones. They are neither stored nor sent.

use imbl::{OrdMap, OrdSet};
use weft_model::catalog::{Node, Service};
use weft_model::health::Check;
use weft_model::{CheckId, Key, NodeName, ServiceId, ServiceName, Session, SessionId};

/// Secondary orders of the primary tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Derived {
    pub(crate) node_ids: OrdMap<String, NodeName>,
    pub(crate) by_name: OrdSet<(ServiceName, NodeName, ServiceId)>,
    /// Proxies and native instances by the mesh destination that they serve.
    pub(crate) by_destination: OrdSet<(ServiceName, NodeName, ServiceId)>,
    /// Checks by the instance they belong to; those of the node itself under the empty id.
    pub(crate) checks_of: OrdSet<(NodeName, ServiceId, CheckId)>,
    pub(crate) sessions_on: OrdSet<(NodeName, SessionId)>,
    /// Sessions by the checks that they depend on.
    pub(crate) sessions_by_check: OrdSet<(NodeName, CheckId, SessionId)>,
    /// Locked keys by their holder.
    pub(crate) held: OrdSet<(SessionId, Key)>,
}

impl Derived {
    pub(crate) fn add_node(&mut self, name: &NodeName, node: &Node) {
        if !node.id.is_empty() {
            self.node_ids.insert(node.id.clone(), name.clone());
        }
    }

    pub(crate) fn add_service(&mut self, node: &NodeName, service: &Service) {
        self.by_name.insert((service.name.clone(), node.clone(), service.id.clone()));
        if let Some(destination) = service.mesh_destination() {
            self.by_destination.insert((destination.clone(), node.clone(), service.id.clone()));
        }
    }

    pub(crate) fn remove_service(&mut self, node: &NodeName, service: &Service) {
        self.by_name.remove(&(service.name.clone(), node.clone(), service.id.clone()));
        if let Some(destination) = service.mesh_destination() {
            self.by_destination.remove(&(destination.clone(), node.clone(), service.id.clone()));
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
}
