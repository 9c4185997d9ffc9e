//! Policies.

use uuid::Uuid;
use weft_model::acl::{AclTable, Policy};

use super::{Changed, put};
use crate::apply::Txn;

impl Txn {
    pub(super) fn policy_set(&mut self, policy: &Policy, create: bool) -> Changed {
        if let Some(builtin) = Policy::builtin_by_id(policy.id) {
            return Err(format!("Changing the Rules for the builtin {} policy is not permitted", builtin.name));
        }
        let former = self.state.acl.policies.get(&policy.id).map(|former| former.value.name.clone());
        if former.is_none() && !create {
            return Err(format!("cannot find policy {}", policy.id));
        }
        policy.validate()?;
        if self.state.policy_id(&policy.name).is_some_and(|other| other != policy.id) {
            return Err(match create {
                true => format!("Invalid Policy: A Policy with Name {:?} already exists", policy.name),
                false => format!("Invalid Policy: A policy with name {:?} already exists", policy.name),
            });
        }
        if let Some(former) = former {
            self.state.derived.policy_names.remove(&former);
        }
        self.state.derived.policy_names.insert(policy.name.clone(), policy.id);
        if put(&mut self.state.acl.policies, policy.id, policy.clone(), self.index) {
            self.touch_acl(AclTable::Policies);
        }
        Ok(())
    }

    /// Links to it stay and grant nothing.
    pub(super) fn policy_delete(&mut self, id: Uuid) -> Changed {
        if let Some(builtin) = Policy::builtin_by_id(id) {
            return Err(format!("Delete operation not permitted on the builtin {} policy", builtin.name));
        }
        if let Some(former) = self.state.acl.policies.remove(&id) {
            self.state.derived.policy_names.remove(&former.value.name);
            self.touch_acl(AclTable::Policies);
        }
        Ok(())
    }
}
