//! Queries of access control.

use std::sync::Arc;

use uuid::Uuid;
use weft_model::Topic;
use weft_model::acl::{AclTable, AuthMethod, BindingRule, Link, Policy, Role, SecretHash, Token};
use weft_model::catalog::Indexed;

use super::StateView;

impl StateView<'_> {
    /// One token.
    #[must_use]
    pub fn token(&self, accessor: Uuid) -> Option<Indexed<Token>> {
        self.note(Topic::Acl(AclTable::Tokens));
        self.state.acl.tokens.get(&accessor).cloned()
    }

    /// The token with this secret.
    #[must_use]
    pub fn token_by_secret(&self, secret: &SecretHash) -> Option<Indexed<Token>> {
        self.token(*self.state.derived.tokens.get(secret)?)
    }

    /// All tokens, by accessor.
    #[must_use]
    pub fn tokens(&self) -> Vec<Indexed<Token>> {
        self.note(Topic::Acl(AclTable::Tokens));
        self.state.acl.tokens.values().cloned().collect()
    }

    /// One policy.
    #[must_use]
    pub fn policy(&self, id: Uuid) -> Option<Indexed<Policy>> {
        self.note(Topic::Acl(AclTable::Policies));
        let builtin = Policy::builtin_by_id(id).map(built_in);
        builtin.or_else(|| self.state.acl.policies.get(&id).cloned())
    }

    /// The policy with this name.
    #[must_use]
    pub fn policy_by_name(&self, name: &str) -> Option<Indexed<Policy>> {
        self.note(Topic::Acl(AclTable::Policies));
        self.policy(self.state.policy_id(name)?)
    }

    /// All policies: those that are always there first, then by id.
    #[must_use]
    pub fn policies(&self) -> Vec<Indexed<Policy>> {
        self.note(Topic::Acl(AclTable::Policies));
        let builtin = Policy::builtin().iter().map(built_in);
        builtin.chain(self.state.acl.policies.values().cloned()).collect()
    }

    /// One role.
    #[must_use]
    pub fn role(&self, id: Uuid) -> Option<Indexed<Role>> {
        self.note(Topic::Acl(AclTable::Roles));
        self.state.acl.roles.get(&id).cloned()
    }

    /// The role with this name.
    #[must_use]
    pub fn role_by_name(&self, name: &str) -> Option<Indexed<Role>> {
        self.note(Topic::Acl(AclTable::Roles));
        self.role(*self.state.derived.role_names.get(name)?)
    }

    /// All roles, by id.
    #[must_use]
    pub fn roles(&self) -> Vec<Indexed<Role>> {
        self.note(Topic::Acl(AclTable::Roles));
        self.state.acl.roles.values().cloned().collect()
    }

    /// One auth method.
    #[must_use]
    pub fn auth_method(&self, name: &str) -> Option<Indexed<AuthMethod>> {
        self.note(Topic::Acl(AclTable::Methods));
        self.state.acl.methods.get(name).cloned()
    }

    /// All auth methods, by name.
    #[must_use]
    pub fn auth_methods(&self) -> Vec<Indexed<AuthMethod>> {
        self.note(Topic::Acl(AclTable::Methods));
        self.state.acl.methods.values().cloned().collect()
    }

    /// One binding rule.
    #[must_use]
    pub fn binding_rule(&self, id: Uuid) -> Option<Indexed<BindingRule>> {
        self.note(Topic::Acl(AclTable::Rules));
        self.state.acl.rules.get(&id).cloned()
    }

    /// All binding rules, by id.
    #[must_use]
    pub fn binding_rules(&self) -> Vec<Indexed<BindingRule>> {
        self.note(Topic::Acl(AclTable::Rules));
        self.state.acl.rules.values().cloned().collect()
    }

    /// Links to policies with the names that these have now; links to what is gone are left out.
    #[must_use]
    pub fn named_policies(&self, links: &[Link]) -> Vec<Link> {
        let name = |link: &Link| Some(Link { id: link.id, name: self.state.policy_name(link.id)?.to_owned() });
        links.iter().filter_map(name).collect()
    }

    /// The same for roles.
    #[must_use]
    pub fn named_roles(&self, links: &[Link]) -> Vec<Link> {
        let role = |link: &Link| self.state.acl.roles.get(&link.id).map(|role| role.value.name.clone());
        links.iter().filter_map(|link| Some(Link { id: link.id, name: role(link)? })).collect()
    }
}

/// As old as the log.
fn built_in(policy: &Policy) -> Indexed<Policy> {
    Indexed { value: Arc::new(policy.clone()), create_index: 1, modify_index: 1 }
}

impl crate::state::State {
    pub(crate) fn policy_id(&self, name: &str) -> Option<Uuid> {
        let builtin = Policy::builtin().iter().find(|policy| policy.name == name).map(|policy| policy.id);
        builtin.or_else(|| self.derived.policy_names.get(name).copied())
    }

    fn policy_name(&self, id: Uuid) -> Option<&str> {
        let builtin = Policy::builtin_by_id(id).map(|policy| policy.name.as_str());
        builtin.or_else(|| self.acl.policies.get(&id).map(|policy| policy.value.name.as_str()))
    }
}
