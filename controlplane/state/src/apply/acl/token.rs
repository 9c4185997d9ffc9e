//! Tokens: made, replaced, ended.

use uuid::Uuid;
use weft_model::acl::{AclTable, Link, Policy, Token, TokenForm, is_reserved};

use super::{Changed, no_such, put};
use crate::apply::Txn;

impl Txn {
    pub(super) fn establish(&mut self, anonymous: &Token, initial: Option<&Token>) {
        if !self.state.acl.tokens.contains_key(&anonymous.accessor) {
            self.put_token(anonymous.clone());
        }
        // A secret that somebody has deleted meanwhile does not come back with each start.
        if let Some(initial) = initial
            && self.state.acl.bootstrapped_at == 0
            && !self.state.derived.tokens.contains_key(&initial.secret)
            && !self.state.acl.tokens.contains_key(&initial.accessor)
        {
            self.put_token(Token { policies: vec![Link::to(Policy::MANAGEMENT)], ..initial.clone() });
            self.state.acl.bootstrapped_at = self.index;
        }
    }

    pub(super) fn bootstrap(&mut self, token: &Token, reset: u64) -> Changed {
        let before = self.state.acl.bootstrapped_at;
        if before != 0 && before != reset {
            return Err(format!("Permission denied: ACL bootstrap no longer allowed (reset index: {before})"));
        }
        self.refuse_taken(token)?;
        self.put_token(Token { policies: vec![Link::to(Policy::MANAGEMENT)], ..token.clone() });
        self.state.acl.bootstrapped_at = self.index;
        Ok(())
    }

    pub(super) fn token_set(&mut self, token: &Token, form: TokenForm) -> Changed {
        let mut stored = match form {
            TokenForm::Create => self.created(token)?,
            TokenForm::Login => return self.log_in(token),
            TokenForm::Update => self.updated(token)?,
        };
        stored.policies = self.policy_links(&token.policies, |link| no_such("policy", link))?;
        stored.roles = self.role_links(&token.roles, |link| no_such("role", link))?;
        stored.identities.validate("token", stored.local)?;
        stored.identities.normalize();
        self.put_token(stored);
        Ok(())
    }

    fn refuse_taken(&self, token: &Token) -> Changed {
        if self.state.acl.tokens.contains_key(&token.accessor) {
            return Err("Invalid Token: AccessorID is already in use".to_owned());
        }
        if self.state.derived.tokens.contains_key(&token.secret) {
            return Err("Invalid Token: SecretID is already in use".to_owned());
        }
        Ok(())
    }

    fn created(&self, token: &Token) -> Result<Token, String> {
        self.refuse_taken(token)?;
        if is_reserved(token.accessor) {
            return Err(reserved());
        }
        token.check_expiry()?;
        Ok(token.clone())
    }

    fn updated(&self, token: &Token) -> Result<Token, String> {
        let accessor = token.accessor;
        let former = self.state.acl.tokens.get(&accessor).filter(|former| !former.value.is_expired(self.at));
        let former = &former.ok_or_else(|| format!("Cannot find token \"{accessor}\""))?.value;
        if !token.secret.is_empty() && token.secret != former.secret {
            return Err("Changing a tokens SecretID is not permitted".to_owned());
        }
        if token.local != former.local {
            return Err(format!("cannot toggle local mode of {accessor}"));
        }
        if !token.auth_method.is_empty() && token.auth_method != former.auth_method {
            return Err(format!("Cannot change AuthMethod of {accessor}"));
        }
        if token.expires.is_some() && token.expires != former.expires {
            return Err(format!("Cannot change expiration time of {accessor}"));
        }
        Ok(Token {
            secret: former.secret,
            auth_method: former.auth_method.clone(),
            expires: former.expires,
            created: former.created,
            ..token.clone()
        })
    }

    /// A login grants what there is of what its rules name, and at least one thing.
    fn log_in(&mut self, token: &Token) -> Changed {
        self.refuse_taken(token)?;
        if !self.state.acl.methods.contains_key(&token.auth_method) {
            return Err("ACL not found".to_owned());
        }
        let mut stored = token.clone();
        let each = |links: &[Link]| links.iter().map(|link| vec![link.clone()]).collect::<Vec<_>>();
        let roles = each(&token.roles).into_iter().filter_map(|link| self.role_links(&link, |_| String::new()).ok());
        stored.roles = roles.flatten().collect();
        let policies =
            each(&token.policies).into_iter().filter_map(|link| self.policy_links(&link, |_| String::new()).ok());
        stored.policies = policies.flatten().collect();
        stored.identities.validate("token", false)?;
        stored.identities.normalize();
        let identities = &stored.identities;
        let has_identity =
            !(identities.services.is_empty() && identities.nodes.is_empty() && identities.templates.is_empty());
        if stored.roles.is_empty() && stored.policies.is_empty() && !has_identity {
            return Err("Permission denied".to_owned());
        }
        self.put_token(stored);
        Ok(())
    }

    fn put_token(&mut self, token: Token) {
        if let Some(former) = self.state.acl.tokens.get(&token.accessor).cloned() {
            self.state.derived.remove_token(&former.value);
        }
        self.state.derived.add_token(&token);
        if put(&mut self.state.acl.tokens, token.accessor, token, self.index) {
            self.touch_acl(AclTable::Tokens);
        }
    }

    pub(super) fn token_delete(&mut self, accessor: Uuid) -> Changed {
        if accessor == Token::ANONYMOUS {
            return Err("Delete operation not permitted on the anonymous token".to_owned());
        }
        self.remove_token(accessor);
        Ok(())
    }

    pub(super) fn remove_token(&mut self, accessor: Uuid) {
        if let Some(former) = self.state.acl.tokens.remove(&accessor) {
            self.state.derived.remove_token(&former.value);
            self.touch_acl(AclTable::Tokens);
        }
    }

    pub(super) fn token_reap(&mut self) {
        while let Some((expires, accessor)) = self.state.derived.expiring.get_min().copied()
            && expires <= self.at
        {
            self.remove_token(accessor);
        }
    }
}

fn reserved() -> String {
    "Invalid Token: UUIDs with the prefix \"00000000-0000-0000-0000-0000000000\" are reserved".to_owned()
}
