//! Who asks.

use std::sync::Arc;

use uuid::Uuid;
use weft_model::acl::{Authorizer, Need, Token};

/// Who asks, and what they may do.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub authorizer: Arc<Authorizer>,
    pub name: BearerName,
}

/// What a bearer is called in refusals and in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerName {
    /// A token of the state, the anonymous one included.
    Token(Uuid),
    /// The agent's recovery token, which only its configuration knows.
    Recovery,
}

impl BearerName {
    pub(crate) fn accessor(self) -> String {
        match self {
            Self::Token(Token::ANONYMOUS) => "anonymous".to_owned(),
            Self::Token(accessor) => accessor.to_string(),
            Self::Recovery => "agent recovery token".to_owned(),
        }
    }
}

impl Bearer {
    /// The text for one that lacks a permission, as newer Consul has it.
    #[must_use]
    pub fn lacks(&self, need: &Need) -> String {
        match self.name {
            BearerName::Token(Token::ANONYMOUS) => format!(
                "Permission denied: anonymous token lacks permission {need}. The anonymous token is used implicitly when \
                 a request does not specify a token."
            ),
            BearerName::Token(accessor) => {
                format!("Permission denied: token with AccessorID '{accessor}' lacks permission {need}")
            }
            BearerName::Recovery => format!("Permission denied: the agent recovery token lacks permission {need}"),
        }
    }
}
