//! The tables of access control, and what a secret stands for.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use weft_model::Timestamp;
use weft_model::acl::{AuthMethod, BindingRule, Link, Policy, Role, Rules, SecretHash, Token, management, read_only};
use weft_model::catalog::Indexed;
use weft_model::secret::Secret;

use crate::state::State;

/// What is stored. The built-in policies are not: they are part of the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AclTables {
    pub(crate) tokens: OrdMap<Uuid, Indexed<Token>>,
    pub(crate) policies: OrdMap<Uuid, Indexed<Policy>>,
    pub(crate) roles: OrdMap<Uuid, Indexed<Role>>,
    pub(crate) methods: OrdMap<String, Indexed<AuthMethod>>,
    pub(crate) rules: OrdMap<Uuid, Indexed<BindingRule>>,
    /// Where in the log the last bootstrap was; 0: there was none.
    pub(crate) bootstrapped_at: u64,
    /// Where in the log any of this changed last.
    pub(crate) changed_at: u64,
}

/// The digest under which a secret is known.
#[must_use]
pub fn secret_hash(secret: &Secret) -> SecretHash {
    let mut digest = Sha256::new();
    // So that it is of use for nothing else.
    digest.update(b"weft acl token\0");
    digest.update(secret.reveal().as_bytes());
    SecretHash(digest.finalize().into())
}

/// What a token may do, by its policies, roles and identities.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub accessor: Uuid,
    pub expires: Option<Timestamp>,
    /// `None`: something of it cannot be read, and so it grants nothing, not even what the default would.
    pub rules: Option<Rules>,
}

impl State {
    /// Where in the log access control changed last. What was derived from it before is of no use any more.
    #[must_use]
    pub const fn acl_changed_at(&self) -> u64 {
        self.acl.changed_at
    }

    /// What a secret stands for in a datacenter; nothing when no token has it. Its time may be over.
    #[must_use]
    pub fn grant(&self, secret: &SecretHash, datacenter: &str) -> Option<Grant> {
        let accessor = self.derived.tokens.get(secret)?;
        let token = &self.acl.tokens.get(accessor)?.value;
        Some(Grant { accessor: *accessor, expires: token.expires, rules: self.rules_of(token, datacenter) })
    }

    /// When the first token's time is over.
    #[must_use]
    pub fn first_expiry(&self) -> Option<Timestamp> {
        self.derived.expiring.get_min().map(|(expires, _)| *expires)
    }

    fn rules_of(&self, token: &Token, datacenter: &str) -> Option<Rules> {
        let mut rules = token.identities.rules(datacenter);
        self.add_policies(&token.policies, datacenter, &mut rules)?;
        for role in token.roles.iter().filter_map(|link| self.acl.roles.get(&link.id)) {
            rules.merge(&role.value.identities.rules(datacenter));
            self.add_policies(&role.value.policies, datacenter, &mut rules)?;
        }
        Some(rules)
    }

    fn add_policies(&self, links: &[Link], datacenter: &str, rules: &mut Rules) -> Option<()> {
        for link in links {
            if link.id == Policy::MANAGEMENT {
                rules.merge(&management());
            } else if link.id == Policy::READ_ONLY {
                rules.merge(&read_only());
            } else if let Some(policy) = self.acl.policies.get(&link.id) {
                let places = &policy.value.datacenters;
                if places.is_empty() || places.iter().any(|place| place == datacenter) {
                    rules.merge(&Rules::parse(&policy.value.rules).ok()?);
                }
            }
        }
        Some(())
    }
}
