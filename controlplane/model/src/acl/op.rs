//! What can change in access control.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::auth_method::{AuthMethod, BindingRule};
use super::policy::Policy;
use super::role::Role;
use super::token::{Token, TokenForm};

/// One change. Ids, times and the digests of secrets are the proposer's; secrets never come here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AclOp {
    /// What a cluster with access control has from its start: the anonymous token, and the one that the
    /// configuration names. What is there stays.
    Establish {
        anonymous: Box<Token>,
        initial: Option<Box<Token>>,
    },
    /// The first token that may do everything: once. `reset`: again, when the last time was at this index.
    Bootstrap {
        token: Box<Token>,
        reset: u64,
    },
    TokenSet {
        token: Box<Token>,
        form: TokenForm,
    },
    TokenDelete(Uuid),
    /// Removes tokens whose time is over by the time of this command.
    TokenReap,
    PolicySet {
        policy: Box<Policy>,
        create: bool,
    },
    PolicyDelete(Uuid),
    RoleSet {
        role: Box<Role>,
        create: bool,
    },
    RoleDelete(Uuid),
    MethodSet(Box<AuthMethod>),
    /// With its binding rules and tokens.
    MethodDelete(String),
    RuleSet {
        rule: Box<BindingRule>,
        create: bool,
    },
    RuleDelete(Uuid),
    /// The same method with its secrets sealed in another way, if it still is as it was at this index.
    MethodReseal {
        method: Box<AuthMethod>,
        expected_modify_index: u64,
    },
}

/// One of the tables of access control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AclTable {
    Tokens,
    Policies,
    Roles,
    Methods,
    Rules,
}
