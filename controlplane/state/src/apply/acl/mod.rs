//! Changes of access control. What they are refused for is said in Consul's words.

mod method;
mod policy;
mod role;
mod token;

use std::sync::Arc;

use imbl::OrdMap;
use weft_model::acl::{AclOp, AclTable, Link, Policy};
use weft_model::catalog::Indexed;
use weft_model::{ApplyError, Reply, Topic};

use super::Txn;

/// What a change gives, before it becomes a reply.
type Changed = Result<(), String>;

impl Txn {
    pub(super) fn acl(&mut self, op: &AclOp) -> Result<Reply, ApplyError> {
        let changed = match op {
            AclOp::Establish { anonymous, initial } => {
                self.establish(anonymous, initial.as_deref());
                Ok(())
            }
            AclOp::Bootstrap { token, reset } => self.bootstrap(token, *reset),
            AclOp::TokenSet { token, form } => self.token_set(token, *form),
            AclOp::TokenDelete(accessor) => self.token_delete(*accessor),
            AclOp::TokenReap => {
                self.token_reap();
                Ok(())
            }
            AclOp::PolicySet { policy, create } => self.policy_set(policy, *create),
            AclOp::PolicyDelete(id) => self.policy_delete(*id),
            AclOp::RoleSet { role, create } => self.role_set(role, *create),
            AclOp::RoleDelete(id) => {
                self.role_delete(*id);
                Ok(())
            }
            AclOp::MethodSet(method) => self.method_set(method),
            AclOp::MethodDelete(name) => {
                self.method_delete(name);
                Ok(())
            }
            AclOp::RuleSet { rule, create } => self.rule_set(rule, *create),
            AclOp::RuleDelete(id) => {
                self.rule_delete(*id);
                Ok(())
            }
            AclOp::MethodReseal { method, expected_modify_index } => {
                return self.method_reseal(method, *expected_modify_index);
            }
        };
        changed.map(|()| Reply::Done).map_err(ApplyError::Refused)
    }

    fn touch_acl(&mut self, table: AclTable) {
        self.state.acl.changed_at = self.index;
        self.touch(Topic::Acl(table));
    }

    /// Links as they are stored: by id, each once.
    fn policy_links(&self, links: &[Link], missing: impl Fn(&Link) -> String) -> Result<Vec<Link>, String> {
        stored_links(links, missing, |link| {
            if link.id.is_nil() {
                return self.state.policy_id(&link.name);
            }
            let is_known = Policy::builtin_by_id(link.id).is_some() || self.state.acl.policies.contains_key(&link.id);
            is_known.then_some(link.id)
        })
    }

    fn role_links(&self, links: &[Link], missing: impl Fn(&Link) -> String) -> Result<Vec<Link>, String> {
        stored_links(links, missing, |link| {
            if link.id.is_nil() {
                return self.state.derived.role_names.get(&link.name).copied();
            }
            self.state.acl.roles.contains_key(&link.id).then_some(link.id)
        })
    }
}

fn stored_links(
    links: &[Link],
    missing: impl Fn(&Link) -> String,
    find: impl Fn(&Link) -> Option<uuid::Uuid>,
) -> Result<Vec<Link>, String> {
    let mut stored = Vec::new();
    for link in links {
        let found = Link::to(find(link).ok_or_else(|| missing(link))?);
        if !stored.contains(&found) {
            stored.push(found);
        }
    }
    Ok(stored)
}

fn no_such(noun: &str, link: &Link) -> String {
    if link.id.is_nil() {
        format!("No such ACL {noun} with name {:?}", link.name)
    } else {
        format!("No such ACL {noun} with ID \"{}\"", link.id)
    }
}

/// Puts a value in its place. Whether that changed anything.
fn put<K: Ord + Clone, T: Clone + PartialEq>(table: &mut OrdMap<K, Indexed<T>>, key: K, value: T, index: u64) -> bool {
    let former = table.get(&key);
    if former.is_some_and(|former| *former.value == value) {
        return false;
    }
    let create_index = former.map_or(index, |former| former.create_index);
    table.insert(key, Indexed { value: Arc::new(value), create_index, modify_index: index });
    true
}
