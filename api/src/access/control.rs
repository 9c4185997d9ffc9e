//! What the API needs from the agent's access control.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use weft_model::acl::{AuthMethod, Authorizer, Fallback, Rules, Token};
use weft_model::secret::Secret;
use weft_state::State;

use super::bearer::{Bearer, BearerName};

/// The access control of an agent.
pub trait AccessControl: Send + Sync {
    /// Whether it is on. Off, everything is allowed.
    fn enabled(&self) -> bool;

    /// Whether lists of keys need a permission of their own: Consul's `enable_key_list_policy`.
    fn guards_key_lists(&self) -> bool;

    /// Who bears a token, as of a state. No token stands for the agent's default one, or for the anonymous one.
    ///
    /// # Errors
    /// There is no such token, or its time is over.
    fn bearer(&self, token: &Secret, state: &State) -> Result<Bearer, UnknownToken>;

    /// Makes sure that the bearer of a token is known here, as far as somebody else has to be asked for it.
    fn prepare<'a>(&'a self, _token: &'a Secret) -> BoxFuture<'a, ()> {
        futures::future::ready(()).boxed()
    }

    /// Gives the agent another token of its own.
    ///
    /// # Errors
    /// It cannot be kept.
    fn set_token(&self, kind: AgentToken, token: Secret) -> Result<(), String>;

    /// The index that whoever administers this machine has written down for another bootstrap; 0: none.
    fn bootstrap_reset(&self) -> u64;

    /// Checks the configuration of an auth method that takes its place in a state, and gives it the form in which it
    /// is stored: its secrets may be sealed.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check_method(&self, method: AuthMethod, state: &State) -> Result<AuthMethod, String>;

    /// The variables of a method's identities: what selectors and names of its binding rules can use.
    fn variables(&self, method: &AuthMethod) -> Verified;

    /// Asks an auth method who somebody is.
    fn verify(&self, method: AuthMethod, bearer: Secret) -> BoxFuture<'_, Result<Verified, LoginError>>;
}

/// No token has this secret, or its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownToken;

/// The tokens that an agent has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgentToken {
    /// For requests that bring none.
    Default,
    /// For what the agent does itself.
    Agent,
    /// For this agent's own endpoints when there is no leader.
    Recovery,
    Replication,
    /// For queries by DNS.
    Dns,
    /// For services of the configuration's files.
    Registration,
}

/// What an auth method says of somebody: names with a value or with a list of them, by dotted path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub values: BTreeMap<String, String>,
    pub lists: BTreeMap<String, Vec<String>>,
}

/// Why somebody is not logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// They are not who they say.
    Denied(String),
    /// It could not be found out.
    Failed(String),
}

/// Access control that is off: everything is allowed to everybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessOff;

impl AccessControl for AccessOff {
    fn enabled(&self) -> bool {
        false
    }

    fn guards_key_lists(&self) -> bool {
        false
    }

    fn bearer(&self, _: &Secret, _: &State) -> Result<Bearer, UnknownToken> {
        let authorizer = Arc::new(Authorizer::new(Rules::default(), Fallback::Off));
        Ok(Bearer { authorizer, name: BearerName::Token(Token::ANONYMOUS) })
    }

    fn set_token(&self, _: AgentToken, _: Secret) -> Result<(), String> {
        Err("ACL support disabled".to_owned())
    }

    fn bootstrap_reset(&self) -> u64 {
        0
    }

    fn check_method(&self, _: AuthMethod, _: &State) -> Result<AuthMethod, String> {
        Err("ACL support disabled".to_owned())
    }

    fn variables(&self, _: &AuthMethod) -> Verified {
        Verified::default()
    }

    fn verify(&self, _: AuthMethod, _: Secret) -> BoxFuture<'_, Result<Verified, LoginError>> {
        futures::future::ready(Err(LoginError::Failed("ACL support disabled".to_owned()))).boxed()
    }
}
