//! Roles.

use uuid::Uuid;
use weft_model::acl::{AclTable, Role};

use super::{Changed, no_such, put};
use crate::apply::Txn;

impl Txn {
    pub(super) fn role_set(&mut self, role: &Role, create: bool) -> Changed {
        let former = self.state.acl.roles.get(&role.id).map(|former| former.value.name.clone());
        if former.is_none() && !create {
            return Err(format!("cannot find role {}", role.id));
        }
        role.validate_name()?;
        if self.state.derived.role_names.get(&role.name).is_some_and(|other| *other != role.id) {
            return Err(match create {
                true => format!("Invalid Role: A Role with Name {:?} already exists", role.name),
                false => format!("Invalid Role: A role with name {:?} already exists", role.name),
            });
        }
        let mut stored = role.clone();
        stored.policies = self.policy_links(&role.policies, |link| match link.id.is_nil() {
            true => no_such("policy", link),
            false => format!("No such policy with ID: {}", link.id),
        })?;
        stored.identities.validate("role", false)?;
        stored.identities.normalize();
        if let Some(former) = former {
            self.state.derived.role_names.remove(&former);
        }
        self.state.derived.role_names.insert(stored.name.clone(), stored.id);
        if put(&mut self.state.acl.roles, stored.id, stored, self.index) {
            self.touch_acl(AclTable::Roles);
        }
        Ok(())
    }

    /// Links to it stay and grant nothing.
    pub(super) fn role_delete(&mut self, id: Uuid) {
        if let Some(former) = self.state.acl.roles.remove(&id) {
            self.state.derived.role_names.remove(&former.value.name);
            self.touch_acl(AclTable::Roles);
        }
    }
}
