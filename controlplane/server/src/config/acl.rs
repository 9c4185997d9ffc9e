//! The block `acl`.

use std::collections::BTreeMap;

use weft_api::access::AgentToken;
use weft_model::intention::DefaultPolicy;
use weft_model::secret::Secret;

/// Access control, as configured. The times for which Consul keeps answers of its servers have no meaning here:
/// every server knows all there is.
#[derive(Clone, Debug, Default)]
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
}
