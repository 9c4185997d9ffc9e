//! Auth methods and their binding rules.

use std::sync::Arc;

use uuid::Uuid;
use weft_model::acl::{AclTable, AuthMethod, BindingRule};
use weft_model::{ApplyError, Reply};

use super::{Changed, put};
use crate::apply::Txn;

impl Txn {
    pub(super) fn method_set(&mut self, method: &AuthMethod) -> Changed {
        let mut stored = method.clone();
        if let Some(former) = self.state.acl.methods.get(&method.name) {
            if stored.kind.is_empty() {
                stored.kind.clone_from(&former.value.kind);
            } else if stored.kind != former.value.kind {
                return Err("the Type field of an Auth Method is immutable".to_owned());
            }
        }
        stored.validate()?;
        if put(&mut self.state.acl.methods, stored.name.clone(), stored, self.index) {
            self.touch_acl(AclTable::Methods);
        }
        Ok(())
    }

    /// Readers are shown the same as before, so its index stays and nobody is woken.
    pub(super) fn method_reseal(&mut self, method: &AuthMethod, expected: u64) -> Result<Reply, ApplyError> {
        let former = self.state.acl.methods.get(&method.name).filter(|former| former.modify_index == expected);
        let mut next = former.cloned().ok_or(ApplyError::Stale)?;
        next.value = Arc::new(method.clone());
        self.state.acl.methods.insert(method.name.clone(), next);
        Ok(Reply::Done)
    }

    /// Whom it has let in is out again.
    pub(super) fn method_delete(&mut self, name: &str) {
        if self.state.acl.methods.remove(name).is_none() {
            return;
        }
        self.touch_acl(AclTable::Methods);
        let rules = self.state.acl.rules.iter().filter(|(_, rule)| rule.value.auth_method == name);
        for id in rules.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.rule_delete(id);
        }
        let tokens = self.state.acl.tokens.iter().filter(|(_, token)| token.value.auth_method == name);
        for accessor in tokens.map(|(accessor, _)| *accessor).collect::<Vec<_>>() {
            self.remove_token(accessor);
        }
    }

    pub(super) fn rule_set(&mut self, rule: &BindingRule, create: bool) -> Changed {
        let mut stored = rule.clone();
        match self.state.acl.rules.get(&rule.id) {
            None if !create => return Err(format!("cannot find binding rule {}", rule.id)),
            None => {}
            Some(former) if stored.auth_method.is_empty() => {
                stored.auth_method.clone_from(&former.value.auth_method);
            }
            Some(former) if stored.auth_method != former.value.auth_method => {
                return Err("the AuthMethod field of an Binding Rule is immutable".to_owned());
            }
            Some(_) => {}
        }
        stored.validate()?;
        if !self.state.acl.methods.contains_key(&stored.auth_method) {
            return Err(format!("cannot find auth method with name {:?}", stored.auth_method));
        }
        if put(&mut self.state.acl.rules, stored.id, stored, self.index) {
            self.touch_acl(AclTable::Rules);
        }
        Ok(())
    }

    pub(super) fn rule_delete(&mut self, id: Uuid) {
        if self.state.acl.rules.remove(&id).is_some() {
            self.touch_acl(AclTable::Rules);
        }
    }
}
