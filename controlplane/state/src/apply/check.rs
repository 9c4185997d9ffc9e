//! Checks: stored with the name and tags of their instance, so that a reader needs no join.

use std::sync::Arc;

use weft_model::catalog::Indexed;
use weft_model::health::{Check, CheckStatus};
use weft_model::registration::Registration;
use weft_model::{ApplyError, CheckId, NodeName, Reply, ServiceId, ServiceName, Topic};

use super::Txn;

impl Txn {
    pub(super) fn update_check(
        &mut self,
        node: &NodeName,
        id: &CheckId,
        status: CheckStatus,
        output: &str,
    ) -> Result<Reply, ApplyError> {
        let Some(former) = self.state.checks.get(&(node.clone(), id.clone())) else {
            return Err(ApplyError::NotFound(format!("Unknown check ID {:?}", id.as_str())));
        };
        let check = Check { status, output: output.to_owned(), ..(*former.value).clone() };
        self.put_check(check, false)?;
        Ok(Reply::Done)
    }

    pub(super) fn put_check(&mut self, mut check: Check, keep_status: bool) -> Result<(), ApplyError> {
        if !check.service_id.is_empty() {
            let service =
                self.state.services.get(&(check.node.clone(), check.service_id.clone())).ok_or_else(|| {
                    ApplyError::Refused(format!("Missing service registration on node {:?}", check.node.as_str()))
                })?;
            check.service_id = service.value.id.clone();
            check.service_name = service.value.name.clone();
            check.service_tags.clone_from(&service.value.tags);
        }
        let key = (check.node.clone(), check.id.clone());
        let former = self.state.checks.get(&key).cloned();
        if let Some(former) = former.as_ref().filter(|_| keep_status) {
            check.status = former.value.status;
            check.output.clone_from(&former.value.output);
        }
        if former.as_ref().is_some_and(|former| *former.value == check) {
            return Ok(());
        }
        if let Some(former) = &former {
            self.state.derived.remove_check(&former.value);
            self.touch_check(&former.value);
        }
        self.touch_check(&check);
        self.state.derived.add_check(&check);
        let create_index = former.map_or(self.index, |former| former.create_index);
        let is_critical = check.status == CheckStatus::Critical;
        let stored = Indexed { value: Arc::new(check), create_index, modify_index: self.index };
        self.state.checks.insert(key.clone(), stored);
        if is_critical {
            self.end_sessions_with(&key.0, &key.1);
        }
        Ok(())
    }

    pub(super) fn remove_check(&mut self, node: &NodeName, id: &CheckId) {
        let Some(former) = self.state.checks.remove(&(node.clone(), id.clone())) else { return };
        self.state.derived.remove_check(&former.value);
        self.touch_check(&former.value);
        self.end_sessions_with(node, id);
    }

    /// An agent that registers an instance anew names all its checks.
    pub(super) fn remove_unlisted_checks(&mut self, node: &NodeName, service: &ServiceId, registration: &Registration) {
        for id in self.check_ids(node, service) {
            if !registration.checks.iter().any(|check| check.id == id && check.service_id == *service) {
                self.remove_check(node, &id);
            }
        }
    }

    /// The instance has another name or other tags now: its checks show them.
    pub(super) fn rename_checks(&mut self, node: &NodeName, service: &ServiceId, name: &ServiceName, tags: &[String]) {
        for id in self.check_ids(node, service) {
            let key = (node.clone(), id);
            if let Some(former) = self.state.checks.get(&key).cloned() {
                let check =
                    Check { service_name: name.clone(), service_tags: tags.to_vec(), ..(*former.value).clone() };
                self.touch(Topic::Checks);
                let stored = Indexed { value: Arc::new(check), modify_index: self.index, ..former };
                self.state.checks.insert(key, stored);
            }
        }
    }

    pub(super) fn check_ids(&self, node: &NodeName, service: &ServiceId) -> Vec<CheckId> {
        self.state.checks_of(node, service).map(|check| check.value.id.clone()).collect()
    }

    fn touch_check(&mut self, check: &Check) {
        self.touch(Topic::Checks);
        if check.service_id.is_empty() {
            self.touch_node_and_instances(&check.node);
            return;
        }
        self.touch(Topic::Node(check.node.clone()));
        let key = (check.node.clone(), check.service_id.clone());
        match self.state.services.get(&key).map(|service| Arc::clone(&service.value)) {
            Some(service) => self.touch_instance(&check.node, &service),
            // The instance is being removed with its checks, or the check had outlived it.
            None => self.touch(Topic::Service(check.service_name.clone())),
        }
    }
}
