//! The block `acl`.

use std::collections::BTreeMap;
use std::time::Duration;

use weft_api::access::AgentToken;
use weft_model::intention::DefaultPolicy;
use weft_model::secret::Secret;

/// Access control, as configured. The times for which Consul keeps policies and roles have no meaning here: they come
/// with the token.
#[derive(Clone, Debug)]
pub struct AclConfig {
    pub enabled: bool,
    pub default_policy: DefaultPolicy,
    /// Lists of keys need `list`.
    pub key_list_policy: bool,
    /// Tokens that the agent is given live on in its data directory.
    pub token_persistence: bool,
    /// The agent's own tokens.
    pub tokens: BTreeMap<AgentToken, Secret>,
    /// The secret of the first token that may do everything.
    pub initial_management: Option<Secret>,
    /// For how long a client agent believes what a server has said of a token.
    pub token_ttl: Duration,
    pub down_policy: DownPolicy,
}

/// What a client agent makes of a token while no server can be asked. Servers know all there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DownPolicy {
    /// Everything is allowed.
    Allow,
    /// Nothing is.
    Deny,
    /// What was said of it last. Consul's `async-cache` as well, which differs in who waits.
    #[default]
    ExtendCache,
}

impl Default for AclConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            default_policy: DefaultPolicy::default(),
            key_list_policy: false,
            token_persistence: false,
            tokens: BTreeMap::new(),
            initial_management: None,
            token_ttl: Duration::from_secs(30),
            down_policy: DownPolicy::default(),
        }
    }
}
